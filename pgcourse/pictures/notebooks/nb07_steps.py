"""What a step of each size would do, along the gradient and along its estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import ArrayLike

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, POLICY
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, plain, raised


class NoisySteps(Part):
    """J after one step of each size: along ∇J, and along estimates, of which the mean and 10–90 % are shown.

    sizes   α (n,); marks, {label: α} of sizes in use, dotted lines; best, max J
    Numbers: J; exact (n,), J after a step along ∇J; noisy (N, n), after steps along N estimates.
    """

    def __init__(self, sizes: ArrayLike, marks: Mapping[str, float], bottom: float, best: float) -> None:
        self.sizes, self.marks, self.bottom, self.best = np.asarray(sizes), marks, bottom, best

    def draw(self, ax: Axes) -> None:
        ax.set(xscale="log", xlim=(self.sizes[0], self.sizes[-1]), ylim=(self.bottom, 0), xlabel="step size α")
        ax.set_xscale("log", base=2)
        ax.set_ylabel("J after one step")
        plain(ax)
        ax.axhline(self.best, color=INK, lw=1, ls="--")
        for label, alpha in self.marks.items():
            ax.axvline(alpha, color=POLICY, lw=1, ls=":")
            ax.text(alpha, self.bottom + 2, label, rotation=90, ha="right", va="bottom", fontsize=11, color=POLICY)
        ax.set_title("— along ∇J      - - mean over steps along one episode's estimate, band 10–90 %\n", fontsize=10.5)
        (self.before,) = ax.plot([], [], color=INK, lw=1, animated=True)
        self.band: Any = ax.add_patch(
            Polygon(np.zeros((3, 2)), facecolor=OCCUPANCY, edgecolor="none", alpha=0.3, animated=True)
        )
        (self.mean,) = ax.plot([], [], "--", color=OCCUPANCY, lw=2.2, animated=True)
        (self.line,) = ax.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        self.note = note_above(ax, 10.5, y=1.01)

    def update(self, numbers: Numbers) -> None:
        x, noisy = self.sizes, np.asarray(numbers["noisy"])
        low, high = np.quantile(noisy, [0.1, 0.9], axis=0, method="nearest")
        beyond = 2 * self.bottom  # far enough below the picture
        band = np.maximum(np.r_[low, high[::-1]], beyond)
        self.band.set_xy(np.column_stack([np.r_[x, x[::-1]], band]))
        self.mean.set_data(x, np.maximum(noisy.mean(axis=0), beyond))
        self.line.set_data(x, np.maximum(numbers["exact"], beyond))
        self.before.set_data([x[0], x[-1]], [numbers["J"]] * 2)
        self.note.set_text(minus(f"before: J = {numbers['J']:.2f}   {self.said(numbers)}"))

    def gains(self, after: Floats, J: float) -> str:
        """Up to which size a step leads above J, without a fall before it."""
        worse = np.flatnonzero(after <= J)
        last = len(after) if not len(worse) else worse[0]
        return f"up to {power(self.sizes[last - 1])}" if last else "nowhere"

    def said(self, numbers: Numbers) -> str:
        exact, noisy = (
            self.gains(np.asarray(after), numbers["J"]) for after in (numbers["exact"], numbers["noisy"].mean(axis=0))
        )
        return f"a step gains: along ∇J {exact}, along an episode's estimate, on average, {noisy}"

    def describe(self, numbers: Numbers) -> str:
        return f"J before the step is {numbers['J']:.2f}; {self.said(numbers)}."


def power(alpha: float) -> str:
    """α as a power of two: 2⁻¹², and 2⁻²·⁵ between two whole powers."""
    if alpha <= 0:
        return "0"
    k = round(float(np.log2(alpha)), 1)
    return f"2{raised(int(k) if k.is_integer() else k)}"
