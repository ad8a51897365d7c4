"""Pictures made ahead, in the kernel: which, in which order, for how long, and when they are no longer right."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ipywidgets import Dropdown, FloatSlider
from matplotlib.figure import Figure

import pgcourse.live.ahead
from pgcourse.live.explorer import Explorer
from pgcourse.live.keys import key_of


class Point:
    """A point at (x, y): its limits follow where `far` is asked for."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(2, 1), dpi=50)
        self.axes = self.figure.subplots()
        self.axes.set(xlim=(-2, 2), ylim=(-2, 2))
        (self.point,) = self.axes.plot([0], [0], "o", animated=True)
        how = {"label": "the point", "step": (0.1, 0.1), "along": None, "snap": False}
        self.handles = [SimpleNamespace(line=self.point, values=self.put, **how)]

    def put(self, x: float, y: float, values: dict[str, Any]) -> dict[str, Any]:
        if x > 1.5:
            raise ValueError("too far")
        return {"x": x, "y": y}

    def update(self, numbers: dict[str, Any]) -> None:
        limit = 9 if numbers["kind"] == "far" else 2
        if self.axes.get_ylim()[1] != limit:
            self.axes.set_ylim(-limit, limit)
        self.point.set_data([numbers["x"]], [numbers["y"]])

    def describe(self, numbers: dict[str, Any]) -> str:
        return f"at {numbers['x']:.2f}, {numbers['y']:.2f}"


class Browser:
    """What the browser keeps, from the messages that it gets; the values that were computed, in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.kept: dict[str, Any] = {}
        self.epoch, self.sceneries, self.most, self.shift = "", 0, 0, 0.0
        self.computed: list[dict[str, Any]] = []
        controls = {
            "x": FloatSlider(0.0, min=-1, max=1, step=0.25),
            "y": FloatSlider(0.0, min=-1, max=1, step=0.5),
            "kind": Dropdown(options=["near", "far"]),
            **options.pop("state", {}),
        }
        scenes = {"middle": {}, "corner": {"x": 1.0, "y": 1.0}, "far": {"kind": "far", "y": 0.5}}
        compute = options.pop("compute", self.compute)
        self.view = Explorer(controls, compute, Point(), scenes=scenes, **options)
        monkeypatch.setattr(self.view.live, "send", self.hear)
        self.x, self.y, self.kind = list(self.view.controls.values())[:3]

    def compute(self, x: float, y: float, kind: str, **others: Any) -> dict[str, Any]:
        self.computed.append({"x": x, "y": y, "kind": kind})
        if x == -1:
            raise ValueError("not there")
        return {"x": x + self.shift, "y": y, "kind": kind}

    def hear(self, content: Any, buffers: Any = ()) -> None:
        told, numbers = content["ahead"], list(buffers)
        if told["fresh"] or told["epoch"] != self.epoch:
            self.kept.clear()
        self.epoch = told["epoch"]
        for key in told["forget"]:
            del self.kept[key]
        for key, frame, scenery in told["frames"]:
            self.kept[key] = {**frame, "numbers": numbers.pop(0)}
            if scenery is not None:
                self.sceneries += 1
                assert numbers.pop(0)[:4] == b"\x89PNG"
        assert not numbers
        self.most = max(self.most, len(self.kept))

    def open(self) -> None:
        """A page begins to show the view."""
        self.view.live._handle_custom_msg({"page": "a page"}, [])

    def has(self, **values: Any) -> bool:
        return key_of({**self.view.values, **values}, self.view.controls) in self.kept

    async def rest(self) -> None:
        """Until nothing more is made."""
        task = self.view._ahead._task  # type: ignore[union-attr]
        if task is not None:
            await task


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Browser]:
    monkeypatch.setattr(pgcourse.live.ahead, "REST", 0.0)
    monkeypatch.setattr(pgcourse.live.ahead, "SLOW", 10.0)
    monkeypatch.setattr(pgcourse.live.ahead, "_budget", SimpleNamespace(begin=int, spend=abs, is_spent=lambda: False))
    return lambda **options: Browser(monkeypatch, **options)


def test_nothing_is_made_before_a_page_shows_the_view_nor_for_one_that_opts_out(browser: Any) -> None:
    async def go() -> None:
        for made in (browser(), browser(ahead=False)):
            made.x.value = 0.5
            await asyncio.sleep(0.01)
            if made.view._ahead is None:
                made.open()
                await asyncio.sleep(0.01)
            assert made.kept == {}
            assert made.view.live.frame["key"] is None
            made.view.close()

    asyncio.run(go())


def test_scenes_come_first_then_neighbours_then_the_range_of_what_was_moved_last(browser: Any) -> None:
    async def go() -> None:
        made = browser()
        made.open()
        made.y.value = 0.5
        made.computed.clear()
        await made.rest()
        wanted = [tuple(values.values()) for values in made.computed]
        assert wanted[:3] == [(0, 0, "near"), (1, 1, "near"), (0, 0.5, "far")]
        assert wanted[3:5] == [(0, 0.5, "near"), (0, 1.0, "near")], "y was moved last"
        assert {x for x, y, kind in wanted if (y, kind) == (0.5, "near")} == set(np.arange(-4, 5) / 4)
        assert wanted[-1] == (-1, 0.5, "near"), "outwards from where it is"
        assert made.has()
        assert made.has(x=1.0)
        assert made.has(y=-1.0)
        assert not made.has(x=-1.0), "which is refused"
        assert not made.has(x=0.25, kind="far"), "on another background"
        assert made.has(y=0.5, kind="far"), "a scene"
        assert made.sceneries == 1
        made.view.close()

    asyncio.run(go())


def test_a_point_that_moves_two_numbers_has_a_grid_of_places(browser: Any) -> None:
    """It comes after the range of the first control, and before it once the point has been moved; outwards, both."""

    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        (spec,) = made.view.live.watched["points"]
        assert (spec["which"], spec["across"], spec["up"]) == ([0, 1], True, True)
        stops = {tuple(float(part) / 1e6 for part in stop) for stop in spec["parts"]}
        assert len(stops) == 18 * 21, "every second step from −2, up to where it may be"
        x, y = np.array([*stops]).T
        assert (x.min(), x.max(), y.min(), y.max()) == (-2.0, 1.4, -2.0, 2.0)
        assert all(made.has(x=x, y=y) == (x != -1) for x, y in stops), "all but those that are refused"

        made.computed.clear()
        made.kept.clear()
        pgcourse.live.ahead._on_cell(None)
        made.view._put([(made.view.handles[0], 0.83, -0.71)])
        await made.rest()
        wanted = [(one["x"], one["y"]) for one in made.computed if one["kind"] == "near"]
        place = wanted.index(next(one for one in wanted if one not in ((0.83, -0.71), (0, 0), (1, 1)) and one in stops))
        assert wanted[place] == pytest.approx((0.8, -0.8)), "the nearest stop"
        rest = wanted[place + len(stops) :]
        assert {y for _, y in rest} == {-0.71}, "and then the rest of the slider's range"
        assert made.has(x=-2.0, y=2.0)
        made.view.close()

    asyncio.run(go())


def test_what_is_made_ahead_is_what_is_drawn_when_it_is_asked_for(browser: Any) -> None:
    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        calls = len(made.computed)
        assert made.view.values == {"x": 0, "y": 0, "kind": "near"}
        asked = 0
        for x in np.arange(-3, 5) / 4:
            frame = dict(made.kept[key_of({"x": x, "y": 0, "kind": "near"}, made.view.controls)])
            made.x.value = x
            assert {name: made.view.live.frame[name] for name in frame} == frame
            assert made.view.live.frame["key"] == [str(int(x * 1e6)), "0", "0"]
            asked += 1
        assert len(made.computed) == calls + asked == calls + 8, "and the kernel answers all the same"
        made.view.close()

    asyncio.run(go())


def test_a_view_at_rest_is_as_it_was(browser: Any) -> None:
    async def go() -> None:
        made = browser()
        live = made.view.live
        before = live.frame, live.background, live.artists, made.view.numbers, live.still()
        made.open()
        await made.rest()
        assert made.kept
        assert ({**live.frame, "key": None}, live.background, live.artists, made.view.numbers, live.still()) == before
        made.view.close()

    asyncio.run(go())


@pytest.mark.slow
def test_everything_is_made_again_after_a_cell_with_another_background_and_for_another_page(browser: Any) -> None:
    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        first = made.kept.copy()
        made.shift = 0.5  # as a cell may have changed it
        pgcourse.live.ahead._on_cell(None)
        assert made.kept == {}
        await made.rest()
        key = key_of(made.view.values, made.view.controls)
        assert made.kept.keys() == first.keys()
        assert made.kept[key]["description"] == "at 0.50, 0.00"

        made.kept.clear()  # a page of its own
        made.open()
        await made.rest()
        assert made.kept.keys() == first.keys()

        epoch = made.epoch
        made.kind.value = "far"
        await made.rest()
        assert made.epoch == made.view.live.epoch != epoch
        assert made.has(x=0.25)
        assert not made.has(x=0.25, kind="near")
        made.view.close()

    asyncio.run(go())


def test_a_view_that_hangs_on_more_than_its_values_is_found_out(browser: Any) -> None:
    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        made.shift = 0.5
        made.x.value = 0.25
        assert made.kept == {}
        assert made.view.live.frame["key"] is not None
        await asyncio.sleep(0.01)
        made.x.value = 0.5
        assert made.kept == {}
        assert made.view.live.frame["key"] is None, "nobody can say what a move leads to"
        assert made.view.numbers["x"] == 1.0
        made.view.close()

    asyncio.run(go())


def test_the_browser_forgets_what_was_wanted_longest_ago(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgcourse.live.ahead, "MOST_FRAMES", 20)

    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        for x in (0.25, 0.5, 0.75):
            made.x.value = x
            await made.rest()
        assert len(made.kept) == made.most == 20
        assert made.has(y=1.0)
        assert not made.has(x=0.0, y=-0.5), "the column that was left first"
        assert made.has(x=1.0, y=1.0), "a scene"
        made.view.close()

    asyncio.run(go())


@pytest.mark.parametrize("why", ["time is spent", "pictures are slow"])
def test_where_time_is_spent_or_pictures_are_slow_only_scenes_are_made(
    browser: Any, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "time is spent":
        monkeypatch.setattr(pgcourse.live.ahead._budget, "is_spent", lambda: True)
    else:
        monkeypatch.setattr(pgcourse.live.ahead, "SLOW", 0.0)

    async def go() -> None:
        made = browser()
        made.open()
        await made.rest()
        scenes = {key_of(values, made.view.controls) for values in made.view.scenes.values()}
        assert scenes <= set(made.kept)
        assert len(made.kept) <= len(scenes) + 3, "three, until it is known that they are slow"
        made.view.close()

    asyncio.run(go())


def test_a_view_is_slow_if_three_pictures_are_and_its_scenes_do_not_count(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scene may need another background, which takes long; and one picture may have been held up."""
    spent: list[float] = []
    monkeypatch.setattr(pgcourse.live.ahead, "SLOW", 1.0)
    monkeypatch.setattr(pgcourse.live.ahead._budget, "spend", spent.append)
    ahead = (made := browser()).view._ahead
    slow = []
    for took, is_scene in ((2, True), (2, True), (2, True), (2, False), (0, False), (2, False), (2, False), (2, False)):
        monkeypatch.setattr(pgcourse.live.ahead, "thread_time", iter([10.0, 10.0 + took]).__next__)
        ahead._made(made.view.values, is_scene)
        slow.append(ahead._is_slow())
    assert slow == [False] * 7 + [True]
    assert spent == [2, 2, 2, 2, 0, 2, 2, 2], "of the budget"
    made.view.close()


def test_values_that_cannot_be_told_apart_leave_the_view_without_pictures_made_ahead(browser: Any) -> None:
    async def go() -> None:
        for odd in (object(), FloatSlider(0, min=0, max=1e-6, step=1e-7)):
            made = browser(state={"odd": odd})
            made.open()
            await made.rest()
            made.x.value = 0.25
            await asyncio.sleep(0.01)
            assert made.kept == {}
            assert made.view.live.frame["key"] is None
            assert made.view.live.error == ""
            made.view.close()

    asyncio.run(go())


@pytest.mark.slow
def test_nothing_is_made_while_a_view_runs_and_what_it_has_come_to_afterwards(browser: Any) -> None:
    def run(x: float) -> Any:
        for k in range(3):
            yield k / 3, {"y": k / 7}  # at no stop of the point

    async def go() -> None:
        made = browser(run=run)
        made.open()
        await made.rest()
        made.kept.clear()
        made.view._runner.button.value = True
        while made.view.moves_by_itself:
            assert made.kept == {}
            await asyncio.sleep(0)
        await made.rest()
        assert made.has(y=2 / 7)
        assert made.view.live.frame["key"] == ["0", "285714", "0"]
        made.view.close()

    asyncio.run(go())


def test_a_budget_is_a_share_of_the_kernel_s_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.5, 11.5, 31.5])
    monkeypatch.setattr(pgcourse.live.ahead, "process_time", lambda: next(clock))
    budget = pgcourse.live.ahead._Budget()
    budget.begin()
    budget.spend(0.35)
    assert budget.is_spent(), "more than the allowance and a share of 0.15 seconds; 0.5 would have been enough"
    budget.spend(1.0)
    assert budget.is_spent()
    assert not budget.is_spent(), "twenty seconds of other work later"


@pytest.mark.slow
def test_where_threads_have_no_clock_the_pictures_are_still_made_ahead():
    """As in a browser's Python, whose `time` has no `thread_time`."""
    program = "import time; del time.thread_time; from pgcourse.live import ahead; print(ahead.thread_time.__name__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "process_time\n"
