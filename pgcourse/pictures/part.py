"""What all pictures share: the parts' common shape, a figure of parts, and how they draw and write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from pgcourse.pictures.palette import INK
from pgcourse.pictures.room import Layout

Numbers = Mapping[str, Any]
Floats = NDArray[np.float64]

# matplotlib's own settings, whatever the reader's matplotlibrc says
DEFAULTS: dict[Any, Any] = {name: value for name, value in rcParamsDefault.items() if name != "backend"}
CSS_PIXELS = 100  # dpi: one inch of a figure is 100 CSS pixels


class Handle(NamedTuple):
    """A point the reader may drag: where it goes is turned into values by `values(x, y, current values)`."""

    line: Line2D
    label: str
    values: Callable[[float, float, dict[str, Any]], dict[str, Any]]
    step: tuple[float, float] = (0.1, 0.1)
    along: Line2D | None = None
    snap: bool = False
    upright: bool = False


class Part:
    """What every part of a picture offers; `handles` exist once it is drawn."""

    handles: Sequence[Handle] = ()

    def draw(self, ax: Axes) -> None:
        """Draw what stays, and make the animated artists that move."""
        raise NotImplementedError

    def fit(self) -> None:
        """Measure what hangs on the size of the axes, once all parts are drawn."""

    def update(self, numbers: Numbers) -> None:
        """Move the animated artists."""
        raise NotImplementedError

    def describe(self, numbers: Numbers) -> str:
        """What is seen, in a sentence for a screen reader."""
        raise NotImplementedError


class Picture:
    """Parts side by side in one figure of `width` × `height` CSS pixels."""

    @rc_context(DEFAULTS)
    def __init__(
        self, parts: Sequence[Part], width: float = 900, height: float = 380, ratios: Sequence[float] | None = None
    ) -> None:
        self.parts = parts
        self.figure = Figure(figsize=(width / CSS_PIXELS, height / CSS_PIXELS), dpi=CSS_PIXELS, layout=Layout())
        axes = self.figure.subplots(1, len(parts), squeeze=False, width_ratios=ratios)[0]
        for part, ax in zip(parts, axes, strict=True):
            part.draw(ax)
        self.handles = [handle for part in parts for handle in part.handles]
        for handle in self.handles:
            if not handle.snap:
                keep_whole(handle.line)
        for part in parts:
            part.fit()

    def update(self, numbers: Numbers) -> None:
        for part in self.parts:
            part.update(numbers)

    def describe(self, numbers: Numbers) -> str:
        """What all parts say, with minus signs: a screen reader may leave out the hyphen of "-1"."""
        return minus(" ".join(part.describe(numbers) for part in self.parts))


# Drawing


def note_above(ax: Axes, size: float = 10, y: float = 1.02, **look: Any) -> Text:
    """A text that moves, above the axes: where their title keeps a line free for it."""
    return ax.text(
        0.5, y, "", transform=ax.transAxes, ha="center", va="bottom", fontsize=size, color=INK, animated=True, **look
    )


def keep_whole(point: Line2D) -> None:
    """Show a point whole, wherever in its axes it is: not cut at their border, and with room for it around them."""
    point.set(clip_on=False, in_layout=False)
    look: dict[str, Any] = {"marker": "o", "ms": point.get_markersize(), "color": "none", "clip_on": False}
    axes = point.axes
    assert axes is not None  # it is drawn
    axes.add_artist(Line2D([0, 1], [0, 1], ls="", transform=axes.transAxes, **look))  # in two corners, unseen


def arrows(ax: Axes, x: ArrayLike, y: ArrayLike, color: str, width: float) -> Quiver:
    """Arrows in data units that move, of no length yet."""
    none = np.zeros(np.shape(x))
    shape: dict[str, Any] = {"headwidth": 3.2, "headlength": 3.0, "headaxislength": 2.7, "minlength": 0.1}
    return ax.quiver(
        x, y, none, none, angles="xy", scale_units="xy", scale=1, width=width, color=color, zorder=4, animated=True,
        **shape,
    )  # fmt: skip


def texts(ax: Axes, places: ArrayLike, size: float, **look: Any) -> list[Text]:
    """Texts that move, each in the middle of its place (n, 2): inside the axes, so that these need no room for them."""
    look = {"ha": "center", "va": "center", "color": INK} | look
    return [ax.text(x, y, "", fontsize=size, animated=True, in_layout=False, **look) for x, y in np.asarray(places)]


def set_tails(quiver: Quiver, xy: ArrayLike) -> None:
    """Quiver keeps its tails twice: as drawn, and for turning data into angles."""
    quiver.set_offsets(xy)
    quiver.XY = np.asarray(xy, dtype=float)


def minus(text: str) -> str:
    """With minus signs in "-1", "1e-9" and "q - v", as matplotlib's own tick labels have; "reward-to-go" stays.

    A 0 has none: "-0.00" is a number that was rounded.
    """
    text = re.sub(r"(?<!\w)-(0(?:\.0+)?)(?!\d|\.\d|e)", r"\1", text)
    return re.sub(r"(?<!\w)-(?=[\d.∞])|(?<=\de)-(?=\d)|(?<= )-(?= )", "−", text)


def signed(x: float, digits: int = 4) -> str:
    """A number with its sign, in so many decimals if that shows something, its power of ten if not; 0 has no sign."""
    if x == 0:
        return "0"
    return minus(f"{x:+.{digits}f}" if abs(x) >= 0.5 * 10**-digits else f"{x:+.0e}")


def raised(k: float) -> str:
    """A number as an exponent: −12 is ⁻¹², −2.5 is ⁻²·⁵."""
    return str(k).translate(str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹"))


def with_power(x: float, digits: int = 3) -> str:
    """So many digits, and a power of ten below 0.0001: 1.12·10⁻⁵."""
    if x == 0 or abs(x) >= 0.0001:
        return minus(f"{float(f'{x:.{digits}g}'):g}")
    factor, k = f"{x:.{digits - 1}e}".split("e")
    return minus(f"{float(factor):g}·10{raised(int(k))}")


def unitless(label: str) -> str:
    """The label of an axis as it is spoken: "angle (rad)" is an angle."""
    return label.split(" (")[0]


def few(x: float, sign: str = "-") -> str:
    """Two decimals, none from 1000 on, and from a million on the power of ten; a 0 has the sign of +0."""
    x = round(float(x), 2) + 0.0
    return f"{x:{sign}.2f}" if abs(x) < 1000 else f"{x:{sign},.0f}" if abs(x) < 1e6 else f"{x:{sign}.1e}"


def tinted(color: str, alpha: float = 0.35) -> dict[str, Any]:
    """The look of a bar: pale, within an edge of the full colour, which a projector shows, too."""
    return {"facecolor": (color, alpha), "edgecolor": color, "linewidth": 1.2}


def plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
