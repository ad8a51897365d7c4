"""TRPO: one step against the exact Fisher matrix, the line search, both kinds of actions, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms import trpo
from pgcourse.algorithms.networks import MLP
from pgcourse.algorithms.policies import SoftmaxNetwork
from pgcourse.environments import play, play_streams
from pgcourse.returns import gae, td_errors

SMALL = trpo.Settings(n=16, hidden=(8,), minibatch=16, epochs=2)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_the_step_solves_F_x_is_g_and_is_as_long_as_delta_allows(name):
    """With products enough: x by a dense solve with the matrix of all products, and ½ step·F·step = δ."""
    settings = replace(SMALL, products=200, damping=0.1, shrink=0.5, delta=0.003)
    learner = next(trpo.train(gymnasium.make_vec(name, 2), SMALL, seed=2))
    policy, env = learner.policy, gymnasium.make_vec(name, 2)
    batch = next(play_streams(env, policy, 20, np.random.default_rng(1), clip=True))
    new = trpo.update(learner, batch, settings, np.random.default_rng(3))

    s, a = batch.s[batch.valid], batch.a[batch.valid]
    v = learner.v(batch.s.reshape(40, -1)).reshape(batch.r.shape)
    v_next = learner.v(batch.s_next.reshape(40, -1)).reshape(batch.r.shape)
    A = gae(batch, td_errors(batch, v, v_next, settings.gamma), settings.gamma, settings.lam)[batch.valid]
    A = (A - A.mean()) / A.std()
    product, d = policy.fisher_products(s), len(policy.theta)
    F = np.array([product(e) for e in np.eye(d)])
    x = np.linalg.solve(F + 0.1 * np.eye(d), policy.gradient(s, a, A)[0] / len(A))
    step = np.sqrt(2 * 0.003 / (x @ F @ x)) * x
    np.testing.assert_allclose(new.policy.theta - policy.theta, 0.5**new.shorter * step, rtol=1e-5, atol=1e-9)
    assert 0 < new.kl <= 0.003
    ratio = np.exp(new.policy.log_prob(s, a) - policy.log_prob(s, a))
    assert new.gain == pytest.approx(((ratio - 1) * A).mean(), rel=1e-9)
    assert new.gain > 0
    assert new.kl == pytest.approx(policy.divergence(new.policy, s).mean(), rel=1e-9)


# The line search


def measured(gain, kl):
    """For a step that is c times as long, and how long those asked for were."""
    asked = []

    def measures(c):
        asked.append(c)
        return gain(c), kl(c)

    return measures, asked


@pytest.mark.parametrize(
    ("gain", "kl", "j"),
    [
        (lambda c: c, lambda c: 0.01 * c**2, 0),
        (lambda c: c, lambda c: 0.05 * c**2, 2),  # the divergence alone shortens it
        (lambda c: 0.3 - c, lambda c: 0.0, 2),  # the surrogate alone does
        (lambda c: -c, lambda c: 0.0, 5),  # no step
        (lambda c: c, lambda c: np.nan, 5),
        (lambda c: np.nan, lambda c: 0.0, 5),
    ],
    ids=["as it is", "KL", "L", "none", "KL is nan", "L is nan"],
)
def test_the_first_step_that_gains_within_the_region_is_taken(gain, kl, j):
    measures, asked = measured(gain, kl)
    found, gained, moved = trpo.line_search(measures, 0.01, 0.5, 5)
    assert found == j
    assert asked == [0.5**k for k in range(min(j + 1, 5))]
    assert (gained, moved) == ((gain(0.5**j), kl(0.5**j)) if j < 5 else (0, 0))


def test_without_a_step_that_passes_the_policy_stays_and_the_critic_learns():
    """Of steps as long as δ = 1 allows some gain nothing, or their KL is above its model; there is no second try."""
    env = gymnasium.make_vec("CartPole-v1", 2)
    settings = replace(SMALL, delta=1.0, tries=1)
    learners = list(islice(trpo.train(env, settings, seed=0), 12))
    stayed = [(a, b) for a, b in pairwise(learners) if b.shorter == settings.tries]
    assert stayed
    for before, after in stayed:
        assert np.array_equal(before.policy.theta, after.policy.theta)
        assert not np.array_equal(before.w, after.w)
        assert (after.kl, after.gain) == (0, 0)


# Runs


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_a_seed_is_a_run_and_what_was_yielded_stays(name):
    env = gymnasium.make_vec(name, 3)
    first, again = (list(islice(trpo.train(env, SMALL, seed=3), 3)) for _ in range(2))
    assert all(np.array_equal(a.policy.theta, b.policy.theta) for a, b in zip(first, again, strict=True))
    assert [learner.updates for learner in first] == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        first[-1].policy.theta[0] = 1.0
    other = next(trpo.train(env, SMALL, seed=3, policy=first[-1].policy))
    assert not np.array_equal(other.policy.theta, first[0].policy.theta)


@pytest.mark.slow
def test_after_twelve_updates_each_trust_region_has_come_as_far_as_notebook_14_tells():
    """Notebook 14, after 12 updates: what it says of five seeds."""

    def score(delta, seed):
        lanes, test = (gymnasium.make_vec("CartPole-v1", num_envs=n) for n in (8, 64))
        *_, learner = islice(trpo.train(lanes, trpo.Settings(delta=delta), seed), 12)
        return play(test, learner.policy, 64, 500, np.random.default_rng(seed)).length.mean()

    scores = {delta: np.array([score(delta, seed) for seed in range(5)]) for delta in (0.001, 0.01, 0.1, 1.0)}
    assert scores[0.01].min() > 150
    assert scores[0.001].max() < scores[0.01].mean()
    assert scores[1.0].mean() < scores[0.01].mean() < 1.3 * scores[0.1].mean()


@pytest.mark.slow
def test_trpo_learns_cartpole_to_475():
    """The mean return of 100 trajectories. Most seeds need about 15,000 steps."""
    envs, test = (gymnasium.make_vec("CartPole-v1", num_envs=n) for n in (8, 100))
    rng = np.random.default_rng(0)
    learners = islice(trpo.train(envs, seed=1), 40)
    assert any(play(test, learner.policy, 100, 500, rng).length.mean() >= 475 for learner in learners)


# What is refused


def test_a_minibatch_larger_than_the_batch_is_refused():
    with pytest.raises(ValueError, match="minibatch is 99, expected at most the batch's 32 steps"):
        next(trpo.train(gymnasium.make_vec("CartPole-v1", num_envs=2), replace(SMALL, minibatch=99)))


def test_a_critic_that_runs_out_of_the_floats_is_said_to():
    with pytest.raises(ValueError, match=r"^w is out of the range of floats, with alpha_w up to 1e\+308"):
        next(trpo.train(gymnasium.make_vec("CartPole-v1", num_envs=2), replace(SMALL, alpha_w=1e308)))


def test_observations_that_are_no_box_are_named():
    with pytest.raises(TypeError, match=r"FrozenLake-v1: observation_space is Discrete\(16\), expected Box"):
        trpo.train(gymnasium.make("FrozenLake-v1"))


def test_a_policy_that_is_as_good_as_certain_takes_no_step():
    """π and F are 0 but for one action, to the last digit or nearly so: no step is long enough to change anything."""
    for gap in (242, 300, 700):
        certain = SoftmaxNetwork(MLP((4, 2)), np.append(np.zeros(8), [-gap / 2, gap / 2]))
        learner = next(trpo.train(gymnasium.make("CartPole-v1"), SMALL, policy=certain))
        np.testing.assert_array_equal(learner.policy.theta, certain.theta)
        assert learner.shorter == SMALL.tries


def test_a_policy_for_other_observations_is_refused():
    policy = SoftmaxNetwork(MLP((3, 2)), np.zeros(8))
    with pytest.raises(TypeError, match="policy is a SoftmaxNetwork of 3 inputs, expected one of 4 inputs"):
        trpo.train(gymnasium.make("CartPole-v1"), SMALL, policy=policy)
    with pytest.raises(TypeError, match="policy is a int: 5, expected one of 4 inputs"):
        trpo.train(gymnasium.make("CartPole-v1"), SMALL, policy=5)
    with pytest.raises(TypeError, match=r"observation_space is Discrete\(16\), expected Box"):
        trpo.train(gymnasium.make("FrozenLake-v1"), SMALL, policy=SoftmaxNetwork(MLP((1, 4)), np.zeros(8)))
