"""A figure drawn as a PNG, without its animated artists; `once` does not draw again what was drawn before.

matplotlib takes some 90 ms to lay a figure out and to draw it, and 10 to say all that it would draw from: the figure,
pickled. Two figures that say the same, to the last number, look the same: a cell that is run again has its picture in
half the time. Of functions and classes a pickle says only the names, and the reader's own may have changed behind
theirs: figures with such are drawn each time.
"""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox, TransformNode

from pgcourse.live.artists import axes_in
from pgcourse.live.png import png_of

Renderer = Callable[[Figure, float], bytes]
MOST = 50  # pictures, of some 100 kB each
# whose code stays what it is as long as the kernel runs
UNCHANGED = {*sys.stdlib_module_names, "matplotlib", "mpl_toolkits", "numpy", __name__.partition(".")[0]}
# matplotlib's own settings, whatever the reader's matplotlibrc says: a figure is drawn here as it was thought of
DEFAULTS: dict[Any, Any] = {name: value for name, value in rcParamsDefault.items() if name != "backend"}


class _Drawn(NamedTuple):
    """A figure's PNG, and where drawing has put its axes."""

    png: bytes
    places: list[list[Any]]


_known: OrderedDict[bytes, _Drawn] = OrderedDict()  # by the digest of the figure before it was drawn


@rc_context(DEFAULTS)
def anew(figure: Figure, dpi: float) -> bytes:
    """The figure drawn at so many dots per inch."""
    before, canvas = figure.dpi, FigureCanvasAgg(figure)
    try:
        figure.set_dpi(dpi)
        canvas.draw()  # leaves animated artists out, and is not bent by settings, as savefig would be
        return png_of(np.asarray(canvas.buffer_rgba()))
    finally:
        figure.set_dpi(before)
        FigureCanvasAgg(figure)  # one without pixels, which would be kept as long as the figure is


def once(figure: Figure, dpi: float) -> bytes:
    """The same, and drawn only if none that is like it was; its axes stand where drawing puts them."""
    told = _digest(figure, dpi)
    if told is None:
        return anew(figure, dpi)
    known = _known.get(told)
    if known is None or not _put(figure, known.places):
        known = _Drawn(anew(figure, dpi), [_place(ax) for ax in axes_in(figure)])
    _known[told] = known
    _known.move_to_end(told)
    while len(_known) > MOST:
        _known.popitem(last=False)
    return known.png


def _place(ax: Axes) -> list[Any]:
    """Where the axes are, without and with their aspect, and their limits, which an aspect may change, too."""
    boxes = [ax.get_position(original).get_points().tolist() for original in (True, False)]
    return [*boxes, ax.get_xlim(), ax.get_ylim()]


def _put(figure: Figure, places: list[list[Any]]) -> bool:
    """Put the axes to their places; False if they do not come to stand there."""
    axes = list(axes_in(figure))
    for ax, (original, active, *_) in zip(axes, places, strict=True):
        laid_out = ax.get_in_layout()
        ax.set_position(Bbox(original), "original")
        ax.set_position(Bbox(active), "active")
        ax.set_in_layout(laid_out)
    return [_place(ax) for ax in axes] == places


def _digest(figure: Figure, dpi: float) -> bytes | None:
    """Of all that the figure is drawn from; None if that cannot be said."""
    hashed = blake2b()
    try:
        _Pickler(_Into(hashed.update)).dump((figure, dpi))
    except Exception:  # an artist of the reader's own may raise anything: it is drawn each time, and no worse for it
        return None
    return hashed.digest()


class _Into:
    """A file that hands on what is written."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self.write = write


class _Pickler(pickle.Pickler):
    """Writes the same for two figures that would be drawn in the same way."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, protocol=5)

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, TransformNode):  # its `_parents` are those who use it, by their addresses in memory
            state: dict[str, Any] = dict(vars(thing), _parents=None)
            return type(thing).__new__, (type(thing),), state
        if isinstance(thing, type | FunctionType) and (thing.__module__ or "").partition(".")[0] not in UNCHANGED:
            raise pickle.PicklingError(f"{thing.__qualname__} may have changed behind its name")
        return NotImplemented
