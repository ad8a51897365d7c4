"""Points that the reader drags: what the browser asks for in one message is tried together.

Two bars whose sum must fit may fit only together. Where they do not, each is tried alone, the newest last: a point
that was refused, and that the browser sends again, keeps nobody from putting another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pgcourse.live.figure import LiveFigure
from pgcourse.live.interrupts import Home

Wish = tuple[Any, float, float]  # a handle, and where its point shall be: x, y


def let_drag(live: LiveFigure, handles: Iterable[Any], put: Callable[[Sequence[Wish]], bool], home: Home) -> None:
    """Let the points of `handles` be dragged in `live`; `put` moves them, and returns False if they cannot be there."""
    wishes: list[Wish] = []
    for handle in handles:

        def on_drag(x: float, y: float, handle: Any = handle) -> None:
            wishes.append((handle, x, y))

        how = handle.step, handle.along, handle.snap, getattr(handle, "upright", False)
        live.draggable(handle.line, on_drag, handle.label, *how)

    def dragged() -> None:
        asked = wishes.copy()
        wishes.clear()
        if len(asked) == 1 or not put(asked):
            for wish in asked:
                put([wish])

    live.dragged = home.bound(dragged)
