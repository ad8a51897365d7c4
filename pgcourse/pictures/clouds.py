"""Estimates of a gradient as a cloud of dots around it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE
from pgcourse.pictures.part import Numbers, Part, arrows, plain


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
