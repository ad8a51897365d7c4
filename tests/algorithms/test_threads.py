"""Learning has one thread, gives the others back, and is the same run whatever the reader's NumPy has."""

from __future__ import annotations

from itertools import islice

import gymnasium
import pytest

from pgcourse.algorithms import a2c, ddpg, reinforce
from pgcourse.algorithms.threads import controller, on_one_thread, one_thread


def threads():
    return [library["num_threads"] for library in controller().info() if library["user_api"] == "blas"]


def test_one_thread_while_a_state_is_made_and_as_many_as_before_in_between():
    def states():
        for _ in range(2):
            yield threads()

    with controller().limit(limits=2):
        before = threads()
        for seen in on_one_thread(states()):
            assert seen == [1] * len(before)
            assert threads() == before
        assert threads() == before


def test_what_ends_a_run_ends_it_with_the_threads_given_back():
    def states():
        yield 1
        raise ValueError("a reward is NaN")

    with controller().limit(limits=2):
        before, run = threads(), on_one_thread(states())
        assert next(run) == 1
        with pytest.raises(ValueError, match="a reward is NaN"):
            next(run)
        assert threads() == before


@pytest.mark.parametrize(
    ("name", "train", "states"),
    [
        ("Pendulum-v1", lambda env: ddpg.train(env, ddpg.Settings(warmup=260), seed=1), 7),
        ("CartPole-v1", lambda env: a2c.train(env, seed=1), 3),
        ("CartPole-v1", lambda env: reinforce.train(env, seed=1), 2),
    ],
)
def test_a_run_is_the_same_with_one_thread_and_with_two(name, train, states):
    found = []
    for count in (1, 2):
        with controller().limit(limits=count):
            *_, last = islice(train(gymnasium.make(name)), states)
        found.append(last.policy.theta.tobytes())
    assert found[0] == found[1]


def test_two_runs_at_once_leave_as_many_threads_as_there_were():
    """The first to enter leaves first, as in two threads of a process: the second still has one thread."""
    with controller().limit(limits=2):
        before = threads()
        one_thread.__enter__()
        one_thread.__enter__()
        one_thread.__exit__()
        assert threads() == [1] * len(before)
        one_thread.__exit__()
        assert threads() == before
