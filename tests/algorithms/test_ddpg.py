"""DDPG: one update by hand, time limits, Boxes of any kind, what is remembered, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from one_number import One, Reach, reach

from pgcourse.algorithms import ddpg
from pgcourse.algorithms.buffer import Transitions
from pgcourse.algorithms.off_policy import soft_update
from pgcourse.algorithms.optimisers import FRESH, adam
from pgcourse.environments import play
from pgcourse.gradients import finite_differences

SMALL = ddpg.Settings(n=20, batch=8, warmup=10, hidden=(8,))


def learned(name="Pendulum-v1", settings=SMALL, states=3, seed=2):
    """The last of a few learners, and some of what it remembers."""
    *_, learner = islice(ddpg.train(gymnasium.make(name), settings, seed), states)
    rows = np.arange(0, len(learner.replay.r), 3)
    return learner, Transitions(*(column[rows] for column in learner.replay))


# One update


@pytest.mark.parametrize("name", ["Pendulum-v1", "MountainCarContinuous-v0"])
def test_an_update_is_the_equations_at_the_head(name):
    """Objectives written once more and differentiated by differences; Adam from its first step."""
    learner, batch = learned(name, replace(SMALL, last=1.0))
    settings = replace(SMALL, alpha_theta=1e-2, alpha_w=2e-2, tau=0.3)
    terminated = np.zeros(len(batch.r))
    terminated[::2] = 1
    learner = replace(learner, memory_theta=FRESH, memory_w=FRESH)
    batch = batch._replace(terminated=terminated)
    new = ddpg.update(learner, batch, settings)

    policy, critic, rng = learner.policy, learner.critic, np.random.default_rng(0)
    y = batch.r.copy()
    for i in range(1, len(y), 2):
        s_next = batch.s_next[i : i + 1]
        y[i] += settings.gamma * learner.target_critic(s_next, learner.target_policy(s_next, rng))[0, 0]

    g_w = finite_differences(
        lambda w: -0.5 * np.mean((replace(critic, w=w[None])(batch.s, batch.a)[0] - y) ** 2), critic.w[0]
    )
    w = critic.w[0] + settings.alpha_w * adam(g_w, FRESH)[0]
    np.testing.assert_allclose(new.critic.w[0], w, atol=2e-5)
    np.testing.assert_allclose(new.memory_w.m[0], 0.1 * g_w, atol=1e-7)  # the step is nearly the sign of g, m is not
    newer = new.critic  # the actor climbs the critic after its step
    g_theta = finite_differences(lambda x: newer(batch.s, replace(policy, theta=x)(batch.s, rng)).mean(), policy.theta)
    theta = policy.theta + settings.alpha_theta * adam(g_theta, FRESH)[0]
    sure = np.abs(g_theta) > 1e-6  # Adam divides by the size: of a rounding error it makes a step
    assert sure.mean() > 0.3
    np.testing.assert_allclose(new.policy.theta[sure], theta[sure], atol=2e-5)
    np.testing.assert_allclose(new.memory_theta.m, 0.1 * g_theta, atol=1e-7)
    np.testing.assert_allclose(new.target_critic.w, 0.7 * learner.target_critic.w + 0.3 * new.critic.w, rtol=1e-12)
    np.testing.assert_allclose(
        new.target_policy.theta, 0.7 * learner.target_policy.theta + 0.3 * new.policy.theta, rtol=1e-12
    )
    assert new.error == pytest.approx(np.sqrt(np.mean((y - critic(batch.s, batch.a)[0]) ** 2)))
    assert new.updates == learner.updates + 1


def test_an_update_leaves_its_arguments_as_they_were_and_comes_out_the_same_again():
    learner, batch = learned()
    before = [x.copy() for x in (learner.policy.theta, learner.critic.w, learner.target_critic.w, *batch)]
    first, again = (ddpg.update(learner, batch, SMALL) for _ in range(2))
    assert np.array_equal(first.policy.theta, again.policy.theta)
    after = (learner.policy.theta, learner.critic.w, learner.target_critic.w, *batch)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_target_forgets_where_it_began_by_1_minus_tau_an_update():
    target, source = np.array([1.0, -2.0]), np.array([3.0, 5.0])
    moved = target
    for _ in range(100):
        moved = soft_update(moved, source, 0.02)
    np.testing.assert_allclose(moved, source + 0.98**100 * (target - source), rtol=1e-12)
    assert np.array_equal(soft_update(target, source, 0.0), target)
    np.testing.assert_allclose(soft_update(target, source, 1.0), source, rtol=1e-15)


def test_the_noise_is_in_half_widths_of_the_box():
    """Pendulum's Box is ±2: σ = 0.1 is 0.2 N m."""
    learner, batch = learned()
    a = ddpg.noisy(learner, 0.1)(batch.s, np.random.default_rng(7))
    noise = np.random.default_rng(7).standard_normal(batch.a.shape)
    np.testing.assert_allclose(a, (learner.actor(batch.s) + 0.2 * noise).clip(-2, 2), rtol=1e-12)


# Time limits and ends


def learned_value(env):
    """What the critic says of the only observation, with γ = ½ and a linear critic, once it has settled."""
    settings = ddpg.Settings(n=40, gamma=0.5, tau=0.2, batch=8, warmup=8, hidden=(), alpha_w=0.03)
    *_, last = islice(ddpg.train(env, settings), 8)
    return last.q(np.ones((3, 1)), np.array([[-1.0], [0.0], [1.0]]))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_time_limit_is_no_end(mode):
    """1 + ½ + ¼ + … = 2, whatever the action, although each trajectory is cut after its first step."""
    env = SyncVectorEnv([lambda: TimeLimit(One(Box(-1, 1, (1,))), 1)] * 2, autoreset_mode=mode)
    np.testing.assert_allclose(learned_value(env), 2, atol=0.1)


def test_after_an_end_there_is_nothing():
    np.testing.assert_allclose(learned_value(One(Box(-1, 1, (1,)), ends=True)), 1, atol=0.05)


# Runs


def test_a_seed_is_a_run_and_what_was_yielded_stays():
    env = gymnasium.make("Pendulum-v1")
    first, again = (list(islice(ddpg.train(env, SMALL, seed=3), 3)) for _ in range(2))
    other = list(islice(ddpg.train(env, SMALL, seed=5), 3))
    assert all(np.array_equal(a.policy.theta, b.policy.theta) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[-1].policy.theta, other[-1].policy.theta)
    for array in (first[-1].policy.theta, first[-1].critic.w, first[-1].target_critic.w, first[-1].replay.r):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize("lanes", [0, 3], ids=["alone", "three lanes"])
def test_there_is_an_update_for_each_step_after_the_warm_up(lanes):
    """Of three lanes 3 transitions a step. The step that only resets a lane is none, and is not remembered."""
    env = SyncVectorEnv([lambda: TimeLimit(Reach(), 7)] * lanes) if lanes else TimeLimit(Reach(), 7)
    learners = list(islice(ddpg.train(env, replace(SMALL, warmup=30)), 4))
    N = max(1, lanes)
    steps = [N * (20 * k - (20 * k // 8 if lanes else 0)) for k in range(1, 5)]
    assert [learner.steps for learner in learners] == steps
    assert [len(learner.replay.r) for learner in learners] == steps
    assert [learner.updates for learner in learners] == [max(0, k - 30 + N) for k in steps]


def test_returns_are_the_sums_of_rewards_of_the_trajectories_that_ended():
    learners = list(islice(ddpg.train(TimeLimit(Reach(), 7), SMALL), 4))
    r = learners[-1].replay.r[: 7 * (80 // 7)].reshape(-1, 7).sum(axis=1)
    np.testing.assert_allclose(np.concatenate([learner.returns for learner in learners]), r, rtol=1e-12)


def test_a_run_goes_on_where_it_stopped():
    env = gymnasium.make("Pendulum-v1")
    run = ddpg.train(env, SMALL, seed=1)
    stopped = [next(run), next(run)]
    whole = list(islice(ddpg.train(gymnasium.make("Pendulum-v1"), SMALL, seed=1), 3))
    assert np.array_equal(next(run).policy.theta, whole[-1].policy.theta)
    assert np.array_equal(stopped[-1].policy.theta, whole[1].policy.theta)


@pytest.mark.parametrize("space", [Box(-1, 1, (1,)), Box(-2, 4, (1,)), Box(-1, 1, (2, 1))], ids=str)
@pytest.mark.slow
@pytest.mark.sampled
def test_an_actor_learns_to_do_what_it_sees(space):
    """The best action is the number that is seen, whatever the bounds; q is −Σ(a − s)². Noise stays inside the Box."""
    settings = ddpg.Settings(n=100, gamma=0.0, batch=64, warmup=200, hidden=(32,), alpha_theta=3e-3, alpha_w=1e-2)
    *_, last = islice(ddpg.train(reach(9, 1, action_space=space), replace(settings, noise=0.5)), 12)
    obs = np.linspace(-0.9, 0.9, 7)[:, None]
    goal = np.broadcast_to(obs.reshape(7, *[1] * len(space.shape)), (7, *space.shape))
    assert np.abs(last.actor(obs) - goal).max() < 0.25
    assert np.abs(last.q(obs, goal)).max() < 0.5
    a = last.replay.a.reshape(-1, *space.shape)
    assert ((space.low <= a) & (a <= space.high)).all()
    assert (a == space.high).any()


@pytest.mark.slow
def test_ddpg_learns_pendulum():
    """From about −1250 to −300 at least; most seeds need 4,000 to 6,000 steps to −200."""
    test = gymnasium.make_vec("Pendulum-v1", num_envs=20)
    for learner in islice(ddpg.train(gymnasium.make("Pendulum-v1"), ddpg.Settings(n=500), seed=0), 14):
        tau = play(test, learner.policy, 20, 200, np.random.default_rng(0))
        if tau.sums(tau.steps.r).mean() >= -300:
            return
    pytest.fail(f"the last mean return is {tau.sums(tau.steps.r).mean():.0f}")


# What is refused


def test_discrete_actions_are_told_which_algorithms_take_them():
    with pytest.raises(
        TypeError, match=r"CartPole-v1: action_space is Discrete\(2\), expected Box; .* a2c, ppo and trpo"
    ):
        ddpg.train(gymnasium.make("CartPole-v1"))


def test_observations_that_are_no_box_are_named():
    env = One(Box(-1, 1, (1,)))
    env.observation_space = Discrete(3)
    with pytest.raises(TypeError, match=r"One: observation_space is Discrete\(3\), expected Box; .*FlattenObservation"):
        ddpg.train(env)


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, np.inf)])
def test_a_box_without_bounds_is_refused_before_anything_is_played(bounds):
    with pytest.raises(ValueError, match="expected finite bounds"):
        ddpg.train(Reach(action_space=Box(*bounds, (1,))))


def test_a_reward_that_is_no_number_ends_the_run_and_leaves_what_was_learned():
    run = ddpg.train(Reach(broken=45), SMALL)
    kept = [next(run), next(run)]
    with pytest.raises(ValueError, match="Reach: the reward at step 45 is nan, expected a finite number"):
        next(run)
    assert [learner.steps for learner in kept] == [20, 40]
    assert np.isfinite(kept[-1].replay.r).all()


class Blind(Reach):
    """Sees NaN from step 5 on."""

    def step(self, action):
        obs, *rest = super().step(action)
        return (obs if self.t < 5 else np.full(1, np.nan, np.float32)), *rest


def test_an_observation_that_is_no_number_is_refused_before_it_is_remembered():
    with pytest.raises(ValueError, match=r"the observation after 4 steps\[0, 0\] is nan, expected a finite number"):
        next(ddpg.train(Blind(), SMALL))


def test_steps_so_long_that_numbers_overflow_are_refused_by_name():
    with pytest.raises(ValueError, match="∇_a Q is out of the range of floats, with w up to 1e"):
        list(islice(ddpg.train(Reach(), replace(SMALL, alpha_theta=0.0, alpha_w=1e200)), 5))


class More(Reach):
    """Pays what is done: the best is the bound itself, always."""

    def step(self, action):
        obs, _, *rest = super().step(action)
        return obs, float(action[0]), *rest


def test_a_policy_that_saturates_is_told_so_and_what_was_yielded_stays():
    run = ddpg.train(More(), replace(SMALL, warmup=30, hidden=(), alpha_theta=20.0))
    kept = []
    with pytest.raises(ValueError, match="the policy saturates: in all 8 states of a batch"):
        kept.extend(learner for learner in islice(run, 9))
    assert [learner.steps for learner in kept] == [20]
