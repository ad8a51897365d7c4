"""A row of buttons for the named scenes of a view, at most one of them pressed, and the keys that turn them over.

    buttons = SceneButtons(["steep slope", "summit"], choose)     # choose(k) is called with the reader's choice
    buttons.present = 1                                           # this one is pressed

In the box that holds the row, PageDown and PageUp (what a presenter's remote sends) choose the next and the previous
scene, and a digit chooses one by its place (scenes.js). The module knows nothing of the course.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class SceneButtons(anywidget.AnyWidget):
    """`names` are on the buttons, `present` is the place of the one that is pressed, None if none is."""

    # text and not the path, as in LiveFigure: of a path anywidget keeps every instance alive
    _esm = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("line.js", "scenes.js"))

    names: traitlets.List[str] = traitlets.List(traitlets.Unicode()).tag(sync=True)
    present: traitlets.Int[int | None, int | None] = traitlets.Int(None, allow_none=True).tag(sync=True)
    # [the scene chosen, the how many-th choice, of which row in which page]: state and not a message, so that of many
    # the newest is heard
    choice: traitlets.List[Any] = traitlets.List([0, 0, ""]).tag(sync=True, echo_update=False)
    heard: traitlets.List[Any] = traitlets.List([0, 0, ""]).tag(sync=True)  # the choice that `present` answers

    def __init__(self, names: Sequence[str], choose: Callable[[int], None]) -> None:
        super().__init__(names=list(names))
        self._choose = choose
        self.observe(self._on_choice, "choice")

    def _on_choice(self, change: dict[str, Any]) -> None:
        with self.hold_sync():  # the answer, and what it is the answer to
            self._choose(change["new"][0])
            self.heard = change["new"]
