"""Learning curves: one run as it goes on, many runs as quantiles, and a long run with more than one curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, VALUE, for_text
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, plain


class LearningCurve(Part):
    """Returns of one run, a dot each, and the exact J of the policy that earned them, if known, as a line.

    n       how many updates the axis holds; bottom and top, the ends of the other: dots beyond stand at the edge
    best    (label, height) of a dashed line, such as max J or what counts as solved
    also    what the line is, in a word: "exact J"
    Numbers: returns (m,); line (m,), nan where there is nothing; settings, optional, what a run would be about.
    """

    def __init__(
        self,
        n: int,
        bottom: float,
        top: float,
        best: tuple[str, float],
        also: str = "exact J",
        xlabel: str = "episodes",
    ) -> None:
        self.n, self.bottom, self.top, self.best = n, bottom, top, best
        self.also, self.xlabel = also, xlabel

    def draw(self, ax: Axes) -> None:
        room = 0.02 * (self.top - self.bottom)
        ax.set(xlim=(-0.02 * self.n, 1.02 * self.n), ylim=(self.bottom - room, self.top + room), xlabel=self.xlabel)
        ax.set_ylabel("return")
        plain(ax)
        label, height = self.best
        ax.axhline(height, color=INK, lw=1, ls="--")
        ax.set_title(f"• returns   — {self.also}   - - {label}\n", fontsize=10.5, color=INK)
        (self.dots,) = ax.plot([], [], "o", color=OCCUPANCY, alpha=0.35, mec="none", ms=4, animated=True)
        (self.line,) = ax.plot([], [], color=VALUE, lw=2.5, animated=True)
        (self.tip,) = ax.plot([], [], "o", color=VALUE, mec="white", mew=1.5, ms=10, zorder=5, animated=True)
        self.note = note_above(ax, y=1.01)

    def update(self, numbers: Numbers) -> None:
        returns, line = np.asarray(numbers["returns"]), np.asarray(numbers["line"])
        self.dots.set_data(np.arange(1, len(returns) + 1), np.clip(returns, self.bottom, self.top))
        x = np.arange(1, len(line) + 1)
        y = np.clip(line, self.bottom, self.top)
        self.line.set_data(x, y)
        self.tip.set_data(x[-1:], y[-1:])
        self.note.set_text(self.said(numbers))

    def said(self, numbers: Numbers) -> str:
        returns, line = np.asarray(numbers["returns"]), np.asarray(numbers["line"])
        settings = numbers.get("settings", "")
        if not len(returns):
            return "press run" + (f": {settings}" if settings else "")
        beyond = {"below": np.count_nonzero(returns < self.bottom), "above": np.count_nonzero(returns > self.top)}
        edge = "".join(f"   {n} {where}" for where, n in beyond.items() if n)
        now = f"   {self.also} {rounded(line[-1])}" if len(line) and np.isfinite(line[-1]) else ""
        return minus(f"{self.xlabel}: {len(returns)}   last return {_whole(returns[-1])}{now}{edge}")

    def describe(self, numbers: Numbers) -> str:
        label, height = self.best
        known = label if label.startswith(minus(f"{height:g}")) else f"{label} {height:.2f}"
        return f"Learning curve, {known.replace(': ', ' is ')}: {self.said(numbers).replace('   ', ', ')}."


class QuantileCurve(Part):
    """Many runs as one picture: the median, a band from the 10th to the 90th percentile, and the mean.

    name    the key of this curve's numbers, and its title
    Numbers: curves, name → (x (m,), runs (K, m)), or None if there is nothing yet; of, what to say then.
    """

    def __init__(self, name: str, n: int, bottom: float, top: float, best: float, left: bool = True) -> None:
        self.name, self.n, self.bottom, self.top, self.best, self.left = name, n, bottom, top, best, left

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, self.n), ylim=(self.bottom, self.top), xlabel="episodes")
        ax.set_xticks([0, self.n // 2, self.n])
        if self.left:
            ax.set_ylabel("J, or the return")
        plain(ax)
        ax.set_title(self.name, fontsize=10.5, color=INK)
        ax.axhline(self.best, color=INK, lw=1, ls="--")
        self.band: Any = ax.add_patch(
            Polygon(np.zeros((3, 2)), facecolor=VALUE, edgecolor="none", alpha=0.3, animated=True)
        )
        (self.median,) = ax.plot([], [], color=VALUE, lw=2.2, animated=True)
        (self.mean,) = ax.plot([], [], ":", color=INK, lw=1.8, animated=True)
        self.note = ax.text(
            0.97, 0.04, "", transform=ax.transAxes, ha="right", va="bottom", fontsize=9.5, color=INK, animated=True
        )

    def update(self, numbers: Numbers) -> None:
        curve = self.curve(numbers)
        if curve is None:
            self.band.set_xy(np.zeros((3, 2)))
            self.median.set_data([], [])
            self.mean.set_data([], [])
            self.note.set_text(numbers["of"])
            return
        x, runs = curve
        low, median, high = np.quantile(runs, [0.1, 0.5, 0.9], axis=0)
        self.band.set_xy(np.column_stack([np.r_[x, x[::-1]], np.r_[low, high[::-1]]]))
        self.median.set_data(x, median)
        self.mean.set_data(x, runs.mean(axis=0))
        said = f"episode {x[-1]:.0f}\nmedian {rounded(median[-1])}\nmean {rounded(runs[:, -1].mean())}"
        self.note.set_text(minus(said))

    def curve(self, numbers: Numbers) -> tuple[Floats, Floats] | None:
        """x and the runs, once there is a point."""
        x, runs = (numbers["curves"] or {}).get(self.name, ((), ()))
        return (np.asarray(x), np.asarray(runs)) if len(x) else None

    def describe(self, numbers: Numbers) -> str:
        curve = self.curve(numbers)
        if curve is None:
            return f"{self.name}: 0 episodes so far, {numbers['of']}.".replace("\n", " ")
        x, runs = curve
        low, median, high = np.quantile(runs[:, -1], [0.1, 0.5, 0.9])
        return (
            f"{self.name}: after {x[-1]:.0f} episodes the median of {len(runs)} runs is {median:.2f}, "
            f"80 % of them lie from {low:.2f} to {high:.2f}."
        )


class LongRun(Part):
    """A run as far as it has come: many thin curves or dots and a bold one with its tip above, one curve below.

    above, below   (label, limits) of the two axes; `goal` is drawn as a dashed line above
    dots           draw what is many as dots
    key            the key of this part's numbers, if a picture has two such parts
    bold           the name of the bold curve, if the axis above has more than one name
    Numbers: steps (k,), many (m, k) or dots_at and dots (n,), bold (k,), below (k,), said; all may be empty.
    NaN in `bold` or `below` is a gap. Dots, the tip, and what is below, stand at the edge of their axes if beyond it.
    """

    def __init__(
        self,
        xlabel: str,
        xlim: tuple[float, float],
        above: tuple[str, tuple[float, float]],
        below: tuple[str, tuple[float, float]],
        title: str,
        goal: tuple[float, str] | None = None,
        dots: bool = False,
        key: str = "",
        bold: str = "",
    ) -> None:
        self.xlabel, self.xlim, self.above, self.below = xlabel, xlim, above, below
        self.title, self.goal, self.dots, self.key = title, goal, dots, key
        self.called = bold or above[0]

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        upper, lower = ax.inset_axes((0.1, 0.42, 0.89, 0.57)), ax.inset_axes((0.1, 0.02, 0.89, 0.3))
        for plot, (label, ylim) in ((upper, self.above), (lower, self.below)):
            plot.set(xlim=self.xlim, ylim=ylim, ylabel=label)
            plot.locator_params(axis="x", nbins=5)
            plain(plot)
        lower.axhline(0, color=PALE, lw=0.8)
        upper.tick_params(labelbottom=False)
        lower.set_xlabel(self.xlabel)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        if self.goal:
            upper.axhline(self.goal[0], color=GRADIENT, lw=1.2, ls="--")
            at = self.xlim[0] + 0.02 * (self.xlim[1] - self.xlim[0])
            upper.text(at, self.goal[0], self.goal[1], va="bottom", fontsize=9.5, color=for_text(GRADIENT))
        look: dict[str, Any] = {"ls": "", "marker": ".", "ms": 4, "color": OCCUPANCY}
        look = look if self.dots else {"lw": 1.1, "color": VALUE}
        (self.thin,) = upper.plot([], [], alpha=0.55, animated=True, **look)
        (self.bold,) = upper.plot([], [], color=VALUE, lw=2.6, animated=True)
        tip: dict[str, Any] = {"mec": "white", "zorder": 5, "clip_on": False, "in_layout": False, "animated": True}
        (self.tip,) = upper.plot([], [], "o", color=VALUE, mew=1.5, ms=9, **tip)
        (self.low,) = lower.plot([], [], color=OCCUPANCY, lw=1.8, animated=True)
        (self.low_tip,) = lower.plot([], [], "o", color=OCCUPANCY, mew=1, ms=6, **tip)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        numbers = numbers[self.key] if self.key else numbers
        steps = np.asarray(numbers["steps"], dtype=float)
        if self.dots:
            self.thin.set_data(numbers["dots_at"], np.clip(numbers["dots"], *self.above[1]))
        else:
            many = np.reshape(numbers["many"], (len(numbers["many"]), len(steps)))
            gaps = np.full((len(many), 1), np.nan)  # between one curve's end and the next one's beginning
            x = np.hstack([np.broadcast_to(steps, many.shape), gaps])
            self.thin.set_data(x.ravel(), np.hstack([many, gaps]).ravel())
        self.bold.set_data(steps, numbers["bold"])
        self.tip.set_data(steps[-1:], np.clip(numbers["bold"][-1:], *self.above[1]))
        low = np.clip(np.asarray(numbers["below"], dtype=float), *self.below[1])
        self.low.set_data(steps, low)
        self.low_tip.set_data(steps[-1:], low[-1:])
        self.note.set_text(minus(numbers["said"]))

    def describe(self, numbers: Numbers) -> str:
        numbers = numbers[self.key] if self.key else numbers
        which = f"{self.title.splitlines()[0]}. " if self.key and "\n" in self.title else ""  # of two such parts
        if not len(numbers["steps"]):
            begun = len(numbers["dots"]) if self.dots else 0
            return f"{which}{'No curve yet' if begun else f'Nothing has run yet, 0 {self.xlabel}'}: {numbers['said']}."
        bold, low = numbers["bold"][-1], numbers["below"][-1]
        told = [f"After {numbers['steps'][-1]:.0f} {self.xlabel}"]
        told += [] if np.isnan(bold) else [f"{self.called}: {bold:.2f}"]
        told += [] if np.isnan(low) else [f"{' '.join(self.below[0].split())}: {low:.3g}"]
        return f"{which}{', '.join(told)}. {numbers['said']}."


def rounded(x: float) -> str:
    """Two decimals, and from 10,000 on the power of ten: the return of a run that is lost has no bounds."""
    return f"{x:.2f}" if abs(x) < 10_000 else f"{x:.0e}".replace("e+0", "e").replace("e+", "e")


def _whole(x: float) -> str:
    """Three digits, and from 1000 on all before the point."""
    return f"{x:.3g}" if abs(x) < 999.5 else f"{x:,.0f}"
