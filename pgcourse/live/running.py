"""A long computation in small steps: a button, a bar, partial results on the way, and sliders that stay alive.

    def learn(alpha, seed):                                    # a generator: each `next` is one short piece of work,
        runs = reinforce_runs(mdp, phi, theta, alpha=alpha, seeds=[seed], horizon=1000)
        for k, state in enumerate(islice(runs, 1000), start=1):
            yield k / 1000, {"state": state}                   # the share that is done, and the values that change

    Explorer({"alpha": slider, "seed": 0, "state": None}, compute, picture, run=learn)

No thread and no callback of its own: the event loop of the kernel gets a look in every few milliseconds, so that
controls are answered meanwhile. Stop is not asking for more; what has been computed stays, and run goes on from there.
A control that the generator has as a parameter is its *input*: when it moves, the work begins anew. An interrupt of the
kernel ends it, even within a step that would not return; what has been drawn stays, and run begins anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from ipywidgets import FloatProgress, Label, Layout, ToggleButton

from pgcourse.live.controls import Values
from pgcourse.live.interrupts import Home, interruptible, when_interrupted

if TYPE_CHECKING:  # as in `interrupts`
    import asyncio

Work = Callable[..., Iterator[tuple[float, Values]]]

SLICE = 0.005  # seconds of work between two looks at what the reader does
PAUSE = 0.05  # seconds without work after a move of the reader, in which the answer is sent and painted
SWITCH = 0.0005  # seconds after which work lets another thread of the kernel go on
TURNS = 5  # of the event loop in a look: a message takes four from ipykernel's socket to its control
DRAW_EVERY = 0.1  # seconds between two pictures of a run
PLAY_INTERVAL = 0.08  # seconds from one step to the next: slow enough to be followed by eye


class Player:
    """The button that takes one step after another: `advance` takes one, and returns False after the last."""

    def __init__(self, advance: Callable[[], bool], home: Home) -> None:
        self._advance = advance
        self.button = ToggleButton(description="play", icon="play", tooltip="play", layout=Layout(width="auto"))
        self.task: asyncio.Task[None] | None = None
        self.button.observe(home.bound(self._on_button), "value")

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def stop(self) -> None:
        self.button.value = False

    def _on_button(self, change: Any) -> None:
        import asyncio

        playing = change["new"]
        self.button.description = self.button.icon = self.button.tooltip = "stop" if playing else "play"
        if self.task is not None:
            self.task.cancel()  # one at a time, however fast the button is pressed
        if playing:
            self.task = asyncio.get_running_loop().create_task(self._go())

    async def _go(self) -> None:
        import asyncio

        with when_interrupted(self.stop):
            while self._advance():
                await asyncio.sleep(PLAY_INTERVAL)
        self.task = None
        self.stop()


class Runner:
    """The button, the bar, the note and the task of one `work`.

    work      generator function; its parameters are names among `current()`, and it yields (share done, values)
    current   the values as they are now
    show      takes values and draws; False if it could not, and has said so itself
    fail      shows an error of the work, or that it was interrupted
    home      where it works
    """

    def __init__(
        self,
        work: Work,
        current: Callable[[], Values],
        show: Callable[[Values], bool],
        fail: Callable[[BaseException], None],
        home: Home,
    ) -> None:
        self._work, self._current, self._show, self._fail = work, current, show, fail
        self.inputs = list(inspect.signature(work).parameters)
        if unknown := [name for name in self.inputs if name not in current()]:
            raise TypeError(f"run takes {unknown[0]!r}, expected only controls: {', '.join(current())}")
        self.button = ToggleButton(description="run", icon="play", tooltip="run", layout=Layout(width="auto"))
        self.bar = FloatProgress(min=0.0, max=1.0, layout=Layout(width="8em"))
        self.note = Label(layout=Layout(width="26em", max_width="100%"))  # new words leave the picture where it is
        self.note.add_class("live-run-note")  # figure.js has it read out
        self._steps: Iterator[tuple[float, Values]] | None = None
        self._share, self._values = 0.0, Values()  # the last results, shown or not yet
        self._pause = 0.0  # until then
        self._task: asyncio.Task[None] | None = None
        self.button.observe(home.bound(self._on_button), "value")

    @property
    def running(self) -> bool:
        return self._task is not None

    def stop(self) -> None:
        """Ask for no more. What is there stays, and `run` goes on from there."""
        self.button.value = False

    def give_way(self) -> None:
        """The reader has moved something: what is seen of it comes first."""
        self._pause = monotonic() + PAUSE

    def forget(self, why: str = "") -> None:
        """Stop, and let the next run begin at the beginning."""
        self._steps = None  # first, so that what is forgotten is not drawn once more
        self.stop()
        self.bar.value, self.note.value = 0.0, why

    def input_moved(self, name: str) -> None:
        """An input has another value: work under way begins anew with it, work that rests has nothing to go on with.

        Its name is what the reader sees, also where a scene shows a run: its picture no longer is that of the controls.
        """
        if self.running:
            self._steps = None
        else:
            self.forget(f"{name} has changed: run begins anew")

    def _interrupted(self) -> None:
        self.forget("interrupted: run begins anew")
        self._fail(KeyboardInterrupt())

    def _on_button(self, change: Any) -> None:
        import asyncio

        running = change["new"]
        self.button.description, self.button.icon = ("stop", "stop") if running else ("run", "play")
        self.button.tooltip = self.button.description
        if running:
            self._task = asyncio.get_running_loop().create_task(self._go())
        elif self._task is not None:
            self._task.cancel()
            self._task = None
            if self._steps is None:  # stopped before the first result, or since an input moved: nothing to go on from
                self.bar.value, self.note.value = 0.0, ""
            else:
                self._draw()
                self.note.value = f"stopped at {self._share:.0%}: run goes on from here"

    async def _go(self) -> None:
        try:
            with when_interrupted(self._interrupted):
                note = await self._loop()
        except (Exception, KeyboardInterrupt) as error:  # the reader's own code runs here
            self._fail(error)
            note = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped by an error"
            note += ": run begins anew"
        self._task = self._steps = None  # first, so that releasing the button finds nothing to stop
        self.button.value = False
        self.note.value = note

    async def _loop(self) -> str:
        """Work until there is no more, and look up now and then; what to say at the end."""
        import asyncio

        drawn = 0.0
        while True:
            if begins := self._steps is None:
                inputs = {name: self._current()[name] for name in self.inputs}
                self._steps, self._values = iter(self._work(**inputs)), {}
            more = self._advance(0 if begins else SLICE)  # the first result is shown at once
            if begins or not more or monotonic() - drawn >= DRAW_EVERY:
                if not self._draw():
                    return "the picture failed: run begins anew"
                drawn = monotonic()
            if not more:
                return "done"
            for _ in range(TURNS):
                await asyncio.sleep(0)
            while (rest := self._pause - monotonic()) > 0:
                await asyncio.sleep(rest)

    def _advance(self, seconds: float) -> bool:
        """Work for so long, but for one step at least; False where there is no more."""
        assert self._steps is not None
        until = monotonic() + seconds
        with interruptible(), giving_way():
            for share, values in self._steps:
                self._share = share
                self._values |= values
                if monotonic() >= until:
                    return True
        self._share = 1.0
        return False

    def _draw(self) -> bool:
        self.bar.value = self._share
        self.note.value = f"{self._share:.0%}"
        return self._show(self._values)


@contextmanager
def giving_way() -> Iterator[None]:
    """Let other threads go on sooner than after Python's 5 ms.

    What the reader does comes to its control through two threads of the kernel, and the answer leaves through a third:
    each would wait so long while work is done.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
