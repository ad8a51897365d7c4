"""An equation's lines with their live numbers, and an iteration on its way to the solution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from pgcourse.pictures.palette import GRADIENT, INK, PALE
from pgcourse.pictures.part import Array, Numbers, Part, minus, plain


class LinesTable(Part):
    """The lines of a derivation in two notations, and what each of them is worth now.

    lines   (left, right) for each line: mathematics as matplotlib writes it
    heads   what stands above the two notations
    Numbers: lines (n,), one value a line; where (str), at what they are taken. A line that is not worth what the
    first one is gets a ≠.
    """

    same = 1.5e-6  # six decimals are shown, and each may be rounded

    def __init__(self, lines: Sequence[tuple[str, str]], heads: tuple[str, str] = ("written out", "operators")) -> None:
        self.lines, self.heads = lines, heads

    def draw(self, ax: Axes) -> None:
        n = len(self.lines)
        ax.set(xlim=(0, 1), ylim=(n + 1.1, -0.6))
        ax.axis("off")
        left, right, value = 0.04, 0.555, 1.0
        for x, head in zip((left, right), self.heads, strict=True):
            ax.text(x, 0, head, va="center", fontsize=10.5, color=INK, weight="bold")
        ax.text(value, 0, "value", ha="right", va="center", fontsize=10.5, color=INK, weight="bold")
        ax.axhline(0.5, color=INK, lw=0.8)
        for y, (one, other) in enumerate(self.lines, start=1):
            ax.text(0, y, str(y), va="center", fontsize=10.5, color=INK)
            ax.text(left, y, one, va="center", fontsize=10.5, color=INK)
            ax.text(right, y, other, va="center", fontsize=10.5, color=INK)
            if y < n:
                ax.axhline(y + 0.5, color=PALE, lw=0.8)
        ax.axhline(n + 0.5, color=INK, lw=0.8)
        self.values = [
            ax.text(value, y, "", ha="right", va="center", fontsize=10.5, color=INK, animated=True)
            for y in range(1, n + 1)
        ]
        self.note = ax.text(0, n + 0.8, "", va="center", fontsize=10.5, color=INK, animated=True)

    def update(self, numbers: Numbers) -> None:
        for text, value in zip(self.values, numbers["lines"], strict=True):
            text.set_text(minus(f"{'≠ ' * self.leaves(value, numbers)}{value:+.6f}"))
        apart = np.ptp(numbers["lines"])
        differ = f"differ by {apart:.0e} at most" if apart else "are equal to the last digit"
        self.note.set_text(minus(f"{numbers['where']}: the lines {differ}"))

    def describe(self, numbers: Numbers) -> str:
        values = ", ".join(f"{value:+.6f}" for value in numbers["lines"])
        leaving = [str(k) for k, value in enumerate(numbers["lines"], start=1) if self.leaves(value, numbers)]
        said = f" Not as line 1: {', '.join(leaving)}." if leaving else ""
        return f"{numbers['where']}: lines 1 to {len(self.lines)} are worth {values}.{said}"

    def leaves(self, value: float, numbers: Numbers) -> bool:
        return bool(abs(value - numbers["lines"][0]) > self.same)


class Residuals(Part):
    """How far an iterate is from being a fixed point, k by k, with its bound; above, the routes to the solution.

    Numbers: residuals (n,), bound (n,), k; routes: name → (value, distance to the solution), value and distance as
    floats, in the order of `routes`; where (str), at what the values are taken.
    """

    def __init__(self, n: int, routes: Sequence[str], floor: float = 1e-9, top: float = 1.0) -> None:
        self.n, self.routes, self.floor, self.top = n, routes, floor, top

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        share = 0.08 * (len(self.routes) + 1)  # of the height: the routes, one line each below their head
        plot = ax.inset_axes((0.13, 0.12, 0.86, 0.82 - share))
        plot.set(xlim=(-2, self.n + 1), ylim=(self.floor, self.top), yscale="log", xlabel="applications k")
        plot.set_ylabel("residual (– – bound)")
        plain(plot)
        (self.bound,) = plot.plot([], [], "--", color=INK, lw=1.4, animated=True)
        (self.line,) = plot.plot([], [], color=GRADIENT, lw=2.2, animated=True)
        (self.point,) = plot.plot([], [], "o", color=GRADIENT, mec="white", mew=2, ms=12, zorder=5, animated=True)

        def cells(y: float, **look: Any) -> list[Text]:
            columns = ((0.13, "left"), (0.7, "right"), (0.99, "right"))
            return [
                ax.text(x, 1 - 0.08 * y, "", ha=ha, va="top", fontsize=10, color=INK, transform=ax.transAxes,
                        animated=True, **look)
                for x, ha in columns
            ]  # fmt: skip

        self.head = cells(0, weight="bold")
        self.cells = {route: cells(y) for y, route in enumerate(self.routes, start=1)}

    def update(self, numbers: Numbers) -> None:
        k, residuals, bound = numbers["k"], np.asarray(numbers["residuals"]), np.asarray(numbers["bound"])
        steps = np.arange(len(residuals))
        self.bound.set_data(steps, self.on_scale(bound))
        self.line.set_data(steps, self.on_scale(residuals))
        self.point.set_data([k], np.maximum(residuals[[k]], self.floor))  # smaller, or 0: on the scale's lower end
        for text, string in zip(self.head, ("", numbers["where"], "off by"), strict=True):
            text.set_text(string)
        for route, (value, distance) in numbers["routes"].items():
            texts = (route, f"{value:+.6f}", f"{distance:.0e}" if distance else "–")
            for text, string in zip(self.cells[route], texts, strict=True):
                text.set_text(minus(string))

    def on_scale(self, y: Array) -> Array:
        return np.where(y >= self.floor, y, np.nan)

    def describe(self, numbers: Numbers) -> str:
        k = numbers["k"]
        routes = "; ".join(f"{route} {value:+.6f}" for route, (value, _) in numbers["routes"].items())
        applied = f"After {k} application{'s' * (k != 1)} the residual is {numbers['residuals'][k]:.1e}."
        return f"{applied} {numbers['where']}: {routes}."
