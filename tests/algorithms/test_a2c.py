"""A2C and REINFORCE with networks: one update by hand, ends and time limits kept apart, and CartPole learned by A2C."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from pgcourse.algorithms import a2c, reinforce
from pgcourse.algorithms.a2c import Learner, update
from pgcourse.algorithms.actor_critic import finished, learning
from pgcourse.algorithms.networks import MLP
from pgcourse.algorithms.optimisers import sgd
from pgcourse.algorithms.policies import SoftmaxNetwork, policy_for
from pgcourse.environments import play
from pgcourse.trajectories import Stream

SETTINGS = a2c.Settings(n=4, hidden=(), optimiser=sgd, alpha_w=0.5, alpha_theta=0.2, gamma=0.9, lam=0.8)


class Steady(gymnasium.Env):
    """Pays 1 at every step; ends after `life` steps, or never. The last observation of a trajectory is −1, others 1."""

    def __init__(self, life=None, shape=(1,), start=0):
        self.observation_space = gymnasium.spaces.Box(-2, 2, shape)
        self.action_space = gymnasium.spaces.Discrete(2, start=start)
        self.life = life

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.ones(self.observation_space.shape, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.t += 1
        over = self.t == self.life
        return np.full(self.observation_space.shape, -1 if over else 1, np.float32), 1.0, over, False, {}


def batch(**changes):
    """Two environments, three steps: the first ends at step 1 and is only reset at step 2; the second goes on."""
    rng = np.random.default_rng(0)
    s = rng.standard_normal((2, 4, 3))
    off = np.zeros((2, 3), dtype=bool)
    arrays = {
        "s": s[:, :-1],
        "a": np.array([[0, 1, 0], [1, 1, 0]]),
        "r": np.array([[1.0, 2, 0], [0.5, -1, 3]]),
        "s_next": s[:, 1:],
        "terminated": off,
        "truncated": off,
        "valid": np.array([[True, True, False], [True, True, True]]),
    }
    return Stream(**(arrays | changes))


def at(n, t):
    mask = np.zeros((2, 3), dtype=bool)
    mask[n, t] = True
    return mask


def learner():
    rng = np.random.default_rng(1)
    actor, critic = MLP((3, 2)), MLP((3, 1), unit=2.0)
    return Learner(SoftmaxNetwork(actor, rng.standard_normal(actor.d)), critic, rng.standard_normal(critic.d))


@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_an_update_is_what_its_equations_say_step_by_step(end):
    old, given = learner(), batch(**{end: at(0, 1)})
    new = update(old, given, SETTINGS)
    W, b = old.w[:3], old.w[3]

    def v(s):
        return 2 * (s @ W + b)

    grad_theta, grad_w, squares = np.zeros(8), np.zeros(4), 0.0
    for n, last in ((0, 1), (1, 2)):
        A = 0.0
        for t in range(last, -1, -1):
            s, a, s_next = given.s[n, t], given.a[n, t], given.s_next[n, t]
            after = 0.0 if given.terminated[n, t] else v(s_next)
            A = given.r[n, t] + 0.9 * after - v(s) + 0.9 * 0.8 * A
            squares += A**2
            grad_w += A * 2 * np.append(s, 1) / 5  # five steps; the sixth is a reset
            pi = old.policy.probs(s[None])[0]
            grad_theta += A * np.outer(np.append(s, 1), np.eye(2)[a] - pi).ravel() / 5
    np.testing.assert_allclose(new.w, old.w + 0.5 * grad_w, rtol=1e-12)
    np.testing.assert_allclose(new.policy.theta, old.policy.theta + 0.2 * grad_theta, rtol=1e-12)
    assert (new.steps, new.updates) == (5, 1)
    assert new.error == pytest.approx(np.sqrt(squares / 5))


def test_the_entropy_s_weight_makes_the_policy_more_uniform():
    old, given = learner(), batch()
    entropies = []
    for beta in (0.0, 5.0):
        new = update(old, given, replace(SETTINGS, beta=beta, alpha_theta=0.02))
        entropies.append(update(new, given, SETTINGS).entropy)
    assert entropies[0] < entropies[1]


def test_a_step_that_only_resets_changes_nothing():
    given = batch(terminated=at(0, 1))
    s, s_next, r = np.copy(given.s), np.copy(given.s_next), np.copy(given.r)
    s[0, 2], s_next[0, 2], r[0, 2] = 50, -70, 90
    settings = replace(SETTINGS, beta=0.3)
    one, other = (update(learner(), x, settings) for x in (given, replace(given, s=s, s_next=s_next, r=r)))
    np.testing.assert_allclose(one.w, other.w, rtol=1e-12)
    np.testing.assert_allclose(one.policy.theta, other.policy.theta, rtol=1e-12)
    assert (other.entropy, other.error) == pytest.approx((one.entropy, one.error), rel=1e-12)


def learned_value(env):
    """What the critic says of the first observation, once it has settled (γ = 0.5)."""
    settings = a2c.Settings(n=8, gamma=0.5, lam=0.9, hidden=(), alpha_w=0.5, unit=1.0, optimiser=sgd)
    *_, last = islice(a2c.train(env, settings, seed=0), 40)
    return last.v(np.ones((1, 1)))[0]


@pytest.mark.parametrize("mode", AutoresetMode)
def test_after_a_time_limit_life_would_have_gone_on_and_after_an_end_not(mode):
    """1 + ½ + ¼ + … = 2 where a limit cuts after 3 steps. Where all is over after one step, 1."""
    limited = SyncVectorEnv([lambda: TimeLimit(Steady(), 3)] * 2, autoreset_mode=mode)
    assert learned_value(limited) == pytest.approx(2, abs=0.02)
    short = SyncVectorEnv([lambda: Steady(life=1)] * 2, autoreset_mode=mode)
    assert learned_value(short) == pytest.approx(1, abs=0.02)


def test_an_end_at_the_very_time_limit_is_an_end():
    env = SyncVectorEnv([lambda: TimeLimit(Steady(life=1), 1)] * 2)
    assert learned_value(env) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("n", [1, 3, 16])
def test_returns_are_those_of_whole_trajectories_wherever_batches_are_cut(mode, n):
    env = SyncVectorEnv([lambda: Steady(life=5), lambda: TimeLimit(Steady(), 2)], autoreset_mode=mode)
    learners = list(islice(a2c.train(env, a2c.Settings(n=n, hidden=(4,))), 60 // n))
    returns = np.concatenate([learner.returns for learner in learners])
    assert set(returns) == {2, 5}
    assert returns.sum() + learners[-1].earned.sum() == learners[-1].steps  # a reward of 1 for every step: none is lost


def test_returns_of_several_trajectories_in_one_batch_are_told_apart():
    ended = at(0, 0) | at(0, 2)
    returns, earned = finished(batch(truncated=ended, valid=np.ones((2, 3), dtype=bool)), np.array([10.0, 20]))
    assert returns.tolist() == [11, 2]
    assert earned.tolist() == [0, 22.5]


def test_what_a_reset_pays_is_nobody_s_return():
    given = batch(truncated=at(0, 1) | at(1, 2))  # the step after the first is a reset
    returns, earned = finished(replace(given, r=np.where(given.valid, given.r, 1e6)), 0.0)
    assert (~given.valid).sum() == 1
    assert max(*returns, *earned) < 100


def test_actions_that_do_not_start_at_0_and_observations_of_any_shape():
    env = SyncVectorEnv([lambda: Steady(life=3, shape=(2, 2), start=7)] * 2)
    assert next(islice(a2c.train(env, SETTINGS), 3, None)).updates == 4
    assert next(reinforce.train(env, reinforce.Settings(episodes=3, horizon=2))).returns.tolist() == [2, 2, 2]


def test_updates_and_steps_are_counted_and_a_reset_is_no_step():
    """Two environments of 2 steps each; of 6 steps of a lane every third only resets: 8 of 12 count."""
    env = SyncVectorEnv([lambda: Steady(life=2)] * 2)
    learners = list(islice(a2c.train(env, replace(SETTINGS, n=6)), 3))
    assert [(learner.updates, learner.steps) for learner in learners] == [(1, 8), (2, 16), (3, 24)]
    batches = list(islice(reinforce.train(env, reinforce.Settings(episodes=5, horizon=9)), 3))
    assert [(learner.updates, learner.steps) for learner in batches] == [(1, 10), (2, 20), (3, 30)]


# Runs


def test_the_next_batch_is_drawn_with_the_new_policy():
    asked = []

    def batches():
        while True:
            asked.append((yield "a batch"))

    def update(learner, batch):
        return SimpleNamespace(policy=learner.policy + 1)

    learners = learning(SimpleNamespace(policy=0), batches(), update)
    assert [next(learners).policy for _ in range(3)] == [1, 2, 3]
    assert asked == [1, 2]


@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [(a2c.train, a2c.Settings(hidden=(8,))), (reinforce.train, reinforce.Settings(episodes=4))],
)
def test_a_seed_is_a_run_and_a_stopped_run_spoils_no_other(algorithm, settings):
    env = gymnasium.make_vec("CartPole-v1", num_envs=4)
    first = list(islice(algorithm(env, settings, seed=3), 5))
    stopped = algorithm(env, settings, seed=4)
    next(stopped)
    again = list(islice(algorithm(env, settings, seed=3), 5))
    other = list(islice(algorithm(env, settings, seed=5), 5))
    assert all(np.array_equal(a.policy.theta, b.policy.theta) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[-1].policy.theta, other[-1].policy.theta)
    with pytest.raises(ValueError, match="read-only"):
        first[-1].policy.theta[0] = 1.0


class Broken(Steady):
    """After two steps, a reward or an observation that is not a number."""

    def __init__(self, what, life=None):
        super().__init__(life)
        self.what = what

    def step(self, action):
        obs, r, terminated, truncated, info = super().step(action)
        if self.t == 2:
            obs, r = (obs * np.nan, r) if self.what == "obs" else (obs, np.nan)
        return obs, r, terminated, truncated, info


@pytest.mark.parametrize("what", ["obs", "reward"])
@pytest.mark.parametrize("life", [None, 2])
@pytest.mark.parametrize("algorithm", [a2c.train, reinforce.train])
def test_nan_from_an_environment_is_an_error_that_says_so(what, life, algorithm):
    env = SyncVectorEnv([lambda: TimeLimit(Broken(what, life), 9)] * 2)
    named = {"obs": "(obs|s_next)", "reward": "reward"}[what]  # that of all observations that comes last is no s
    with pytest.raises(ValueError, match=f"{named}.* is nan, expected a finite number"):
        list(islice(algorithm(env), 3))


@pytest.mark.parametrize("algorithm", [a2c.train, reinforce.train])
def test_an_unsupported_space_is_named_at_once(algorithm):
    with pytest.raises(TypeError, match=r"FrozenLake-v1: observation_space is Discrete\(16\), expected Box"):
        algorithm(gymnasium.make_vec("FrozenLake-v1", num_envs=2))


# REINFORCE


def test_an_update_of_reinforce_is_the_textbook_s_double_loop():
    env, settings = gymnasium.make_vec("CartPole-v1", num_envs=3), reinforce.Settings(episodes=3, optimiser=sgd)
    settings = replace(settings, baseline=reinforce.no_baseline, alpha=0.01, gamma=0.97)
    rng = np.random.default_rng(0)
    policy = policy_for(env, (), rng)
    policy = replace(policy, theta=rng.standard_normal(len(policy.theta)))
    tau = play(env, policy, 3, 500, rng)
    expected = np.zeros((5, 2))
    for s, a, r in tau:
        for t in range(len(r)):
            G = sum(0.97**k * r[t + k] for k in range(len(r) - t))
            pi = policy.probs(s[t][None])[0]
            expected += G * np.outer(np.append(s[t], 1), np.eye(2)[a[t]] - pi) / 3
    new = reinforce.update(reinforce.Learner(policy), tau, settings)
    np.testing.assert_allclose(new.policy.theta, policy.theta + 0.01 * expected.ravel(), rtol=1e-9)
    assert sorted(new.returns) == sorted(tau.length)


def test_baselines_are_the_means_they_say():
    env = SyncVectorEnv([lambda: Steady(life=2), lambda: Steady(life=4)])
    tau = play(env, policy_for(env, (), np.random.default_rng(0)), 2, 9, np.random.default_rng(0))
    G = tau.steps.backward(tau.steps.r, 1.0)
    assert sorted(G) == [1, 1, 2, 2, 3, 4]
    assert reinforce.mean(tau, G) == pytest.approx(13 / 6)


# CartPole


def test_the_vectorised_cartpole_is_the_ordinary_one_step_by_step():
    """Observations, rewards, ends and time limits of each lane, from the lane's own starts on."""
    N, rng = 3, np.random.default_rng(0)
    vector = gymnasium.make_vec("CartPole-v1", num_envs=N, vectorization_mode="vector_entry_point")
    ordinary = [gymnasium.make("CartPole-v1") for _ in range(N)]
    for env in ordinary:
        env.reset()
    obs, _ = vector.reset(seed=0)
    begin, over = np.ones(N, dtype=bool), np.zeros(N, dtype=bool)
    ends = {"terminated": 0, "truncated": 0}
    for _ in range(700):
        for n in np.flatnonzero(begin):
            ordinary[n].reset()
            ordinary[n].unwrapped.state = vector.unwrapped.state[:, n].copy()
        tilt = obs @ [0.1, 0.5, 3, 1] > 0  # balances to the time limit …
        actions = np.where(rng.random(N) < [0, 0.3, 1], rng.integers(2, size=N), tilt)  # … more, less or not at all
        was_over = over
        obs, r, terminated, truncated, _ = vector.step(actions)
        for n in np.flatnonzero(~was_over):
            expected = ordinary[n].step(int(actions[n]))
            np.testing.assert_allclose(obs[n], expected[0], rtol=1e-5, atol=1e-7)
            assert (r[n], terminated[n], truncated[n]) == expected[1:4]
        assert (r[was_over] == 0).all()
        begin, over = was_over, terminated | truncated
        ends["terminated"] += int(terminated.sum())
        ends["truncated"] += int((truncated & ~terminated).sum())
    assert ends["terminated"] > 10
    assert ends["truncated"] >= 1


@pytest.mark.slow
def test_a2c_learns_cartpole_to_475_from_scratch():
    """The mean return of 100 trajectories, in a second or so. Most seeds need less than a fifth of the limit."""
    envs, test = (gymnasium.make_vec("CartPole-v1", num_envs=n) for n in (16, 100))
    rng = np.random.default_rng(0)
    looks = (learner for learner in islice(a2c.train(envs, seed=1), 800) if learner.updates % 20 == 0)
    assert any(play(test, learner.policy, 100, 500, rng).length.mean() >= 475 for learner in looks)
