"""What J does along a direction: step by step, on its curve, and after one step of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pgcourse.pictures.curves import Curve
from pgcourse.pictures.palette import INK, POLICY, for_text
from pgcourse.pictures.part import Floats, Numbers, Part, few, minus, note_above, plain


class Climbs(Part):
    """J step by step along one direction or several; a triangle stands where a step has made it fall.

    climbs   up to three: what each is called, and its colour; the last is thin, the first of three is dashed
    Numbers: climbs: name → J after 0, 1, 2, … steps (n,); it may end early.
    """

    def __init__(self, climbs: Mapping[str, str], n: int, ylim: tuple[float, float]) -> None:
        self.climbs, self.n, self.ylim = climbs, n, ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.02 * self.n, 1.02 * self.n), ylim=self.ylim, xlabel="steps", ylabel="J")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        plain(ax)
        ax.set_title("▼ a step that lowers J" + "\n" * len(self.climbs), fontsize=11, color=INK)
        self.lines, self.falls, self.notes, self.signs = {}, {}, {}, {}
        looks = list(zip(("- - ", "━ ", "— "), ("--", ".-", ".-"), (4.5, 4.5, 1.5), strict=True))
        looks = looks[-len(self.climbs) :]  # a thick line beneath another that goes the same way shows
        for k, ((name, color), (sign, style, width)) in enumerate(zip(self.climbs.items(), looks, strict=True)):
            (self.lines[name],) = ax.plot([], [], style, color=color, lw=width, ms=width + 3, animated=True)
            self.signs[name] = sign if len(self.climbs) > 1 else ""
            (self.falls[name],) = ax.plot([], [], "v", color=color, mec="white", ms=9, zorder=5, animated=True)
            self.notes[name] = ax.text(
                0.5, 1.02 + 0.07 * (len(self.climbs) - 1 - k), "", transform=ax.transAxes, ha="center", va="bottom",
                fontsize=10, color=for_text(color), animated=True,
            )  # fmt: skip

    def update(self, numbers: Numbers) -> None:
        for name, line in self.lines.items():
            J = np.asarray(numbers["climbs"][name], dtype=float)
            line.set_data(range(len(J)), J)
            fallen = np.flatnonzero(falls(J)) + 1
            self.falls[name].set_data(fallen, J[fallen])
            self.notes[name].set_text(self.signs[name] + minus(self.said(name, J)))

    def said(self, name: str, J: Floats) -> str:
        fallen = int(falls(J).sum())
        how = f"{fallen} fall{'s' * (fallen > 1)}" if fallen else "never falls"
        return f"{name}: J {few(J[0])} → {few(J[-1])} in {len(J) - 1} steps, {how}"

    def describe(self, numbers: Numbers) -> str:
        return ". ".join(self.said(name, np.asarray(numbers["climbs"][name])) for name in self.climbs) + "."


def falls(J: Floats) -> NDArray[np.bool_]:
    """Whether each step has lowered J (n − 1,), rounding apart."""
    return np.diff(J) < -1e-9 * np.maximum(1, np.abs(J[:-1]))


class Hops(Curve):
    """J along one parameter with the steps that are taken on it; drag their start.

    Numbers: as Curve has them, at the start, and hops (n, 2), the points (θ, J) from the start on.
    """

    def draw(self, ax: Axes) -> None:
        (self.hops,) = ax.plot([], [], ".-", color=INK, lw=1.2, ms=8, animated=True)
        super().draw(ax)
        self.note.set(position=(0.5, 1.02), ha="center")
        ax.set_title("\n", fontsize=11)  # room for the note

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        self.hops.set_data(np.transpose(numbers["hops"]))

    def describe(self, numbers: Numbers) -> str:
        (theta, J), n = numbers["hops"][-1], len(numbers["hops"]) - 1
        return (
            f"{super().describe(numbers)} After {n} step{'s' * (n != 1)}: {self.xlabel} is {theta:.2f}, J is {J:.2f}."
        )


class StepSizes(Part):
    """J after one step, over its size α, for several directions; lines for J before it and after a greedy step.

    ways   name → (J for each of alphas (n,), colour, line style)
    Numbers: alpha; way, one of the names; J, what that step leads to.
    """

    def __init__(
        self, alphas: Floats, ways: Mapping[str, tuple[Floats, str, str]], before: float, greedy: float, top: float
    ) -> None:
        self.alphas, self.ways, self.before, self.greedy, self.top = alphas, ways, before, greedy, top

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(self.alphas[0], self.alphas[-1]), ylim=(0, self.top), xscale="log", xlabel="size of the step, α")
        ax.set_ylabel("J after one step")
        plain(ax)
        for y, text in ((self.before, "before\nthe step"), (self.greedy, "greedy\nstep: policy\niteration")):
            ax.axhline(y, color=INK, lw=0.8, ls=":")
            ax.annotate(  # beside the axes, where no cursor comes
                text, (self.alphas[-1], y), (6, 0), textcoords="offset points", va="center", fontsize=9, color=INK
            )
        for name, (J, color, style) in self.ways.items():
            ax.plot(self.alphas, J, style, color=color, lw=2.2, label=name)
        ax.legend(loc="upper left", fontsize=9, frameon=False)
        (self.cursor,) = ax.plot([], [], color=INK, lw=0.8, ls="--", animated=True)
        look: dict[str, Any] = {"mec": "white", "mew": 2, "ms": 13, "clip_on": False, "in_layout": False}
        (self.point,) = ax.plot([], [], "o", color=POLICY, zorder=5, animated=True, **look)
        ax.set_title("\n", fontsize=11)  # room for the note
        self.note = note_above(ax, 11)

    def update(self, numbers: Numbers) -> None:
        self.cursor.set_data([numbers["alpha"]] * 2, [0, numbers["J"]])
        self.point.set_data([numbers["alpha"]], [numbers["J"]])
        self.note.set_text(self.said(numbers))

    def said(self, numbers: Numbers) -> str:
        J, alpha = numbers["J"], numbers["alpha"]
        size = f"{alpha:,.0f}" if alpha >= 100 else f"{alpha:.2g}"
        way = "up" if self.before < J else "DOWN"
        return f"{numbers['way']}, α = {size}:\nJ {self.before:.4f} → {J:.4f}, {way}"

    def describe(self, numbers: Numbers) -> str:
        return " ".join(self.said(numbers).split()) + "."
