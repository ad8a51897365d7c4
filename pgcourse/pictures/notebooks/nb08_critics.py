"""A critic beside an actor: what its error costs along one setting, its values beside the true ones, its fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, SIGNED, VALUE
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, minus, note_above, plain

DASHES = {"-": "—", "--": "– –", "-.": "–·–", ":": "···"}


class Tradeoff(Part):
    """Named curves over one setting, with the setting to drag along one of them, and places worth marking.

    name    the control that the handle moves; `snap` keeps it on whole multiples of this
    looks   curve → (line style, colour), the one along which the handle runs last
    marks   names of vertical lines
    Numbers: x (k,), curves (name → (k,)), at (float), now (name → float), marked (mark → x), said (a line above).
    """

    def __init__(
        self,
        name: str,
        xlabel: str,
        ylabel: str,
        xlim: tuple[float, float],
        ylim: tuple[float, float],
        looks: Mapping[str, tuple[str, str]],
        marks: Sequence[str] = (),
        snap: float | None = None,
    ) -> None:
        self.name, self.xlabel, self.ylabel, self.xlim, self.ylim = name, xlabel, ylabel, xlim, ylim
        self.looks, self.marks, self.snap = looks, marks, snap

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.xlim, ylim=self.ylim, xlabel=self.xlabel, ylabel=self.ylabel)
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        key = "     ".join(f"{DASHES[style]} {name}" for name, (style, _) in self.looks.items())
        ax.set_title(f"{key}\n" if len(self.looks) > 1 else "\n", fontsize=10.5, color=INK)
        self.rules = {}
        top = self.ylim[1]
        for k, mark in enumerate(self.marks):
            (rule,) = ax.plot([], [], "--", color=VALUE, lw=1.4, animated=True)
            label = ax.text(
                0, top * (1 - 0.075 * k), "", ha="left", va="top", fontsize=10.5, color=VALUE, animated=True
            )
            self.rules[mark] = rule, label
        self.lines, self.points = {}, {}
        for name, (style, color) in self.looks.items():
            (self.lines[name],) = ax.plot([], [], style, color=color, lw=2.3, animated=True)
            (self.points[name],) = ax.plot([], [], "o", color=color, mec="white", mew=1.5, ms=8, animated=True)
        last = list(self.looks)[-1]
        self.points[last].set_markersize(14)
        self.note = note_above(ax, 10.5)
        step = self.snap or (self.xlim[1] - self.xlim[0]) / 60
        self.handles = [Handle(self.points[last], self.xlabel, self._dragged, (step, 1), self.lines[last])]

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        return {self.name: round(round(x / self.snap) * self.snap, 9) if self.snap else x}

    def update(self, numbers: Numbers) -> None:
        for name, line in self.lines.items():
            line.set_data(numbers["x"], numbers["curves"][name])
            self.points[name].set_data([numbers["at"]], [numbers["now"][name]])
        leftmost = min((numbers["marked"][mark] for mark in self.marks), default=0.0)
        middle, width = sum(self.xlim) / 2, self.xlim[1] - self.xlim[0]
        for mark, (rule, label) in self.rules.items():
            x = numbers["marked"][mark]
            to_the_left = x == leftmost if len(self.marks) > 1 else x > middle
            rule.set_data([x, x], self.ylim)
            label.set(text=mark, ha="right" if to_the_left else "left")
            label.set_x(x + (-0.012 if to_the_left else 0.012) * width)
        self.note.set_text(minus(numbers["said"]))

    def describe(self, numbers: Numbers) -> str:
        now = ", ".join(f"{name} {round(value, 4) + 0.0:g}" for name, value in numbers["now"].items())
        marked = "".join(f"; {mark} stands at {numbers['marked'][mark]:.3g}" for mark in self.marks)
        return minus(f"{self.xlabel} is {numbers['at']:.3g}: {now}{marked}. {numbers['said']}.")


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
        self.bars = [Rectangle((0, 0), 0, 0, fc=c, ec="white", lw=1, alpha=0.45, animated=True) for c in (POLICY, INK)]
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
        self.note.set_text(minus(f"estimates {estimates[0]:.3g} and {estimates[1]:.3g}, mean {mean:.3g}"))

    def describe(self, numbers: Numbers) -> str:
        estimates: Floats = np.array(numbers["estimates"], dtype=float).round(9) + 0.0
        rows = zip(numbers["probs"], estimates, strict=True)
        said = "; ".join(
            f"action {k} has probability {p:.2f} and estimate {g:.4g}" for k, (p, g) in enumerate(rows, start=1)
        )
        return minus(f"{said}; the mean is {numbers['mean']:.4g}.")


class CriticBars(Part):
    """The value of each state under the present policy, and what the critic says. Numbers: v_pi (S,), v_w (S,)."""

    def __init__(self, states: Sequence[str], ylim: tuple[float, float]) -> None:
        self.states, self.ylim = states, ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.6, len(self.states) - 0.4), ylim=self.ylim, ylabel="value")
        ax.set_xticks(range(len(self.states)), self.states)
        plain(ax)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_title("bars: $v^\\pi$, exact     ◆ critic\n", fontsize=10.5, color=INK)
        self.bars = []
        for s in range(len(self.states)):
            self.bars.append(Rectangle((s - 0.32, 0), 0.64, 0, fc=VALUE, ec="none", alpha=0.5, animated=True))
            ax.add_patch(self.bars[-1])
        (self.said,) = ax.plot([], [], "D", color=OCCUPANCY, mec="white", mew=1.5, ms=11, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        for bar, v in zip(self.bars, numbers["v_pi"], strict=True):
            bar.set_height(float(np.clip(v, *self.ylim)))
        self.said.set_data(np.arange(len(self.states)), np.clip(numbers["v_w"], *self.ylim))
        self.note.set_text(f"the critic is off by {self.off(numbers):.2f} (root mean square)")

    @staticmethod
    def off(numbers: Numbers) -> float:
        return float(np.sqrt(np.mean((np.asarray(numbers["v_w"]) - np.asarray(numbers["v_pi"])) ** 2)))

    def describe(self, numbers: Numbers) -> str:
        rows = zip(self.states, numbers["v_pi"], numbers["v_w"], strict=True)
        said = "; ".join(f"{name} is worth {v:.2f}, the critic says {w:.2f}" for name, v, w in rows)
        return minus(f"{said}. The critic is off by {self.off(numbers):.2f}.")


class PolicyMap(Part):
    """P(action) over two observed quantities, 0 violet and 1 orange. The note says it at ± half of the first.

    Numbers: probability (rows, columns), lowest row first.
    """

    def __init__(self, x: tuple[str, float], y: tuple[str, float], shape: tuple[int, int], action: str) -> None:
        self.x, self.y, self.shape, self.action = x, y, shape, action

    def draw(self, ax: Axes) -> None:
        (x, wide), (y, high) = self.x, self.y
        extent = (-wide, wide, -high, high)
        self.image = ax.imshow(
            np.zeros(self.shape), cmap=SIGNED, vmin=0, vmax=1, origin="lower", extent=extent, aspect="auto",
            animated=True,
        )  # fmt: skip
        ax.set(xlabel=x, ylabel=y)
        ax.set_title(f"“{self.action}”: violet never, orange always\n", fontsize=10.5, color=INK)
        self.half = wide / 2
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
        return minus(
            f"With {self.x[0]} {-self.half:g} the policy says {self.action} with probability {left:.2f}, "
            f"with {self.half:g} with {right:.2f}."
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
