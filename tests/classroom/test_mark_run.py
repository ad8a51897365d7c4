"""`python course.py mark FOLDER`: which cells are run, and which reply counts, without a process of their own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any
from unittest import mock

import nbformat
import pytest
from returned_notebooks import NAME, book
from stored_notebooks import COURSE

import pgcourse.exercises as course
from classroom.mark import questions, run
from classroom.mark.server import references, told
from pgcourse.exercises.read import MOST_ENTRIES

BEST = 2 - 2**0.5


@pytest.fixture
def marking(monkeypatch) -> Callable[[str], run.Marking]:
    """The checks of a notebook as they are asked while it is marked. Afterwards the course has its own again."""
    for name in course.__all__:
        if name.startswith("check_"):
            check = getattr(course, name)
            monkeypatch.setattr(course, name, check)
            monkeypatch.setattr(sys.modules[check.__module__], name, check)
    return lambda number: run.Marking(
        questions.questions(next(path for path in COURSE if path.stem.startswith(number)))
    )


def test_what_an_answer_is_measured_by_is_the_course_s_own(marking):
    """There γ is 0.95. A notebook that sets γ = 0 would make 1 right."""
    judge = marking("04")
    shown = course.check_constant(1, 0)
    assert shown.tone == "right"
    assert judge.issued(shown).tone == "nearly"


def test_only_the_verdict_itself_counts_and_nothing_that_says_it_equals_it(marking):
    judge = marking("00")
    verdict = course.check_best_p(BEST)
    assert judge.issued(verdict).tone == "right"
    assert judge.issued(mock.ANY) is None
    assert judge.issued(course.Verdict(*verdict)) is None


def test_of_an_iterator_without_an_end_no_more_is_taken_than_a_check_reads():
    def beyond():
        raise AssertionError("it would go on for ever")
        yield

    read = run._listed(chain(repeat(0, MOST_ENTRIES + 1), beyond()))
    assert len(read) == MOST_ENTRIES + 1, "one more than a check takes, so that it can refuse them"


def test_the_course_s_solutions_are_not_run(tmp_path, monkeypatch):
    """The cells below would have the solution's names, and an answer that is not the student's."""
    ran: list[str] = []

    def run_cell(text: str) -> Any:
        ran.append(text)
        return SimpleNamespace(error_before_exec=None, error_in_exec=None, result=None)

    shell = SimpleNamespace(
        user_ns={}, displayhook=SimpleNamespace(), display_formatter=SimpleNamespace(), run_cell=run_cell
    )
    monkeypatch.setattr(run, "make_shell", lambda: shell)
    monkeypatch.setattr(run, "Marking", mock.Mock(return_value=mock.Mock(issued=lambda _: None, changed=set())))
    made = book("my_p = ...", "my_p = 2 - 2**0.5", "1 + 1")
    made.cells[2].metadata.tags = ["solution"]
    nbformat.write(made, path := tmp_path / f"{NAME}.ipynb")
    run.run(path, references(), [], lambda _: None, 60)
    assert ran[1:] == ["my_p = ...", "1 + 1"]


@pytest.mark.parametrize(("title", "stem"), [("00 start here", NAME), ("04 The theorem", "04_the_theorem")])
def test_a_notebook_that_was_given_another_name_is_known_by_its_title(tmp_path, title, stem):
    (path := tmp_path / "homework.ipynb").write_text(
        json.dumps({"cells": [], "metadata": {"pgcourse": {"title": title}}})
    )
    assert run.read(path, references()) == ([], stem)


def test_a_line_that_does_not_begin_with_the_secret_word_was_not_told_by_the_marking():
    report = b'\nword{"done": true}\n{"exercise": "best_p", "tone": "right"}\nwork{"done": false}\n'
    assert told(io.BytesIO(report), "word") == [{"done": True}]
