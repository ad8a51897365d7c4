"""Where the reader's code runs: on the kernel's main loop, so that Kernel → Interrupt reaches it.

    here = Home()                             # the loop of the cell that makes the view
    button.on_click(here.bound(advance))      # wherever the message is heard, `advance` runs at home

    with interruptible():                     # an interrupt is raised in here as KeyboardInterrupt
        numbers = compute(**values)

A kernel in JupyterLab hears of sliders and buttons in a thread of its own, a subshell. The signal of an interrupt goes
to the main thread, which ignores it while no cell runs. So the work is done there, and the thread that hears waits for
it: the next message comes when the work is done.

    await pass_on()                           # what was interrupted is nothing that the reader waits for

The reader may wait for work that has not begun, since the loop is busy with something that nobody asked for. The
interrupt is then meant for that work. The module knows nothing of the course.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # asyncio is imported where it is used: a kernel has it, and elsewhere the import of it is slow
    import asyncio

LOOK = 1.0  # seconds between two looks whether the kernel's loop still runs
TURNS = 50  # of the loop, in which a message begins its work that has waited for the loop

_inside = 0  # how many `interruptible` are entered
_waiting: set[_Asked] = set()  # handed over to its home, and not begun
_due = False  # an interrupt was meant for the work that is done now, and came before it began
_running: set[Callable[[], None]] = set()  # what to call when an interrupt falls between two steps of a task


class _Asked:
    """Work that somebody waits for."""

    interrupted = False


class Home:
    """The event loop in which this is made, if there is one."""

    def __init__(self) -> None:
        self._loop = _current_loop()

    def bound(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, done at home whoever calls it."""
        return lambda *arguments: self.do(lambda: work(*arguments))

    def do(self, work: Callable[[], Any]) -> Any:
        """Do it at home, wait for it, and hand on what it returns or raises."""
        loop = self._loop
        if loop is None or loop is _current_loop() or not loop.is_running():
            return work()

        import asyncio

        asked = _Asked()
        _waiting.add(asked)

        async def there() -> Any:
            global _due
            _waiting.discard(asked)
            _due = asked.interrupted
            try:
                return work()
            finally:
                _due = False

        future = asyncio.run_coroutine_threadsafe(there(), loop)
        while True:
            try:
                return future.result(LOOK)
            except TimeoutError:
                if future.done():  # just now, or the error is the work's own
                    return future.result()
                if not loop.is_running():
                    _waiting.discard(asked)
                    return None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in here when the reader interrupts the kernel."""
    global _inside, _due
    _hear()
    if _due:
        _due = False
        raise KeyboardInterrupt
    _inside += 1
    try:
        yield
    finally:
        _inside -= 1


async def pass_on() -> None:
    """Interrupt what waits for the loop instead: nobody waits for what has just been interrupted."""
    import asyncio

    global _due
    for asked in list(_waiting):
        asked.interrupted = True
    _due = True  # for a message that the loop has not seen yet
    try:
        for _ in range(TURNS):
            await asyncio.sleep(0)
    finally:
        _due = False


@contextmanager
def when_interrupted(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when an interrupt falls between two steps of the task in here, which ends it from without."""
    _hear()
    _running.add(stop)
    try:
        yield
    finally:
        _running.discard(stop)


def _hear() -> None:
    """Listen where the kernel does not: it has a handler of its own for cells, and ignores the signal otherwise."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        try:
            signal.signal(signal.SIGINT, _on_interrupt)
        except ValueError:  # not the main thread, which alone hears signals
            return


def _on_interrupt(number: int, frame: Any) -> None:
    if _inside:
        raise KeyboardInterrupt
    loop = _current_loop()
    for stop in list(_running):
        if loop is None:
            stop()
        else:
            loop.call_soon_threadsafe(stop)


def _current_loop() -> asyncio.AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
