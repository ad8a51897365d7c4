"""Pictures made before they are asked for: while the kernel is idle they are sent to the browser, which keeps them.

First come all scenes, then the neighbours of where each control stands, then the whole range of what was moved last,
outwards from where it stands, then those of the others. A point that moves two numbers has a grid of places all over
its axes. The browser (ahead.js) draws such a picture as soon as the reader asks for it. The kernel's own answer comes
all the same, and replaces it.

A picture made ahead belongs to the view's values, to its background, and to all that the notebook has defined. So all
of them are forgotten and made again when the background is another, or a cell has been run. A view that draws other
numbers for the same values is found out by its own answers: from then on nothing is made ahead.

The work begins when a page asks for it, is done in slices of 10 ms, and stops at every move of the reader. It takes no
more of the kernel's time than a share of what the kernel does anyway.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic, process_time
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from IPython import get_ipython

from pgcourse.live.controls import Values
from pgcourse.live.figure import Glimpse
from pgcourse.live.interrupts import pass_on
from pgcourse.live.keys import key_of, parts_of
from pgcourse.live.ranges import Places, nearest, places_of, reach

if TYPE_CHECKING:  # asyncio is imported where it is used: a kernel has it, and elsewhere the import of it is slow
    import asyncio

    from pgcourse.live.explorer import Explorer

# In a browser Python has one thread, and no clock for it.
thread_time = getattr(time, "thread_time", process_time)

REST = 0.1  # seconds without a move, after which the kernel counts as idle
SLICE = 0.01  # seconds of work between two looks at what the reader does
SLOW = 0.005  # seconds for a picture: where they take longer, only scenes are made ahead
NEAR = 3  # so many neighbours on each side come before whole ranges
MOST_FRAMES, MOST_BYTES = 600, 4_000_000  # that the browser keeps of a view
FULL = 0.95  # of them: so much is made from one place
ALLOWANCE = 0.25  # seconds of the kernel's time for each view that is shown
SHARE = 0.3  # of the kernel's other work that may be added to it


class Ahead:
    """What is made ahead for one view."""

    def __init__(self, view: Explorer) -> None:
        self._view, self._live = view, view.live
        self._ranges: dict[str, list[Any]] = {}
        self._grids: list[Places] = []
        self._known: OrderedDict[str, Glimpse] = OrderedDict()  # by key, the one wanted last at the end
        self._bytes = 0  # of those
        self._hopeless: set[str] = set()  # keys of values that are refused, or that need another background
        self._epoch = ""  # of the background to which all these belong
        self._last: tuple[str, ...] = ()  # what was moved last
        self._times: list[float] = []  # of the last pictures that were made
        self._task: asyncio.Task[None] | None = None
        self._shown, self._possible = False, True

    @property
    def key(self) -> list[str] | None:
        """The parts of the key of the values as they are now; None where nobody can say what a move leads to."""
        if not self._shown or not self._possible or self._view.moves_by_itself:
            return None
        try:
            return parts_of(self._view.values, self._view.controls)
        except (TypeError, ValueError):
            return None

    def shown(self) -> None:
        """A page has begun to show the view, perhaps not the first: it knows nothing yet."""
        if not self._shown:
            self._shown = True
            _budget.begin()
            _views.add(self)
            _hear_of_cells()
        self.forget()

    def moved(self, *names: str) -> None:
        """The reader has moved this control, or a point that changes these: their range is wanted before the others."""
        self._last = names

    def drawn(self) -> None:
        """The view has answered: was it as the browser had it before?"""
        key = self.key
        before = self._known.get("|".join(key)) if key and self._epoch == self._live.epoch else None
        if before is not None and not _same(before.frame, self._live.frame):
            self._possible = False  # it hangs on more than its values
            self.forget()

    def forget(self) -> None:
        """All that was made may be wrong by now: it is dropped, and made again."""
        self._clear()
        if self._shown:
            self._live.send({"ahead": {"epoch": self._live.epoch, "fresh": True, "frames": [], "forget": []}})
        self.look()

    def look(self) -> None:
        """Look ahead from where the view is now, when nothing has been asked for a while."""
        self.stop()
        if self._shown and self._possible:
            import asyncio

            try:
                self._task = asyncio.get_running_loop().create_task(self._go())
            except RuntimeError:  # no event loop: nothing could be answered meanwhile
                return

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def close(self) -> None:
        self.stop()
        self._shown = False
        self._clear()
        _views.discard(self)

    def _clear(self) -> None:
        self._known.clear()
        self._hopeless.clear()
        self._bytes = 0

    async def _go(self) -> None:
        import asyncio

        await asyncio.sleep(REST)
        while self._view.moves_by_itself:
            await asyncio.sleep(REST)
        if not self._live.watched:
            self._live.watched = self._watched()
        self._live.is_of(self.key)
        if not self._possible or self.key is None:
            return
        if self._epoch != self._live.epoch:
            self._clear()
            self._epoch = self._live.epoch
        made: dict[str, Glimpse] = {}
        wanted, size = set[str](), 0  # what is wanted from here, and its bytes: the last must not drive out the first
        until = monotonic() + SLICE
        for values, is_scene in self._wanted(self._view.values):
            full = len(wanted) >= MOST_FRAMES or size >= FULL * MOST_BYTES
            if not is_scene and (full or self._is_slow() or _budget.is_spent()):
                break
            key = key_of(values, self._view.controls)
            if key in self._known:
                self._known.move_to_end(key)
            elif key not in self._hopeless and key not in made:
                try:
                    glimpse = self._made(values, is_scene)
                except KeyboardInterrupt:
                    self._hopeless.add(key)
                    await pass_on()
                    break
                if glimpse:
                    made[key] = glimpse
                else:
                    self._hopeless.add(key)
            found = made.get(key) or self._known.get(key)
            if found and key not in wanted:
                wanted.add(key)
                size += _size(found)
            if monotonic() >= until:
                self._send(made)
                await asyncio.sleep(SLICE)  # as much time for others
                made, until = {}, monotonic() + SLICE
        self._send(made)

    def _watched(self) -> dict[str, Any]:
        """What the reader moves the view by, as the browser needs it; nothing where values cannot be told apart."""
        view, names = self._view, list(self._view.values)
        try:
            self._ranges, points = reach(view)
            grids = [
                None if point else places_of(handle, view.values)
                for handle, point in zip(view.handles, points, strict=True)
            ]
            scenes = [parts_of(values, view.controls) for values in view.scenes.values()]
        except (TypeError, ValueError):
            self._possible = False
            return {"scenes": [], "points": []}
        self._grids = [one for one in grids if one]

        def stops(changed: Sequence[str], values: Iterable[Sequence[Any]], across: bool, up: bool) -> dict[str, Any]:
            parts = [parts_of(dict(zip(changed, stop, strict=True)), view.controls) for stop in values]
            return {"which": [names.index(name) for name in changed], "parts": parts, "across": across, "up": up}

        return {
            "controls": [[names.index(name), control.model_id] for name, control in view.controls.items()],
            "buttons": view.scene_buttons and view.scene_buttons.model_id,
            "scenes": scenes,
            "points": [
                stops([one.name], zip(self._ranges[one.name]), one.along_x, one.along_y)
                if one
                else two and stops(two.names, two.stops, True, True)
                for one, two in zip(points, grids, strict=True)
            ],
        }

    def _wanted(self, now: Values) -> Iterator[tuple[Values, bool]]:
        """What may be asked next, the likeliest first, and whether it is a scene."""
        yield from ((scene, True) for scene in self._view.scenes.values())
        places = {name: nearest(values, now[name]) for name, values in self._ranges.items()}

        def outwards(name: str, first: int, last: int) -> Iterator[tuple[Values, bool]]:
            values, place = self._ranges[name], places[name]
            for k in range(first, last):
                for at in dict.fromkeys((place + k, place - k)):
                    if 0 <= at < len(values):
                        yield {**now, name: values[at]}, False

        def all_over(grid: Places) -> Iterator[tuple[Values, bool]]:
            here = [now[name] for name in grid.names]
            if all(isinstance(value, int | float | np.number) for value in here):
                far = (np.array(grid.stops) - here) / (np.ptp(grid.stops, axis=0) + 1e-9)
                for k in np.argsort((far**2).sum(axis=1), kind="stable"):
                    yield {**now, **dict(zip(grid.names, grid.stops[k], strict=True))}, False

        names = sorted(self._ranges, key=lambda name: name not in self._last)
        for name in names:
            yield from outwards(name, 0, NEAR + 1)
        whole: list[tuple[Sequence[str], Iterator[tuple[Values, bool]]]]
        whole = [([name], outwards(name, NEAR + 1, len(self._ranges[name]))) for name in names]
        whole[1:1] = [(one.names, all_over(one)) for one in self._grids]
        for _, values in sorted(whole, key=lambda moved: set(moved[0]) != set(self._last)):
            yield from values

    def _made(self, values: Values, is_scene: bool) -> Glimpse | None:
        start = thread_time()
        try:
            return self._view.glimpse(values, elsewhere=is_scene)
        except Exception:  # the reader's own code; it says so when it is asked for
            return None
        finally:
            took = thread_time() - start
            _budget.spend(took)
            if not is_scene:
                self._times = [*self._times, took][-3:]

    def _is_slow(self) -> bool:
        return len(self._times) == 3 and min(self._times) > SLOW

    def _send(self, made: dict[str, Glimpse]) -> None:
        """To the browser, with the keys of those that it shall forget."""
        if not made:
            return
        frames, buffers, forget = [], [], []
        for key, (frame, scenery) in made.items():
            self._known[key] = Glimpse(frame, scenery)
            self._bytes += _size(self._known[key])
            buffers.append(frame["numbers"])
            if scenery is not None:
                buffers.append(scenery["background"])
                scenery = {**scenery, "background": None}
            sent = {name: frame[name] for name in ("counts", "texts", "looks", "at", "description")}
            frames.append([key, sent, scenery])
        while len(self._known) > MOST_FRAMES or self._bytes > MOST_BYTES:
            key, glimpse = self._known.popitem(last=False)
            self._bytes -= _size(glimpse)
            forget.append(key)
        message = {"epoch": self._epoch, "fresh": False, "frames": frames, "forget": forget}
        self._live.send({"ahead": message}, buffers)


class _Budget:
    """The kernel's time: what looking ahead has taken, and what it may take, in all views together."""

    def __init__(self) -> None:
        self._spent, self._allowed, self._start = 0.0, 0.0, 0.0

    def begin(self) -> None:
        """Another view is shown."""
        if not self._allowed:
            self._start = process_time()
        self._allowed += ALLOWANCE

    def spend(self, seconds: float) -> None:
        self._spent += seconds

    def is_spent(self) -> bool:
        others = process_time() - self._start - self._spent
        return self._spent > self._allowed + SHARE * others


_budget = _Budget()
_views: WeakSet[Ahead] = WeakSet()
_heard: WeakSet[Any] = WeakSet()  # the shells whose cells are heard of


def _hear_of_cells() -> None:
    """What a cell has defined may be what a view computes with."""
    shell: Any = get_ipython()
    if shell is not None and hasattr(shell, "events") and shell not in _heard:
        _heard.add(shell)
        shell.events.register("post_run_cell", _on_cell)


def _on_cell(result: Any) -> None:
    for view in list(_views):
        view.forget()


def _size(glimpse: Glimpse) -> int:
    frame, scenery = glimpse
    texts = sum(map(len, frame["texts"])) + len(frame["description"]) + 300 * len(frame["looks"])
    return len(frame["numbers"]) + texts + (len(scenery["background"]) if scenery else 0)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two frames look the same, to a fiftieth of a pixel."""
    if any(one[name] != other[name] for name in ("counts", "texts", "looks", "description")):
        return False
    first, second = (np.frombuffer(frame["numbers"], np.float32) for frame in (one, other))
    return np.allclose(first, second, rtol=0, atol=0.02, equal_nan=True)
