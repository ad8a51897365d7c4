"""No answer keeps a notebook waiting: what takes too long is stopped where it is.

    with at_most(4.5):
        my_function()  # TooLong is raised in it after 4.5 s

A single call of compiled code cannot be stopped, such as sum(range(10**10)): TooLong comes as soon as it returns.
Without an alarm (on Windows, or in another thread) the same is true of a sleep, and a bare `except:` escapes.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

from pgcourse.exercises.words import NOT_THE_STUDENTS

AGAIN = 0.05  # seconds: a bare `except:` may swallow the first one, so it is sent until it gets through


class TooLong(BaseException):
    """The time is up. No Exception, so that `except Exception` in a student's code lets it pass."""


def at_most(seconds: float) -> AbstractContextManager[None]:
    """Raise TooLong in what runs inside, after so many seconds."""
    return by_alarm(seconds) if _alarms() else by_tracing(seconds)


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
def by_alarm(seconds: float) -> Iterator[None]:
    """In the main thread, except on Windows. It wakes up sleepers, too."""

    def ring(*_: Any) -> None:
        raise TooLong

    assert sys.platform not in ("win32", "emscripten")
    began, before = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)
    handler = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # reached also if the alarm rings in the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if before[0]:  # somebody else's alarm goes on
            signal.setitimer(signal.ITIMER_REAL, max(before[0] - time.monotonic() + began, 0.001), before[1])


@contextmanager
def by_tracing(seconds: float) -> Iterator[None]:
    """On any system and in any thread: a look at the clock before each step of the student's code. No debugger then."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def look(frame: FrameType, *_: Any) -> Any:
        if frame.f_code.co_filename.startswith(NOT_THE_STUDENTS):
            return None
        frame.f_trace_opcodes = True  # each line is not enough: `while True: pass` is one
        if time.monotonic() > end:
            raise TooLong
        return look

    if before is None:
        sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
