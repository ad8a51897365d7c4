"""The occupancy ρ^π, cell by cell and building up over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from numpy.typing import ArrayLike

from pgcourse.pictures.grids import Grid
from pgcourse.pictures.palette import INK, OCCUPANCY, VISITS
from pgcourse.pictures.part import Numbers, Part, plain, texts


class VisitGrid(Grid):
    """How often each cell of a grid is visited, holes and goal included: by colour and number.

    shown   the name of the number that is drawn, (S,), in visits
    Numbers: that one, and unit, by which it is multiplied where it is written (1, or 1−γ).
    """

    def __init__(self, desc: ArrayLike, shown: str = "rho", title: str = "", top: float = 60.0) -> None:
        super().__init__(desc)
        self.shown, self.title, self.top = shown, title, top

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set_title(self.title, fontsize=11, color=OCCUPANCY)
        norm = PowerNorm(0.4, 0, self.top, clip=True)
        self.image = ax.imshow(np.zeros(self.desc.shape), cmap=VISITS, norm=norm, zorder=0, animated=True)
        self.draw_edges(ax)
        self.draw_names(ax, 0, -0.25, ha="center", va="center")
        self.figures = texts(ax, np.add(self.centres, (0, 0.12)), 10)

    def update(self, numbers: Numbers) -> None:
        rho = np.asarray(numbers[self.shown], dtype=float)
        self.image.set_data(rho.reshape(self.desc.shape))
        digits = 2 if numbers["unit"] == 1 else 4
        for text, visits in zip(self.figures, rho * numbers["unit"], strict=True):
            text.set_text(f"{visits:.{digits}f}" if visits else "0")

    def describe(self, numbers: Numbers) -> str:
        rho = np.asarray(numbers[self.shown]) * numbers["unit"]
        most = int(rho.argmax())
        return f"{self.title}: {rho.sum():.4f} in all, most in state {most} with {rho[most]:.4f}."


class Total(Part):
    """Σ_s ρ_t(s) as t grows: over all states towards 1/(1−γ), over the live ones towards what is left without them.

    Numbers: t; totals and live_totals (n,), the sums up to each t; J_t and J; unit, by which sums are multiplied where
    they are written (1, or 1−γ). The scale is logarithmic, so that a unit changes its numbers and moves no curve.
    """

    def __init__(self, n: int, gamma: float) -> None:
        self.n, self.limit = n, 1 / (1 - gamma)

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.04 * self.n, 1.04 * self.n), ylim=(0.8, 2.2 * self.limit), yscale="log", xlabel="t")
        ax.set_title("summed over ● all  ■ live states", fontsize=11, color=OCCUPANCY)
        ticks = [tick for tick in (1, 10, 100, 1000) if tick < 2 * self.limit]
        ax.set_yticks(ticks, ["0.000"] * len(ticks), color="none")  # room for those that change with the unit
        ax.minorticks_off()
        plain(ax)
        ax.axhline(self.limit, color=INK, lw=0.8, ls="--")
        self.ticks = {
            tick: ax.text(-0.07 * self.n, tick, "", ha="right", va="center", fontsize=10, color=INK, animated=True)
            for tick in ticks
        }
        self.top = ax.text(
            0.95 * self.n, 1.07 * self.limit, "", ha="right", va="bottom", fontsize=10, color=INK, animated=True
        )
        (self.all,) = ax.plot([], [], color=OCCUPANCY, lw=2.5, animated=True)
        (self.alive,) = ax.plot([], [], "--", color=OCCUPANCY, lw=2.5, animated=True)
        self.points = [
            ax.plot([], [], mark, color=OCCUPANCY, mec="white", mew=1.5, ms=11, zorder=5, animated=True)[0]
            for mark in "os"
        ]
        self.note = ax.text(
            0.98, 0.03, "", transform=ax.transAxes, ha="right", va="bottom", fontsize=10, color=INK, animated=True
        )

    def update(self, numbers: Numbers) -> None:
        t, totals, live, unit = (numbers[name] for name in ("t", "totals", "live_totals", "unit"))
        steps, digits = np.arange(len(totals)), 2 if unit == 1 else 4
        for tick, text in self.ticks.items():
            text.set_text(f"{tick * unit:.4g}")
        self.top.set_text(f"1/(1−γ) = {self.limit:.0f}" if unit == 1 else f"in all {self.limit * unit:.4g}")
        for line, point, sums in zip((self.all, self.alive), self.points, (totals, live), strict=True):
            line.set_data(steps, sums)
            point.set_data([t], [sums[t]])
        self.note.set_text(
            f"● all states {totals[t] * unit:.{digits}f}\n■ live states {live[t] * unit:.{digits}f}\n"
            f"⟨{'ρ' if unit == 1 else '(1−γ)ρ'}, r⟩ = {numbers['J_t'] * unit:.{digits + 2}f}\nJ = {numbers['J']:.4f}"
        )

    def describe(self, numbers: Numbers) -> str:
        t, unit = numbers["t"], numbers["unit"]
        digits, times = (2, "") if unit == 1 else (4, " times 1−γ")
        earned = f"the reward so far {numbers['J_t']:.4f} of J {numbers['J']:.4f}"
        if unit != 1:
            earned = f"their inner product with r is {numbers['J_t'] * unit:.6f}, and J is {numbers['J']:.4f}"
        return (
            f"Up to step {t}: {numbers['totals'][t] * unit:.{digits}f} discounted visits{times}, "
            f"{numbers['live_totals'][t] * unit:.{digits}f} of them to live states; {earned}."
        )
