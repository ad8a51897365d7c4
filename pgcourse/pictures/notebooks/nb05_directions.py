"""The greediness gradient g beside ∇J: what it is made of, where it points, and which states pull it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, VALUE, VALUES
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, arrows, note_above, plain, set_tails, tinted


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
        bars = [plot.add_patch(Rectangle((k - 0.3, 0), 0.6, 0, **tinted(color), animated=True)) for k in range(n)]
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

    x: Floats
    y: Floats
    J: Floats
    labels: tuple[str, str]
    basis: Floats


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
        self.note = note_above(ax, 11, weight="bold")
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
        plane = self.planes[self.shown]
        held = np.clip(theta, (plane.x[0], plane.y[0]), (plane.x[-1], plane.y[-1]))  # at the frame, if it is beyond it
        self.point.set_data(*held[:, None])
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
        self.note.set_text(judged(numbers["angle"]) + (" (θ is outside)" if (held != theta).any() else ""))

    def describe(self, numbers: Numbers) -> str:
        (x, y), said = numbers["theta"], judged(numbers["angle"])
        return f"Parameters: {numbers['parameters']}; θ is ({x:.2f}, {y:.2f}). From ∇J to g: {said}."


class StateArrows(Part):
    """g (thin) as the sum of two states' arrows, each with its weight, beside ∇J (wide); the longest has length 1.

    Numbers: arrows (2, 2), one row a state, which add up to g (2,); grad_J (2,); angle, from ∇J to g, in degrees.
    """

    def __init__(self, states: tuple[str, str]) -> None:
        self.states = states

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[], yticks=[])
        ax.set(xlabel="θ₁", ylabel="θ₂")
        plain(ax)
        (one, other), parts = self.states, "wide: ∇J    thin: g, the sum of"
        ax.set_title(f"{parts}\n▲ {one}'s arrow and ■ {other}'s\n", fontsize=11, color=INK)  # room for the note
        self.note = note_above(ax, 11, weight="bold")
        (self.level,) = ax.plot([], [], "--", color=INK, lw=1, animated=True)
        (self.sides,) = ax.plot([], [], ":", color=OCCUPANCY, lw=1.5, animated=True)
        self.wide, self.thin = arrows(ax, [0], [0], GRADIENT, 0.028), arrows(ax, [0], [0], INK, 0.012)
        self.shafts = arrows(ax, [0, 0], [0, 0], OCCUPANCY, 0.016)
        self.tips = [
            ax.plot([], [], mark, color=OCCUPANCY, mec="white", mew=1, ms=10, zorder=5, animated=True)[0]
            for mark in "^s"
        ]

    def update(self, numbers: Numbers) -> None:
        parts, g, grad = (np.asarray(numbers[name], dtype=float) for name in ("arrows", "g", "grad_J"))
        longest = max(np.linalg.norm([*parts, g, grad], axis=1)) or 1.0
        parts, g, grad = parts / longest, g / longest, grad / longest
        self.wide.set_UVC(*grad[:, None])
        self.thin.set_UVC(*g[:, None])
        self.shafts.set_UVC(*parts.T)
        for tip, (x, y) in zip(self.tips, parts, strict=True):
            tip.set_data([x], [y])
        self.sides.set_data(np.transpose([parts[0], g, parts[1]]))
        across = 1.5 * unit(np.array([-grad[1], grad[0]]))
        self.level.set_data(np.transpose([-across, across]))
        self.note.set_text(judged(numbers["angle"]))

    def describe(self, numbers: Numbers) -> str:
        said = (f"{name}'s arrow is ({x:.2f}, {y:.2f})" for name, (x, y) in
                zip(self.states, numbers["arrows"], strict=True))  # fmt: skip
        (x, y), (u, v) = numbers["g"], numbers["grad_J"]
        sums = f"together g, ({x:.2f}, {y:.2f}); ∇J is ({u:.2f}, {v:.2f})"
        return f"{', '.join(said)}, {sums}. From ∇J to g: {judged(numbers['angle'])}."


def unit(vector: Floats) -> Floats:
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def arc(one: Floats, other: Floats) -> Floats:
    """Points (2, n) of the unit circle from one direction to another, by the shorter way."""
    if not (one.any() and other.any()):
        return np.full((2, 2), np.nan)
    start = np.arctan2(one[1], one[0])
    turn = (np.arctan2(other[1], other[0]) - start + np.pi) % (2 * np.pi) - np.pi
    angles = start + turn * np.linspace(0, 1, 25)
    return np.array([np.cos(angles), np.sin(angles)])


def judged(angle: float) -> str:
    """An angle to ∇J in degrees, and what it means."""
    if np.isnan(angle):
        return "one of them is 0: no direction"
    if angle < 0.05:
        return "angle 0°: the same direction"
    return f"angle {angle:.0f}°: {'up' if angle < 90 else 'down'}hill"
