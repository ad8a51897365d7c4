"""An iteration on its way to the solution, beside other routes to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from pgcourse.pictures.palette import GRADIENT, INK
from pgcourse.pictures.part import Floats, Numbers, Part, minus, plain, with_power


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
        look: dict[str, Any] = {"mec": "white", "mew": 2, "ms": 12, "clip_on": False, "in_layout": False}
        (self.point,) = plot.plot([], [], "o", color=GRADIENT, zorder=5, animated=True, **look)

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
        for text, string in zip(self.head, ("", numbers["where"], "worst state"), strict=True):
            text.set_text(string)
        for route, (value, distance) in numbers["routes"].items():
            texts = (route, f"{value:+z.6f}", with_power(distance, 1) if distance else "–")
            for text, string in zip(self.cells[route], texts, strict=True):
                text.set_text(minus(string))

    def on_scale(self, y: Floats) -> Floats:
        return np.where(y >= self.floor, y, np.nan)

    def describe(self, numbers: Numbers) -> str:
        k = numbers["k"]
        routes = "; ".join(f"{route} {value:+z.6f}" for route, (value, _) in numbers["routes"].items())
        applied = f"After {k} application{'s' * (k != 1)} the residual is {with_power(numbers['residuals'][k], 2)}."
        return f"{applied} {numbers['where']}: {routes}."
