"""Learning on one thread of the processor, in memory that is not given back between two updates.

The products of small networks take longer on several threads. And a sum that several threads share may end in other
last digits than on one: a run could then be another elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any, TypeVar

import numpy as np

State = TypeVar("State")


@cache
def controller() -> Any:
    """What sets the number of threads of the libraries behind NumPy; to look for them takes a while."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def keep_freed_memory() -> None:
    """Let glibc keep what an update frees for the next one, up to twice 16 MB. Elsewhere it changes nothing.

    Otherwise memory may go back to the system after each update and come again page by page, which can be a quarter of
    its time. glibc adapts to the largest block freed so far (man mallopt, M_MMAP_THRESHOLD).
    """
    np.empty(2**21)


class OneThread:
    """NumPy has one thread as long as anybody is inside, from whichever thread, and then what it had at first."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0  # the number of NumPy's threads is the whole process's
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = controller().limit(limits=1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


one_thread = OneThread()


def on_one_thread(states: Iterator[State]) -> Iterator[State]:
    """The same states. NumPy has one thread while the next one is made, and what it had before in between."""
    keep_freed_memory()
    while True:
        with one_thread:
            try:
                state = next(states)
            except StopIteration:
                return
        yield state
