"""LaneBars that play beside each other, the mean of what they earn, and how fast they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, POLICY, VALUE
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, plain


class LaneBars(Part):
    """Trajectories on lanes as bars over time: those that are counted in colour, the others pale.

    lanes, horizon   how many rows there are, and where the axis ends; what is longer is cut there
    Numbers: lane, begin, end, counted (n,) of the trajectories; stop, the time when the last of those counted is over.
    """

    def __init__(self, lanes: int, horizon: int) -> None:
        self.lanes, self.horizon = lanes, horizon

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, self.horizon), ylim=(self.lanes - 0.3, -0.9), xlabel="time (steps)", ylabel="lane")
        ax.set_yticks([0, self.lanes // 2 - 1, self.lanes - 1], ["1", f"{self.lanes // 2}", f"{self.lanes}"])
        plain(ax)
        ax.set_title("a bar is a trajectory: blue is counted, grey is not\n", fontsize=10.5, color=INK)
        look: dict[str, Any] = {"lw": 7, "solid_capstyle": "butt", "animated": True}
        (self.others,) = ax.plot([], [], color="#B4BCC6", **look)
        (self.counted,) = ax.plot([], [], color=POLICY, **look)
        (self.stop,) = ax.plot([], [], "--", color=GRADIENT, lw=1.8, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        lane, begin, end = (np.asarray(numbers[name], dtype=float) for name in ("lane", "begin", "end"))
        counted = np.asarray(numbers["counted"], dtype=bool)
        for line, shown in ((self.counted, counted), (self.others, ~counted)):
            gap = np.full(np.count_nonzero(shown), np.nan)
            x = np.column_stack([begin[shown] + 0.12, end[shown] - 0.12, gap])
            line.set_data(x.ravel(), np.column_stack([lane[shown], lane[shown], gap]).ravel())
        self.stop.set_data([numbers["stop"]] * 2, [-0.8, self.lanes - 0.4])
        self.note.set_text(minus(self.said(numbers)))

    def said(self, numbers: Numbers) -> str:
        counted = np.asarray(numbers["counted"], dtype=bool)
        length = (np.asarray(numbers["end"]) - np.asarray(numbers["begin"]))[counted]
        return f"counted: {len(length)}, mean length {length.mean():.2f}, the last over at step {numbers['stop']:.0f}"

    def describe(self, numbers: Numbers) -> str:
        return f"Lanes: {int(np.max(numbers['lane'])) + 1}. Trajectories {self.said(numbers)}."


class MeanReturn(Part):
    """The exact distribution of a mean return, as an area; its mean and one standard deviation to each side.

    xlim, top   the axes
    Numbers: returns (k,) and their density (k,), mean, spread.
    """

    def __init__(self, xlim: tuple[float, float], top: float) -> None:
        self.xlim, self.top = xlim, top

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.xlim, ylim=(0, self.top), xlabel="mean return of the N roll-outs", ylabel="density")
        plain(ax)
        ax.set_title("what the mean can come to, exactly\n", fontsize=10.5, color=INK)
        self.area: Any = ax.add_patch(Polygon(np.zeros((3, 2)), fc=VALUE, ec="none", alpha=0.35, animated=True))
        (self.line,) = ax.plot([], [], color=VALUE, lw=1.8, animated=True)
        (self.span,) = ax.plot([], [], "|-", color=OCCUPANCY, lw=3, ms=14, mew=3, animated=True)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        x, density = np.asarray(numbers["returns"], dtype=float), np.asarray(numbers["density"], dtype=float)
        mean, spread = numbers["mean"], numbers["spread"]
        self.area.set_xy(np.column_stack([np.r_[x[0], x, x[-1]], np.r_[0, density, 0]]))
        self.line.set_data(x, density)
        self.span.set_data([mean - spread, mean, mean + spread], [0.05 * self.top] * 3)
        self.note.set_text(minus(f"mean {mean:.2f}, standard deviation {spread:.2f}"))

    def describe(self, numbers: Numbers) -> str:
        return f"The mean return has the mean {numbers['mean']:.2f} and the spread {numbers['spread']:.3f}."


class Throughput(Part):
    """Steps per second against the number of lanes, both in powers of ten, one line a way.

    looks   way → (marker, colour)
    Numbers: speeds, way → (lanes (k,), steps per second (k,)), of which some may be empty; said.
    """

    def __init__(
        self, looks: Mapping[str, tuple[str, str]], xlim: tuple[float, float], ylim: tuple[float, float]
    ) -> None:
        self.looks, self.xlim, self.ylim = looks, xlim, ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xscale="log", yscale="log", xlim=self.xlim, ylim=self.ylim)
        ax.set(xlabel="lanes (joblib: of each process)", ylabel="steps per second")
        ax.grid(axis="y", color="#E6EAEE")
        plain(ax)
        ax.set_title("\n", fontsize=10.5)
        self.lines: dict[str, Any] = {}
        for name, (marker, color) in self.looks.items():
            (self.lines[name],) = ax.plot([], [], marker + "-", color=color, lw=1.8, ms=8, mec="white", animated=True)
        handles: Sequence[Any] = [
            ax.plot([], [], marker + "-", color=color, lw=1.8, ms=8, mec="white", label=name)[0]
            for name, (marker, color) in self.looks.items()
        ]
        ax.figure.legend(handles=handles, loc="outside right upper", fontsize=10, frameon=False, labelcolor=INK)
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        for name, line in self.lines.items():
            x, y = self.points(numbers, name)
            line.set_data(x, y.clip(*self.ylim))
        self.note.set_text(numbers["said"])

    def points(self, numbers: Numbers, name: str) -> tuple[Floats, Floats]:
        x, y = numbers["speeds"].get(name, ((), ()))
        return np.asarray(x, dtype=float), np.asarray(y, dtype=float)

    def describe(self, numbers: Numbers) -> str:
        best = {name: self.points(numbers, name)[1] for name in self.looks}
        found = "; ".join(f"{name} up to {y.max():,.0f}" for name, y in best.items() if len(y))
        return f"Steps per second: {found or 'nothing measured yet'}. {numbers['said']}."
