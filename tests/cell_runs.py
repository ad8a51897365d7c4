"""A cell that is run again and again, for the tests of what is left of its earlier runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from IPython.core.events import EventManager


class Cell:
    """The shell of a notebook, in which one cell is run again and again."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = EventManager(self, {"post_execute": None})

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {"cellId": "a cell"}, "header": {"msg_id": f"run {self.runs}"}}

    def run_times(self, times: int) -> Iterator[int]:
        """For a loop whose body is the cell."""
        for k in range(times):
            self.runs += 1
            yield k
            self.events.trigger("post_execute")
