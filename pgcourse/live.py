"""A matplotlib figure that moves in the browser: matplotlib's blitting, over the wire.

The convention is matplotlib's own: an artist with `animated=True` moves, everything else is background.

    fig = Figure(); ax = fig.subplots()
    (point,) = ax.plot([0], [0], "o", animated=True)
    live = LiveFigure(fig)         # background rendered once, moving artists described once
    point.set_data([1], [2])
    live.update("the point is at (1, 2)")   # only numbers travel

`LiveFigure` is a widget: display it, or put it in any ipywidgets box. Moving artists may be Line2D (with markers),
Text (plain), Quiver (angles and scale_units "xy"), AxesImage (small grids) and patches. The browser draws them as SVG
(live.js) above the background, in pixels of the figure with y downwards.

The module knows nothing of the course: matplotlib below it, anywidget above it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Ellipse, PathPatch, Polygon, Rectangle, Wedge
from matplotlib.path import Path as Outline
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

RESOLUTION = 2  # background pixels for each CSS pixel
MOST_CELLS = 4096  # of an image: each is one <rect>


class LiveFigure(anywidget.AnyWidget):
    """A figure whose animated artists move in the browser when `update` is called.

    Raises TypeError at construction, by name, for an animated artist that cannot travel as numbers, and ValueError
    for one that is drawn in a way the browser cannot repeat. The figure's dpi is raised to the background's.
    """

    _esm = Path(__file__).with_name("live.js")

    size = traitlets.List().tag(sync=True)  # width and height in CSS pixels, at scale 1
    background = traitlets.Bytes().tag(sync=True)  # PNG
    artists = traitlets.List().tag(sync=True)  # how each moving artist looks, back to front
    handles = traitlets.List().tag(sync=True)  # what may be dragged, and where to
    frame = traitlets.Dict().tag(sync=True)  # where everything is now: replaced whole, so the last one is right
    drag = traitlets.Dict().tag(sync=True, echo_update=False)  # the browser's newest wish: {view, seq, handle, x, y}
    error = traitlets.Unicode().tag(sync=True)  # shown with the picture until the next update
    name = traitlets.Unicode().tag(sync=True)  # what the picture is, for a screen reader
    scale = traitlets.Float(1.0).tag(sync=True)  # 2 for the lecture hall

    def __init__(self, figure: Figure, name: str = "live picture", scale: float = 1.0) -> None:
        self.figure = figure
        self._canvas = FigureCanvasAgg(figure)
        self._dpi = figure.get_dpi()
        self._moving: list[_Moving] = []
        self._draggable: list[dict[str, Any]] = []
        self._limits: list[tuple[float, ...]] = []
        self._description = ""
        super().__init__(name=name, scale=scale, size=(figure.get_size_inches() * self._dpi).tolist())
        self.redraw()
        self.observe(lambda change: self.redraw(), "scale")
        self.observe(self._on_drag, "drag")

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
        `update` says where it really is. `step` is one arrow key's way along x and y, in data units; `snap` keeps the
        point on whole steps; `along` keeps it on a curve whose x increases. A press beside the point, in its axes,
        brings it there.
        """
        index = [moving.artist for moving in self._moving].index(line)
        self._draggable.append(
            {
                "index": index,
                "line": line,
                "on_drag": on_drag,
                "label": label,
                "step": step,
                "along": along,
                "snap": snap,
            }
        )
        self.handles = self._describe_handles()
        self.update(self._description)

    def update(self, description: str | None = None) -> None:
        """Send where the moving artists are now; `description` says in words what is seen, for a screen reader.

        If the limits of an axes have changed since the background was rendered, it is rendered again.
        """
        if description is not None:
            self._description = description
        if self._limits != self._current_limits():
            self.redraw()
            return
        with self.hold_sync():
            self.error = ""
            if any(d["along"] is not None and d["along"].get_animated() for d in self._draggable):
                self.handles = self._describe_handles()  # unchanged handles are not sent again
            self.frame = self._frame()

    def redraw(self) -> None:
        """Render the background again, describe the moving artists again, and update: for what moves seldom."""
        self.figure.set_dpi(self._dpi * RESOLUTION * self.scale)
        self._canvas.draw()  # leaves animated artists out
        self._limits = self._current_limits()
        self._moving = [_moving(artist, parents) for artist, parents in _animated(self.figure)]
        self._moving.sort(key=lambda moving: moving.zorder)
        for draggable in self._draggable:
            draggable["index"] = [moving.artist for moving in self._moving].index(draggable["line"])
        with self.hold_sync():
            self.error = ""
            self.background = _png(self._canvas)
            self.artists = [moving.look() for moving in self._moving]
            self.handles = self._describe_handles()
            self.frame = self._frame()

    def fail(self, message: str) -> None:
        """Show `message` in the view; the picture stays as it was."""
        with self.hold_sync():
            self.error = message
            self.frame = {**self.frame, "ack": self._ack()}

    def still(self) -> bytes:
        """The whole figure, moving artists included, as a PNG."""
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi="figure")
        return png.getvalue()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a still picture for where no widget can be: GitHub, nbconvert, no kernel."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if data is None:
            return None
        width, height = self.size
        return {**data, "image/png": self.still()}, {**metadata, "image/png": {"width": width, "height": height}}

    def _frame(self) -> dict[str, Any]:
        numbers = [moving.numbers() for moving in self._moving]
        return {
            "numbers": np.concatenate(numbers, dtype=np.float32).tobytes() if numbers else b"",
            "counts": [len(n) for n in numbers],
            "texts": [moving.artist.get_text() for moving in self._moving if isinstance(moving, _MovingText)],
            "looks": {str(i): moving.look() for i, moving in enumerate(self._moving) if moving.has_changed()},
            "at": [draggable["line"].get_xydata()[0].tolist() for draggable in self._draggable],
            "description": self._description,
            "ack": self._ack(),
        }

    def _ack(self) -> list[Any]:
        return [self.drag.get("view"), self.drag.get("seq")]

    def _describe_handles(self) -> list[dict[str, Any]]:
        handles = []
        for draggable in self._draggable:
            moving, axes = self._moving[draggable["index"]], draggable["line"].axes
            origin, step = moving.to_pixels(np.array([[0.0, 0.0], draggable["step"]]))
            (x0, x1), (y0, y1) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
            box = moving.to_pixels(np.array([[x0, y0], [x1, y1]]))
            along = draggable["along"]
            handles.append(
                {
                    "artist": draggable["index"],
                    "label": draggable["label"],
                    "step": (step - origin).tolist(),
                    "origin": origin.tolist(),
                    "snap": draggable["snap"],
                    "along": None if along is None else moving.to_pixels(along.get_xydata()).tolist(),
                    "box": [*box.min(axis=0).tolist(), *box.max(axis=0).tolist()],
                    "range": [x0, x1],
                }
            )
        return handles

    def _on_drag(self, change: dict[str, Any]) -> None:
        draggable = self._draggable[change["new"]["handle"]]
        height = self.figure.bbox.height
        pixel = (change["new"]["x"], height - change["new"]["y"])
        x, y = draggable["line"].axes.transData.inverted().transform(pixel)
        draggable["on_drag"](float(x), float(y))

    def _current_limits(self) -> list[tuple[float, ...]]:
        return [tuple(axes.viewLim.bounds) for axes in self.figure.axes]


def _png(canvas: FigureCanvasAgg) -> bytes:
    """The canvas as it was last drawn (its own print_png draws once more, animated artists included)."""
    png = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).save(png, "png", compress_level=4)
    return png.getvalue()


# What moves. Each class says how its artist looks (a dictionary, sent once) and where it is (an array, sent each time).


class _Moving:
    """One animated artist, in pixels of the figure with y downwards."""

    def __init__(self, artist: Any, parents: list[Artist]) -> None:
        self.artist = artist
        self.figure = artist.get_figure(root=True)
        self.zorder = (*(parent.get_zorder() for parent in parents), artist.get_zorder())
        self.points = self.figure.dpi / 72  # pixels in a point
        self.to_pixels = _to_pixels(self.transform(), self.figure.bbox.height)
        self.check()
        self.first_style = self.style()

    def transform(self) -> Any:
        return self.artist.get_transform()

    def check(self) -> None:
        """Raise ValueError if the browser cannot draw it as matplotlib does."""

    def style(self) -> tuple[Any, ...]:
        """What of its look may change from frame to frame, cheap to read."""
        raise NotImplementedError(type(self))

    def has_changed(self) -> bool:
        return self.style() != self.first_style

    def numbers(self) -> np.ndarray:
        """Where it is now: a flat array of floats."""
        raise NotImplementedError(type(self))

    def look(self) -> dict[str, Any]:
        clip = self.artist.get_clip_box() if self.artist.get_clip_on() else None
        alpha = self.artist.get_alpha()
        look = {"visible": self.artist.get_visible(), "opacity": 1.0 if alpha is None else float(alpha), "clip": None}
        if clip is not None:
            (x0, y0), (x1, y1) = clip.get_points()
            look["clip"] = [x0, self.figure.bbox.height - y1, x1 - x0, y1 - y0]
        return look

    def dashes(self) -> list[float]:
        name = {"--": "dashed", "-.": "dashdot", ":": "dotted"}.get(self.artist.get_linestyle())
        scale = self.points * (self.artist.get_linewidth() if rcParams["lines.scale_dashes"] else 1)
        return [float(d) * scale for d in rcParams[f"lines.{name}_pattern"]] if name else []


class _MovingLine(_Moving):
    artist: Line2D

    def check(self) -> None:
        if self.artist.get_drawstyle() != "default":
            raise ValueError(f"{self.artist}: drawstyle is {self.artist.get_drawstyle()!r}, expected 'default'")

    def style(self) -> tuple[Any, ...]:
        line = self.artist
        return line.get_visible(), line.get_color(), line.get_markerfacecolor(), line.get_alpha(), line.get_linewidth()

    def numbers(self) -> np.ndarray:
        return self.to_pixels(self.artist.get_xydata()).ravel()

    def look(self) -> dict[str, Any]:
        line = self.artist
        drawn = line.get_linestyle() not in ("None", "none", " ", "")
        marker = MarkerStyle(line.get_marker(), line.get_fillstyle())
        size = line.get_markersize() * self.points
        outline = marker.get_path().transformed(marker.get_transform() + Affine2D().scale(size, -size))
        return super().look() | {
            "kind": "line",
            "stroke": _css(line.get_color()) if drawn else "none",
            "width": line.get_linewidth() * self.points,
            "dashes": self.dashes(),
            "cap": line.get_dash_capstyle() if self.dashes() else line.get_solid_capstyle(),
            "marker": _flat(outline) if len(outline.vertices) else [],
            "fill": _css(line.get_markerfacecolor()) if marker.is_filled() else "none",
            "edge": _css(line.get_markeredgecolor()),
            "edgeWidth": line.get_markeredgewidth() * self.points,
        }


class _MovingText(_Moving):
    artist: Text

    def check(self) -> None:
        if self.artist.get_text().count("$") >= 2:
            raise ValueError(f"{self.artist}: moving text is plain; write θ, not $\\theta$")

    def style(self) -> tuple[Any, ...]:
        return self.artist.get_visible(), self.artist.get_color(), self.artist.get_alpha(), self.artist.get_fontsize()

    def numbers(self) -> np.ndarray:
        self.check()
        return self.to_pixels(np.array([self.artist.get_unitless_position()], dtype=float)).ravel()

    def look(self) -> dict[str, Any]:
        text, box = self.artist, self.artist.get_bbox_patch()
        return super().look() | {
            "kind": "text",
            "fill": _css(text.get_color()),
            "size": text.get_fontsize() * self.points,
            "weight": text.get_weight(),
            "style": text.get_style(),
            "mono": "monospace" in text.get_family(),
            "anchor": {"left": "start", "center": "middle", "right": "end"}[text.get_horizontalalignment()],
            "baseline": text.get_verticalalignment(),
            "rotation": -text.get_rotation(),
            "box": None if box is None else _css(box.get_facecolor()),
        }


class _MovingQuiver(_Moving):
    artist: Quiver

    def transform(self) -> Any:
        return self.artist.get_offset_transform()

    def check(self) -> None:
        quiver = self.artist
        for field, value in (("angles", quiver.angles), ("scale_units", quiver.scale_units)):
            if not isinstance(value, str) or value != "xy":
                raise ValueError(f"{quiver}: {field} is {value!r}, expected 'xy'")
        if quiver.scale is None or quiver.width is None or len(quiver.get_facecolors()) != 1:
            raise ValueError(f"{quiver}: expected a scale, a width and one colour")
        self.pixels_in(quiver.units)

    def pixels_in(self, unit: str) -> float:
        """Of the width of an arrow's shaft."""
        box = self.artist.axes.bbox
        pixels = {"width": box.width, "height": box.height, "dots": 1.0, "inches": self.figure.dpi}
        if unit not in pixels:
            raise ValueError(f"{self.artist}: units is {unit!r}, expected one of {', '.join(pixels)}")
        return pixels[unit]

    def style(self) -> tuple[Any, ...]:
        return self.artist.get_visible(), self.artist.get_alpha(), tuple(self.artist.get_facecolors()[0])

    def numbers(self) -> np.ndarray:
        quiver = self.artist
        tails = np.asarray(quiver.XY, dtype=float)
        vectors = np.ma.filled(np.ma.column_stack([quiver.U, quiver.V]), np.nan) / quiver.scale
        start = self.to_pixels(tails)
        vectors = self.to_pixels(tails + vectors) - start
        start -= {"tail": 0.0, "middle": 0.5, "mid": 0.5, "tip": 1.0}[quiver.pivot] * vectors
        return np.column_stack([start, vectors]).ravel()

    def look(self) -> dict[str, Any]:
        quiver = self.artist
        shape = (quiver.headwidth, quiver.headlength, quiver.headaxislength, quiver.minshaft, quiver.minlength)
        return super().look() | {
            "kind": "arrows",
            "fill": _css(quiver.get_facecolors()[0]),
            "width": quiver.width * self.pixels_in(quiver.units),
            "shape": [float(number) for number in shape],
        }


class _MovingImage(_Moving):
    artist: AxesImage

    def transform(self) -> Any:
        return self.artist.axes.transData

    def check(self) -> None:
        rows, columns = self.artist.get_array().shape[:2]
        if rows * columns > MOST_CELLS:
            raise ValueError(f"{self.artist} has {rows}×{columns} cells, expected at most {MOST_CELLS}")

    def style(self) -> tuple[Any, ...]:
        return self.artist.get_visible(), self.artist.get_alpha()

    def numbers(self) -> np.ndarray:
        """Colours packed as 0xRRGGBB, which a float32 holds exactly; −1 where there is nothing."""
        rgba = self.artist.to_rgba(self.artist.get_array(), bytes=True).astype(np.int64)
        packed = rgba[..., 0] << 16 | rgba[..., 1] << 8 | rgba[..., 2]
        return np.where(rgba[..., 3] == 0, -1, packed).ravel()

    def look(self) -> dict[str, Any]:
        left, right, bottom, top = self.artist.get_extent()
        first, last = (bottom, top) if self.artist.origin == "lower" else (top, bottom)
        corners = self.to_pixels(np.array([[left, first], [right, last]]))
        rows, columns = self.artist.get_array().shape[:2]
        return super().look() | {"kind": "cells", "rows": rows, "columns": columns, "corners": corners.ravel().tolist()}


class _MovingPatch(_Moving):
    artist: Any

    def check(self) -> None:
        if self.artist.get_hatch():
            raise ValueError(f"{self.artist}: hatch is {self.artist.get_hatch()!r}, expected none")

    def style(self) -> tuple[Any, ...]:
        patch = self.artist
        return patch.get_visible(), patch.get_facecolor(), patch.get_edgecolor(), patch.get_alpha()

    def transform(self) -> Any:
        return self.artist.get_data_transform()

    def numbers(self) -> np.ndarray:
        path = self.artist.get_path().transformed(self.artist.get_patch_transform())
        return np.asarray(_flat(Outline(self.to_pixels(path.vertices), path.codes)), dtype=float)

    def look(self) -> dict[str, Any]:
        patch = self.artist
        opaque = {"opacity": 1.0}  # a patch has its alpha in its colours
        return (
            super().look()
            | opaque
            | {
                "kind": "outline",
                "fill": _css(patch.get_facecolor()),
                "stroke": _css(patch.get_edgecolor()) if patch.get_linewidth() else "none",
                "width": patch.get_linewidth() * self.points,
                "dashes": self.dashes(),
            }
        )


_KINDS: dict[type[Artist], type[_Moving]] = {
    Line2D: _MovingLine,
    Text: _MovingText,
    Quiver: _MovingQuiver,
    AxesImage: _MovingImage,
    Rectangle: _MovingPatch,
    Polygon: _MovingPatch,
    Ellipse: _MovingPatch,
    Wedge: _MovingPatch,
    PathPatch: _MovingPatch,
}


def _moving(artist: Artist, parents: list[Artist]) -> _Moving:
    for kind in type(artist).__mro__:
        # a subclass may draw itself in its own way, as Annotation does: only a patch's path says all
        if kind in _KINDS and (kind is type(artist) or _KINDS[kind] is _MovingPatch):
            return _KINDS[kind](artist, parents)
    known = ", ".join(sorted(kind.__name__ for kind in _KINDS))
    raise TypeError(f"LiveFigure cannot move the animated artist {artist} ({type(artist).__name__}); it moves {known}")


def _animated(parent: Artist, above: tuple[Artist, ...] = ()) -> Iterator[tuple[Artist, list[Artist]]]:
    """Every animated artist below `parent`, with those above it that have a say in the order of drawing."""
    for child in parent.get_children():
        if child.get_animated():
            yield child, [a for a in above if isinstance(a, Axes)]
        else:
            yield from _animated(child, (*above, child))


def _to_pixels(transform: Any, height: float) -> Callable[[np.ndarray], np.ndarray]:
    """Data → pixels with y downwards, as the transform is now."""
    frozen = transform.frozen()
    if frozen.is_affine:
        matrix = frozen.get_matrix()
        linear, shift = matrix[:2, :2].T * [1, -1], matrix[:2, 2] * [1, -1] + [0, height]
        return lambda xy: xy @ linear + shift
    return lambda xy: frozen.transform(xy) * [1, -1] + [0, height]


def _flat(path: Outline) -> list[float]:
    """[code, x, y, code, x, y, …] with matplotlib's path codes."""
    codes = path.codes
    if codes is None:
        codes = np.array([Outline.MOVETO] + [Outline.LINETO] * (len(path.vertices) - 1))
    return np.column_stack([codes, path.vertices]).ravel().tolist()


def _css(color: Any) -> str:
    return "none" if isinstance(color, str) and color.lower() == "none" else to_hex(color, keep_alpha=True)
