"""Explorer: controls → compute → picture, the one pattern for a live view.

    def compute(theta):                       # pure: values in, numbers out
        pi = softmax(phi, [theta])
        return {"theta": theta, "J": objective(corridor, pi)}

    Explorer({"theta": FloatSlider(0, min=-3, max=3)}, compute, picture)

A control is an ipywidgets widget with a `value`, or a plain value: state that only handles, steps and cells change. The
picture offers `figure`, `update(numbers)` and, if it likes, `describe(numbers)` (what is seen, in words) and `handles`
(points the reader may drag). A move of a control computes once and draws once.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from IPython import get_ipython
from ipywidgets import Button, HBox, Layout, ToggleButton, VBox, Widget

from pgcourse.live import LiveFigure

Values = dict[str, Any]
PLAY_INTERVAL = 0.08  # seconds from one step to the next: slow enough to be followed by eye


class Explorer:
    """A live view. `values` can be read and set from a cell; `numbers` are those last computed.

    controls   name → widget or plain value; `compute` takes these names
    compute    pure function of the values, to whatever `picture.update` takes
    picture    see the module's text
    step       step(values, numbers) → the values it changes; gives the buttons "one step", "ten steps" and "play"
    name       what the picture is, for a screen reader

    An error in `compute` at construction is raised as usual. Later it is shown in the view, in words, the picture
    stays as it was, and the exception is kept in `error`.
    """

    def __init__(
        self,
        controls: Mapping[str, Any],
        compute: Callable[..., Any],
        picture: Any,
        step: Callable[[Values, Any], Values] | None = None,
        name: str = "live picture",
        scale: float = 1.0,
    ) -> None:
        self._controls = {key: c for key, c in controls.items() if isinstance(c, Widget)}
        self._state = {key: c for key, c in controls.items() if not isinstance(c, Widget)}
        self._order = list(controls)
        self._compute, self._picture, self._step = compute, picture, step
        self._refreshing = self._playing = False
        self.error: Exception | None = None
        self.numbers = compute(**self.values)
        picture.update(self.numbers)
        self.live = LiveFigure(picture.figure, name, scale)
        for handle in getattr(picture, "handles", ()):
            self._attach(handle)
        self.live.update(self._described())
        for control in self._controls.values():
            control.observe(self._on_control, "value")
        row = HBox([*self._controls.values(), *self._buttons()], layout=Layout(flex_flow="row wrap"))
        self.widget = VBox([row, self.live])
        _close_earlier(self)

    @property
    def values(self) -> Values:
        """The controls' values, by name. Setting some of them moves the controls and the picture, once."""
        return {key: self._controls[key].value if key in self._controls else self._state[key] for key in self._order}

    @values.setter
    def values(self, values: Values) -> None:
        self._set(values)
        self._refresh()
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Take the view out of the page and its widgets out of the kernel."""
        self._playing = False
        for widget in _tree(self.widget):
            widget.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = self.live._repr_mimebundle_(**kwargs)
        return {**data, **self.widget._repr_mimebundle_(**kwargs)}, metadata

    def _set(self, values: Values) -> None:
        """Change values without computing: the widgets follow, clipped to their own ranges."""
        if unknown := sorted(set(values) - set(self._order)):
            raise KeyError(f"{unknown[0]!r} is not a control of this view, expected one of {', '.join(self._order)}")
        self._refreshing = True
        try:
            for key, value in values.items():
                if key in self._controls:
                    self._controls[key].value = value
                else:
                    self._state[key] = value
        finally:
            self._refreshing = False

    def _refresh(self) -> None:
        """Compute once, draw once; an error goes into the view, since nobody sees one raised in a callback."""
        try:
            self.numbers = self._compute(**self.values)
            self._picture.update(self.numbers)
            description = self._described()
        except Exception as error:  # the reader's own code runs here
            self.error = error
            self.live.fail(_in_words(error))
        else:
            self.error = None
            self.live.update(description)

    def _described(self) -> str:
        describe = getattr(self._picture, "describe", None)
        return describe(self.numbers) if describe else ""

    def _on_control(self, change: Any) -> None:
        if not self._refreshing:
            self._refresh()

    def _attach(self, handle: Any) -> None:
        def on_drag(x: float, y: float) -> None:
            self._set(handle.values(x, y, self.values))
            self._refresh()

        self.live.draggable(handle.line, on_drag, handle.label, handle.step, handle.along, handle.snap)

    # Steps

    def _buttons(self) -> list[Widget]:
        if self._step is None:
            return []
        one, ten = (Button(description=text, layout=Layout(width="auto")) for text in ("one step", "ten steps"))
        one.on_click(lambda _: self._advance(1))
        ten.on_click(lambda _: self._advance(10))
        self._play = ToggleButton(description="play", icon="play", layout=Layout(width="auto"))
        self._play.observe(self._on_play, "value")
        return [one, ten, self._play]

    def _advance(self, times: int) -> bool:
        """Take steps, and draw where they lead; False where nothing moves any more, or one of them failed."""
        assert self._step is not None  # there would be no button
        before = self.values
        try:
            for k in range(times):
                if k:
                    self.numbers = self._compute(**self.values)
                self._set(self._step(self.values, self.numbers))
        except Exception as error:
            self._set(before)
            self.error = error
            self.live.fail(_in_words(error))
            return False
        self._refresh()
        return self.error is None and not _same(before, self.values)

    def _on_play(self, change: Any) -> None:
        self._playing = change["new"]
        self._play.description, self._play.icon = ("stop", "stop") if self._playing else ("play", "play")
        if self._playing:
            self._task = asyncio.get_running_loop().create_task(self._run())  # kept, or it might be collected

    async def _run(self) -> None:
        while self._playing and self._advance(1):
            await asyncio.sleep(PLAY_INTERVAL)
        self._play.value = False


def _same(one: Values, other: Values) -> bool:
    return all(np.array_equal(one[key], other[key]) for key in one)


def _in_words(error: Exception) -> str:
    """The error, and the line of the reader's code it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<ipython")]
    where = f"\nin {own[-1].name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
    return f"{type(error).__name__}: {error}{where}"


# A cell that is run again replaces its view: the widgets of the earlier run are closed.

_shown: dict[str, tuple[str, list[Explorer]]] = {}  # cell → (execution, its explorers)


def _close_earlier(explorer: Explorer) -> None:
    shell: Any = get_ipython()
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    if cell is None:
        return
    execution = parent["header"]["msg_id"]
    earlier, explorers = _shown.get(cell, (None, []))
    if earlier != execution:
        for old in explorers:
            old.close()
        explorers = []
    _shown[cell] = (execution, [*explorers, explorer])


def _tree(widget: Widget) -> list[Widget]:
    """The widget, what is in it, and their layouts and styles: each is a comm of its own."""
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += _tree(child)
    return found + [part for name in ("layout", "style") if isinstance(part := getattr(widget, name, None), Widget)]
