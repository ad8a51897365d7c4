"""Learning curves: one run as it goes on, many runs as quantiles, and what a step of each size would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from numpy.typing import ArrayLike

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, POLICY, VALUE
from pgcourse.pictures.part import Array, Numbers, Part, minus, note_above, plain


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
        beyond = np.count_nonzero(returns < self.bottom)
        edge = f"   {beyond} below the edge" if beyond else ""
        now = f"   {self.also} {figure(line[-1])}" if len(line) and np.isfinite(line[-1]) else ""
        return minus(f"{self.xlabel}: {len(returns)}   last return {returns[-1]:.3g}{now}{edge}")

    def describe(self, numbers: Numbers) -> str:
        said = self.said(numbers).replace("   ", ", ")
        return f"Learning curve, {self.best[0]} {self.best[1]:.2f}: {said}."


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
            ax.set_ylabel("return")
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
        said = f"episode {x[-1]:.0f}\nmedian {figure(median[-1])}\nmean {figure(runs[:, -1].mean())}"
        self.note.set_text(minus(said))

    def curve(self, numbers: Numbers) -> tuple[Array, Array] | None:
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


class WeightBars(Part):
    """The weights of a linear rule as bars to the right (+) and to the left (−).

    Numbers: weights, one for each of `names`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def draw(self, ax: Axes) -> None:
        n = len(self.names)
        ax.set(xlim=(-1.75, 1.4), ylim=(n - 0.4, -0.6), xticks=[])
        ax.axis("off")
        ax.set_title("log-odds of pushing right\n", fontsize=10.5, color=INK)
        ax.plot([0, 0], [-0.5, n - 0.5], color=INK, lw=0.8)
        self.bars: list[Any] = []
        for y, name in enumerate(self.names):
            ax.text(-1.75, y, name, ha="left", va="center", fontsize=10, color=INK)
            bar = Rectangle((0, y - 0.3), 0, 0.6, facecolor=POLICY, alpha=0.4, animated=True)
            self.bars.append(ax.add_patch(bar))
        self.figures = [
            ax.text(1.4, y, "", ha="right", va="center", fontsize=10, color=POLICY, animated=True) for y in range(n)
        ]

    def update(self, numbers: Numbers) -> None:
        weights = np.asarray(numbers["weights"], dtype=float)
        largest = np.abs(weights).max() or 1.0
        for bar, text, weight in zip(self.bars, self.figures, weights, strict=True):
            bar.set_width(0.55 * weight / largest)
            text.set_text(minus(f"{weight:+.2f}") if weight else "0")

    def describe(self, numbers: Numbers) -> str:
        pairs = zip(self.names, numbers["weights"], strict=True)
        return "Weights of the log-odds: " + ", ".join(f"{name} {weight:.2f}" for name, weight in pairs) + "."


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

    def gains(self, after: Array, J: float) -> str:
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


def figure(x: float) -> str:
    """Two decimals, and from 10,000 on the power of ten: the return of a run that is lost has no bounds."""
    return f"{x:.2f}" if abs(x) < 10_000 else f"{x:.0e}"


def power(alpha: float) -> str:
    """α as a power of two: 2⁻¹²."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "2" + f"{np.log2(alpha):.0f}".translate(raised) if alpha > 0 else "0"
