"""The theorem taken apart: each pair's term of ∇J on the grid, its factors, their sum, and what one step does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from pgcourse.pictures.grids import Grid
from pgcourse.pictures.palette import GRADIENT, INK, MINUS, OCCUPANCY, PALE, PLUS, POLICY, SIGNED, VALUE, for_text
from pgcourse.pictures.part import Handle, Numbers, Part, minus, plain, signed, texts

CELL = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
FAINT = 1e-3  # of the largest term: what is smaller has no sign written


class PairTerms(Grid):
    """A quantity of each pair that has a sign, as triangles in the grid's cells, of which one can be chosen.

    + is orange, − violet, and both are written. States have their numbers.
    Numbers: terms (S, A), state, action; beside (S, A), if other terms are to be seen on the same scale.
    """

    def __init__(self, desc: ArrayLike, actions: Sequence[str], what: str = "term", **grid: Any) -> None:
        super().__init__(desc, **grid)
        self.actions, self.what = actions, what

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set_xlabel(f"{self.what}: + orange, − violet", fontsize=10)
        self.triangles = self.draw_triangles(ax, facecolor="white", edgecolor=PALE, lw=0.8)
        self.signs = texts(ax, self.beside(0.31), 12, zorder=4)
        places = self.centres[self.free] - (0.23, 0.405)  # clear of the rim of any triangle, and of the ring
        for text, s in zip(texts(ax, places, 9, zorder=4), self.free, strict=True):
            text.set_text(str(s))
        size = max(self.desc.shape)
        ends = np.array([-0.5, size - 0.5, np.nan])
        edges = np.concatenate([np.column_stack([ends, 0 * ends + k - 0.5]) for k in range(1, size)])
        for line in (edges, edges[:, ::-1]):  # between the cells, above the triangles
            ax.plot(*line.T, color=INK, lw=0.8, zorder=3, animated=True)
        self.draw_ends(ax)
        (self.rim,) = ax.plot([], [], color=INK, lw=2.5, zorder=5, animated=True, clip_on=False)
        (self.chosen,) = ax.plot([], [], "o", mfc="none", mec=INK, mew=1.5, ms=17, zorder=5, animated=True)
        self.handles = [Handle(self.chosen, "pair of state and action", self._selected, step=(0.62, -0.62))]

    def _selected(self, x: float, y: float, _: dict[str, Any]) -> dict[str, Any]:
        """The cell under (x, y), and the action on whose side of the cell it lies."""
        rows, columns = self.desc.shape
        column, row = min(max(round(x), 0), columns - 1), min(max(round(y), 0), rows - 1)
        return {"state": row * columns + column, "action": int((self.moves @ (x - column, y - row)).argmax())}

    def update(self, numbers: Numbers) -> None:
        terms = np.asarray(numbers["terms"], dtype=float)[self.free].ravel()
        largest = _largest(numbers, lambda x: x)
        shades = np.sign(terms) * np.sqrt(np.abs(terms) / largest) if largest else terms
        for patch, sign, term, shade in zip(self.triangles, self.signs, terms, shades, strict=True):
            patch.set_facecolor(SIGNED((shade + 1) / 2))
            sign.set_text("" if abs(term) <= FAINT * largest else "+" if term > 0 else "−")
        centre, over = self.centres[numbers["state"]], numbers["state"] not in self.free
        rim = CELL if over else self.corners[numbers["action"]]  # no triangle's tip in the name of a hole
        self.rim.set_data((centre + rim).T)
        x, y = centre + (0.38 if over else 0.31) * self.moves[numbers["action"]]
        self.chosen.set_data([x], [y])

    def describe(self, numbers: Numbers) -> str:
        terms = np.asarray(numbers["terms"], dtype=float)
        s, a = np.unravel_index(np.abs(terms).argmax(), terms.shape)
        drawn, faint = terms[self.free], FAINT * _largest(numbers, lambda x: x)
        more, less = np.count_nonzero(drawn > faint), np.count_nonzero(drawn < -faint)
        return (
            f"The grid: {more} pairs with a plus, {less} with a minus; "
            f"the largest is {signed(float(terms[s, a]))}, {self.actions[a]} in state {s}. "
            f"{self.actions[numbers['action']].capitalize()} in state {numbers['state']} is chosen."
        )


class Factors(Part):
    """The chosen pair's four factors and their product; below, all pairs' terms added up, one after the other.

    Numbers: terms (S, A), whose sum is total; state, action; factors, four numbers; names, what the third and the
    fourth are called; parameter, what the derivatives are by; beside (S, A), if other terms are to be seen on the same
    scale.
    """

    colors = (OCCUPANCY, POLICY, VALUE, for_text(GRADIENT))

    def __init__(self, actions: Sequence[str]) -> None:
        self.actions = actions

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        look: dict[str, Any] = {"transform": ax.transAxes, "ha": "center", "va": "center", "animated": True}
        self.title = ax.text(0.5, 0.965, "", fontsize=11, color=INK, **look)
        places = (0.1, 0.31, 0.53, 0.76)
        self.names = [
            ax.text(x, 0.85, "", fontsize=10.5, color=c, **look) for x, c in zip(places, self.colors, strict=True)
        ]
        self.values = [
            ax.text(x, 0.76, "", fontsize=13, color=c, weight="bold", **look)
            for x, c in zip(places, self.colors, strict=True)
        ]
        for x, sign in zip((0.205, 0.42, 0.645), "···", strict=True):
            ax.text(x, 0.76, sign, transform=ax.transAxes, ha="center", va="center", fontsize=16, color=INK)
        self.product = ax.text(0.5, 0.655, "", fontsize=12, color=INK, **look)
        plot = ax.inset_axes((0.1, 0.09, 0.78, 0.43))
        plot.set(xlim=(-0.5, 15.5), ylim=(-1.15, 1.15), yticks=[0], yticklabels=["0"])
        plot.set_xticks(range(16))
        plot.tick_params(axis="x", labelsize=9)
        plot.set_xlabel("state by state, its four actions in a row: the terms add up", fontsize=10)
        plain(plot)
        plot.axhline(0, color=PALE, lw=0.8)
        (self.goal,) = plot.plot([], [], "--", color=GRADIENT, lw=1.5, animated=True)
        (self.way,) = plot.plot([], [], color=INK, lw=0.8, animated=True)
        (self.up,) = plot.plot([], [], color=PLUS, lw=6, solid_capstyle="butt", animated=True)
        (self.down,) = plot.plot([], [], color=MINUS, lw=6, solid_capstyle="butt", animated=True)
        (self.mark,) = plot.plot([], [], "o", mfc="none", mec=INK, mew=1.5, ms=13, zorder=5, animated=True)
        self.total = plot.text(
            15.8, 0, "", ha="left", va="center", fontsize=10.5, color=for_text(GRADIENT), weight="bold", animated=True
        )
        self.head = ax.text(0.5, 0.565, "", fontsize=10.5, color=for_text(GRADIENT), **look)

    def update(self, numbers: Numbers) -> None:
        s, a, parameter = numbers["state"], numbers["action"], numbers["parameter"]
        terms = np.asarray(numbers["terms"], dtype=float)
        self.title.set_text(f"state {s}, action {self.actions[a]}")
        names = ("ρ(s)", "π(a|s)", *numbers["names"])
        for name, value, text, factor in zip(self.names, self.values, names, numbers["factors"], strict=True):
            name.set_text(text)
            value.set_text(minus(f"{factor:.3f}"))
        self.product.set_text(f"=  {signed(float(terms[s, a]))}, this pair's term of ∂J/∂{parameter}")
        self._add_up(terms.ravel(), s * len(self.actions) + a, _largest(numbers, np.cumsum))
        self.head.set_text(f"all terms together: ∂J/∂{parameter} = {signed(numbers['total'])}")

    def _add_up(self, terms: np.ndarray, chosen: int, highest: float) -> None:
        after, scale = terms.cumsum(), max(highest, 1e-300)
        before, after = (after - terms) / scale, after / scale
        x = (np.arange(terms.size) - (len(self.actions) - 1) / 2) / len(self.actions)
        self.way.set_data(np.repeat(x, 2), np.column_stack([before, after]).ravel())
        for line, here in ((self.up, terms > 0), (self.down, terms < 0)):
            gap = np.full(here.sum(), np.nan)
            line.set_data(np.repeat(x[here], 3), np.column_stack([before[here], after[here], gap]).ravel())
        self.mark.set_data([x[chosen]], [(before + after)[chosen] / 2])
        self.goal.set_data([-0.5, 15.5], [after[-1]] * 2)
        self.total.set_text("sum")
        self.total.set_y(after[-1])

    def describe(self, numbers: Numbers) -> str:
        s, a = numbers["state"], numbers["action"]
        names = ("ρ(s)", "π(a|s)", *numbers["names"])
        factors = ", ".join(f"{name} {x:.4f}" for name, x in zip(names, numbers["factors"], strict=True))
        return (
            f"In state {s}, action {self.actions[a]}: {factors}; their product is {signed(numbers['terms'][s][a])}. "
            f"All terms together: ∂J/∂{numbers['parameter']} is {signed(numbers['total'])}."
        )


def _largest(numbers: Numbers, levels: Callable[[np.ndarray], np.ndarray]) -> float:
    """The largest size of the terms' levels, of those beside them, too."""
    both = (np.asarray(numbers[name], dtype=float) for name in ("terms", "beside") if name in numbers)
    return max(float(np.abs(levels(x)).max()) for x in both)


class StepBars(Part):
    """One state's row of π before (hollow) and after (filled) a step along ∇J, with what pushes each action.

    Numbers: state, before and after (S, A), push (S, A), q (S, A), J and J_after.
    """

    def __init__(self, actions: Sequence[str]) -> None:
        self.actions = actions

    def draw(self, ax: Axes) -> None:
        n = len(self.actions)
        ax.set(xlim=(-1.35, n - 0.4), ylim=(-0.66, 1.04))
        ax.axis("off")
        ax.plot([-0.6, n - 0.4], [0, 0], color=INK, lw=0.8)
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10.5, "animated": True}
        self.title = ax.text(0.5, 1.03, "", transform=ax.transAxes, **look | {"fontsize": 11, "color": INK})
        rows = [
            (-0.2, "$q^\\pi(s,a)$", VALUE),
            (-0.33, "$\\rho\\,\\pi\\,A$", for_text(GRADIENT)),
            (-0.46, "$\\pi$ before", POLICY),
            (-0.59, "$\\Delta\\log\\pi$", INK),
        ]
        for y, name, color in rows:
            ax.text(-0.68, y, name, ha="right", va="center", fontsize=10.5, color=color)
        ax.text(-0.68, 0.6, "□ before\n■ after", ha="right", va="center", fontsize=10.5, color=POLICY)
        self.after: list[Any] = []
        self.before: list[Any] = []
        for a, action in enumerate(self.actions):
            ax.text(a, -0.07, action, ha="center", va="center", fontsize=10.5, color=INK)
            new = Rectangle((a - 0.26, 0), 0.52, 0, facecolor=POLICY, edgecolor="none", alpha=0.45, animated=True)
            old = Rectangle((a - 0.34, 0), 0.68, 0, facecolor="none", edgecolor=POLICY, lw=1.8, animated=True)
            self.after.append(ax.add_patch(new))
            self.before.append(ax.add_patch(old))
        self.cells = [[ax.text(a, y, "", color=c, **look) for a in range(n)] for y, _, c in rows]

    def update(self, numbers: Numbers) -> None:
        s = numbers["state"]
        before, after = (np.asarray(numbers[name], dtype=float)[s] for name in ("before", "after"))
        self.title.set_text(
            f"J = {numbers['J']:.4f} before the step, {numbers['J_after']:.4f} after;  shown: state {s}"
        )
        for a in range(len(self.actions)):
            self.before[a].set_height(before[a])
            self.after[a].set_height(after[a])
        for cells, row in zip(self.cells, self.figures(numbers), strict=True):
            for cell, text in zip(cells, row, strict=True):
                cell.set_text(text)

    def figures(self, numbers: Numbers) -> list[list[str]]:
        s = numbers["state"]
        before, after = (np.asarray(numbers[name], dtype=float)[s] for name in ("before", "after"))
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.log(after) - np.log(before)
        return [
            [minus(f"{x:.3f}") for x in numbers["q"][s]],
            [signed(x) for x in numbers["push"][s]],
            [f"{x:.3f}" for x in before],
            ["0" if abs(x) < 5e-5 else ("▲ " if x > 0 else "▼ ") + minus(f"{x:+.4f}") for x in change],
        ]

    def describe(self, numbers: Numbers) -> str:
        q, push, before, change = self.figures(numbers)
        rows = "; ".join(
            f"{a} q {x}, push {y}, probability {b}, log-probability changes by {c.lstrip('▲▼ ')}"
            for a, x, y, b, c in zip(self.actions, q, push, before, change, strict=True)
        )
        return (
            f"State {numbers['state']}: {rows}. J {numbers['J']:.4f} before, {numbers['J_after']:.4f} after the step."
        )
