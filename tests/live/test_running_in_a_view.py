"""A view with a run: its button, its sliders while it runs, and what ends it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from counting_run import N, counting, until
from ipywidgets import FloatSlider
from matplotlib.figure import Figure

import pgcourse.live.running
from pgcourse.live.explorer import Explorer
from pgcourse.pictures.part import Handle

pytestmark = pytest.mark.usefixtures("brisk")


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


def test_a_run_pauses_when_the_reader_moves_something_and_then_goes_on(monkeypatch, request):
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
    request.addfinalizer(lambda: sys.setswitchinterval(before))
    sys.setswitchinterval(2 * before)

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
    assert sys.getswitchinterval() == pytest.approx(2 * before)


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


def test_an_input_without_a_control_is_called_as_the_point_that_moves_it():
    def values(x: float, y: float, now: dict[str, Any]) -> dict[str, Any]:
        return {"total": x}

    def work(total: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 1.0, {}

    picture = Point()
    picture.handles = [Handle(picture.point, "θ = (θ₁, θ₂)", values)]
    view = Explorer({"total": 0.0}, lambda total: {"alpha": 0.0, "total": total}, picture, run=work)
    view.live.drag = {"view": "test", "seq": 1, "wishes": [[0, 0.5, 0.5, [0, 10, 0, 1000]]]}
    assert view.values["total"] == 5.0
    assert view._runner.note.value == "θ has changed: run begins anew"


def test_what_the_note_says_makes_no_control_move():
    note = explorer_of()._runner.note
    assert note.layout.width
    longest = max(("θ has changed: run begins anew", "stopped at 100%: run goes on from here"), key=len)
    assert len(longest) < 2 * float(note.layout.width.removesuffix("em"))  # letters are less than half as wide as high


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


def run_to_its_end(view: Any) -> None:
    async def story():
        run_button(view).value = True
        await until(lambda: not view._runner.running)

    asyncio.run(story())


def test_an_error_of_the_work_stands_in_the_view_until_something_works_again():
    def failing(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        yield 0.5, {"total": 7.0}
        raise FloatingPointError("reward 8 is nan")

    view = explorer_of(failing)

    run_to_its_end(view)
    assert "reward 8 is nan" in view.live.error
    assert view.values["total"] == 7.0
    view._controls["zoom"].value = 2.0
    assert view.live.error == ""


def test_a_result_that_compute_refuses_ends_the_run_and_says_so():
    def falling(alpha: float) -> Iterator[tuple[float, dict[str, Any]]]:
        for total in (5.0, -5.0, 6.0):
            yield 0.5, {"total": total}

    view = explorer_of(falling)

    run_to_its_end(view)
    assert "a negative total" in view.live.error
    assert view._runner.note.value == "the picture failed: run begins anew"


def test_a_run_of_something_that_is_no_control_is_refused_when_the_view_is_made():
    with pytest.raises(TypeError, match="run takes 'beta'"):
        explorer_of(lambda beta: iter(()))
