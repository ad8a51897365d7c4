"""The course's pictures: ordinary matplotlib, whose animated artists are moved by `update`.

A *part* is drawn once into an axes (`draw(ax)`), then moved (`update(numbers)`) and put into words
(`describe(numbers)`). `numbers` is a dictionary with the names of the course's notation: theta, pi, v_pi, rho_pi, J,
grad_J, … A `Picture` puts parts side by side in one figure.

    picture = Picture([Landscape(t1, t2, J), GridWorld(desc)])
    picture.update({"theta": theta, "J": J, "grad_J": grad_J, "pi": pi, "v_pi": v_pi})
    picture.figure.savefig("still.png")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.quiver import Quiver
from numpy.typing import ArrayLike, NDArray

Numbers = Mapping[str, Any]
Array = NDArray[np.float64]

# One palette, after Okabe and Ito, which readers with any colour vision can tell apart; each colour has one meaning.
POLICY = "#0072B2"  # π and θ
GRADIENT = "#D55E00"  # ∇J
VALUE = "#00734F"  # v and J
OCCUPANCY = "#8F3F71"  # ρ
INK, PALE = "#1F2328", "#D0D7DE"
VALUES = LinearSegmentedColormap.from_list("values", ["#FFFFFF", "#BFE8D6", "#5CC29B"])  # dark text stays legible

_GAP = (np.nan, np.nan)  # lifts the pen between two lines
CSS_PIXELS = 100  # dpi: one inch of a figure is 100 CSS pixels


class Handle(NamedTuple):
    """A point the reader may drag: where it goes is turned into values by `values(x, y, current values)`."""

    line: Line2D
    label: str
    values: Callable[[float, float, dict[str, Any]], dict[str, Any]]
    step: tuple[float, float] = (0.1, 0.1)
    along: Line2D | None = None
    snap: bool = False


class Part:
    """What every part of a picture offers; `handles` exist once it is drawn."""

    handles: Sequence[Handle] = ()

    def draw(self, ax: Axes) -> None:
        """Draw what stays, and make the animated artists that move."""
        raise NotImplementedError

    def update(self, numbers: Numbers) -> None:
        """Move the animated artists."""
        raise NotImplementedError

    def describe(self, numbers: Numbers) -> str:
        """What is seen, in a sentence for a screen reader."""
        raise NotImplementedError


class Picture:
    """Parts side by side in one figure of `width` × `height` CSS pixels."""

    def __init__(
        self, parts: Sequence[Part], width: float = 900, height: float = 380, ratios: Sequence[float] | None = None
    ) -> None:
        self.parts = parts
        self.figure = Figure(figsize=(width / CSS_PIXELS, height / CSS_PIXELS), dpi=CSS_PIXELS, layout="constrained")
        axes = self.figure.subplots(1, len(parts), squeeze=False, width_ratios=ratios)[0]
        for part, ax in zip(parts, axes, strict=True):
            part.draw(ax)
        self.handles = [handle for part in parts for handle in part.handles]

    def update(self, numbers: Numbers) -> None:
        for part in self.parts:
            part.update(numbers)

    def describe(self, numbers: Numbers) -> str:
        return " ".join(part.describe(numbers) for part in self.parts)


class Curve(Part):
    """J along one parameter, with the point (θ, J(θ)) to drag and the tangent of slope ∂J/∂θ.

    Numbers: the parameter by its `name` (float), J (float), grad_J (float or (1,)); `curve` ((n,), optional) replaces
    y. `top` = (label, {x: text}) adds a second scale above.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        ylim: tuple[float, float] | None = None,
        name: str = "theta",
        xlabel: str = "θ",
        top: tuple[str, dict[float, str]] | None = None,
    ) -> None:
        self.x, self.y, self.ylim, self.name, self.xlabel, self.top = x, y, ylim, name, xlabel, top

    def draw(self, ax: Axes) -> None:
        ax.set(xlabel=self.xlabel, ylabel=f"J({self.xlabel})", xlim=(self.x[0], self.x[-1]))
        _plain(ax)
        if self.top:
            label, ticks = self.top
            above = ax.secondary_xaxis("top")
            above.set_xlabel(label)
            above.set_xticks(list(ticks), list(ticks.values()))
        (self.line,) = ax.plot(self.x, self.y, color=VALUE, lw=2.5, animated=True)
        ax.set_ylim(self.ylim or ax.get_ylim())
        (self.tangent,) = ax.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=15, animated=True)
        self.note = ax.text(0.03, 0.04, "", transform=ax.transAxes, va="bottom", fontsize=12, color=INK, animated=True)
        width = self.x[-1] - self.x[0]
        self.reach = 0.13 * width
        self.shape = width / np.ptp(ax.get_ylim())  # so that a steep tangent is not longer than a flat one
        name = self.name
        self.handles = [
            Handle(self.point, self.xlabel, lambda x, y, _: {name: x}, step=(width / 100, 1), along=self.line)
        ]

    def update(self, numbers: Numbers) -> None:
        theta, J, slope = float(numbers[self.name]), float(numbers["J"]), np.ravel(numbers["grad_J"])[0]
        if "curve" in numbers:
            self.line.set_ydata(numbers["curve"])
        reach = self.reach / np.hypot(1, slope * self.shape)
        self.point.set_data([theta], [J])
        self.tangent.set_data([theta - reach, theta + reach], [J - reach * slope, J + reach * slope])
        name = self.xlabel
        self.note.set_text(_minus(f"{name} = {theta:.2f}    J = {J:.2f}    slope dJ/d{name} = {slope:+.2f}"))

    def describe(self, numbers: Numbers) -> str:
        slope = np.ravel(numbers["grad_J"])[0]
        way = "rises" if slope > 0 else "falls" if slope < 0 else "is level"
        return f"{self.xlabel} is {numbers[self.name]:.2f}, J is {numbers['J']:.2f}; there J {way}, slope {slope:.2f}."


class Corridor(Part):
    """The short corridor: π as arrows, v^π in each cell, ρ^π as bars below. Numbers: pi, v_pi, rho_pi.

    Its second cell is switched: left goes right and right goes left.
    """

    most_visits = 16.0  # a bar of full height

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.65, 3.65), ylim=(-1.75, 1.15), aspect="equal")
        ax.axis("off")
        for s, name in enumerate(("start", "switched", "", "exit")):
            face = {1: "#FFF3D6", 3: "#EAEEF2"}.get(s, "white")
            ax.add_patch(Rectangle((s - 0.5, -0.5), 1, 1, facecolor=face, edgecolor=INK, lw=1.2))
            ax.text(s, 0.56, name, ha="center", va="bottom", fontsize=11, color=INK)
        ax.text(3, 0, "end", ha="center", va="center", fontsize=11, color=INK)
        ax.plot([-0.5, 2.5], [-1.4, -1.4], color=PALE, lw=1)
        ax.text(-0.55, -0.66, r"$\rho^\pi$: expected visits", fontsize=10, color=OCCUPANCY, va="center")
        x, y = np.repeat(np.arange(3.0), 2), np.full(6, -0.05)
        self.arrows = _arrows(ax, x, y, POLICY, 0.012)
        self.values = [
            ax.text(s, 0.3, "", ha="center", va="center", fontsize=11, color=VALUE, animated=True) for s in range(3)
        ]
        self.bars: list[Any] = [
            ax.add_patch(Rectangle((s - 0.3, -1.4), 0.6, 0, facecolor=OCCUPANCY, alpha=0.75, animated=True))
            for s in range(3)
        ]
        self.visits = [
            ax.text(s, -1.58, "", ha="center", va="center", fontsize=10, color=OCCUPANCY, animated=True)
            for s in range(3)
        ]

    def update(self, numbers: Numbers) -> None:
        probs, v, rho = numbers["pi"].probs, numbers["v_pi"], numbers["rho_pi"]
        self.arrows.set_UVC((0.45 * probs[:3] * [-1, 1]).ravel(), np.zeros(6))
        for s in range(3):
            self.values[s].set_text(_minus(f"v = {v[s]:.1f}"))
            self.bars[s].set_height(0.6 * min(rho[s] / self.most_visits, 1))
            self.visits[s].set_text(f"{rho[s]:.1f}")

    def describe(self, numbers: Numbers) -> str:
        v, rho, right = numbers["v_pi"], numbers["rho_pi"], numbers["pi"].probs[0, 1]
        return (
            f"The corridor: the policy goes right with probability {right:.2f}; "
            f"values {', '.join(f'{x:.1f}' for x in v[:3])}; expected visits {', '.join(f'{x:.1f}' for x in rho[:3])}."
        )


class Landscape(Part):
    """J over two parameters as contours, with θ to drag, ∇J(θ) as an arrow and the way that steps have taken.

    Numbers: theta (2,), J, grad_J (2,); trail ((n, 2), optional), the points before θ. The picture's own J has shape
    (len(y), len(x)). A value called trail starts anew when θ is dragged.
    """

    def __init__(
        self, x: Array, y: Array, J: Array, labels: tuple[str, str] = ("θ₁", "θ₂"), names: Sequence[str] = ()
    ) -> None:
        self.x, self.y, self.J, self.labels = x, y, J, labels
        self.names = names or ("theta_1", "theta_2")

    def draw(self, ax: Axes) -> None:
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], aspect="equal")  # so that ∇J crosses contours squarely
        filled = ax.contourf(self.x, self.y, self.J, levels=16, cmap=VALUES)
        ax.contour(self.x, self.y, self.J, levels=filled.levels[1::2], colors=INK, linewidths=0.4, alpha=0.5)
        bar = ax.figure.colorbar(filled, ax=ax, pad=0.02, aspect=30)
        bar.set_label("J(θ)")
        bar.outline.set_visible(False)
        (self.trail,) = ax.plot([], [], ".-", color=INK, lw=1.2, ms=5, animated=True)
        self.arrow = _arrows(ax, [0], [0], GRADIENT, 0.012)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=15, zorder=5, animated=True)
        self.note = ax.text(
            0.03, 0.97, "", transform=ax.transAxes, va="top", fontsize=11, color=INK, zorder=6, animated=True,
            bbox={"facecolor": "#FFFFFFD0", "edgecolor": "none"},
        )  # fmt: skip
        self.extent: Array = np.array([np.ptp(self.x), np.ptp(self.y)])
        label = f"θ = ({self.labels[0]}, {self.labels[1]})"
        step = float(self.extent[0] / 60), float(self.extent[1] / 60)
        self.handles = [Handle(self.point, label, self._dragged, step=step)]

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = dict(zip(self.names, (x, y), strict=True))
        return values | {"trail": []} if "trail" in current else values

    def update(self, numbers: Numbers) -> None:
        theta, grad = np.asarray(numbers["theta"], dtype=float), np.asarray(numbers["grad_J"], dtype=float)
        self.trail.set_data(np.array([*numbers.get("trail", ()), theta]).T)
        self.point.set_data([theta[0]], [theta[1]])
        _set_tails(self.arrow, [theta])
        u, v = self.arrow_for(grad)
        self.arrow.set_UVC([u], [v])
        self.note.set_text(f"J = {numbers['J']:.4f}\n|∇J| = {np.linalg.norm(grad):.4f}")

    def arrow_for(self, grad: Array) -> Array:
        """∇J's direction; its length grows as √|∇J|, so that a small gradient can be seen and a large one fits."""
        length = np.linalg.norm(grad)
        steep = 3 * np.ptp(self.J) / self.extent.min()
        return grad / length * self.extent.min() * min(0.1 + 0.25 * np.sqrt(length / steep), 0.4) if length else grad

    def describe(self, numbers: Numbers) -> str:
        (x, y), (u, v) = numbers["theta"], numbers["grad_J"]
        return f"θ is ({x:.2f}, {y:.2f}), J is {numbers['J']:.4f}, the gradient of J is ({u:.4f}, {v:.4f})."


class GridWorld(Part):
    """A grid like FrozenLake's: v^π as colour and number, π as arrows, and (with `selects`) a cell to choose.

    desc    (rows, columns) of one-letter bytes as Gymnasium has them: S start, F free, H hole, G goal
    moves   the way each action wants to go, as (right, down)
    Numbers: pi, v_pi; with selects, the name of a value (a state's number), that too.
    """

    def __init__(
        self,
        desc: ArrayLike,
        selects: str | None = None,
        moves: ArrayLike = ((-1, 0), (0, 1), (1, 0), (0, -1)),
        top: float = 1.0,
    ) -> None:
        self.desc = np.array(desc, dtype="U1")
        self.selects, self.moves, self.top = selects, np.asarray(moves, dtype=float), top

    def draw(self, ax: Axes) -> None:
        rows, columns = self.desc.shape
        ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
        for side in ax.spines.values():
            side.set_color(INK)
        self.image = ax.imshow(
            np.zeros(self.desc.shape), cmap=VALUES, norm=PowerNorm(0.5, 0, self.top), zorder=0, animated=True
        )
        flat = self.desc.ravel()
        self.free = np.flatnonzero(np.isin(flat, ["S", "F"]))
        self.column, self.row = self.free % columns, self.free // columns
        # grid lines and the word "start" lie above the moving colours, so they are drawn with what moves
        across = [(x, y) for edge in range(1, rows) for x, y in ((-0.5, edge - 0.5), (columns - 0.5, edge - 0.5), _GAP)]
        down = [(x, y) for edge in range(1, columns) for x, y in ((edge - 0.5, -0.5), (edge - 0.5, rows - 0.5), _GAP)]
        ax.plot(*zip(*across, *down, strict=True), color=PALE, lw=0.8, zorder=1, animated=True)
        for s in np.flatnonzero(np.isin(flat, ["H", "G"])):
            x, y = s % columns, s // columns
            hole = flat[s] == "H"
            ax.add_patch(Circle((x, y), 0.34, facecolor="#57606A" if hole else VALUE, edgecolor="none"))
            ax.text(x, y, "hole" if hole else "goal", ha="center", va="center", fontsize=9, color="white")
        for s in np.flatnonzero(flat == "S"):
            ax.text(
                s % columns - 0.45,
                s // columns - 0.44,
                "start",
                ha="left",
                va="top",
                fontsize=8,
                color=INK,
                animated=True,
            )
        x, y = np.repeat(self.column, len(self.moves)), np.repeat(self.row, len(self.moves)) - 0.11
        self.arrows = _arrows(ax, x, y, POLICY, 0.009)
        self.values = [
            ax.text(x, y + 0.44, "", ha="center", va="bottom", fontsize=9, color=INK, zorder=4, animated=True)
            for x, y in zip(self.column, self.row, strict=True)
        ]
        if self.selects:
            name, columns = self.selects, int(columns)
            (self.chosen,) = ax.plot(
                [0], [0], "s", mfc="none", mec=GRADIENT, mew=3, zorder=5, animated=True, clip_on=False
            )
            figure: Any = ax.figure
            figure.draw_without_rendering()  # the layout decides on the size of a cell
            cell = np.abs(np.diff(ax.transData.transform([(0, 0), (1, 0)])[:, 0]))[0]
            self.chosen.set_markersize(cell * 72 / ax.figure.dpi - 3)
            self.handles = [
                Handle(self.chosen, "state", lambda x, y, _: {name: round(y) * columns + round(x)},
                       step=(1, -1), snap=True)
            ]  # fmt: skip

    def update(self, numbers: Numbers) -> None:
        probs, v = numbers["pi"].probs[self.free], numbers["v_pi"]
        self.image.set_data(np.where(np.isin(self.desc, ["S", "F"]), v.reshape(self.desc.shape), np.nan))
        arrows = 0.33 * probs[..., None] * self.moves
        self.arrows.set_UVC(arrows[..., 0].ravel(), arrows[..., 1].ravel())
        for text, value in zip(self.values, v[self.free], strict=True):
            text.set_text(f"{value:.3f}")
        if self.selects:
            row, column = divmod(numbers[self.selects], self.desc.shape[1])
            self.chosen.set_data([column], [row])

    def describe(self, numbers: Numbers) -> str:
        v = numbers["v_pi"][self.free]
        best = self.free[v.argmax()]
        text = f"The grid: values from {v.min():.3f} to {v.max():.3f}, the best in state {best}."
        return text + (f" State {numbers[self.selects]} is chosen." if self.selects else "")


class ActionBars(Part):
    """The row of a parameter table for one state: bars whose tops can be dragged, π(a|s) written below.

    Numbers: theta (S, n), state, pi; grad_J ((S, n), optional) as an arrow at each top. With n = |A| − 1 (the direct
    parametrisation) the last action has no bar of its own to drag: it gets what is left.
    """

    def __init__(
        self, actions: Sequence[str], low: float, high: float, ylabel: str = "θ(s, a)", name: str = "theta"
    ) -> None:
        self.actions, self.low, self.high, self.ylabel, self.name = actions, low, high, ylabel, name
        self.parameters = len(actions)

    def draw(self, ax: Axes) -> None:
        n = len(self.actions)
        ax.set(xlim=(-0.6, n - 0.4), ylim=(self.low, self.high), ylabel=self.ylabel)
        ax.set_xticks(range(n), self.actions)
        ax.tick_params(axis="x", length=0)
        _plain(ax)
        ax.axhline(0, color=INK, lw=0.8)
        self.title = ax.text(0.5, 1.02, "", transform=ax.transAxes, ha="center", fontsize=11, color=INK, animated=True)
        self.bars: list[Any] = [
            ax.add_patch(Rectangle((a - 0.3, 0), 0.6, 0, facecolor=POLICY, alpha=0.35, animated=True)) for a in range(n)
        ]
        self.arrows = _arrows(ax, np.arange(n), np.zeros(n), GRADIENT, 0.012)
        self.tops = [
            ax.plot([a], [0], "o", color=POLICY, mec="white", mew=2, ms=13, zorder=5, animated=True)[0]
            for a in range(n)
        ]
        self.notes = [
            ax.text(a, self.low + 0.02 * (self.high - self.low), "", ha="center", va="bottom", fontsize=10,
                    color=POLICY, animated=True)
            for a in range(n)
        ]  # fmt: skip
        step = (self.high - self.low) / 40
        self.handles = [
            Handle(self.tops[a], f"θ(s, {self.actions[a]})", self._setter(a), step=(1, step))
            for a in range(self.parameters)
        ]

    def _setter(self, a: int) -> Callable[[float, float, dict[str, Any]], dict[str, Any]]:
        def values(x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
            theta = np.array(current[self.name])
            theta[current["state"], a] = y
            return {self.name: theta}

        return values

    def update(self, numbers: Numbers) -> None:
        s, probs = numbers["state"], numbers["pi"].probs
        theta = self.heights(numbers)
        grad = np.zeros(len(theta))
        if "grad_J" in numbers:
            grad[: self.parameters] = numbers["grad_J"][s]
        largest = np.abs(grad).max()
        self.title.set_text(f"state {s}")
        _set_tails(self.arrows, np.column_stack([np.arange(len(theta)), theta]))
        self.arrows.set_UVC(0 * grad, grad / largest * 0.2 * (self.high - self.low) if largest else grad)
        for a, height in enumerate(theta):
            self.bars[a].set_height(height)
            self.tops[a].set_data([a], [height])
            self.notes[a].set_text(f"π = {probs[s, a]:.3f}")

    def heights(self, numbers: Numbers) -> Array:
        return np.asarray(numbers[self.name][numbers["state"]], dtype=float)

    def describe(self, numbers: Numbers) -> str:
        s = numbers["state"]
        rows = zip(self.actions, self.heights(numbers), numbers["pi"].probs[s], strict=True)
        return f"State {s}: " + "; ".join(f"{a} θ {t:.2f}, probability {p:.3f}" for a, t, p in rows) + "."


class ProbabilityBars(ActionBars):
    """The direct parametrisation's row: |A| − 1 probabilities to drag, and what they leave for the last action."""

    def __init__(self, actions: Sequence[str], name: str = "theta") -> None:
        super().__init__(actions, -0.12, 1.05, "π(a|s)", name)
        self.parameters = len(actions) - 1

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.tops[-1].set_markersize(0)
        self.bars[-1].set_facecolor(PALE)

    def heights(self, numbers: Numbers) -> Array:
        return numbers["pi"].probs[numbers["state"]]


WAYS = {  # the key of a way to ∇J, and its sign and name in the picture
    "formula": "→ formula",
    "differences": "□ finite differences",
    "automatic": "◇ automatic differentiation",
    "evolution": "△ evolution strategy",
}


class GradientCloud(Part):
    """Several ways to one gradient: the formula's as an arrow, others by their signs, random estimates as dots.

    Numbers: ways (key of WAYS → (2,)), estimates (n, 2). The axes reach from −reach to reach.
    """

    def __init__(self, reach: float) -> None:
        self.reach = reach

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-self.reach, self.reach), ylim=(-self.reach, self.reach), aspect="equal")
        ax.set(xlabel="∂J/∂θ₁", ylabel="∂J/∂θ₂")
        ax.locator_params(nbins=5)
        _plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.axvline(0, color=PALE, lw=0.8)
        (self.cloud,) = ax.plot([], [], ".", color=OCCUPANCY, alpha=0.45, ms=7, animated=True)
        self.arrow = _arrows(ax, [0], [0], GRADIENT, 0.013)
        marks = {"differences": ("s", 17), "automatic": ("D", 12), "evolution": ("^", 11)}
        self.tips = {
            way: ax.plot([], [], mark, mfc="none", mec=INK, mew=1.8, ms=size, animated=True)[0]
            for way, (mark, size) in marks.items()
        }

    def update(self, numbers: Numbers) -> None:
        (u, v), estimates = numbers["ways"]["formula"], np.asarray(numbers["estimates"])
        self.cloud.set_data(estimates.T)
        self.arrow.set_UVC([u], [v])
        for way, tip in self.tips.items():
            tip.set_data(numbers["ways"][way].reshape(2, 1))

    def describe(self, numbers: Numbers) -> str:
        u, v = numbers["ways"]["formula"]
        return f"The exact gradient is ({u:.4f}, {v:.4f}), among {len(numbers['estimates'])} random estimates."


class WaysTable(Part):
    """The same ways in figures: each one's distance to the formula and one estimate's spread, in parts of |∇J|, and
    how many times J was computed. Numbers: ways, estimates, and calls (key → number)."""

    columns = ("error", "spread", "J calls")

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, 1), ylim=(len(WAYS) + 1.5, -1))
        ax.axis("off")
        places = (0.64, 0.8, 0.99)
        for x, column in zip(places, self.columns, strict=True):
            ax.text(x, 0, column, ha="right", va="center", fontsize=10.5, color=INK, weight="bold")
        ax.axhline(0.5, color=INK, lw=0.8)
        for y, name in enumerate(WAYS.values(), start=1):
            ax.text(0, y, name, ha="left", va="center", fontsize=10.5, color=INK)
        ax.text(
            0, len(WAYS) + 1, "• one estimate of the evolution strategy", va="center", fontsize=10.5, color=OCCUPANCY
        )
        self.cells = {
            way: [ax.text(x, y, "", ha="right", va="center", fontsize=10.5, color=INK, animated=True) for x in places]
            for y, way in enumerate(WAYS, start=1)
        }

    def update(self, numbers: Numbers) -> None:
        for way, cells in self.cells.items():
            for cell, string in zip(cells, self.figures(numbers, way), strict=True):
                cell.set_text(string)

    def figures(self, numbers: Numbers, way: str) -> tuple[str, str, str]:
        exact = numbers["ways"]["formula"]
        length = np.linalg.norm(exact)
        error = np.linalg.norm(numbers["ways"][way] - exact) / length
        spread = np.linalg.norm(np.std(numbers["estimates"], axis=0)) / length if way == "evolution" else 0
        return "–" if way == "formula" else f"{error:.0e}", f"{spread:.1f}", str(numbers["calls"][way])

    def describe(self, numbers: Numbers) -> str:
        rows = ((WAYS[way], zip(self.columns, self.figures(numbers, way), strict=True)) for way in WAYS)
        return "; ".join(f"{name[2:]}: " + ", ".join(map(" ".join, cells)) for name, cells in rows) + "."


def _arrows(ax: Axes, x: ArrayLike, y: ArrayLike, color: str, width: float) -> Quiver:
    """Arrows in data units that move, of no length yet."""
    none = np.zeros(np.shape(x))
    shape: dict[str, Any] = {"headwidth": 3.4, "headlength": 3.6, "headaxislength": 3.2, "minlength": 0.1}
    return ax.quiver(
        x, y, none, none, angles="xy", scale_units="xy", scale=1, width=width, color=color, zorder=4, animated=True,
        **shape,
    )  # fmt: skip


def _set_tails(arrows: Quiver, xy: ArrayLike) -> None:
    """Quiver keeps its tails twice: as drawn, and for turning data into angles."""
    arrows.set_offsets(xy)
    arrows.XY = np.asarray(xy, dtype=float)


def _minus(text: str) -> str:
    """With a minus sign for each hyphen, as matplotlib's own tick labels have."""
    return text.replace("-", "−")


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
