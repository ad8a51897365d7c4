"""Estimates of a gradient as a cloud of dots around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE
from pgcourse.pictures.part import Floats, Numbers, Part, arrows, plain


class Cloud(Part):
    """Estimates of ∇J as dots around ∇J itself, the arrow, and hollow marks for other vectors to compare.

    looks   each mark's name, shape, size, width of its line, and colour
    """

    looks: tuple[tuple[str, str, float, float, str], ...] = ()

    def draw(self, ax: Axes) -> None:
        ax.set(aspect="equal")
        ax.axhline(0, color=PALE, lw=0.8)
        ax.axvline(0, color=PALE, lw=0.8)
        (self.cloud,) = ax.plot([], [], ".", color=OCCUPANCY, alpha=0.5, ms=8, animated=True)
        self.arrow = arrows(ax, [0], [0], GRADIENT, 0.014)
        self.marks = {
            name: ax.plot([], [], mark, ms=size, mew=width, mec=color, mfc="none", zorder=5, animated=True)[0]
            for name, mark, size, width, color in self.looks
        }

    def show(self, grad_J: Floats, estimates: Floats, marks: Mapping[str, Floats], unit: float, reach: float) -> int:
        """Draw all in this unit, but what lies beyond the reach; the number of dots that do."""
        shown = estimates / unit
        inside = (np.abs(shown) <= reach).all(axis=1)
        self.cloud.set_data(shown[inside].T)
        self.arrow.set_UVC(*grad_J[:, None] / unit)
        for name, mark in self.marks.items():
            place = marks[name][:, None] / unit
            mark.set_data(np.where((np.abs(place) <= reach).all(), place, np.nan))
        return int(np.count_nonzero(~inside))

    @staticmethod
    def beyond(place: Floats, far: float) -> bool:
        """Whether a mark is not drawn, since the axes end so far from the middle."""
        return bool((np.abs(place) > far).any())


class EstimateCloud(Cloud):
    """In units of |∇J|, so that the arrow has length 1; the mean that theory gives the estimates is a cross.

    Numbers: grad_J and mean (2,), estimates (n, 2), noise: their standard deviation; reach: how far the axes go, in
    units of |∇J|. Without it, or if it is 0, they zoom by powers of 2.
    """

    looks = (("mean", "+", 17, 2.2, INK),)

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.ax = ax
        ax.set(xlim=(-960, 960), ylim=(-960, 960))  # room for the longest numbers
        ax.set_xlabel(r"$\partial J\,/\,\partial\theta_1$, in units of $|\nabla J|$")
        ax.set_ylabel(r"$\partial J\,/\,\partial\theta_2$, in units of $|\nabla J|$")
        ax.locator_params(nbins=4, steps=[1, 2, 3, 4, 5, 10])
        plain(ax)
        self.outside = ax.text(
            0.98, 0.98, "", transform=ax.transAxes, ha="right", va="top", fontsize=9.5, color=OCCUPANCY, animated=True
        )
        ax.set_title("→ ∇J     • an estimate     + their mean in theory", fontsize=10.5, color=INK)

    def update(self, numbers: Numbers) -> None:
        estimates, grad, mean = (np.asarray(numbers[name]) for name in ("estimates", "grad_J", "mean"))
        unit, reach = self.unit(numbers), self.reach_for(numbers)
        if self.ax.get_xlim() != (-reach, reach):  # drawn anew
            self.ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        outside = self.show(grad, estimates, {"mean": mean}, unit, reach)
        lost = [f"{outside} of {len(estimates)} outside"] if outside else []
        zeros = len(estimates) - np.count_nonzero(estimates.any(axis=1))
        lost += [f"{zeros} of {len(estimates)} are 0"] if zeros > 1 else []
        lost += ["the mean is outside"] if self.beyond(mean, reach * unit) else []
        self.outside.set_text("\n".join(lost))

    @staticmethod
    def unit(numbers: Numbers) -> float:
        return float(np.linalg.norm(numbers["grad_J"])) or 1.0

    def reach_for(self, numbers: Numbers) -> float:
        size = (np.linalg.norm(numbers["mean"]) + 2 * numbers["noise"]) / self.unit(numbers)
        return numbers.get("reach") or self.reach(size)

    @staticmethod
    def reach(size: float) -> float:
        """1.5, 3, 6, 12, …: so that a size fits."""
        return float(1.5 * 2.0 ** max(np.ceil(np.log2(size / 1.5)), 0)) if size > 0 else 1.5

    def describe(self, numbers: Numbers) -> str:
        (u, v), (x, y) = (np.asarray(numbers[name]) / self.unit(numbers) for name in ("grad_J", "mean"))
        far = self.reach_for(numbers) * self.unit(numbers)
        lost = ", which is outside the axes" if self.beyond(numbers["mean"], far) else ""
        return (
            f"{len(numbers['estimates'])} estimates, in units of |∇J|, around their mean ({x:.2f}, {y:.2f}){lost}; "
            f"the exact gradient is ({u:.2f}, {v:.2f})."
        )
