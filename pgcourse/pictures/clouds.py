"""Directions in the plane of two parameters: vectors that add up, clouds of estimates, and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, VALUE
from pgcourse.pictures.part import Array, Numbers, Part, arrows, minus, plain, set_tails, signed

LOOKS = (("●", "o", GRADIENT), ("■", "s", INK), ("▲", "^", OCCUPANCY))  # sign, marker, colour


def angle_between(one: Array, other: Array) -> float:
    """In degrees; nan if one of the two is 0."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.degrees(np.arccos(np.clip(one @ other / lengths, -1, 1)))) if lengths else np.nan


class Vectors(Part):
    """Vectors in the plane of two parameters, each with a sign at its tip; the longest has length 1 in the picture.

    names   what each is called, in the order in which `vectors` holds them
    chain   the numbers of two vectors that add up to the first: drawn as the sides of a parallelogram
    Numbers: vectors, name → (2,).
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
        self.arrows = [arrows(ax, [0], [0], color, 0.016) for _, _, color in looks]
        self.tips = [
            ax.plot([], [], mark, color=color, mec="white", mew=1, ms=11, zorder=5, animated=True)[0]
            for _, mark, color in looks
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
        vectors = {name: np.asarray(numbers["vectors"][name]) for name in self.names}
        first = vectors[self.names[0]]
        said = [f"{name} is ({signed(x)}, {signed(y)})" for name, (x, y) in vectors.items()]
        angles = [angle_between(vector, first) for vector in vectors.values()]
        return (
            "; ".join(
                text + (f", {angle:.0f} degrees off {self.names[0]}" if k and angle == angle else "")
                for k, (text, angle) in enumerate(zip(said, angles, strict=True))
            )
            + "."
        )


class VectorTable(Part):
    """The same vectors in figures, with the angle to the first. Numbers: vectors, name → (2,);
    verdict, a sentence below.

    notes   a line below each name: what it is
    """

    def __init__(self, notes: Mapping[str, str], heads: tuple[str, str] = ("∂/∂θ₁", "∂/∂θ₂")) -> None:
        self.notes, self.heads = notes, heads

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, 1), ylim=(len(self.notes) + 0.75, -0.15))
        ax.axis("off")
        places = (0.62, 0.82, 1.0)
        for x, head in zip(places, (*self.heads, "angle"), strict=True):
            ax.text(x, 0.15, head, ha="right", va="center", fontsize=10.5, color=INK, weight="bold")
        ax.axhline(0.4, color=INK, lw=0.8)
        self.cells = {}
        for y, ((sign, _, color), (name, note)) in enumerate(zip(LOOKS, self.notes.items(), strict=False), start=1):
            ax.text(0, y - 0.12, f"{sign} {name}", va="center", fontsize=11, color=color)
            ax.text(0.035, y + 0.2, note, va="center", fontsize=9.5, color=INK)
            self.cells[name] = [
                ax.text(x, y - 0.12, "", ha="right", va="center", fontsize=10.5, color=INK, animated=True)
                for x in places
            ]
        self.verdict = ax.text(0, len(self.notes) + 0.6, "", va="center", fontsize=10.5, color=INK, animated=True)

    def update(self, numbers: Numbers) -> None:
        first = np.asarray(numbers["vectors"][next(iter(self.notes))])
        for k, (name, cells) in enumerate(self.cells.items()):
            vector = np.asarray(numbers["vectors"][name])
            angle = angle_between(vector, first)
            texts = (signed(vector[0]), signed(vector[1]), f"{angle:.0f}°" if k and angle == angle else "–")
            for cell, text in zip(cells, texts, strict=True):
                cell.set_text(text)
        self.verdict.set_text(numbers["verdict"])

    def describe(self, numbers: Numbers) -> str:
        first, *others = (np.asarray(numbers["vectors"][name]) for name in self.notes)
        uphill = sum(bool(other @ first > 0) for other in others)
        return f"{uphill} of the other {len(others)} are less than 90 degrees off. {numbers['verdict']}"


class EstimateCloud(Part):
    """Estimates as dots around the true ∇J, an arrow of length 1; the mean that theory gives them is a cross.

    Numbers: grad_J and mean (2,), estimates (n, 2), noise: their standard deviation; reach: how far the axes go, in
    units of |∇J|. Without it, or if it is 0, they zoom by powers of 2.
    """

    def draw(self, ax: Axes) -> None:
        self.ax = ax
        ax.set(xlim=(-96, 96), ylim=(-96, 96), aspect="equal")  # room for the longest numbers
        ax.set_xlabel(r"$\partial J\,/\,\partial\theta_1$, in units of $|\nabla J|$")
        ax.set_ylabel(r"$\partial J\,/\,\partial\theta_2$, in units of $|\nabla J|$")
        ax.locator_params(nbins=4, steps=[1, 2, 3, 4, 5, 10])
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.axvline(0, color=PALE, lw=0.8)
        (self.cloud,) = ax.plot([], [], ".", color=OCCUPANCY, alpha=0.5, ms=8, animated=True)
        self.arrow = arrows(ax, [0], [0], GRADIENT, 0.014)
        (self.cross,) = ax.plot([], [], "+", color=INK, mew=2.2, ms=17, zorder=5, animated=True)
        self.outside = ax.text(
            0.98, 0.98, "", transform=ax.transAxes, ha="right", va="top", fontsize=9.5, color=OCCUPANCY, animated=True
        )
        ax.set_title("→ ∇J     • an estimate     + their mean in theory", fontsize=10.5, color=INK)

    def update(self, numbers: Numbers) -> None:
        estimates, grad, mean = (np.asarray(numbers[name]) for name in ("estimates", "grad_J", "mean"))
        unit = np.linalg.norm(grad) or 1.0
        reach = numbers.get("reach") or self.reach((np.linalg.norm(mean) + 2 * numbers["noise"]) / unit)
        if self.ax.get_xlim() != (-reach, reach):  # drawn anew
            self.ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        inside = (np.abs(estimates) <= reach * unit).all(axis=1)
        self.cloud.set_data(estimates[inside].T / unit)
        self.arrow.set_UVC(*grad[:, None] / unit)
        self.cross.set_data(*mean[:, None] / unit)
        self.outside.set_text(f"{np.count_nonzero(~inside)} of {len(inside)} outside" if (~inside).any() else "")

    @staticmethod
    def reach(size: float) -> float:
        """1.5, 3, 6, 12, …: so that a size fits."""
        return float(1.5 * 2.0 ** max(np.ceil(np.log2(size / 1.5)), 0)) if size > 0 else 1.5

    def describe(self, numbers: Numbers) -> str:
        (u, v), (x, y) = numbers["grad_J"], numbers["mean"]
        return (
            f"{len(numbers['estimates'])} estimates around their mean ({x:.4f}, {y:.4f}); "
            f"the exact gradient is ({u:.4f}, {v:.4f})."
        )


class ExactAndSampled(Part):
    """Figures in two columns: what theory says and what the samples say.

    rows    what each is called
    Numbers: table, for each row (exact, sampled) as texts; note, a line below.
    """

    def __init__(self, rows: Sequence[str], heads: tuple[str, str] = ("exact", "sampled")) -> None:
        self.rows, self.heads = rows, heads

    def draw(self, ax: Axes) -> None:
        n = len(self.rows)
        ax.set(xlim=(0, 1), ylim=(n + 2.2, -1))
        ax.axis("off")
        look: dict[str, Any] = {"va": "center", "fontsize": 10.5, "color": INK}
        for x, head in zip((0.76, 1.0), self.heads, strict=True):
            ax.text(x, 0, head, ha="right", weight="bold", **look)
        ax.axhline(0.5, color=INK, lw=0.8)
        self.cells = []
        for y, row in enumerate(self.rows, start=1):
            ax.text(0, y, row, **look)
            self.cells.append([ax.text(x, y, "", ha="right", animated=True, **look) for x in (0.76, 1.0)])
        ax.axhline(n + 0.5, color=INK, lw=0.8)
        self.note = ax.text(0, n + 1.4, "", animated=True, **look)

    def update(self, numbers: Numbers) -> None:
        for cells, figures in zip(self.cells, numbers["table"], strict=True):
            for cell, text in zip(cells, figures, strict=True):
                cell.set_text(minus(text))
        self.note.set_text(numbers["note"])

    def describe(self, numbers: Numbers) -> str:
        figures = zip(self.rows, numbers["table"], strict=True)
        return (
            "; ".join(f"{row} {one} exactly, {other} sampled" for row, (one, other) in figures) + f". {numbers['note']}"
        )


class TwoObjectives(Part):
    """Two objectives along one parameter, and the point of both where it stands: does a step go up or down?

    Both are straight lines. Numbers: x; lines, name → (value at 0, value at 1); update, of which the sign is shown.
    """

    def __init__(self, names: Sequence[str], xlabel: str = "p") -> None:
        self.names, self.xlabel = names, xlabel

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.2, 1.2), ylim=(-0.02, 0.17), xlabel=self.xlabel)  # the arrow ends inside at 0 and at 1
        ax.set_ylabel("J", color=VALUE)
        ax.locator_params(axis="y", nbins=5)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
        plain(ax)
        looks = (("-", "o"), ("--", "s"))
        self.lines = [ax.plot([], [], style, color=VALUE, lw=2.2, animated=True)[0] for style, _ in looks]
        self.points = [
            ax.plot([], [], mark, color=POLICY, mec="white", mew=1.5, ms=12, zorder=5, animated=True)[0]
            for _, mark in looks
        ]
        ax.set_title("   ".join(f"{sign} {name}" for sign, name in zip("●■", self.names, strict=True)), fontsize=11)
        self.way = arrows(ax, [0], [0], GRADIENT, 0.014)
        self.note = ax.text(
            0.03, 0.96, "", transform=ax.transAxes, va="top", fontsize=11, color=GRADIENT, animated=True
        )
        (self.axis,) = ax.plot([], [], color=INK, lw=1, ls=":", animated=True)

    def update(self, numbers: Numbers) -> None:
        x = numbers["x"]
        heights = []
        for line, point, name in zip(self.lines, self.points, self.names, strict=True):
            low, high = numbers["lines"][name]
            heights.append(low + x * (high - low))
            line.set_data([0, 1], [low, high])
            point.set_data([x], heights[-1:])
        self.axis.set_data([x, x], [-0.02, max(heights)])  # clear of the note
        set_tails(self.way, [[x, -0.01]])
        self.note.set_text(f"the update goes along {signed(numbers['update'])}")
        self.way.set_UVC([0.16 * np.sign(numbers["update"])], [0])

    def describe(self, numbers: Numbers) -> str:
        x = numbers["x"]
        values = (
            f"{name} is {numbers['lines'][name][0] * (1 - x) + x * numbers['lines'][name][1]:.4f}"
            for name in self.names
        )
        return f"{self.xlabel} is {x:.2f}; {'; '.join(values)}; the update goes along {signed(numbers['update'])}."
