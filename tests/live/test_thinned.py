"""Which values of a long range are recorded where all would be too much."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from ipywidgets import FloatSlider, IntSlider

from pgcourse.live.recording import _Sweep, _Walk


def test_the_last_value_of_a_range_is_never_thinned_out() -> None:
    sweep = _Sweep(SimpleNamespace(controls={"slope": FloatSlider()}), {"slope": list(range(100))})
    assert sweep.kept("slope") == [*range(0, 100, sweep.stride), 99]


def test_a_short_range_beside_a_long_one_keeps_all_its_values() -> None:
    ranges = {"slope": list(range(200)), "level": list(range(13))}
    sweep = _Sweep(SimpleNamespace(controls={"slope": FloatSlider(), "level": IntSlider()}), ranges)
    assert len(sweep.kept("slope")) < 20
    assert sweep.kept("level") == ranges["level"]


def test_a_range_is_made_finer_by_halves_as_long_as_there_is_enough_left() -> None:
    class Counting(_Walk):
        """Each picture costs one frame and nothing else."""

        def __init__(self) -> None:
            self.frames = {}

        def spent(self) -> np.ndarray:
            return np.array([0, len(self.frames), 0])

        def take(self, values: dict[str, Any], refuse: bool = True) -> None:
            self.frames[str(values["slope"])] = {}

    sweep = _Sweep(SimpleNamespace(controls={"slope": FloatSlider()}), {"slope": list(range(97))})
    (walk := Counting()).along([sweep], [{"slope": 0}], np.array([1, 60, 1]))
    assert (sweep.stride, len(walk.frames)) == (2, 49), "and 97 would be too many"
