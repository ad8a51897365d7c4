"""A squashed Gaussian beside the policy that it stands in for, and a critic's answers against two truths."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.notebooks.nb11_gaussians import WalledDensity
from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, VALUE
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, plain


class TwoDensities(WalledDensity):
    """A WalledDensity, and a second density over other places, dashed. Numbers: also b (k,) and other (k,)."""

    ylabel = "density"

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.locator_params(axis="x", nbins=5)
        (self.other,) = ax.plot([], [], "--", color=GRADIENT, lw=2, animated=True)

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        self.other.set_data(numbers["b"], np.minimum(numbers["other"], 100 * self.top))

    def higher(self, numbers: Numbers) -> str:
        return super().higher(numbers) or "   (dashed peak cut off)" * bool(max(numbers["other"]) > self.top)

    def describe(self, numbers: Numbers) -> str:
        places = (np.asarray(numbers[at])[np.argmax(numbers[of])] for at, of in (("a", "density"), ("b", "other")))
        own, other = places
        where = f"The density is highest at {own:.2f}, the dashed one at {other:.2f}."
        return f"{where} {super().describe(numbers)}"


class AgainstTruth(Part):
    """Answers against what is true, a mark a state, in two meanings of true; on the diagonal an answer is right.

    names   the two meanings: the first is drawn as crosses, the second as dots
    Numbers: answers (N,), truths: name → (N,); note (a line above). Empty arrays show nothing; what is beyond the frame
    stands at its edge.
    """

    def __init__(self, names: tuple[str, str], lim: tuple[float, float], xlabel: str, ylabel: str) -> None:
        self.names, self.lim, self.xlabel, self.ylabel = names, lim, xlabel, ylabel

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.lim, ylim=self.lim, aspect="equal", xlabel=self.xlabel, ylabel=self.ylabel)
        plain(ax)
        first, second = self.names
        ax.set_title(f"+ {first}     • {second}\n", fontsize=10.5, color=INK)
        ax.plot(self.lim, self.lim, "--", color=INK, lw=1)
        look: Any = {"ls": "", "animated": True}
        (one,) = ax.plot([], [], marker="+", ms=7, mew=1.4, color=OCCUPANCY, **look)
        (two,) = ax.plot([], [], marker="o", ms=4.5, mec="none", color=VALUE, alpha=0.6, **look)
        self.marks = {first: one, second: two}
        self.note = note_above(ax, 10.5)

    def update(self, numbers: Numbers) -> None:
        answers: Floats = np.clip(np.asarray(numbers["answers"], dtype=float), *self.lim)
        for name, mark in self.marks.items():
            mark.set_data(np.clip(np.asarray(numbers["truths"][name], dtype=float), *self.lim), answers)
        self.note.set_text(minus(numbers["note"]))

    def describe(self, numbers: Numbers) -> str:
        answers = np.asarray(numbers["answers"], dtype=float)
        if not len(answers):
            return f"0 states so far: {numbers['note']}."
        off = {name: float(np.mean(answers - numbers["truths"][name])) for name in self.names}
        parts = ", ".join(f"{name} {gap:+.1f}" for name, gap in off.items())
        return f"In {len(answers)} states the answers are off, on average: {parts}. {numbers['note']}."
