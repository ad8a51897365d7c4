"""The student's progress: only what a cell has shown counts, and nothing that was ever recorded is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from entries import T, entry
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import pgcourse.exercises as course
from pgcourse.exercises import check_best_p, progress, watching
from pgcourse.exercises.progress_page import restore
from pgcourse.exercises.verdict import right, wrong

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def clock(monkeypatch):
    """Each look at it is a day later."""
    days = iter(T)
    monkeypatch.setattr(progress, "now", lambda: next(days))


# which exercise a verdict is of


@pytest.mark.parametrize("name", [name for name in course.__all__ if name.startswith("check_")])
def test_every_check_names_its_exercise(name):
    """A check without the decorator @exercise is never recorded."""
    check = getattr(course, name)
    others = [...] * (check.__wrapped__.__code__.co_argcount - 1)
    assert check(..., *others).exercise == name.removeprefix("check_")


def test_a_verdict_says_the_same_with_and_without_its_exercise():
    assert repr(check_best_p(1)) == repr(wrong(check_best_p(1).message))
    assert check_best_p(1)._repr_html_() == wrong(check_best_p(1).message)._repr_html_()


# what is recorded


def test_a_reply_is_recorded_with_its_date_and_attempts_count_up_to_the_first_that_passed(tmp_path, clock):
    """Another reply is another attempt, also of the same tone."""
    for reply in ("wrong a", "wrong a", "wrong b", "nearly c", "right d", "wrong e", "right d"):
        assert progress.record("best_p", *reply.split(), tmp_path) == ""
    assert progress.load(tmp_path) == {"best_p": entry(4, T[3], T[5], "right", "d")}
    assert json.loads((tmp_path / "progress.json").read_text())["format"] == "pgcourse progress 1"
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"], "no lock and nothing unfinished is left"


def test_run_all_again_writes_nothing(tmp_path):
    progress.record("best_p", "right", "yes", tmp_path)
    before = (tmp_path / "progress.json").stat().st_mtime_ns
    progress.record("best_p", "right", "yes", tmp_path)
    assert (tmp_path / "progress.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("thing", [None, 3, right("by hand"), check_best_p(...)])
def test_what_is_no_reply_to_an_exercise_is_not_recorded(tmp_path, thing):
    assert watching.recorded(thing, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_only_what_a_cell_shows_is_recorded(tmp_path, monkeypatch):
    """As in a notebook: an assert, a semicolon or another last line show nothing."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    own = SimpleNamespace(kernel=object(), events=shell.events, display_formatter=shell.display_formatter)
    monkeypatch.setattr(watching, "get_ipython", lambda: own)
    monkeypatch.delenv(watching.SWITCH, raising=False)
    monkeypatch.chdir(tmp_path)
    watching.watch()
    shell.run_cell("from pgcourse.exercises import check_best_p, check_parameter_count")
    for cell in ("assert check_best_p(0.586)", "check_best_p(0.586);", "x = check_best_p(0.586)", "check_best_p(...)"):
        shell.run_cell(cell, store_history=True)
        assert not (tmp_path / "progress.json").exists(), cell
    shell.run_cell("check_best_p(0.586)")
    shell.run_cell("import os; os.chdir('/')")
    shell.run_cell("check_parameter_count(58)")
    known = progress.load(tmp_path)
    assert {name: known[name]["last"] for name in known} == {"best_p": "right", "parameter_count": "nearly"}


def test_a_reply_that_is_displayed_is_recorded_the_last_of_a_cell(tmp_path, monkeypatch):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    own = SimpleNamespace(kernel=object(), events=shell.events, display_formatter=shell.display_formatter)
    monkeypatch.setattr(watching, "get_ipython", lambda: own)
    monkeypatch.setattr(InteractiveShell, "_instance", shell)  # what `display` asks
    monkeypatch.delenv(watching.SWITCH, raising=False)
    monkeypatch.chdir(tmp_path)
    watching.watch()
    shell.run_cell("from pgcourse.exercises import check_best_p as check")
    for cell, last in (
        ("for p in (0.586, 0.2):\n    display(check(p))", "wrong"),
        ("display(check(0.586));", "right"),
        ("1 + 1", "right"),
        ("display(check(0.586))\ncheck(0.3)", "wrong"),
        ("display(check(0.586))\n1 / 0", "right"),
    ):
        shell.run_cell(cell)
        known = progress.load(tmp_path)["best_p"]
        assert (known["attempts"], known["last"]) == (1 if cell.startswith("for") else 2, last), cell
    (tmp_path / "progress.json").unlink()
    shell.run_cell("1 + 1")
    assert not (tmp_path / "progress.json").exists(), (
        "a reply is of the cell that has displayed it, and of no later one"
    )


def test_nothing_is_recorded_outside_a_kernel_or_when_it_is_switched_off(monkeypatch):
    def register(*_):
        raise AssertionError("registered")

    kernel = SimpleNamespace(kernel=object(), events=SimpleNamespace(register=register))
    for shell, switch in ((None, "on"), (SimpleNamespace(), "on"), (kernel, "off")):
        monkeypatch.setattr(watching, "get_ipython", lambda shell=shell: shell)
        monkeypatch.setenv(watching.SWITCH, switch)
        watching.watch()


def test_a_folder_that_cannot_be_written_is_told_and_the_check_works(tmp_path):
    note = watching.recorded(check_best_p(1), tmp_path / "gone")
    assert "cannot be saved in progress.json: No such file or directory" in note
    assert "checks work all the same" in note


def test_what_has_been_lost_is_told_again_once_it_had_worked_in_between(tmp_path, monkeypatch, capsys):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.kernel = object()
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.setattr(watching, "get_ipython", lambda: shell)
    monkeypatch.setenv(watching.SWITCH, "on")
    monkeypatch.chdir(folder)
    watching.watch()
    shell.user_ns["answer"] = lambda p: check_best_p(p)
    for step, said in (("rmdir", True), ("", False), ("mkdir", False), ("rmdir", True)):
        for path in folder.glob("*") if step == "rmdir" else ():
            path.unlink()
        getattr(folder, step, lambda: None)()
        shell.run_cell("answer(1)")
        assert ("cannot be saved" in capsys.readouterr().out) is said, step


# what is on the disk


@pytest.mark.parametrize(("where", "at"), [(Path, "replace"), (Path, "unlink"), (os, "open")])
@pytest.mark.parametrize("windows", [True, False])
def test_on_windows_a_file_that_a_virus_scanner_holds_is_waited_for(tmp_path, monkeypatch, where, at, windows):
    act, refusals = getattr(where, at), iter(2 * [PermissionError(13, "Access is denied")])

    def held_at_first(*arguments, **more):
        if refused := next(refusals, None):
            raise refused
        return act(*arguments, **more)

    progress.record("reasons", "right", "yes", tmp_path)
    monkeypatch.setattr(progress, "WINDOWS", windows)
    monkeypatch.setattr(where, at, held_at_first)
    if windows or at == "unlink":  # without a lock that goes, the answer is there all the same
        progress.record("best_p", "right", "yes", tmp_path)
        assert set(progress.load(tmp_path)) == {"reasons", "best_p"}
        assert (tmp_path / ".progress.json.lock").exists() is not windows
    else:
        with pytest.raises(PermissionError):
            progress.record("best_p", "right", "yes", tmp_path)


@pytest.mark.parametrize("read", [lambda folder: progress.load(folder), lambda _: restore("progress.json")])
def test_a_file_that_windows_editor_has_saved_is_read(tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    progress.record("best_p", "right", "yes", tmp_path)
    file = tmp_path / "progress.json"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read(tmp_path)
    assert set(progress.load(tmp_path)) == {"best_p"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"format": "pgcourse progress 1", "exerc', "it is not JSON"),
        ("[1, 2]", '"format" is not'),
        ('{"format": "pgcourse progress 2", "exercises": {}}', '"format" is not'),
        ('{"format": "pgcourse progress 1", "exercises": {"a": {"attempts": 1}}}', "not as this course writes them"),
        (progress.written({"a": entry(last="splendid")}), "not as this course writes them"),
        (progress.written({"a": entry(passed="yesterday")}), "not as this course writes them"),
        ("\xff\xfe", "it is not text"),
        (100_000 * "[", "it is not JSON"),
    ],
)
def test_a_damaged_or_foreign_file_is_kept_and_a_new_one_begun(tmp_path, text, why):
    (tmp_path / "progress.json").write_bytes(text.encode("latin-1"))
    note = progress.record("best_p", "right", "yes", tmp_path)
    assert why in note
    (kept,) = tmp_path.glob("progress-*-broken.json")
    assert kept.name in note
    assert kept.read_bytes() == text.encode("latin-1")
    assert set(progress.load(tmp_path)) == {"best_p"}


@pytest.mark.slow
def test_kernels_that_write_at_once_lose_nothing(tmp_path):
    """Four processes, each with 25 exercises of its own."""
    program = (
        "import sys; from pathlib import Path; from pgcourse.exercises import progress\n"
        "for k in range(25): progress.record(f'{sys.argv[2]}-{k}', 'right', 'yes', Path(sys.argv[1]))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "abcd"]
    assert [process.wait() for process in running] == [0] * 4
    assert set(progress.load(tmp_path)) == {f"{name}-{k}" for name in "abcd" for k in range(25)}


@pytest.mark.parametrize("ahead", [-60, 60], ids=["old", "by a file server's clock that is ahead"])
def test_the_lock_of_a_kernel_that_is_gone_does_not_keep_anyone_waiting(tmp_path, ahead):
    lock = tmp_path / ".progress.json.lock"
    lock.touch()
    os.utime(lock, (time.time() + ahead, time.time() + ahead))
    assert progress._is_stale(lock)
    progress.record("best_p", "right", "yes", tmp_path)
    assert not lock.exists()


def test_of_two_kernels_that_find_an_old_lock_the_second_leaves_that_of_the_first(tmp_path, monkeypatch):
    lock = tmp_path / ".progress.json.lock"
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    look = progress._is_stale

    def and_the_other_is_quicker(file):
        monkeypatch.setattr(progress, "_is_stale", look)
        found = look(file)
        lock.unlink()
        lock.touch()
        return found

    monkeypatch.setattr(progress, "_is_stale", and_the_other_is_quicker)
    progress._remove_if_stale(lock)
    assert [path.name for path in tmp_path.iterdir()] == [lock.name]
