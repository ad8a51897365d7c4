"""Learning on one thread of the processor: the products of small networks take longer on several.

And a sum that several threads share may end in other last digits than on one: a run could then be another elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

State = TypeVar("State")


@cache
def controller() -> Any:
    """What sets the number of threads of the libraries behind NumPy; to look for them takes a while."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def on_one_thread(states: Iterator[State]) -> Iterator[State]:
    """The same states. NumPy has one thread while the next one is made, and what it had before in between."""
    while True:
        with controller().limit(limits=1):
            try:
                state = next(states)
            except StopIteration:
                return
        yield state
