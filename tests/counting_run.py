"""A run that counts, and a story's patience with it, for the tests of runs and of views that have one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

N = 60


def counting(alpha: float, n: int = N) -> Iterator[tuple[float, dict[str, Any]]]:
    for k in range(1, n + 1):
        yield k / n, {"total": alpha * k}


async def until(condition: Callable[[], bool], most: int = 5000) -> None:
    for _ in range(most):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")
