"""`python course.py mark FOLDER`: whatever a notebook does, and whoever stops the command, no other row is harmed."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from returned_notebooks import CHECK, NAME, ON_POSIX, P, mark, put, rows

from classroom import __main__ as commands
from classroom.listing import ROOT
from classroom.mark import CannotMark, pool
from classroom.mark.limits import Limits, _ended, _too_much, limit_myself, watch
from classroom.mark.pool import Marked
from classroom.mark.returned import Returned

SLEEPER = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', WORD], start_new_session=True)"
UNMARKED = SLEEPER[:-1] + ", env={})" if sys.platform == "linux" else SLEEPER
HOSTILE = {
    "loop": "while True:\n    pass",
    "stubborn loop": "sum(range(10**12))",
    "ten GB": "x = bytearray(10**10)",
    "ten GB of numbers": "x = np.ones(10**10 // 8)",
    "exit": "os._exit(0)",
    "exit with a code": "os._exit(3)",
    "crash": "import ctypes\nctypes.string_at(0)",
    "kill": "os.kill(os.getpid(), 9)",
    "kill the parent": f"{UNMARKED}\nos.kill(os.getppid(), 9)\ntime.sleep(600)",
    "stop the parent's children": "os.kill(os.getpid(), 19)",
    "many processes": "for _ in range(60):\n    if os.fork() == 0:\n        os.setsid()\n        break\ntime.sleep(99)",
    "orphans": f"if os.fork() == 0:\n    os.setsid()\n    {SLEEPER}\n    os._exit(0)\nos.wait()",
    "one GB on the disk": "file = open('large', 'wb')\nfor _ in range(100):\n    file.write(bytes(10**7))",
    "many files": "files = [open('file', 'w') for _ in range(5000)]",
    "deleted folder": "import shutil\nshutil.rmtree(os.path.expanduser('~'))",
    "silenced": "os.closerange(0, 3)",
    "deep": "def f():\n    return f()\nf()",
}
UNHARMED = {
    "ten GB",
    "ten GB of numbers",
    "one GB on the disk",
    "many files",
    "deleted folder",
    "silenced",
    "deep",
    "loop",
}
UNHARMED |= {"orphans"}  # they are ended, and the rest counts


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> tuple[dict[str, Marked], str]:
    folder, word = tmp_path_factory.mktemp("hostile"), secrets.token_hex(8)
    for who, cell in HOSTILE.items():
        put(folder, who, f"WORD = {word!r}", cell, f"my_p = {P}\n{CHECK}")
        put(folder, f"{who}, answered before", f"WORD = {word!r}\nmy_p = {P}\n{CHECK}", cell)
    put(folder, "afterwards", f"my_p = {P}\n{CHECK}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "SECRET", f"MARKING_{word}")  # other tests may mark at the same time
        return mark(folder, seconds=12, at_once=4), word


@ON_POSIX
@pytest.mark.slow
@pytest.mark.parametrize("who", HOSTILE)
def test_what_a_notebook_does_harms_its_own_row_alone(hostile, who):
    marked, _ = hostile
    assert marked["afterwards"].passed == 1
    assert marked["afterwards"].note == ""
    row = marked[who]
    lost = who == "kill the parent"  # with the process that marks, its notes are gone
    assert [reply.exercise for reply in row.replies] == ["best_p"]
    assert row.passed == (who in UNHARMED)
    assert bool(row.note) == (who not in UNHARMED or who == "loop")
    assert marked[f"{who}, answered before"].passed == (not lost)


@ON_POSIX
@pytest.mark.slow
def test_the_note_says_what_happened(hostile):
    marked, _ = hostile
    notes = {
        "loop": r"a cell was stopped after 3 s",
        "stubborn loop": r"stopped after 12 s",
        "exit": r"it ended Python before its last cell",
        "exit with a code": r"ended by itself, with code 3",
        "crash": r"it crashed",
        "many processes": r"stopped: it had \d+ processes, and 32 are allowed",
        "kill the parent": r"it ended the process that marks it",
    }
    for who, note in notes.items():
        assert re.fullmatch(note, marked[who].note), marked[who].note


@ON_POSIX
@pytest.mark.slow
def test_no_process_is_left(hostile):
    _, word = hostile
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if word in " ".join(p.info["cmdline"] or [])] == []
    assert [p for p in psutil.process_iter(["environ"]) if f"MARKING_{word}" in (p.info["environ"] or {})] == []


def watched(program: str, **limits: float) -> str:
    """How a process with this program ends."""
    process = psutil.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    why = watch(process, process, Limits(**limits))
    assert not process.is_running()
    return why


@pytest.mark.slow
@ON_POSIX
def test_a_process_is_ended_with_all_below_it_when_it_breaks_a_limit():
    assert watched("pass") == ""
    assert watched("raise SystemExit(4)") == "ended by itself, with code 4"
    assert watched("import time; time.sleep(600)", seconds=0.3) == "stopped after 0.3 s"
    taken = watched("import time; x = b'1' * 10**8 * 2; time.sleep(600)", memory=100)
    assert re.fullmatch(r"stopped: it had taken \d+ MB of memory, and 100 are allowed", taken)
    word = secrets.token_hex(8)
    many = f"""import subprocess, sys, time
for _ in range(8):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", {word!r}], start_new_session=True)
time.sleep(600)"""
    assert re.fullmatch(r"stopped: it had \d processes, and 4 are allowed", watched(many, processes=4))
    assert not [p for p in psutil.process_iter(["cmdline"]) if word in " ".join(p.info["cmdline"] or [])]


def test_as_many_processes_as_are_allowed_are_allowed():
    limits = Limits(processes=4, memory=10**9)
    assert _too_much([psutil.Process()] * 4, limits) == ""
    assert _too_much([psutil.Process()] * 5, limits) == "stopped: it had 5 processes, and 4 are allowed"


@pytest.mark.parametrize(("code", "why"), [(3, "by itself, with code 3"), (-6, "by signal 6")])
def test_a_code_and_a_signal_are_told_apart(code, why):
    assert _ended(code) == f"ended {why}"


@pytest.mark.slow
def test_where_there_is_no_fork_each_notebook_has_a_new_process(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "CAN_FORK", False)
    put(tmp_path, "ada", f"my_p = {P}\n{CHECK}")
    put(tmp_path, "bob", "os._exit(3)", f"my_p = {P}\n{CHECK}")
    marked = mark(tmp_path)
    assert (marked["ada"].passed, marked["ada"].note) == (1, "")
    assert (marked["bob"].passed, marked["bob"].note) == (0, "ended by itself, with code 3")


@pytest.fixture
def limited(monkeypatch) -> dict[int, int]:
    """The limits that this process would have set itself, if it were another user's."""
    import resource

    limits: dict[int, int] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, most: limits.update({what: most[0]}))
    for name, value in (("getuid", lambda: 10**6), ("nice", lambda _: 0), ("setsid", lambda: 0)):
        monkeypatch.setattr(os, name, value)
    return limits


@ON_POSIX
def test_what_else_the_user_runs_does_not_count_as_the_notebook_s(limited):
    import resource

    limit_myself(Limits(processes=32))
    assert limited[resource.RLIMIT_NPROC] > 1000


@ON_POSIX
def test_where_the_system_allows_less_a_notebook_has_that(limited, monkeypatch):
    """It refuses to raise a limit: then there would be none."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (7, 7))
    limit_myself(Limits())
    assert {most for what, most in limited.items() if what != resource.RLIMIT_CORE} == {7}


@ON_POSIX
@pytest.mark.slow
def test_ctrl_c_ends_all_and_keeps_what_was_marked(tmp_path):
    put(tmp_path, "ada", f"my_p = {P}\n{CHECK}")
    put(tmp_path, "bob", "while True:\n    pass")
    command = [sys.executable, "-m", "classroom", "mark", str(tmp_path), "--seconds", "600"]
    marking = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert marking.stdout
    assert marking.stdout.readline() == f"1 of 2: ada_{NAME}.ipynb\n"
    while marking.poll() is None:  # by an impatient hand
        marking.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, said = marking.communicate(timeout=120)
    assert marking.returncode == 130
    assert said == "Stopped: the tables have what was marked until then.\n"
    assert [row["who"] for row in rows(tmp_path / "marks.csv")] == ["ada"]


@ON_POSIX
@pytest.mark.parametrize("error", [CannotMark("no server starts"), BlockingIOError(11, "no process more")])
def test_a_notebook_whose_server_does_not_start_is_named_and_so_are_those_after_it(tmp_path, monkeypatch, error):
    answered: list[str] = []

    def answer(self, job):
        answered.append(job.path)
        if len(answered) > 1:
            raise error
        return {"rows": [], "why": ""}

    monkeypatch.setattr(pool._Server, "answer", answer)
    given = [Returned(who, put(tmp_path, who, CHECK), "f", {}) for who in ("ada", "bob", "eve")]
    marked, was_stopped = pool.mark_all(given, [], 60.0, at_once=1)
    assert not was_stopped
    assert [one.returned.who for one in marked] == ["ada", "bob", "eve"]
    assert marked[0].note == ""
    assert all(one.note.startswith("it was not marked: ") and "no " in one.note for one in marked[1:])


def test_ctrl_c_while_the_servers_start_does_not_blame_the_course(tmp_path, monkeypatch):
    def answer(*_):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        while signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            time.sleep(0.01)
        raise CannotMark("The course itself does not run here")

    def wait(_):
        for thread in threading.enumerate():
            if "(work)" in thread.name:
                thread.join(60)

    monkeypatch.setattr(pool._Server, "answer", answer)
    monkeypatch.setattr(pool, "_end_marked_with", wait)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        one = Returned("ada", put(tmp_path, "ada", CHECK), "f", {})
        assert pool.mark_all([one], [], 60.0) == ([], True)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("command", ["site", "mark"])
def test_ctrl_c_in_a_command_is_a_word(monkeypatch, capsys, command):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(commands.COMMANDS, command, interrupted)
    assert commands.main([command]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
