"""python course.py student OUT              writes the course for students into the folder OUT: without answers
python course.py student --nbgrader OUT   writes it as the source of nbgrader's assignments

OUT is new or empty. The students' notebooks have no answers, no solutions, no outputs and no *Teaching this*; their
checks wait. Notebooks that are not the course's are not handed out. The page errata.ipynb comes along whole: its
entries 1, 5, 11 and 12 tell five answers, one of 00, two of 01 and two of 04 (README.md).
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from classroom.cells import is_answer, is_for_instructors, is_solution, is_stub, source
from classroom.folders import CannotWrite, given, prepare
from classroom.listing import FOLDER, PAGES, ROOT, Unlisted, listed, read

WITH = ("course.py", "pyproject.toml", "constraints.txt", "environment.yml", "LICENSE", "binder", "pgcourse")
BESIDE = ("LICENSE", "images")  # what lies beside the notebooks
README = """# pgcourse

An interactive course on the policy gradient theorem. With Python 3.11 to 3.14, type here

    python3 course.py lab

and on Windows `py course.py lab`; where there is no `py`, type `python` for it. The first time sets everything up;
then JupyterLab opens on the first notebook. On Windows, this folder must have a short path, of less than 90
characters, and should not lie in OneDrive.

To hand in, open `notebooks/progress.ipynb` and go to *Hand in*: you write your name, and get one file to send.

Code: [BSD-3-Clause](LICENSE). The notebooks' text: [CC BY-NC-SA 4.0](notebooks/LICENSE).
"""
CONFIGURATION = """c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "pgcourse"
c.ExecutePreprocessor.timeout = 120  # seconds for a cell
"""


def main(arguments: list[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    options = [word for word in arguments if word.startswith("-")]
    folders = [word for word in arguments if not word.startswith("-")]
    if strange := [word for word in options if word != "--nbgrader"]:
        raise Unlisted(f"{strange[0]!r} is not an option of student, expected --nbgrader.")
    if len(folders) > 1:
        raise Unlisted(f"{folders[1]!r} is a second folder, expected one. A name with spaces needs quotes around it.")
    if not folders:
        print(__doc__, file=sys.stderr)
        return 2
    folder = given(folders[0])
    refuse_inside(folder)
    books = handed_out()
    prepare(folder)
    try:
        written = write_source(folder, books) if options else write_course(folder, books)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written ({error.strerror}): it is not complete.") from error
    print(f"{len(written)} notebooks are in {folder}.")
    return 0


def refuse_inside(folder: Path) -> None:
    """CannotWrite if the folder lies in one that is copied: the copy would go on for ever."""
    for inside in [ROOT / name for name in WITH] + [FOLDER / name for name in BESIDE]:
        if inside.resolve() in [folder.resolve(), *folder.resolve().parents]:
            raise CannotWrite(f"{folder} is in {inside}, which is copied: name a folder outside of it.")


def handed_out(notebooks: Path = FOLDER) -> dict[Path, dict[str, Any]]:
    """The course's notebooks and pages, as students get them. Unlisted if one is none, or has somebody's answer."""
    paths = [one.path for one in listed(notebooks)] + [notebooks / f"{name}.ipynb" for name in PAGES]
    books = {path: for_students(read(path)) for path in paths}
    for path, book in books.items():
        for cell in filter(is_stub, book["cells"]):
            if found := _answered(source(cell)):
                raise Unlisted(f"{path.name}, cell {cell['id']}: it has {found}, expected three dots.")
    return books


def _answered(text: str) -> str:
    """What in a stub is an answer, "" if nothing: each name my_… waits for one, and each place beside three dots.

    Within a function that still has dots, an answer in place of others is not seen.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return "an answer"  # half-written
    slices = {id(x) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for x in ast.walk(node.slice)}

    def waits(part: ast.AST) -> bool:  # the dots of x[..., 0] wait for nothing
        return any(isinstance(x, ast.Constant) and x.value is ... and id(x) not in slices for x in ast.walk(part))

    if not waits(tree):
        return "an answer"
    for statement in tree.body:
        names = [x.id for x in ast.walk(statement) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)]
        names += [statement.name] if isinstance(statement, ast.FunctionDef) else []
        if (own := [name for name in names if name.startswith("my_")]) and not waits(statement):
            return f"an answer in {own[0]}"
    for node in ast.walk(tree):
        places = node.values if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        given = [] if id(node) in slices else [x for x in places if not waits(x)]
        if given and any(isinstance(x, ast.Constant) and x.value is ... for x in places):
            return f"{ast.unparse(given[0])} in one of its places"
    return ""


def write_course(folder: Path, books: dict[Path, dict[str, Any]]) -> list[Path]:
    """The whole course for students: `course.py lab` runs there, and it can be published as it is."""
    for name in WITH:
        _copy(ROOT / name, folder / name)
    (folder / "README.md").write_text(README, encoding="utf-8", newline="\n")
    own = folder / "notebooks"
    own.mkdir()
    for name in BESIDE:
        _copy(FOLDER / name, own / name)
    return [_write(path, book, own) for path, book in books.items()]


def write_source(folder: Path, books: dict[Path, dict[str, Any]]) -> list[Path]:
    """A course folder of nbgrader's: each notebook with exercises is an assignment of its own."""
    (folder / "nbgrader_config.py").write_text(CONFIGURATION, encoding="utf-8", newline="\n")
    written = []
    for path, book in books.items():
        if any(is_stub(cell) for cell in book["cells"]):
            own = folder / "source" / path.stem
            own.mkdir(parents=True)
            for name in BESIDE:
                _copy(FOLDER / name, own / name)
            written.append(_write(path, for_nbgrader(book), own))
    return written


def for_students(book: dict[str, Any]) -> dict[str, Any]:
    """The notebook without answers, solutions and what is for instructors, as if no cell had run."""
    kept = [c for c in book["cells"] if not (is_answer(c) or is_solution(c) or is_for_instructors(c))]
    new: dict[str, Any] = {"execution_count": None, "outputs": []}
    return {**book, "cells": [{**cell, **new} if cell["cell_type"] == "code" else cell for cell in kept]}


def for_nbgrader(book: dict[str, Any]) -> dict[str, Any]:
    """The notebook with a locked cell after each stub, worth a point. It fails until the reply is right."""
    cells: list[dict[str, Any]] = []
    for cell in book["cells"]:
        cells.append(cell)
        if is_stub(cell):
            cells.append(_graded(cell))
    return {**book, "cells": cells}


def check_call(stub: dict[str, Any]) -> ast.Call:
    """The call of the check, which is a stub's last line. Unlisted if there is none."""
    statements = ast.parse(source(stub)).body
    call = statements[-1].value if statements and isinstance(statements[-1], ast.Expr) else None
    if not (isinstance(call, ast.Call) and re.match(r"check_\w", ast.unparse(call.func))):
        raise Unlisted(f"cell {stub['id']}: its last line is no call of a check, expected one such as check_p(my_p).")
    return call


def _graded(stub: dict[str, Any]) -> dict[str, Any]:
    name = stub["id"].removesuffix("-answer") + "-grade"
    marked = {"grade": True, "grade_id": name, "locked": True, "points": 1, "schema_version": 3}
    marked |= {"solution": False, "task": False}
    call = ast.unparse(check_call(stub))
    lines = f"# For the mark: fails until the reply is right\nassert (_reply := {call}), _reply"
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        # with the tag, an exercise that is not answered yet does not stop “Run All”
        "metadata": {"nbgrader": marked, "slideshow": {"slide_type": "skip"}, "tags": ["raises-exception"]},
        "outputs": [],
        "source": lines.splitlines(keepends=True),
    }


def _write(path: Path, book: dict[str, Any], folder: Path) -> Path:
    text = json.dumps(book, indent=1, ensure_ascii=False) + "\n"
    (folder / path.name).write_text(text, encoding="utf-8", newline="\n")
    return folder / path.name


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, to)
