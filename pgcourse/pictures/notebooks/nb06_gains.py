"""Gains of a linear controller: J along one, over two, with the states that are visited and the way that is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from pgcourse.pictures.curves import Curve, Landscape
from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, VALUE
from pgcourse.pictures.part import Floats, Numbers, Part, arrows, minus, note_above, plain, set_tails


class StableCurve(Curve):
    """J along one gain, between two borders beyond which it is −∞; see `Curve` for the numbers."""

    def __init__(
        self, x: Floats, y: Floats, ylim: tuple[float, float], borders: tuple[float, float], **look: Any
    ) -> None:
        super().__init__(x, y, ylim, **look)
        self.borders = borders

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        margin = 0.09 * (self.borders[1] - self.borders[0])
        ends = self.borders[0] - margin, self.borders[1] + margin
        ax.set_xlim(ends)
        for border, end in zip(self.borders, ends, strict=True):
            ax.axvspan(border, end, color=PALE, lw=0, zorder=0)
            ax.axvline(border, color=INK, lw=1, ls="--")
            ax.text(
                (border + end) / 2, 0.03, "J = −∞", transform=ax.get_xaxis_transform(), rotation=90, ha="center",
                va="bottom", fontsize=10, color=INK,
            )  # fmt: skip
        self.note.set_position((0.55, 0.04))
        self.note.set_horizontalalignment("center")

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        self.note.set_text(self.note.get_text().replace("    ", "\n"))  # three short lines fit under the curve


class StatesAndSlopes(Part):
    """Where the policy is, and what a little more action is worth there: (1−γ)ρ over the states, and ∇_a q(s, μ(s)).

    other   draw a second distribution, a behaviour's, too
    Numbers: x (k,), density (k,), slopes (k,); other_density (k,) if `other`; said (str), a line above.
    """

    def __init__(self, x: tuple[float, float], density: float, slope: float, other: bool = False) -> None:
        self.x, self.density, self.slope, self.other = x, density, slope, other

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        above, below = ax.inset_axes((0.1, 0.55, 0.89, 0.43)), ax.inset_axes((0.1, 0.06, 0.89, 0.43))
        above.set(xlim=self.x, ylim=(0, self.density), ylabel="(1−γ) ρ", xticklabels=[])
        below.set(xlim=self.x, ylim=(-self.slope, self.slope), ylabel="$\\nabla_a\\,q(s, \\mu(s))$", xlabel="state s")
        below.axhline(0, color=PALE, lw=0.8)
        for plot in (above, below):
            plain(plot)
            plot.axvline(0, color=PALE, lw=0.8)
        own, both = "where the policy is, and the slope there", "— the policy's states     – – the behaviour's"
        title = both if self.other else own
        ax.set_title(f"{title}\n", fontsize=11, color=INK)
        self.area = Polygon(np.zeros((3, 2)), color=OCCUPANCY, alpha=0.3, lw=0, animated=True)
        above.add_patch(self.area)
        (self.line,) = above.plot([], [], color=OCCUPANCY, lw=1.8, animated=True)
        if self.other:
            (self.dashed,) = above.plot([], [], "--", color=OCCUPANCY, lw=2, animated=True)
        (self.slopes,) = below.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        self.note = note_above(ax)

    def update(self, numbers: Numbers) -> None:
        x, density = np.asarray(numbers["x"]), np.asarray(numbers["density"])
        self.area.set_xy(np.column_stack([[x[0], *x, x[-1]], [0, *density, 0]]))
        self.line.set_data(x, density)
        if self.other:
            self.dashed.set_data(x, numbers["other_density"])
        self.slopes.set_data(x, numbers["slopes"])
        out = outside(x, density)
        self.note.set_text(minus(numbers["said"] + (f"     {out} of its states are outside" if out else "")))

    def describe(self, numbers: Numbers) -> str:
        x = np.asarray(numbers["x"])
        said = self._around("The policy's", x, np.asarray(numbers["density"]))
        if self.other:
            said += self._around(". The behaviour's", x, np.asarray(numbers["other_density"]))
        return f"{said}; {numbers['said']}."

    def _around(self, whose: str, x: Floats, density: Floats) -> str:
        """Where these states lie; the mean of those that are seen says nothing of the others."""
        middle, out = minus(f"{round(density @ x / density.sum(), 2) + 0.0:.2f}"), outside(x, density)
        in_sight = f" in the picture lie around {middle}; {out} are outside" if out else f" lie around {middle}"
        return f"{whose} states{in_sight}"


def outside(x: Floats, density: Floats) -> str:
    """The share of a density that lies beyond x, in words; "" if it is less than 1 %."""
    share = 1 - float(np.trapezoid(density, x))
    return f"{100 * share:.0f} %" if share >= 0.01 else ""


class GainMap(Landscape):
    """A landscape whose note says how far J is below the best one.

    Numbers: those of `Landscape`, and best, the largest J.
    """

    title, note_size = "orange: ∇J", 10

    def describe(self, numbers: Numbers) -> str:
        return f"{super().describe(numbers)} Above the map: {self.said(numbers)}."

    def said(self, numbers: Numbers) -> str:
        steps = len(numbers.get("trail", ()))
        return f"{steps} step{'s' * (steps != 1)}: J is {numbers['best'] - numbers['J']:.2g} below the best"


class TwoArrows(GainMap):
    """A landscape with two directions at θ: ∇J, and another one, in the colour of the states that make it.

    Numbers: those of `Landscape`; direction (2,); angle, from ∇J to it in degrees, NaN if one of the two is 0.
    """

    title = "orange, wide: ∇J     purple: off-policy"

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.second = arrows(ax, [0], [0], OCCUPANCY, 0.007)  # thin, for when both are one

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        theta, direction = np.asarray(numbers["theta"], dtype=float), np.asarray(numbers["direction"], dtype=float)
        set_tails(self.second, [np.clip(theta, *self.corners)])
        u, v = self.arrow_for(direction)
        self.second.set_UVC([u], [v])

    def said(self, numbers: Numbers) -> str:
        angle = numbers["angle"]
        way = f"angle {angle:.0f}°: {'downhill' if angle > 90 else 'uphill'}" if angle == angle else "no direction left"
        return f"J = {numbers['J']:.2f}, {way}"


class Trajectory(Part):
    """State (a line) and action (with a dot at each step) along time, without noise; thin: under the best one.

    Numbers: position, action, best_position, best_action (T,).
    """

    def __init__(self, steps: int, reach: float, position: str = "position") -> None:
        self.steps, self.reach, self.position = steps, reach, position

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, self.steps - 1), ylim=(-self.reach, self.reach), xlabel="step t")
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.set_title(f"— {self.position}     –•– action     with K*: – – and ···", fontsize=11, color=INK)
        self.lines = {
            name: ax.plot([], [], look, color=color, lw=width, ms=5, animated=True)[0]
            for name, look, color, width in (
                ("best_position", "--", VALUE, 1.4), ("best_action", ":", POLICY, 1.6),
                ("position", "-", VALUE, 2.4), ("action", "o-", POLICY, 2.4),
            )
        }  # fmt: skip

    def update(self, numbers: Numbers) -> None:
        for name, line in self.lines.items():
            line.set_data(np.arange(self.steps), numbers[name])

    def describe(self, numbers: Numbers) -> str:
        last, first = round(numbers["position"][self.steps - 1], 3) + 0.0, numbers["action"][0]
        return f"The first action is {first:.2f}; after {self.steps - 1} steps the {self.position} is {last:.3f}."
