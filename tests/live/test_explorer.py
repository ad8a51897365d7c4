"""Explorer: controls → compute → picture: one computation and one drawing for each move, and nothing lost."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from counted_view import Counted, Parabola, count, wish
from ipywidgets import Button, Checkbox, Dropdown, FloatLogSlider, FloatSlider, IntSlider, ToggleButtons
from matplotlib.figure import Figure

from pgcourse.live.controls import nearest_step
from pgcourse.live.explorer import Explorer
from pgcourse.live.figure import LiveFigure

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


def test_the_first_picture_waits_for_one_message_beside_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[set[str]] = []
    monkeypatch.setattr(LiveFigure, "_send", lambda self, message, buffers=None: sent.append(set(message["state"])))
    Explorer({"x": FloatSlider(1.0, min=-4, max=4)}, Counted(), Parabola())
    pictures = [state for state in sent if "frame" in state or "handles" in state]
    assert pictures == [{"handles", "frame"}], "what can be dragged and what is seen, together"


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
    compute, slider = Counted(), FloatLogSlider(0.25, base=2, min=-2, max=1, step=0.5)
    explorer = Explorer({"x": slider}, compute, Parabola(), scenes={"a quarter": {}, "a half": {"x": 0.5}})
    slider.set_state({"value": 0.25000000000000017})
    assert (explorer.values["x"], explorer.scene, compute.calls) == (0.25, "a quarter", 1)
    slider.set_state({"value": 1.0})
    assert (explorer.values["x"], explorer.scene, compute.calls) == (1.0, None, 2)


def test_a_log_slider_has_to_the_bit_what_its_browser_side_makes_of_a_value() -> None:
    """Then nothing comes back; what came back of a value that the kernel has left since would count as a move."""
    sigma = FloatLogSlider(0.25, base=2, min=-7, max=-1, step=0.25, description="σ")
    explorer = Explorer({"x": sigma}, Counted(), Parabola(), scenes={"a": {"x": 0.25}, "b": {"x": 0.03}})
    assert explorer.values["x"] == 0.25
    assert sigma.value == 0.25000000000000017, "as noUiSlider has it, in percent of the range"
    explorer.scene = "b"
    assert explorer.values["x"] == 0.03, "exact, between two steps"
    assert sigma.value == pytest.approx(2.0**-5)
    assert note(explorer) == "σ is 0.03; its slider shows the nearest step, 0.03125."
    explorer.values = {"x": 7.0}
    assert explorer.values["x"] == sigma.value == 0.5
    explorer.values = {"x": -1.0}
    assert explorer.values["x"] == sigma.value == 2.0**-7
    for base, low, high, step in ((10, -3, -0.5, 0.1), (2, -10, -3, 1), (10, 0, 3, 0.1)):
        slider = FloatLogSlider(base**high, base=base, min=low, max=high, step=step)
        for value in base ** np.random.default_rng(0).uniform(low, high, 200):
            shown = nearest_step(slider, value)
            assert abs(np.log(shown / value)) <= np.log(base) * step * 0.500001
            assert nearest_step(slider, shown) == shown


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
    view.slider.description = "place"
    view.slider.value = 3.0
    assert "The picture still shows place = 2." in view.live.error


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


def test_one_widget_cannot_stand_for_two_values() -> None:
    slider = FloatSlider(1.0)
    with pytest.raises(TypeError, match="control 'y' is the widget of 'x', expected one of its own"):
        Explorer({"x": slider, "y": slider}, Counted(), Parabola())


def test_a_whole_number_is_not_rounded_in_silence() -> None:
    explorer = Explorer({"x": IntSlider(1, min=-4, max=4)}, Counted(), Parabola())
    explorer.values = {"x": 2.0}
    with pytest.raises(TypeError, match=r"x is 2.7, expected a whole number"):
        explorer.values = {"x": 2.7}
    assert explorer.values == {"x": 2}


def test_a_scene_between_two_steps_is_said_though_nothing_can_be_dragged() -> None:
    scenes = {"a": {"x": 0.5}, "b": {"x": 0.789}}
    picture = Parabola()
    picture.handles = []
    explorer = Explorer({"x": FloatSlider(1.0, min=-4, max=4, step=0.1)}, Counted(), picture, scenes=scenes)
    explorer.scene = "b"
    assert note(explorer) == "x is 0.789; its slider shows the nearest step, 0.8."
    plain = Explorer({"x": FloatSlider(1.0, step=0.1)}, Counted(), picture, scenes={"a": {"x": 0.5}})
    assert note(plain) == "no note"


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
    fine = FloatSlider(0.0, min=-2, max=0.4, step=0.1, description="log β")  # its step at 0 is 4.4e−16
    zero = Explorer({"x": fine}, Counted(), Parabola(), scenes={"one": {"x": -1.0}, "zero": {"x": 0.0}})
    for value in (0.0, -1.3e-8):
        zero.values = {"x": value}
        assert note(zero) == ""
    zero.close()
    assert note(Explorer({"x": IntSlider(1)}, Counted(), Parabola())) == "no note"
