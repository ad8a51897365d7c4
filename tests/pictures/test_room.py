"""The layout of every picture is matplotlib's own, and leaves room for all words, while it measures them less often."""

from __future__ import annotations

import runpy
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from pgcourse.pictures import part
from pgcourse.pictures.room import Layout

pytestmark = pytest.mark.slow  # all pictures of the course are drawn, many times

CASES = runpy.run_path(str(Path(__file__).with_name("test_all_pictures.py")))["CASES"]
PIXELS = 2.0  # by which a place may be another: half of the room that is kept free around all words


class Drawn(NamedTuple):
    """A picture as it is shown."""

    picture: Any
    renderer: Any


def drawn(case):
    make, (numbers, *_) = CASES[case]
    picture = make()
    picture.update(numbers)
    canvas = FigureCanvasAgg(picture.figure)
    canvas.draw()
    return Drawn(picture, canvas.get_renderer())


@pytest.fixture(scope="module", params=CASES)
def ours(request):
    """Drawn once for all that is asked of it; nothing changes it."""
    return request.param, drawn(request.param)


def places(figure):
    return np.array([ax.get_window_extent().extents for ax in figure.axes])


def test_axes_stand_where_matplotlib_puts_them(ours, monkeypatch):
    case, shown = ours
    monkeypatch.setattr(part, "Layout", ConstrainedLayoutEngine)
    assert np.abs(places(shown.picture.figure) - places(drawn(case).picture.figure)).max() <= PIXELS


def test_no_word_is_cut_and_no_axes_overlap(ours):
    _, (picture, renderer) = ours
    figure = picture.figure
    boxes = [ax.get_tightbbox(renderer, for_layout_only=True).extents for ax in figure.axes]
    for left, bottom, right, top in boxes:
        assert left >= -0.5
        assert bottom >= -0.5
        assert right <= figure.bbox.width + 0.5
        assert top <= figure.bbox.height + 0.5
    for one, other in combinations(boxes, 2):
        width, height = np.minimum(one, other)[2:] - np.maximum(one, other)[:2]
        assert width <= 0.5 or height <= 0.5, (one, other)


def test_texts_that_the_layout_leaves_out_have_room_all_the_same(ours):
    """Inside their axes, or where a title keeps lines free for them."""
    _, (picture, renderer) = ours
    for text in picture.figure.findobj(lambda artist: isinstance(artist, Text) and not artist.get_in_layout()):
        if text.get_text():
            (x0, y0, x1, y1) = text.get_window_extent(renderer).extents
            left, bottom, right, top = text.axes.get_tightbbox(renderer).extents
            assert left - 1 <= x0 <= x1 <= right + 1, text
            assert bottom - 1 <= y0 <= y1 <= top + 1, text


def test_a_point_that_is_dragged_is_whole_wherever_in_its_axes_it_is(ours):
    _, (picture, _) = ours
    width, height = picture.figure.bbox.size
    for point in (handle.line for handle in picture.handles if not handle.snap):
        assert not point.get_clip_on()
        size = (point.get_markersize() + point.get_markeredgewidth()) / 72 * picture.figure.dpi
        left, bottom, right, top = point.axes.bbox.padded(size / 2).extents
        assert left >= 0 <= bottom
        assert right <= width
        assert top <= height


def two_axes(layout):
    """Two axes: the words around the first are as wide in every place, beside the second stands a text as well."""
    figure = Figure(figsize=(6, 3), dpi=100, layout=layout)
    one, other = figure.subplots(1, 2)
    one.set(xticks=[0, 1], yticks=[0, 1], yticklabels=["nothing at all", "everything there is"], ylabel="how much")
    other.set(ylabel="to the right", ylim=(0, 1e4), title="above\nthem")
    other.text(1.2, 0.5, "beside it", transform=other.transAxes)
    FigureCanvasAgg(figure).draw()
    return figure


def test_words_are_measured_again_only_where_other_ticks_have_come(monkeypatch):
    measured = []
    measure = Axis.get_tightbbox

    def counted(axis, *arguments, **keywords):
        measured.append(axis)
        return measure(axis, *arguments, **keywords)

    monkeypatch.setattr(Axis, "get_tightbbox", counted)
    counts = {}
    for layout in (Layout(), ConstrainedLayoutEngine()):
        measured.clear()
        figure = two_axes(layout)
        counts[type(layout)] = [measured.count(ax.yaxis) for ax in figure.axes]
    assert counts[Layout][0] == 1
    assert counts[ConstrainedLayoutEngine][0] > 1
    assert np.allclose(places(two_axes(Layout())), places(two_axes(ConstrainedLayoutEngine())), atol=0.5)


def test_axes_are_measured_by_themselves_again_once_they_are_placed():
    figure = two_axes(Layout())
    assert all(ax.get_tightbbox.__func__ is Axes.get_tightbbox for ax in figure.axes)
