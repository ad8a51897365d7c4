"""Continuous actions: a density between the walls of a Box, and the torque that a policy chooses."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from pgcourse.pictures.notebooks.nb08_critics import PolicyMap
from pgcourse.pictures.palette import INK, PALE, POLICY
from pgcourse.pictures.part import Numbers, Part, minus, note_above, plain, unitless


class WalledDensity(Part):
    """A density over actions, the walls of the Box as dashed lines, and what piles up at them as two bars.

    Numbers: a (k,), density (k,), walls (low, high), piles: the probabilities of the two walls (0 if nothing piles
    up), outside (a line above). If the density leaves the frame, the line above says so.
    """

    ylabel = "density, and probability of a wall"

    def __init__(self, xlim: tuple[float, float], top: float, xlabel: str, title: str, ylabel: str = "") -> None:
        self.xlim, self.top, self.xlabel, self.title = xlim, top, xlabel, title
        self.ylabel = ylabel or self.ylabel

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.xlim, ylim=(0, self.top), xlabel=self.xlabel, ylabel=self.ylabel)
        plain(ax)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        self.area = Polygon(np.zeros((3, 2)), color=POLICY, alpha=0.3, lw=0, animated=True)
        ax.add_patch(self.area)
        (self.line,) = ax.plot([], [], color=POLICY, lw=2.2, animated=True)
        self.walls = [ax.plot([], [], "--", color=INK, lw=1.3, animated=True)[0] for _ in range(2)]
        self.piles = [Rectangle((0, 0), 0, 0, fc=POLICY, ec="white", lw=1, animated=True) for _ in range(2)]
        for pile in self.piles:
            ax.add_patch(pile)
        ax.axhline(0, color=PALE, lw=0.8)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        a, density = np.asarray(numbers["a"]), np.minimum(numbers["density"], 100 * self.top)  # it may be ∞ at a wall
        self.area.set_xy(np.column_stack([[a[0], *a, a[-1]], [0, *density, 0]]))
        self.line.set_data(a, density)
        width = 0.025 * (self.xlim[1] - self.xlim[0])
        both = zip(self.walls, self.piles, numbers["walls"], numbers["piles"], strict=True)
        for wall, pile, x, height in both:
            wall.set_data([x, x], [0, self.top])
            pile.set_bounds(x - width / 2, 0, width, height)
        self.note.set_text(minus(numbers["outside"]) + self.higher(numbers))

    def higher(self, numbers: Numbers) -> str:
        """What to say of a density that leaves the frame."""
        return "   (peak cut off)" if np.max(numbers["density"]) > self.top else ""

    def describe(self, numbers: Numbers) -> str:
        (low, high), (below, above) = numbers["walls"], numbers["piles"]
        piled = f"; {below:.3f} of the probability is at the lower one, {above:.3f} at the upper one"
        said = " ".join(f"{numbers['outside']}{self.higher(numbers)}".split())
        return f"The Box goes from {low:g} to {high:g}{piled if below + above else ''}. {said}."


class TorqueMap(PolicyMap):
    """The mean torque over two observed quantities, violet to the left and orange to the right, from −most to most.

    Numbers: torque (rows, columns), lowest row first.
    """

    def __init__(self, x: tuple[str, float], y: tuple[str, float], shape: tuple[int, int], most: float) -> None:
        super().__init__(x, y, shape, "torque")
        self.most = most

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.image.set_clim(-self.most, self.most)
        ax.set_title(f"mean torque, N·m: violet −{self.most:g}, orange +{self.most:g}\n", fontsize=10.5, color=INK)

    def update(self, numbers: Numbers) -> None:
        super().update({"probability": numbers["torque"]})
        left, right = self.at_the_crosses({"probability": numbers["torque"]})
        self.note.set_text(minus(f"at the crosses {left:+.2f} and {right:+.2f}"))

    def describe(self, numbers: Numbers) -> str:
        left, right = self.at_the_crosses({"probability": numbers["torque"]})
        at = f"With {unitless(self.x[0])} {-self.half:.3g}", f"with {self.half:.3g}"
        return f"{at[0]} the mean torque is {left:+.2f}, {at[1]} it is {right:+.2f}."
