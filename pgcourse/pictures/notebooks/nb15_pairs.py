"""The pairs (s, a) of a small MDP by their ratio and their advantage, and where PPO's objective is flat."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, PALE, POLICY
from pgcourse.pictures.part import Numbers, Part, minus, note_above, plain

KINDS = ("inside", "outside, on its way back", "outside, flat")


class RatioPairs(Part):
    """A mark a pair: its ratio r to the right, its advantage A upwards. The shaded corners are where min(…) is flat.

    most    the largest ratio that the axis shows; bound, the largest |A|
    Numbers: r, A and kind (S, A), kind an index into KINDS; epsilon, ∞ for no clip; note, a line above.
    """

    looks: tuple[dict[str, Any], ...] = (
        {"marker": "o", "color": POLICY, "mec": "white", "ms": 9},
        {"marker": "D", "color": GRADIENT, "mec": "white", "ms": 9},
        {"marker": "s", "mfc": "none", "mec": INK, "mew": 1.6, "ms": 8},
    )

    def __init__(self, most: float, bound: float) -> None:
        self.most, self.bound = most, bound

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.05 * self.most, 1.05 * self.most), ylim=(-1.1 * self.bound, 1.1 * self.bound))
        ax.set(xlabel="ratio r = π'(a|s) / π(a|s)", ylabel="advantage A(s, a)")
        plain(ax)
        corner: dict[str, Any] = {"facecolor": PALE, "alpha": 0.6, "edgecolor": "none", "animated": True}
        self.high = Rectangle((0, 0), 0, 1.1 * self.bound, **corner)
        self.low = Rectangle((-0.05 * self.most, -1.1 * self.bound), 0, 1.1 * self.bound, **corner)
        for patch in (self.high, self.low):
            ax.add_patch(patch)
        ax.axhline(0, color=INK, lw=0.8)
        ax.axvline(1, color=INK, lw=0.8, ls=":")
        self.marks = [ax.plot([], [], ls="", zorder=5, animated=True, **look)[0] for look in self.looks]
        ax.set_title("● inside     ◆ outside, on its way back     □ outside, flat\n", fontsize=10.5, color=INK)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        r, A, kind = (np.ravel(numbers[name]) for name in ("r", "A", "kind"))
        epsilon, right = float(numbers["epsilon"]), 1.05 * self.most
        self.high.set_x(min(1 + epsilon, right))
        self.high.set_width(max(right - 1 - epsilon, 0))
        self.low.set_width(max(1 - epsilon, -0.05 * self.most) + 0.05 * self.most)
        for k, mark in enumerate(self.marks):
            mark.set_data(r[kind == k], A[kind == k])
        self.note.set_text(minus(numbers["note"]))

    def describe(self, numbers: Numbers) -> str:
        kind = np.ravel(numbers["kind"])
        counts = ": " + ", ".join(f"{np.count_nonzero(kind == k)} {name}" for k, name in enumerate(KINDS))
        counts = counts if np.isfinite(numbers["epsilon"]) else ""  # nothing to be inside of
        r = np.asarray(numbers["r"])
        return f"{kind.size} pairs with ratios from {r.min():.2f} to {r.max():.2f}{counts}. {numbers['note']}."
