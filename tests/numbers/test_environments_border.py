"""What goes into an environment and comes out: actions and answers, each taken, clipped or refused by name."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import gymnasium
import numpy as np
import pytest
from counting_env import KINDS, Count, counts, leave_at
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from pgcourse.environments import play, play_streams


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


@pytest.mark.parametrize("clip", [False, True])
def test_a_box_of_floats_gets_an_action_in_its_own_type(clip):
    """Only the rounding changes what is inside, and what is outside by rounding alone stands at the bound."""
    for drawn, got in ((0.3, np.float32(0.3)), (2 + 1e-9, 2)):
        tau = play(
            Paid(Box(-2, 2, (1,))), lambda obs, rng, a=drawn: np.full((1, 1), a), 1, 1, np.random.default_rng(0), clip
        )
        assert tau.steps.r.tolist() == [got]


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(
    ("action", "said"),
    [
        (np.full((1, 1), np.nan), r"act returned array\(\[\[nan\]\]\), expected finite numbers"),
        (np.ma.array([[1.0]], mask=True), "expected a plain array, with nothing masked"),
    ],
    ids=["nan", "masked"],
)
def test_an_action_that_is_no_number_is_refused(action, said, clip):
    with pytest.raises(ValueError, match=said):
        play(Paid(Box(-2, 2, (1,))), lambda obs, rng: action, 1, 5, np.random.default_rng(0), clip)


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
