"""Numbers as bars: the parameters of one state, whose tops can be dragged, and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, POLICY
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, arrows, minus, plain, set_tails, tinted


class ActionBars(Part):
    """The row of a parameter table for one state: bars whose tops can be dragged, π(a|s) written below.

    Numbers: theta (S, n), state, pi; J and grad_J (S, n), optional, for an arrow at each top. An arrow's length grows
    as a root, so that a small one shows. With n = |A| − 1 (the direct parametrisation) the last action has no bar of
    its own to drag: it gets what is left.

    A bar can be dragged from `low` to `high`. The axis has `room` beyond, as a part of that, for the arrows.
    """

    room = 0.25

    def __init__(
        self, actions: Sequence[str], low: float, high: float, ylabel: str = "θ(s, a)", name: str = "theta"
    ) -> None:
        self.actions, self.low, self.high, self.ylabel, self.name = actions, low, high, ylabel, name
        self.parameters = len(actions)

    def draw(self, ax: Axes) -> None:
        n = len(self.actions)
        span = self.high - self.low
        self.arrow = 0.95 * self.room * span  # the longest
        low, high = self.low - self.room * span, self.high + self.room * span
        ax.set(xlim=(-0.6, n - 0.4), ylim=(low, high), ylabel=self.ylabel)
        ax.set_xticks(range(n), self.actions)
        ax.tick_params(axis="x", length=0)
        plain(ax)
        ax.axhline(0, color=INK, lw=0.8)
        self.title = ax.text(0.5, 1.02, "", transform=ax.transAxes, ha="center", fontsize=11, color=INK, animated=True)
        self.bars: list[Any] = [
            ax.add_patch(Rectangle((a - 0.3, 0), 0.6, 0, **tinted(POLICY), animated=True)) for a in range(n)
        ]
        self.arrows = arrows(ax, np.arange(n), np.zeros(n), GRADIENT, 0.012)
        self.tops = [
            ax.plot([a], [0], "o", color=POLICY, mec="white", mew=2, ms=13, zorder=5, animated=True)[0]
            for a in range(n)
        ]
        self.notes = [
            ax.text(a, low + 0.02 * span, "", ha="center", va="bottom", fontsize=10, color=POLICY, animated=True)
            for a in range(n)
        ]  # fmt: skip
        step = span / 40
        self.handles = [
            Handle(self.tops[a], f"θ(s, {self.actions[a]})", self._setter(a), step=(1, step), upright=True)
            for a in range(self.parameters)
        ]

    def _setter(self, a: int) -> Callable[[float, float, dict[str, Any]], dict[str, Any]]:
        def values(x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
            theta = np.array(current[self.name])
            theta[current["state"], a] = np.clip(y, self.low, self.high)
            return {self.name: theta}

        return values

    def update(self, numbers: Numbers) -> None:
        s, probs = numbers["state"], numbers["pi"].probs
        theta = self.heights(numbers)
        grad = np.zeros(len(theta))
        if "J" in numbers:
            grad[: self.parameters] = numbers["grad_J"][s]
        largest = np.abs(grad).max()
        J = f"    J = {numbers['J']:.4f}    |∇J| = {np.linalg.norm(numbers['grad_J']):.4f}" if "J" in numbers else ""
        self.title.set_text(f"state {s}{J}")
        set_tails(self.arrows, np.column_stack([np.arange(len(theta)), theta]))
        self.arrows.set_UVC(0 * grad, np.sign(grad) * np.sqrt(np.abs(grad) / largest) * self.arrow if largest else grad)
        for a, height in enumerate(theta):
            self.bars[a].set_height(height)
            self.tops[a].set_data([a], [height])
            self.notes[a].set_text(f"π = {probs[s, a]:.3f}")

    def heights(self, numbers: Numbers) -> Floats:
        return np.asarray(numbers[self.name][numbers["state"]], dtype=float)

    def describe(self, numbers: Numbers) -> str:
        s = numbers["state"]
        rows = zip(self.actions, self.heights(numbers), numbers["pi"].probs[s], strict=True)
        said = [
            f"{action}{f' θ {t:.2f},' if a < self.parameters else ''} probability {p:.3f}"
            for a, (action, t, p) in enumerate(rows)
        ]
        J = f" J {numbers['J']:.4f}, |∇J| {np.linalg.norm(numbers['grad_J']):.4f}." if "J" in numbers else ""
        return f"State {s}: {'; '.join(said)}.{J}"


class ProbabilityBars(ActionBars):
    """The direct parametrisation's row: |A| − 1 probabilities to drag, and what they leave for the last action."""

    room = 0.0

    def __init__(self, actions: Sequence[str], name: str = "theta") -> None:
        super().__init__(actions, -0.12, 1.05, "π(a|s)", name)
        self.parameters = len(actions) - 1

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.tops[-1].set_markersize(0)
        self.bars[-1].set(**tinted(INK, 0.12))

    def heights(self, numbers: Numbers) -> Floats:
        return numbers["pi"].probs[numbers["state"]]


class WeightBars(Part):
    """The weights of a linear rule as bars to the right (+) and to the left (−).

    Numbers: weights, one for each of `names`.
    """

    def __init__(self, names: Sequence[str], title: str = "log-odds of pushing right") -> None:
        self.names, self.title = names, title

    def draw(self, ax: Axes) -> None:
        n = len(self.names)
        ax.set(xlim=(-1.75, 1.43), ylim=(n - 0.4, -0.6), xticks=[])
        ax.axis("off")
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        ax.plot([0, 0], [-0.5, n - 0.5], color=INK, lw=0.8)
        self.bars: list[Any] = []
        for y, name in enumerate(self.names):
            ax.text(-1.75, y, name, ha="left", va="center", fontsize=10, color=INK)
            bar = Rectangle((0, y - 0.3), 0, 0.6, **tinted(POLICY), animated=True)
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
        return f"Weights ({self.title}): " + ", ".join(f"{name} {weight:.2f}" for name, weight in pairs) + "."
