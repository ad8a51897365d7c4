"""What moves: each class says how its artist looks (a dictionary, sent once) and where it is (numbers, sent each time).

`moving_of(artist)` finds the class, or refuses the artist by name; figure.js draws what they say. All is in pixels of
the figure, with y downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgba
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import BoxStyle, Ellipse, PathPatch, Polygon, Rectangle, Wedge
from matplotlib.path import Path as Outline
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

MOST_CELLS = 4096  # of an image: each is one <rect>
NOTHING = ("None", "none", " ", "")  # matplotlib's names for no line and no marker


class Moving:
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
            look["clip"] = box_of(clip, artist.get_figure(root=True))
        return look

    def css(self, color: Any) -> str:
        return css(color, self.artist.get_alpha())

    def dashes(self) -> list[float]:
        offset, pattern = self.artist._dash_pattern  # in points; matplotlib has no public word for it
        self.expect("offset of the dashes", offset or 0, 0)
        return [float(length) * self.points for length in pattern or ()]


class MovingLine(Moving):
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


class MovingText(Moving):
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
                "fill": css(box.get_facecolor()),
                "stroke": css(box.get_edgecolor()),
                "stroke-width": box.get_linewidth() * self.points,
                "pad": getattr(box.get_boxstyle(), "pad", 0.3) * size,
                "rx": 0.3 * size * isinstance(box.get_boxstyle(), BoxStyle.Round),
            },
        }


class MovingQuiver(Moving):
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
            "fill": css(quiver.get_facecolors()[0]),
            "width": quiver.width * units[quiver.units],
            "shape": [float(number) for number in shape],
        }


class MovingImage(Moving):
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


class MovingPatch(Moving):
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
            "fill": css(patch.get_facecolor()),
            "stroke": css(patch.get_edgecolor()) if patch.get_linewidth() else "none",
            "width": patch.get_linewidth() * self.points,
            "dashes": self.dashes(),
            "join": patch.get_joinstyle(),
        }


_KINDS: dict[type[Artist], type[Moving]] = {
    Line2D: MovingLine,
    Text: MovingText,
    Quiver: MovingQuiver,
    AxesImage: MovingImage,
    **dict.fromkeys((Rectangle, Polygon, Ellipse, Wedge, PathPatch), MovingPatch),
}


def moving_of(artist: Artist) -> Moving:
    for kind in type(artist).__mro__:
        # a subclass may draw itself in its own way, as Annotation does: only a patch's path says all
        if kind in _KINDS and (kind is type(artist) or _KINDS[kind] is MovingPatch):
            return _KINDS[kind](artist)
    known = ", ".join(sorted(kind.__name__ for kind in _KINDS))
    raise TypeError(f"LiveFigure cannot move the animated artist {artist} ({type(artist).__name__}); it moves {known}")


def animated_in(parent: Artist) -> Iterator[Artist]:
    """Every animated artist below `parent`, in matplotlib's order of drawing."""
    for child in sorted(_children(parent), key=lambda child: child.get_zorder()):
        if child.get_animated():
            yield child
        else:
            yield from animated_in(child)


def axes_in(parent: Artist) -> Iterator[Axes]:
    """All axes below `parent`, those within axes, too."""
    for child in _children(parent):
        if isinstance(child, Axes):
            yield child
        yield from axes_in(child)


def _children(parent: Artist) -> list[Any]:
    """Without the ticks that an axis has not made yet: where it is not drawn it never makes any, and they take long."""
    if isinstance(parent, Axis):
        made = vars(parent)
        return [parent.label, parent.offsetText, *made.get("majorTicks", ()), *made.get("minorTicks", ())]
    return parent.get_children()


def _to_pixels(artist: Any, transform: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Data → pixels with y downwards, as the transform is now."""
    frozen, height = transform.frozen(), artist.get_figure(root=True).bbox.height
    if frozen.is_affine:
        matrix = frozen.get_matrix()
        linear, shift = matrix[:2, :2].T * [1, -1], matrix[:2, 2] * [1, -1] + [0, height]
        return lambda xy: xy @ linear + shift
    return lambda xy: frozen.transform(xy) * [1, -1] + [0, height]


def box_of(box: Any, figure: Any) -> list[float]:
    """Left, top, width and height."""
    return [float(x) for x in (box.x0, figure.bbox.height - box.y1, box.width, box.height)]


def pixels(line: Line2D) -> list[float]:
    return MovingLine(line).numbers().tolist()


def _flat(path: Outline) -> np.ndarray:
    """Rows of code, x, y, with matplotlib's path codes."""
    xy, codes = np.asarray(path.vertices), path.codes
    if codes is None:
        codes = np.array([Outline.MOVETO] + [Outline.LINETO] * (len(xy) - 1))
    return np.column_stack([codes, xy]).ravel()


def css(color: Any, alpha: float | None = None) -> str:
    none = isinstance(color, str) and color.lower() == "none"
    return "none" if none else to_hex(to_rgba(color, alpha), keep_alpha=True)
