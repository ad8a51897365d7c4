"""`python course.py mark FOLDER`: what a notebook has changed is put back."""

from __future__ import annotations

import numpy as np

from classroom.mark.pristine import Pristine
from pgcourse.exercises import ask, nb07_rollouts


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
