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

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anywidget
import numpy as np
import traitlets
from IPython import get_ipython
from matplotlib import rc_context, rcParamsDefault
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import BoxStyle, Ellipse, PathPatch, Polygon, Rectangle, Wedge
from matplotlib.path import Path as Outline
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

RESOLUTION = 2  # background pixels for each CSS pixel
MOST_CELLS = 4096  # of an image: each is one <rect>
NOTHING = ("None", "none", " ", "")  # matplotlib's names for no line and no marker
FARTHEST = 1e30  # pixels: within reach of a float32
# matplotlib's own settings, whatever the reader's matplotlibrc says: a figure is drawn here as it was thought of
DEFAULTS: dict[Any, Any] = {name: value for name, value in rcParamsDefault.items() if name != "backend"}


class LiveFigure(anywidget.AnyWidget):
    """A figure whose animated artists move in the browser when `update` is called.

    Raises TypeError at construction, by name, for an animated artist that cannot travel as numbers, and ValueError
    for one that is drawn in a way the browser cannot repeat. The figure's layout is made once, here. A figure of pyplot
    is taken out of pyplot's hands, which would show it a second time.
    """

    # text and not the path: of a path anywidget keeps every instance alive, to tell it when the file changes
    _esm = Path(__file__).with_name("figure.js").read_text(encoding="utf-8")

    size: traitlets.List[float] = traitlets.List().tag(sync=True)  # width and height in CSS pixels, at scale 1
    papers: traitlets.List[list[Any]] = traitlets.List().tag(sync=True)  # what lies beneath moving images
    background = traitlets.Bytes().tag(sync=True)  # PNG
    artists: traitlets.List[dict[str, Any]] = traitlets.List().tag(
        sync=True
    )  # how each moving artist looks, back to front
    handles: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)  # what may be dragged, and where to
    frame = traitlets.Dict().tag(sync=True)  # where everything is now: replaced whole, so the last one is right
    drag = traitlets.Dict().tag(sync=True, echo_update=False)  # the reader's newest wishes: see _on_drag
    error = traitlets.Unicode().tag(sync=True)  # shown with the picture until the next update
    name = traitlets.Unicode().tag(sync=True)  # what the picture is, for a screen reader
    scale = traitlets.Float(1.0).tag(sync=True)  # 2 for the lecture hall

    def __init__(self, figure: Figure, name: str = "live picture", scale: float = 1.0) -> None:
        self.figure: Any = figure
        self._axes: list[Any] = []
        self._moving: list[_Moving] = []
        self._draggable: list[_Draggable] = []
        self._description = ""
        self.dragged: Callable[[], None] = lambda: None  # called when all wishes of one message have been handed on
        self.scale = scale
        state = self._described()
        figure.set_layout_engine("none")  # axes that shift with a longer label would leave their background
        super().__init__(name=name, scale=scale, **state)
        self.observe(lambda change: self.redraw(), "scale")
        self.observe(self._on_drag, "drag")
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(figure)
        _close_earlier(self)

    def draggable(
        self,
        line: Line2D,
        on_drag: Callable[[float, float], None],
        label: str,
        step: tuple[float, float] = (0.1, 0.1),
        along: Line2D | None = None,
        snap: bool = False,
    ) -> None:
        """Let the user move the first point of an animated `line` with pointer, finger or keyboard.

        The point moves at once in the browser; `on_drag(x, y)` then gets its place in data coordinates, and the next
        `update` says where it really is. `step` is one arrow key's way along x and y, in data units (on a logarithmic
        axis: those at its middle); `snap` keeps the point on whole steps of linear axes; `along` keeps it on a curve
        whose x increases. A press beside the point, in its axes, brings it there.
        """
        self._draggable.append(_Draggable(line, on_drag, label, step, along, snap))
        self._show(handles=self._handles(), frame=self._frame())

    def update(self, description: str | None = None) -> None:
        """Send where the moving artists are now; `description` says in words what is seen, for a screen reader.

        If the background has changed since it was rendered, as the limits of an axes do, it is rendered again.
        """
        if description is not None:
            self._description = description
        self._show(error="", **(self._described() if self.figure.stale else {"frame": self._frame()}))

    def redraw(self) -> None:
        """Render the background again and describe the moving artists again: for what moves seldom."""
        self._show(**self._described())

    def fail(self, message: str) -> None:
        """Show `message` in the view; the picture stays as it was."""
        self._show(error=message, frame={**self.frame, "ack": self._ack()})

    def close(self) -> None:
        """Close the comm and let go of the figure, since Out[…] keeps a closed picture as long as the kernel lives."""
        super().close()
        self.figure = None
        self._moving, self._draggable, self._axes = [], [], []

    def still(self) -> bytes:
        """The whole figure, moving artists included, as a PNG of the background's resolution."""
        artists = [moving.artist for moving in self._moving]
        stale = self.figure.stale
        try:
            for artist in artists:
                artist.set_animated(False)
            return self._rendered()
        finally:
            for artist in artists:
                artist.set_animated(True)
            self.figure.stale = stale

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a still picture for where no widget can be: GitHub, nbconvert, no kernel."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle
        width, height = self.size
        return {**data, "image/png": self.still()}, {**metadata, "image/png": {"width": width, "height": height}}

    def _show(self, **state: Any) -> None:
        """In one message, so that the browser never sees half of it."""
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)

    def _described(self) -> dict[str, Any]:
        """All that the browser needs, of the figure as it is now."""
        animated = list(_animated(self.figure))
        self._axes = self.figure.findobj(Axes)
        images = [artist for artist in animated if isinstance(artist, AxesImage)]
        papers = self._papers([image.axes for image in images])
        background = self._background([*papers, *images])
        self._moving = [_moving(artist) for artist in animated]  # after drawing, which settles where the axes are
        self.figure.stale = False
        return {
            "size": np.asarray(self.figure.bbox.size).tolist(),
            "papers": [
                [_css(paper.get_facecolor()), *_box(paper.get_window_extent(), self.figure)] for paper in papers
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

    def _background(self, hidden: list[Any]) -> bytes:
        """The still part as a PNG, transparent where something is hidden that the browser shows through it."""
        visible = [artist for artist in hidden if artist.get_visible()]
        try:
            for artist in visible:
                artist.set_visible(False)  # of animated images, too: matplotlib 3.10 draws them
            return self._rendered()
        finally:
            for artist in visible:
                artist.set_visible(True)

    @rc_context(DEFAULTS)
    def _rendered(self) -> bytes:
        """The figure as a PNG, without animated artists."""
        dpi, canvas, png = self.figure.dpi, FigureCanvasAgg(self.figure), io.BytesIO()
        try:
            self.figure.set_dpi(self._resolution())
            canvas.draw()  # leaves animated artists out, and is not bent by settings, as savefig would be
            Image.fromarray(np.asarray(canvas.buffer_rgba())).save(png, "png", compress_level=4)
        finally:
            self.figure.set_dpi(dpi)
            FigureCanvasAgg(self.figure)  # one without pixels, which would be kept as long as the figure is
        return png.getvalue()

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
            "texts": [moving.artist.get_text() for moving in self._moving if isinstance(moving, _MovingText)],
            "looks": {str(i): moving.look() for i, moving in enumerate(self._moving) if moving.has_changed()},
            "at": [draggable.place() for draggable in self._draggable],
            "description": self._description,
            "ack": self._ack(),
        }

    def _ack(self) -> list[Any]:
        return [self.drag.get("view"), self.drag.get("seq")]

    def _handles(self) -> list[dict[str, Any]]:
        artists = [moving.artist for moving in self._moving]
        handles = []
        for line, _, label, step, along, snap in self._draggable:
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
                    "along": artists.index(along) if along in artists else along and _pixels(along),
                    "box": _box(axes.bbox, self.figure),
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


class _Draggable(NamedTuple):
    line: Any  # a Line2D
    on_drag: Callable[[float, float], None]
    label: str
    step: tuple[float, float]
    along: Line2D | None
    snap: bool

    def place(self) -> list[float] | None:
        first = self.line.get_xydata()[:1]
        return first[0].tolist() if len(first) and np.isfinite(first).all() else None


# What moves. Each class says how its artist looks (a dictionary, sent once) and where it is (an array, sent each time).


class _Moving:
    """One animated artist, in pixels of the figure with y downwards."""

    watched: tuple[str, ...] = ()  # what of its look may change from frame to frame

    def __init__(self, artist: Any) -> None:
        self.artist: Any = artist
        self.points = artist.get_figure(root=True).dpi / 72  # pixels in a point
        self.to_pixels = _to_pixels(artist, self.transform())
        self.getters = [getattr(artist, f"get_{name}") for name in ("visible", "alpha", *self.watched)]
        self.getters += [lambda: getattr(artist, "_dash_pattern", None)]
        self.first = [get() for get in self.getters]

    def transform(self) -> Any:
        return self.artist.get_transform()

    def has_changed(self) -> bool:
        now = [get() for get in self.getters]
        return any(a is not b and not np.array_equal(a, b) for a, b in zip(now, self.first, strict=True))

    def expect(self, field: str, value: Any, *expected: Any) -> None:
        """Refuse what the browser cannot draw as matplotlib does."""
        if value not in expected:
            raise ValueError(f"{self.artist}: {field} is {value!r}, expected {' or '.join(map(repr, expected))}")

    def numbers(self) -> np.ndarray:
        """Where it is now: a flat array of floats."""
        raise NotImplementedError(type(self))

    def look(self) -> dict[str, Any]:
        artist = self.artist
        self.expect("clip_path", artist.get_clip_path(), None)
        self.expect("path_effects", artist.get_path_effects(), None, [])
        self.expect("sketch_params", artist.get_sketch_params(), None)
        self.expect("agg_filter", artist.get_agg_filter(), None)
        look = {"visible": artist.get_visible(), "clip": None}
        if artist.get_clip_on() and (clip := artist.get_clip_box()) is not None:
            look["clip"] = _box(clip, artist.get_figure(root=True))
        return look

    def css(self, color: Any) -> str:
        return _css(color, self.artist.get_alpha())

    def dashes(self) -> list[float]:
        offset, pattern = self.artist._dash_pattern  # in points; matplotlib has no public word for it
        self.expect("offset of the dashes", offset or 0, 0)
        return [float(length) * self.points for length in pattern or ()]


class _MovingLine(_Moving):
    watched = ("color", "lw", "ls", "marker", "markersize", "markerfacecolor", "markeredgecolor", "markeredgewidth")

    def numbers(self) -> np.ndarray:
        return self.to_pixels(self.artist.get_xydata()).ravel()

    def look(self) -> dict[str, Any]:
        line = self.artist
        self.expect("drawstyle", line.get_drawstyle(), "default")
        self.expect("fillstyle", line.get_fillstyle(), "full", "none")
        self.expect("markevery", line.get_markevery(), None)
        self.expect("gapcolor", line.get_gapcolor(), None)
        dashes = self.dashes()
        marker = MarkerStyle(line.get_marker(), line.get_fillstyle())
        size = line.get_markersize() * self.points
        outline = marker.get_path().transformed(marker.get_transform() + Affine2D().scale(size, -size))
        return super().look() | {
            "kind": "line",
            "stroke": "none" if line.get_linestyle() in NOTHING else self.css(line.get_color()),
            "width": line.get_linewidth() * self.points,
            "dashes": dashes,
            "cap": line.get_dash_capstyle() if dashes else line.get_solid_capstyle(),
            "join": line.get_dash_joinstyle() if dashes else line.get_solid_joinstyle(),
            "marker": _flat(outline).tolist() if size and line.get_marker() not in NOTHING else [],
            "markerJoin": marker.get_joinstyle(),
            "fill": self.css(line.get_markerfacecolor()) if marker.is_filled() else "none",
            "edge": self.css(line.get_markeredgecolor()),
            "edgeWidth": line.get_markeredgewidth() * self.points,
        }


class _MovingText(_Moving):
    watched = ("color", "fontsize", "weight", "style", "ha", "va", "rotation")

    def numbers(self) -> np.ndarray:
        if self.artist.get_text().count("$") >= 2:
            raise ValueError(f"{self.artist}: moving text is plain; write θ, not $\\theta$")
        return self.to_pixels(np.array(self.artist.get_unitless_position(), dtype=float))

    def look(self) -> dict[str, Any]:
        text, box = self.artist, self.artist.get_bbox_patch()
        self.expect("usetex", text.get_usetex(), False)
        if box is not None:
            self.expect("boxstyle", type(box.get_boxstyle()), BoxStyle.Square, BoxStyle.Round)
        place = (text.get_ha(), text.get_va(), text.get_rotation_mode())
        if text.get_rotation() and place[:2] != ("center", "center"):
            self.expect("rotation_mode", place[2], "anchor")
        size = text.get_fontsize() * self.points
        return super().look() | {
            "kind": "text",
            "fill": self.css(text.get_color()),
            "size": size,
            "weight": text.get_weight(),
            "style": text.get_style(),
            "mono": "monospace" in text.get_family(),
            "anchor": {"left": "start", "center": "middle", "right": "end"}[text.get_ha()],
            "baseline": text.get_va(),
            "rotation": -text.get_rotation(),
            "box": box
            and {
                "fill": _css(box.get_facecolor()),
                "stroke": _css(box.get_edgecolor()),
                "stroke-width": box.get_linewidth() * self.points,
                "pad": getattr(box.get_boxstyle(), "pad", 0.3) * size,
                "rx": 0.3 * size * isinstance(box.get_boxstyle(), BoxStyle.Round),
            },
        }


class _MovingQuiver(_Moving):
    watched = ("facecolors",)

    def transform(self) -> Any:
        return self.artist.get_offset_transform()

    def numbers(self) -> np.ndarray:
        quiver = self.artist
        steps = np.column_stack([quiver.U, quiver.V]).astype(float) / quiver.scale
        steps[np.broadcast_to(quiver.Umask, len(steps))] = np.nan  # masked, or not a number
        vectors = self.to_pixels(quiver.XY + steps) - self.to_pixels(quiver.XY)
        start = self.to_pixels(np.ma.filled(quiver.get_offsets(), np.nan))
        start = start - {"tail": 0.0, "middle": 0.5, "mid": 0.5, "tip": 1.0}[quiver.pivot] * vectors
        return np.column_stack([start, vectors]).ravel()

    def look(self) -> dict[str, Any]:
        quiver = self.artist
        for field, value in (("angles", quiver.angles), ("scale_units", quiver.scale_units)):
            self.expect(field, value if isinstance(value, str) else "given", "xy")
        if quiver.get_array() is not None:
            raise ValueError(f"{quiver}: it has colours by number (C), expected one colour")
        self.expect("number of colours", len(quiver.get_facecolors()), 1)
        for field in ("scale", "width"):  # which matplotlib would choose when it draws
            if getattr(quiver, field) is None:
                raise ValueError(f"{quiver}: {field} is None, expected a number")
        box = quiver.axes.bbox
        units = {"width": box.width, "height": box.height, "dots": 1.0, "inches": 72 * self.points}
        self.expect("units", quiver.units, *units)
        shape = (quiver.headwidth, quiver.headlength, quiver.headaxislength, quiver.minshaft, quiver.minlength)
        return super().look() | {
            "kind": "arrows",
            "fill": _css(quiver.get_facecolors()[0]),
            "width": quiver.width * units[quiver.units],
            "shape": [float(number) for number in shape],
        }


class _MovingImage(_Moving):
    watched = ("extent", "shape")

    def transform(self) -> Any:
        return self.artist.axes.transData

    def numbers(self) -> np.ndarray:
        """Colours packed as 0xRRGGBB, which a float32 holds exactly; −1 where there is nothing, or all is masked."""
        rgba = self.artist.to_rgba(self.artist.get_array(), bytes=True).astype(np.int64)
        if ((rgba[..., 3] > 0) & (rgba[..., 3] < 255)).any():
            raise ValueError(f"{self.artist}: some colours are half transparent, expected opaque ones, or none")
        packed = rgba[..., 0] << 16 | rgba[..., 1] << 8 | rgba[..., 2]
        return np.where(rgba[..., 3] == 0, -1.0, packed).ravel()

    def look(self) -> dict[str, Any]:
        image = self.artist
        rows, columns = image.get_array().shape[:2]
        if rows * columns > MOST_CELLS:
            raise ValueError(f"{image} has {rows}×{columns} cells, expected at most {MOST_CELLS}")
        self.expect("interpolation", image.get_interpolation(), "auto", "antialiased", "nearest", "none")
        left, right, bottom, top = image.get_extent()
        first, last = (bottom, top) if image.origin == "lower" else (top, bottom)
        alpha = image.get_alpha()
        self.expect("size of alpha", np.size(alpha), 1)
        return super().look() | {
            "kind": "cells",
            "rows": rows,
            "columns": columns,
            "corners": self.to_pixels(np.array([[left, first], [right, last]])).ravel().tolist(),
            "opacity": 1.0 if alpha is None else float(alpha),
        }


class _MovingPatch(_Moving):
    watched = ("facecolor", "edgecolor", "linewidth", "linestyle")

    def transform(self) -> Any:
        return self.artist.get_data_transform()

    def numbers(self) -> np.ndarray:
        path = self.artist.get_path().transformed(self.artist.get_patch_transform())
        return _flat(Outline(self.to_pixels(path.vertices), path.codes)).ravel()

    def look(self) -> dict[str, Any]:
        patch = self.artist
        self.expect("hatch", patch.get_hatch() and str(patch.get_hatch()), None)
        return super().look() | {
            "kind": "outline",
            "fill": _css(patch.get_facecolor()),
            "stroke": _css(patch.get_edgecolor()) if patch.get_linewidth() else "none",
            "width": patch.get_linewidth() * self.points,
            "dashes": self.dashes(),
            "join": patch.get_joinstyle(),
        }


_KINDS: dict[type[Artist], type[_Moving]] = {
    Line2D: _MovingLine,
    Text: _MovingText,
    Quiver: _MovingQuiver,
    AxesImage: _MovingImage,
    **dict.fromkeys((Rectangle, Polygon, Ellipse, Wedge, PathPatch), _MovingPatch),
}


def _moving(artist: Artist) -> _Moving:
    for kind in type(artist).__mro__:
        # a subclass may draw itself in its own way, as Annotation does: only a patch's path says all
        if kind in _KINDS and (kind is type(artist) or _KINDS[kind] is _MovingPatch):
            return _KINDS[kind](artist)
    known = ", ".join(sorted(kind.__name__ for kind in _KINDS))
    raise TypeError(f"LiveFigure cannot move the animated artist {artist} ({type(artist).__name__}); it moves {known}")


def _animated(parent: Artist) -> Iterator[Artist]:
    """Every animated artist below `parent`, in matplotlib's order of drawing."""
    for child in sorted(parent.get_children(), key=lambda child: child.get_zorder()):
        if child.get_animated():
            yield child
        else:
            yield from _animated(child)


def _to_pixels(artist: Any, transform: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Data → pixels with y downwards, as the transform is now."""
    frozen, height = transform.frozen(), artist.get_figure(root=True).bbox.height
    if frozen.is_affine:
        matrix = frozen.get_matrix()
        linear, shift = matrix[:2, :2].T * [1, -1], matrix[:2, 2] * [1, -1] + [0, height]
        return lambda xy: xy @ linear + shift
    return lambda xy: frozen.transform(xy) * [1, -1] + [0, height]


def _box(box: Any, figure: Any) -> list[float]:
    """Left, top, width and height."""
    return [float(x) for x in (box.x0, figure.bbox.height - box.y1, box.width, box.height)]


def _pixels(line: Line2D) -> list[float]:
    return _MovingLine(line).numbers().tolist()


def _flat(path: Outline) -> np.ndarray:
    """Rows of code, x, y, with matplotlib's path codes."""
    xy, codes = np.asarray(path.vertices), path.codes
    if codes is None:
        codes = np.array([Outline.MOVETO] + [Outline.LINETO] * (len(xy) - 1))
    return np.column_stack([codes, xy]).ravel()


def _css(color: Any, alpha: float | None = None) -> str:
    none = isinstance(color, str) and color.lower() == "none"
    return "none" if none else to_hex(to_rgba(color, alpha), keep_alpha=True)


# A cell that is run again replaces its pictures: the comms of the earlier run are closed.

_shown: dict[str, tuple[str, list[LiveFigure]]] = {}  # cell → (execution, its figures)


def _close_earlier(live: LiveFigure) -> None:
    shell: Any = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    if cell is None:
        return
    execution = parent["header"]["msg_id"]
    earlier, figures = _shown.get(cell, ("", []))
    if earlier != execution:
        for old in figures:
            old.layout.close()
            old.close()
        figures = []
    _shown[cell] = (execution, [*figures, live])
