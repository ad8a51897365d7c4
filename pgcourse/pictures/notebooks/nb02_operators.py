"""The Bellman operator at work: two value functions drawn together by T^π, and the gap between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pgcourse.pictures.palette import INK, VALUE
from pgcourse.pictures.part import Numbers, Part, note_above, plain, with_power


class TwoValues(Part):
    """Two value functions on their way to v^π, over the states' numbers.

    Numbers: v, w and v_pi (S,); limits, the lowest and highest value to be shown.
    """

    def draw(self, ax: Axes) -> None:
        self.ax = ax
        ax.set(xlabel="state", ylabel="value")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        plain(ax)
        (self.target,) = ax.plot([], [], "_", color=INK, mew=2, ms=16, animated=True)
        (self.v,) = ax.plot([], [], "o-", color=VALUE, lw=1.2, ms=7, animated=True)
        (self.w,) = ax.plot([], [], "s--", color=VALUE, mfc="white", lw=1.2, ms=7, animated=True)
        ax.set_title("● v    □ w    ▬ $v^\\pi$", fontsize=11, color=INK)

    def update(self, numbers: Numbers) -> None:
        states = np.arange(len(numbers["v_pi"]))
        for line, name in ((self.v, "v"), (self.w, "w"), (self.target, "v_pi")):
            line.set_data(states, numbers[name])
        ax, (low, high) = self.ax, numbers["limits"]
        if (ax.get_xlim(), ax.get_ylim()) != ((-0.5, len(states) - 0.5), (low, high)):  # another MDP: drawn anew
            ax.set(xlim=(-0.5, len(states) - 0.5), ylim=(low, high))

    def describe(self, numbers: Numbers) -> str:
        v, w, v_pi = (np.asarray(numbers[name]) for name in ("v", "w", "v_pi"))
        return (
            f"{len(v)} states; v and w are {np.abs(v - w).max():.4f} apart, "
            f"v is {np.abs(v - v_pi).max():.4f} from its fixed point."
        )


class Gap(Part):
    """‖v − w‖∞ after n applications of T^π, as a part of the first gap, beside γⁿ.

    Numbers: n; gaps (n_max + 1,), the gap after each; gamma.
    """

    def __init__(self, n: int, floor: float = 1e-4) -> None:
        self.n, self.floor = n, floor

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.5, self.n + 0.5), ylim=(self.floor, 1.6), yscale="log", xlabel="applications n of $T^\\pi$")
        ax.set_ylabel("gap ÷ first gap")
        plain(ax)
        (self.bound,) = ax.plot([], [], "--", color=INK, lw=1.5, animated=True)
        (self.line,) = ax.plot([], [], ".-", color=VALUE, lw=1.2, ms=7, animated=True)
        look: dict[str, Any] = {"mec": "white", "mew": 1.5, "ms": 12, "clip_on": False, "in_layout": False}
        (self.point,) = ax.plot([], [], "o", color=VALUE, zorder=5, animated=True, **look)
        ax.set_title("●  gap ‖v − w‖, the largest difference    - -  γⁿ\n", fontsize=11, color=INK)  # room for the note
        self.note = note_above(ax)

    def update(self, numbers: Numbers) -> None:
        gaps, n, gamma = np.asarray(numbers["gaps"], dtype=float), numbers["n"], numbers["gamma"]
        steps = np.arange(len(gaps))
        self.bound.set_data(steps, gamma**steps)
        self.line.set_data(steps, gaps / gaps[0])
        self.point.set_data([n], [max(gaps[n] / gaps[0], self.floor)])  # smaller: on the scale's lower end
        last = f", last factor {gaps[n] / gaps[n - 1]:.3f}" if n and gaps[n - 1] else ""
        self.note.set_text(f"n = {n}: gap {_as_part(gaps[n] / gaps[0])}, γⁿ {_as_part(gamma**n)}{last}")

    def describe(self, numbers: Numbers) -> str:
        gaps, n, gamma = numbers["gaps"], numbers["n"], numbers["gamma"]
        now, bound = _as_part(gaps[n] / gaps[0]), _as_part(gamma**n)
        return f"After {n} applications the gap is {now} of the first; γ to the n is {bound}."


def _as_part(x: float) -> str:
    """A part of a whole: four decimals, or two digits if that shows nothing."""
    return f"{x:.4f}" if x >= 1e-3 or x == 0 else with_power(x, 2)
