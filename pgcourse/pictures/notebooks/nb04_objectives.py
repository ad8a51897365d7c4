"""Two objectives that one update cannot serve both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, POLICY, VALUE, for_text
from pgcourse.pictures.part import Numbers, Part, arrows, plain, set_tails, signed


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
            0.03, 0.96, "", transform=ax.transAxes, va="top", fontsize=11, color=for_text(GRADIENT), animated=True
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
