"""A run shows its first result at once, is stopped and goes on, begins anew with new inputs, and never blocks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from ipywidgets import FloatSlider
from matplotlib.figure import Figure

import pgcourse.live.running
from pgcourse.live.explorer import Explorer
from pgcourse.live.interrupts import Home
from pgcourse.live.running import Runner

N = 60


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


def counting(alpha: float, n: int = N) -> Iterator[tuple[float, dict[str, Any]]]:
    for k in range(1, n + 1):
        yield k / n, {"total": alpha * k}


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the reader after each step, and a picture each time."""
    monkeypatch.setattr(pgcourse.live.running, "SLICE", 0.0)
    monkeypatch.setattr(pgcourse.live.running, "DRAW_EVERY", 0.0)
    monkeypatch.setattr(pgcourse.live.running, "PAUSE", 0.0)


def view_and_runner(work: Callable[..., Any] = counting, **values: Any) -> tuple[View, Runner]:
    view = View(**({"alpha": 2.0, "n": N, "total": 0.0} | values))
    return view, Runner(work, lambda: view.values, view.show, view.fail, Home())


async def until(condition: Callable[[], bool], most: int = 5000) -> None:
    for _ in range(most):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")


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


# In a view


class Point:
    """A point at (alpha, total)."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(2, 2))
        ax = self.figure.subplots()
        ax.set(xlim=(0, 10), ylim=(0, 1000))
        (self.point,) = ax.plot([0], [0], "o", animated=True)

    def update(self, numbers: dict[str, float]) -> None:
        self.point.set_data([numbers["alpha"]], [numbers["total"]])


def compute(**values: Any) -> dict[str, Any]:
    if values["total"] is not None and values["total"] < 0:
        raise ValueError("a negative total")
    return values | {"total": values["total"] or 0}


def explorer_of(work: Callable[..., Any] = counting, **more: Any) -> Explorer:
    controls = {"alpha": FloatSlider(2.0, min=-1, max=9), "n": N, "zoom": FloatSlider(1.0, min=0, max=9), "total": None}
    return Explorer(controls, compute, Point(), run=work, **more)


def run_button(view: Explorer) -> Any:
    return view._runner.button


def test_a_view_with_a_run_has_a_button_a_bar_and_a_reset():
    buttons = explorer_of().widget.children[0].children[-1].children
    descriptions = [getattr(widget, "description", "") for widget in buttons]
    assert [name for name in descriptions if name] == ["run", "reset"]


def test_while_it_runs_a_display_control_is_answered_and_an_input_begins_it_anew():
    view = explorer_of()
    alpha, zoom = view._controls["alpha"], view._controls["zoom"]

    async def story():
        run_button(view).value = True
        await until(lambda: (view.values["total"] or 0) >= 10)
        zoom.value = 3.0
        assert view.numbers["zoom"] == 3.0
        assert view.values["total"] >= 10, "the run went on"
        alpha.value = 3.0
        await until(lambda: view.values["total"] == 3.0)
        await until(lambda: not view._runner.running)

    asyncio.run(story())
    assert view.values["total"] == 3.0 * N
    alpha.value = 4.0
    assert "alpha has changed" in view._runner.note.value
    assert view.values["total"] == 3.0 * N, "nothing lost"


def test_a_run_pauses_when_the_reader_moves_something_and_then_goes_on(monkeypatch):
    """So that the answer need not share the processor; other threads need not wait long for their turn, either."""
    monkeypatch.setattr(pgcourse.live.running, "PAUSE", 0.2)
    steps, intervals = [], set()

    def work() -> Iterator[tuple[float, dict[str, Any]]]:
        while True:
            steps.append(monotonic())
            intervals.add(sys.getswitchinterval())
            yield 0.5, {}

    view = explorer_of(work)
    before = sys.getswitchinterval()

    async def story():
        run_button(view).value = True
        await until(lambda: len(steps) > 10)
        view._controls["alpha"].value = 1.0
        done = len(steps)
        while len(steps) == done:
            await asyncio.sleep(0.01)
        assert steps[done] >= view._runner._pause > steps[done - 1]
        run_button(view).value = False

    asyncio.run(asyncio.wait_for(story(), timeout=60))
    assert [*intervals] == [pytest.approx(pgcourse.live.running.SWITCH)]
    assert sys.getswitchinterval() == before


def test_an_input_may_be_what_the_run_itself_moves():
    """As θ of a learner: it moves with the run, and where the reader puts it the run begins anew."""

    def climb(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        while alpha < 9:
            alpha += 0.5
            yield alpha / 9, {"alpha": alpha}

    view = explorer_of(climb)
    seen = []

    async def story():
        run_button(view).value = True
        await until(lambda: view.values["alpha"] >= 5)
        view._controls["alpha"].value = 1.0
        await until(lambda: view.values["alpha"] != 1.0)
        seen.append(view.values["alpha"])
        await until(lambda: not view._runner.running)

    asyncio.run(story())
    assert seen == [1.5]
    assert view.values["alpha"] == 9.0


@pytest.fixture
def resting() -> Explorer:
    """A view whose run, of input alpha, has been stopped on its way; a step moves alpha to 8."""
    view = explorer_of(step=lambda values, numbers: {"alpha": 8.0})

    async def story():
        run_button(view).value = True
        await until(lambda: (view.values["total"] or 0) >= 10)
        view._runner.stop()

    asyncio.run(story())
    return view


def test_a_step_that_moves_an_input_lets_the_run_begin_anew(resting):
    resting._advance(1)
    assert resting._runner.note.value == "alpha has changed: run begins anew"


def test_an_input_is_called_what_the_page_calls_it(resting):
    resting.controls["alpha"].description = "step α"
    resting.controls["alpha"].value = 3.0
    assert resting._runner.note.value == "step α has changed: run begins anew"


def test_values_that_are_as_they_were_or_are_refused_leave_the_run_where_it_is(resting):
    note = resting._runner.note.value
    assert "run goes on from here" in note
    resting.values = resting.values | {"zoom": 2.0}
    with pytest.raises(ValueError, match="a negative total"):
        resting.values = {"alpha": 3.0, "total": -1.0}
    assert resting._runner.note.value == note


@pytest.mark.parametrize("way", ["reset", "scene", "close"])
def test_reset_a_scene_and_closing_end_the_run(way):
    view = explorer_of(scenes={"steep": {"alpha": 8.0}})
    steps = {
        "reset": view.reset,
        "scene": lambda: setattr(view, "scene", "steep"),
        "close": view.close,
    }

    async def story():
        run_button(view).value = True
        await until(lambda: (view.values["total"] or 0) >= 10)
        steps[way]()
        assert not view._runner.running
        before = view.values
        for _ in range(10):
            await asyncio.sleep(0)
        assert view.values == before
        assert way == "close" or view.values["total"] is None

    asyncio.run(story())


def test_an_error_of_the_work_stands_in_the_view_until_something_works_again():
    def failing(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 0.5, {"total": 7.0}
        raise FloatingPointError("reward 8 is nan")

    view = explorer_of(failing)

    async def story():
        run_button(view).value = True
        await until(lambda: not view._runner.running)

    asyncio.run(story())
    assert "reward 8 is nan" in view.live.error
    assert view.values["total"] == 7.0
    view._controls["zoom"].value = 2.0
    assert view.live.error == ""


def test_a_result_that_compute_refuses_ends_the_run_and_says_so():
    def falling(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        for total in (5.0, -5.0, 6.0):
            yield 0.5, {"total": total}

    view = explorer_of(falling)

    async def story():
        run_button(view).value = True
        await until(lambda: not view._runner.running)

    asyncio.run(story())
    assert "a negative total" in view.live.error
    assert view._runner.note.value == "the picture failed: run begins anew"


def test_a_run_of_something_that_is_no_control_is_refused_when_the_view_is_made():
    with pytest.raises(TypeError, match="run takes 'beta'"):
        explorer_of(lambda beta: iter(()))
