"""`python course.py student OUT`: the course without answers, which runs, and whose checks all wait."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import symtable
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from stored_notebooks import COURSE, NOTEBOOKS, code_cells

from classroom import __main__ as commands
from classroom import student
from classroom.cells import is_answer, is_for_instructors, is_solution
from classroom.listing import ROOT, Unlisted

each = partial(pytest.mark.parametrize, ids=lambda path: path.stem)
# Run a notebook as IPython does, and say of each exercise what is shown
PROGRAM = """
import json, sys
from pathlib import Path
from classroom.site.run import QuietShell, ran
shell = QuietShell.instance()
for cell in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shown, error = ran(shell, "".join(cell["source"]))
        if error or "exercise" in cell["metadata"].get("tags", []):
            print(json.dumps([cell["id"], shown[-1].get("text/plain", "") if shown else "", error]))
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "für Schüler"
    assert commands.main(["student", str(folder)]) == 0
    return folder


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


@each("path", NOTEBOOKS)
def test_answers_solutions_and_plans_are_left_out_and_nothing_else(out, path):
    before, after = read(path), read(out / "notebooks" / path.name)
    nbformat.validate(after)
    kept = [cell.id for cell in after.cells]
    gone = [cell for cell in before.cells if cell.id not in kept]
    assert all(is_answer(cell) or is_solution(cell) or is_for_instructors(cell) for cell in gone)
    assert [cell for cell in before.cells if cell.id in kept] == after.cells
    text = "\n".join(cell.source for cell in after.cells)
    assert not re.search(r"<b>(Answer|Teaching this)</b>|the course's tests run its own answer", text)
    assert after.metadata == before.metadata


@each("path", COURSE)
def test_every_exercise_stays_with_its_box_and_its_check(out, path):
    before, after = (
        [cell for cell in read(one).cells if "exercise" in cell.metadata.get("tags", [])]
        for one in (path, out / "notebooks" / path.name)
    )
    assert before == after
    stubs = [cell for cell in before if cell.cell_type == "code"]
    assert len(stubs) == len(before) / 2 > 0
    assert all(ast.unparse(student.check_call(cell)) in cell.source.replace("\n", "") for cell in stubs)


def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from scopes(child)


def written_and_read(cells: list[Any]) -> tuple[set[str], set[str]]:
    """The notebook's own names that cells make, and those that they use, also within functions."""
    top = symtable.symtable("\n".join(cell.source for cell in cells), "cells", "exec")
    made = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {
        symbol.get_name()
        for scope in scopes(top)
        for symbol in scope.get_symbols()
        if symbol.is_referenced() and (scope is top or symbol.is_global())
    }
    return made, used


@each("path", COURSE)
def test_no_cell_needs_what_was_left_out(out, path):
    kept = code_cells(read(out / "notebooks" / path.name))
    gone = [cell for cell in code_cells(read(path)) if cell.id not in {cell.id for cell in kept}]
    assert gone
    made, used = written_and_read(kept)
    assert not (written_and_read(gone)[0] - made) & used


def test_no_link_leads_to_what_was_left_out(out):
    for path in NOTEBOOKS:
        for cell in read(out / "notebooks" / path.name).cells:
            for target, id in re.findall(r"\]\((\w+\.ipynb)?#cell-id=([\w-]+)\)", cell.source):
                there = read(out / "notebooks" / (target or path.name)).cells
                assert id in [other.id for other in there], f"{path.stem}, {cell.id}: {id}"


@pytest.mark.slow
@each("path", [path for path in COURSE if path.stem[:2] in ("00", "03")])
def test_it_runs_and_all_checks_wait(out, path):
    own = {**os.environ, "PYTHONPATH": str(ROOT), "PGCOURSE_PROGRESS": "off"}
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, path.name], cwd=out / "notebooks", env=own, check=True, capture_output=True
    ).stdout.decode("utf-8")
    replies = [json.loads(line) for line in told.splitlines()]
    assert [id for id, _, _ in replies] == [
        cell.id for cell in code_cells(read(path)) if "exercise" in cell.metadata.get("tags", [])
    ]
    for id, reply, error in replies:
        assert error is None, f"{id}: {error}"
        assert reply.startswith("… Waiting for your answer"), f"{id}: {reply}"


def test_it_is_complete(out):
    """What `course.py lab`, pip, conda and Binder need is there: as it is in the course itself."""
    project = tomllib.loads((out / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in (project["readme"], *project["license-files"], "constraints.txt", "environment.yml", "course.py"):
        assert (out / name).is_file(), name
    for folder in ("pgcourse", "binder"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert (out / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    for name in ("LICENSE", "images/landscape.gif"):
        assert (out / "notebooks" / name).read_bytes() == (ROOT / "notebooks" / name).read_bytes()
    assert not list(out.rglob("progress.json"))
    for target in re.findall(r"\]\(([^)]+)\)", (out / "README.md").read_text(encoding="utf-8")):
        assert (out / target).exists(), target


def test_its_course_py_says_that_there_is_lab_alone(out):
    said = subprocess.run([sys.executable, str(out / "course.py"), "test"], capture_output=True, text=True)
    assert said.returncode == 2
    assert said.stderr == "The students' version of the course has one command, lab.\n"
    assert not (out / ".venv").exists()


def test_a_folder_in_use_or_none_is_refused_in_a_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").write_text("mine")
    assert commands.main(["student", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"{tmp_path} is not empty, mine is in it: name a new folder, or delete this one first.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert commands.main(["student", "an", "other"]) == 2
    said = "'other' is a second folder, expected one. A name with spaces needs quotes around it.\n"
    assert capsys.readouterr().err == said
    assert commands.main(["student", ""]) == 2
    assert capsys.readouterr().err == "'' is not the name of a folder, expected one such as OUT.\n"
    assert commands.main(["student"]) == 2
    assert "student OUT" in capsys.readouterr().err
    monkeypatch.setenv("PGCOURSE_FROM", str(tmp_path))  # as course.py does
    assert commands.main(["student", "mine"]) == 2
    assert re.match(r".+mine cannot be written to \(.+\): name a folder of your own\.", capsys.readouterr().err)


@pytest.mark.parametrize("inside", ["pgcourse/new", "binder/a/b", "notebooks/images/new", "notebooks/../pgcourse/new"])
def test_a_folder_that_is_copied_itself_is_refused(capsys, inside):
    assert commands.main(["student", str(ROOT / inside)]) == 2
    assert re.match(r".+ is in .+, which is copied: name a folder outside of it\.\n$", capsys.readouterr().err)
    assert not (ROOT / inside).exists()


@pytest.fixture
def typed_in(tmp_path):
    """A copy of the notebooks, and a function that types into a stub of notebook 00 and runs it."""
    shutil.copytree(ROOT / "notebooks", copy := tmp_path / "notebooks")
    path = copy / "00_start_here.ipynb"

    def type_in(text: str) -> Path:
        book = read(path)
        stub = next(cell for cell in book.cells if cell.get("id") == "exercise-best-p-answer")
        stub.source, stub.execution_count = text, 3
        stub.outputs = [nbformat.v4.new_output("stream", text="mine")]
        nbformat.write(book, path)
        return path

    return type_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my_p = 2 - 2**0.5\ncheck_best_p(my_p)", "an answer"),
        ("my_p = (\ncheck_best_p(my_p)", "an answer"),
        ("my_p = 0.5\nmy_q = ...\ncheck_both(my_p, my_q)", "an answer in my_p"),
        ("def my_f(x):\n    return x[..., 0]\n\n\nmy_q = ...\ncheck_both(my_f, my_q)", "an answer in my_f"),
        ("my_p, my_q = 0.5, ...\ncheck_both(my_p, my_q)", "0.5 in one of its places"),
        ("my_p = {1: ..., 2: 'D'}\ncheck_reasons(my_p)", "'D' in one of its places"),
        ("def my_f(x):\n    return ..., x[..., 0]\n\n\ncheck_f(my_f)", "x[..., 0] in one of its places"),
    ],
)
def test_an_answer_of_the_instructor_s_own_is_not_handed_out(typed_in, text, found):
    path = typed_in(text)
    said = f"00_start_here.ipynb, cell exercise-best-p-answer: it has {found}, expected three dots."
    with pytest.raises(Unlisted) as refused:
        student.handed_out(path.parent)
    assert str(refused.value) == said


def test_what_a_cell_has_shown_is_not_handed_out(typed_in):
    path = typed_in("my_p = ...\ncheck_best_p(my_p)")
    for cell in student.handed_out(path.parent)[path]["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


# nbgrader

PROGRAMS = Path(sys.executable).parent  # of this environment; nbgrader calls another one of them by its name
NBGRADER = shutil.which("nbgrader", path=PROGRAMS)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    assert commands.main(["student", "--nbgrader", str(folder)]) == 0
    return folder


@each("path", COURSE)
def test_for_nbgrader_each_exercise_has_a_locked_cell_that_asks_its_check(source, path):
    book = read(source / "source" / path.stem / path.name)
    nbformat.validate(book)
    graded = [k for k, cell in enumerate(book.cells) if "nbgrader" in cell.metadata]
    stubs = [k for k, cell in enumerate(book.cells) if "raises-exception" in cell.metadata.get("tags", [])]
    assert sorted([k - 1 for k in graded] + graded) == stubs
    for k in graded:
        stub, cell = book.cells[k - 1], book.cells[k]
        call = stub.source.splitlines()[-1]
        check = "def check(*_, **__): return 'told'\n" + re.sub(r"check_\w+", "check", cell.source)
        known = dict.fromkeys(set.union(*written_and_read([stub])), 1)
        exec(check, known)  # right: passes
        assert known["_reply"] == "told"
        with pytest.raises(AssertionError, match=r"^$"):
            exec(check.replace("'told'", "''"), known)
        assert ast.dump(ast.parse(call).body[0].value) in ast.dump(ast.parse(cell.source))
        assert cell.metadata.nbgrader.locked
        assert cell.metadata.nbgrader.points == 1
    assert len({book.cells[k].metadata.nbgrader.grade_id for k in graded}) == len(graded) > 0


@pytest.mark.slow
@pytest.mark.skipif(NBGRADER is None, reason="nbgrader is not installed: pip install -e .[nbgrader]")
def test_nbgrader_hands_out_grades_and_exports_an_assignment(source):
    name = "00_start_here"

    def nbgrader(*arguments: str) -> None:
        there = os.environ | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
        run = subprocess.run([NBGRADER, *arguments], cwd=source, env=there, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr

    nbgrader("generate_assignment", name)
    released = source / "release" / name
    for who, answer in (("ada", "2 - 2**0.5"), ("bob", "0.5")):
        shutil.copytree(released, own := source / "submitted" / who / name)
        book = read(own / f"{name}.ipynb")
        for cell in code_cells(book):
            cell.source = cell.source.replace("my_p = ...", f"my_p = {answer}")
        nbformat.write(book, own / f"{name}.ipynb")
    nbgrader("autograde", name)
    nbgrader("export")
    lines = (source / "grades.csv").read_text().splitlines()
    column = lines[0].split(",")
    marks = {
        row[column.index("student_id")]: float(row[column.index("score")]) for row in (x.split(",") for x in lines[1:])
    }
    assert marks == {"ada": 1, "bob": 0}
