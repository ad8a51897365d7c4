"""The greediness gradient g beside ∇J: what it is made of, where it points, and what J does on the way along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pgcourse.pictures.graphs import Curve
from pgcourse.pictures.part import (
    GRADIENT,
    INK,
    OCCUPANCY,
    PALE,
    POLICY,
    VALUE,
    VALUES,
    Array,
    Handle,
    Numbers,
    Part,
    arrows,
    minus,
    plain,
    set_tails,
)


class Ingredients(Part):
    """The ρ and the q that g is made of, as bars, and beside them ρ^π and q^π, as lines across.

    Numbers: rho and rho_pi (S,), q and q_pi (S, A), of which the states that have names are shown.
    """

    def __init__(self, states: Sequence[str], actions: Sequence[str], most: float = 2.0, reach: float = 8.0) -> None:
        self.states, self.actions, self.most, self.reach = states, actions, most, reach

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        above, below = ax.inset_axes((0.16, 0.69, 0.84, 0.31)), ax.inset_axes((0.16, 0.1, 0.84, 0.38))
        above.set(xlim=(-0.5, len(self.states) - 0.5), ylim=(0, self.most))
        above.set_xticks(range(len(self.states)), self.states)
        above.set_title("ρ used, — $\\rho^\\pi$", fontsize=11, color=OCCUPANCY)
        pairs = [f"{action}" for _ in self.states for action in self.actions]
        below.set(xlim=(-0.5, len(pairs) - 0.5), ylim=(-self.reach, self.reach))
        below.set_xticks(range(len(pairs)), pairs, fontsize=9)
        below.set_title("q used, — $q^\\pi$", fontsize=11, color=VALUE)
        below.axhline(0, color=INK, lw=0.8)
        for k, state in enumerate(self.states):
            middle = (k + 0.5) / len(self.states)
            below.text(middle, -0.27, state, transform=below.transAxes, ha="center", va="top", fontsize=10, color=INK)
            if k:
                below.axvline(k * len(self.actions) - 0.5, color=PALE, lw=0.8)
        for plot, color in ((above, OCCUPANCY), (below, VALUE)):
            plain(plot)
            plot.tick_params(axis="x", length=0)
            plot.tick_params(axis="y", labelsize=9, labelcolor=color)
        self.rho_bars, self.rho_right = self._bars(above, len(self.states), OCCUPANCY)
        self.q_bars, self.q_right = self._bars(below, len(pairs), VALUE)

    def _bars(self, plot: Axes, n: int, color: str) -> tuple[list[Any], Any]:
        bars = [
            plot.add_patch(Rectangle((k - 0.3, 0), 0.6, 0, facecolor=color, alpha=0.45, animated=True))
            for k in range(n)
        ]
        return bars, plot.plot([], [], "_", color=color, mew=3, ms=26 if n < 4 else 16, animated=True)[0]

    def update(self, numbers: Numbers) -> None:
        for bars, line, used, right in (
            (self.rho_bars, self.rho_right, numbers["rho"], numbers["rho_pi"]),
            (self.q_bars, self.q_right, numbers["q"], numbers["q_pi"]),
        ):
            used, right = (np.asarray(x)[: len(self.states)].ravel() for x in (used, right))
            line.set_data(range(len(right)), right)
            for bar, height in zip(bars, used, strict=True):
                bar.set_height(height)

    def describe(self, numbers: Numbers) -> str:
        n = len(self.states)

        def listed(x: Any) -> str:
            return ", ".join(f"{value:.2f}" for value in np.asarray(x)[:n].ravel())

        return (
            f"ρ used is ({listed(numbers['rho'])}), ρ^π is ({listed(numbers['rho_pi'])}); "
            f"q used is ({listed(numbers['q'])}), q^π is ({listed(numbers['q_pi'])})."
        )


class Plane(NamedTuple):
    """A plane of two parameters θ: its axes, J over it (len(y), len(x)), its labels, and preferences = basis @ θ."""

    x: Array
    y: Array
    J: Array
    labels: tuple[str, str]
    basis: Array


class Directions(Part):
    """∇J (wide) and g (thin) at a θ to drag, over J, with the ways that steps along each of them take.

    planes   one for each parametrisation, by name, no two with the same limits; the same preferences are the same
             policy in all of them
    Numbers: parameters, the name of a plane; theta, grad_J and g (2,); angle, from ∇J to g, in degrees; way_J and way_g
    (n, 2). Dragging sets the value `preferences`, a tuple.
    """

    def __init__(self, planes: Mapping[str, Plane]) -> None:
        self.planes = planes

    def draw(self, ax: Axes) -> None:
        self.ax, self.shown = ax, ""
        low = min(plane.J.min() for plane in self.planes.values())
        high = max(plane.J.max() for plane in self.planes.values())
        levels = np.linspace(low, high, 17)
        self.backgrounds = {
            name: (
                ax.contourf(plane.x, plane.y, plane.J, levels=levels, cmap=VALUES),
                ax.contour(plane.x, plane.y, plane.J, levels=levels[1::2], colors=INK, linewidths=0.4, alpha=0.5),
            )
            for name, plane in self.planes.items()
        }
        ax.set(aspect="equal")  # so that angles are true
        ax.locator_params(nbins=7, integer=True)  # labels of one width: the layout is made but once
        ax.set_title("wide: ∇J    thin: g\n", fontsize=11, color=INK)  # room for the note
        self.note = ax.text(
            0.5, 1.02, "", transform=ax.transAxes, ha="center", va="bottom", fontsize=11, color=INK, weight="bold",
            animated=True,
        )  # fmt: skip
        (self.level,) = ax.plot([], [], "--", color=INK, lw=1, animated=True)
        (self.way_J,) = ax.plot([], [], color=GRADIENT, lw=4, alpha=0.7, animated=True)
        (self.way_g,) = ax.plot([], [], color=INK, lw=1.5, animated=True)
        self.wide, self.thin = arrows(ax, [0], [0], GRADIENT, 0.028), arrows(ax, [0], [0], INK, 0.012)
        self.thin.set_zorder(4.5)
        (self.arc,) = ax.plot([], [], color=INK, lw=1.2, animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=14, zorder=5, animated=True)
        self.handles = [Handle(self.point, "θ = (θ₁, θ₂)", self._dragged, step=(0.2, 0.2))]
        self._show(next(iter(self.planes)))

    def _show(self, name: str) -> None:
        """Another plane has other limits, so that the background is drawn anew."""
        self.shown, plane, ax = name, self.planes[name], self.ax
        for key, drawn in self.backgrounds.items():
            for contours in drawn:
                contours.set_visible(key == name)
        ax.set(xlim=(plane.x[0], plane.x[-1]), ylim=(plane.y[0], plane.y[-1]))
        ax.set(xlabel=plane.labels[0], ylabel=plane.labels[1])
        self.size = float(np.ptp(plane.x))

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        first, second = self.planes[current["parameters"]].basis @ [x, y]
        return {"preferences": (float(first), float(second))}

    def update(self, numbers: Numbers) -> None:
        if numbers["parameters"] != self.shown:
            self._show(numbers["parameters"])
        theta, size = np.asarray(numbers["theta"], dtype=float), self.size
        grad, g = (np.asarray(numbers[name], dtype=float) for name in ("grad_J", "g"))
        self.point.set_data([theta[0]], [theta[1]])
        self.way_J.set_data(np.transpose(numbers["way_J"]))
        self.way_g.set_data(np.transpose(numbers["way_g"]))
        along, other = unit(grad), unit(g)
        length = np.linalg.norm(g) / np.linalg.norm(grad) if along.any() else 1.0
        for arrow, tip in ((self.wide, 0.2 * along), (self.thin, 0.2 * np.clip(np.sqrt(length), 0.8, 1.6) * other)):
            set_tails(arrow, [theta])
            arrow.set_UVC(*(size * tip[:, None]))
        across = 0.22 * size * np.array([-along[1], along[0]])
        self.level.set_data(np.transpose([theta - across, theta + across]))
        self.arc.set_data(theta[:, None] + 0.1 * size * arc(along, other))
        plane = self.planes[self.shown]
        inside = plane.x[0] <= theta[0] <= plane.x[-1] and plane.y[0] <= theta[1] <= plane.y[-1]
        self.note.set_text(verdict(numbers["angle"]) + (" (θ is outside)" if not inside else ""))

    def describe(self, numbers: Numbers) -> str:
        (x, y), said = numbers["theta"], verdict(numbers["angle"])
        return f"Parameters: {numbers['parameters']}; θ is ({x:.2f}, {y:.2f}). From ∇J to g: {said}."


def unit(vector: Array) -> Array:
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def arc(one: Array, other: Array) -> Array:
    """Points (2, n) of the unit circle from one direction to another, by the shorter way."""
    if not (one.any() and other.any()):
        return np.full((2, 2), np.nan)
    start = np.arctan2(one[1], one[0])
    turn = (np.arctan2(other[1], other[0]) - start + np.pi) % (2 * np.pi) - np.pi
    angles = start + turn * np.linspace(0, 1, 25)
    return np.array([np.cos(angles), np.sin(angles)])


def verdict(angle: float) -> str:
    """An angle to ∇J in degrees, and what it means."""
    if np.isnan(angle):
        return "one of them is 0: no direction"
    if angle < 0.05:
        return "angle 0°: the same direction"
    return f"angle {angle:.0f}°: {'up' if angle < 90 else 'down'}hill"


class Climbs(Part):
    """J step by step along one direction or several; a triangle stands where a step has made it fall.

    climbs   what each is called, and its colour
    Numbers: climbs: name → J after 0, 1, 2, … steps (n,); it may end early.
    """

    def __init__(self, climbs: Mapping[str, str], n: int, ylim: tuple[float, float]) -> None:
        self.climbs, self.n, self.ylim = climbs, n, ylim

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.02 * self.n, 1.02 * self.n), ylim=self.ylim, xlabel="steps", ylabel="J")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        plain(ax)
        ax.set_title("▼ a step that lowers J" + "\n" * len(self.climbs), fontsize=11, color=INK)
        self.lines, self.falls, self.notes = {}, {}, {}
        for k, (name, color) in enumerate(self.climbs.items()):
            width = 4.5 if k < len(self.climbs) - 1 else 1.5  # one beneath another that goes the same way shows
            (self.lines[name],) = ax.plot([], [], ".-", color=color, lw=width, ms=width + 3, animated=True)
            (self.falls[name],) = ax.plot([], [], "v", color=color, mec="white", ms=9, zorder=5, animated=True)
            self.notes[name] = ax.text(
                0.5, 1.02 + 0.07 * (len(self.climbs) - 1 - k), "", transform=ax.transAxes, ha="center", va="bottom",
                fontsize=10, color=color, animated=True,
            )  # fmt: skip

    def update(self, numbers: Numbers) -> None:
        for name, line in self.lines.items():
            J = np.asarray(numbers["climbs"][name], dtype=float)
            line.set_data(range(len(J)), J)
            fallen = np.flatnonzero(falls(J)) + 1
            self.falls[name].set_data(fallen, J[fallen])
            self.notes[name].set_text(minus(self.said(name, J)))

    def said(self, name: str, J: Array) -> str:
        fallen = int(falls(J).sum())
        how = f"falls {fallen} times" if fallen > 1 else "falls once" if fallen else "never falls"
        return f"{name}: J {J[0]:.2f} → {J[-1]:.2f}, {how}"

    def describe(self, numbers: Numbers) -> str:
        return ". ".join(self.said(name, np.asarray(numbers["climbs"][name])) for name in self.climbs) + "."


def falls(J: Array) -> NDArray[np.bool_]:
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
        self, alphas: Array, ways: Mapping[str, tuple[Array, str, str]], before: float, greedy: float, top: float
    ) -> None:
        self.alphas, self.ways, self.before, self.greedy, self.top = alphas, ways, before, greedy, top

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(self.alphas[0], self.alphas[-1]), ylim=(0, self.top), xscale="log", xlabel="size of the step, α")
        ax.set_ylabel("J after one step")
        plain(ax)
        for y, text in ((self.before, "before\nthe step"), (self.greedy, "greedy\nstep: policy\niteration")):
            ax.axhline(y, color=INK, lw=0.8, ls=":")
            beside = {"xytext": (6, 0), "textcoords": "offset points"}  # where no cursor comes
            ax.annotate(text, (self.alphas[-1], y), **beside, va="center", fontsize=9, color=INK)
        for name, (J, color, style) in self.ways.items():
            ax.plot(self.alphas, J, style, color=color, lw=2.2, label=name)
        ax.legend(loc="upper left", fontsize=9, frameon=False)
        (self.cursor,) = ax.plot([], [], color=INK, lw=0.8, ls="--", animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=13, zorder=5, animated=True)
        ax.set_title("\n", fontsize=11)  # room for the note
        self.note = ax.text(
            0.5, 1.02, "", transform=ax.transAxes, ha="center", va="bottom", fontsize=11, color=INK, animated=True
        )

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
