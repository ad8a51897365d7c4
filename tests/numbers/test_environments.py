"""Trajectories from Gymnasium: what is a step, how it ended, and which environments are refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from pgcourse import zoo
from pgcourse.bellman import occupancy
from pgcourse.environments import play, play_streams
from pgcourse.policy import softmax
from pgcourse.sampling import _draw_rows


class Count(gymnasium.Env):
    """Counts 1, 2, … from 0; action 1 leaves (terminated), the limit cuts (truncated). The reward is the new count."""

    observation_space, action_space = Discrete(100), Discrete(2)

    def __init__(self, limit=5, nan_at=None):
        self.limit, self.nan_at = limit, nan_at

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return 0, {}

    def step(self, action):
        self.count += 1
        reward = float("nan") if self.count == self.nan_at else float(self.count)
        return self.count, reward, action == 1, self.count >= self.limit, {}


def leave_at(k):
    return lambda obs, rng: (obs >= k).astype(int)


def counts(kind, limits):
    """One environment, or a vector of them with either autoreset."""
    if kind == "alone":
        return Count(limits[0])
    return SyncVectorEnv([lambda limit=limit: Count(limit) for limit in limits], autoreset_mode=AutoresetMode(kind))


KINDS = ["alone", "NextStep", "SameStep", "Disabled"]


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


# Refused


@pytest.mark.parametrize("vector", [False, True])
def test_an_action_outside_its_box_is_refused_or_clipped_and_kept_as_it_was_drawn(vector):
    """Pendulum pays for the torque that it gets: at most 2."""
    env = gymnasium.make_vec("Pendulum-v1", 2, vectorization_mode="sync") if vector else gymnasium.make("Pendulum-v1")

    def far(obs, rng):
        return np.where(np.arange(len(obs)) == len(obs) - 1, 3.0, 1.0)[:, None]

    said = rf"Pendulum-v1: act returned \[3\.\] for lane {int(vector)}, expected an action in Box\(-2.*clip=True"
    with pytest.raises(ValueError, match=said):
        play(env, far, 2, 5, np.random.default_rng(0))
    clipped = play(env, far, 2, 5, np.random.default_rng(0), clip=True)
    inside = play(env, lambda obs, rng: far(obs, rng).clip(-2, 2), 2, 5, np.random.default_rng(0))
    assert (clipped.steps.a.max(), inside.steps.a.max()) == (3, 2)
    assert np.array_equal(clipped.steps.r, inside.steps.r)
    batch = next(play_streams(env, far, 4, np.random.default_rng(0), clip=True))
    assert batch.a.max() == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_reward_that_is_no_number_names_lane_and_step(kind):
    envs = [lambda: Count(9), lambda: Count(9, nan_at=3)]
    env = envs[1]() if kind == "alone" else SyncVectorEnv(envs, autoreset_mode=AutoresetMode(kind))
    lane = "" if kind == "alone" else "of lane 1 "
    with pytest.raises(
        ValueError, match=f"Count: the reward {lane}at step 2 is nan, expected a finite number|Sync.*{lane}at step 2"
    ):
        play(env, leave_at(50), 2, 50, np.random.default_rng(0))


@pytest.mark.parametrize("space", [Dict({"a": Discrete(2)}), MultiDiscrete([2, 3])])
@pytest.mark.parametrize("what", ["observation_space", "action_space"])
def test_a_space_that_is_not_supported_is_named(what, space):
    env = Count()
    setattr(env, what, space)
    for run in (play, play_streams):
        arguments = (3, 3) if run is play else (3,)
        with pytest.raises(TypeError, match=rf"Count: {what} is (Multi|Dict).*, expected Discrete or Box"):
            run(env, leave_at(1), *arguments, np.random.default_rng(0))


class Odd(Count):
    """Counts, and answers as `reset` and `step` are told to."""

    def __init__(self, reset=None, step=None):
        super().__init__()
        self.answers = reset, step

    def reset(self, **how):
        return super().reset(**how) if self.answers[0] is None else self.answers[0]

    def step(self, action):
        return super().step(action) if self.answers[1] is None else self.answers[1]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"reset": 0}, r"Odd: reset returned 0, expected \(observation, info\).*old Gym"),
        (
            {"step": (1, 1.0, False, {})},
            r"Odd: step returned \(1, 1.0, False, {}\), expected .*old Gym",
        ),
        (
            {"step": (1, [1.0], False, False, {})},
            r"the reward at step 0 is \[1.0\] of shape \(1,\), expected a num",
        ),
        ({"step": (1, 1e308, False, False, {})}, r"Odd: the reward at step 0 is 1e\+308, expected a size of at most"),
        (
            {"step": ([1, 2], 1.0, False, False, {})},
            r"an observation is \[1, 2\] of shape \(2,\), expected shape \(\)",
        ),
        ({"reset": (None, {})}, "an observation is None"),
    ],
)
def test_an_answer_that_is_not_gymnasium_s_is_named(answers, message):
    with pytest.raises(ValueError, match=message):
        play(Odd(**answers), leave_at(3), 2, 9, np.random.default_rng(0))


def test_spaces_that_are_supported_pass():
    env = Count()
    env.observation_space = Box(0, 100, (), dtype=np.int64)
    assert len(play(env, leave_at(1), 2, 3, np.random.default_rng(0))) == 2


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda obs, rng: np.zeros(3, int), r"act returned shape \(3,\), expected \(1,\) for 1 observations"),
        (lambda obs, rng: 0, r"act returned shape \(\), expected \(1,\)"),
        (lambda obs, rng: np.array([2]), r"act returned array\(\[2\]\), expected integers in 0 … 1"),
        (lambda obs, rng: np.array([0.5]), r"act returned array\(\[0.5\]\), expected integers"),
    ],
)
def test_a_policy_that_gives_no_action_is_told_what_was_expected(act, said):
    with pytest.raises(ValueError, match=said):
        play(Count(), act, 1, 5, np.random.default_rng(0))


def test_actions_are_counted_from_where_their_space_begins():
    env = Count()
    env.action_space = Discrete(2, start=3)
    assert play(env, lambda obs, rng: np.array([4]), 1, 5, np.random.default_rng(0)).a.tolist() == [[4] * 5]
    for a in (2, 5):
        with pytest.raises(ValueError, match=rf"act returned array\(\[{a}\]\), expected integers in 3 … 4"):
            play(env, lambda obs, rng, a=a: np.array([a]), 1, 5, np.random.default_rng(0))


@pytest.mark.parametrize("field", ["n", "horizon"])
def test_a_horizon_of_zero_is_refused(field):
    with pytest.raises(ValueError, match=f"{field} is 0, expected an integer ≥ 1"):
        play(Count(), leave_at(1), **({"n": 1, "horizon": 1} | {field: 0}), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="steps is 0, expected"):
        play_streams(Count(), leave_at(1), 0, np.random.default_rng(0))


def test_the_same_seed_lives_the_same():
    def act(obs, rng):
        return rng.integers(2, size=len(obs))

    one, other = (play(gymnasium.make_vec("CartPole-v1", 3), act, 5, 50, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one.s, other.s)


class Paid(gymnasium.Env):
    """Pays for the action that it gets, which must be one of its Box."""

    observation_space = Box(-9, 9, (1,))

    def __init__(self, action_space):
        self.action_space = action_space

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return np.ones(1, np.float32), float(action[0]), False, True, {}


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize(
    ("box", "drawn", "got"),
    [
        (Box(0, 255, (1,), np.uint8), -1.0, 0),
        (Box(0, 255, (1,), np.uint8), 300, 255),
        (Box(-5, 5, (1,), np.int64), 2.9, 3),
        (Box(-5, 5, (1,), np.int64), -7.2, -5),
    ],
)
def test_an_integer_box_gets_the_nearest_integer_with_clip_and_refuses_it_without(vector, box, drawn, got):
    env = SyncVectorEnv([lambda: Paid(box)]) if vector else Paid(box)

    def act(obs, rng):
        return np.full((len(obs), 1), drawn)

    tau = play(env, act, 1, 1, np.random.default_rng(0), clip=True)
    assert (tau.steps.r.tolist(), tau.steps.a.tolist()) == ([got], [[drawn]])
    with pytest.raises(ValueError, match=rf"act returned \[{drawn:g}\.?\] for lane 0, expected an action in Box"):
        play(env, act, 1, 1, np.random.default_rng(0))
    whole = play(env, lambda obs, rng: np.full((len(obs), 1), float(got)), 1, 1, np.random.default_rng(0))
    assert whole.steps.r.tolist() == [got]


def test_a_stream_keeps_actions_although_act_uses_its_own_array_again():
    ours = np.zeros(1, int)

    def act(obs, rng):
        ours[:] = obs == 1
        return ours

    batch = next(play_streams(Count(99), act, 3, np.random.default_rng(0)))  # leaves at 1, and begins anew
    assert (batch.s.tolist(), batch.a.tolist()) == ([[0, 1, 0]], [[0, 1, 0]])


def test_act_cannot_change_what_it_sees():
    def act(obs, rng):
        obs += 1
        return np.zeros(1, int)

    with pytest.raises(ValueError, match="read-only"):
        play(Count(), act, 1, 3, np.random.default_rng(0))


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (1, "1.5", "the reward at step 0 is .*1.5.*, expected (a real number|real numbers)"),
        (1, 1 + 2j, "the reward at step 0 is .*, expected (a real number|real numbers)"),
        (1, np.ma.masked, "the reward at step 0 is .*, expected (a real number|real numbers)"),
        (2, "False", "terminated at step 0 is .*, expected True or False"),
        (2, float("nan"), "terminated at step 0 is .*, expected True or False"),
        (3, None, "truncated at step 0 is .*, expected True or False"),
    ],
)
def test_an_answer_that_would_be_read_as_something_else_is_refused(vector, place, value, said):
    env = counts("NextStep", [5, 5]) if vector else Count()
    right = env.step

    def step(action):
        answer = list(right(action))
        masked = np.ma.array([1.0, 1.0], mask=[True, False])
        answer[place] = value if not vector else masked if value is np.ma.masked else np.array([value] * 2)
        return tuple(answer)

    env.step = step
    with pytest.raises(ValueError, match=said):
        play(env, leave_at(3), 2, 9, np.random.default_rng(0))


@pytest.mark.parametrize(("reward", "over"), [(Fraction(1, 2), 0.0), (10**30, np.False_), (Decimal("1.5"), 0)])
def test_an_answer_in_another_type_of_number_is_taken(reward, over):
    env = Count()
    right = env.step
    env.step = lambda action: (right(action)[0], reward, over, right(action)[3], {})
    assert play(env, leave_at(9), 1, 2, np.random.default_rng(0)).r[0, 0] == float(reward)
