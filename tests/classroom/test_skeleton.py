"""A new notebook begins as three files, which run and pass what the course asks of every notebook."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from classroom import __main__ as commands
from classroom import notebook
from classroom.listing import ROOT, Unlisted
from classroom.skeleton import write_skeleton

LAST = max((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")).name  # leads on to what comes after it
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "images")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository without what is large or hidden."""
    return Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=LEFT_OUT))


@pytest.mark.slow
def test_a_skeleton_passes_all_that_is_asked_of_a_notebook(copy):
    files = write_skeleton("98_try_it", copy)
    assert [str(path.relative_to(copy)) for path in files] == [
        "notebooks/98_try_it.ipynb",
        "pgcourse/exercises/nb98_try_it.py",
        "tests/exercises/test_nb98_try_it.py",
        f"notebooks/{LAST}",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-k", "98_try_it or nb98", "-p", "no:cacheprovider"]
    tests = ["tests/exercises", "tests/notebooks", "notebooks/98_try_it.ipynb"]
    there = {**os.environ, "PYTHONPATH": str(copy)}  # for the kernel, too
    ran = subprocess.run([*command, *tests], cwd=copy, env=there, capture_output=True, text=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr
    style = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *files[:3]], cwd=ROOT, capture_output=True, text=True
    )
    assert style.returncode == 0, style.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is not a notebook's name"),
        ("finite_horizon", "expected two digits and small"),
        ("9_finite", "expected two digits"),
        ("05_again", "05 is the number of 05_greediness_gradient.ipynb"),
        ("98_best_p", r"check_best_p is an exercise of nb00_start\.py, expected a name that is free"),
        ("96_after_a_strange_one", r"95_strange\.ipynb has no 'Back to "),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(copy, name, said):
    if name == "96_after_a_strange_one":
        (copy / "notebooks" / "95_strange.ipynb").write_text("{}")
    before = sorted(copy.rglob("*"))
    with pytest.raises(Unlisted, match=said):
        write_skeleton(name, copy)
    assert sorted(copy.rglob("*")) == before


def test_a_notebook_in_between_takes_its_place_in_the_chain(copy):
    write_skeleton("98_later", copy)
    write_skeleton("97_earlier", copy)
    last = (copy / "notebooks" / LAST).read_text(encoding="utf-8")
    assert "(00_start_here.ipynb), on to [97](97_earlier.ipynb)" in last
    assert "98_later" not in last
    assert "on to [98](98_later.ipynb)" in (copy / "notebooks" / "97_earlier.ipynb").read_text(encoding="utf-8")
    assert "on to" not in (copy / "notebooks" / "98_later.ipynb").read_text(encoding="utf-8")


def test_a_file_that_is_there_is_left_as_it_is(copy):
    kept = copy / "pgcourse" / "exercises" / "nb98_try_it.py"
    kept.write_text("mine")
    with pytest.raises(Unlisted, match=r"nb98_try_it\.py is there already"):
        write_skeleton("98_try_it", copy)
    assert kept.read_text() == "mine"
    assert not (copy / "notebooks" / "98_try_it.ipynb").exists()


def test_everything_about_one_notebook_is_one_run_of_pytest(monkeypatch):
    commands = []

    def run(command, cwd):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert notebook.main(["5", "-x"]) == 0
    (command,) = commands
    path = str(Path("notebooks") / "05_greediness_gradient.ipynb")
    assert command[1:] == ["-m", "pytest", "tests", path, "-k", "05_greediness_gradient or nb05", "-x"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["notebook", "99"],
        ["notebook", "--new", "05_again"],
        ["notebook", "--old"],
        ["notebook", "--tables", "04"],
        pytest.param(["site", "04"], marks=pytest.mark.slow),
        pytest.param(["site", ""], marks=pytest.mark.slow),
        pytest.param(["mark", ""], marks=pytest.mark.slow),
        ["present", "--strange"],
        ["student", "--strange", "OUT"],
        ["nothing"],
        [],
    ],
)
def test_a_mistake_is_one_sentence(arguments):
    ran = subprocess.run([sys.executable, "-m", "classroom", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "expected" in ran.stderr


@pytest.mark.parametrize("command", ["notebook", "present", "site", "student", "mark"])
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_is_no_mistake(capsys, command, word):
    assert commands.main([command, word]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"python course.py {command}")
    assert told.err == ""
