"""Trajectories from Gymnasium: what is a step, how a trajectory ended, and streams that go on between batches."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from counting_env import KINDS, Count, counts, leave_at
from gymnasium.spaces import Box

from pgcourse import zoo
from pgcourse.bellman import occupancy
from pgcourse.environments import play, play_streams
from pgcourse.policy import softmax
from pgcourse.sampling import _draw_rows


@pytest.mark.parametrize("kind", KINDS)
def test_a_trajectory_is_terminated_or_truncated_and_has_no_other_steps(kind):
    rng = np.random.default_rng(0)
    left = play(counts(kind, [5, 5, 5]), leave_at(2), 7, 50, rng)
    assert left.terminated.all()
    assert left.s.tolist() == [[0, 1, 2, 3]] * 7
    assert left.a.tolist() == [[0, 0, 1]] * 7
    assert left.r.tolist() == [[1, 2, 3]] * 7
    cut = play(counts(kind, [5, 5, 5]), leave_at(9), 7, 50, rng)
    assert cut.truncated.all()
    assert cut.s.tolist() == [[0, 1, 2, 3, 4, 5]] * 7


@pytest.mark.parametrize("kind", KINDS)
def test_the_horizon_truncates_too_and_to_end_at_it_is_to_end(kind):
    rng = np.random.default_rng(0)
    cut = play(counts(kind, [9, 9]), leave_at(4), 5, 3, rng)
    assert cut.truncated.all()
    assert cut.s.tolist() == [[0, 1, 2, 3]] * 5
    for limit in (9, 3):  # of the environment: it may say both of its last step
        ended = play(counts(kind, [limit, limit]), leave_at(2), 5, 3, rng)
        assert ended.terminated.all()
        assert not ended.truncated.any()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_lanes_of_different_lengths_share_the_trajectories_as_they_come_free(kind):
    tau = play(counts(kind, [2, 4]), leave_at(50), 6, 50, np.random.default_rng(0))
    assert sorted(tau.length.tolist()) == [2, 2, 2, 2, 4, 4] or sorted(tau.length.tolist()) == [2, 2, 2, 4, 4, 4]
    assert tau.truncated.all()
    for s, _, r in tau:
        assert s.tolist() == list(range(len(s)))
        assert r.tolist() == list(range(1, len(s)))
    to_come = tau.steps.backward(tau.steps.r, 1.0)  # 1 + 2 + … + length, without what has been
    length, t = tau.length[tau.steps.n], tau.steps.t
    assert to_come.tolist() == (length * (length + 1) / 2 - t * (t + 1) / 2).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_goes_on_between_batches(kind):
    """Trajectories of 3 steps: in batches of 4 and laid end to end they are 0 1 2 0 1 2 …, whatever resets cost."""
    batches = play_streams(counts(kind, [3, 3]), leave_at(50), 4, np.random.default_rng(0))
    some = [next(batches) for _ in range(6)]
    for lane in range(1 if kind == "alone" else 2):
        valid, s, s_next, truncated = (
            np.concatenate([getattr(batch, field)[lane] for batch in some])
            for field in ("valid", "s", "s_next", "truncated")
        )
        n = valid.sum()
        assert n == 24 - (6 if kind == "NextStep" else 0)
        assert s[valid].tolist() == ([0, 1, 2] * 8)[:n]
        assert s_next[valid].tolist() == ([1, 2, 3] * 8)[:n]
        assert truncated[valid].tolist() == ([False, False, True] * 8)[:n]
    assert not any(batch.terminated.any() for batch in some)


def test_a_stream_takes_another_policy_and_may_be_left_and_taken_up_again():
    batches = play_streams(Count(5), leave_at(50), 5, np.random.default_rng(0))
    first = next(batches)
    assert first.truncated[0].tolist() == [False] * 4 + [True]
    assert batches.send(leave_at(0)).terminated.all()
    again = next(play_streams(Count(5), leave_at(50), 5, np.random.default_rng(0)))
    assert np.array_equal(first.s, again.s)
    assert next(batches).terminated.all()
    batches.close()
    assert first.r.tolist() == [[1, 2, 3, 4, 5]]


@pytest.mark.slow
@pytest.mark.sampled
def test_gymnasium_s_lake_and_its_mdp_have_the_same_visits():
    lake, n = zoo.frozen_lake(), 3000
    pi = softmax(zoo.lake_features(), [0.5, 2])
    env = gymnasium.make_vec("FrozenLake-v1", 50, vectorization_mode="sync")
    tau = play(env, lambda s, rng: _draw_rows(pi.probs, s, rng), n, 10_000, np.random.default_rng(1))
    visits = np.zeros((n, 16))
    np.add.at(visits, (tau.steps.n, tau.steps.s), lake.gamma**tau.steps.t)
    often = (occupancy(lake, pi) > 0.05) & ~lake.absorbing  # rarer ones are no Gaussians after 3000 trajectories
    z = (visits.mean(axis=0) - occupancy(lake, pi)) / (visits.std(axis=0, ddof=1) / np.sqrt(n) + 1e-300)
    assert often.sum() > 8
    assert np.abs(z[often]).max() < 4


def test_cartpole_s_own_vector_environment_tells_its_limit_from_its_falls():
    still = play(gymnasium.make_vec("CartPole-v1", 8), lambda o, _: (o[:, 2] > 0) * 1, 30, 20, np.random.default_rng(0))
    assert still.s.shape == (30, 21, 4)
    assert still.truncated.any()
    assert np.array_equal(still.length == 20, still.truncated)
    assert (np.abs(still.s[:, 0]) <= 0.05).all()


def test_continuous_actions_are_handed_over_as_they_are():
    env = gymnasium.make_vec("Pendulum-v1", 3, vectorization_mode="sync")
    tau = play(env, lambda obs, rng: rng.uniform(-2, 2, (len(obs), 1)), 4, 9, np.random.default_rng(0))
    alone = play(
        gymnasium.make("Pendulum-v1"), lambda o, rng: rng.uniform(-2, 2, (len(o), 1)), 2, 9, np.random.default_rng(0)
    )
    for some in (tau, alone):
        assert some.a.shape == (len(some), 9, 1)
        assert some.truncated.all()


def test_the_same_seed_lives_the_same():
    def act(obs, rng):
        return rng.integers(2, size=len(obs))

    one, other = (play(gymnasium.make_vec("CartPole-v1", 3), act, 5, 50, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one.s, other.s)


class Reuses(Count):
    """Counts in one array of its own, which it hands out at every step."""

    observation_space, ours = Box(0, 100, (1,)), np.zeros(1)

    def reset(self, **how):
        self.ours[:], info = super().reset(**how)
        return self.ours, info

    def step(self, action):
        self.ours[:], *rest = super().step(action)
        return self.ours, *rest


def test_what_was_seen_is_kept_although_the_environment_uses_its_own_array_again():
    def stay(obs, rng):
        return np.zeros(len(obs), int)

    tau = play(Reuses(3), stay, 2, 9, np.random.default_rng(0))
    assert tau.s[..., 0].tolist() == [[0, 1, 2, 3]] * 2
    batch = next(play_streams(Reuses(3), stay, 5, np.random.default_rng(0)))
    assert batch.s[0, :, 0].tolist() == [0, 1, 2, 0, 1]
    assert batch.s_next[0, :, 0].tolist() == [1, 2, 3, 1, 2]


def test_a_stream_keeps_actions_although_act_uses_its_own_array_again():
    ours = np.zeros(1, int)

    def act(obs, rng):
        ours[:] = obs == 1
        return ours

    batch = next(play_streams(Count(99), act, 3, np.random.default_rng(0)))  # leaves at 1, and begins anew
    assert (batch.s.tolist(), batch.a.tolist()) == ([[0, 1, 0]], [[0, 1, 0]])


def test_spaces_that_are_supported_pass():
    env = Count()
    env.observation_space = Box(0, 100, (), dtype=np.int64)
    assert len(play(env, leave_at(1), 2, 3, np.random.default_rng(0))) == 2
