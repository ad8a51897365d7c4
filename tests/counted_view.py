"""A view of a parabola that counts how often it computes and draws, for the tests of Explorer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.figure import Figure

from pgcourse.live.explorer import Explorer


class Parabola:
    """y = x², a point on it to drag, and how often it was asked to draw."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(3, 2))
        ax = self.figure.subplots()
        ax.set(xlim=(-4, 4), ylim=(-1, 10))
        (self.point,) = ax.plot([0], [0], "o", animated=True)
        (self.trail,) = ax.plot([], [], animated=True)
        self.handles = [
            SimpleNamespace(line=self.point, label="x", values=self.dragged, step=(0.1, 0.1), along=None, snap=False)
        ]
        self.draws = 0

    def dragged(self, x: float, y: float, values: dict[str, Any]) -> dict[str, Any]:
        if y > 9:
            raise ValueError("too high")
        return {"x": x}

    def update(self, numbers: dict[str, float]) -> None:
        self.draws += 1
        self.point.set_data([numbers["x"]], [numbers["y"]])

    def describe(self, numbers: dict[str, float]) -> str:
        return f"x is {numbers['x']:.2f}"


class Counted:
    """x² times a factor, which fails at x = 3 exactly."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: float, **others: Any) -> dict[str, float]:
        self.calls += 1
        if x == 3:
            raise ZeroDivisionError("three is too many")
        return {"x": x, "y": x**2}


def wish(x: float, y: float, seq: int = 1) -> dict[str, Any]:
    """What the browser sends when the point is dragged to (x, y)."""
    return {"drag": {"view": "a view", "seq": seq, "wishes": [[0, (x + 4) / 8, (y + 1) / 11, [-4, 4, -1, 10]]]}}


def count(view: SimpleNamespace, move: Callable[[], Any]) -> tuple[int, int]:
    """Computations and drawings that a move makes."""
    calls, draws = view.compute.calls, view.picture.draws
    move()
    return view.compute.calls - calls, view.picture.draws - draws


def double(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
    """x goes half of its way to 2."""
    return {"x": values["x"] + (2 - values["x"]) / 2}


def buttons(explorer: Explorer) -> dict[str, Any]:
    return {child.description: child for child in explorer.widget.children[0].children[-1].children}


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else run until the condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


def count_up(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
    return {"x": values["x"] + 1}
