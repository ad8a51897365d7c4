"""Learning in any Gymnasium environment, one readable file an algorithm: Settings, Learner and its functions."""
