"""Directions in the plane of two parameters: vectors that add up, and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE
from pgcourse.pictures.part import Numbers, Part, arrows, plain, signed
from pgcourse.pictures.tables import Table

LOOKS = (("●", "o", GRADIENT), ("■", "s", INK), ("▲", "^", OCCUPANCY))  # sign, marker, colour


class Vectors(Part):
    """Vectors in the plane of two parameters, each with a sign at its tip; the longest has length 1 in the picture.

    names   what each is called, in the order in which `vectors` holds them
    chain   the numbers of two vectors that add up to the first: drawn as the sides of a parallelogram
    Numbers: vectors, name → (2,); angles, name → degrees from the first, NaN if one of the two is 0.
    """

    def __init__(self, names: Sequence[str], chain: tuple[int, int] | None = None, labels: Sequence[str] = ()) -> None:
        self.names, self.chain = names, chain
        self.labels = labels or (r"$\partial/\partial\theta_1$", r"$\partial/\partial\theta_2$")

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[], yticks=[])
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1])
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.axvline(0, color=PALE, lw=0.8)
        (self.uphill,) = ax.plot([], [], ":", color=GRADIENT, lw=1.2, animated=True)
        (self.sides,) = ax.plot([], [], "--", color=INK, lw=1, animated=True)
        looks = LOOKS[: len(self.names)]
        # the first is the widest: another may lie upon it
        self.arrows = [arrows(ax, [0], [0], color, 0.016 if k else 0.028) for k, (_, _, color) in enumerate(looks)]
        self.tips = [
            ax.plot([], [], mark, color=color, mec="white", mew=1, ms=11 if k else 15, zorder=5, animated=True)[0]
            for k, (_, mark, color) in enumerate(looks)
        ]

    def update(self, numbers: Numbers) -> None:
        vectors = np.array([numbers["vectors"][name] for name in self.names])
        longest = np.linalg.norm(vectors, axis=1).max()
        shown = vectors / longest if longest else vectors
        for arrow, tip, (x, y) in zip(self.arrows, self.tips, shown, strict=True):
            arrow.set_UVC([x], [y])
            tip.set_data([x], [y])
        across = np.array([-shown[0][1], shown[0][0]]) / max(np.linalg.norm(shown[0]), 1e-300)
        self.uphill.set_data(np.array([-2 * across, 2 * across]).T)
        if self.chain:
            one, other = (shown[i] for i in self.chain)
            self.sides.set_data(np.array([one, one + other, other]).T)

    def describe(self, numbers: Numbers) -> str:
        said = []
        for k, name in enumerate(self.names):
            (x, y), angle = numbers["vectors"][name], numbers["angles"][name]
            off = f", {angle:.0f} degrees off {self.names[0]}" if k and angle == angle else ""
            said.append(f"{name} is ({signed(x)}, {signed(y)}){off}")
        return "; ".join(said) + "."


class VectorTable(Table):
    """The same vectors in figures. Numbers: those of `Vectors`; verdict, a sentence below.

    notes   a line below each name: what it is
    """

    top, rule, note_at, bottom = 0.4, 0.45, 0.8, 1.0

    def __init__(self, notes: Mapping[str, str], heads: tuple[str, str] = ("∂/∂θ₁", "∂/∂θ₂")) -> None:
        signs = [f"{sign} {name}" for (sign, _, _), name in zip(LOOKS, notes, strict=False)]
        super().__init__(signs, (*heads, "angle"), places=(0.62, 0.82, 1.0))
        self.notes = notes

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        for y, ((_, _, color), name, note) in enumerate(
            zip(LOOKS, self.names, self.notes.values(), strict=False), start=1
        ):
            name.set(color=color, fontsize=11)
            ax.text(0.035, y + 0.32, note, va="center", fontsize=9.5, color=INK)

    def figures(self, numbers: Numbers) -> list[tuple[str, str, str]]:
        rows = []
        for k, name in enumerate(self.notes):
            (x, y), angle = numbers["vectors"][name], numbers["angles"][name]
            rows.append((signed(x), signed(y), f"{angle:.0f}°" if k and angle == angle else "–"))
        return rows

    def remark(self, numbers: Numbers) -> str:
        return numbers["verdict"]

    def describe(self, numbers: Numbers) -> str:
        first, *others = (np.asarray(numbers["vectors"][name]) for name in self.notes)
        uphill = sum(bool(other @ first > 0) for other in others)
        are = "is" if uphill == 1 else "are"
        return f"{uphill} of the other {len(others)} {are} less than 90 degrees off. {numbers['verdict']}"
