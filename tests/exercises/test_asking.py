"""Answers: how they are read, compared, told apart, and known as a usual mistake."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from pgcourse.exercises import patience, verdict
from pgcourse.exercises.ask import Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import first_wrong
from pgcourse.exercises.read import entries, numbers, one_number, one_whole, word
from pgcourse.exercises.words import apart


@pytest.mark.parametrize(
    ("one", "other"), [(1.0, 1 + 1e-9), (659.94, 659.96), (0.1, 0.1 + 2**-56), (-0.8928, -0.89281)]
)
def test_two_numbers_that_differ_are_shown_apart(one, other):
    first, second = apart(one, other)
    assert first != second
    assert float(first) == pytest.approx(one, rel=1e-3)


def test_float32_is_judged_by_its_own_rounding_and_float64_by_its():
    exact = np.array([1.0, 2.0])
    assert close((exact * (1 + 1e-7)).astype(np.float32), exact)
    assert not close((exact * (1 + 1e-3)).astype(np.float32), exact)
    assert not close(exact * (1 + 1e-5), exact)
    assert close([1e-17, 0.0], [0.0, 0.0]), "where all is 0, rounding is allowed"
    assert not close([1e-12, 0.0], [0.0, 0.0])


def test_a_mistake_is_known_by_its_numbers_and_by_no_others():
    mistakes = [Mistake(np.ones(2), "ones"), Mistake(2.0, "two", "wrong")]
    assert named(np.ones(2), mistakes).message == "ones"
    assert named(np.array(2.0), mistakes).tone == "wrong"
    assert named(np.ones(3), mistakes) is None
    assert named(np.array([np.nan, 1]), mistakes) is None


def test_run_gives_copies_and_tells_a_missing_argument_the_signature():
    given = np.ones(2)
    run(lambda x: x.fill(0) or 1, "x", given)
    assert given.tolist() == [1, 1]
    with pytest.raises(verdict.Reply) as reply:
        run(lambda: 0, "x, y", given, 1)
    assert "It is called with (x, y)." in reply.value.verdict.message
    with pytest.raises(verdict.Reply) as reply:
        run("my_search", "x, y", given, 1)
    assert "'my_search' is not a function; expected a function of (x, y)." in reply.value.verdict.message


@pytest.mark.parametrize("answer", [np.ones((3, 1)), np.ones((1, 3)), [[1], [1], [1]], iter([1, 1, 1])])
def test_an_axis_of_length_one_is_no_mistake(answer):
    assert numbers(answer, "It is", (3,)).shape == (3,)


def test_rows_are_no_columns():
    assert numbers(np.ones((2, 3)), "It is", (3, 2)).shape == (2, 3)


@pytest.mark.parametrize(("given", "read"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i4", "f8")])
def test_numbers_stay_as_exact_as_they_were_given(given, read):
    assert numbers(np.ones(2, given), "It is").dtype == np.dtype(read)


def test_a_sign_may_be_said_as_a_number_and_not_as_true():
    also = {"+": "up", 1: "up"}
    assert [word(answer, also) for answer in (" + ", 1, 1.0)] == ["up"] * 3
    assert word(True, also) is True


def test_an_answer_of_which_a_part_is_there_is_judged_and_does_not_wait():
    assert entries({"A": "D", "B": ...}, "AB", "a letter each", "{} is not there") == {"A": "D", "B": ...}
    with pytest.raises(verdict.Reply) as reply:
        entries({"A": ..., "B": ...}, "AB", "a letter each", "{} is not there")
    assert reply.value.verdict.tone == "waiting"


@pytest.mark.parametrize(("given", "tone"), [("DDDU", "wrong"), ("UDUD", "nearly"), ("UUDU", "nearly")])
def test_of_several_choices_half_must_be_right_for_a_nearly(given, tone):
    right = dict(enumerate("UUUU"))
    said = first_wrong(dict(enumerate(given)), right, "UD", "line", lambda key, choice: f"Not {choice}.")
    assert said.tone == tone


def test_the_time_of_an_answer_is_its_own_work_and_not_that_of_other_programs(monkeypatch):
    clocks = []
    monkeypatch.setattr(verdict, "at_most", lambda seconds, of=patience.Clock: nullcontext(clocks.append(of)))
    assert verdict.exercise(lambda answer: verdict.right(""))(1)
    assert clocks == [patience.OwnTime]


def test_a_single_number_is_furthest_from_its_own_place():
    said = mistaken(np.array(1.0), np.array(2.0), [], lambda yours, right, *where: f"{yours}, not {right}{where}")
    assert said.message == "1, not 2()"


def test_true_is_no_number():
    assert one_number(True) is None
    assert one_number(np.array([True])) is None


def test_what_is_not_a_number_is_none():
    assert one_number(float("nan")) is None


def test_a_number_too_large_for_a_float_keeps_its_sign():
    assert (one_number(10**400), one_number(-(10**400))) == (np.inf, -np.inf)


def test_half_a_state_is_no_state():
    assert [one_whole(answer) for answer in (3.0, 2.5, np.inf)] == [3, None, None]
