"""`python course.py mark FOLDER`: what a returned notebook does harms its own row alone, and no verdict can be forged.

Forged here means: by what a student can write in a notebook about the course. Code that attacks the marking itself
shares a process with it, and the README says so.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import psutil
import pytest
from stored_notebooks import COURSE

from classroom import __main__ as commands
from classroom.cells import is_solution, is_stub
from classroom.listing import ROOT
from classroom.mark import CannotMark, pool, questions, returned, run, table
from classroom.mark.limits import Limits, limit_myself, watch
from classroom.mark.pool import Marked, Reply
from classroom.mark.pristine import Pristine
from classroom.mark.returned import Returned
from pgcourse.exercises import nb07_rollouts
from pgcourse.exercises.progress import FORMAT

each = partial(pytest.mark.parametrize, ids=lambda path: path.stem)
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals, no fork and no limits")
NAME = "00_start_here"  # one exercise, best_p
P = "2 - 2**0.5"
IMPORTS = "import os, sys, time, subprocess\nimport numpy as np\nfrom pgcourse.exercises import check_best_p"
CHECK = "check_best_p(my_p)"


def book(*cells: str, **metadata: Any) -> Any:
    """A returned notebook 00 with these cells after the imports."""
    made = nbformat.v4.new_notebook(metadata={"pgcourse": {"title": "00 start here"}, **metadata})
    made.cells = [nbformat.v4.new_code_cell(text) for text in (IMPORTS, *cells)]
    made.cells[-1].id = "exercise-best-p-answer"
    return made


def put(folder: Path, who: str, *cells: str) -> Path:
    path = folder / f"{who}_{NAME}.ipynb"
    nbformat.write(book(*cells), path)
    return path


def mark(folder: Path, seconds: float = 60.0, at_once: int = 2) -> dict[str, Marked]:
    """Who → what became of the notebook."""
    (own := folder / ".own").mkdir(exist_ok=True)
    found = returned.find_returned(folder, own)
    marked, was_stopped = pool.mark_all(found.notebooks, [], seconds, at_once)
    assert not was_stopped
    assert len(marked) == len(found.notebooks)
    return {one.returned.who: one for one in marked}


# What is right, and what only looks so

OWN_PIP = "os.path.samefile(os.path.dirname(os.environ['PIP_PREFIX']), '.')"
HONEST = {
    "right": (["my_p = " + P + "\n" + CHECK], "right"),
    "in the call": (["my_p = ...\ncheck_best_p(" + P + ")"], "right"),
    "in an earlier cell": (["p = " + P, "check_best_p(my_p := p)"], "right"),
    "wrong": (["my_p = 0.5\n" + CHECK], "wrong"),
    "waiting": (["my_p = ...\n" + CHECK], "waiting"),
    "error": (["my_p = 1 / 0\n" + CHECK], "error"),
    "syntax": (["my_p = \n" + CHECK], "error"),
    "the best counts": (["check_best_p(0.5)", "check_best_p(" + P + ")", "check_best_p(...)"], "right"),
    "deleted": (["1 + 1"], "none"),
    "exit": (["sys.exit()", "my_p = " + P + "\n" + CHECK], "right"),
    "error before": (["1 / 0", "raise KeyboardInterrupt", "my_p = " + P + "\n" + CHECK], "right"),
    "magic": (["%matplotlib inline", "%%time\n1", "my_p = " + P + "\n" + CHECK], "right"),
    "not shown": (["check_best_p(" + P + ");", "%timeit -n 1 -r 1 1\ncheck_best_p(0.5) ; # nothing"], "none"),
    "a folder for pip": (["my_p = " + P + " if " + OWN_PIP + " else 0\n" + CHECK], "right"),
    "printed only": (["print(check_best_p(" + P + "))"], "none"),
    "all tried": (["for k in range(570, 600):\n    check_best_p(k / 1000)"], "none"),
}
RIGHT = 'Verdict("right", "", "best_p")'
VERDICT = "from pgcourse.exercises.verdict import Verdict\nimport pgcourse.exercises as course\n"
LINE = '{"exercise": "best_p", "tone": "right", "message": ""}'
INTO_ALL_FILES = """for word in ("", "0" * 32):
    for file in range(200):
        try:
            os.write(file, ("\\n" + word + LINE + "\\n").encode())
        except OSError:
            pass"""
FORGED = {
    "a check of one's own": f"my_p = 0\ndef check_best_p(_):\n    return {RIGHT}\n{CHECK}",
    "the same, a cell before": f"def check_best_p(_):\n    return {RIGHT}",
    "a verdict": f"my_p = 0\n{RIGHT}",
    "another module's check": f"course.check_best_p = lambda _: {RIGHT}\ncourse.check_best_p(0)",
    "another module": f"class Fake:\n    check_best_p = lambda _: {RIGHT}\nsys.modules['pgcourse.exercises'] = Fake\n"
    "from pgcourse.exercises import check_best_p",
    "wrong is right": "import pgcourse.exercises.nb00_start as nb\nnb.wrong = nb.nearly = nb.right",
    "its code": f"def f(*_, **__):\n    return {RIGHT}\ncheck_best_p.__code__ = f.__code__",
    "the code inside": "check_best_p.__wrapped__.__wrapped__.__code__ = (lambda answer: 1).__code__",
    "a method": f"Verdict.__bool__ = lambda self: True\nVerdict._replace = lambda self, **_: {RIGHT}",
    "numpy": "np.isclose = np.allclose = lambda *_, **__: True\nnp.abs = lambda x: 0 * x",
    "builtins": "import builtins, math\nbuiltins.abs = lambda x: 0.0\nmath.sqrt = lambda x: 0",
    "a number": "import math, pgcourse.exercises.nb00_start as nb\nnp.pi = math.pi = 1.0\nfor key in dir(nb):\n"
    "    if isinstance(getattr(nb, key), float):\n        setattr(nb, key, 0.0)",
    "a tone": "v = check_best_p(0)\nv.tone = 'right'\nv",
    "lines in every file": f"LINE = '{LINE}'\n{INTO_ALL_FILES}",
}


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "torn": b'{"cells": [',
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "list": b"[1, 2]",
    "nested": b"[" * 10**6,
    "strange": b'{"cells": [{"cell_type": 1, "source": 2, "metadata": 3}], "metadata": {}}',
    "null": b'{"cells": [{"cell_type": "code", "source": "", "metadata": {"tags": null}}], "metadata": {}}',
    "another": b'{"cells": [], "metadata": {}}',
}
FLAT = """import pgcourse.exercises.nb15_ppo as nb
nb.PUSHES.update({pair: ("flat", "") for pair in nb.PUSHES})
check_pushes(dict.fromkeys(range(1, 7), "flat"))"""
LAKE = "from pgcourse import Policy, zoo\nlake = zoo.frozen_lake(slippery=False)\npi = Policy.uniform(16, 4)"
LIAR = """class Any(str):
    __eq__ = lambda *_: True
    __ne__ = lambda *_: False
    __hash__ = str.__hash__
    strip = upper = lower = lambda self: self
check_pushes(dict.fromkeys(range(1, 7), Any("flat")))"""
# who → number of the notebook, cell, the reply; in the course's notebook 04 γ is 0.95
CHANGED = {
    "asked": ("04", "gamma = 0\nmy_constant = 20\ncheck_constant(my_constant, gamma)", "right"),
    "changed": ("04", "gamma = 0\nmy_constant = 1\ncheck_constant(my_constant, gamma)", "nearly"),
    "an iterator": ("01", f"{LAKE}\ncheck_dominating_start((1 / 16 for _ in range(16)), lake)", "right"),
    "asked for less": ("03", f"{LAKE}\ncheck_zero_states({{(5, 2): range(16)}}, lake, pi, [(5, 2)])", "waiting"),
    "a table": ("15", FLAT, "wrong"),
    "a word": ("15", LIAR, "wrong"),
}
SOLVED = [path for path in COURSE if path.stem[:2] in ("01", "03", "05")]


def solved(path: Path) -> Any:
    """The course's own answers as a student's: each solution also shows what its check says."""
    made = nbformat.read(path, as_version=4)
    for cell in filter(is_solution, made.cells):
        asserts = [node.test for node in ast.parse(cell.source).body if isinstance(node, ast.Assert)]
        call = next(ast.unparse(test) for test in asserts if ast.unparse(test).startswith("check_"))
        cell.source += f"\n{call}"
        cell.metadata = {}
    return made


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> dict[str, Marked]:
    """All that does no harm, marked in one go."""
    folder = tmp_path_factory.mktemp("returned")
    for who, (cells, _) in HONEST.items():
        put(folder, who, *cells)
    for who, cell in FORGED.items():
        put(folder, who, VERDICT, cell, "check_best_p(0)")
    for who, text in BROKEN.items():
        (folder / f"{who}.ipynb").write_bytes(text)
    for who, (number, cell, _) in CHANGED.items():
        made = book("from pgcourse.exercises import *", cell, pgcourse={"title": f"{number} x"})
        nbformat.write(made, folder / f"{who}.ipynb")
    large = book(f"my_p = {P}\n{CHECK}")
    large.cells[1].outputs = [nbformat.v4.new_output("stream", text="x" * 10**8)]
    nbformat.write(large, folder / "large.ipynb")
    with zipfile.ZipFile(folder / "none.zip", "w"):
        pass
    for path in SOLVED:
        nbformat.write(solved(path), folder / f"{path.stem}_solved {path.stem[:2]}.ipynb")
    return mark(folder, seconds=600)


@pytest.mark.slow
def test_an_answer_gets_the_reply_that_its_check_gives(judged):
    assert {who: judged[who].replies[0].tone for who in HONEST} == {who: tone for who, (_, tone) in HONEST.items()}
    assert "ZeroDivisionError in “my_p = 1 / 0”" in judged["error"].replies[0].message
    assert all(judged[who].note == "" for who in HONEST)


@pytest.mark.slow
@pytest.mark.parametrize("who", FORGED)
def test_a_forged_verdict_does_not_count(judged, who):
    assert judged[who].notebook == NAME
    assert judged[who].passed == 0
    assert [reply.exercise for reply in judged[who].replies] == ["best_p"]


@pytest.mark.slow
def test_it_is_told_that_a_part_of_the_course_was_replaced(judged):
    changed = ("wrong is right", "the code inside", "a method", "numpy", "builtins", "a number")
    for who in changed:
        assert "it replaces parts of the course, which were put back: " in judged[who].note, who
    assert "numpy.abs" in judged["numpy"].note
    assert "math.pi" in judged["a number"].note
    assert "numpy.pi" in judged["a number"].note
    assert "builtins.abs" in judged["builtins"].note


# What harms

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
    assert [p for p in psutil.process_iter(["environ"]) if pool.SECRET in (p.info["environ"] or {})] == []


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


@pytest.mark.slow
def test_where_there_is_no_fork_each_notebook_has_a_new_process(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "CAN_FORK", False)
    put(tmp_path, "ada", f"my_p = {P}\n{CHECK}")
    put(tmp_path, "bob", "os._exit(3)", f"my_p = {P}\n{CHECK}")
    marked = mark(tmp_path)
    assert (marked["ada"].passed, marked["ada"].note) == (1, "")
    assert (marked["bob"].passed, marked["bob"].note) == (0, "ended by itself, with code 3")


@ON_POSIX
def test_what_else_the_user_runs_does_not_count_as_the_notebook_s(monkeypatch):
    import resource

    limits: dict[int, int] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, most: limits.update({what: most[0]}))
    for name, value in (("getuid", lambda: 10**6), ("nice", lambda _: 0), ("setsid", lambda: 0)):
        monkeypatch.setattr(os, name, value)
    limit_myself(Limits(processes=32))
    assert limits[resource.RLIMIT_NPROC] > 1000


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


# Which argument is the student's


@each("path", COURSE)
def test_the_student_gives_the_answer_and_the_course_the_rest(path):
    asked = questions.questions(path)
    stubs = [cell for cell in nbformat.read(path, as_version=4).cells if is_stub(cell)]
    assert [question.stub for question in asked] == [stub.id for stub in stubs]
    values = questions.fixed_values(asked)
    for question, stub in zip(asked, stubs, strict=True):
        assert not any("my_" in ast.unparse(one) for one in [*question.fixed.values(), *question.before])
        call = stub.source.splitlines()[-1]
        names = set(re.findall(r"\b\w+", re.sub(r"\(.*?\)=", "", call))) - {question.check}
        assert bool(values[question.check]) == any(not name.startswith("my_") for name in names), call


@pytest.mark.slow
def test_an_argument_that_a_notebook_has_changed_is_the_course_s_again(judged):
    for who, (number, _, tone) in CHANGED.items():
        assert judged[who].notebook.startswith(number)
        assert [reply.tone for reply in judged[who].replies if reply.tone != "none"] == [tone], who
    assert len(judged["asked"].replies) == 4, "the course's notebook has four exercises"
    assert "put back: pgcourse.exercises.nb15_ppo.PUSHES" in judged["a table"].note


@pytest.mark.slow
@each("path", SOLVED)
def test_the_course_s_own_answers_are_right(judged, path):
    one = judged[f"solved {path.stem[:2]}"]
    assert one.note == ""
    assert one.passed == len(one.replies) == len(questions.questions(path))


# What is in the folder


def listed(folder: Path) -> list[tuple[str, str]]:
    (own := folder / ".own").mkdir()
    return [(one.who, one.shown) for one in returned.find_returned(folder, own).notebooks]


def test_a_student_is_known_by_the_folder_or_by_the_rest_of_the_file_s_name(tmp_path):
    for name in (
        f"ada-{NAME}.ipynb",
        f"{NAME} (bob).ipynb",
        "carol.ipynb",
        f"Dan O'Neil/{NAME}.ipynb",
        f"Eve_17_assignsubmission_file/deep/er/{NAME}.ipynb",
        f"Fay Ng_18_assignsubmission_file_{NAME}.ipynb",
        "Dan O'Neil/progress.ipynb",
        "Dan O'Neil/.ipynb_checkpoints/00_start_here-checkpoint.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert sorted(who for who, _ in listed(tmp_path)) == ["(bob)", "Dan O'Neil", "Eve", "Fay Ng", "ada", "carol"]


def test_what_cannot_be_read_is_a_row_and_what_is_left_out_is_named(tmp_path, monkeypatch):
    (tmp_path / "Ada").mkdir()
    put(tmp_path / "Ada", "ada", CHECK)
    locked = tmp_path / "Bob_17_assignsubmission_file" / "deep"
    locked.mkdir(parents=True)
    (tmp_path / "marks-2026-01-31T120000.csv").write_text("")
    if os.name != "nt":
        (tmp_path / "Carol.ipynb").symlink_to(tmp_path / "Ada")
    inside = Path.iterdir

    def iterdir(folder: Path):
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return inside(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found = returned.find_returned(tmp_path, tmp_path)
    assert [(one.who, one.note) for one in found.notebooks] == [("Ada", ""), ("Bob", "this folder cannot be read")]
    assert found.other == (os.name != "nt") * (
        "Left out, since they are neither notebooks nor hand-ins: Carol.ipynb (a link)."
    )
    with pytest.raises(ValueError, match=r"^it cannot be read \(.+\)$"):
        run.read(tmp_path, {})


def entry(exercise: str, **more: Any) -> str:
    reply = {
        "attempts": 3,
        "passed": "2026-01-31T12:00:00Z",
        "tried": "2026-01-31T12:00:00Z",
        "last": "right",
        "said": "",
    }
    return json.dumps({"format": FORMAT, "exercises": {exercise: reply}, **more})


def test_a_hand_in_and_a_folder_bring_the_history(tmp_path):
    with zipfile.ZipFile(tmp_path / "hand-in-x.zip", "w") as packed:
        packed.writestr("hand-in.json", entry("best_p", name="Ada Lovelace"))
        packed.writestr(f"deep/../../{NAME}.ipynb", "{}")
        packed.writestr("04_the_theorem.ipynb", "{}")
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "Bob" / "progress.json").write_text(entry("best_p"))
    (tmp_path / "Carol").mkdir()
    (tmp_path / "Carol" / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "Carol" / "progress.json").write_text("{")
    (own := tmp_path / ".own").mkdir()
    found = returned.find_returned(tmp_path, own).notebooks
    assert [one.who for one in found] == ["Bob", "Carol", "Ada Lovelace", "Ada Lovelace"]
    assert [one.history.get("best_p", {}).get("attempts") for one in found] == [3, None, 3, 3]
    assert [bool(one.note) for one in found] == [False, True, False, False]
    assert found[1].note.startswith("its progress.json cannot be read: it is not JSON")
    assert all(own in one.path.parents for one in found[2:])


def test_all_folders_of_a_hand_in_are_marked_and_no_hidden_ones(tmp_path):
    paths = [f"a/{NAME}.ipynb", f"b/{NAME}.ipynb", f"{NAME}.ipynb"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for path in [*paths, f"a/.ipynb_checkpoints/{NAME}-checkpoint.ipynb", f"__MACOSX/._{NAME}.ipynb"]:
            packed.writestr(path, path)
    (own := tmp_path / ".own").mkdir()
    found = returned.find_returned(tmp_path, own).notebooks
    assert [one.shown for one in found] == [f"all.zip: {path}" for path in paths]
    assert [one.path.read_text() for one in found] == paths


def test_a_hand_in_that_is_none_or_swells_is_one_row(tmp_path, monkeypatch):
    monkeypatch.setattr(returned, "MOST", 10**6)
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAME}.ipynb", bytes(10**7))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as packed:
        packed.writestr("readme.txt", "mine")
    with zipfile.ZipFile(tmp_path / "torn.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAME}.ipynb", bytes(1000))
    torn = bytearray((tmp_path / "torn.zip").read_bytes())
    torn[30 + len(f"{NAME}.ipynb")] = 255  # the first byte after the file's head
    (tmp_path / "torn.zip").write_bytes(torn)
    (own := tmp_path / ".own").mkdir()
    notes = {one.who: one.note for one in returned.find_returned(tmp_path, own).notebooks}
    assert notes == {
        "bad": "it cannot be unpacked: File is not a zip file",
        "bomb": "it cannot be unpacked: its files have more than 0 MB",
        "empty": "it has no notebooks",
        "torn": "it cannot be unpacked: Error -3 while decompressing data: invalid block type",
    }


@pytest.mark.slow
def test_files_that_are_no_notebooks_are_a_row_each_and_large_ones_are_marked(judged):
    assert judged["large"].passed == 1
    for who in (*BROKEN, "none"):
        assert (judged[who].notebook, judged[who].replies) == ("", [])
        words = {"another": "it is none of the course's notebooks", "none": "it has no notebooks"}
        assert judged[who].note.startswith(words.get(who, "it is no notebook (")), judged[who].note


# The tables


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def a_row(who: str, tone: str = "right", message: str = "m", note: str = "", shown: str = "f") -> Marked:
    history = json.loads(entry("best_p"))["exercises"]
    return Marked(Returned(who, Path("x"), shown, history), NAME, [Reply("best_p", tone, message)], note)


def test_the_tables_say_who_has_passed_what(tmp_path):
    marked = [a_row("Bob", "wrong", "Not, yet", "a note"), a_row("Ada")]
    table.write(marked, tmp_path)
    assert [list(row.values()) for row in rows(tmp_path / "marks.csv")] == [
        ["Ada", NAME, "1", "1", "", "f"],
        ["Bob", NAME, "0", "1", "a note", "f"],
    ]
    first, second = rows(tmp_path / "replies.csv")
    assert (first["reply"], first["attempts"], first["first passed"]) == ("right", "3", "2026-01-31T12:00:00Z")
    assert (second["exercise"], second["reply"], second["message"]) == ("best_p", "wrong", "Not, yet")
    text = (tmp_path / "marks.txt").read_text(encoding="utf-8")
    assert re.search(r"^Ada +1 of 1 +right$", text, re.M)
    assert re.search(r"^Bob +0 of 1 +wrong +a note$", text, re.M)
    assert "best_p: right [3 attempts, passed: 2026-01-31T12:00:00Z] m" in text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1", "=cmd|' /C calc'!A0"])
def test_no_text_of_a_student_becomes_a_formula_or_moves_the_terminal(tmp_path, text):
    table.write([a_row(text + "\x1b[2J\u202e", message=text, note=text, shown=text)], tmp_path)
    for name in ("marks.csv", "replies.csv"):
        (row,) = rows(tmp_path / name)
        told = [row["who"], row["file"], *[row[key] for key in ("message", "note") if key in row]]
        assert all(value.startswith(("'", "?")) for value in told), told
        assert "\x1b" not in row["who"]
    assert not re.search("[\x1b\u202e\r\t]", (tmp_path / "marks.txt").read_text(encoding="utf-8"))


def test_an_earlier_table_is_kept(tmp_path):
    (tmp_path / "marks.csv").write_text("with my remarks")
    table.write([a_row("Ada")], tmp_path)
    table.write([a_row("Bob")], tmp_path)
    texts = [path.read_text(encoding="utf-8-sig") for path in tmp_path.glob("marks*.csv")]
    assert len(texts) == 3
    assert "with my remarks" in texts


# The command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}"], r".* has no notebooks and no hand-ins, expected files \.ipynb or \.zip\. Left out, .*report\.pdf.*"),
        (["{0}/none"], r".*none cannot be read \(No such file or directory\): name a folder with notebooks\."),
        (["{0}", "99"], r"'99' names 0 notebooks, expected one of: .*"),
        (["{0}", "--seconds", "0"], r"--seconds is 0, expected a number from 1 to 86,400\."),
        (["{0}", "--seconds", "x"], r"argument --seconds: invalid float value: 'x'\. See .*"),
        (["{0}", "--seconds", "0", "04"], r"--seconds is 0, expected a number from 1 to 86,400\."),
        (["--into", "{0}", "{0}", "04", "--seconds", "0", "07"], r"--seconds is 0, expected .*"),
        (["{0}", "--sec", "5"], r"unrecognized arguments: --sec 5\. See .*"),
        (["--seconds", "5"], r"the following arguments are required: folder.*\. See .*"),
        (["{0}", "--into"], r"argument --into: expected one argument\. See .*"),
        (
            ["{0}/one", "--into", "{0}/report.pdf"],
            r".*report\.pdf cannot be written to \(.*\): name a folder .* --into\.",
        ),
    ],
)
def test_what_cannot_be_marked_is_a_sentence(tmp_path, capsys, arguments, said):
    (tmp_path / "report.pdf").write_text("")
    if arguments[0].endswith("one"):
        (tmp_path / "one").mkdir()
        put(tmp_path / "one", "ada", CHECK)
    assert commands.main(["mark", *[word.format(tmp_path) for word in arguments]]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(said + "\n", captured.err), captured.err


@pytest.mark.slow
def test_the_command_marks_and_writes_beside_the_notebooks(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("PGCOURSE_FROM", raising=False)
    monkeypatch.chdir(tmp_path)  # "returned" is meant from here
    (tmp_path / "returned").mkdir()
    put(tmp_path / "returned", "Ada", f"my_p = {P}\n{CHECK}")
    (tmp_path / "returned" / "letter.docx").write_text("")
    nbformat.write(book("1", pgcourse={"title": "04 x"}), tmp_path / "returned" / "Bob.ipynb")
    assert commands.main(["mark", "returned", "00"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"^{NAME} +passed +best_p\nAda +1 of 1 +right$", said, re.M)
    assert "neither notebooks nor hand-ins: letter.docx." in said
    names = {"marks.csv", "replies.csv", "marks.txt", "letter.docx", "Bob.ipynb", f"Ada_{NAME}.ipynb"}
    assert {path.name for path in (tmp_path / "returned").iterdir()} == names
    assert [row["who"] for row in rows(tmp_path / "returned" / "marks.csv")] == ["Ada"]


def test_a_course_that_does_not_run_is_told_and_no_student_is_blamed(tmp_path, monkeypatch):
    put(tmp_path, "ada", CHECK)
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no disk')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CannotMark, match=r"The course itself does not run here: .* It said: .*no disk$"):
        mark(tmp_path)


def test_an_array_whose_shape_or_type_was_changed_is_put_back():
    pristine = Pristine()
    for change in ({"shape": (3, 1)}, {"dtype": np.int64}):
        before = nb07_rollouts.V.copy()
        for name, value in change.items():
            setattr(nb07_rollouts.V, name, value)
        assert pristine.restore() == ["pgcourse.exercises.nb07_rollouts.V"]
        assert pristine.restore() == []
        np.testing.assert_array_equal(nb07_rollouts.V, before)
        assert nb07_rollouts.V.dtype == before.dtype
