"""GAE's bias and spread over λ, where the mean of the estimates points, and scores of many seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.curves import Tradeoff
from pgcourse.pictures.notebooks.nb08_critics import CriticBars
from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, VALUE
from pgcourse.pictures.part import Floats, Numbers, Part, arrows, minus, note_above, plain, raised, with_power


class DecadeTradeoff(Tradeoff):
    """A Tradeoff over powers of ten: `curves` and `now` hold log₁₀ of what the scale says.

    A value at the lower edge itself is taken for a smaller one that was put there, and is spoken as "at most".
    """

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        low, high = (int(end) for end in (np.ceil(self.ylim[0]), np.floor(self.ylim[1])))
        ticks = range(low, high + 1)
        ax.set_yticks(ticks, [f"{10.0**k:g}" if low >= -4 else f"10{raised(k)}" for k in ticks])

    def spoken(self, value: float) -> str:
        text = with_power(10.0**value)
        return f"at most {text}" if abs(value - self.ylim[0]) < 1e-9 else text


class MeanWay(Part):
    """Where the mean of the estimates points beside ∇J, in units of |∇J|: along it, and across, however many axes.

    The angle to ∇J and the length can be read off apart. The circle is the spread around the mean; it is left out where
    it would not fit. Numbers: way (k, 2), the mean over the setting; mean (2,); spread; pointing, a line above.
    """

    def __init__(self, xlim: tuple[float, float], ylim: tuple[float, float], title: str) -> None:
        self.xlim, self.ylim, self.title = xlim, ylim, title

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.xlim, ylim=self.ylim, aspect="equal")
        ax.set(xlabel=r"along $\nabla J$, in units of $|\nabla J|$", ylabel="across")
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        self.exact = arrows(ax, [0], [0], GRADIENT, 0.014)
        self.exact.set_UVC([1], [0])
        (self.way,) = ax.plot([], [], color=INK, lw=1.4, animated=True)
        (self.circle,) = ax.plot([], [], ":", color=OCCUPANCY, lw=2, animated=True)
        self.arrow = arrows(ax, [0], [0], INK, 0.011)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        self.way.set_data(np.transpose(numbers["way"]))
        self.arrow.set_UVC(*np.reshape(numbers["mean"], (2, 1)))
        self.circle.set_data(self.around(np.asarray(numbers["mean"]), float(numbers["spread"])))
        self.note.set_text(minus(numbers["pointing"]))

    def around(self, middle: Floats, radius: float) -> Floats:
        """The circle's points (2, n) within the frame, nan between them."""
        turn = np.linspace(0, 2 * np.pi, 181)
        points = middle[:, None] + radius * np.array([np.cos(turn), np.sin(turn)])
        low, high = np.transpose([self.xlim, self.ylim])[..., None]
        return np.where(((points >= low) & (points <= high)).all(axis=0), points, np.nan)

    def describe(self, numbers: Numbers) -> str:
        x, y = numbers["mean"]
        return f"The mean reaches {x:.2f} along ∇J and {y:.2f} across: {numbers['pointing']}."


class AdvantageBars(CriticBars):
    """E[A | s, a] of each pair, exact, and the mean of samples. Numbers: exact and sampled, one for each pair."""

    title, ylabel, keys = "bars: E[A | s, a], exact     ◆ mean of the samples", "advantage", ("exact", "sampled")
    worth, says, off_by = "has the advantage", "the samples say", "the samples are off by"


class SeedScores(Part):
    """A dot a seed at each value of a setting, and their mean with two standard errors.

    Numbers: scores (values, seeds), nan where nothing has run yet; said, with "press run" until something runs.
    """

    def __init__(self, setting: str, values: Sequence[float | str], ylabel: str, ylim: tuple[float, float]) -> None:
        self.setting, self.values, self.ylabel, self.ylim = setting, values, ylabel, ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.6, len(self.values) - 0.4), ylim=self.ylim, xlabel=self.setting, ylabel=self.ylabel)
        ax.set_xticks(range(len(self.values)), [self.called(value) for value in self.values])
        plain(ax)
        ax.set_title("• a seed     ◆ their mean ± 2 standard errors\n", fontsize=10.5, color=INK)
        (self.dots,) = ax.plot([], [], "o", color=OCCUPANCY, alpha=0.5, mec="none", ms=7, animated=True)
        (self.bars,) = ax.plot([], [], color=VALUE, lw=2, animated=True)
        (self.means,) = ax.plot([], [], "D", color=VALUE, mec="white", mew=1.5, ms=11, zorder=5, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        scores: Floats = np.asarray(numbers["scores"], dtype=float)
        at = np.arange(len(scores))
        there = np.isfinite(scores)
        self.dots.set_data((at[:, None] + np.linspace(-0.3, -0.1, scores.shape[1]))[there], scores[there])
        mean, error = self.summary(scores)
        self.means.set_data(at + 0.12, mean)
        ends = np.stack([mean - 2 * error, mean + 2 * error, np.full(len(at), np.nan)], axis=1)
        self.bars.set_data(np.repeat(at + 0.12, 3), np.clip(ends, *self.ylim).ravel())
        self.note.set_text(minus(numbers["said"]))

    @staticmethod
    def called(value: float | str) -> str:
        return value if isinstance(value, str) else f"{value:g}"

    @staticmethod
    def summary(scores: Floats) -> tuple[Floats, Floats]:
        """The mean over the seeds so far and its standard error, nan without two of them."""
        n = np.isfinite(scores).sum(axis=1)
        mean = np.where(n > 0, np.nansum(scores, axis=1) / n.clip(min=1), np.nan)
        square = np.nansum((scores - mean[:, None]) ** 2, axis=1)
        return mean, np.where(n > 1, np.sqrt(square / (n * (n - 1)).clip(min=1)), np.nan)

    def describe(self, numbers: Numbers) -> str:
        scores = np.asarray(numbers["scores"], dtype=float)
        parts = []
        for value, row, mean, error in zip(self.values, scores, *self.summary(scores), strict=True):
            if n := int(np.isfinite(row).sum()):
                seeds = "1 seed" if n == 1 else f"{n} seeds"
                spread = f" ± {2 * error:.0f}" if n > 1 else ""
                setting = "" if isinstance(value, str) else f"{self.setting} "
                parts.append(f"{setting}{self.called(value)}: {seeds}, mean {mean:.0f}{spread}")
        if not parts:
            return f"{'Nothing has run' if 'press run' in numbers['said'] else 'No score'} yet: {numbers['said']}."
        return f"{'; '.join(parts)}. {numbers['said']}."
