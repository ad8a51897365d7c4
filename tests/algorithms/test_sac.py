"""SAC: one update by hand, the soft target against closed forms, the temperature, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from gymnasium.wrappers import TimeLimit
from one_number import One, Reach, reach

from pgcourse.algorithms import sac
from pgcourse.algorithms.optimisers import FRESH, adam
from pgcourse.environments import play
from pgcourse.gaussian import squashed_entropy, squashed_log_density
from pgcourse.gradients import finite_differences

SMALL = sac.Settings(n=20, batch=8, warmup=10, hidden=(8,), last=1.0)


def learned(settings=SMALL, states=3, seed=2):
    """The last of a few learners, and what it remembers."""
    *_, learner = islice(sac.train(gymnasium.make("Pendulum-v1"), settings, seed), states)
    return learner, learner.replay


# One update


def test_an_update_is_the_equations_at_the_head():
    """The same two draws of ε; objectives written once more and differentiated by differences; Adam's first step."""
    settings = replace(SMALL, alpha_theta=1e-2, alpha_w=2e-2, tau=0.3, temperature=0.5)
    learner, batch = learned(settings)
    learner = replace(learner, memory_theta=FRESH, memory_w=FRESH, memory_temperature=FRESH)
    terminated = np.arange(len(batch.r)) % 3 == 0
    batch = batch._replace(terminated=terminated.astype(float))
    new = sac.update(learner, batch, settings, np.random.default_rng(9))
    rng, shape, T = np.random.default_rng(9), batch.a.shape, learner.temperature
    after, now = rng.standard_normal(shape), rng.standard_normal(shape)

    def drawn(theta, s, epsilon):
        mu, log_sigma = np.split(learner.policy.net.forward(theta, s)[-1], 2, axis=1)
        u = mu + np.exp(log_sigma) * epsilon
        return 2 * np.tanh(u), squashed_log_density(u, mu, np.exp(log_sigma))[:, 0]

    y = batch.r.copy()
    a, log_pi = drawn(learner.policy.theta, batch.s_next, after)
    soft = learner.target_critic(batch.s_next, a).min(axis=0) - T * log_pi
    y[~terminated] += settings.gamma * soft[~terminated]
    for k in range(2):
        one = replace(learner.critic, w=learner.critic.w[k])
        g = finite_differences(lambda w, one=one: -0.5 * np.mean((replace(one, w=w)(batch.s, batch.a) - y) ** 2), one.w)
        np.testing.assert_allclose(new.critic.w[k], one.w + settings.alpha_w * adam(g, FRESH)[0], atol=1e-5)
        np.testing.assert_allclose(new.memory_w.m[k], 0.1 * g, atol=1e-7)  # the step is nearly the sign of g, m is not

    def climbed(theta):
        a, log_pi = drawn(theta, batch.s, now)
        return (new.critic(batch.s, a).min(axis=0) - T * log_pi).mean()

    g = finite_differences(climbed, learner.policy.theta)
    sure = np.abs(g) > 1e-6  # Adam divides by the size: of a rounding error it makes a step
    assert sure.mean() > 0.5
    theta = learner.policy.theta + settings.alpha_theta * adam(g, FRESH)[0]
    np.testing.assert_allclose(new.policy.theta[sure], theta[sure], atol=1e-5)
    np.testing.assert_allclose(new.memory_theta.m, 0.1 * g, atol=1e-7)
    np.testing.assert_allclose(new.target_critic.w, 0.7 * learner.target_critic.w + 0.3 * new.critic.w, rtol=1e-12)
    assert new.entropy == pytest.approx(-drawn(learner.policy.theta, batch.s, now)[1].mean())
    step = settings.alpha_temperature * np.sign(settings.target_entropy - new.entropy)
    assert new.log_temperature[0] == pytest.approx(learner.log_temperature[0] + step, abs=1e-9)
    assert new.memory_temperature.m[0] == pytest.approx(0.1 * (settings.target_entropy - new.entropy), rel=1e-12)


def test_the_entropy_that_is_asked_for_is_one_for_each_number_of_the_action():
    """Between H and H/2: only the target of both numbers together, twice as large, lies on the other side of H."""
    *_, learner = islice(sac.train(reach(action_space=Box(-1, 1, (2,), np.float32)), SMALL, 2), 3)
    batch = learner.replay
    H = sac.update(learner, batch, SMALL, np.random.default_rng(9)).entropy
    settings = replace(SMALL, target_entropy=0.75 * H)
    new = sac.update(replace(learner, memory_temperature=FRESH), batch, settings, np.random.default_rng(9))
    moved = new.log_temperature[0] - learner.log_temperature[0]
    assert abs(H) > 0.1
    assert moved == pytest.approx(settings.alpha_temperature * np.sign(1.5 * H - H), abs=1e-6)


def test_q_is_the_smaller_of_both_critics_and_the_actor_has_no_noise():
    learner, batch = learned()
    both = learner.q_each(batch.s, batch.a)
    assert both.shape == (2, len(batch.r))
    assert set(both.argmin(axis=0)) == {0, 1}
    assert np.array_equal(learner.q(batch.s, batch.a), both.min(axis=0))
    assert np.array_equal(learner.actor(batch.s), learner.policy.greedy(batch.s, np.random.default_rng(5)))


# The soft target


def learned_value(env, temperature):
    """What the critics say of the only observation, γ = ½, for a policy that stays at μ = 0, σ = 1."""
    settings = sac.Settings(n=60, gamma=0.5, tau=0.2, batch=16, warmup=16, hidden=(), alpha_w=0.02, alpha_theta=0.0)
    settings = replace(settings, temperature=temperature, learned=False, last=0.0)
    *_, last = islice(sac.train(env, settings), 8)
    return last.q(np.ones((3, 1)), np.array([[-0.9], [0.0], [0.9]]))


@pytest.mark.parametrize("temperature", [1e-6, 1.0])
def test_the_value_has_the_entropies_still_to_come_at_a_time_limit_too(temperature):
    """q = (1 + γ T H)/(1 − γ), and H = .6698 of tanh N(0, 1)."""
    entropy = squashed_entropy(0.0, 1.0)[0]
    q = learned_value(TimeLimit(One(Box(-1, 1, (1,))), 1), temperature)
    np.testing.assert_allclose(q, 2 + temperature * entropy, atol=0.15)


def test_an_end_pays_no_entropy():
    np.testing.assert_allclose(learned_value(One(Box(-1, 1, (1,)), ends=True), 1.0), 1, atol=0.05)


def test_without_rewards_the_policy_becomes_the_most_random_there_is():
    """H = .68364 at σ = .8744, and no farther: the correction for tanh punishes actions at the bounds."""
    settings = sac.Settings(n=50, gamma=0.0, batch=64, hidden=(), alpha_theta=1e-2, alpha_w=1e-2, learned=False)
    *_, last = islice(sac.train(Reach(pays=False), settings), 10)
    s = np.linspace(-1, 1, 5)[:, None]
    mu, log_sigma = np.split(last.policy.net.forward(last.policy.theta, s)[-1], 2, axis=1)
    assert np.abs(np.exp(log_sigma) - 0.8744).max() < 0.08
    assert np.abs(mu).max() < 0.15


# The temperature


def test_the_temperature_falls_while_there_is_more_entropy_than_asked_and_rises_while_there_is_less():
    for entropy, sign in [(-3.0, -1), (3.0, 1)]:
        settings = replace(SMALL, target_entropy=entropy, alpha_temperature=0.01, alpha_theta=0.0, last=0.0)
        learner = learned(settings, states=4)[0]
        assert learner.log_temperature[0] == pytest.approx(0.01 * sign * learner.updates, rel=0.3)
    fixed = learned(replace(SMALL, learned=False, temperature=0.3))[0]
    assert fixed.temperature == pytest.approx(0.3)


# Runs


def test_a_seed_is_a_run_and_what_was_yielded_stays():
    first, again = (learned(seed=4)[0] for _ in range(2))
    assert np.array_equal(first.policy.theta, again.policy.theta)
    assert not np.array_equal(first.policy.theta, learned(seed=5)[0].policy.theta)
    for array in (first.policy.theta, first.critic.w, first.target_critic.w, first.log_temperature):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize("space", [Box(-2, 4, (1,)), Box(-1, 1, (2, 1))], ids=str)
@pytest.mark.slow
@pytest.mark.sampled
def test_an_actor_learns_to_do_what_it_sees(space):
    """The best action is the number that is seen, whatever the bounds."""
    settings = sac.Settings(n=100, gamma=0.0, batch=64, hidden=(32,), alpha_theta=3e-3, alpha_w=1e-2, temperature=0.02)
    *_, last = islice(sac.train(reach(9, 1, action_space=space), replace(settings, learned=False)), 10)
    obs = np.linspace(-0.9, 0.9, 7)[:, None]
    assert np.abs(last.actor(obs) - obs.reshape(7, *[1] * len(space.shape))).max() < 0.3


@pytest.mark.slow
def test_sac_learns_pendulum():
    """From about −1250 to −300 at least; most seeds need 3,500 to 5,000 steps to −200."""
    test = gymnasium.make_vec("Pendulum-v1", num_envs=20)
    for learner in islice(sac.train(gymnasium.make("Pendulum-v1"), sac.Settings(n=500), seed=0), 14):
        tau = play(test, learner.policy.greedy, 20, 200, np.random.default_rng(0))
        if tau.sums(tau.steps.r).mean() >= -300:
            return
    pytest.fail(f"the last mean return is {tau.sums(tau.steps.r).mean():.0f}")


# What is refused


def test_a_reward_that_is_no_number_ends_the_run_and_leaves_what_was_learned():
    run = sac.train(Reach(broken=45), SMALL)
    kept = [next(run), next(run)]
    with pytest.raises(ValueError, match="Reach: the reward at step 45 is nan, expected a finite number"):
        next(run)
    assert [learner.steps for learner in kept] == [20, 40]


def test_a_policy_that_saturates_is_told_so():
    with pytest.raises(ValueError, match="the policy saturates: in all 8 states of a batch"):
        list(islice(sac.train(Reach(), replace(SMALL, hidden=(), alpha_theta=1e4)), 5))


def test_discrete_actions_are_told_which_algorithms_take_them():
    with pytest.raises(
        TypeError, match=r"CartPole-v1: action_space is Discrete\(2\), expected Box; .* a2c, ppo and trpo"
    ):
        sac.train(gymnasium.make("CartPole-v1"))


def test_where_both_critics_agree_one_of_them_counts():
    """Alike, they get the same step, and the actor climbs as with one of them."""
    learner, batch = learned()
    w = learner.critic.w[:1]
    alike = replace(learner, critic=replace(learner.critic, w=np.repeat(w, 2, axis=0)), memory_w=FRESH)
    alone = replace(learner, critic=replace(learner.critic, w=w), memory_w=FRESH)
    alike, alone = (sac.update(x, batch, SMALL, np.random.default_rng(3)) for x in (alike, alone))
    np.testing.assert_allclose(alike.critic.w, np.repeat(alone.critic.w, 2, axis=0), rtol=1e-12)
    np.testing.assert_allclose(alike.policy.theta, alone.policy.theta, rtol=1e-9)


class Blank(Reach):
    """Its second trajectory begins with an observation that is no number."""

    begun = 0

    def reset(self, **how):
        s, info = super().reset(**how)
        self.begun += 1
        return s * (np.nan if self.begun == 2 else 1), info


def test_a_first_observation_that_is_no_number_is_refused_by_name():
    run = sac.train(TimeLimit(Blank(), 5), replace(SMALL, warmup=100))
    with pytest.raises(ValueError, match=r"the observation after 5 steps\[0, 0\] is nan, expected a finite number"):
        next(run)
