"""A run shows its first result at once, is stopped and goes on, begins anew with new inputs, and never blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from counting_run import N, counting, until

import pgcourse.live.running
from pgcourse.live.interrupts import Home
from pgcourse.live.running import Runner

pytestmark = pytest.mark.usefixtures("brisk")


class View:
    """Values, and every picture that was drawn of them."""

    def __init__(self, **values: Any) -> None:
        self.values, self.drawn, self.errors, self.fine = values, [], [], True

    def show(self, values: dict[str, Any]) -> bool:
        self.values = self.values | values
        self.drawn.append(self.values)
        return self.fine

    def fail(self, error: Exception) -> None:
        self.errors.append(error)


def view_and_runner(work: Callable[..., Any] = counting, **values: Any) -> tuple[View, Runner]:
    view = View(**({"alpha": 2.0, "n": N, "total": 0.0} | values))
    return view, Runner(work, lambda: view.values, view.show, view.fail, Home())


def test_a_run_shows_every_result_to_the_last_and_says_that_it_is_done():
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        assert (runner.button.description, runner.running) == ("stop", True)
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert [numbers["total"] for numbers in view.drawn[:N]] == [2.0 * k for k in range(1, N + 1)]
    assert view.values["total"] == 2.0 * N
    assert (runner.note.value, runner.bar.value) == ("done", 1.0)
    assert (runner.button.description, runner.button.value) == ("run", False)


def test_between_two_pictures_much_is_computed_and_the_first_comes_at_once(monkeypatch):
    monkeypatch.setattr(pgcourse.live.running, "SLICE", 10.0)
    monkeypatch.setattr(pgcourse.live.running, "DRAW_EVERY", 10.0)
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert [numbers["total"] for numbers in view.drawn] == [2.0, 2.0 * N]


def test_a_picture_has_all_that_has_changed_since_the_one_before(monkeypatch):
    monkeypatch.setattr(pgcourse.live.running, "SLICE", 10.0)

    def work(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 0.2, {}
        yield 0.5, {"total": alpha}
        yield 1.0, {"best": alpha}

    view, runner = view_and_runner(work, best=0.0)

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert [(numbers["total"], numbers["best"]) for numbers in view.drawn] == [(0.0, 0.0), (2.0, 2.0)]


def test_after_a_move_of_the_reader_no_work_is_done_for_a_while(monkeypatch):
    """The clock stands still here: the while does not end."""
    monkeypatch.setattr(pgcourse.live.running, "monotonic", lambda: 100.0)
    monkeypatch.setattr(pgcourse.live.running, "PAUSE", 60.0)
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        runner.give_way()
        seen = len(view.drawn)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(view.drawn) <= seen + 1, "the step that was under way"
        runner.stop()

    asyncio.run(story())


def test_stop_keeps_what_is_there_and_run_goes_on_from_it():
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        runner.stop()
        there = view.values["total"]
        assert 0 < there < 2.0 * N
        assert runner.note.value == f"stopped at {there / 2 / N:.0%}: run goes on from here"
        for _ in range(20):
            await asyncio.sleep(0)
        assert view.values["total"] == there, "it went on by itself"
        runner.button.value = True
        await until(lambda: view.values["total"] > there)
        assert view.values["total"] == there + 2
        await until(lambda: not runner.running)

    asyncio.run(story())
    totals = [numbers["total"] for numbers in view.drawn]
    assert sorted(totals) == totals
    assert totals[-1] == 2.0 * N


def test_a_moved_input_begins_anew_while_it_runs_and_is_said_while_it_rests():
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        view.values = view.values | {"alpha": 3.0}
        runner.input_moved("alpha")
        seen = len(view.drawn)
        await until(lambda: len(view.drawn) > seen)
        assert view.drawn[seen]["total"] == 3.0, "the first step of the new run"
        runner.stop()
        runner.input_moved("alpha")
        assert (runner.note.value, runner.bar.value) == ("alpha has changed: run begins anew", 0.0)
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert view.values["total"] == 3.0 * N


def test_a_moved_input_is_said_where_a_scene_shows_a_run():
    """Nothing has run here, and the picture is that of other inputs than the controls now say."""
    view, runner = view_and_runner()
    view.values = view.values | {"total": 5.0}
    runner.input_moved("alpha")
    assert runner.note.value == "alpha has changed: run begins anew"


def test_a_moved_input_is_heard_even_where_the_share_is_still_zero():
    """As of a work that cannot know how long it will take."""

    def endless(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        while True:
            yield 0.0, {"total": alpha}

    view, runner = view_and_runner(endless)

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        runner.stop()
        view.values = view.values | {"alpha": 3.0}
        runner.input_moved("alpha")
        assert runner.note.value == "alpha has changed: run begins anew"
        runner.button.value = True
        await until(lambda: view.values["total"] == 3.0)
        runner.stop()

    asyncio.run(story())


def test_a_run_that_is_stopped_before_its_first_result_shows_nothing_of_an_earlier_one():
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)
        view.values = view.values | {"total": 7.0}
        runner.button.value = True
        runner.stop()
        assert (view.values["total"], runner.note.value, runner.bar.value) == (7.0, "", 0.0)

    asyncio.run(story())


def test_a_run_that_begins_anew_shows_nothing_of_the_one_before():
    def work(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 0.5, {"total": alpha}
        yield 1.0, {"best": alpha}

    view, runner = view_and_runner(work, best=0.0)

    async def story():
        for _ in range(2):
            view.values = view.values | {"total": 0.0, "best": 0.0}
            runner.button.value = True
            await until(lambda: not runner.running)

    asyncio.run(story())
    shown = [(numbers["total"], numbers["best"]) for numbers in view.drawn]
    assert [*dict.fromkeys(shown)] == [(2.0, 0.0), (2.0, 2.0)]
    assert shown.count((2.0, 0.0)) == 2, "one picture of each run's first result"


def test_a_work_that_has_come_to_its_end_is_done_whatever_share_it_told_last():
    _, runner = view_and_runner(lambda alpha: iter([(0.5, {"total": alpha})]))

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert (runner.bar.value, runner.note.value) == (1.0, "done")


def test_stopped_right_after_an_input_moved_it_does_not_say_that_it_goes_on():
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        runner.input_moved("alpha")
        runner.stop()
        assert (runner.note.value, runner.bar.value) == ("", 0.0)

    asyncio.run(story())


def test_what_is_forgotten_is_not_drawn_once_more():
    """A closed view has nothing to draw on, and a scene draws itself."""
    view, runner = view_and_runner()

    async def story():
        runner.button.value = True
        await until(lambda: len(view.drawn) >= 5)
        drawn = len(view.drawn)
        runner.forget()
        assert len(view.drawn) == drawn

    asyncio.run(story())


def test_the_event_loop_is_never_kept_waiting(monkeypatch):
    """Each of thousands of steps is short; others get their turn about every SLICE seconds."""
    monkeypatch.setattr(pgcourse.live.running, "SLICE", 0.01)

    def busy(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        for k in range(200):
            end = monotonic() + 0.001
            while monotonic() < end:
                pass
            yield k / 200, {"total": k}

    _, runner = view_and_runner(busy)
    turns = 0

    async def story():
        nonlocal turns
        runner.button.value = True
        await asyncio.sleep(0)
        while runner.running:
            turns += 1
            await asyncio.sleep(0)

    asyncio.run(story())
    assert turns >= 10  # 200 ms of work in slices of 10


def test_a_message_that_takes_four_turns_of_the_loop_waits_for_one_step_of_the_work():
    """So many it takes from ipykernel's socket to a control."""
    view, runner = view_and_runner(n=100)
    waited = []

    def turn(left: int, since: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(turn, left - 1, since)
        else:
            waited.append(len(view.drawn) - since)

    async def story():
        runner.button.value = True
        while runner.running:
            asyncio.get_running_loop().call_soon(turn, 3, len(view.drawn))
            await asyncio.sleep(0)

    asyncio.run(story())
    assert len(waited) > 100
    assert max(waited) == 1


def test_an_error_in_the_work_is_handed_on_and_the_next_run_begins_anew():
    def failing(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 0.5, {"total": 1.0}
        if view.values["total"] < 2:
            raise FloatingPointError("the reward of step 7 is nan")

    view, runner = view_and_runner(failing)

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)
        assert [str(error) for error in view.errors] == ["the reward of step 7 is nan"]
        assert runner.note.value == "stopped by an error: run begins anew"
        assert view.values["total"] == 1.0, "partial results stay"
        view.values = view.values | {"total": 5.0}
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert len(view.errors) == 2, "the work set the total to 1 again, and failed again"


def test_a_picture_that_fails_ends_the_run():
    view, runner = view_and_runner()
    view.fine = False

    async def story():
        runner.button.value = True
        await until(lambda: not runner.running)

    asyncio.run(story())
    assert len(view.drawn) == 1
    assert runner.note.value == "the picture failed: run begins anew"


def test_pressed_again_and_again_there_is_one_run():
    view, runner = view_and_runner()

    async def story():
        for pressed in (True, False) * 4 + (True,):
            runner.button.value = pressed
        await until(lambda: not runner.running)

    asyncio.run(story())
    fresh = [numbers["total"] for numbers in view.drawn if numbers["total"]]
    assert fresh == [2.0 * k for k in range(1, N + 1)] + [2.0 * N] * (len(fresh) - N)


def test_a_work_whose_parameter_is_no_control_is_refused_by_name():
    with pytest.raises(TypeError, match="run takes 'beta', expected only controls: alpha, n, total"):
        view_and_runner(lambda beta: iter(()))
