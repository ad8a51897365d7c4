"""The view that most tests of Explorer begin with, and a cell that is run again and again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cell_runs import Cell
from counted_view import Counted, Parabola
from ipywidgets import FloatSlider
from matplotlib.backends.backend_agg import FigureCanvasAgg

import pgcourse.live.again
import pgcourse.live.explorer
import pgcourse.live.running
from pgcourse.live.explorer import Explorer


@pytest.fixture
def view() -> SimpleNamespace:
    picture, compute, slider = Parabola(), Counted(), FloatSlider(1.0, min=-4, max=4)
    explorer = Explorer({"x": slider, "note": "a state"}, compute, picture)
    return SimpleNamespace(picture=picture, compute=compute, slider=slider, explorer=explorer, live=explorer.live)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgcourse.live.running, "PLAY_INTERVAL", 0.0)


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the reader after each step, and a picture each time."""
    monkeypatch.setattr(pgcourse.live.running, "SLICE", 0.0)
    monkeypatch.setattr(pgcourse.live.running, "DRAW_EVERY", 0.0)
    monkeypatch.setattr(pgcourse.live.running, "PAUSE", 0.0)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    cell = Cell()
    monkeypatch.setattr(pgcourse.live.again, "get_ipython", lambda: cell)
    monkeypatch.setattr(pgcourse.live.again, "_shown", {})
    return cell


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[FigureCanvasAgg]:
    """What is drawn by matplotlib."""
    seen, draw = [], FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: [seen.append(canvas), draw(canvas)])
    return seen
