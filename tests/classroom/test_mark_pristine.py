"""`python course.py mark FOLDER`: what a notebook has changed is put back."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType

import numpy as np

from classroom.mark.pristine import Pristine
from pgcourse.exercises import ask, nb00_start, nb07_rollouts, nb14_off_policy_to_trpo
from pgcourse.exercises.verdict import Verdict


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


def test_defaults_of_arguments_by_name_are_put_back(monkeypatch):
    pristine, before = Pristine(), ask.run.__kwdefaults__
    assert before == {"pure": False}
    monkeypatch.setattr(ask.run, "__kwdefaults__", {"pure": True})
    assert pristine.restore() == ["pgcourse.exercises.ask.run"]
    assert ask.run.__kwdefaults__ == before


def test_a_module_in_the_place_of_the_course_s_is_taken_away(monkeypatch):
    pristine, genuine = Pristine(), sys.modules["pgcourse.bellman"]
    monkeypatch.setitem(sys.modules, "pgcourse.bellman", ModuleType("pgcourse.bellman"))
    assert pristine.restore() == ["pgcourse.bellman"]
    assert sys.modules["pgcourse.bellman"] is genuine


def test_a_method_that_a_class_did_not_have_of_its_own_is_taken_away():
    pristine = Pristine()
    Verdict.__eq__ = lambda *_: True
    assert pristine.restore() == ["pgcourse.exercises.verdict.Verdict.__eq__"]
    assert Verdict("wrong", "") != Verdict("right", "")


def test_the_function_that_is_inside_a_check_is_put_back(monkeypatch):
    pristine, check = Pristine(), nb00_start.check_best_p
    (inside,) = (cell for cell in check.__closure__ if isinstance(cell.cell_contents, FunctionType))
    monkeypatch.setattr(inside, "cell_contents", lambda answer: Verdict("right", ""))
    assert check(0).tone == "right"
    assert pristine.restore() == ["pgcourse.exercises.nb00_start.check_best_p"]
    assert check(0).tone == "wrong"


def test_numbers_that_an_exercise_has_kept_are_computed_anew():
    """A notebook may have written into them."""
    pristine, (_, b) = Pristine(), nb14_off_policy_to_trpo.equations()
    b[:] = 0
    assert pristine.restore() == []
    assert nb14_off_policy_to_trpo.equations()[1].all()
