"""No answer keeps a notebook waiting: what takes too long is stopped where it is.

    with at_most(4.5):
        my_function()  # TooLong is raised in it after 4.5 s

    with at_most(4.5, of=OwnTime):
        my_function()  # after 4.5 s of its own work: on a busy machine it takes longer, and is not stopped earlier

A single call of compiled code cannot be stopped, such as sum(range(10**10)): TooLong comes as soon as it returns.
Without an alarm (on Windows, or in another thread) the same is true of a sleep, and a bare `except:` escapes.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

from pgcourse.exercises.words import NOT_THE_STUDENTS

AGAIN = 0.01  # seconds: a bare `except:` may swallow the first one, so it is sent until it gets through
work_time = getattr(time, "thread_time", time.process_time)  # a browser's Python has one thread, and lacks the first
AT_REST = 0.1  # of a processor: less than this share is no work


class TooLong(BaseException):
    """The time is up. No Exception, so that `except Exception` in a student's code lets it pass."""


class Clock:
    """So many seconds from now on, as a clock on the wall has them."""

    traced = 1  # times as many, if each step is looked at

    def __init__(self, seconds: float) -> None:
        self.seconds, self.began = seconds, time.monotonic()

    @property
    def passed(self) -> float:
        return time.monotonic() - self.began

    def is_up(self) -> bool:
        return self.passed >= self.seconds


class OwnTime(Clock):
    """So many seconds of work in this thread, or by the clock if it sleeps or waits; seconds / AT_REST at the most."""

    traced = 2  # that is slower

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.worked = work_time()

    def is_up(self) -> bool:
        if not super().is_up():
            return False
        work = work_time() - self.worked
        return work >= self.seconds or work < AT_REST * self.passed


def at_most(seconds: float, of: type[Clock] = Clock) -> AbstractContextManager[None]:
    """Raise TooLong in what runs inside, after so many seconds."""
    return by_alarm(of(seconds)) if _alarms() else by_tracing(of(of.traced * seconds))


def _alarms() -> bool:
    """Whether there is an alarm clock, and this is the thread that hears it."""
    if sys.platform in ("win32", "emscripten"):
        return False
    try:
        signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGALRM) or signal.SIG_DFL)
    except ValueError:  # not in the main thread
        return False
    return True


@contextmanager
def by_alarm(clock: Clock) -> Iterator[None]:
    """In the main thread, except on Windows. It wakes up sleepers, too."""

    assert sys.platform not in ("win32", "emscripten")
    before = signal.getitimer(signal.ITIMER_REAL)
    others = before[0] or math.inf  # seconds until somebody else's alarm, such as that of a cell that is marked

    def ring(*_: Any) -> None:
        if clock.is_up() or clock.passed >= others:
            raise TooLong

    handler = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, min(clock.seconds, others), AGAIN)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # reached also if the alarm rings in the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if before[0]:  # it goes on
            signal.setitimer(signal.ITIMER_REAL, max(before[0] - clock.passed, 0.001), before[1])


@contextmanager
def by_tracing(clock: Clock) -> Iterator[None]:
    """On any system and in any thread: a look at the clock before each step of the student's code. No debugger then."""
    before, now, soonest = sys.gettrace(), time.monotonic, clock.began + clock.seconds

    def look(frame: FrameType, *_: Any) -> Any:
        if frame.f_code.co_filename.startswith(NOT_THE_STUDENTS):
            return None
        frame.f_trace_opcodes = True  # each line is not enough: `while True: pass` is one
        if now() >= soonest and clock.is_up():  # the first is cheap: this is done at each step
            raise TooLong
        return look

    if before is None:
        sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
