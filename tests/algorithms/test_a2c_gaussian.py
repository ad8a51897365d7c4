"""A2C with Gaussian policies: one update by differences, an action learned; and Acrobot, and Pendulum, as they go."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from pgcourse.algorithms import a2c
from pgcourse.algorithms.networks import MLP
from pgcourse.algorithms.optimisers import sgd
from pgcourse.algorithms.policies import GaussianNetwork
from pgcourse.gradients import finite_differences
from pgcourse.trajectories import Stream

SETTINGS = a2c.Settings(n=4, hidden=(), optimiser=sgd, alpha_w=0.5, alpha_theta=0.2, gamma=0.9, lam=0.8, beta=0.3)


class Nearest(gymnasium.Env):
    """Ends after a step, and pays minus the squared distance of the action from (1, 20): a Box of two axes."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.action_space = gymnasium.spaces.Box(np.array([-2, 0], np.float32), np.array([2, 40], np.float32))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.ones(1, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        off = (action - [1, 20]) / [2, 20]
        return np.ones(1, np.float32), -float(off @ off), True, False, {}


def test_an_update_is_the_slope_of_a_log_pi_and_of_the_entropy_with_a_held_still():
    rng = np.random.default_rng(0)
    actor, critic = MLP((3, 2)), MLP((3, 1), unit=2.0)
    policy = GaussianNetwork(actor, 0.3 * rng.standard_normal(actor.d + 2), np.array([1.0, -2]), np.array([2.0, 0.5]))
    old = a2c.Learner(policy, critic, rng.standard_normal(critic.d))
    s, off = rng.standard_normal((2, 4, 3)), np.zeros((2, 3), dtype=bool)
    a = rng.standard_normal((2, 3, 2))
    given = Stream(s[:, :-1], a, rng.standard_normal((2, 3)), s[:, 1:], off, off, ~off)
    new = a2c.update(old, given, SETTINGS)
    v, v_next = old.v(given.s.reshape(6, 3)).reshape(2, 3), old.v(given.s_next.reshape(6, 3)).reshape(2, 3)
    delta = given.r + 0.9 * v_next - v
    A = np.stack([sum(0.72**k * delta[:, j + k] for k in range(3 - j)) for j in range(3)], axis=1).ravel()

    def promised(theta):
        there = replace(policy, theta=theta)
        log_pi = there.log_prob(given.s.reshape(6, 3), a.reshape(6, 2))
        return np.mean(A * log_pi + 0.3 * there.entropy(given.s.reshape(6, 3)))

    step = finite_differences(promised, policy.theta)
    np.testing.assert_allclose(new.policy.theta, policy.theta + 0.2 * step, atol=1e-8)


@pytest.mark.slow
@pytest.mark.sampled
def test_an_action_inside_the_box_is_learned_on_either_axis():
    envs = SyncVectorEnv([Nearest] * 8)
    settings = a2c.Settings(n=16, hidden=(), gamma=0.9, lam=1.0, alpha_theta=0.02, alpha_w=0.1, unit=1.0)
    *_, learner = islice(a2c.train(envs, settings, seed=0), 300)
    mean = learner.policy.greedy(np.ones((1, 1)), np.random.default_rng(0))[0]
    assert abs(mean[0] - 1) < 0.4  # of −2 … 2
    assert abs(mean[1] - 20) < 4  # of 0 … 40
    assert learner.policy.log_sigma.max() < -0.5  # noise costs, so it goes


def last_returns(name, settings, lanes, steps, seed):
    """The mean return of the last 50 episodes of a training."""
    envs = gymnasium.make_vec(name, num_envs=lanes)
    learners = islice(a2c.train(envs, settings, seed), steps // (lanes * settings.n))
    return np.concatenate([learner.returns for learner in learners])[-50:].mean()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_acrobot_is_learned_and_pendulum_is_not_as_notebook_13_tells(seed):
    """Acrobot's reward threshold is −100; a policy that does nothing has −500. Pendulum: PPO makes −200 by then."""
    assert last_returns("Acrobot-v1", a2c.Settings(gamma=0.99), 16, 24_000, seed) > -130
    assert last_returns("Pendulum-v1", a2c.Settings(gamma=0.9, lam=0.95), 16, 60_000, seed) < -700
