"""J as a curve and as a landscape, and several curves over one setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.ticker import MaxNLocator

from pgcourse.pictures.palette import GRADIENT, INK, PALE, POLICY, VALUE, VALUES
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, arrows, few, minus, note_above, plain, set_tails

DASHES = {"-": "—", "--": "– –", "-.": "–·–", ":": "···"}


class Curve(Part):
    """J along one parameter, with the point (θ, J(θ)) to drag and the tangent of slope ∂J/∂θ.

    Numbers: the parameter by its `name` (float), J (float), grad_J (float or (1,)); `curve` ((n,), optional) replaces
    y. `top` = (label, x → number, {x: text}) adds a second scale above, and its number to the note.
    """

    def __init__(
        self,
        x: Floats,
        y: Floats,
        ylim: tuple[float, float] | None = None,
        name: str = "theta",
        xlabel: str = "θ",
        top: tuple[str, Callable[[float], float], dict[float, str]] | None = None,
    ) -> None:
        self.x, self.y, self.ylim, self.name, self.xlabel, self.top = x, y, ylim, name, xlabel, top

    def draw(self, ax: Axes) -> None:
        ax.set(xlabel=self.xlabel, ylabel=f"J({self.xlabel})", xlim=(self.x[0], self.x[-1]))
        plain(ax)
        if self.top:
            label, _, ticks = self.top
            above = ax.secondary_xaxis("top")
            above.set_xlabel(label)
            above.set_xticks(list(ticks), list(ticks.values()))
        (self.line,) = ax.plot(self.x, self.y, color=VALUE, lw=2.5, animated=True)
        ax.set_ylim(self.ylim or ax.get_ylim())
        self.shown: tuple[float, float] = ax.get_ylim()
        (self.tangent,) = ax.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=15, animated=True)
        self.note = ax.text(0.22, 0.04, "", transform=ax.transAxes, va="bottom", fontsize=11, color=INK, animated=True)
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
        low, high = self.shown
        self.point.set_data([theta], [np.clip(J, low, high)])  # within the frame, or nobody could drag it
        self.tangent.set_data([theta - reach, theta + reach], [J - reach * slope, J + reach * slope])
        name = self.xlabel
        also = f"    {self.top[0]} = {self.top[1](theta):.3f}" if self.top else ""
        beyond = " (below)" if low > J else " (above)" if high < J else ""
        self.note.set_text(
            minus(f"{name} = {theta:.2f}{also}\nJ = {few(J)}{beyond}    slope dJ/d{name} = {few(slope, '+')}")
        )

    def describe(self, numbers: Numbers) -> str:
        slope = np.ravel(numbers["grad_J"])[0]
        way = "is level" if round(slope, 2) == 0 else "rises" if slope > 0 else "falls"
        also = f", {self.top[0]} is {self.top[1](numbers[self.name]):.3f}" if self.top else ""
        where = f"{self.xlabel} is {numbers[self.name]:.2f}{also}, J is {few(numbers['J'])}"
        return f"{where}; there J {way}, slope {few(slope)}."


class Landscape(Part):
    """J over two parameters as contours, with θ to drag, ∇J(θ) as an arrow and the way that steps have taken.

    Numbers: theta (2,), J, grad_J (2,); trail ((n, 2), optional), the points before θ. The picture's own J has shape
    (len(y), len(x)); where it is below `least`, even −∞, the map is white, and its scale says so. A value called trail
    starts anew when θ is dragged.
    """

    title, note_size = "", 11

    def __init__(
        self,
        x: Floats,
        y: Floats,
        J: Floats,
        labels: tuple[str, str] = ("θ₁", "θ₂"),
        names: Sequence[str] = (),
        least: float = -np.inf,
    ) -> None:
        self.x, self.y, self.labels, self.least = x, y, labels, least
        self.whole, self.J = np.asarray(J), np.clip(J, least, None)
        self.names = names or ("theta_1", "theta_2")

    def draw(self, ax: Axes) -> None:
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], aspect="equal")  # so that ∇J crosses contours squarely
        ax.set(xlim=(self.x[0], self.x[-1]), ylim=(self.y[0], self.y[-1]))
        filled = self.fill(ax)
        ax.contour(
            self.x, self.y, self.J, levels=np.asarray(filled.levels)[1::2], colors=INK, linewidths=0.4, alpha=0.5
        )
        bar = ax.figure.colorbar(filled, ax=ax, pad=0.02, aspect=30)
        cut = self.is_cut
        bar.set_label(minus(f"J(θ), white: {self.least:g} or less") if cut else "J(θ)")
        bar.outline.set(visible=cut, edgecolor=PALE)  # white has no end of its own
        (self.trail,) = ax.plot([], [], ".-", color=INK, lw=1.2, ms=5, animated=True)
        self.arrow = arrows(ax, [0], [0], GRADIENT, 0.012)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=15, zorder=5, animated=True)
        ax.set_title(f"{self.title}\n", fontsize=11, color=INK)  # room for the note, which inside would hide θ
        self.note = note_above(ax, self.note_size)
        self.extent: Floats = np.array([np.ptp(self.x), np.ptp(self.y)])
        label = f"θ = ({self.labels[0]}, {self.labels[1]})"
        step = float(self.extent[0] / 60), float(self.extent[1] / 60)
        self.handles = [Handle(self.point, label, self._dragged, step=step)]

    @property
    def is_cut(self) -> bool:
        return bool((self.whole < self.least).any())

    def fill(self, ax: Axes) -> QuadContourSet:
        """J as colour; what is below `least` is a layer of its own."""
        if not self.is_cut:
            return ax.contourf(self.x, self.y, self.J, levels=16, cmap=VALUES)
        ticks: Floats = np.asarray(MaxNLocator(17).tick_values(self.least, self.J.max()))
        levels = [self.least, *ticks[ticks > self.least]]
        J = self.whole.clip(2 * self.least - levels[-1], None)  # finite, or there would be a hole
        return ax.contourf(self.x, self.y, J, levels=levels, cmap=VALUES, extend="min")

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = dict(zip(self.names, (x, y), strict=True))
        of_the_way: dict[str, Any] = {name: [] for name in ("trail", "returns", "line") if name in current}
        return values | of_the_way  # a way begins anew where the reader puts its point

    def update(self, numbers: Numbers) -> None:
        theta, grad = np.asarray(numbers["theta"], dtype=float), np.asarray(numbers["grad_J"], dtype=float)
        self.trail.set_data(np.array([*numbers.get("trail", ()), theta]).T)
        shown = np.clip(theta, *self.corners)  # at the frame, or nobody could drag it
        self.point.set_data([shown[0]], [shown[1]])
        set_tails(self.arrow, [shown])
        u, v = self.within(shown, self.arrow_for(grad))
        self.arrow.set_UVC([u], [v])
        first, *rest = self.said(numbers).split("\n")
        self.note.set_text(minus("\n".join([first + "   (θ is outside)" * self.is_outside(theta), *rest])))

    @property
    def corners(self) -> Floats:
        """The lower left and the upper right one."""
        return np.array([(self.x[0], self.y[0]), (self.x[-1], self.y[-1])])

    def is_outside(self, theta: Floats) -> bool:
        return bool((np.clip(theta, *self.corners) != theta).any())

    def off_scale(self, J: float) -> str:
        """What to say of a J that has no colour of its own."""
        return ", below the scale" if self.least > J else ""

    def said(self, numbers: Numbers) -> str:
        """The note."""
        J, length = (self.rounded(x) for x in (numbers["J"], np.linalg.norm(numbers["grad_J"])))
        return f"J = {J}\n|∇J| = {length}"

    @staticmethod
    def rounded(x: SupportsFloat) -> str:
        """Four decimals below 1, three below 10, then two: enough to see a step."""
        x = float(x)
        size = abs(x)
        return f"{x:.{4 if size < 1 else 3 if size < 10 else 2}f}"

    def within(self, theta: Floats, arrow: Floats) -> Floats:
        """Shorter if it would leave the frame, down to a third: so that its head shows."""
        low, high = self.corners
        room = np.where(arrow > 0, high - theta, theta - low)
        parts = np.divide(room, np.abs(arrow), out=np.ones(2), where=arrow != 0)
        return arrow * np.clip(parts.min(), 1 / 3, 1)

    def arrow_for(self, grad: Floats) -> Floats:
        """∇J's direction; its length grows as √|∇J|, so that a small gradient can be seen and a large one fits."""
        length = np.linalg.norm(grad)
        steep = 3 * np.ptp(self.J) / self.extent.min()
        return grad / length * self.extent.min() * min(0.1 + 0.25 * np.sqrt(length / steep), 0.4) if length else grad

    def describe(self, numbers: Numbers) -> str:
        (x, y), grad = numbers["theta"], ", ".join(self.rounded(x) for x in numbers["grad_J"])
        where = ", outside of the map" * self.is_outside(np.array([x, y]))
        J = f"J is {self.rounded(numbers['J'])}{self.off_scale(numbers['J'])}"
        return f"θ is ({x:.2f}, {y:.2f}){where}, {J}, the gradient of J is ({grad})."


class Tradeoff(Part):
    """Named curves over one setting, with the setting to drag along one of them, and places worth marking.

    name    the control that the handle, a large point, moves; `snap` keeps it on whole multiples of this
    looks   curve → (line style, colour)
    marks   names of vertical lines
    key     the key of this part's numbers, if a picture has two such parts
    Numbers: x (k,), curves (name → (k,)), at (float), now (name → float), marked (mark → x), said (a line above),
    chosen (the curve along which the handle runs; the last of `looks` if nothing is said).
    """

    def __init__(
        self,
        name: str,
        xlabel: str,
        ylabel: str,
        xlim: tuple[float, float],
        ylim: tuple[float, float],
        looks: Mapping[str, tuple[str, str]],
        marks: Sequence[str] = (),
        snap: float | None = None,
        key: str = "",
    ) -> None:
        self.name, self.xlabel, self.ylabel, self.xlim, self.ylim = name, xlabel, ylabel, xlim, ylim
        self.looks, self.marks, self.snap, self.key = looks, marks, snap, key

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.xlim, ylim=self.ylim, xlabel=self.xlabel, ylabel=self.ylabel)
        plain(ax)
        if self.snap and float(self.snap).is_integer():
            ax.locator_params(axis="x", integer=True)
        ax.axhline(0, color=PALE, lw=0.8)
        key = "     ".join(f"{DASHES[style]} {name}" for name, (style, _) in self.looks.items())
        ax.set_title(f"{key}\n" if len(self.looks) > 1 else "\n", fontsize=10.5, color=INK)
        self.rules = {}
        bottom, top = self.ylim
        for k, mark in enumerate(self.marks):  # each label on a line of its own: two marks may stand at one place
            (rule,) = ax.plot([], [], "--", color=VALUE, lw=1.4, animated=True)
            y = top - 0.075 * k * (top - bottom)
            label = ax.text(0, y, "", ha="left", va="top", fontsize=10.5, color=VALUE, animated=True)
            self.rules[mark] = rule, label
        self.lines, self.points = {}, {}
        look: dict[str, Any] = {"mec": "white", "mew": 1.5, "ms": 8, "clip_on": False, "in_layout": False}
        for name, (style, color) in self.looks.items():
            (self.lines[name],) = ax.plot([], [], style, color=color, lw=2.3, animated=True)
            (self.points[name],) = ax.plot([], [], "o", color=color, animated=True, **look)
        (self.rail,) = ax.plot([], [], color="none", animated=True)  # the chosen curve once more, not seen
        (self.point,) = ax.plot([], [], "o", color=INK, animated=True, **{**look, "ms": 14})
        self.note = note_above(ax, 10.5)
        step = self.snap or (self.xlim[1] - self.xlim[0]) / 60
        self.handles = [Handle(self.point, self.xlabel, self._dragged, (step, 1), self.rail)]

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        return {self.name: round(round(x / self.snap) * self.snap, 9) if self.snap else x}

    def update(self, numbers: Numbers) -> None:
        numbers = numbers[self.key] if self.key else numbers
        for name, line in self.lines.items():
            line.set_data(numbers["x"], numbers["curves"][name])
            y = numbers["now"][name]
            self.points[name].set_data([numbers["at"]], [y if self.ylim[0] <= y <= self.ylim[1] else np.nan])
        chosen = numbers.get("chosen", list(self.looks)[-1])
        height = np.clip(numbers["now"][chosen], *self.ylim)  # within the frame, or nobody could drag it
        self.rail.set_data(numbers["x"], numbers["curves"][chosen])
        self.point.set_data([numbers["at"]], [height])
        self.point.set_color(self.looks[chosen][1])
        leftmost = min((numbers["marked"][mark] for mark in self.marks), default=0.0)
        middle, width = sum(self.xlim) / 2, self.xlim[1] - self.xlim[0]
        for mark, (rule, label) in self.rules.items():
            x = numbers["marked"][mark]
            to_the_left = x == leftmost if len(self.marks) > 1 else x > middle
            rule.set_data([x, x], self.ylim)
            label.set(text=mark if self.xlim[0] <= x <= self.xlim[1] else "", ha="right" if to_the_left else "left")
            label.set_x(x + (-0.012 if to_the_left else 0.012) * width)
        off = height != numbers["now"][chosen] and np.isfinite(height)
        self.note.set_text(minus(numbers["said"]) + "   (off the scale)" * bool(off))

    def describe(self, numbers: Numbers) -> str:
        numbers = numbers[self.key] if self.key else numbers
        now = ", ".join(f"{name} {self.spoken(value)}" for name, value in numbers["now"].items())
        seen = {mark: numbers["marked"][mark] for mark in self.marks}
        seen = {mark: x for mark, x in seen.items() if self.xlim[0] <= x <= self.xlim[1]}
        marked = "".join(f"; {mark} stands at {x:.3g}" for mark, x in seen.items())
        at = f"{numbers['at']:.3g}" if abs(numbers["at"]) < 1000 else f"{numbers['at']:.0f}"
        what = "" if self.ylabel in self.looks else f"{self.ylabel}; "
        return f"{what}{self.xlabel} is {at}: {now}{marked}. {numbers['said']}."

    def spoken(self, value: float) -> str:
        return f"{round(value, 4) + 0.0:g}"
