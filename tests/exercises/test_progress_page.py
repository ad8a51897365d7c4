"""The progress page: every exercise of the notebooks at hand, whatever was done to them, and what is taken along."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import pytest
from entries import T, entry
from verdicts import says

import pgcourse.exercises as course
from pgcourse.exercises import progress, progress_page

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_the_page_lists_the_exercises_of_the_notebooks_themselves():
    listed = progress_page.exercises(NOTEBOOKS)
    assert listed[0][:4] == ("best_p", "00_start_here.ipynb", "00 Start here", "exercise-best-p")
    stubs = [
        (path.name, line.split("(")[0].removeprefix("check_"))
        for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if "exercise" in cell["metadata"].get("tags", []) and cell["cell_type"] == "code"
        for line in cell["source"]
        if line.startswith("check_")
    ]
    assert [(one.notebook, one.name) for one in listed] == stubs
    assert len({one.name for one in listed}) == len(listed), "two exercises with the same check would be one"
    assert all(f"check_{one.name}" in course.__all__ for one in listed)


# whatever a student does to the notebooks


@pytest.fixture
def folder(tmp_path):
    """The course's notebooks, to be disarranged."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def edit_all(folder, change):
    """Let `change` make a new list of each notebook's cells."""
    for path in [*folder.glob("0*.ipynb")]:
        nb = json.loads(path.read_text(encoding="utf-8"))
        nb["cells"] = change(nb["cells"])
        path.write_text(json.dumps(nb), encoding="utf-8")


def scratch(text="1 + 1", id="a1b2"):
    return {"cell_type": "code", "id": id, "metadata": {}, "source": text, "outputs": [], "execution_count": None}


def is_stub(cell):
    return cell["id"].endswith("-answer")


def duplicate(folder):
    """JupyterLab's Duplicate; the copy stands before the original in the file browser."""
    for path in [*folder.glob("0*.ipynb")]:
        (folder / f"{path.stem}-Copy1.ipynb").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")


def rename(folder):
    for path in [*folder.glob("0*.ipynb")]:
        path.rename(folder / f"my copy of {path.stem[3:]}.ipynb")


def scribble(folder):
    """Scratch cells everywhere, and a notebook of the student's own that calls a check."""
    edit_all(folder, lambda cells: [x for k, cell in enumerate(cells) for x in (cell, scratch(id=f"x{k}"))])
    cell = scratch("from pgcourse.exercises import *\ncheck_best_p(0.586)")
    (folder / "a.ipynb").write_text(json.dumps({"metadata": {}, "cells": [cell]}))


def move_to_the_end(folder):
    edit_all(folder, lambda cells: sorted(cells, key=is_stub))


def copy_stubs(folder):
    """Copy and paste: the copy has another id, and the tags of the first."""
    edit_all(folder, lambda cells: cells + [{**cell, "id": f"x{k}"} for k, cell in enumerate(cells) if is_stub(cell)])


def delete_a_stub(folder):
    edit_all(folder, lambda cells: [cell for cell in cells if cell is not next(filter(is_stub, cells), None)])


def delete_boxes(folder):
    edit_all(folder, lambda cells: [cell for cell in cells if "**Exercise.**" not in "".join(cell["source"])])


def call_otherwise(folder):
    def otherwise(cell):
        source = re.sub(r"(?m)^check_", "verdict = course.check_", "".join(cell["source"]))
        return {**cell, "source": source + "\nverdict"} if is_stub(cell) else cell

    edit_all(folder, lambda cells: [otherwise(cell) for cell in cells])


@pytest.mark.parametrize(
    "disarrange",
    [duplicate, rename, scribble, move_to_the_end, copy_stubs, delete_a_stub, delete_boxes, call_otherwise,
     lambda folder: (duplicate(folder), scribble(folder), move_to_the_end(folder), rename(folder))],
)  # fmt: skip
def test_an_exercise_counts_once_whatever_is_done_to_its_notebook(folder, disarrange):
    before = progress_page.exercises(folder)
    passed = {one.name: entry(1, T[0], T[0], "right") for one in before}
    disarrange(folder)
    after = progress_page.exercises(folder, passed)
    assert sorted(one.name for one in after) == sorted(one.name for one in before)
    assert [one.title[:2] for one in after] == [one.title[:2] for one in before]
    assert f"## {len(before)} of {len(before)} exercises passed" in progress_page.summary(after, passed)
    assert len(list(csv.DictReader(progress_page.table(after, passed).splitlines()))) == len(before)


@pytest.mark.parametrize("disarrange", [duplicate, scribble, move_to_the_end, copy_stubs])
def test_the_page_still_leads_to_the_exercise_itself(folder, disarrange):
    before = progress_page.exercises(folder)
    disarrange(folder)
    assert {one.name: (one.notebook, one.cell, one.question) for one in progress_page.exercises(folder)} == {
        one.name: (one.notebook, one.cell, one.question) for one in before
    }


def test_what_was_passed_in_a_notebook_that_is_gone_stays_passed(folder):
    passed = {"reasons": entry(1, T[0], T[0], "right"), "best_p": entry(1, T[0], T[0], "right")}
    (folder / "03_bellman_on_grad_v.ipynb").unlink()
    text = progress_page.summary(progress_page.exercises(folder, passed), passed)
    assert f"## 2 of {len(progress_page.exercises(NOTEBOOKS))} exercises passed" in text
    assert "### 03 value gradients: 1 of 4" in text
    assert "reasons (its cells are gone)" in text


def test_a_notebook_of_an_instructor_with_a_check_of_its_own_is_on_the_page(tmp_path):
    box = {"cell_type": "markdown", "id": "own", "metadata": {"tags": ["exercise"]}, "source": "**Exercise.** Say it."}
    stub = scratch("check_own(...)", "own-answer") | {"metadata": {"tags": ["exercise"]}}
    (tmp_path / "42_own.ipynb").write_text(json.dumps({"metadata": {}, "cells": [box, scratch(), stub]}))
    (one,) = progress_page.exercises(tmp_path)
    assert (one.name, one.cell, one.question) == ("own", "own", "Say it.")


def test_the_page_says_how_far_one_is_by_words_and_signs():
    listed = progress_page.exercises(NOTEBOOKS)
    known = {
        "best_p": entry(2, T[0], T[1], "wrong"),
        "parameter_count": entry(4, None, T[1], "nearly"),
        "table": entry(1),
    }
    text = progress_page.summary(listed, known).replace("\u00a0", " ").replace("\u2011", "-")
    assert f"## 1 of {len(listed)} exercises passed" in text
    assert "### [00 Start here](00_start_here.ipynb): 1 of 1" in text
    assert re.search(r"^\| ✔ passed 2026-01-01 \| .*#cell-id=exercise-best-p\).* \| 2 \|$", text, re.M)
    assert re.search(r"^\| ◐ tried: nearly \| .* \| 4 \|$", text, re.M)
    assert "✘ tried: not yet" in text
    assert text.count("○ open") == len(listed) - 3


def test_every_question_ends_outside_of_formulas_and_code():
    questions = {one.name: one.question for one in progress_page.exercises(NOTEBOOKS)}
    for name, question in questions.items():
        assert question.count("$") % 2 == question.count("`") % 2 == 0, name
        assert "``" not in question, name
        assert len(question) <= progress_page.LONGEST + 2, name
    assert "γ < 1" in questions["biased"]


@pytest.mark.parametrize(
    ("box", "question"),
    [
        ("<b>Is</b> 0 < γ<br/> and γ > 0?", "Is 0 < γ and γ > 0?"),
        ("Mend this:\n```python\nx = 1\n```\nHow?", "Mend this: …"),
        (f"Is $x + {'y' * 60} + z$ the same as ${'u ' * 40}$?", f"Is $x + {'y' * 60} + z$ the same as …"),
        (f"`{'a b ' * 30}`", "…"),
    ],
)
def test_a_question_loses_its_tags_and_what_does_not_fit_in_a_line(box, question):
    assert progress_page._beginning(f"**Exercise.** {box}") == question


def test_a_bar_or_bracket_in_a_question_does_not_break_the_table():
    assert progress_page._in_table("π(a|s) and [1] but $|S|$") == "π(a&#124;s) and &#91;1&#93; but $|S|$"


def test_an_export_comes_back_and_nothing_newer_is_lost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old = {"best_p": entry(5, T[1], T[1], "right", "yes"), "table": entry(2, None, T[2])}
    (tmp_path / "mine.json").write_text(progress.written(old), encoding="utf-8")
    progress.merge({"best_p": entry(2, T[3], T[4]), "reasons": entry()}, tmp_path)
    assert progress_page.restore("mine.json")
    expected = {"best_p": entry(5, T[1], T[4]), "table": entry(2, None, T[2]), "reasons": entry()}
    assert progress.load(tmp_path) == expected
    assert progress_page.restore("mine.json")
    assert progress.load(tmp_path) == expected, "a second time changes nothing"


@pytest.mark.parametrize(
    ("file", "why"),
    [("none.json", "No such file"), ("bad.json", "not a progress"), (3, "3 cannot"), ("a\0", "cannot be read")],
)
def test_what_cannot_be_brought_back_is_refused_in_words(tmp_path, monkeypatch, file, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{}")
    says(progress_page.restore(file), "wrong", why)


def test_a_reset_asks_moves_the_file_and_can_be_undone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert progress_page.reset("yes").tone == "nearly", "nothing there yet"
    progress.record("best_p", "right", "yes", tmp_path)
    before = progress.load(tmp_path)
    assert progress_page.reset(...).tone == "waiting"
    assert progress_page.reset("no").tone == "wrong"
    assert progress.load(tmp_path) == before
    verdict = progress_page.reset("Yes ")
    assert verdict
    assert progress.load(tmp_path) == {}
    assert progress_page.restore(verdict.message.split('"')[1])
    assert progress.load(tmp_path) == before


def test_two_resets_in_one_second_keep_two_files(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "now", lambda: T[0])
    kept = []
    for _ in range(2):
        progress.record("best_p", "right", "yes", tmp_path)
        kept.append(progress.begin_anew(tmp_path))
    assert len(set(kept)) == 2
    assert all((tmp_path / name).exists() for name in kept)


def test_the_table_for_a_spreadsheet_has_a_line_for_each_exercise():
    listed = progress_page.exercises(NOTEBOOKS)
    rows = list(csv.DictReader(progress_page.table(listed, {"best_p": entry(2, T[0], T[1], "right")}).splitlines()))
    assert [row["exercise"] for row in rows] == [one.name for one in listed]
    assert (rows[0]["state"], rows[0]["attempts"], rows[0]["passed"]) == ("passed", "2", T[0])
    assert rows[1]["state"] == "open"


def test_a_hand_in_has_the_notebooks_with_answers_the_name_and_the_history(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for stem in ("00_start_here", "02_reminders", "progress"):
        (tmp_path / f"{stem}.ipynb").write_bytes((NOTEBOOKS / f"{stem}.ipynb").read_bytes())
    assert progress_page.hand_in("Ada").tone == "nearly", "nothing answered yet"
    progress.record("best_p", "wrong", "no", tmp_path)
    says(
        progress_page.hand_in("Ada Lovelace, née Byron"), "right", "hand-in-ada-lovelace-née-byron.zip is in the folder"
    )
    with zipfile.ZipFile(tmp_path / "hand-in-ada-lovelace-née-byron.zip") as packed:
        assert packed.namelist() == [progress_page.HAND_IN, "00_start_here.ipynb"]
        assert packed.read("00_start_here.ipynb") == (NOTEBOOKS / "00_start_here.ipynb").read_bytes()
        text = packed.read(progress_page.HAND_IN).decode("utf-8")
    assert progress_page.name_in(text) == "Ada Lovelace, née Byron"
    assert progress.parse(text) == progress.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "file"),
    [("李雷", "李雷"), ("Иван", "иван"), ("Zoe\u0308", "zoë"), (80 * "ş", 50 * "ş"), ("A_d/a..", "a-d-a")],
)
def test_a_hand_in_bears_the_name_in_its_own_letters(tmp_path, monkeypatch, name, file):
    """Two students' files in one folder are two."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "00_start_here.ipynb").write_bytes((NOTEBOOKS / "00_start_here.ipynb").read_bytes())
    progress.record("best_p", "right", "yes", tmp_path)
    assert progress_page.hand_in(name)
    assert (tmp_path / f"hand-in-{file}.zip").exists()


def test_of_several_copies_of_a_notebook_all_are_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    books = ["00_start_here.ipynb", "00_start_here_Ada.ipynb"]
    for book in books:
        (tmp_path / book).write_bytes((NOTEBOOKS / "00_start_here.ipynb").read_bytes())
    progress.record("best_p", "right", "yes", tmp_path)
    says(progress_page.hand_in("Ada"), "right", f"with {', '.join(books)} as they were last saved")
    with zipfile.ZipFile(tmp_path / "hand-in-ada.zip") as packed:
        assert packed.namelist() == [progress_page.HAND_IN, *books]


@pytest.mark.parametrize(
    ("name", "tone", "words"),
    [
        (..., "waiting", "your name"),
        ("", "wrong", "'' is not a name"),
        (3, "wrong", "3 is not"),
        ("x" * 999, "wrong", "is not a name"),
    ],
)
def test_a_hand_in_needs_a_name(tmp_path, monkeypatch, name, tone, words):
    monkeypatch.chdir(tmp_path)
    says(progress_page.hand_in(name), tone, words)
    assert not list(tmp_path.iterdir())


def test_a_hand_in_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "00_start_here.ipynb").write_bytes((NOTEBOOKS / "00_start_here.ipynb").read_bytes())
    progress.record("best_p", "wrong", "no", tmp_path)
    (tmp_path / "hand-in-ada.zip").mkdir()
    says(progress_page.hand_in("Ada"), "wrong", "hand-in-ada.zip cannot be written: Is a directory.")


@pytest.mark.parametrize("text", ["[]", "{}", '{"name": 3}'])
def test_a_hand_in_without_a_name_has_none(text):
    assert progress_page.name_in(text) == ""


def test_a_damaged_file_is_said_on_the_page_and_a_folder_without_notebooks_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no notebooks" in progress_page.page().data
    (tmp_path / "progress.json").write_text("{")
    (tmp_path / "00_start_here.ipynb").write_text((NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8"))
    (tmp_path / "01_broken.ipynb").write_text("{")
    text = progress_page.page().data
    assert "cannot be read" in text
    assert "## 0 of 1" in text
