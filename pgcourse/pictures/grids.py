"""Grids like FrozenLake's, and the short corridor: the policy, the values and the visits in their places."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize, PowerNorm
from matplotlib.patches import Circle, Polygon, Rectangle
from numpy.typing import ArrayLike

from pgcourse.pictures.palette import INK, OCCUPANCY, PALE, POLICY, SIGNED, VALUE, VALUES
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, arrows, minus, signed, texts

# text, style, size in points, and how far right and up in points
WAYS_TO_GO = {(-1, 0): "left", (0, 1): "down", (1, 0): "right", (0, -1): "up"}  # `moves`, in words
RHO_PI_VISITS = [
    ("ρ", "italic", 10, 0.0, 0.0),
    ("π", "italic", 7, 6.4, 3.6),
    (": expected visits", "normal", 10, 11.2, 0.0),
]


class Corridor(Part):
    """The short corridor: π as arrows, v^π in each cell, ρ^π as bars below. Numbers: pi, v_pi, rho_pi; start, the
    number of a cell (optional: 0).

    Its second cell is switched: left goes right and right goes left.
    """

    most_visits = 28.0  # a bar of full height

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(-0.65, 3.65), ylim=(-1.75, 1.15), aspect="equal")
        ax.axis("off")
        for s in range(4):
            face = {1: "#FFF3D6", 3: "#EAEEF2"}.get(s, "white")
            ax.add_patch(Rectangle((s - 0.5, -0.5), 1, 1, facecolor=face, edgecolor=INK, lw=1.2))
        ax.text(1, 0.56, "switched", ha="center", va="bottom", fontsize=11, color=INK)
        self.start = ax.text(0, 0.8, "start ▾", ha="center", va="bottom", fontsize=11, color=INK, animated=True)
        ax.text(3, 0, "exit", ha="center", va="center", fontsize=11, color=INK)
        ax.plot([-0.5, 2.5], [-1.4, -1.4], color=PALE, lw=1)
        # in pieces: for one letter above the line, the course's first picture would wait for all of mathtext
        for text, style, size, right, up in RHO_PI_VISITS:
            how: dict[str, Any] = {"fontsize": size, "style": style, "color": OCCUPANCY}
            ax.annotate(text, (-0.55, -0.71), (right, up), textcoords="offset points", **how)
        x, y = np.repeat(np.arange(3.0), 2), np.full(6, -0.05)
        self.arrows = arrows(ax, x, y, POLICY, 0.012)
        self.values = [
            ax.text(s, 0.3, "", ha="center", va="center", fontsize=10, color=VALUE, animated=True) for s in range(3)
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
        self.start.set_x(numbers.get("start", 0))
        self.arrows.set_UVC((0.45 * probs[:3] * [-1, 1]).ravel(), np.zeros(6))
        for s in range(3):
            self.values[s].set_text(minus(f"v = {short(v[s])}"))
            self.bars[s].set_height(0.6 * min(rho[s] / self.most_visits, 1))
            self.visits[s].set_text(short(rho[s]))

    def describe(self, numbers: Numbers) -> str:
        v, rho, right = numbers["v_pi"], numbers["rho_pi"], numbers["pi"].probs[0, 1]
        return (
            f"The corridor from cell {numbers.get('start', 0) + 1}: right is chosen with probability {right:.2f}; "
            f"values {', '.join(f'{x:.1f}' for x in v[:3])}; expected visits {', '.join(f'{x:.1f}' for x in rho[:3])}."
        )


def short(x: float) -> str:
    """One decimal, none from 1000 on, and from 10,000 on the power of ten: it must fit into a cell."""
    if abs(x) < 10_000:
        return f"{x:.1f}" if abs(x) < 1000 else f"{x:.0f}"
    digit, power = f"{x:.0e}".split("e")
    return f"{digit}e{int(power)}"


def letters(desc: ArrayLike) -> Floats:
    """A map as (rows, columns) of letters, from letters or from a text for each row, or ValueError."""
    try:
        rows = [[*row] for row in np.array(desc, dtype=str)]
        return np.array(rows, dtype="U1").reshape(len(rows), -1)
    except (TypeError, ValueError):
        raise ValueError(
            f"desc is {desc!r}, expected a text for each row, of one length, such as ['SF', 'HG']"
        ) from None


class Grid(Part):
    """A grid like FrozenLake's, whose cells are states: its frame, and what else a picture may draw into the cells.

    desc    as Gymnasium has it, (rows, columns) of letters or a text a row: S start, F free, H hole, G goal
    moves   the way each action wants to go, as (right, down)
    """

    def __init__(self, desc: ArrayLike, moves: ArrayLike = ((-1, 0), (0, 1), (1, 0), (0, -1))) -> None:
        self.desc, self.moves = letters(desc), np.asarray(moves, dtype=float)
        self.flat, columns = self.desc.ravel(), self.desc.shape[1]
        states = np.arange(self.flat.size)
        self.centres: Floats = np.column_stack([states % columns, states // columns]).astype(float)  # (S, 2)
        self.free = np.flatnonzero(np.isin(self.flat, ["S", "F"]))
        across = self.moves[:, ::-1]  # (A, 4, 2): from a cell's centre along the rim of each action's triangle
        self.corners = np.stack([0 * self.moves, self.moves - across, self.moves + across, 0 * self.moves], axis=1) / 2

    def draw(self, ax: Axes) -> None:
        rows, columns = self.desc.shape
        ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])

    def draw_edges(self, ax: Axes) -> None:
        for edge in range(1, max(self.desc.shape)):
            ax.axhline(edge - 0.5, color=PALE, lw=0.8)
            ax.axvline(edge - 0.5, color=PALE, lw=0.8)

    def draw_ends(self, ax: Axes) -> None:
        """Holes and goals, where no action counts."""
        for s in np.flatnonzero(np.isin(self.flat, ["H", "G"])):
            x, y = self.centres[s]
            hole = self.flat[s] == "H"
            ax.add_patch(Circle((x, y), 0.34, facecolor="#57606A" if hole else VALUE, edgecolor="none"))
            word = "hole" if hole else "goal"
            ax.text(x, y, word, ha="center", va="center", fontsize=9, color="white", in_layout=False)

    def draw_names(self, ax: Axes, x: float, y: float, **look: Any) -> None:
        """The words start, hole and goal, so far from the middle of their cells."""
        for field, name in (("S", "start"), ("H", "hole"), ("G", "goal")):
            for centre in self.centres[self.flat == field]:
                ax.text(centre[0] + x, centre[1] + y, name, fontsize=9, color=INK, in_layout=False, **look)

    def draw_triangles(self, ax: Axes, **look: Any) -> list[Polygon]:
        """One for each pair of a free state and an action, on the action's side of the cell."""
        rims = self.centres[self.free, None, None] + self.corners[:, :3]
        patches = [Polygon(rim, animated=True, **look) for rim in rims.reshape(-1, 3, 2)]
        for patch in patches:
            ax.add_patch(patch)
        return patches

    def beside(self, way: float | tuple[float, float]) -> Floats:
        """(free · A, 2), places for text in the triangles: from the cell's centre, so far along each move."""
        return (self.centres[self.free, None] + np.multiply(way, self.moves)).reshape(-1, 2)


class GridWorld(Grid):
    """v^π as colour and number, π as arrows, and (with `selects`) a cell to choose.

    In the corner of each cell stands the number of its state. Numbers: pi, v_pi; with selects, the name of a value (a
    state's number), that too.
    """

    def __init__(self, desc: ArrayLike, selects: str | None = None, top: float = 1.0, **grid: Any) -> None:
        super().__init__(desc, **grid)
        self.selects, self.top = selects, top

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        for side in ax.spines.values():
            side.set_color(INK)
        colors, norm = self.colors()
        self.image = ax.imshow(np.zeros(self.desc.shape), cmap=colors, norm=norm, zorder=0, animated=True)
        self.draw_edges(ax)
        self.draw_ends(ax)
        for state, (x, y) in enumerate(self.centres):
            ax.text(x + 0.43, y - 0.42, str(state), ha="right", va="top", fontsize=9, color=INK, in_layout=False)
        for x, y in self.centres[self.flat == "S"] - 0.41:
            ax.text(x, y, "start", ha="left", va="top", fontsize=9, color=INK, in_layout=False)
        free = self.centres[self.free]
        tails = np.repeat(free, len(self.moves), axis=0) - (0, 0.14)
        self.arrows = arrows(ax, tails[:, 0], tails[:, 1], POLICY, 0.009)
        self.values = texts(ax, np.add(free, (0, 0.42)), 9, va="bottom", zorder=4)
        if self.selects:
            name, columns = self.selects, self.desc.shape[1]
            (self.chosen,) = ax.plot([0], [0], "s", mfc="none", mec=INK, mew=3, zorder=5, animated=True, clip_on=False)
            self.handles = [
                Handle(self.chosen, "state", lambda x, y, _: {name: round(y) * columns + round(x)},
                       step=(1, -1), snap=True)
            ]  # fmt: skip

    def fit(self) -> None:
        if not self.selects:
            return
        ax = self.image.axes
        figure: Any = ax.figure
        if layout := figure.get_layout_engine():
            layout.execute(figure)  # it decides on the size of a cell
        ax.apply_aspect()
        cell = np.abs(np.diff(ax.transData.transform([(0, 0), (1, 0)])[:, 0]))[0]
        self.chosen.set_markersize(cell * 72 / figure.dpi + 1)  # around the cell: clear of its number

    def colors(self) -> tuple[Colormap, Normalize]:
        """How a number becomes a colour."""
        return VALUES, PowerNorm(0.5, 0, self.top)

    def shades(self, numbers: Numbers) -> Floats:
        """The number behind each state's colour, of shape (S,)."""
        return numbers["v_pi"]

    def written(self, numbers: Numbers) -> list[str]:
        """What is written in each free cell."""
        return [f"{value:.3f}" for value in numbers["v_pi"][self.free]]

    def update(self, numbers: Numbers) -> None:
        probs = numbers["pi"].probs[self.free]
        if len(shades := self.shades(numbers)) != self.desc.size:
            raise ValueError(f"the numbers are of {len(shades)} states, expected {self.desc.size}, one for each cell")
        self.image.set_data(shades.reshape(self.desc.shape))
        arrows = 0.34 * probs[..., None] * self.moves
        self.arrows.set_UVC(arrows[..., 0].ravel(), arrows[..., 1].ravel())
        for text, string in zip(self.values, self.written(numbers), strict=True):
            text.set_text(string)
        if self.selects:
            row, column = divmod(numbers[self.selects], self.desc.shape[1])
            self.chosen.set_data([column], [row])

    def describe(self, numbers: Numbers) -> str:
        v = numbers["v_pi"][self.free]
        least, most = (f"{x:.3f}" for x in (v.min(), v.max()))
        text = f"The grid: all values are {least}."
        if least != most:
            text = f"The grid: values from {least} to {most}, the best in state {self.free[v.argmax()]}."
        if not self.selects:
            return text
        taken = numbers["pi"].probs[numbers[self.selects]] > 0
        ways = [WAYS_TO_GO[x, y] for (x, y), there in zip(self.moves, taken, strict=True) if there]
        return f"{text} State {numbers[self.selects]} is chosen{'' if taken.all() else ': ' + ' or '.join(ways)}."


class SignedGrid(GridWorld):
    """The grid with a quantity that has a sign, such as ∂v/∂θᵢ: orange and + above 0, violet and − below, 0 white.

    Numbers: pi, and by their names `shown` (S,) and `scale`, the size that has full colour (a root of it has the
    shade, so that small numbers show); with selects, that too. `digits` are those after the point.
    """

    def __init__(
        self,
        desc: ArrayLike,
        shown: str,
        scale: str,
        what: str = "∂v/∂θ",
        selects: str | None = None,
        digits: int = 4,
        **grid: Any,
    ) -> None:
        super().__init__(desc, selects, **grid)
        self.shown, self.scale, self.what, self.digits = shown, scale, what, digits

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        ax.set_xlabel(f"{self.what}: + orange, − violet", fontsize=10)

    def colors(self) -> tuple[Colormap, Normalize]:
        return SIGNED, Normalize(-1, 1)

    def shades(self, numbers: Numbers) -> Floats:
        x, scale = np.asarray(numbers[self.shown], dtype=float), numbers[self.scale]
        return np.sign(x) * np.sqrt(np.abs(x) / scale) if scale else np.zeros_like(x)

    def written(self, numbers: Numbers) -> list[str]:
        return [signed(x, self.digits) for x in numbers[self.shown][self.free]]

    def describe(self, numbers: Numbers) -> str:
        x = numbers[self.shown]
        text = f"The grid: {self.what} is 0 in all states."
        if x.any():
            ends = (f"{signed(x[k], self.digits)} in state {k}" for k in (int(x.argmin()), int(x.argmax())))
            zeros = np.count_nonzero(x == 0)
            text = f"The grid: {self.what} from {' to '.join(ends)}, and 0 in {zeros} of {len(x)} states."
        return text + (f" State {numbers[self.selects]} is chosen." if self.selects else "")
