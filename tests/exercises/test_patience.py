"""How long an answer may take: two clocks, by an alarm and by a look at each step."""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import time

import pytest
from endless import loops, loops_and_catches_exceptions, loops_in_a_line, sleeps

from pgcourse.exercises import patience


@pytest.mark.parametrize("limit", [patience.by_alarm, patience.by_tracing])
@pytest.mark.parametrize("endless", [loops, loops_in_a_line, loops_and_catches_exceptions])
def test_each_of_the_two_clocks_stops_a_loop_and_is_gone_afterwards(limit, endless):
    with pytest.raises(patience.TooLong), limit(patience.Clock(0.05)):
        endless()
    assert sys.gettrace() is None
    with limit(patience.Clock(0.01)):
        pass
    assert sum(range(10**6)) > 0  # nothing rings any more


@pytest.mark.parametrize("limit", [patience.by_alarm, patience.by_tracing])
def test_on_a_busy_machine_an_answer_is_given_as_much_work_and_a_sleeper_no_more_time(limit, monkeypatch):
    share = 0.25  # of a processor
    monkeypatch.setattr(patience, "work_time", lambda: share * time.monotonic())

    def works_for(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    with limit(patience.OwnTime(0.2)):
        works_for(0.4)
    with pytest.raises(patience.TooLong), limit(patience.OwnTime(0.02)):
        works_for(100)
    share = 0.05
    with pytest.raises(patience.TooLong), limit(patience.OwnTime(0.2)):
        works_for(100)


def test_a_python_without_threads_has_a_clock_too(monkeypatch):
    """As Pyodide, in which the course's pages with a kernel run."""
    monkeypatch.delattr(time, "thread_time")
    there = runpy.run_path(patience.__file__)
    with pytest.raises(there["TooLong"]), there["by_tracing"](there["OwnTime"](0.05)):
        loops()


def test_outside_of_the_main_thread_there_is_a_clock_too():
    from concurrent.futures import ThreadPoolExecutor

    def stopped():
        with pytest.raises(patience.TooLong), patience.at_most(0.05):
            loops()
        return True

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(stopped).result()


@pytest.mark.slow
def test_a_student_waits_five_seconds_at_most():
    """And not as long as these tests, for which the environment says so."""
    program = "from pgcourse.exercises.verdict import PATIENCE; print(PATIENCE)"
    there = {name: value for name, value in os.environ.items() if name != "PGCOURSE_PATIENCE"}
    said = subprocess.run([sys.executable, "-c", program], env=there, capture_output=True, text=True, check=True)
    assert 1 < float(said.stdout) <= 5


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm clock here")
def test_the_alarm_gives_back_what_was_there_and_rings_until_it_is_heard():
    def swallows_one() -> None:
        with contextlib.suppress(BaseException):
            while True:
                pass
        while True:
            pass

    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        with pytest.raises(patience.TooLong), patience.by_alarm(patience.Clock(0.05)):
            swallows_one()
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < 1000 - 0.05, "it goes on, and does not begin anew"
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm clock here")
def test_an_alarm_inside_of_another_one_does_not_put_that_off():
    """As a check inside of a cell that is marked: the cell ends in its own time."""
    began = time.monotonic()
    outer, inner = patience.Clock(0.1), patience.Clock(60)
    with pytest.raises(patience.TooLong), patience.by_alarm(outer), patience.by_alarm(inner):
        sleeps()
    assert time.monotonic() - began < 30


def test_a_traced_answer_has_twice_its_own_time_and_a_cell_no_more(monkeypatch):
    given = []
    monkeypatch.setattr(patience, "_alarms", lambda: False)
    monkeypatch.setattr(patience, "by_tracing", lambda clock: given.append(clock.seconds))
    patience.at_most(3.0, of=patience.OwnTime)
    patience.at_most(3.0)
    assert given == [6.0, 3.0]
