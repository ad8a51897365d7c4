"""Explorer: controls → compute → picture, the one pattern for a live view.

    def compute(theta):                       # pure: values in, numbers out
        pi = softmax(phi, [theta])
        return {"theta": theta, "J": objective(corridor, pi)}

    Explorer({"theta": FloatSlider(0, min=-3, max=3)}, compute, picture)

A control is an ipywidgets widget with a `value`, or a plain value: state that only handles, steps and cells change.
Where a handle or a step has put θ between two steps of its slider, the slider shows the nearer, and the view keeps θ.
The picture offers `figure`, `update(numbers)` and, if it likes, `describe(numbers)` (what is seen, in words) and
`handles` (points the reader may drag). A move of a control computes once and draws once.

    Explorer(…, scenes={"left of the summit": {"theta": -1.0}, "summit": {"theta": 0.35}})

A scene is a name for some of the values, laid over those that the notebook states: the same picture, whatever was done
before, and whichever cell is run again. The scenes are buttons below the picture, and PageDown, PageUp and digits turn
them over.

Work of more than some 50 ms never stands in `compute`, which would keep the controls waiting: give it as `run`, a
generator that is stepped while the view stays alive (see `running`).
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from math import floor, isclose
from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from ipywidgets import Button, FloatSlider, HBox, Layout, ToggleButton, VBox, Widget

from pgcourse.live import LiveFigure
from pgcourse.running import Runner, Work
from pgcourse.scenes import SceneButtons

Values = dict[str, Any]
PLAY_INTERVAL = 0.08  # seconds from one step to the next: slow enough to be followed by eye

_open: WeakSet[Explorer] = WeakSet()
_stated: WeakKeyDictionary[Widget, Any] = WeakKeyDictionary()  # control → its value before any view had it


class Explorer:
    """A live view. `values` can be read and set from a cell; `numbers` are those last computed.

    controls   name → widget or plain value; `compute` takes these names
    compute    pure function of the values, to whatever `picture.update` takes
    picture    see the module's text; a closed view lets go of it, since Out[…] keeps the view
    step       step(values, numbers) → the values it changes; gives buttons: one step, ten steps, play, reset
    name       what the picture is, for a screen reader
    scale      how much larger than drawn it is shown: 2 for the lecture hall
    scenes     name → some of the values, in the order in which they are shown; see the module's text
    scene      the one to open with
    run        generator function of some of the values that yields (share done, values it changes); gives buttons:
               run (and stop), reset, and a bar

    An error in `compute` at construction is raised as usual. Later it is shown in the view, in words, the picture
    stays as it was, and the exception is kept in `error`. The view is closed when its cell is run again.
    """

    def __init__(
        self,
        controls: Mapping[str, Any],
        compute: Callable[..., Any],
        picture: Any,
        step: Callable[[Values, Any], Values] | None = None,
        name: str = "live picture",
        scale: float = 1.0,
        scenes: Mapping[str, Values] | None = None,
        scene: str | None = None,
        run: Work | None = None,
    ) -> None:
        self._controls = {key: c for key, c in controls.items() if isinstance(c, Widget)}
        for key, control in self._controls.items():
            if not control.has_trait("value"):
                raise TypeError(f"control {key!r} is a {type(control).__name__}, expected a widget with a value")
        self._state = {key: c for key, c in controls.items() if not isinstance(c, Widget)}
        self._between: Values = {}  # key → where a slider stands for, between two of its steps
        self._order = list(controls)
        self._compute, self._picture, self._step = compute, picture, step
        self._setting = False
        self._task: asyncio.Task[None] | None = None
        self._runner = run and Runner(run, lambda: self.values, self._take, self._fail)
        self.error: Exception | None = None
        now = self.values
        self._first = {
            key: _stated.setdefault(c, c.value) if isinstance(c, Widget) else c for key, c in controls.items()
        }
        with _unheard_by_others():
            try:
                self._scenes = self._full(scenes or {})
            finally:
                self._set(now)
        if scene is not None:
            self._first = self._scene_values(scene)
            self._set(self._first)
        self.numbers = compute(**self.values)
        picture.update(self.numbers)
        _open.add(self)  # before the earlier run's view is closed: it leaves alone the controls that this one has, too
        self.live = LiveFigure(picture.figure, name, scale)
        self.live.observe(lambda change: self.close(), "comm")
        for handle in getattr(picture, "handles", ()):
            self._attach(handle)
        self.live.update(self._described())
        for control in self._controls.values():
            control.observe(self._on_control, "value")
        wrapped, buttons = Layout(flex_flow="row wrap"), self._buttons()
        together = [HBox(buttons, layout=Layout(flex_flow="row wrap"))] if buttons else []  # wrapped one by one only
        row = HBox([*self._controls.values(), *together], layout=wrapped)  # where a row does not hold all of them
        self._scene_buttons = SceneButtons(list(self._scenes), self._on_scene) if self._scenes else None
        self._mark_scene()
        self.widget = VBox([row, self.live, *([self._scene_buttons] if self._scene_buttons else [])])

    @property
    def values(self) -> Values:
        """The controls' values, by name. Setting some of them moves the controls and the picture, once.

        Values that a control or `compute` refuses raise, and nothing has changed.
        """
        shown = {key: control.value for key, control in self._controls.items()}
        known = {**shown, **self._state, **self._between}
        return {key: known[key] for key in self._order}

    @values.setter
    def values(self, values: Values) -> None:
        before = self.values
        self._set(values)
        self._refresh()
        if error := self.error:
            self._set(before)
            self._refresh()
            raise error
        self._inputs_moved(before)

    @property
    def scene(self) -> str | None:
        """The name of the scene that the values are now, None if they are none. Setting it shows that scene."""
        now = self.values
        return next((name for name, values in self._scenes.items() if _same(values, now)), None)

    @scene.setter
    def scene(self, name: str) -> None:
        values = self._scene_values(name)
        self._rest()
        self.values = values

    def reset(self) -> None:
        """Show again what the view opened with."""
        self._rest()
        self._set(self._first)
        self._refresh()

    def close(self) -> None:
        """Take the view out of the page and its widgets out of the kernel, but for controls that other views have."""
        if self not in _open:
            return
        _open.discard(self)
        self._rest()
        for control in self._controls.values():
            control.unobserve(self._on_control, "value")
        shared = {control for explorer in _open for control in explorer._controls.values()}
        for widget in _tree(self.widget, shared):
            widget.close()
        self._picture = None

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self.widget.comm is None:
            return {"text/plain": "This view is closed. Run its cell again."}, {}
        data, metadata = self.live._repr_mimebundle_(**kwargs)
        return {**data, **self.widget._repr_mimebundle_(**kwargs)}, metadata

    def _set(self, values: Values) -> None:
        """Change values without computing, all or none of them; the widgets clip to their own ranges."""
        if unknown := sorted(set(values) - set(self._order)):
            raise KeyError(f"{unknown[0]!r} is not a control of this view, expected one of {', '.join(self._order)}")
        before = self.values
        self._setting = True
        try:
            self._assign(values)
        except Exception:
            self._assign(before)
            raise
        finally:
            self._setting = False

    def _assign(self, values: Values) -> None:
        for key, value in values.items():
            control = self._controls.get(key)
            if control is None:
                self._state[key] = value
                continue
            self._between.pop(key, None)
            if isinstance(control, FloatSlider) and control.step:
                if not isinstance(value, Real) or value != value:
                    raise TypeError(f"{key} is {value!r}, expected a number")
                self._between[key] = min(max(float(value), control.min), control.max)
                value = _nearest_step(control, self._between[key])
            control.value = value

    def _refresh(self) -> None:
        """Compute once, draw once; an error goes into the view, since nobody sees one raised in a callback."""
        try:
            if self not in _open:
                raise RuntimeError("this view is closed, run its cell again")
            numbers = self._compute(**self.values)
            self._picture.update(numbers)
            self.numbers = numbers
            self.live.update(self._described())
            self.error = None
        except Exception as error:  # the reader's own code runs here
            self._fail(error)
        self._mark_scene()

    def _take(self, values: Values) -> bool:
        """Values that a run has come to, drawn."""
        self._set(values)
        self._refresh()
        return self.error is None

    def _fail(self, error: Exception) -> None:
        self.error = error
        self.live.fail(_in_words(error))

    def _described(self) -> str:
        describe = getattr(self._picture, "describe", None)
        return describe(self.numbers) if describe else ""

    def _on_control(self, change: Any) -> None:
        if self._setting:
            return
        moved = next(key for key, control in self._controls.items() if control is change["owner"])
        if _rounded(change["old"], change["new"]):
            self._between.setdefault(moved, change["old"])
        else:
            self._between.pop(moved, None)
            self._inputs_moved({moved: change["old"]})
            self._refresh()

    def _attach(self, handle: Any) -> None:
        def on_drag(x: float, y: float) -> None:
            before = self.values
            try:
                self._set(handle.values(x, y, before))
            except Exception as error:
                self._fail(error)
            else:
                self._inputs_moved(before)
                self._refresh()

        self.live.draggable(handle.line, on_drag, handle.label, handle.step, handle.along, handle.snap)

    # Scenes

    def _full(self, scenes: Mapping[str, Values]) -> dict[str, Values]:
        """All values of each scene, which the controls must take as they are: clipped, it would be another picture."""
        full: dict[str, Values] = {}
        for name, values in scenes.items():
            try:
                self._set(self._first | values)
            except Exception as error:
                raise ValueError(f"scene {name!r}: {error.args[0] if error.args else error}") from error
            full[name] = self.values
            for key, value in values.items():
                if not _same({key: value}, full[name]):
                    raise ValueError(
                        f"scene {name!r}: {key} is {value!r}, but its control makes {full[name][key]!r} of it"
                    )
            if same := [other for other in full if other != name and _same(full[other], full[name])]:
                raise ValueError(f"scene {name!r} is the same as {same[0]!r}")
        return full

    def _scene_values(self, name: str) -> Values:
        if name not in self._scenes:
            raise KeyError(f"{name!r} is not a scene of this view, expected one of {', '.join(self._scenes) or 'none'}")
        return self._scenes[name]

    def _on_scene(self, k: int) -> None:
        self._rest()
        self._set(list(self._scenes.values())[k])
        self._refresh()

    def _mark_scene(self) -> None:
        if self._scene_buttons:
            scene = self.scene
            self._scene_buttons.present = None if scene is None else list(self._scenes).index(scene)

    # Steps and runs

    def _buttons(self) -> list[Widget]:
        buttons: list[Widget] = []
        if self._step is not None:
            one, ten = (_button(name) for name in ("one step", "ten steps"))
            one.on_click(lambda _: self._advance(1))
            ten.on_click(lambda _: self._advance(10))
            self._play = ToggleButton(description="play", icon="play", layout=Layout(width="auto"))
            self._play.observe(self._on_play, "value")
            buttons += [one, ten, self._play]
        if self._runner is not None:
            buttons += self._runner.widgets
        if buttons:
            reset = _button("reset")
            reset.on_click(lambda _: self.reset())
            buttons.append(reset)
        return buttons

    def _inputs_moved(self, before: Values) -> None:
        """Tell the run which of its inputs are no longer what they were, whoever moved them."""
        if self._runner is not None:
            now = self.values
            for key in self._runner.inputs:
                if key in before and not _same({key: before[key]}, now):
                    self._runner.input_moved(key)

    def _rest(self) -> None:
        """Nothing plays and nothing runs, and a run would begin at the beginning."""
        if self._step is not None:
            self._play.value = False
        if self._runner is not None:
            self._runner.forget()

    def _advance(self, times: int) -> bool:
        """Take steps, and draw where they lead; False where nothing moves any more, or one of them failed."""
        assert self._step is not None  # there would be no button
        before, numbers = self.values, self.numbers
        try:
            for k in range(times):
                if k:
                    numbers = self._compute(**self.values)
                self._set(self._step(self.values, numbers))
        except Exception as error:
            self._set(before)
            self._fail(error)
            return False
        self._inputs_moved(before)
        self._refresh()
        return self.error is None and not _same(before, self.values)

    def _on_play(self, change: Any) -> None:
        playing = change["new"]
        self._play.description = self._play.icon = "stop" if playing else "play"
        self._stop()  # one at a time, however fast the button is pressed
        if playing:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._advance(1):
            await asyncio.sleep(PLAY_INTERVAL)
        self._task = None
        self._play.value = False


@contextmanager
def _unheard_by_others() -> Iterator[None]:
    """Open views do not hear of controls, which they may have, too, that are moved and moved back meanwhile."""
    others = list(_open)
    for view in others:
        view._setting = True
    try:
        yield
    finally:
        for view in others:
            view._setting = False


def _button(name: str) -> Button:
    return Button(description=name, layout=Layout(width="auto"))


def _nearest_step(slider: FloatSlider, value: float) -> float:
    """As the browser rounds, to the bit: another value would come back from there as if the reader had moved it."""
    width = slider.max - slider.min
    if not width:
        return slider.min
    share, grid = (value - slider.min) * 100 / width, slider.step * 100 / width
    return min(max(floor(share / grid + 0.5) * grid, 0), 100) * width / 100 + slider.min


def _rounded(old: Any, new: Any) -> bool:
    """A number that comes back from the browser in its last digits, as 10 ** log10 x does: nobody has moved it."""
    return isinstance(old, float) and isinstance(new, float) and isclose(old, new, rel_tol=1e-12)


def _same(one: Values, other: Values) -> bool:
    return all(_equal(one[key], other[key]) for key in one)


def _equal(one: Any, other: Any) -> bool:
    """Equal, and of the same shape, down to the arrays in dictionaries, lists and data classes."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and _same(dict(one), dict(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if is_dataclass(one) and type(one) is type(other):
        return all(_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return np.array_equal(one, other)


def _in_words(error: Exception) -> str:
    """The error, and the line of the reader's code it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<ipython")]
    where = f"\nin {own[-1].name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
    return f"{type(error).__name__}: {error}{where}"


def _tree(widget: Widget, without: set[Widget]) -> list[Widget]:
    """The widget, what is in it, and their layouts and styles: each is a comm of its own."""
    if widget in without:
        return []
    found = [widget, *(part for name in ("layout", "style") if isinstance(part := getattr(widget, name, None), Widget))]
    for child in getattr(widget, "children", ()):
        found += _tree(child, without)
    return found
