"""What is recorded of a view is what the view shows: asked again at the recorded values, it gives the same frames."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ipywidgets import Checkbox, Dropdown, FloatLogSlider, FloatSlider, IntSlider, Text
from matplotlib.figure import Figure

from pgcourse.live.explorer import Explorer
from pgcourse.live.keys import key_of, part_of, told_apart
from pgcourse.live.ranges import nearest, options, parameter, places_of
from pgcourse.live.recording import Unrecordable, _Walk, record_view


class Line:
    """A line through the origin: its slope, a colour for steep ones, and wider limits where it is marked as wide."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(2, 1), dpi=50)
        ax = self.axes = self.figure.subplots()
        (self.line,) = ax.plot([0, 1], [0, 0], animated=True)
        (self.end,) = ax.plot([1], [0], "o", animated=True)
        self.words = ax.text(0, 0, "", animated=True)
        self.handles = [
            handle(self.end, lambda x, y, values: {"slope": round(y, 1)}),
            handle(self.end, lambda x, y, values: {"slope": x, "kind": "thin"}),
            handle(self.end, lambda x, y, values: {"level": int(y > 0)}),
        ]

    def update(self, numbers: dict[str, Any]) -> None:
        slope, wide = numbers["slope"], numbers["wide"]
        if self.axes.get_ylim()[1] != 1 + wide:
            self.axes.set_ylim(-1 - wide, 1 + wide)
        self.line.set_data([0, 1], [0, slope])
        self.line.set_color("red" if abs(slope) > 0.5 else "blue")
        self.end.set_data([1], [slope])
        self.words.set_text(f"{slope:.2f}, {numbers['kind']}, {numbers['level']}")

    def describe(self, numbers: dict[str, Any]) -> str:
        return f"slope {numbers['slope']:.2f}"


def handle(line: Any, values: Any) -> SimpleNamespace:
    return SimpleNamespace(line=line, label="end", values=values, step=(0.5, 0.5), along=None, snap=False)


def compute(slope: float, kind: str, wide: bool, level: int) -> dict[str, Any]:
    if slope == -1 and kind == "thick":
        raise ValueError("too thick for this slope")
    return {"slope": slope, "kind": kind, "wide": wide, "level": level}


def controls() -> dict[str, Any]:
    slope = FloatSlider(0.0, min=-1, max=1, step=0.25, description="m")
    return {"slope": slope, "kind": Dropdown(options=["thin", "thick"]), "wide": Checkbox(False), "level": 0}


SCENES: dict[str, dict[str, Any]] = {"flat": {}, "steep": {"slope": 0.75, "kind": "thick"}, "wide": {"wide": True}}


@pytest.fixture
def view() -> Any:
    explorer = Explorer(controls(), compute, Line(), name="a line", scenes=SCENES)
    yield explorer
    explorer.close()


# keys


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3, "300000"),
        (0.1 + 0.2, "300000"),
        (-0.0, "0"),
        (-1e-9, "0"),
        (2**-7, "7813"),
        (np.nextafter(2**-7, 0), "7813"),
        (np.float32(0.5), "500000"),
        (np.int64(14), "14000000"),
        (True, "true"),
        (np.False_, "false"),
        (None, "null"),
        ('a "q" θ', '"a \\"q\\" θ"'),
        ((1, 0.5), "[1000000,500000]"),
        ([], "[]"),
    ],
    ids=str,
)
def test_a_value_is_written_in_one_way(value: Any, text: str) -> None:
    assert part_of(value) == text


@dataclass
class Pair:
    one: float
    other: float


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, None),
        ("1", 1),
        (np.zeros(3), np.zeros((1, 3))),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        ({"a": 1}, {"b": 1}),
        (Pair(1, 2), Pair(2, 1)),
        (["a,b"], ["a", "b"]),
        (0.1, 0.100001),
    ],
    ids=str,
)
def test_values_that_differ_are_told_apart(one: Any, other: Any) -> None:
    assert told_apart([part_of(one), part_of(other)])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e13, iter([]), object(), [lambda: 0]], ids=range(6))
def test_what_cannot_be_a_key_is_refused_with_its_name(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^state: .*cannot be a key, expected "):
        key_of({"state": value}, {})


def test_a_long_state_has_a_short_key_of_its_own() -> None:
    table = np.arange(64.0).reshape(16, 4)
    other = table.copy()
    other[7, 1] += 1e-3
    keys = [key_of({"theta": state, "s": 14}, {}) for state in (table, other)]
    assert keys[0] != keys[1]
    assert max(map(len, keys)) < 40


def test_a_choice_is_known_by_its_place() -> None:
    choice = Dropdown(options={"ρ": (0, 0), "(1−γ) ρ": (1, 1)})
    assert key_of({"table": (1, 1)}, {"table": choice}) == "1000000"


# ranges


@pytest.mark.parametrize(
    ("control", "values"),
    [
        (FloatSlider(0, min=-1, max=1, step=0.5), [-1, -0.5, 0, 0.5, 1]),
        (FloatSlider(0, min=0, max=0.3, step=0.1), [0, 0.1, 0.2, 0.3]),  # 0.3/0.1 is 2.9999999999999996
        (IntSlider(0, min=2, max=6, step=2), [2, 4, 6]),
        (FloatLogSlider(0.25, base=2, min=-2, max=0, step=1), [0.25, 0.5, 1]),
        (Dropdown(options={"one": 1, "two": 2}), [1, 2]),
        (Checkbox(), [False, True]),
        (Text("a"), []),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_the_values_a_reader_can_bring_a_control_to(control: Any, values: list[Any]) -> None:
    assert options(control) == pytest.approx(values) if values else options(control) == []


def test_a_point_on_a_curve_is_tried_along_it(view: Explorer) -> None:
    (curve,) = view.live.figure.axes[0].plot([0, 0.5, np.nan, 1], [0, 0.25, 9, 1])
    bound = handle(curve, lambda x, y, values: {"slope": round(y, 2)})
    bound.along = curve
    assert parameter(bound, view.values) == ("slope", [0, 0.25, 1], True, False)


def test_a_point_on_a_long_curve_is_tried_to_the_curve_s_end() -> None:
    curve = SimpleNamespace(get_xydata=lambda: np.column_stack([np.arange(1000.0), np.zeros(1000)]))
    found = parameter(SimpleNamespace(along=curve, values=lambda x, y, values: {"x": x}), {"x": 0.0})
    assert len(found.values) < 100
    assert found.values[-1] > 980


def test_the_nearest_place_in_a_range() -> None:
    assert nearest([0.0, 0.5, 1.0], 0.7) == 1
    assert nearest(["a", "b"], "b") == 1
    assert nearest([False, True], True) == 1


def test_a_point_with_one_parameter_is_found_and_no_other(view: Explorer) -> None:
    slope, two, level = view.handles
    assert parameter(slope, view.values) == ("slope", [-1, -0.5, 0, 0.5, 1], False, True)
    assert parameter(two, view.values) is None
    assert parameter(level, view.values) == ("level", [0, 1], False, True)
    assert parameter(handle(slope.line, lambda x, y, values: 1 / 0), view.values) is None
    assert parameter(handle(slope.line, lambda x, y, values: {"theta": np.array([x])}), view.values) is None


def test_a_point_is_tried_at_no_place_outside_of_its_axes(view: Explorer) -> None:
    view.live.figure.axes[0].set_ylim(-0.9, 0.9)
    assert parameter(view.handles[0], view.values).values == [-0.5, 0, 0.5]


def test_a_point_with_two_parameters_is_found_and_no_other(view: Explorer) -> None:
    """Not one that moves other numbers elsewhere, and none on a logarithmic axis, where equal steps are of no use."""

    def at_times(x: float, y: float, values: dict[str, Any]) -> dict[str, Any]:
        return {"slope": y, "level": x} if x > 0 else {"slope": y, "width": x}

    line, ax = view.handles[0].line, view.live.figure.axes[0]
    two = handle(line, lambda x, y, values: {"slope": y, "level": x})
    ax.set(xlim=(0.5, 1), ylim=(0.5, 1))
    assert places_of(two, view.values) == (("slope", "level"), [(0.5, 0.5), (1, 0.5), (0.5, 1), (1, 1)])
    ax.set_xscale("log")
    assert places_of(two, view.values) is None
    ax.set(xscale="linear", xlim=(-1, 1))
    assert places_of(handle(line, at_times), view.values) is None


# recordings


def dressed(artists: Any, looks: dict[str, Any]) -> list[Any]:
    return [looks.get(str(k), look) for k, look in enumerate(artists)]


def test_what_is_recorded_is_what_is_shown_when_it_is_asked(view: Explorer) -> None:
    before = view.values, view.live.frame, view.live.background
    recording = json.loads(json.dumps(record_view(view)))
    assert (view.values, view.live.frame, view.live.background) == before
    assert len(recording["scenes"]) == 3
    asked, slopes = 0, options(view.controls["slope"])
    for scene in view.scenes.values():
        for name, values in (("slope", slopes), ("kind", ["thin", "thick"]), ("level", [0, 1])):
            for value in values:
                view.values = {**scene, name: value} if scene["kind"] != "thick" or value != -1 else scene
                frame = recording["frames"][key_of(view.values, view.controls)]
                assert b64decode(frame["numbers"]) == view.live.frame["numbers"]
                assert [frame[one] for one in ("counts", "texts", "at", "description")] == [
                    json.loads(json.dumps(view.live.frame[one])) for one in ("counts", "texts", "at", "description")
                ]
                looks = {artist: recording["looks"][place] for artist, place in frame["looks"].items()}
                scenery = recording["sceneries"][frame["scenery"]]
                assert b64decode(recording["backgrounds"][scenery["background"]]) == view.live.background
                assert dressed(scenery["artists"], looks) == dressed(view.live.artists, view.live.frame["looks"])
                assert scenery["handles"] == view.live.handles
                asked += 1
    assert asked == 3 * (9 + 2 + 2)
    assert len(recording["backgrounds"]) == 2, "equal ones are kept once"
    assert len(recording["looks"]) == 2, "of the line where it is steep, and where not"
    scene = recording["scenes"][1]
    assert "|".join(scene["parts"]) in recording["frames"]
    slope, kind, wide, level = recording["controls"]
    assert (slope["label"], slope["texts"][:2]) == ("m", ["-1.00", "-0.75"])
    assert slope["parts"][scene["at"][0]] == part_of(0.75)
    assert (kind["texts"], wide["parts"], level["name"]) == (["thin", "thick"], ["false", "true"], "level")
    assert recording["points"] == ["slope", None, "level"]
    assert recording["ways"] == [[False, True], None, [False, True]]
    refused = key_of({**view.scenes["steep"], "slope": -1.0}, view.controls)
    assert recording["refused"] == {
        refused: "This cannot be drawn: too thick for this slope. The picture stays as it was."
    }


def test_a_view_without_scenes_is_recorded_from_where_it_stands() -> None:
    view = Explorer(controls(), compute, Line())
    recording = record_view(view)
    assert [scene["name"] for scene in recording["scenes"]] == [""]
    assert len(recording["frames"]) == 9 + 1 + 1 + 1


def test_a_view_whose_scenes_alone_are_too_much_is_refused(view: Explorer) -> None:
    with pytest.raises(Unrecordable, match=r"'a line' cannot be recorded: its pictures take [\d,]+ bytes, expected at"):
        record_view(view, most_bytes=1000)


def test_a_background_that_comes_back_is_counted_once(view: Explorer) -> None:
    with view.glimpses() as glimpse:
        walk = _Walk(view, glimpse)
        for slope, wide in product((0.0, 0.25), (False, True)):
            walk.take({**view.values, "slope": slope, "wide": wide})
    frames, backgrounds = walk.frames.values(), walk.backgrounds.all
    assert (len(frames), len(backgrounds)) == (4, 2)
    assert walk.size == sum(len(json.dumps(frame)) for frame in frames) + sum(
        len(b64decode(one)) for one in backgrounds
    )


@pytest.mark.slow
def test_what_would_be_too_much_is_thinned_out_and_the_scenes_stay(view: Explorer) -> None:
    view.controls["slope"].step = 0.01
    whole, fewer, few = record_view(view), record_view(view, most_frames=200), record_view(view, most_bytes=25_000)
    steps = [len(recording["controls"][0]["parts"]) for recording in (whole, fewer, few)]
    assert steps[0] == 201 > steps[1] > steps[2] > 3
    for recording in (fewer, few):
        assert all("|".join(scene["parts"]) in recording["frames"] for scene in recording["scenes"])
        assert recording["controls"][0]["texts"][-1] == "1.00"


def test_a_run_is_recorded_by_its_scenes_and_without_the_ranges_of_its_inputs() -> None:
    def run(slope: float) -> Any:
        yield 1.0, {"level": 3}

    view = Explorer(controls(), compute, Line(), run=run, scenes=SCENES)
    recording = record_view(view)
    assert [control["name"] for control in recording["controls"]] == ["kind", "wide", "level"]
    assert recording["points"] == [None, None, "level"]
    with pytest.raises(Unrecordable, match="it has a run and no scenes, expected scenes"):
        record_view(Explorer(controls(), compute, Line(), run=run))


def test_a_view_that_cannot_be_recorded_is_refused_by_name() -> None:
    count = iter(range(100))
    restless = Explorer(
        controls(), lambda **values: compute(**{**values, "slope": next(count)}), Line(), name="dice", scenes=SCENES
    )
    with pytest.raises(Unrecordable, match="the view 'dice' cannot be recorded: scene 'flat' looks otherwise"):
        record_view(restless)
    fine = {**controls(), "slope": FloatSlider(0, min=0, max=1e-6, step=1e-7)}
    with pytest.raises(Unrecordable, match="the steps of slope are finer than the millionths of a key"):
        record_view(Explorer(fine, compute, Line()))
    odd = {**controls(), "level": object()}
    with pytest.raises(Unrecordable, match=r"level: <object .* cannot be a key, expected numbers, texts"):
        record_view(Explorer(odd, compute, Line()))


# a look at other values


def test_a_glimpse_leaves_everything_as_it_was(view: Explorer) -> None:
    shown = view.live.frame, view.live.background, view.live.artists
    wide, steep = view.glimpse(view.scenes["wide"]), view.glimpse(view.scenes["steep"])
    assert wide.scenery is not None
    assert steep.scenery is None
    assert (view.live.frame, view.live.background, view.live.artists) == shown
    view.values = {"slope": 0.25}
    assert view.live.background is shown[1], "nothing was rendered again"
    with pytest.raises(ValueError, match="too thick"):
        view.glimpse({"slope": -1, "kind": "thick", "wide": False, "level": 0})
    assert view.live.error == ""
    view.scene = "wide"
    assert view.live.background == wide.scenery["background"]
    assert view.live.frame["numbers"] == wide.frame["numbers"]


def test_many_glimpses_draw_each_picture_once_and_render_a_background_only_where_it_is_another(
    view, monkeypatch, draws
):
    drawn, update = [], Line.update
    monkeypatch.setattr(Line, "update", lambda self, numbers: [drawn.append(numbers["slope"]), update(self, numbers)])
    draws.clear()
    shown, slopes = view.live.frame, options(view.controls["slope"])
    with view.glimpses() as glimpse:
        for wide in (False, True):
            many = [glimpse({**view.scenes["flat"], "slope": slope, "wide": wide}, True) for slope in slopes]
            assert len({frame["numbers"] for frame, _ in many}) == len(slopes)
            assert (many[0].scenery is None) != wide
            assert all(one.scenery is many[0].scenery for one in many)
    assert drawn == [*slopes, *slopes, 0.0]
    assert len(draws) == 1
    view.live.redraw()
    assert view.live.frame == shown, "it has been put back"


@pytest.mark.slow
def test_a_point_that_moves_two_sliders_is_recorded_over_a_grid(view: Explorer) -> None:
    level = IntSlider(0, min=0, max=60)
    view = Explorer({**controls(), "level": level}, compute, Line(), scenes=SCENES)
    view._picture.handles = [handle(view._picture.end, lambda x, y, values: {"slope": y, "level": 1, "kind": "thin"})]
    recording = record_view(view)
    assert [[name for name, _ in pair] for pair in recording["grids"]] == [["slope", "level"]]
    (one, slopes), (other, levels) = recording["grids"][0]
    assert (len(slopes), len(levels)) == (9, 61)
    for scene in recording["scenes"]:
        for slope, place in product(slopes, levels):
            parts = dict(zip(recording["order"], scene["parts"], strict=True)) | {one: slope, other: place}
            key = "|".join(parts.values())
            assert (key in recording["frames"]) != (key in recording["refused"])
    coarse = record_view(view, most_frames=700)
    assert 12 <= len(coarse["grids"][0][1][1]) < 61
