"""Where the axes of a picture stand: matplotlib's constrained layout, with the words around each axes measured once."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox


class Layout(ConstrainedLayoutEngine):
    """Constrained layout in little more than half the time.

    matplotlib places the axes twice, and measures all that stands around them three or four times. Ticks, their labels
    and the title reach as far beyond the axes as before as long as the ticks are the same; so they are measured again
    only if there are others. What else stands there is measured each time.
    """

    def execute(self, fig: Figure) -> None:
        for ax in fig.axes:
            vars(ax)["get_tightbbox"] = _Around(ax)
        try:
            super().execute(fig)
        finally:
            for ax in fig.axes:
                del vars(ax)["get_tightbbox"]


class _Around:
    """Stands for `ax.get_tightbbox` while the axes are placed: the box, in pixels, of the axes and all around them."""

    def __init__(self, ax: Axes) -> None:
        self.ax, self.measure = ax, ax.get_tightbbox
        self.ticks: list[Any] = []  # when it was measured

    def __call__(self, renderer: Any, **how: Any) -> Bbox | None:
        ax = self.ax
        if not (ax.get_visible() and ax.axison):
            return self.measure(renderer, **how)
        locator: Any = ax.get_axes_locator()
        ax.apply_aspect(locator and locator(ax, renderer))
        ticks = [[*axis.get_majorticklocs(), *axis.get_minorticklocs()] for axis in (ax.xaxis, ax.yaxis)]
        if ticks != self.ticks:
            box = self.measure(renderer, **how, bbox_extra_artists=[])
            assert box is not None  # that of an axis
            self.ticks, self.beyond = ticks, np.subtract(box.extents, ax.bbox.extents)
        boxes = [Bbox.from_extents(*np.add(ax.bbox.extents, self.beyond))]
        spines = ax.spines.values()  # which reach no farther than the labels of their ticks
        for artist in ax.get_default_bbox_extra_artists():
            if artist not in spines and (box := artist.get_tightbbox(renderer)) is not None:
                boxes += [box] if 0 < box.width < np.inf and 0 < box.height < np.inf else []
        return Bbox.union(boxes)
