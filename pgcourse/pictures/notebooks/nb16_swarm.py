"""A search without a gradient on a landscape: its candidates, its mean, and the ellipse of one σ."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pgcourse.pictures.curves import Landscape
from pgcourse.pictures.palette import OCCUPANCY, POLICY
from pgcourse.pictures.part import Floats, Numbers

CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 61)) for f in (np.cos, np.sin)])


class Swarm(Landscape):
    """J over two parameters, with the mean to drag, the candidates of the last generation and the next ones' ellipse.

    key     the key of this part's numbers, named in the note
    Numbers, under the key: those of a Landscape, theta being the mean; candidates (n, 2), spread (2, 2). A value
    called generation starts anew when the mean is dragged.
    """

    note_size = 10

    def __init__(
        self,
        key: str,
        x: Floats,
        y: Floats,
        J: Floats,
        labels: tuple[str, str],
        names: tuple[str, str],
        least: float = -np.inf,
    ) -> None:
        super().__init__(x, y, J, labels, names, least)
        self.key = key

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.point.set(markersize=7, markeredgewidth=1)  # smaller than most ellipses, which lie above it
        (self.dots,) = ax.plot([], [], "o", color=OCCUPANCY, mec="white", mew=0.5, ms=5, animated=True)
        (self.ellipse,) = ax.plot([], [], color=POLICY, lw=1.6, zorder=6, animated=True)

    def _dragged(self, x: float, y: float, current: dict[str, Any]) -> dict[str, Any]:
        return super()._dragged(x, y, current) | {"generation": 0}

    def update(self, numbers: Numbers) -> None:
        own = numbers[self.key]
        super().update(own)
        self.note.set_text(f"{self.key}: {self.note.get_text()}")
        self.dots.set_data(np.asarray(own["candidates"]).reshape(-1, 2).T)
        self.ellipse.set_data(np.asarray(own["theta"])[:, None] + own["spread"] @ CIRCLE)

    def said(self, numbers: Numbers) -> str:
        longest, shortest = np.linalg.svd(numbers["spread"], compute_uv=False)
        J = f"{numbers['J']:{'.4g' if abs(numbers['J']) < 10_000 else ',.0f'}}"
        return (
            f"J(mean) = {J}{self.off_scale(numbers['J'])}\nσ along the ellipse's axes {longest:.2g} and {shortest:.2g}"
        )

    def describe(self, numbers: Numbers) -> str:
        own = numbers[self.key]
        x, y = own["theta"]
        said = self.said(own).replace("\n", ", ")
        where = ", outside of the map" * self.is_outside(np.array([x, y]))
        return f"{self.key}: the mean is ({x:.2f}, {y:.2f}){where}, {said}; {len(own['candidates'])} candidates."
