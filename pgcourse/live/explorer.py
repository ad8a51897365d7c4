"""Explorer: controls → compute → picture, the one pattern for a live view.

    def compute(theta):                       # pure: values in, numbers out
        pi = softmax(phi, [theta])
        return {"theta": theta, "J": objective(corridor, pi)}

    Explorer({"theta": FloatSlider(0, min=-3, max=3)}, compute, picture)

A control is an ipywidgets widget with a `value`, or a plain value: state that only handles, steps and cells change.
Where a handle or a step has put θ between two steps of its slider, the slider shows the nearer, the view keeps θ and
says so below the picture.
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

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any
from weakref import WeakSet

from IPython.display import HTML, display
from ipywidgets import HTML as Words
from ipywidgets import Button, Layout, Widget

from pgcourse.live.ahead import Ahead
from pgcourse.live.controls import Controls, Slider, Values, digits, equal
from pgcourse.live.dragging import Wish, let_drag
from pgcourse.live.errors import in_words
from pgcourse.live.figure import Glimpse, LiveFigure
from pgcourse.live.interrupts import Home, interruptible
from pgcourse.live.layout import arranged, tree
from pgcourse.live.running import Player, Runner, Work
from pgcourse.live.scenes import SceneButtons

_open: WeakSet[Explorer] = WeakSet()


class Explorer:
    """A live view. `values` can be read and set from a cell; `numbers` are those last drawn.

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
    ahead      False for a `compute` whose numbers hang on more than the values, such as random ones without a seed:
               otherwise pictures are made before they are asked for (see `ahead`)

    An error in `compute` at construction is raised as usual. Later it is shown in the view, in words, the picture
    stays as it was, and the exception is kept in `error`. The values go back to those of the picture, too, except that
    a control stays where the reader has put it. Kernel → Interrupt ends whatever the view does, with everything put
    back. The view is closed when its cell is run again.
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
        ahead: bool = True,
    ) -> None:
        self._values = Controls(controls)
        self._controls = self._values.widgets
        self._compute, self._picture, self._step = compute, picture, step
        self._home = Home()
        self._runner = run and Runner(run, lambda: self.values, self._take, self._fail, self._home)
        self._player = step and Player(lambda: self._advance(1), self._home)
        self.error: BaseException | None = None
        self._put_by: dict[str, str] = {}  # value → the name of the point that has moved it
        self._scenes = self._values.lay(scenes or {})
        self._first = self._values.stated
        if scene is not None:
            self._first = self._scene_values(scene)
            self._values.set(self._first)
        self._shown = self.values  # those of the picture
        self.numbers = compute(**self._shown)
        picture.update(self.numbers)
        _open.add(self)  # before the earlier run's view is closed: it leaves alone the controls that this one has, too
        self.live = LiveFigure(picture.figure, name, scale)
        self.live.observe(lambda change: self.close(), "comm")
        with self.live.hold_sync():  # one message: each keeps the first picture waiting
            let_drag(self.live, self.handles, self._put, self._home)
            self.live.update(self._described(self.numbers))
        self._ahead = Ahead(self) if ahead else None
        self.live.on_msg(self._home.bound(self._on_message))
        self._heard = self._home.bound(self._on_control)
        self._values.observe(self._heard)
        buttons = self._buttons()
        sliders = any(isinstance(control, Slider) for control in self._controls.values())
        # Words are wrapped on a narrow page, where a label is cut. They have their line even when they are silent.
        between = buttons or self.handles or any(map(self._values.is_between, self._scenes.values()))
        self._note = Words(layout=Layout(min_height="28px")) if sliders and between else None
        choose = self._home.bound(self._on_scene)
        self.scene_buttons = SceneButtons(list(self._scenes), choose) if self._scenes else None
        self._remark()
        self.widget = arranged([*self._controls.values()], buttons, self.live, [self._note, self.scene_buttons])

    @property
    def values(self) -> Values:
        """The controls' values, by name. Setting some of them moves the controls and the picture, once.

        Values that a control or `compute` refuses raise, and nothing has changed.
        """
        return self._values.now

    @values.setter
    def values(self, values: Values) -> None:
        before = self.values
        self._values.set(values)
        try:
            self._draw()
        except BaseException:
            self._values.set(before)
            raise
        finally:
            self._remark()
        self._inputs_moved(before)

    @property
    def controls(self) -> dict[str, Widget]:
        """The widgets, by the name of the value that stands in them."""
        return self._controls

    @property
    def scenes(self) -> dict[str, Values]:
        """All values of each scene, by its name."""
        return self._scenes

    @property
    def handles(self) -> Sequence[Any]:
        """The points of the picture that the reader may drag."""
        return getattr(self._picture, "handles", ())

    @property
    def run_inputs(self) -> list[str] | None:
        """The names of the values that the run begins with; None if there is no run."""
        return None if self._runner is None else self._runner.inputs

    @property
    def moves_by_itself(self) -> bool:
        """Whether it plays or runs now."""
        return any(player is not None and player.running for player in (self._player, self._runner))

    @property
    def scene(self) -> str | None:
        """The name of the scene that the values are now, None if they are none. Setting it shows that scene."""
        now = self.values
        return next((name for name, values in self._scenes.items() if equal(values, now)), None)

    @scene.setter
    def scene(self, name: str) -> None:
        values = self._scene_values(name)
        self._rest()
        self.values = values

    def reset(self) -> None:
        """Show again what the view opened with, or would open with had nobody moved its controls."""
        self._go_to(self._first)

    def glimpse(self, values: Values, elsewhere: bool = True) -> Glimpse | None:
        """The picture of some other values, all of them given; what is shown, and what it is of, stay as they are.

        None where it needs another background and may not be `elsewhere`. Raises what `compute` or the picture raises.
        """
        with self.glimpses() as glimpse:
            return glimpse(values, elsewhere)

    @contextmanager
    def glimpses(self) -> Iterator[Callable[[Values, bool], Glimpse | None]]:
        """Gives `glimpse`, for many pictures: the picture that is shown is put back once, at the end."""
        stale = self.live.figure.stale

        def glimpse(values: Values, elsewhere: bool) -> Glimpse | None:
            with interruptible():  # the reader's own code runs here
                numbers = self._compute(**values)
                self._picture.update(numbers)
            return look(self._described(numbers), elsewhere)

        with self.live.glimpses() as look:
            try:
                yield glimpse
            finally:
                self._picture.update(self.numbers)
                self.live.figure.stale = stale  # it is as it was

    def close(self) -> None:
        """Take the view out of the page and its widgets out of the kernel, but for controls that other views have."""
        if self not in _open:
            return
        _open.discard(self)
        self._rest()
        if self._ahead is not None:
            self._ahead.close()
        self._values.unobserve(self._heard)
        shared = {control for explorer in _open for control in explorer._controls.values()}
        for widget in tree(self.widget, shared):
            widget.close()
        self._picture = None

    def _ipython_display_(self) -> None:
        """The view at once, then its still picture for where it cannot be live, which takes a while to make."""
        if self.widget.comm is None:
            display({"text/plain": "This view is closed. Run its cell again."}, raw=True)
            return
        shown: Any = self.widget._repr_mimebundle_()
        display({**shown, "text/plain": self.live.name}, raw=True)
        data, metadata = self.live.still_output()
        display(data, metadata=metadata, raw=True)
        display(HTML(self.live.still_page()))

    def _draw(self) -> None:
        """Compute once, draw once; where one of them fails the picture is as it was."""
        if self not in _open:
            raise RuntimeError("this view is closed, run its cell again")
        values = self.values
        with interruptible():  # the reader's own code runs here
            numbers = self._compute(**values)
        try:
            with interruptible():
                self._picture.update(numbers)
            self.live.key = None if self._ahead is None else self._ahead.key
            self.live.update(self._described(numbers))
        except BaseException:
            self._picture.update(self.numbers)  # it may have been moved half
            raise
        self.numbers, self._shown, self.error = numbers, values, None
        if self._ahead is not None:
            self._ahead.drawn()

    def _follow(self, before: Values | None = None) -> bool:
        """Draw the values, or say why not and go back to those `before`: nobody sees an error raised in a callback."""
        try:
            self._draw()
        except (Exception, KeyboardInterrupt) as error:
            if before is None and isinstance(error, KeyboardInterrupt):
                before = self._shown
            if before is not None:
                self._values.set(before)
            self._fail(error)
        self._remark()
        return self.error is None

    def _take(self, values: Values) -> bool:
        """Values that a run has come to, drawn."""
        before = self.values
        self._values.set(values)
        if not self._follow(before) and isinstance(self.error, KeyboardInterrupt):
            raise self.error
        return self.error is None

    def _fail(self, error: BaseException) -> None:
        self.error = error
        now, shown = self.values, self._shown
        moved = [key for key in now if key in self._controls and not equal(now[key], shown[key])]
        kept = [f"{self._called(key)} = {digits(shown[key])}" for key in moved]
        self.live.key = None if self._ahead is None else self._ahead.key
        self.live.fail(in_words(error, f"still shows {', '.join(kept)}" if kept else "stays as it was"))

    def _called(self, key: str) -> str:
        """The name that the page has for a control, or for the point that has last moved a value without one."""
        return getattr(self._controls.get(key), "description", "") or self._put_by.get(key, key)

    def _described(self, numbers: Any) -> str:
        describe = getattr(self._picture, "describe", None)
        return describe(numbers) if describe else ""

    def _on_control(self, change: Any) -> None:
        if moved := self._values.moved(change):
            if self._ahead is not None:
                self._ahead.moved(moved)
            self._inputs_moved({moved: change["old"]})
            self._follow()
            self._give_way()

    def _move(self, move: Callable[[], None]) -> bool:
        """Change values by `move`, all or none, and draw them."""
        before = self.values
        try:
            move()
        except (Exception, KeyboardInterrupt) as error:
            self._values.set(before)
            self._fail(error)
            return False
        if moved := self._follow(before):
            self._inputs_moved(before)
        return moved

    def _put(self, wishes: Sequence[Wish]) -> bool:
        """Where the reader puts points, drawn; False if they cannot be there."""

        def move() -> None:
            for handle, x, y in wishes:
                with interruptible():
                    values = handle.values(x, y, self.values)
                self._values.set(values)
                self._put_by |= dict.fromkeys(values, handle.label.partition(" = ")[0])
                if self._ahead is not None:
                    self._ahead.moved(*values)

        moved = self._move(move)
        self._give_way()
        return moved

    def _give_way(self) -> None:
        if self._runner is not None:
            self._runner.give_way()

    # Scenes

    def _scene_values(self, name: str) -> Values:
        if name not in self._scenes:
            raise KeyError(f"{name!r} is not a scene of this view, expected one of {', '.join(self._scenes) or 'none'}")
        return self._scenes[name]

    def _on_scene(self, k: int) -> None:
        self._go_to(list(self._scenes.values())[k])

    def _go_to(self, values: Values) -> None:
        self._rest()
        before = self.values
        self._values.set(values)
        self._follow(before)

    def _remark(self) -> None:
        """Mark the scene that is shown, say where a slider does not show its value, and look ahead from here."""
        if self._note is not None:
            self._note.value = escape(self._values.between())
        if self.scene_buttons:
            scene = self.scene
            self.scene_buttons.present = None if scene is None else list(self._scenes).index(scene)
        if self._ahead is not None:
            self._ahead.look()

    def _on_message(self, widget: Any, content: Any, buffers: Any) -> None:
        if self._ahead is not None and "page" in content:
            self._ahead.shown()

    # Steps and runs

    def _buttons(self) -> list[Widget]:
        buttons: list[Widget] = []
        if self._player is not None:
            buttons += [self._button("one step", lambda: self._advance(1))]
            buttons += [self._button("ten steps", lambda: self._advance(10)), self._player.button]
        if self._runner is not None:
            buttons += [self._runner.button, self._runner.bar]
        buttons += [self._button("reset", self.reset)] if buttons else []
        return buttons + ([self._runner.note] if self._runner is not None else [])

    def _button(self, name: str, act: Callable[[], Any]) -> Button:
        button = Button(description=name, layout=Layout(width="auto"))
        button.on_click(self._home.bound(lambda _: act()))
        return button

    def _inputs_moved(self, before: Values) -> None:
        """Tell the run which of its inputs are no longer what they were, whoever moved them."""
        if self._runner is not None:
            now = self.values
            for key in self._runner.inputs:
                if key in before and not equal(before[key], now[key]):
                    self._runner.input_moved(self._called(key))

    def _rest(self) -> None:
        """Nothing plays and nothing runs, and a run would begin at the beginning."""
        if self._player is not None:
            self._player.stop()
        if self._runner is not None:
            self._runner.forget()

    def _advance(self, times: int) -> bool:
        """Take steps, and draw where they lead; False where nothing moves any more, or one of them failed."""
        assert self._step is not None  # there would be no button
        step, before = self._step, self.values

        def move() -> None:
            numbers = self.numbers
            for k in range(times):
                with interruptible():
                    if k:
                        numbers = self._compute(**self.values)
                    values = step(self.values, numbers)
                self._values.set(values)

        return self._move(move) and not equal(before, self.values)
