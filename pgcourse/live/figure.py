"""A matplotlib figure that moves in the browser: matplotlib's blitting, over the wire.

The convention is matplotlib's own: an artist with `animated=True` moves, everything else is background.

    fig = Figure(); ax = fig.subplots()
    (point,) = ax.plot([0], [0], "o", animated=True)
    live = LiveFigure(fig)         # background rendered once, moving artists described once
    point.set_data([1], [2])
    live.update("the point is at (1, 2)")   # only numbers travel

`LiveFigure` is a widget: display it, or put it in any ipywidgets box. Moving artists may be Line2D (with markers),
Text (plain), Quiver (angles and scale_units "xy"), AxesImage (small grids) and patches. The browser draws them as SVG
(figure.js), in pixels of the figure with y downwards: images beneath the background, everything else above it.

The module knows nothing of the course: matplotlib below it, anywidget above it.
"""

from __future__ import annotations

import reprlib
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import anywidget
import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from pgcourse.live.again import close_earlier
from pgcourse.live.artists import Moving, MovingText, animated_in, axes_in, box_of, css, moving_of, pixels
from pgcourse.live.drawn import Renderer, anew, once

RESOLUTION = 2  # background pixels for each CSS pixel
FARTHEST = 1e30  # pixels: within reach of a float32


class LiveFigure(anywidget.AnyWidget):
    """A figure whose animated artists move in the browser when `update` is called.

    Raises TypeError at construction, by name, for an animated artist that cannot travel as numbers, and ValueError
    for one that is drawn in a way the browser cannot repeat. The figure's layout is made once, here. A figure of pyplot
    is taken out of pyplot's hands, which would show it a second time.
    """

    # text and not the path: of a path anywidget keeps every instance alive, to tell it when the file changes
    _esm = "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
        for name in ("line.js", "keys.js", "ahead.js", "figure.js")
    )

    size: traitlets.List[float] = traitlets.List().tag(sync=True)  # width and height in CSS pixels, at scale 1
    papers: traitlets.List[list[Any]] = traitlets.List().tag(sync=True)  # what lies beneath moving images
    background = traitlets.Bytes().tag(sync=True)  # PNG
    artists: traitlets.List[dict[str, Any]] = traitlets.List().tag(
        sync=True
    )  # how each moving artist looks, back to front
    handles: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)  # what may be dragged, and where to
    frame = traitlets.Dict().tag(sync=True)  # where everything is now: replaced whole, so the last one is right
    drag = traitlets.Dict().tag(sync=True, echo_update=False)  # the reader's newest wishes: see _on_drag
    # what the reader moves it by, for pictures made ahead: see ahead.js
    watched = traitlets.Dict().tag(sync=True)
    epoch = traitlets.Unicode().tag(sync=True)  # another one with every background
    error = traitlets.Unicode().tag(sync=True)  # shown with the picture until the next update
    name = traitlets.Unicode().tag(sync=True)  # what the picture is, for a screen reader
    scale = traitlets.Float(1.0).tag(sync=True)  # 2 for the lecture hall

    def __init__(self, figure: Figure, name: str = "live picture", scale: float = 1.0) -> None:
        if not isinstance(figure, Figure):
            raise TypeError(f"figure is {reprlib.repr(figure)}, expected a matplotlib Figure")
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(f"scale is {scale}, expected a finite number > 0")
        self.figure: Any = figure
        self._axes: list[Any] = []
        self._moving: list[Moving] = []
        self._draggable: list[_Draggable] = []
        self._renewal = 0
        self._description = ""
        self.key: list[str] | None = None  # of the values it shows, if somebody knows them: sent with the frame
        self.dragged: Callable[[], None] = lambda: None  # called when all wishes of one message have been handed on
        self.scale = scale
        state = self._renewed(once)
        figure.set_layout_engine("none")  # axes that shift with a longer label would leave their background
        super().__init__(name=name, scale=scale, **state)
        self.observe(lambda change: self.redraw(), "scale")
        self.observe(self._on_drag, "drag")
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(figure)
        close_earlier(self)

    def draggable(
        self,
        line: Line2D,
        on_drag: Callable[[float, float], None],
        label: str,
        step: tuple[float, float] = (0.1, 0.1),
        along: Line2D | None = None,
        snap: bool = False,
        upright: bool = False,
    ) -> None:
        """Let the user move the first point of an animated `line` with pointer, finger or keyboard.

        The point moves at once in the browser; `on_drag(x, y)` then gets its place in data coordinates, and the next
        `update` says where it really is. `step` is one arrow key's way along x and y, in data units (on a logarithmic
        axis: those at its middle); `snap` keeps the point on whole steps of linear axes; `along` keeps it on a curve
        whose x increases; `upright` lets it move up and down alone, as the top of a bar. A press beside the points of
        some axes brings the nearest there; of upright ones that is the nearest across.
        """
        if not all(np.isfinite(size) and size for size in step):
            raise ValueError(f"{label}: step is {step}, expected two finite numbers, neither of them 0")
        self._check_open()
        self._draggable.append(_Draggable(line, on_drag, label, step, along, snap, upright))
        self._show(handles=self._handles(), frame=self._frame())

    def update(self, description: str | None = None) -> None:
        """Send where the moving artists are now; `description` says in words what is seen, for a screen reader.

        If the background has changed since it was rendered, as the limits of an axes do, it is rendered again.
        """
        self._check_open()
        if description is not None:
            self._description = description
        self._show(error="", **(self._renewed() if self._has_changed() else {"frame": self._frame()}))

    def redraw(self) -> None:
        """Render the background again and describe the moving artists again: for what moves seldom."""
        self._check_open()
        self._show(**self._renewed())

    @contextmanager
    def glimpses(self) -> Iterator[Callable[[str, bool], Glimpse | None]]:
        """Gives look(description, elsewhere): the picture as its artists are then, which the browser does not get.

        Where the background is another than at the look before, it is rendered: 10 to 100 ms. None if it may not be
        `elsewhere`, on another background. This view forgets them all; the caller puts the artists back.
        """
        self._check_open()
        said, scenery = self._description, None
        known = self._axes, self._moving, self._renewal, _renewals.get(self.figure, 0)

        def look(description: str, elsewhere: bool) -> Glimpse | None:
            nonlocal scenery
            self._description = description
            if not self.figure.stale:
                return Glimpse(self._frame(), scenery)
            if not elsewhere:
                return None
            scenery = self._described()
            return Glimpse(scenery.pop("frame"), scenery)

        try:
            yield look
        finally:
            self._description = said
            self._axes, self._moving, self._renewal, _renewals[self.figure] = known

    def fail(self, message: str) -> None:
        """Show `message` in the view, folded after its first empty line; the picture stays as it was."""
        self._show(error=message, frame={**self.frame, "ack": self._ack(), "key": self.key})

    def is_of(self, key: list[str] | None) -> None:
        """Say of which values the picture is, where nothing else is new."""
        self.key = key
        if self.frame["key"] != key:
            self._show(frame={**self.frame, "key": key})

    def close(self) -> None:
        """Close the comm and let go of the figure, since Out[…] keeps a closed picture as long as the kernel lives."""
        super().close()
        self.figure = None
        self._moving, self._draggable, self._axes = [], [], []

    def _check_open(self) -> None:
        if self.figure is None:
            raise RuntimeError(f"the picture {self.name!r} is closed, since its cell was run again: use the new one")

    def still(self) -> bytes:
        """The whole figure, moving artists included, as a PNG of the background's resolution."""
        self._check_open()
        artists = [moving.artist for moving in self._moving]
        stale = self.figure.stale
        try:
            for artist in artists:
                artist.set_animated(False)
            return anew(self.figure, self._resolution())
        finally:
            for artist in artists:
                artist.set_animated(True)
            self.figure.stale = stale

    def still_output(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """`still` as data and metadata of an output: for GitHub, for nbconvert, and where there is no kernel."""
        about = {"width": self.size[0], "height": self.size[1], "alt": self.said}
        return {"image/png": self.still()}, {"image/png": about}

    @property
    def said(self) -> str:
        """What is seen, in words."""
        return self._description or self.name

    def still_page(self) -> str:
        """How to make a still picture live, as HTML behind that picture, for a JupyterLab without its kernel.

        Beside a live figure both hide. In JupyterLab the picture's own output has no words, so they are here.
        """
        child, live = ".jp-OutputArea-child", ".jp-OutputArea:has(.live-figure)"
        return (
            "<style>.live-still { display: none; } .jp-NotebookPanel .live-still { display: block; } "
            f"{live} {child}:has(.live-still), {live} {child}:has(+ {child} .live-still), "
            ".jp-OutputArea:has(.live-still) .lm-Panel.jp-OutputArea-output:not(:has(*)) { display: none; }</style>"
            f'<div class="live-still"><p>This is a still picture: {escape(self.said)}</p>'
            "<p>To make it live, use the menu: Run → Run All Cells.</p></div>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a still picture for where no widget can be."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        (data, metadata), (png, about) = bundle, self.still_output()
        return {**data, **png}, {**metadata, **about}

    def _show(self, **state: Any) -> None:
        """In one message, so that the browser never sees half of it."""
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)

    def _has_changed(self) -> bool:
        """Whether something of the background is not as this view has rendered it."""
        return self.figure.stale or self._renewal != _renewals.get(self.figure, 0)

    def _renewed(self, rendered: Renderer = anew) -> dict[str, Any]:
        """All that the browser needs; what it had before, it forgets."""
        return {**self._described(rendered), "epoch": secrets.token_hex(4)}

    def _described(self, rendered: Renderer = anew) -> dict[str, Any]:
        """All that the browser needs, of the figure as it is now."""
        _renewals[self.figure] = self._renewal = _renewals.get(self.figure, 0) + self.figure.stale
        animated = list(animated_in(self.figure))
        self._axes = list(axes_in(self.figure))
        images = [artist for artist in animated if isinstance(artist, AxesImage)]
        papers = self._papers([image.axes for image in images])
        background = self._background([*papers, *images], rendered)
        self._moving = [moving_of(artist) for artist in animated]  # after drawing, which settles where the axes are
        self.figure.stale = False
        return {
            "size": np.asarray(self.figure.bbox.size).tolist(),
            "papers": [
                [css(paper.get_facecolor()), *box_of(paper.get_window_extent(), self.figure)] for paper in papers
            ],
            "background": background,
            "artists": [moving.look() for moving in self._moving],
            "handles": self._handles(),
            "frame": self._frame(),
        }

    def _papers(self, axes: list[Any]) -> list[Any]:
        """The patches on which moving images lie: the figure's, that of their axes, and of axes around those."""
        around = [ax for ax in self._axes if any(ax.bbox.overlaps(other.bbox) for other in axes) and ax.axison]
        papers: list[Any] = [self.figure.patch, *(ax.patch for ax in around)] if axes else []
        return [paper for paper in papers if paper.get_visible()]

    def _background(self, hidden: list[Any], rendered: Renderer) -> bytes:
        """The still part as a PNG, transparent where something is hidden that the browser shows through it."""
        visible = [artist for artist in hidden if artist.get_visible()]
        try:
            for artist in visible:
                artist.set_visible(False)  # of animated images, too: matplotlib 3.10 draws them
            return rendered(self.figure, self._resolution())
        finally:
            for artist in visible:
                artist.set_visible(True)

    def _resolution(self) -> float:
        return self.figure.dpi * RESOLUTION * self.scale

    def _frame(self) -> dict[str, Any]:
        with np.errstate(over="ignore", invalid="ignore"):  # huge numbers are the reader's right
            numbers = [moving.numbers() for moving in self._moving]
            flat = np.concatenate([*numbers, []])
            flat[np.isinf(flat)] = np.nan  # matplotlib, too, draws nothing there
        return {
            "numbers": flat.clip(-FARTHEST, FARTHEST).astype(np.float32).tobytes(),
            "counts": [len(n) for n in numbers],
            "texts": [moving.artist.get_text() for moving in self._moving if isinstance(moving, MovingText)],
            "looks": {str(i): moving.look() for i, moving in enumerate(self._moving) if moving.has_changed()},
            "at": [draggable.place() for draggable in self._draggable],
            "description": self._description,
            "ack": self._ack(),
            "key": self.key,
        }

    def _ack(self) -> list[Any]:
        return [self.drag.get("view"), self.drag.get("seq")]

    def _handles(self) -> list[dict[str, Any]]:
        artists = [moving.artist for moving in self._moving]
        handles = []
        for line, _, label, step, along, snap, upright in self._draggable:
            if line not in artists:
                raise ValueError(f"{label}: its point is no longer in the figure; move it, do not draw it anew")
            moving, axes = self._moving[artists.index(line)], line.axes
            if snap and not axes.transScale.is_affine:
                raise ValueError(f"{label}: snap is True, expected linear axes")
            middle = axes.transData.inverted().transform(axes.transAxes.transform((0.5, 0.5)))
            handles.append(
                {
                    "artist": artists.index(line),
                    "label": label,
                    "step": (moving.to_pixels(middle + step) - moving.to_pixels(middle)).tolist(),
                    "snap": moving.to_pixels(np.zeros(2)).tolist() if snap else None,
                    "along": artists.index(along) if along in artists else along and pixels(along),
                    "upright": upright,
                    "box": box_of(axes.bbox, self.figure),
                    "limits": [*axes.get_xlim(), *axes.get_ylim()],
                }
            )
        return handles

    def _on_drag(self, change: dict[str, Any]) -> None:
        """The reader moves points: {view, seq, wishes}, each wish [handle, across, up, limits].

        A place is a fraction of the axes the reader saw, and comes with their limits: they may have changed since.
        """
        for handle, across, up, (left, right, bottom, top) in change["new"]["wishes"]:
            draggable = self._draggable[handle]
            scale = draggable.line.axes.transScale
            first, last = scale.transform([(left, bottom), (right, top)])
            x, y = scale.inverted().transform(first + (last - first) * (across, up))
            x, y = np.clip((x, y), (min(left, right), min(bottom, top)), (max(left, right), max(bottom, top)))
            draggable.on_drag(float(x), float(y))
        self.dragged()


class Glimpse(NamedTuple):
    """A picture that is not shown."""

    frame: dict[str, Any]  # as `LiveFigure.frame`
    scenery: dict[str, Any] | None  # size, papers, background, artists, handles; None if they are as shown now


class _Draggable(NamedTuple):
    line: Any  # a Line2D
    on_drag: Callable[[float, float], None]
    label: str
    step: tuple[float, float]
    along: Line2D | None
    snap: bool
    upright: bool

    def place(self) -> list[float] | None:
        first = self.line.get_xydata()[:1]
        return first[0].tolist() if len(first) and np.isfinite(first).all() else None


_renewals: WeakKeyDictionary[Figure, int] = WeakKeyDictionary()  # how often its background was found changed
