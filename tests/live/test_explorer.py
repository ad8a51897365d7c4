"""Explorer: controls → compute → picture: one computation and one drawing for each move, and nothing lost."""

from __future__ import annotations

import asyncio
import gc
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ipywidgets import HTML, Button, Checkbox, Dropdown, FloatLogSlider, FloatSlider, IntSlider, ToggleButtons
from ipywidgets.widgets.widget import _instances
from matplotlib.figure import Figure

import pgcourse.live.explorer
import pgcourse.live.figure
import pgcourse.live.running
from pgcourse.live.controls import equal, nearest_step
from pgcourse.live.explorer import Explorer
from pgcourse.live.figure import LiveFigure
from pgcourse.policy import Policy


class Parabola:
    """y = x², a point on it to drag, and how often it was asked to draw."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(3, 2))
        ax = self.figure.subplots()
        ax.set(xlim=(-4, 4), ylim=(-1, 10))
        (self.point,) = ax.plot([0], [0], "o", animated=True)
        (self.trail,) = ax.plot([], [], animated=True)
        self.handles = [
            SimpleNamespace(line=self.point, label="x", values=self.dragged, step=(0.1, 0.1), along=None, snap=False)
        ]
        self.draws = 0

    def dragged(self, x: float, y: float, values: dict[str, Any]) -> dict[str, Any]:
        if y > 9:
            raise ValueError("too high")
        return {"x": x}

    def update(self, numbers: dict[str, float]) -> None:
        self.draws += 1
        self.point.set_data([numbers["x"]], [numbers["y"]])

    def describe(self, numbers: dict[str, float]) -> str:
        return f"x is {numbers['x']:.2f}"


class Counted:
    """x² times a factor, which fails at x = 3 exactly."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: float, **others: Any) -> dict[str, float]:
        self.calls += 1
        if x == 3:
            raise ZeroDivisionError("three is too many")
        return {"x": x, "y": x**2}


@pytest.fixture
def view() -> SimpleNamespace:
    picture, compute, slider = Parabola(), Counted(), FloatSlider(1.0, min=-4, max=4)
    explorer = Explorer({"x": slider, "note": "a state"}, compute, picture)
    return SimpleNamespace(picture=picture, compute=compute, slider=slider, explorer=explorer, live=explorer.live)


def wish(x: float, y: float, seq: int = 1) -> dict[str, Any]:
    """What the browser sends when the point is dragged to (x, y)."""
    return {"drag": {"view": "a view", "seq": seq, "wishes": [[0, (x + 4) / 8, (y + 1) / 11, [-4, 4, -1, 10]]]}}


def count(view: SimpleNamespace, move: Callable[[], Any]) -> tuple[int, int]:
    """Computations and drawings that a move makes."""
    calls, draws = view.compute.calls, view.picture.draws
    move()
    return view.compute.calls - calls, view.picture.draws - draws


# dragged equals fresh


@pytest.mark.parametrize("way", ["slider", "browser's slider", "handle", "cell"])
def test_every_way_to_a_value_equals_a_view_built_there(view: SimpleNamespace, way: str) -> None:
    moves: dict[str, Callable[[], Any]] = {
        "slider": lambda: setattr(view.slider, "value", -1.5),
        "browser's slider": lambda: view.slider.set_state({"value": -1.5}),
        "handle": lambda: view.live.set_state(wish(-1.5, 5)),
        "cell": lambda: setattr(view.explorer, "values", {"x": -1.5}),
    }
    view.slider.value = 2.0
    moves[way]()
    fresh = Explorer({"x": FloatSlider(-1.5, min=-4, max=4), "note": "a state"}, Counted(), Parabola())
    assert view.explorer.values == pytest.approx(fresh.values) or view.explorer.values["x"] == pytest.approx(-1.5)
    np.testing.assert_allclose(
        np.frombuffer(view.live.frame["numbers"], np.float32), np.frombuffer(fresh.live.frame["numbers"], np.float32)
    )
    assert view.live.frame["description"] == fresh.live.frame["description"] == "x is -1.50"
    assert view.live.still() == fresh.live.still()


def test_a_move_computes_once_and_draws_once(view: SimpleNamespace) -> None:
    assert (view.compute.calls, view.picture.draws) == (1, 1)
    assert count(view, lambda: setattr(view.slider, "value", 2.0)) == (1, 1)
    assert count(view, lambda: view.live.set_state(wish(0.5, 0))) == (1, 1)
    assert count(view, lambda: setattr(view.explorer, "values", {"x": 0.25, "note": "b"})) == (1, 1)
    assert count(view, lambda: setattr(view.slider, "value", view.slider.value)) == (0, 0)


def test_between_two_steps_of_its_slider_a_value_stays_exact_and_the_slider_shows_the_nearer(
    view: SimpleNamespace,
) -> None:
    view.explorer.values = {"x": 0.2345}
    assert view.explorer.values["x"] == 0.2345
    assert view.slider.value == pytest.approx(0.2)
    assert count(view, lambda: view.slider.set_state({"value": view.slider.value})) == (0, 0), "the browser's echo"
    assert view.explorer.values["x"] == 0.2345
    view.slider.value = 0.3
    assert view.explorer.values["x"] == 0.3, "the reader moved it: that counts"
    view.explorer.values = {"x": 99.0}
    assert view.explorer.values["x"] == view.slider.value == 4.0


@pytest.mark.parametrize(
    ("low", "high", "step"), [(-2.5, 3, 0.05), (-4, 6, 0.05), (-12, 0, 0.5), (0.05, 3, 0.05), (0, 1, 0.3)]
)
def test_what_the_slider_shows_is_what_the_browser_would_round_to(low: float, high: float, step: float) -> None:
    """noUiSlider rounds in percent of the range; what it rounds to, it rounds to itself: nothing comes back."""
    slider = FloatSlider(low, min=low, max=high, step=step)
    for value in np.random.default_rng(0).uniform(low, high, 200):
        shown = nearest_step(slider, value)
        assert abs(shown - value) <= step / 2 + 1e-12 or shown == high
        assert nearest_step(slider, shown) == shown
        assert low <= shown <= high


def test_a_slider_of_a_single_value_takes_it() -> None:
    slider = FloatSlider(2.0, min=2, max=2)
    explorer = Explorer({"x": slider}, Counted(), Parabola())
    explorer.values = {"x": 2.5}
    assert explorer.values["x"] == slider.value == 2.0


def test_a_number_that_comes_back_in_its_last_digits_has_not_been_moved() -> None:
    """Which a log slider's browser side does as soon as it is shown."""
    compute, slider = Counted(), FloatLogSlider(0.25, min=-2, max=1)
    explorer = Explorer({"x": slider}, compute, Parabola(), scenes={"a quarter": {}, "a half": {"x": 0.5}})
    slider.set_state({"value": 0.25000000000000017})
    assert (explorer.values["x"], explorer.scene, compute.calls) == (0.25, "a quarter", 1)
    slider.set_state({"value": 0.26})
    assert (explorer.values["x"], explorer.scene, compute.calls) == (0.26, None, 2)


def test_a_drag_moves_the_slider_too(view: SimpleNamespace) -> None:
    view.live.set_state(wish(-2.0, 3.0, seq=9))
    assert view.slider.value == pytest.approx(-2.0)
    assert view.live.frame["ack"] == ["a view", 9]
    assert view.live.frame["at"] == [pytest.approx([-2.0, 4.0])]


def test_every_kind_of_control() -> None:
    controls = {
        "x": IntSlider(1, min=0, max=5),
        "kind": Dropdown(options=["a", "b"]),
        "on": Checkbox(False),
        "way": ToggleButtons(options=[("up", 1), ("down", -1)]),
        "table": np.zeros(2),
    }
    explorer = Explorer(controls, Counted(), Parabola())
    explorer.values = {"x": np.int64(2), "kind": "b", "on": True, "way": -1}
    assert {key: value for key, value in explorer.values.items() if key != "table"} == {
        "x": 2,
        "kind": "b",
        "on": True,
        "way": -1,
    }
    assert explorer.numbers == {"x": 2, "y": 4}
    with pytest.raises(TypeError, match="'go' is a Button, expected a widget with a value"):
        Explorer({"x": 1.0, "go": Button()}, Counted(), Parabola())


# errors: in the view, in words, and nothing lost


def test_an_error_is_shown_in_words_and_gone_with_the_next_good_value(view: SimpleNamespace) -> None:
    frame = view.live.frame["numbers"]
    view.slider.value = 3.0
    first, second = view.live.error.split("\n\n")
    assert first == "This cannot be drawn: three is too many. The picture still shows x = 1."
    assert second == "ZeroDivisionError: three is too many"
    assert isinstance(view.explorer.error, ZeroDivisionError)
    assert view.live.frame["numbers"] == frame
    assert view.explorer.numbers == {"x": 1.0, "y": 1.0}
    view.slider.value = 2.0
    assert (view.live.error, view.explorer.error) == ("", None)
    assert view.explorer.numbers == {"x": 2.0, "y": 4.0}


def test_an_error_while_dragging_is_answered(view: SimpleNamespace) -> None:
    view.live.set_state(wish(1.0, 9.5, seq=4))
    assert view.live.error.startswith("This cannot be drawn: too high. The picture stays as it was.")
    assert view.live.frame["ack"] == ["a view", 4]
    view.live.set_state(wish(2.0, 1.0, seq=5))
    assert view.live.error == ""
    assert view.explorer.values["x"] == pytest.approx(2.0)


def test_an_error_at_construction_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        Explorer({"x": 3}, Counted(), Parabola())


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"x": 2.0, "nonsense": 1}, "'nonsense' is not a control of this view, expected one of x, kind, note"),
        ({"x": 2.0, "kind": "c"}, "Invalid selection"),
        ({"kind": "b", "x": "two"}, "x is .two., expected a number"),
        ({"kind": "b", "x": float("nan")}, "x is nan, expected a number"),
        ({"note": "other", "kind": "b", "x": 3.0}, "three is too many"),
    ],
)
def test_values_that_are_refused_change_nothing(values: dict[str, Any], error: str) -> None:
    controls = {"x": FloatSlider(1.0, max=4), "kind": Dropdown(options=["a", "b"]), "note": "a state"}
    explorer = Explorer(controls, Counted(), Parabola())
    before, frame = explorer.values, explorer.live.frame
    with pytest.raises(Exception, match=error):
        explorer.values = values
    assert explorer.values == before
    assert explorer.live.frame == frame
    assert (explorer.live.error, explorer.error) == ("", None)


def test_nan_is_a_value_like_any_other(view: SimpleNamespace) -> None:
    explorer = Explorer({"x": 1.0}, lambda x: {"x": x, "y": np.log(x) if x > 0 else np.nan}, Parabola())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer.values = {"x": -1.0}
    assert explorer.live.frame["at"] == [None]
    explorer.values = {"x": 1.0}
    assert explorer.live.frame["at"] == [[1.0, 0.0]]


def test_the_line_of_the_readers_own_code_is_named() -> None:
    code = compile("def compute(x):\n    return {'x': x, 'y': 1 / x}", "/tmp/ipykernel_1/2.py", "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    explorer = Explorer({"x": FloatSlider(1.0)}, names["compute"], Parabola())
    explorer._controls["x"].value = 0
    assert explorer.live.error.startswith("This cannot be drawn: something is divided by zero there. ")
    assert "by zero\nin compute, line 2" in explorer.live.error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ValueError('theta sums to 1.2, expected at most 1')", "theta sums to 1.2, expected at most 1."),
        ("raise KeyError('no such state.')", "no such state."),
        ("np.linalg.solve(np.zeros((2, 2)), np.zeros(2))", "its linear equations have no single solution there."),
        ("np.zeros(2) + np.zeros(3)", "there is a mistake in the code behind the picture."),
        ("undefined", "there is a mistake in the code behind the picture."),
        ("10.0 ** 400", "a number becomes too large there."),
    ],
)
def test_an_error_speaks_first_in_the_reader_s_words(tmp_path: Path, code: str, words: str) -> None:
    (path := tmp_path / "cell.py").write_text(
        f"def compute(x):\n    if x:\n        {code}\n    return dict(x=x, y=x)\n"
    )
    names: dict[str, Any] = {"np": np}
    exec(compile(path.read_text(), str(path), "exec"), names)
    explorer = Explorer({"x": FloatSlider(0.0)}, names["compute"], Parabola())
    explorer._controls["x"].value = 0.5
    first, second = explorer.live.error.split("\n\n")
    assert first == f"This cannot be drawn: {words} The picture still shows x = 0."
    assert second.startswith(f"{type(explorer.error).__name__}: ")


class Bars:
    """Two bars of each of two rows, one row shown at a time: points to drag, and one that chooses the row."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(3, 2))
        ax = self.figure.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 1))
        lines = [ax.plot([0], [0], "o", animated=True)[0] for _ in range(3)]
        values = [lambda x, y, values, k=k: {"theta": self.with_bar(values, k, y)} for k in (0, 1)]
        values.append(lambda x, y, values: {"row": int(x > 0.5)})
        self.handles = [
            SimpleNamespace(line=line, label="", values=move, step=(0.1, 0.1), along=None, snap=False)
            for line, move in zip(lines, values, strict=True)
        ]

    def with_bar(self, values: dict[str, Any], k: int, y: float) -> np.ndarray:
        theta = values["theta"].copy()
        theta[values["row"], k] = y
        return theta

    def update(self, numbers: dict[str, Any]) -> None:
        for k in (0, 1):
            self.handles[k].line.set_data([k / 2], [numbers["theta"][numbers["row"], k]])


@pytest.fixture
def bars() -> Explorer:
    def compute(theta: np.ndarray, row: int) -> dict[str, Any]:
        if theta.sum(axis=1).max() > 1:
            raise ValueError("more than 1")
        return {"theta": theta, "row": row}

    return Explorer({"theta": np.full((2, 2), 0.25), "row": 0}, compute, Bars())


def put(view: Explorer, *wishes: tuple[int, float, float], seq: int = 1) -> None:
    """Points are put at (x, y) of axes from 0 to 1; the browser sends again what was refused, the newest last."""
    sent = [[handle, x, y, [0, 1, 0, 1]] for handle, x, y in wishes]
    view.live.set_state({"drag": {"view": "a view", "seq": seq, "wishes": sent}})


def test_after_a_refused_drag_a_click_on_a_neighbour_shows_the_neighbour(bars: Explorer) -> None:
    put(bars, (0, 0.0, 0.875))
    assert bars.live.error.startswith("This cannot be drawn: more than 1. ")
    assert bars.values["theta"].tolist() == bars.numbers["theta"].tolist() == [[0.25, 0.25], [0.25, 0.25]]
    put(bars, (0, 0.0, 0.875), (2, 1.0, 0.0), seq=2)
    assert (bars.values["row"], bars.numbers["row"], bars.live.error) == (1, 1, "")
    put(bars, (0, 0.0, 0.5), seq=3)
    assert bars.values["theta"].tolist() == bars.numbers["theta"].tolist() == [[0.25, 0.25], [0.5, 0.25]]


def test_a_refused_drag_waits_until_another_makes_room_for_it(bars: Explorer) -> None:
    put(bars, (0, 0.0, 0.625))
    put(bars, (1, 0.5, 0.625), seq=2)
    assert bars.live.error
    put(bars, (1, 0.5, 0.625), (0, 0.0, 0.375), seq=3)
    assert (bars.numbers["theta"][0].tolist(), bars.live.error) == ([0.375, 0.625], "")


def test_a_picture_that_fails_half_way_is_drawn_again_as_it_was() -> None:
    class Halfway(Parabola):
        def update(self, numbers: dict[str, float]) -> None:
            super().update(numbers)
            if numbers["x"] == 2:
                raise RuntimeError("half way")

    picture = Halfway()
    explorer = Explorer({"x": FloatSlider(1.0, max=4)}, Counted(), picture)
    still = explorer.live.still()
    explorer._controls["x"].value = 2.0
    assert explorer.live.error
    assert picture.point.get_xydata().tolist() == [[1.0, 1.0]]
    assert explorer.live.still() == still


def note(explorer: Explorer) -> str:
    return explorer._note.value if explorer._note is not None else "no note"


def test_where_a_slider_does_not_show_its_value_the_view_says_so(view: SimpleNamespace) -> None:
    view.slider.description = "θ"
    assert note(view.explorer) == ""
    view.live.set_state(wish(0.789, 0))
    assert note(view.explorer) == "θ is 0.789; its slider shows the nearest step, 0.8."
    view.slider.value = 0.9
    assert note(view.explorer) == ""
    view.explorer.values = {"x": 0.30000001}
    assert note(view.explorer) == "", "nobody can see the difference"
    view.live.set_state(wish(-0.789, 0))
    assert note(view.explorer) == "θ is −0.789; its slider shows the nearest step, −0.8."
    assert note(Explorer({"x": IntSlider(1)}, Counted(), Parabola())) == "no note"


# steps


def double(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
    """x goes half of its way to 2."""
    return {"x": values["x"] + (2 - values["x"]) / 2}


def buttons(explorer: Explorer) -> dict[str, Any]:
    return {child.description: child for child in explorer.widget.children[0].children[-1].children}


def test_one_step_and_ten_steps() -> None:
    picture = Parabola()
    explorer = Explorer({"x": 0.0}, Counted(), picture, step=double)
    one, ten = buttons(explorer)["one step"], buttons(explorer)["ten steps"]
    one.click()
    assert explorer.values == {"x": 1.0}
    draws = picture.draws
    ten.click()
    assert explorer.values["x"] == pytest.approx(2 - 2**-10)
    assert picture.draws == draws + 1, "where ten steps lead is drawn once"


def test_each_of_ten_steps_has_the_numbers_of_where_it_begins() -> None:
    def along(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
        """x falls by a tenth of its own parabola's y."""
        return {"x": values["x"] - numbers["y"] / 10}

    one_by_one, at_once = (Explorer({"x": 0.5}, Counted(), Parabola(), step=along) for _ in range(2))
    for _ in range(10):
        buttons(one_by_one)["one step"].click()
    buttons(at_once)["ten steps"].click()
    assert at_once.values == one_by_one.values


def test_reset_takes_the_view_back_to_where_it_began() -> None:
    explorer = Explorer({"x": FloatSlider(1.0, max=4), "note": "a"}, Counted(), Parabola(), step=double)
    frame = explorer.live.frame
    buttons(explorer)["ten steps"].click()
    assert explorer.values["x"] == pytest.approx(2 - 2**-10, rel=1e-12), "a slider's steps do not round an ascent's"
    explorer.values = {"note": "b"}
    buttons(explorer)["reset"].click()
    assert explorer.values == {"x": 1.0, "note": "a"}
    assert explorer.live.frame == frame


def test_a_failing_step_changes_nothing() -> None:
    def step(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
        if values["x"] >= 2:
            raise RuntimeError("no further")
        return {"x": values["x"] + 1}

    explorer = Explorer({"x": 0.0}, Counted(), Parabola(), step=step)
    buttons(explorer)["ten steps"].click()
    assert explorer.live.error.startswith("This cannot be drawn: no further. ")
    assert (explorer.values, explorer.numbers["x"]) == ({"x": 0.0}, 0.0)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgcourse.live.running, "PLAY_INTERVAL", 0.0)


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else run until the condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


def count_up(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
    return {"x": values["x"] + 1}


@pytest.mark.usefixtures("fast")
def test_play_goes_on_until_it_is_stopped_and_the_sliders_stay_alive() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0, "other": FloatSlider(0)}, Counted(), Parabola(), step=count_up)
        button = buttons(explorer)["play"]
        button.value = True
        assert button.description == "stop"
        await until(lambda: explorer.values["x"] > 15)
        explorer._controls["other"].value = 5
        explorer.values = {"x": 1000.0}
        await until(lambda: explorer.values["x"] > 1005)
        button.value = False
        x = explorer.values["x"]
        for _ in range(20):
            await asyncio.sleep(0)
        assert explorer.values == {"x": x, "other": 5}
        assert button.description == "play"

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_play_pressed_again_and_again_plays_once() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0}, Counted(), Parabola(), step=count_up)
        button = buttons(explorer)["play"]
        for value in (True, False, True, False, True):
            button.value = value
        await asyncio.sleep(0)
        for _ in range(10):
            x = explorer.values["x"]
            await asyncio.sleep(0)
            assert explorer.values["x"] - x <= 1
        assert len(asyncio.all_tasks()) == 2, "this one and the one that plays"
        explorer.close()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_play_stops_at_an_error_and_where_nothing_moves() -> None:
    async def play() -> None:
        failing = Explorer({"x": 0.0}, Counted(), Parabola(), step=count_up)
        resting = Explorer(
            {"x": 0.0}, Counted(), Parabola(), step=lambda values, numbers: {"x": min(values["x"] + 1, 2)}
        )
        for explorer in (failing, resting):
            button = buttons(explorer)["play"]
            button.value = True
            await until(lambda button=button: not button.value)  # type: ignore[misc]
        assert failing.live.error.startswith("This cannot be drawn: three is too many. ")
        assert failing.values == {"x": 2.0}, "those of the picture"
        assert (resting.values, resting.live.error) == ({"x": 2.0}, "")

    asyncio.run(play())


# scenes


@pytest.fixture
def staged() -> SimpleNamespace:
    """A view with three scenes, one of them the picture it opens with."""
    picture, compute = Parabola(), Counted()
    controls = {"x": FloatSlider(1.0, min=-4, max=4), "kind": Dropdown(options=["a", "b"]), "trail": []}
    scenes = {"the beginning": {}, "far left": {"x": -3.25}, "b, with a trail": {"kind": "b", "trail": [1, 2]}}
    explorer = Explorer(controls, compute, picture, step=double, scenes=scenes)
    return SimpleNamespace(picture=picture, compute=compute, explorer=explorer, buttons=explorer.widget.children[-1])


def press(staged: SimpleNamespace, k: int) -> None:
    """What the browser sends when scene k is chosen."""
    staged.buttons.set_state({"choice": [k, staged.buttons.choice[1] + 1]})


def test_a_scene_is_absolute_one_computation_and_one_drawing(staged: SimpleNamespace) -> None:
    explorer = staged.explorer
    assert (staged.compute.calls, staged.picture.draws) == (1, 1)
    explorer.values = {"x": 2.0, "kind": "b", "trail": [5]}
    assert count(staged, lambda: press(staged, 1)) == (1, 1)
    assert explorer.values == {"x": -3.25, "kind": "a", "trail": []}
    assert count(staged, lambda: setattr(explorer, "scene", "b, with a trail")) == (1, 1)
    assert explorer.values == {"x": 1.0, "kind": "b", "trail": [1, 2]}
    fresh = Explorer({"x": 1.0}, Counted(), Parabola())
    assert explorer.live.frame["numbers"] == fresh.live.frame["numbers"]


def test_the_scene_is_named_while_the_values_are_its_own(staged: SimpleNamespace) -> None:
    explorer, buttons = staged.explorer, staged.buttons
    assert (explorer.scene, buttons.present) == ("the beginning", 0)
    assert buttons.names == ["the beginning", "far left", "b, with a trail"]
    press(staged, 1)
    assert (explorer.scene, buttons.present) == ("far left", 1)
    explorer._controls["x"].value = 2.0
    assert (explorer.scene, buttons.present) == (None, None)
    press(staged, 1)
    assert (explorer.scene, buttons.present) == ("far left", 1), "pressed again, it is there again"


def test_a_view_opens_with_a_scene_and_reset_goes_back_to_it() -> None:
    scenes = {"one": {"x": 1.0}, "two": {"x": 2.5}}
    explorer = Explorer({"x": FloatSlider(0)}, compute := Counted(), Parabola(), double, scenes=scenes, scene="two")
    assert (explorer.scene, explorer.numbers["x"], compute.calls) == ("two", 2.5, 1)
    explorer.scene = "one"
    buttons(explorer)["reset"].click()
    assert explorer.scene == "two"


@pytest.mark.parametrize(
    ("scenes", "error"),
    [
        ({"odd": {"y": 1}}, "scene 'odd': 'y' is not a control of this view, expected one of x, kind"),
        ({"odd": {"x": 7}}, "scene 'odd': x is 7, but its control makes 4.0 of it"),
        ({"odd": {"kind": "c"}}, "scene 'odd': Invalid selection"),
        ({"odd": {"x": "two"}}, "scene 'odd': x is 'two', expected a number"),
        ({"good": {"x": 2}, "odd": {"x": 2.0, "kind": "a"}}, "scene 'odd' is the same as 'good'"),
    ],
)
def test_a_scene_that_cannot_be_is_refused_at_construction(scenes: dict[str, Any], error: str) -> None:
    controls = {"x": FloatSlider(1.0, max=4), "kind": Dropdown(options=["a", "b"])}
    with pytest.raises(ValueError, match=error):
        Explorer(controls, compute := Counted(), Parabola(), scenes=scenes)
    assert compute.calls == 0
    assert (controls["x"].value, controls["kind"].value) == (1.0, "a")


@pytest.mark.parametrize("note", [float("nan"), [np.zeros(2), np.zeros(3)]], ids=["NaN", "lists of several lengths"])
def test_a_scene_s_state_may_be_anything(note: Any) -> None:
    explorer = Explorer({"x": 1.0, "note": None}, Counted(), Parabola(), scenes={"noted": {"note": note}})
    explorer.scene = "noted"
    assert explorer.values["note"] is note
    assert explorer.scene == "noted"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"k": np.zeros(15)}, {"k": np.zeros(0)}, False),
        ({"k": np.zeros(3)}, {"k": np.zeros(3)}, True),
        ({"k": 1}, {"l": 1}, False),
        ([np.zeros(2), {"a": np.ones(3)}], [np.zeros(2), {"a": np.ones(3)}], True),
        ([np.zeros(2)], [np.zeros(2), np.zeros(2)], False),
        (Policy.uniform(2, 3), Policy.uniform(2, 3), True),
        (Policy.uniform(2, 3), Policy.uniform(3, 2), False),
        (np.zeros(3), np.zeros(4), False),
        ("a", "a", True),
        (None, np.zeros(0), False),
    ],
)
def test_states_are_compared_down_to_their_arrays(one: Any, other: Any, same: bool) -> None:
    assert equal({"state": one}, {"state": other}) is same
    assert equal({"state": other}, {"state": one}) is same


def test_a_view_made_again_lays_its_scenes_over_what_the_notebook_states_and_resets_to_it() -> None:
    """Its controls stand in another cell, and the reader has moved them."""
    controls = {"x": FloatSlider(1.0, min=-4, max=4), "kind": Dropdown(options=["a", "b"]), "trail": [0]}
    scenes = {"as stated": {}, "b": {"kind": "b"}}

    def cell() -> Explorer:
        return Explorer(controls, Counted(), Parabola(), double, scenes=scenes)

    first = cell()
    first.scene = "b"
    first.values = {"x": 2.0}
    again = cell()
    assert again.values == first.values == {"x": 2.0, "kind": "b", "trail": [0]}, "one picture stays beside the other"
    assert again.scene is None
    for begin in (lambda: setattr(again, "scene", "as stated"), lambda: buttons(again)["reset"].click()):
        again.values = {"x": 2.0, "kind": "b"}
        begin()
        assert again.values == {"x": 1.0, "kind": "a", "trail": [0]}


def test_an_unknown_scene_is_refused_and_changes_nothing(staged: SimpleNamespace) -> None:
    with pytest.raises(KeyError, match="'summit' is not a scene of this view, expected one of the beginning, far left"):
        staged.explorer.scene = "summit"
    assert staged.explorer.scene == "the beginning"
    with pytest.raises(KeyError, match="'summit' is not a scene of this view, expected one of none"):
        Explorer({"x": 1.0}, Counted(), Parabola(), scene="summit")


def test_a_scene_that_compute_refuses_says_so_in_the_view_and_raises_in_a_cell() -> None:
    explorer = Explorer({"x": 1.0}, Counted(), Parabola(), scenes={"three": {"x": 3}, "two": {"x": 2}})
    with pytest.raises(ZeroDivisionError):
        explorer.scene = "three"
    assert (explorer.values, explorer.live.error) == ({"x": 1.0}, "")
    explorer.widget.children[-1].set_state({"choice": [0, 1]})
    assert explorer.live.error.startswith("This cannot be drawn: three is too many. ")
    assert (explorer.values, explorer.scene) == ({"x": 1.0}, None)
    explorer.widget.children[-1].set_state({"choice": [1, 2]})
    assert (explorer.scene, explorer.live.error) == ("two", "")


@pytest.mark.usefixtures("fast")
def test_a_scene_stops_play() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0}, Counted(), Parabola(), count_up, scenes={"low": {"x": -2}, "high": {"x": 4}})
        for choose in (
            lambda: setattr(explorer, "scene", "low"),
            lambda: explorer.widget.children[-1].set_state({"choice": [0, 1]}),
        ):
            explorer.values = {"x": 10.0}
            buttons(explorer)["play"].value = True
            await until(lambda: explorer.values["x"] > 12)
            choose()
            for _ in range(20):
                await asyncio.sleep(0)
            assert explorer.scene == "low"
            assert buttons(explorer)["play"].description == "play"

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_a_scene_chosen_in_another_thread_while_play_takes_a_step_is_shown_after_that_step_and_stays() -> None:
    """JupyterLab's messages are heard in a thread of their own."""
    stepping, chosen = Event(), Event()

    def compute(x: float) -> dict[str, float]:
        if x == 12:
            stepping.set()
            chosen.wait(0.3)  # it would be chosen by then if it did not wait for the step
        return {"x": x, "y": x**2}

    def choose(explorer: Explorer) -> None:
        stepping.wait()
        explorer.widget.children[-1].set_state({"choice": [0, 1]})
        chosen.set()

    async def play() -> None:
        explorer = Explorer({"x": 10.0}, compute, Parabola(), count_up, scenes={"low": {"x": -2}, "high": {"x": 4}})
        thread = Thread(target=choose, args=[explorer])
        thread.start()
        buttons(explorer)["play"].value = True
        while thread.is_alive():
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0)
        assert (explorer.scene, explorer.numbers) == ("low", {"x": -2, "y": 4})
        assert explorer.live.frame["at"] == [[-2.0, 4.0]]
        assert explorer.widget.children[-1].present == 0
        assert buttons(explorer)["play"].description == "play"

    asyncio.run(play())


# what it leaves in a notebook


def test_a_view_is_shown_before_its_still_picture_is_made_and_leaves_one_copy_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explorer, shown = Explorer({"x": 2.0}, Counted(), Parabola()), []
    still = explorer.live.still

    def show(data: Any, metadata: Any = None, raw: bool = False) -> None:
        shown.append((data if raw else {"text/html": data.data}, metadata))

    def look() -> bytes:
        assert ["application/vnd.jupyter.widget-view+json" in data for data, _ in shown] == [True]
        return still()

    monkeypatch.setattr(pgcourse.live.explorer, "display", show)
    monkeypatch.setattr(explorer.live, "still", look)
    explorer._ipython_display_()
    _, (image, about), (page, _) = shown
    assert image == {"image/png": still()}
    assert about["image/png"]["alt"] == explorer.live.frame["description"] == "x is 2.00"
    assert "This is a still picture: x is 2.00</p>" in page["text/html"]
    assert "data:image" not in page["text/html"]


# the end


def test_closing_leaves_no_widget_and_no_observer(capsys: pytest.CaptureFixture[str]) -> None:
    before, compute, slider = len(_instances), Counted(), FloatSlider(1.0)
    explorer = Explorer({"x": slider}, compute, Parabola(), step=double, scenes={"two": {"x": 2.0}})
    explorer.close()
    assert len(_instances) == before
    slider.value = 2.5
    assert compute.calls == 1
    explorer._ipython_display_()
    assert "This view is closed. Run its cell again." in capsys.readouterr().out
    explorer.close()  # does no harm
    with pytest.raises(RuntimeError, match="closed, run its cell again"):
        explorer.values = {"x": 1.0}


class Cell:
    """The shell of a notebook, in which one cell is run again and again."""

    runs = 0

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {"cellId": "a cell"}, "header": {"msg_id": f"run {self.runs}"}}


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    cell = Cell()
    monkeypatch.setattr(pgcourse.live.figure, "get_ipython", lambda: cell)
    monkeypatch.setattr(pgcourse.live.figure, "_shown", {})
    return cell


@pytest.mark.slow
def test_fifty_runs_of_a_cell_leave_one_view(cell: Cell) -> None:
    gc.collect()
    start, views = len(_instances), []
    for cell.runs in range(50):
        views.append(weakref.ref(Explorer({"x": FloatSlider(), "text": HTML()}, Counted(), Parabola(), step=double)))
        if cell.runs == 0:
            one = len(_instances) - start
    assert len(_instances) - start == one
    gc.collect()
    assert sum(view() is not None for view in views) == 1, "the earlier ones are not even in memory"
    views[-1]().close()  # type: ignore[union-attr]
    assert len(_instances) == start


def test_a_closed_view_lets_go_of_its_picture(cell: Cell) -> None:
    figures, out = [], []
    for cell.runs in range(3):
        out.append(Explorer({"x": 0.0}, Counted(), picture := Parabola()))
        figures.append(weakref.ref(picture.figure))
    del picture
    gc.collect()
    assert [figure() is None for figure in figures] == [True, True, False], "although Out[…] keeps the views"


def test_a_slider_made_in_another_cell_survives(cell: Cell) -> None:
    slider, picture = FloatSlider(1.0, min=-4, max=4), Parabola()
    for cell.runs in range(3):
        explorer = Explorer({"x": slider}, compute := Counted(), picture)
    assert slider.comm is not None
    slider.value = 2.0
    assert compute.calls == 2
    assert explorer.live.frame["at"] == [[2.0, 4.0]]


def test_two_views_in_one_cell_stay(cell: Cell) -> None:
    slider = FloatSlider()
    one, two = (Explorer({"x": slider}, Counted(), Parabola()) for _ in range(2))
    assert one.live.comm is not None
    one.close()
    assert two.live.comm is not None
    slider.value = 2.0
    assert two.live.frame["at"] == [[2.0, 4.0]]


def test_the_scenes_of_another_view_of_the_same_slider_are_tried_unheard() -> None:
    slider = FloatSlider(1.0, min=-4, max=4)
    one = Explorer({"x": slider}, compute := Counted(), Parabola())
    one.values = {"x": 1.23456}
    calls = compute.calls
    two = Explorer({"x": slider}, Counted(), Parabola(), scenes={"two": {"x": 2}, "minus one": {"x": -1}})
    assert (one.values, compute.calls) == ({"x": 1.23456}, calls)
    two.scene = "two"
    assert (one.values, compute.calls) == ({"x": 2.0}, calls + 1)


def test_a_picture_alone_is_enough() -> None:
    picture = SimpleNamespace(figure=Figure(), update=lambda numbers: None)
    explorer = Explorer({}, lambda: None, picture)
    assert isinstance(explorer.live, LiveFigure)
    assert explorer.live.frame["description"] == ""
