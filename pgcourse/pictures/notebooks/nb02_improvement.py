"""A policy and the greedy policy on its q^π, pair by pair; and value iteration's greedy policies one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from pgcourse.pictures.bars import ActionBars
from pgcourse.pictures.grids import Grid
from pgcourse.pictures.palette import INK, PALE, POLICY, VALUE
from pgcourse.pictures.part import Numbers, Part, minus, note_above, plain, texts


class PolicyBars(ActionBars):
    """The row π(·|s) as bars that can all be dragged: the others make room in proportion. Below them π and q^π.

    Numbers: probs (S, A), state, pi, q_pi, greedy (S,), the action of the greedy policy in each state: where actions
    tie, the one that was chosen. A bar at the top makes the policy deterministic there.
    """

    room = 0.0

    def __init__(self, actions: Sequence[str], name: str = "probs") -> None:
        super().__init__(actions, -0.42, 1.16, "", name)

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set_yticks([-0.3, -0.12, 0, 0.5, 1], ["$q$", "$\\pi$", "0", "0.5", "1"])
        self.best = ax.text(0, 1.06, "greedy", ha="center", va="bottom", fontsize=9, color=POLICY, animated=True)
        self.handles = [
            handle._replace(label=f"π({action}|s)") for handle, action in zip(self.handles, self.actions, strict=True)
        ]
        for a, note in enumerate(self.notes):
            note.set(position=(a, -0.12), va="center", fontsize=9)
        self.outcomes = [
            ax.text(a, -0.3, "", ha="center", va="center", fontsize=9, color=VALUE, animated=True)
            for a in range(len(self.actions))
        ]

    def _setter(self, a: int) -> Callable[[float, float, dict[str, Any]], dict[str, Any]]:
        def values(x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
            probs = np.array(current[self.name])
            row, wish = probs[current["state"]], min(max(y, 0.0), 1.0)
            others = np.arange(len(row)) != a
            if row[others].sum() == 0:
                row[others] = 1
            row[others] *= (1 - wish) / row[others].sum()
            row[a] = wish
            return {self.name: probs}

        return values

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        probs, q = (table[numbers["state"]] for table in (numbers["pi"].probs, numbers["q_pi"]))
        self.best.set_x(numbers["greedy"][numbers["state"]])
        for note, outcome, share, value in zip(self.notes, self.outcomes, probs, q, strict=True):
            note.set_text(f"{share:.2f}")
            outcome.set_text(minus(f"{value:.3f}"))

    def describe(self, numbers: Numbers) -> str:
        s = numbers["state"]
        q = numbers["q_pi"][s]
        rows = zip(self.actions, numbers["pi"].probs[s], q, strict=True)
        said = "; ".join(f"{a} probability {share:.2f}, q {value:.3f}" for a, share, value in rows)
        return f"State {s}: {said}. Greedy there: {self.actions[numbers['greedy'][s]]}."


class PairGrid(Grid):
    """q^{π₁} − q^{π₀} in every pair: each cell of the grid has a triangle for each action, π₁'s own with a blue rim.

    Numbers: gain (S, A), greedy (S,) integers.
    """

    def __init__(self, desc: ArrayLike, title: str = "", most: float = 0.4, **grid: Any) -> None:
        super().__init__(desc, **grid)
        self.title, self.most = title, most

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set_title(self.title, fontsize=11, color=INK)
        self.draw_ends(ax)
        self.triangles = self.draw_triangles(ax, facecolor=VALUE, edgecolor="none", alpha=0.0)
        for centre in self.centres[self.free]:
            for rim in self.corners:
                ax.plot(*(centre + rim).T, color=PALE, lw=0.8)
        (self.rim,) = ax.plot([], [], color=POLICY, lw=2, animated=True)
        self.figures = texts(ax, self.beside((0.28, 0.32)), 9, zorder=4)  # a number is wider than it is high

    def update(self, numbers: Numbers) -> None:
        for patch, text, value in zip(self.triangles, self.figures, numbers["gain"][self.free].ravel(), strict=True):
            patch.set_alpha(0.65 * np.sqrt(min(max(value, 0), self.most) / self.most))
            text.set_text("0" if abs(value) < 5e-4 else minus(f"{value:.2f}"))
        chosen = self.centres[self.free, None] + self.corners[numbers["greedy"][self.free]]
        lifted = np.concatenate([chosen, np.full((len(chosen), 1, 2), np.nan)], axis=1)  # the pen, between triangles
        self.rim.set_data(lifted.reshape(-1, 2).T)

    def describe(self, numbers: Numbers) -> str:
        gain = numbers["gain"][self.free]
        return (
            f"Gains of the greedy policy over {gain.size} pairs: smallest {gain.min():.4f}, largest {gain.max():.4f}."
        )


WAYS_ON = {  # (s, a) → a Bézier curve's four points; the label's place
    (0, 0): ([(0.17, 0.26), (0.35, 0.5), (0.65, 0.5), (0.83, 0.26)], (0.5, 0.58)),
    (1, 0): ([(0.83, -0.26), (0.65, -0.5), (0.35, -0.5), (0.17, -0.26)], (0.5, -0.58)),
    (0, 1): ([(-0.2, 0.24), (-0.95, 0.75), (-0.95, -0.75), (-0.2, -0.24)], (-0.5, 0.58)),
    (1, 1): ([(1.2, -0.24), (1.95, -0.75), (1.95, 0.75), (1.2, 0.24)], (1.5, 0.58)),
}


class TwoStates(Part):
    """Two states: action a₀ goes to the other one, a₁ stays. The greedy policy's actions are blue and thick.

    Numbers: k, r (2, 2), iterate (2,), the values v_k, and greedy (2,), the actions that are greedy on them.
    """

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-1.0, 2.0), ylim=(-1.0, 1.0), aspect="equal")
        ax.axis("off")
        self.bold, self.labels = {}, {}
        t = np.linspace(0, 1, 33)[:, None]
        for pair, (points, place) in WAYS_ON.items():
            a, b, c, d = np.array(points)
            curve = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
            (self.bold[pair],) = ax.plot(*curve.T, color=POLICY, lw=7, alpha=0.55, animated=True)
            ax.annotate("", curve[-1], curve[-3], arrowprops={"arrowstyle": "-|>", "color": INK, "mutation_scale": 15})
            ax.plot(*curve[:-2].T, color=INK, lw=1.2)
            self.labels[pair] = ax.text(*place, "", ha="center", va="center", fontsize=10, color=INK, animated=True)
        self.values = []
        for s in range(2):
            ax.add_patch(Circle((s, 0), 0.29, facecolor="white", edgecolor=INK, lw=1.5, zorder=3))
            ax.text(s, 0.1, f"state {s}", ha="center", va="center", fontsize=9, color=INK, zorder=4)
            self.values.append(
                ax.text(s, -0.09, "", ha="center", va="center", fontsize=10, color=VALUE, zorder=4, animated=True)
            )
        self.note = ax.text(0.5, -0.9, "", ha="center", va="center", fontsize=10, color=INK, animated=True)

    def update(self, numbers: Numbers) -> None:
        for (s, a), line in self.bold.items():
            chosen = bool(numbers["greedy"][s] == a)
            line.set_visible(chosen)
            self.labels[s, a].set_text(minus(f"{'a₀' if a == 0 else 'a₁'}: r = {numbers['r'][s, a]:g}"))
            self.labels[s, a].set_fontweight("bold" if chosen else "normal")
        for text, value in zip(self.values, numbers["iterate"], strict=True):
            text.set_text(minus(f"{value:.2f}"))
        self.note.set_text(f"sweeps: {numbers['k']}   in the circles: v   blue: greedy on v")

    def describe(self, numbers: Numbers) -> str:
        v, actions = numbers["iterate"], numbers["greedy"]
        return (
            f"Sweeps: {numbers['k']}. v is ({v[0]:.2f}, {v[1]:.2f}); "
            f"greedy on it: a{actions[0]} in state 0, a{actions[1]} in state 1."
        )


class PolicyValues(Part):
    """What the greedy policy on v_k is really worth in each of two states, up to k; the dotted lines are v*.

    Numbers: k; worth (n, 2), the values v^π of the policy greedy on each v_k; v_star (2,); tied (n,), optional: where
    some state has another action that is as greedy. The scale has the smallest of `reaches` that holds all of them.
    """

    def __init__(self, n: int, reaches: Sequence[float] = (13.0, 33.0)) -> None:
        self.n, self.reaches = n, sorted(reaches)

    def draw(self, ax: Axes) -> None:
        self.ax = ax
        ax.set(xlim=(-0.4, self.n - 0.6), ylim=(-self.reaches[0], self.reaches[0]), xlabel="sweeps k")
        ax.set_ylabel("worth of the policy greedy on $v_k$")
        ax.set_xticks(range(0, self.n, 2))
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        (self.cursor,) = ax.plot([], [], color=INK, lw=1, ls="--", animated=True)
        self.lines, self.best = [], []
        for s, mark in enumerate("os"):
            self.lines += ax.plot(
                [], [], f"{mark}-", color=VALUE, mfc=VALUE if s else "white", lw=1.5, ms=8, animated=True
            )
            self.best += ax.plot([], [], ":", color=VALUE, lw=1.5, animated=True)
        ax.set_title("○ state 0   ■ state 1   ···· v*\n\n\n", fontsize=11, color=VALUE)  # and room for the note
        self.note = note_above(ax, 11)

    def update(self, numbers: Numbers) -> None:
        worth, k = np.asarray(numbers["worth"]), numbers["k"]
        for s in range(2):
            self.lines[s].set_data(np.arange(k + 1), worth[: k + 1, s])
            self.best[s].set_data([-0.4, self.n - 0.6], [numbers["v_star"][s]] * 2)
        highest = max(np.abs(worth).max(), np.abs(numbers["v_star"]).max())
        reach = next((reach for reach in self.reaches if highest < 0.97 * reach), self.reaches[-1])
        if self.ax.get_ylim() != (-reach, reach):  # much larger values: drawn anew
            self.ax.set_ylim(-reach, reach)
        self.cursor.set_data([k, k], [-reach, reach])
        self.note.set_text(minus("\n".join(self.verdict(numbers))))

    def verdict(self, numbers: Numbers) -> tuple[str, str]:
        worth, k = np.asarray(numbers["worth"]), numbers["k"]
        tied = np.asarray(numbers.get("tied", np.zeros(len(worth), dtype=bool)))
        here = f"k = {k}: worth ({worth[k, 0]:.3f}, {worth[k, 1]:.3f})"
        change = worth[k] - worth[max(k - 1, 0)]
        if (np.abs(change) < 1e-9).all():
            return here, "as before" if k else "the first greedy policy"
        if (change < -1e-9).all():
            return here, "WORSE than before in every state" + (", but by a tie" if tied[k - 1 : k + 1].any() else "")
        if (change > -1e-9).all():
            return here, "better than before"
        return here, "not better than before in every state"

    def describe(self, numbers: Numbers) -> str:
        v_star = numbers["v_star"]
        here, judged = self.verdict(numbers)
        return f"Greedy policy at {here}, {judged}; the best policy is worth ({v_star[0]:.3f}, {v_star[1]:.3f})."
