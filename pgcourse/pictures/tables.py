"""Figures in rows and columns: any, and the lines of an equation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import INK, PALE
from pgcourse.pictures.part import Numbers, Part, minus, with_power

LOOK: Any = {"va": "center", "fontsize": 10.5, "color": INK}
MOVING: Any = LOOK | {"animated": True, "in_layout": False}


class Table(Part):
    """Rows of figures, each column below its head; under a second rule a note.

    rows     what each is called
    heads    what stands above each column
    says     how a row is spoken: a format for its name and its figures; if not given, each figure comes after its head
    places   the right ends of the columns, the width being 1
    Numbers: table, for each row its figures as texts; note.
    """

    # The heads are at height 0, the rows at 1, 2, …, n. The note, and the end of all, are so far below the last one.
    top, rule, note_at, bottom = 1.0, 0.5, 1.4, 2.2

    def __init__(
        self, rows: Sequence[str], heads: Sequence[str], says: str = "", places: Sequence[float] = (0.76, 1.0)
    ) -> None:
        self.rows, self.heads, self.places = rows, heads, places
        self.says = says or "{}: " + ", ".join(f"{head} {{}}" for head in heads)

    def draw(self, ax: Axes) -> None:
        n = len(self.rows)
        ax.set(xlim=(0, 1.015), ylim=(n + self.bottom, -self.top))  # the last column is not at the edge
        ax.axis("off")
        self.titles = [
            ax.text(x, 0, head, ha="right", weight="bold", **LOOK)
            for x, head in zip(self.places, self.heads, strict=True)
        ]
        for y in (self.rule, n + 0.5):
            ax.axhline(y, color=INK, lw=0.8)
        self.names = [ax.text(0, y, name, **LOOK) for y, name in enumerate(self.rows, start=1)]
        self.cells = [[ax.text(x, y, "", ha="right", **MOVING) for x in self.places] for y in range(1, n + 1)]
        self.note = ax.text(0, n + self.note_at, "", **MOVING)

    def update(self, numbers: Numbers) -> None:
        for cells, figures in zip(self.cells, self.figures(numbers), strict=True):
            for cell, text in zip(cells, figures, strict=True):
                cell.set_text(minus(text))
        self.note.set_text(self.remark(numbers))

    def figures(self, numbers: Numbers) -> Sequence[Sequence[str]]:
        return numbers["table"]

    def remark(self, numbers: Numbers) -> str:
        return numbers["note"]

    def read_out(self, numbers: Numbers) -> str:
        """The rows, in words."""
        rows = zip(self.rows, self.figures(numbers), strict=True)
        return minus("; ".join(self.says.format(name, *figures) for name, figures in rows))

    def describe(self, numbers: Numbers) -> str:
        return f"{self.read_out(numbers)}. {self.remark(numbers)}"


class LinesTable(Table):
    """The lines of a derivation in two notations, and what each of them is worth now.

    lines   (left, right) for each line: mathematics as matplotlib writes it
    heads   what stands above the two notations
    Numbers: lines (n,), one value a line; where (str), at what they are taken. A line that is not worth what the
    first one is gets a ≠.
    """

    same = 1.5e-6  # six decimals are shown, and each may be rounded
    top, note_at, bottom = 0.6, 0.8, 1.1

    def __init__(self, lines: Sequence[tuple[str, str]], heads: tuple[str, str] = ("written out", "operators")) -> None:
        super().__init__([str(k) for k in range(1, len(lines) + 1)], ["value"], places=[1.0])
        self.lines, self.notations = lines, heads

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        for x, head, column in zip((0.04, 0.535), self.notations, zip(*self.lines, strict=True), strict=True):
            ax.text(x, 0, head, weight="bold", **LOOK)
            for y, line in enumerate(column, start=1):
                ax.text(x, y, line, **LOOK)
        for y in range(1, len(self.lines)):
            ax.axhline(y + 0.5, color=PALE, lw=0.8)

    def figures(self, numbers: Numbers) -> Sequence[Sequence[str]]:
        return [[f"{'≠ ' * self.leaves(value, numbers)}{value:+z.6f}"] for value in numbers["lines"]]

    def remark(self, numbers: Numbers) -> str:
        apart = np.ptp(numbers["lines"])
        differ = f"differ by {with_power(apart, 1)} at most" if apart else "are equal to the last digit"
        return minus(f"{numbers['where']}: the lines {differ}")

    def describe(self, numbers: Numbers) -> str:
        values = ", ".join(f"{value:+z.6f}" for value in numbers["lines"])
        leaving = [str(k) for k, value in enumerate(numbers["lines"], start=1) if self.leaves(value, numbers)]
        said = f" Not as line 1: {', '.join(leaving)}." if leaving else ""
        return f"{numbers['where']}: lines 1 to {len(self.lines)} are worth {values}.{said}"

    def leaves(self, value: float, numbers: Numbers) -> bool:
        return bool(abs(value - numbers["lines"][0]) > self.same)
