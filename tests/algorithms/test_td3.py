"""TD3: each of its three ideas by itself, and DDPG without them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from math import erfc

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms import ddpg, td3
from pgcourse.algorithms.optimisers import FRESH, adam
from pgcourse.environments import play
from pgcourse.gradients import finite_differences

SMALL = td3.Settings(n=20, batch=8, warmup=10, hidden=(8,), last=1.0)
OFF = {"critics": 1, "delay": 1, "smoothing": 0.0}


def learned(settings=SMALL, states=3, seed=2):
    """The last of a few learners, and what it remembers."""
    *_, learner = islice(td3.train(gymnasium.make("Pendulum-v1"), settings, seed), states)
    return learner, learner.replay


def test_without_its_three_ideas_it_is_ddpg():
    """The same run, to the last digit; and each idea alone makes another one."""
    env = gymnasium.make("Pendulum-v1")
    plain = {name: getattr(SMALL, name) for name in ("n", "batch", "warmup", "hidden", "last")}
    *_, theirs = islice(ddpg.train(env, ddpg.Settings(**plain), seed=1), 3)
    *_, ours = islice(td3.train(env, replace(SMALL, **OFF), seed=1), 3)
    assert np.array_equal(ours.policy.theta, theirs.policy.theta)
    assert np.array_equal(ours.critic.w, theirs.critic.w)
    for idea in OFF:
        *_, other = islice(td3.train(env, replace(SMALL, **{**OFF, idea: getattr(SMALL, idea)}), seed=1), 3)
        assert not np.array_equal(other.policy.theta, theirs.policy.theta)


# Noise on the target action


def test_the_noise_on_the_target_action_is_clipped_and_the_action_stays_in_the_box():
    """With σ̃ = 10 nearly each ε is beyond c = 0.3: then the action stands at μ ± c, in half-widths, or at the bound."""
    learner, _ = learned()
    settings, s = replace(SMALL, smoothing=10.0, clip=0.3), np.random.default_rng(1).uniform(-1, 1, (500, 3))
    unit = learner.target_policy.forward(s)[-1]
    a = td3.target_actions(learner.target_policy, s, settings, np.random.default_rng(2)) / 2  # the Box is ±2
    both = np.stack([unit - 0.3, unit + 0.3]).clip(-1, 1)
    assert (a >= both[0] - 1e-12).all()
    assert (a <= both[1] + 1e-12).all()
    assert np.isclose(a, both).any(axis=0).mean() > 0.9


# Two critics


def test_both_critics_step_towards_the_smaller_of_what_their_targets_say():
    """The target one transition at a time, without smoothing; then −½ E[(Q − y)²] of each by differences, and Adam."""
    settings, rng = replace(SMALL, smoothing=0.0, alpha_w=2e-2), np.random.default_rng(0)
    learner, batch = learned()
    y, smaller = batch.r.copy(), []
    for i in range(len(y)):
        s_next = batch.s_next[i : i + 1]
        both = learner.target_critic(s_next, learner.target_policy(s_next, rng))[:, 0]
        y[i] += settings.gamma * both.min()
        smaller.append(both.argmin())
    assert set(smaller) == {0, 1}
    new = td3.update(replace(learner, memory_w=FRESH), batch, settings, rng)
    for k in range(2):
        one = replace(learner.critic, w=learner.critic.w[k])
        g = finite_differences(lambda w, one=one: -0.5 * np.mean((replace(one, w=w)(batch.s, batch.a) - y) ** 2), one.w)
        np.testing.assert_allclose(new.critic.w[k], one.w + settings.alpha_w * adam(g, FRESH)[0], atol=1e-5)
        np.testing.assert_allclose(new.memory_w.m[k], 0.1 * g, atol=1e-7)  # the step is nearly the sign of g, m is not
    assert new.error == pytest.approx(np.sqrt(((y - learner.critic(batch.s, batch.a)) ** 2).mean()), rel=1e-12)


def test_the_critics_begin_and_stay_different():
    learner = next(td3.train(gymnasium.make("Pendulum-v1"), replace(SMALL, n=1)))
    w, w_target = learner.critic.w, learner.target_critic.w
    assert learner.updates == 0
    assert np.array_equal(w, w_target)
    assert np.abs(np.corrcoef(w)[0, 1]) < 0.3
    learner, batch = learned()
    q = learner.q_each(batch.s, batch.a)
    assert q.shape == (2, len(batch.r))
    assert np.abs(q[0] - q[1]).mean() > 0.1
    assert np.array_equal(learner.q(batch.s, batch.a), q[0])


# Delay


def test_actor_and_targets_move_every_delay_updates_and_the_actor_climbs_the_first_critic():
    settings = replace(SMALL, delay=3, tau=0.25, alpha_theta=1e-2)
    learner, batch = learned(settings)
    rng = np.random.default_rng(0)
    while learner.updates % 3 != 1:
        learner = td3.update(learner, batch, settings, rng)
    before = replace(learner, memory_theta=FRESH)
    learner = td3.update(before, batch, settings, rng)
    assert not np.array_equal(learner.critic.w, before.critic.w)
    assert learner.policy is before.policy
    assert learner.target_policy is before.target_policy
    assert learner.target_critic is before.target_critic
    new = td3.update(learner, batch, settings, rng)

    def climbed(theta):
        return new.q(batch.s, replace(before.policy, theta=theta)(batch.s, rng)).mean()

    g = finite_differences(climbed, before.policy.theta)
    sure = np.abs(g) > 1e-6  # Adam divides by the size: of a rounding error it makes a step
    assert sure.mean() > 0.5
    theta = before.policy.theta + settings.alpha_theta * adam(g, FRESH)[0]
    np.testing.assert_allclose(new.policy.theta[sure], theta[sure], atol=1e-5)
    np.testing.assert_allclose(new.memory_theta.m, 0.1 * g, atol=1e-7)
    np.testing.assert_allclose(new.target_critic.w, 0.75 * before.target_critic.w + 0.25 * new.critic.w, rtol=1e-12)
    np.testing.assert_allclose(
        new.target_policy.theta, 0.75 * before.target_policy.theta + 0.25 * new.policy.theta, rtol=1e-12
    )


# Smoothing


def test_target_actions_have_clipped_noise_of_their_own():
    """z-scores of the share that is clipped, and of mean and variance of the rest, against the cut normal law's."""
    learner, _ = learned(replace(SMALL, last=0.0, alpha_theta=0.0))  # μ = 0 everywhere: the Box clips nothing
    N = 20_000
    noise = td3.target_actions(learner.policy, np.zeros((N, 3)), SMALL, np.random.default_rng(0))[:, 0] / 2
    noise, x = noise / SMALL.smoothing, SMALL.clip / SMALL.smoothing
    cut = np.abs(noise) > x - 1e-12
    p = erfc(x / np.sqrt(2))  # 2 (1 − Φ(x))
    assert abs(cut.mean() - p) < 4 * np.sqrt(p * (1 - p) / N)
    inside = noise[~cut]
    variance = 1 - 2 * x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) / (1 - p)  # 1 − 2 x φ(x)/(2Φ(x) − 1)
    assert abs(inside.mean()) < 4 * np.sqrt(variance / N)
    assert abs(inside.var() / variance - 1) < 4 * np.sqrt(2 / N)
    assert len(set(inside)) == len(inside)


def test_target_actions_stay_in_the_box_and_without_noise_they_are_those_of_the_policy():
    learner, batch = learned()
    steep = replace(learner.policy, theta=3 * learner.policy.theta)
    rng = np.random.default_rng(0)
    a = td3.target_actions(steep, batch.s, replace(SMALL, smoothing=2.0, clip=5.0), rng)
    assert np.abs(a).max() == 2.0
    np.testing.assert_array_equal(
        td3.target_actions(steep, batch.s, replace(SMALL, smoothing=0.0), rng), steep(batch.s, rng)
    )


# Runs


def test_a_seed_is_a_run():
    first, again = (learned(seed=4)[0] for _ in range(2))
    assert np.array_equal(first.policy.theta, again.policy.theta)
    assert not np.array_equal(first.policy.theta, learned(seed=5)[0].policy.theta)


@pytest.mark.slow
def test_td3_learns_pendulum():
    """From about −1250 to −300 at least; most seeds need 6,000 to 9,000 steps to −200."""
    test = gymnasium.make_vec("Pendulum-v1", num_envs=20)
    for learner in islice(td3.train(gymnasium.make("Pendulum-v1"), td3.Settings(n=500), seed=0), 20):
        tau = play(test, learner.policy, 20, 200, np.random.default_rng(0))
        if tau.sums(tau.steps.r).mean() >= -300:
            return
    pytest.fail(f"the last mean return is {tau.sums(tau.steps.r).mean():.0f}")
