"""A plan: one probability for each step, to be dragged, and what J gains by moving each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, PALE, POLICY
from pgcourse.pictures.part import Handle, Numbers, Part, arrows, minus, note_above, plain, set_tails, tinted


class PlanBars(Part):
    """P(action) at each of the steps 0 … n−1 as bars whose tops can be dragged, with ∂J/∂p_t as arrows.

    name    the control that holds the n probabilities; steps from H on are covered: they never come
    Numbers: by its `name` (n,), H, slopes (H,), said (a line above). An arrow is 0.15 times its slope long,
    at most 0.3.
    """

    per_slope, longest, clear = 0.15, 0.3, 0.07  # clear of the point

    def __init__(self, name: str, n: int, action: str) -> None:
        self.name, self.n, self.action = name, n, action

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.6, self.n - 0.4), ylim=(-0.4, 1.4), xlabel="step t", ylabel=f"P({self.action}) at step t")
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
        plain(ax)
        for y in (0, 1):
            ax.axhline(y, color=PALE, lw=0.8)
        ax.set_title("\n", fontsize=10.5)  # room for the note
        self.bars: list[Any] = []
        for t in range(self.n):
            bar = Rectangle((t - 0.3, 0), 0.6, 0, **tinted(POLICY), animated=True)
            self.bars.append(ax.add_patch(bar))
        self.arrows = arrows(ax, np.arange(self.n), np.zeros(self.n), GRADIENT, 0.012)
        self.tops = [
            ax.plot([t], [0], "o", color=POLICY, mec="white", mew=2, ms=13, zorder=5, animated=True)[0]
            for t in range(self.n)
        ]
        self.cover: Any = ax.add_patch(
            Rectangle((self.n, -0.4), self.n, 1.8, facecolor="#F6F8FA", edgecolor="none", zorder=6, animated=True)
        )
        self.over = ax.text(
            0, 0.5, "", ha="center", va="center", rotation=90, fontsize=10, color=INK, zorder=7, animated=True
        )
        self.note = note_above(ax, 10.5)
        self.handles = [
            Handle(self.tops[t], f"P({self.action}) at step {t}", self._setter(t), step=(1, 0.05), upright=True)
            for t in range(self.n)
        ]

    def _setter(self, t: int) -> Callable[[float, float, dict[str, Any]], dict[str, Any]]:
        def values(x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
            probs = list(current[self.name])
            probs[t] = float(np.clip(y, 0, 1))
            return {self.name: probs}

        return values

    def update(self, numbers: Numbers) -> None:
        probs, H = np.asarray(numbers[self.name], dtype=float), numbers["H"]
        slopes = np.zeros(self.n)
        slopes[:H] = numbers["slopes"]
        set_tails(self.arrows, np.column_stack([np.arange(self.n), probs + self.clear * np.sign(slopes)]))
        self.arrows.set_UVC(0 * slopes, (self.per_slope * slopes).clip(-self.longest, self.longest))
        for bar, top, t, p in zip(self.bars, self.tops, range(self.n), probs, strict=True):
            bar.set_height(p)
            top.set_data([t], [p])
        self.cover.set_x(H - 0.5 if self.n > H else self.n)
        self.over.set(x=(H - 0.5 + self.n - 0.5) / 2, text="" if self.n == H else "over")
        self.note.set_text(minus(numbers["said"]))

    def describe(self, numbers: Numbers) -> str:
        H = numbers["H"]
        rows = zip(range(H), numbers[self.name][:H], numbers["slopes"], strict=True)
        steps = "; ".join(f"at step {t} P({self.action}) is {p:.2f}, slope {slope:.2f}" for t, p, slope in rows)
        return f"{H} steps: {steps}. {numbers['said']}."
