"""What a view leaves in a notebook, and its end: nothing of it is kept."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from cell_runs import Cell
from counted_view import Counted, Parabola, double
from ipywidgets import HTML, FloatSlider
from ipywidgets.widgets.widget import _instances
from matplotlib.figure import Figure

import pgcourse.live.explorer
import pgcourse.live.running
from pgcourse.live.explorer import Explorer
from pgcourse.live.figure import LiveFigure


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


@pytest.mark.slow
def test_fifty_runs_of_a_cell_leave_one_view(cell: Cell) -> None:
    gc.collect()
    start, views = len(_instances), []
    for k in cell.run_times(50):
        views.append(weakref.ref(Explorer({"x": FloatSlider(), "text": HTML()}, Counted(), Parabola(), step=double)))
        if k == 0:
            one = len(_instances) - start
    assert len(_instances) - start == one
    gc.collect()
    assert sum(view() is not None for view in views) == 1, "the earlier ones are not even in memory"
    views[-1]().close()  # type: ignore[union-attr]
    assert len(_instances) == start


def test_a_closed_view_lets_go_of_its_picture(cell: Cell) -> None:
    figures, out = [], []
    for _ in cell.run_times(3):
        out.append(Explorer({"x": 0.0}, Counted(), picture := Parabola()))
        figures.append(weakref.ref(picture.figure))
    del picture
    gc.collect()
    assert [figure() is None for figure in figures] == [True, True, False], "although Out[…] keeps the views"


def test_a_slider_made_in_another_cell_survives(cell: Cell) -> None:
    slider, picture = FloatSlider(1.0, min=-4, max=4), Parabola()
    for _ in cell.run_times(3):
        explorer = Explorer({"x": slider}, compute := Counted(), picture)
    assert slider.comm is not None
    slider.value = 2.0
    assert compute.calls == 2
    assert explorer.live.frame["at"] == [[2.0, 4.0]]


def test_an_earlier_run_s_view_is_closed_after_the_new_one_is_shown(cell: Cell) -> None:
    runs = cell.run_times(2)
    next(runs)
    earlier = Explorer({"x": 0.0}, Counted(), Parabola())
    next(runs)
    now = Explorer({"x": 0.0}, Counted(), Parabola())
    assert (earlier.live.comm is None, now.live.comm is None) == (False, False), "its end may wait, a reader may not"
    next(runs, None)
    assert (earlier.live.comm is None, now.live.comm is None) == (True, False)


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
