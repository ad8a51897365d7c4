"""A figure like one before is not drawn again; whatever would be drawn otherwise is drawn.

The second route is matplotlib: what it draws of the figure when it is not told of an earlier one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from pgcourse.live import drawn
from pgcourse.live.ahead import _same
from pgcourse.live.figure import LiveFigure

STATE = "size", "papers", "background", "artists", "handles", "frame"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "_known", type(drawn._known)())


def figure(change: Callable[[Axes], Any] = lambda ax: None) -> Figure:
    """Two axes that constrained layout and an aspect move, a colour bar, and artists that stay and that move."""
    figure = Figure(figsize=(5, 3), dpi=100, layout="constrained")
    ax, right = figure.subplots(1, 2)
    x, y = np.linspace(0, 1, 9), np.linspace(0, 2, 9)
    figure.colorbar(right.contourf(x, y, np.add.outer(y, x)))
    ax.plot(x, y**2, label="a curve")
    ax.plot([0.2], [0.3], "o", animated=True)
    ax.set(xlabel="x", title="a title")
    ax.set_aspect("equal")
    ax.imshow(np.eye(3), animated=True)
    right.text(0.5, 0.5, "moves", animated=True, bbox={"boxstyle": "round"})
    ax.legend()
    change(ax)
    return figure


def state(live: LiveFigure) -> dict[str, Any]:
    return {name: getattr(live, name) for name in STATE}


@pytest.mark.slow
def test_a_figure_like_one_before_is_shown_without_being_drawn(draws: list[FigureCanvasAgg]) -> None:
    first = state(LiveFigure(figure()))
    assert len(draws) == 1
    again = LiveFigure(figure())
    assert len(draws) == 1
    assert state(again) == first
    again.figure.axes[0].set_xlabel("another")
    again.update()
    assert len(draws) == 2
    other = LiveFigure(figure(lambda ax: ax.set_xlabel("another")))
    assert len(draws) == 3
    assert len(other.background) > 0


CHANGES: dict[str, Callable[[Axes], Any]] = {
    "a title": lambda ax: ax.set_title("another title"),
    "limits": lambda ax: ax.set_xlim(-0.1, 1),
    "a scale": lambda ax: ax.set_yscale("symlog"),
    "an aspect": lambda ax: ax.set_aspect("auto"),
    "a digit": lambda ax: ax.lines[0].set_ydata(np.nextafter(ax.lines[0].get_ydata(), 9)),
    "a colour": lambda ax: ax.lines[0].set_color("#ff0001"),
    "what is seen": lambda ax: ax.lines[0].set_visible(False),
    "the order": lambda ax: ax.lines[0].set_zorder(1),
    "a tick": lambda ax: ax.set_xticks([0.0, 0.5]),
    "the size of the figure": lambda ax: ax.figure.set_size_inches(5, 3.1),
    "the resolution": lambda ax: ax.figure.set_dpi(101),
    "the layout": lambda ax: ax.figure.get_layout_engine().set(w_pad=0.2),
    "the spines": lambda ax: ax.spines["top"].set_visible(False),
    "the ground": lambda ax: ax.set_facecolor("#eeeeee"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_would_be_drawn_otherwise_is_drawn(
    draws: list[FigureCanvasAgg], change: Callable[[Axes], Any]
) -> None:
    LiveFigure(figure())
    live = LiveFigure(figure(change))
    assert len(draws) == 2
    drawn._known.clear()
    assert state(live) == state(LiveFigure(figure(change)))


class Unspeakable(Line2D):
    def __getstate__(self) -> dict[str, Any]:
        raise RuntimeError("no pickle of this one")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["__main__", "my_helpers"])
def test_what_the_reader_has_written_may_have_changed_behind_its_name(
    draws: list[FigureCanvasAgg], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    def tick(x: float, k: int) -> str:
        return f"{x:g}"

    class Own(Line2D):
        pass

    monkeypatch.setitem(sys.modules, "my_helpers", ModuleType("my_helpers"))
    for written in (tick, Own):  # as if it stood in a cell, or in a file of the reader's
        written.__module__, written.__qualname__ = module, written.__name__
        monkeypatch.setattr(sys.modules[module], written.__name__, written, raising=False)
    for change in (
        lambda ax: ax.xaxis.set_major_formatter(tick),
        lambda ax: ax.xaxis.set_major_formatter(lambda x, k: f"{x:g}"),
        lambda ax: ax.add_line(Own([0, 1], [0, 1])),
        lambda ax: ax.add_line(Unspeakable([0, 1], [0, 1])),
    ):
        draws.clear()
        for _ in range(2):
            LiveFigure(figure(change))
        assert len(draws) == 2


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch, draws: list[FigureCanvasAgg]) -> None:
    monkeypatch.setattr(drawn, "MOST", 2)

    def show(name: str) -> int:
        small = Figure(figsize=(1, 1))
        small.add_artist(Text(0.5, 0.5, name))
        LiveFigure(small)
        return len(draws)

    assert [show(name) for name in ("a", "b", "a", "c", "a", "b")] == [1, 2, 2, 3, 3, 4]
    assert len(drawn._known) == 2


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"numbers": np.float32([1.01, np.nan]).tobytes()}, True),
        ({"numbers": np.float32([1.5, np.nan]).tobytes()}, False),
        ({"looks": {"0": {"color": "red"}}}, False),
        ({"description": "two"}, False),
        ({"texts": ["b"]}, False),
    ],
    ids=str,
)
def test_two_pictures_are_the_same_if_no_reader_can_tell_them_apart(change: dict[str, Any], same: bool) -> None:
    numbers = np.float32([1.0, np.nan]).tobytes()
    frame = {"counts": [1], "texts": ["a"], "looks": {}, "description": "one", "numbers": numbers}
    assert _same(frame, frame | change) is same
