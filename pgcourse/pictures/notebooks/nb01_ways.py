"""Several ways to one gradient: as a cloud in the plane of two parameters, and as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.clouds import Cloud
from pgcourse.pictures.palette import INK, OCCUPANCY
from pgcourse.pictures.part import Numbers, plain
from pgcourse.pictures.tables import Table

WAYS = {  # the key of a way to ∇J, and its sign and name in the picture
    "formula": "→ formula",
    "differences": "□ finite differences",
    "automatic": "◇ automatic differentiation",
    "evolution": "△ evolution strategy",
}


class GradientCloud(Cloud):
    """Several ways to one gradient: the formula's as an arrow, others by their signs, random estimates as dots.

    xlim, ylim   what the axes show: at best a square that leaves no side empty
    Numbers: ways (key of WAYS → (2,)), estimates (n, 2).
    """

    looks = (("differences", "s", 17, 1.8, INK), ("automatic", "D", 12, 1.8, INK), ("evolution", "^", 11, 1.8, INK))

    def __init__(self, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
        self.xlim, self.ylim = xlim, ylim

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set(xlim=self.xlim, ylim=self.ylim)
        ax.set(xlabel=r"$\partial J\,/\,\partial\theta_1$", ylabel=r"$\partial J\,/\,\partial\theta_2$")
        ax.locator_params(nbins=5)
        plain(ax)
        look: dict[str, Any] = {"ha": "right", "fontsize": 9.5, "color": OCCUPANCY, "transform": ax.transAxes}
        self.note = ax.text(0.98, 0.03, "", animated=True, **look)

    def update(self, numbers: Numbers) -> None:
        self.show(numbers["ways"]["formula"], np.asarray(numbers["estimates"]), numbers["ways"], 1, np.inf)
        self.note.set_text(self.outside(numbers))

    def outside(self, numbers: Numbers) -> str:
        """How many estimates the axes do not show, if there are any."""
        low, high = np.transpose([self.xlim, self.ylim])
        estimates = np.asarray(numbers["estimates"])
        n = int(((estimates < low) | (estimates > high)).any(axis=1).sum())
        return f"{n} of {len(estimates)} outside" if n else ""

    def describe(self, numbers: Numbers) -> str:
        u, v = numbers["ways"]["formula"]
        said = f"The exact gradient is ({u:.4f}, {v:.4f}), among {len(numbers['estimates'])} random estimates"
        return ", ".join(filter(None, [said, self.outside(numbers)])) + "."


class WaysTable(Table):
    """The same ways in figures: each one's distance to the formula and one estimate's spread, in parts of |∇J|, and
    how many times J was computed. Numbers: ways, estimates, and calls (key → number)."""

    note_at, bottom = 1.0, 1.5

    def __init__(self) -> None:
        super().__init__([*WAYS.values()], ("error", "spread", "J calls"), places=(0.64, 0.8, 0.99))

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.note.set_color(OCCUPANCY)

    def figures(self, numbers: Numbers) -> list[tuple[str, str, str]]:
        exact = numbers["ways"]["formula"]
        length = np.linalg.norm(exact)
        errors = {way: np.linalg.norm(x - exact) / length for way, x in numbers["ways"].items()}
        spread = np.linalg.norm(np.std(numbers["estimates"], axis=0)) / length
        return [
            (
                "–" if way == "formula" else f"{errors[way]:.0f}" if errors[way] >= 1 else f"{errors[way]:.1g}",
                f"{spread:.1f}" if way == "evolution" else "–",
                str(numbers["calls"][way]),
            )
            for way in WAYS
        ]

    def remark(self, numbers: Numbers) -> str:
        return "• one estimate of the evolution strategy"

    def describe(self, numbers: Numbers) -> str:
        rows = zip(WAYS.values(), self.figures(numbers), strict=True)
        return "; ".join(self.says.format(name[2:], *figures) for name, figures in rows) + "."
