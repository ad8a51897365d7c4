"""REINFORCE: one update by hand, and what CartPole needs: a step size for each parameter, more than a baseline."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms import optimisers
from pgcourse.algorithms.policies import policy_for
from pgcourse.algorithms.reinforce import Learner, Settings, no_baseline, train, update
from pgcourse.environments import play


def test_a_step_is_the_mean_over_trajectories_of_their_sums_over_steps():
    """By sgd, which tells how long a step is: g = (1/N) Σ_t G_t ∇log π(a_t|s_t), one trajectory after the other."""
    env, rng = gymnasium.make("CartPole-v1"), np.random.default_rng(0)
    learner = Learner(policy_for(env, (), rng))
    tau = play(env, learner.policy, 3, 500, rng)
    new = update(learner, tau, Settings(episodes=3, optimiser=optimisers.sgd, baseline=no_baseline, alpha=0.5))
    assert len(set(tau.length)) > 1
    g = 0.0
    for s, a, r in tau:
        G = r[::-1].cumsum()[::-1]
        g += learner.policy.gradient(s[:-1], a, G)[0] / 3
    np.testing.assert_allclose(new.policy.theta, learner.policy.theta + 0.5 * g, rtol=1e-12)
    assert new.returns.tolist() == tau.length.tolist()  # a reward of 1 a step


def best_mean(settings, seed, episodes=1000):
    """The largest mean of 100 returns in a row, up to 475, within so many episodes."""
    env = gymnasium.make_vec("CartPole-v1", settings.episodes, vectorization_mode="vector_entry_point")
    returns, best = np.zeros(0), 0.0
    for learner in train(env, settings, seed):
        returns = np.append(returns, learner.returns)
        best = max(best, returns[-100:].mean() if len(returns) >= 100 else 0.0)
        if len(returns) >= episodes or best >= 475:
            return best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "least", "most"),
    [
        (Settings(), 475, 500),
        (Settings(baseline=no_baseline), 400, 500),
        (Settings(optimiser=optimisers.sgd, alpha=0.01), 0, 350),
    ],
    ids=["as it stands", "without a baseline", "one step size for all"],
)
def test_cartpole_needs_adam_more_than_a_baseline(settings, least, most):
    """Of a dozen seeds all came to 475 with a baseline or without, and none to 350 with one step size for all."""
    assert least <= np.median([best_mean(settings, seed) for seed in (1, 2)]) <= most
