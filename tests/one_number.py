"""Two environments that show one number, for tests of algorithms: what is best in them is known."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import TimeLimit


class Reach(gymnasium.Env):
    """One number is seen; pays −(a − s)², or 0, or NaN from step `broken` on. Never ends by itself."""

    def __init__(self, action_space=None, pays=True, broken=np.inf):
        self.observation_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.action_space = action_space or gymnasium.spaces.Box(-1, 1, (1,))
        self.pays, self.broken, self.t = pays, broken, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.s = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.s, {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.t += 1
        reward = -float(np.sum((action - self.s) ** 2)) * self.pays
        self.s = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.s, np.nan if self.t > self.broken else reward, False, False, {}


class One(gymnasium.Env):
    """Sees 1 and pays 1 at every step, whatever the action. Never ends by itself, or, with `ends`, at each step."""

    observation_space = gymnasium.spaces.Box(-2, 2, (1,))

    def __init__(self, action_space, ends=False):
        self.action_space, self.ends = action_space, ends

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.ones(1, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return np.ones(1, np.float32), 1.0, self.ends, False, {}


def reach(limit=7, lanes=2, **more):
    return SyncVectorEnv([lambda: TimeLimit(Reach(**more), limit)] * lanes)
