"""Learning on a finite MDP with many seeds at once, in lockstep: see `lanes`."""
