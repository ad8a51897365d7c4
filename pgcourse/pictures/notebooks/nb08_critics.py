"""A critic beside an actor: the lottery of its estimates, its values beside the true ones, its fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, SIGNED, VALUE
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, plain, tinted, unitless


class Lottery(Part):
    """The estimate that each of two actions gives, as a bar whose width is the action's probability.

    The areas add up to the mean, which is ∇J whatever the baseline is. Numbers: probs (2,), estimates (2,), mean.
    """

    def __init__(self, ylim: tuple[float, float]) -> None:
        self.ylim = ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, 1), ylim=self.ylim, ylabel="estimate, (r − b) ∇log π", xlabel="probability")
        plain(ax)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_title("one bar an action: as wide as probable\n", fontsize=10.5, color=INK)
        self.bars = [Rectangle((0, 0), 0, 0, **tinted(c), animated=True) for c in (POLICY, INK)]
        self.labels = []
        for bar in self.bars:
            ax.add_patch(bar)
            self.labels.append(ax.text(0, 0, "", ha="center", va="center", fontsize=10.5, color=INK, animated=True))
        (self.line,) = ax.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        p, mean = numbers["probs"], numbers["mean"]
        estimates: Floats = np.array(numbers["estimates"], dtype=float).round(9) + 0.0  # no −0
        for k, (bar, label, left) in enumerate(zip(self.bars, self.labels, (0.0, p[0]), strict=True)):
            height = float(np.clip(estimates[k], *self.ylim))
            bar.set_bounds(left, 0, p[k], height)
            middle = min(max(left + p[k] / 2, 0.09), 0.91)
            label.set(text=f"action {k + 1}", position=(middle, 0.92 * self.ylim[0]))  # clear of the mean's line
        self.line.set_data([0, 1], [mean, mean])
        off = " (off the scale)" * bool((np.clip(estimates, *self.ylim) != estimates).any())
        also = off or f", mean {mean:.3g}"  # which the line shows, and there is room for one
        self.note.set_text(minus(f"estimates {estimates[0]:.3g} and {estimates[1]:.3g}{also}"))

    def describe(self, numbers: Numbers) -> str:
        estimates: Floats = np.array(numbers["estimates"], dtype=float).round(9) + 0.0
        rows = zip(numbers["probs"], estimates, strict=True)
        said = "; ".join(
            f"action {k} has probability {p:.2f} and estimate {g:.4g}" for k, (p, g) in enumerate(rows, start=1)
        )
        return f"{said}; the mean is {numbers['mean']:.4g}."


class CriticBars(Part):
    """The value of each state under the present policy, and what the critic says. Numbers: v_pi (S,), v_w (S,).

    off_by  what the note begins with, where the picture shows other critics, too
    """

    title, ylabel, keys = "bars: $v^\\pi$, exact     ◆ critic", "value", ("v_pi", "v_w")
    worth, says, off_by = "is worth", "the critic says", "the critic is off by"

    def __init__(self, states: Sequence[str], ylim: tuple[float, float], off_by: str = "") -> None:
        self.states, self.ylim = states, ylim
        self.off_by = off_by or self.off_by

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.6, len(self.states) - 0.4), ylim=self.ylim, ylabel=self.ylabel)
        ax.set_xticks(range(len(self.states)), self.states)
        plain(ax)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        self.bars = []
        for s in range(len(self.states)):
            self.bars.append(Rectangle((s - 0.32, 0), 0.64, 0, **tinted(VALUE), animated=True))
            ax.add_patch(self.bars[-1])
        (self.said,) = ax.plot([], [], "D", color=OCCUPANCY, mec="white", mew=1.5, ms=11, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        exact, critic = (numbers[key] for key in self.keys)
        for bar, v in zip(self.bars, exact, strict=True):
            bar.set_height(float(np.clip(v, *self.ylim)))
        self.said.set_data(np.arange(len(self.states)), np.clip(critic, *self.ylim))
        self.note.set_text(f"{self.off_by} {self.off(numbers):.2f} (root mean square)")

    def off(self, numbers: Numbers) -> float:
        exact, critic = (np.asarray(numbers[key]) for key in self.keys)
        return float(np.sqrt(np.mean((critic - exact) ** 2)))

    def describe(self, numbers: Numbers) -> str:
        rows = zip(self.states, *(numbers[key] for key in self.keys), strict=True)
        said = "; ".join(f"{name} {self.worth} {v:.2f}, {self.says} {w:.2f}" for name, v, w in rows)
        return f"{said}. {self.off_by[0].upper()}{self.off_by[1:]} {self.off(numbers):.2f}."


class PolicyMap(Part):
    """P(action) over two observed quantities, 0 violet and 1 orange. The note says it at ± about half of the first.

    Numbers: probability (rows, columns), lowest row first.
    """

    def __init__(self, x: tuple[str, float], y: tuple[str, float], shape: tuple[int, int], action: str) -> None:
        self.x, self.y, self.shape, self.action = x, y, shape, action

    def draw(self, ax: Axes) -> None:
        (x, wide), (y, high) = self.x, self.y
        rows, columns = self.shape
        extent = (  # the outermost entries lie on the ends of what is asked
            -wide * columns / (columns - 1), wide * columns / (columns - 1),
            -high * rows / (rows - 1), high * rows / (rows - 1),
        )  # fmt: skip
        self.image = ax.imshow(
            np.zeros(self.shape), cmap=SIGNED, vmin=0, vmax=1, origin="lower", extent=extent, aspect="auto",
            animated=True,
        )  # fmt: skip
        ax.set(xlabel=x, ylabel=y)
        ax.set_title(f"“{self.action}”: violet never, orange always\n", fontsize=10.5, color=INK)
        self.half = wide * (1 - 2 * (columns // 4) / (columns - 1))  # of the column that the note reads
        ax.plot([-self.half, self.half], [0, 0], "+", color=INK, mew=1.5, ms=9)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        self.image.set_data(numbers["probability"])
        left, right = self.at_the_crosses(numbers)
        self.note.set_text(f"at the crosses {left:.2f} and {right:.2f}")

    def at_the_crosses(self, numbers: Numbers) -> tuple[float, float]:
        row = np.asarray(numbers["probability"])[self.shape[0] // 2]
        columns = self.shape[1]
        return float(row[columns // 4]), float(row[columns - 1 - columns // 4])

    def describe(self, numbers: Numbers) -> str:
        left, right = self.at_the_crosses(numbers)
        return (
            f"With {unitless(self.x[0])} {-self.half:.3g} the policy says {self.action} with probability {left:.2f}, "
            f"with {self.half:.3g} with {right:.2f}."
        )


class Fit(Part):
    """A critic's fit: what it says of each step against the return that followed. Numbers: G (n,), v_w (n,)."""

    def __init__(self, lim: tuple[float, float]) -> None:
        self.lim = lim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.lim, ylim=self.lim, aspect="equal", xlabel="return $G_t$", ylabel="critic")
        plain(ax)
        ax.plot(self.lim, self.lim, color=PALE, lw=1.2, zorder=0)
        ax.set_title("one dot a step; on the line A = 0\n", fontsize=10.5, color=INK)
        (self.points,) = ax.plot([], [], "o", color=OCCUPANCY, mec="white", mew=0.8, ms=7, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        self.points.set_data(numbers["G"], np.clip(numbers["v_w"], *self.lim))
        self.note.set_text(f"mean |A| = {self.mean(numbers):.3f}")

    @staticmethod
    def mean(numbers: Numbers) -> float:
        return float(np.abs(np.asarray(numbers["G"]) - np.asarray(numbers["v_w"])).mean())

    def describe(self, numbers: Numbers) -> str:
        return f"{len(numbers['G'])} steps; the mean size of G minus the critic is {self.mean(numbers):.3f}."
