"""λ on CartPole, as notebook 12 shows it: ten seeds tell 0 and ½ from 0.98, and not 0.9, 0.98 and 1 from each other."""

from __future__ import annotations

from itertools import combinations, islice

import gymnasium
import numpy as np
import pytest

from pgcourse import environments
from pgcourse.algorithms import a2c

pytestmark = [pytest.mark.slow, pytest.mark.sampled]


def score(lam, seed):
    """The mean length of 64 test games after 30 updates of 32 lanes."""
    lanes, test = (gymnasium.make_vec("CartPole-v1", num_envs=n) for n in (32, 64))
    *_, learner = islice(a2c.train(lanes, a2c.Settings(lam=lam), seed), 30)
    return environments.play(test, learner.policy, 64, 500, np.random.default_rng(seed)).length.mean()


def test_small_lambdas_lag_behind_and_large_ones_are_not_told_apart():
    scores = {lam: np.array([score(lam, seed) for seed in range(10)]) for lam in (0.0, 0.5, 0.9, 0.98, 1.0)}

    def z(one, other):
        one, other = scores[one], scores[other]
        return (one.mean() - other.mean()) / np.hypot(one.std(), other.std()) * np.sqrt(len(one))

    assert z(0.98, 0.0) > 0.5
    assert z(0.98, 0.5) > 0
    assert max(abs(z(*pair)) for pair in combinations((0.9, 0.98, 1.0), 2)) < 4
