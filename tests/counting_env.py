"""An environment that counts its steps, alone or as a vector of them, for tests of how environments are played."""

from __future__ import annotations

import gymnasium
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv


class Count(gymnasium.Env):
    """Counts 1, 2, … from 0; action 1 leaves (terminated), the limit cuts (truncated). The reward is the new count."""

    observation_space, action_space = Discrete(100), Discrete(2)

    def __init__(self, limit=5, nan_at=None):
        self.limit, self.nan_at = limit, nan_at

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return 0, {}

    def step(self, action):
        self.count += 1
        reward = float("nan") if self.count == self.nan_at else float(self.count)
        return self.count, reward, action == 1, self.count >= self.limit, {}


def leave_at(k):
    return lambda obs, rng: (obs >= k).astype(int)


def counts(kind, limits):
    """One environment, or a vector of them with either autoreset."""
    if kind == "alone":
        return Count(limits[0])
    return SyncVectorEnv([lambda limit=limit: Count(limit) for limit in limits], autoreset_mode=AutoresetMode(kind))


KINDS = ["alone", "NextStep", "SameStep", "Disabled"]
