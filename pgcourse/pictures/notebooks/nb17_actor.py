"""An actor that climbs a critic: μ(s) over q(s, a), with the slopes that pull it, in the states that were stored."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, POLICY, VALUES
from pgcourse.pictures.part import Floats, Numbers, Part, arrows, minus, note_above, set_tails


class ActorOnCritic(Part):
    """The actor as a line over the plane of states and actions, on a critic as colour; arrows are its slopes ∇_a q.

    key     the key of this part's numbers, if a picture has two such parts
    n       how many states have an arrow; they stand as marks above the lower edge, too
    Numbers: q (rows, columns), lowest action first; s (k,), mu (k,), best (k,), NaN where it is not shown; states (n,),
    actions (n,), slopes (n,), said (a line above).
    """

    def __init__(self, key: str, title: str, s: tuple[float, float], a: tuple[float, float], n: int) -> None:
        self.key, self.title, self.s, self.a, self.n = key, title, s, a, n

    def draw(self, ax: Axes) -> None:
        self.image = ax.imshow(
            np.zeros((2, 2)), cmap=VALUES, vmin=0, vmax=1, origin="lower", extent=(*self.s, *self.a), aspect="auto",
            animated=True,
        )  # fmt: skip
        ax.set(xlabel="state s", ylabel="action a", xlim=self.s, ylim=self.a)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        (self.best,) = ax.plot([], [], "--", color=INK, lw=1.4, animated=True)
        (self.line,) = ax.plot([], [], color=POLICY, lw=2.6, animated=True)
        (self.marks,) = ax.plot([], [], "|", color=OCCUPANCY, ms=9, mew=2, animated=True)
        self.pulls = arrows(ax, np.zeros(self.n), np.zeros(self.n), GRADIENT, 0.008)
        (self.points,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=1, ms=6, animated=True)
        self.note = note_above(ax, 10)

    def update(self, numbers: Numbers) -> None:
        numbers = numbers[self.key]
        q, states, actions = (np.asarray(numbers[name], dtype=float) for name in ("q", "states", "actions"))
        self.image.set_data((q - q.min()) / max(np.ptp(q), 1e-12))
        self.line.set_data(numbers["s"], numbers["mu"])
        self.best.set_data(numbers["s"], numbers["best"])
        self.marks.set_data(states, np.full(self.n, self.a[0] + 0.025 * (self.a[1] - self.a[0])))
        self.points.set_data(states, actions)
        set_tails(self.pulls, np.column_stack([states, actions]))
        self.pulls.set_UVC(np.zeros(self.n), self.lengths(np.asarray(numbers["slopes"], dtype=float)))
        self.note.set_text(minus(numbers["said"]))

    def lengths(self, slopes: Floats) -> Floats:
        """Arrows grow as √|slope|, so that a small slope can be seen and a large one fits."""
        longest = 0.28 * (self.a[1] - self.a[0])
        return np.clip(np.sign(slopes) * np.sqrt(np.abs(slopes)) * longest / 2, -longest, longest)

    def describe(self, numbers: Numbers) -> str:
        numbers = numbers[self.key]
        slopes, states, actions = (
            np.asarray(numbers[name], dtype=float).round(6) + 0.0 for name in ("slopes", "states", "actions")
        )
        up, down = np.count_nonzero(slopes > 0.005), np.count_nonzero(slopes < -0.005)
        means = [round(x.mean(), 2) + 0.0 for x in (states, actions)]
        where = f"{self.n} states around {means[0]:.2f} the action is {means[1]:.2f} on average"
        first, last = slopes[states.argmin()], slopes[states.argmax()]
        text = f"{self.title}: in {where}. The slope is positive in {up} and negative in {down} of them, "
        return f"{text}{first:.2f} in the leftmost and {last:.2f} in the rightmost. {numbers['said']}."
