"""A quantity over the plane of two observed ones, such as a critic over angle and speed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.palette import INK, SIGNED, VALUES
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, unitless


class PlaneMap(Part):
    """Values over two quantities as colour, with a scale beside it; the note says the mean, and the value at a place.

    key     the name of the numbers, (rows, columns), lowest row first
    x, y    (label, half of the width): both axes go from minus to plus this
    lim     (least, most) of the colours; from −c to c minus is violet and plus orange, else more is greener
    place   (name, column, row) of the entry that the note tells, a cross; left out if there is None
    Numbers: key. What is beyond `lim` has the colour of the end, and the scale says so.
    """

    def __init__(
        self,
        key: str,
        title: str,
        x: tuple[str, float],
        y: tuple[str, float],
        shape: tuple[int, int],
        lim: tuple[float, float],
        place: tuple[str, int, int] | None = None,
    ) -> None:
        self.key, self.title, self.x, self.y, self.shape, self.lim, self.place = key, title, x, y, shape, lim, place

    def draw(self, ax: Axes) -> None:
        (x, wide), (y, high), (low, top) = self.x, self.y, self.lim
        rows, columns = self.shape
        across, up = wide / (columns - 1), high / (rows - 1)  # the outermost entries lie on the borders
        self.image = ax.imshow(
            np.zeros(self.shape), cmap=SIGNED if low == -top else VALUES, vmin=low, vmax=top, origin="lower",
            extent=(-wide - across, wide + across, -high - up, high + up), aspect="auto", animated=True,
        )  # fmt: skip
        ax.set(xlabel=x, ylabel=y)
        ax.set_title(f"{self.title}\n", fontsize=10.5, color=INK)
        bar = ax.figure.colorbar(self.image, ax=ax, pad=0.02, aspect=25, location="bottom")
        bar.set_ticks([low, (low + top) / 2, top], labels=self.marked(low, (low + top) / 2, top))
        least, *_, most = bar.ax.get_xticklabels()
        least.set_horizontalalignment("left")  # clear of the next scale's
        most.set_horizontalalignment("right")
        bar.outline.set_visible(False)
        if self.place:
            _, column, row = self.place
            ax.plot([-wide + 2 * across * column], [-high + 2 * up * row], "+", color=INK, mew=1.6, ms=10)
        self.note = note_above(ax, 10)

    @staticmethod
    def marked(low: float, middle: float, top: float) -> list[str]:
        """What stands at the scale's two ends and in its middle."""
        return [minus(f"≤ {low:g}"), minus(f"{middle:g}"), minus(f"≥ {top:g}")]

    def update(self, numbers: Numbers) -> None:
        self.image.set_data(self.values(numbers))
        self.note.set_text(minus(", ".join(self.told(numbers))))

    def values(self, numbers: Numbers) -> Floats:
        return np.reshape(numbers[self.key], self.shape)

    def told(self, numbers: Numbers) -> list[str]:
        """The mean, and what stands at the place."""
        values = self.values(numbers)
        told = {"mean": values.mean()}
        if self.place:
            name, column, row = self.place
            told[name] = values[row, column]
        return [f"{name} {round(float(value), 1) + 0.0:.1f}" for name, value in told.items()]  # no −0.0

    def describe(self, numbers: Numbers) -> str:
        values = self.values(numbers)
        row, column = np.unravel_index(values.argmax(), self.shape)
        at = [half * (2 * k / (n - 1) - 1) + 0.0 for k, n, (_, half) in
              ((column, self.shape[1], self.x), (row, self.shape[0], self.y))]  # fmt: skip
        where = f"{unitless(self.x[0])} {at[0]:.2f} and {unitless(self.y[0])} {at[1]:.2f}"
        spread = f"from {values.min():.1f} to {values.max():.1f}, largest at {where}"
        return f"{self.title}: {', '.join(self.told(numbers))}; {spread}."
