"""LiveFigure without a browser: what travels, and when it does.

The second route throughout is matplotlib itself: its transforms say where a thing is, a figure built anew says how it
looks. What the browser makes of it is the matter of tests/browser.
"""

from __future__ import annotations

import ast
import gc
import io
import weakref
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from cell_runs import Cell
from ipywidgets.widgets.widget import _instances
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

import pgcourse.live.figure
from pgcourse.live.figure import RESOLUTION, LiveFigure
from pgcourse.pictures import Part, Picture


class Pendulum:
    """A figure with one artist of each kind, all told by one angle."""

    def __init__(self, angle: float) -> None:
        self.figure = Figure(figsize=(6, 3), dpi=100, layout="constrained")
        left, right = self.figure.subplots(1, 2)
        left.set(xlim=(-2, 2), ylim=(-2, 2), title="still")
        right.set(xlim=(0.1, 100), xscale="log", ylim=(0, 4))
        (self.bob,) = left.plot([0], [0], "o", ms=12, animated=True)
        (self.rod,) = left.plot([0, 0], [0, 0], "--", animated=True)
        self.disc = left.add_patch(Circle((0, 0), 0.3, alpha=0.5, animated=True))
        self.force = left.quiver([0], [0], [0], [0], angles="xy", scale_units="xy", scale=1, width=0.01, animated=True)
        self.words = left.text(-1.9, 1.5, "", bbox={"facecolor": "w"}, animated=True)
        (self.logarithmic,) = right.plot([1], [1], "s", animated=True)
        self.cells = right.inset_axes((0.5, 0.5, 0.4, 0.4)).imshow(np.zeros((2, 3)), vmin=-1, vmax=1, animated=True)
        self.draws = 0
        self.move(angle)

    def move(self, angle: float) -> None:
        self.draws += 1
        x, y = np.sin(angle), -np.cos(angle)
        self.bob.set_data([x], [y])
        self.rod.set_data([0, x], [0, y])
        self.disc.set_center((x, y))
        self.force.set_offsets([(x, y)])
        self.force.set_UVC([-x], [0])
        self.words.set_text(f"angle {angle:.2f}")
        self.logarithmic.set_data([10.0 ** np.abs(x)], [2 + y])
        self.cells.set_data(np.outer([x, y], [1, 0, -1]))

    def artists(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if hasattr(value, "get_animated") and key != "figure"}


def numbers(live: LiveFigure) -> list[np.ndarray]:
    """The frame's numbers, one array for each artist, as the browser reads them."""
    flat = np.frombuffer(live.frame["numbers"], dtype=np.float32)
    return np.split(flat, np.cumsum(live.frame["counts"])[:-1])


def sent(live: LiveFigure, artist: Any) -> np.ndarray:
    return numbers(live)[[moving.artist for moving in live._moving].index(artist)]


def pixels(artist: Any, xy: Any) -> np.ndarray:
    """Where matplotlib itself has a point of the artist's axes, with y downwards."""
    figure = artist.get_figure(root=True)
    return np.array([0, figure.bbox.height]) + artist.axes.transData.transform(xy) * [1, -1]


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def wish(x: float, y: float, handle: int = 0, seq: int = 1, limits: Any = (-2, 2, -2, 2)) -> dict[str, Any]:
    """What the browser sends for a point put at (x, y) of linear axes."""
    left, right, bottom, top = limits
    place = [handle, (x - left) / (right - left), (y - bottom) / (top - bottom), list(limits)]
    return {"drag": {"view": "a view", "seq": seq, "wishes": [place]}}


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the widgets send to the browser."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(LiveFigure, "_send", lambda self, message, buffers=None: seen.append(message), raising=False)
    return seen


# dragged equals fresh


@pytest.mark.slow
def test_a_moved_figure_equals_one_built_there() -> None:
    pendulum, fresh = Pendulum(0.3), Pendulum(1.1)
    live = LiveFigure(pendulum.figure)
    for angle in (2.0, -1.0, 1.1):
        pendulum.move(angle)
        live.update("there")
    expected = LiveFigure(fresh.figure)
    expected.update("there")
    assert live.frame == expected.frame
    assert live.background == expected.background
    assert live.artists == expected.artists
    assert (picture(live.still()) == picture(expected.still())).all()


@pytest.mark.slow
def test_a_dragged_point_is_answered_where_matplotlib_has_it() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    asked: list[tuple[float, float]] = []

    def on_drag(x: float, y: float) -> None:
        asked.append((x, y))
        pendulum.move(np.arctan2(x, -y))
        live.update("dragged")

    live.draggable(pendulum.bob, on_drag, "bob")
    live.set_state(wish(1.5, -1.5, seq=7))
    assert asked == [pytest.approx((1.5, -1.5))]
    np.testing.assert_allclose(sent(live, pendulum.bob), pixels(pendulum.bob, np.sqrt([0.5, 0.5]) * [1, -1]), atol=1e-3)
    assert live.frame["ack"] == ["a view", 7]
    fresh = LiveFigure(Pendulum(np.pi / 4).figure)
    assert live.frame["numbers"] == fresh.frame["numbers"]


def test_a_wish_from_before_the_limits_changed_is_still_understood() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    asked: list[tuple[float, float]] = []
    live.draggable(pendulum.bob, lambda x, y: asked.append((x, y)), "bob")
    live.draggable(pendulum.logarithmic, lambda x, y: asked.append((x, y)), "logarithmic")
    pendulum.bob.axes.set(xlim=(-9, 9))
    live.update()
    live.set_state(wish(1.5, -1.5))
    live.set_state({"drag": {"view": "", "seq": 2, "wishes": [[1, 2 / 3, 0.25, [0.1, 100, 0, 4]]]}})
    assert asked == [pytest.approx((1.5, -1.5)), pytest.approx((10, 1))]


def test_two_fingers_are_both_heard() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    asked: list[str] = []
    live.draggable(pendulum.bob, lambda x, y: asked.append("bob"), "bob")
    live.draggable(pendulum.logarithmic, lambda x, y: asked.append("logarithmic"), "logarithmic")
    both = [wish(0, 0, handle)["drag"]["wishes"][0] for handle in (0, 1)]
    live.set_state({"drag": {"view": "", "seq": 1, "wishes": both}})
    assert asked == ["bob", "logarithmic"]


# what travels


def test_each_kind_is_sent_where_matplotlib_has_it() -> None:
    angle = 0.7
    x, y = np.sin(angle), -np.cos(angle)
    pendulum = Pendulum(angle)
    live = LiveFigure(pendulum.figure)
    close = {"atol": 1e-3}
    np.testing.assert_allclose(sent(live, pendulum.bob), pixels(pendulum.bob, (x, y)), **close)
    np.testing.assert_allclose(sent(live, pendulum.rod), pixels(pendulum.rod, [(0, 0), (x, y)]).ravel(), **close)
    np.testing.assert_allclose(sent(live, pendulum.words), pixels(pendulum.words, (-1.9, 1.5)), **close)
    np.testing.assert_allclose(
        sent(live, pendulum.logarithmic), pixels(pendulum.logarithmic, (10 ** abs(x), 2 + y)), **close
    )
    start, tip = pixels(pendulum.force, [(x, y), (0, y)])
    np.testing.assert_allclose(sent(live, pendulum.force), [*start, *(tip - start)], **close)
    outline = sent(live, pendulum.disc).reshape(-1, 3)
    window = pendulum.disc.get_window_extent()
    height = pendulum.figure.bbox.height
    np.testing.assert_allclose(outline[:-1, 1:].min(axis=0), [window.x0, height - window.y1], atol=0.1)
    np.testing.assert_allclose(outline[:-1, 1:].max(axis=0), [window.x1, height - window.y0], atol=0.1)
    rgb = pendulum.cells.to_rgba(pendulum.cells.get_array(), bytes=True)[..., :3].reshape(-1, 3).astype(int)
    assert sent(live, pendulum.cells).tolist() == (rgb @ [0x10000, 0x100, 1]).tolist()


def test_one_update_is_one_small_message(messages: list[dict[str, Any]]) -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    messages.clear()
    pendulum.move(0.5)
    live.update("at 0.5")
    (message,) = messages
    assert set(message["state"]) <= {"frame", "error"}
    assert len(live.frame["numbers"]) == 4 * sum(live.frame["counts"]) < 1000
    live.update("at 0.5")
    assert len(messages) == 1, "nothing has moved, so nothing is sent"


def test_a_change_of_colour_travels_with_the_frame() -> None:
    pendulum = Pendulum(0.0)
    live, colour = LiveFigure(pendulum.figure), pendulum.bob.get_color()
    assert live.frame["looks"] == {}
    pendulum.bob.set_color("red")
    pendulum.disc.set_visible(False)
    live.update()
    looks = list(live.frame["looks"].values())
    assert [look["fill"] for look in looks if look["kind"] == "line"] == ["#ff0000ff"]
    assert [look["visible"] for look in looks if look["kind"] == "outline"] == [False]
    pendulum.bob.set_color(colour)
    pendulum.disc.set_visible(True)
    live.update()
    assert live.frame["looks"] == {}


@pytest.mark.slow
def test_the_background_is_the_still_picture_without_what_moves() -> None:
    pendulum, empty = Pendulum(0.4), Pendulum(0.4)
    live = LiveFigure(pendulum.figure)
    for artist in empty.artists().values():
        artist.remove()
    expected = LiveFigure(empty.figure).background
    paper = picture(live.background)
    white = Image.new("RGBA", paper.shape[1::-1], "white")
    flat = np.asarray(Image.alpha_composite(white, Image.fromarray(paper)))
    assert np.abs(flat.astype(int) - picture(expected)).max() <= 4  # of 255: the paper is added in the browser
    assert paper.shape == picture(live.still()).shape == (300 * RESOLUTION, 600 * RESOLUTION, 4)
    assert (picture(live.still()) != picture(expected)).any()


def test_a_moving_image_lies_beneath_what_stays() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    alpha = picture(live.background)[..., 3]
    inset = pendulum.cells.axes.get_window_extent()
    x, y = int(RESOLUTION * (inset.x0 + inset.x1) / 2), int(RESOLUTION * (300 - (inset.y0 + inset.y1) / 2))
    assert alpha[y, x] == 0
    assert pendulum.cells.axes.patch.get_visible()


def test_new_limits_bring_a_new_background(messages: list[dict[str, Any]]) -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    live.draggable(pendulum.bob, lambda x, y: None, "bob")
    old = live.background
    pendulum.bob.axes.set_xlim(-4, 4)
    messages.clear()
    live.update()
    assert len(messages) == 1, "the browser never sees half of it"
    assert live.background != old
    assert live.handles[0]["limits"] == [-4, 4, -2, 2]
    np.testing.assert_allclose(sent(live, pendulum.bob), pixels(pendulum.bob, (0, -1)), atol=1e-3)


def test_scale_only_sharpens_the_background() -> None:
    live = LiveFigure(Pendulum(0.2).figure)
    frame, artists = live.frame, live.artists
    live.scale = 2
    assert picture(live.background).shape == (1200, 2400, 4)
    assert (live.frame, live.artists, live.size) == (frame, artists, [600, 300])


def test_a_figure_shown_again_is_the_same() -> None:
    pendulum = Pendulum(0.2)
    first = LiveFigure(pendulum.figure)
    for _ in range(3):
        again = LiveFigure(pendulum.figure)
    assert (again.size, again.background, again.frame) == (first.size, first.background, first.frame)


@pytest.mark.slow
def test_what_is_drawn_anew_is_seen(messages: list[dict[str, Any]]) -> None:
    """As by an update that clears its axes, moving artists included, or adds to what stays."""
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    left = pendulum.bob.axes
    left.clear()
    left.set(xlim=(-2, 2), ylim=(-2, 2))
    left.plot([-1, 1], [0, 1], "k")
    (line,) = left.plot([0], [1], "s", animated=True)
    messages.clear()
    live.update()
    assert len(messages) == 1
    np.testing.assert_allclose(sent(live, line), pixels(line, (0, 1)), atol=1e-3)
    assert pendulum.bob not in [moving.artist for moving in live._moving]
    expected = LiveFigure(pendulum.figure)
    assert (live.background, live.frame["numbers"]) == (expected.background, expected.frame["numbers"])
    left.set_title("another")
    live.update()
    assert live.background != expected.background


def test_a_still_picture_or_a_scale_between_is_no_reason_to_render_again(messages: list[dict[str, Any]]) -> None:
    live = LiveFigure(Pendulum(0.0).figure)
    for look in (live.still, live.redraw, lambda: setattr(live, "scale", 2)):
        look()
        messages.clear()
        live.update("looked")
        live.update("")
        assert [set(message["state"]) for message in messages] == [{"frame"}, {"frame"}]


def test_two_views_of_one_figure_both_see_what_is_drawn_anew() -> None:
    pendulum = Pendulum(0.0)
    one, two = LiveFigure(pendulum.figure), LiveFigure(pendulum.figure)
    pendulum.bob.axes.set(xlim=(-9, 9))
    one.update()
    two.update()
    assert (one.background, one.frame["numbers"]) == (two.background, two.frame["numbers"])
    background = one.background
    one.update()
    assert one.background is background, "one does not wake the other for ever"


def test_a_point_that_is_drawn_anew_cannot_be_dragged_and_is_named() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    live.draggable(pendulum.bob, lambda x, y: None, "the bob")
    pendulum.bob.axes.clear()
    with pytest.raises(ValueError, match="the bob: its point is no longer in the figure"):
        live.update()


def test_dashes_of_ones_own_travel() -> None:
    figure = Figure(dpi=72)
    ax = figure.subplots()
    (own,) = ax.plot([0, 1], [0, 1], ls=(0, (5, 1, 2, 1)), lw=2, animated=True)
    (plain,) = ax.plot([0, 1], [0, 1], "--", lw=2, animated=True)
    live = LiveFigure(figure)
    assert live.artists[0]["dashes"] == pytest.approx([10, 2, 4, 2]), "in units of the line's width"
    assert live.artists[1]["dashes"] == pytest.approx([2 * 3.7, 2 * 1.6]), "matplotlib's, lines.dashed_pattern"
    plain.set_dashes((3, 3))
    live.update()
    assert live.frame["looks"]["1"]["dashes"] == pytest.approx([6, 6])
    own.set_linestyle("-")
    live.update()
    assert live.frame["looks"]["0"]["dashes"] == []


def test_what_is_masked_is_nowhere() -> None:
    figure = Figure()
    ax = figure.subplots()
    mask = [False, True, False]
    masked = np.ma.array([1.0, 2.0, 3.0], mask=mask)
    (line,) = ax.plot(masked, [1, 2, 3], animated=True)
    arrows = ax.quiver([1, 2, 3], [0, 0, 0], masked, [1, 1, 1], angles="xy", scale_units="xy", scale=1, width=1)
    arrows.set_animated(True)
    cells = ax.imshow(np.ma.array([[1.0, 2.0, 3.0]], mask=[mask]), animated=True)
    live = LiveFigure(figure)
    assert np.isnan(sent(live, line).reshape(3, 2)).any(axis=1).tolist() == mask
    assert np.isnan(sent(live, arrows).reshape(3, 4)).any(axis=1).tolist() == mask
    assert (sent(live, cells) == -1).tolist() == mask
    arrows.set_UVC([1, np.nan, 1], np.ma.array([1, 1, 1], mask=[True, False, False]))
    live.update()
    assert np.isnan(sent(live, arrows).reshape(3, 4)).any(axis=1).tolist() == [True, True, False]


def test_an_image_of_colours_travels() -> None:
    figure = Figure()
    image = figure.subplots().imshow([[[255, 0, 0], [0, 128, 255]]], animated=True)
    assert sent(LiveFigure(figure), image).tolist() == [0xFF0000, 0x0080FF]


def test_the_reader_s_own_settings_of_matplotlib_do_not_leak_in() -> None:
    expected = LiveFigure(Picture([TwoNumbers()]).figure)
    own = {"savefig.bbox": "tight", "savefig.transparent": True, "image.interpolation": "bilinear", "font.size": 20}
    own |= {"text.usetex": True, "axes.facecolor": "red", "path.simplify": False, "lines.dashed_pattern": [9, 9]}
    with matplotlib.rc_context(own):
        live = LiveFigure(Picture([TwoNumbers()]).figure)
        assert (live.still(), live.background) == (expected.still(), expected.background)
    assert (live.artists, live.frame) == (expected.artists, expected.frame)
    assert picture(live.still()).shape == (380 * RESOLUTION, 900 * RESOLUTION, 4)


class TwoNumbers(Part):
    """An image and a word, drawn by whatever matplotlib is set to."""

    def draw(self, ax: Any) -> None:
        ax.imshow(np.eye(2), animated=True)
        ax.text(0, 0, "a", animated=True)
        ax.set_title("a title")


def test_a_figure_of_pyplot_is_shown_once() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, ax = pyplot.subplots()
    ax.plot([0], [0], "o", animated=True)
    other = pyplot.figure()
    try:
        live = LiveFigure(figure)
        assert pyplot.get_fignums() == [other.number], "the reader's other figures stay"
        assert len(live.artists) == 1
    finally:
        pyplot.close(other)


# at the edge of numbers


@pytest.mark.parametrize("x", [np.nan, np.inf, 1e308, -1e308, 1e12])
def test_numbers_out_of_the_world_leave_the_picture_alive(x: float) -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    live.draggable(pendulum.bob, lambda x, y: None, "bob")
    pendulum.bob.set_data([x], [0])
    pendulum.disc.set_center((x, 0))
    pendulum.force.set_UVC([x], [x])
    with np.errstate(all="raise"):
        live.update()
    assert not np.isinf(np.concatenate(numbers(live))).any()
    assert np.isnan(sent(live, pendulum.bob)[0]) == (not np.isfinite(x) or abs(x) > 1e300)
    assert live.frame["at"] == [None if not np.isfinite(x) else [x, 0]]


def test_an_empty_line_is_nowhere() -> None:
    figure = Figure()
    (line,) = figure.subplots().plot([], [], "o", animated=True)
    live = LiveFigure(figure)
    live.draggable(line, lambda x, y: None, "point")
    assert (live.frame["counts"], live.frame["at"]) == ([0], [None])


def test_a_step_on_a_logarithmic_axis_is_that_of_its_middle() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    live.draggable(pendulum.logarithmic, lambda x, y: None, "point", step=(1, 0.5))
    middle = np.sqrt(0.1 * 100)
    expected = pixels(pendulum.logarithmic, [(middle, 1), (middle + 1, 1.5)])
    np.testing.assert_allclose(live.handles[0]["step"], expected[1] - expected[0], atol=1e-6)
    with pytest.raises(ValueError, match="snap is True, expected linear axes"):
        live.draggable(pendulum.logarithmic, lambda x, y: None, "point", snap=True)


@pytest.mark.parametrize("step", [(0.0, 0.1), (0.1, np.nan)])
def test_a_step_that_leads_nowhere_is_refused_by_the_point_s_name(step: tuple[float, float]) -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    with pytest.raises(ValueError, match=r"bob: step is \(.*expected two finite numbers, neither of them 0"):
        live.draggable(pendulum.bob, lambda x, y: None, "bob", step=step)
    assert live.handles == []


# errors, descriptions, static viewers, the end


def test_an_error_keeps_the_picture_and_is_gone_with_the_next_update() -> None:
    pendulum = Pendulum(0.0)
    live = LiveFigure(pendulum.figure)
    before = live.frame["numbers"]
    pendulum.move(1.0)
    live.set_state({"drag": {"view": "a view", "seq": 3, "wishes": []}})
    live.fail("ValueError: no")
    assert (live.error, live.frame["numbers"], live.frame["ack"]) == ("ValueError: no", before, ["a view", 3])
    live.redraw()
    assert live.error, "a new background is no new value"
    live.update()
    assert live.error == ""


def test_a_static_viewer_has_the_still_picture() -> None:
    live = LiveFigure(Pendulum(0.0).figure)
    data, metadata = live._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(data)
    assert (picture(data["image/png"]) == picture(live.still())).all()
    assert metadata["image/png"] == {"width": 600, "height": 300, "alt": "live picture"}
    live.update("a pendulum at rest")
    assert live._repr_mimebundle_()[1]["image/png"]["alt"] == "a pendulum at rest"


def test_what_moves_still_moves_after_a_still_picture_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveFigure(Pendulum(0.0).figure)
    before = live.artists
    with monkeypatch.context() as patch:
        patch.setattr(live.figure, "draw", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            live.still()
    live.redraw()
    assert live.artists == before


def test_text_of_the_figure_itself_is_in_the_still_picture() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "moves", animated=True)
    live = LiveFigure(figure)
    assert (picture(live.still()) != picture(live.background)).any()
    assert live.artists[0]["kind"] == "text"


@pytest.mark.slow
def test_fifty_runs_of_a_cell_leave_one_figure(cell: Cell) -> None:
    gc.collect()
    start, figures = len(_instances), []
    for run in cell.run_times(50):
        figures += [weakref.ref(LiveFigure(figure)) for figure in (Figure(), Figure())]
        if run == 0:
            one = len(_instances)
    assert len(_instances) == one == start + 4  # two figures of this run, each with its layout
    gc.collect()
    assert sum(figure() is not None for figure in figures) == 2, "the earlier ones are not even in memory"


def test_the_figure_stands_alone() -> None:
    """It would be a library of its own: no thread, no file, and nothing of the course."""
    folder = Path(pgcourse.live.figure.__file__).parent
    names = "figure.py", "again.py", "artists.py", "drawn.py", "png.py"
    for source in ((folder / name).read_text(encoding="utf-8") for name in names):
        imported = [
            name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
        ]
        own = {f"pgcourse.live.{name.removesuffix('.py')}" for name in names}
        assert {name for name in imported if name.startswith("pgcourse")} <= own
        refused = {"", "threading", "multiprocessing", "subprocess", "asyncio", "tempfile"}
        assert not {name.split(".")[0] for name in imported} & refused
        assert "rcParams[" not in source
    assert matplotlib.__version__ >= "3.10"


@pytest.mark.parametrize("act", ["update", "redraw", "still", "still_output"])
def test_a_closed_picture_says_that_it_is_closed(act: str) -> None:
    live = LiveFigure(Pendulum(0.0).figure, "the pendulum")
    live.close()
    with pytest.raises(RuntimeError, match="the picture 'the pendulum' is closed"):
        getattr(live, act)()
