"""A cell that is run again replaces its pictures: the comms of its earlier run are closed.

This is done after the cell, since some twenty messages would keep the new picture waiting.
"""

from __future__ import annotations

from typing import Any

from IPython import get_ipython

_shown: dict[str, tuple[str, list[Any]]] = {}  # cell → (execution, its figures)


def close_earlier(live: Any) -> None:
    """Close the figures of earlier runs of the cell that shows this LiveFigure, when the cell has ended."""
    shell: Any = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    if cell is None:
        return
    execution = parent["header"]["msg_id"]
    earlier, figures = _shown.get(cell, ("", []))
    if earlier != execution:
        _after_cell(shell, figures)
        figures = []
    _shown[cell] = (execution, [*figures, live])


def _after_cell(shell: Any, figures: list[Any]) -> None:
    """Close figures when the cell that runs now has ended, whether it ends well or not."""

    def close() -> None:
        shell.events.unregister("post_execute", close)
        for old in figures:
            old.layout.close()
            old.close()

    shell.events.register("post_execute", close)
