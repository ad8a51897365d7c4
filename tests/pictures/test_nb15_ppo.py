"""The picture of notebook 15 shows the numbers it was last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import Picture, RatioPairs


def numbers(r, A, kind, epsilon, note="so far"):
    return {"r": np.array(r), "A": np.array(A), "kind": np.array(kind), "epsilon": epsilon, "note": note}


CASES = {
    "ratio pairs": (
        lambda: Picture([RatioPairs(3, 1.5)]),
        [
            numbers([[1.0, 1.0], [1.0, 1.0]], [[-1, 1], [0.5, -0.2]], [[0, 0], [0, 0]], 0.2),
            numbers([[0.4, 1.6], [1.1, 2.9]], [[-1, 1], [0.5, -0.2]], [[2, 2], [0, 1]], 0.2, "ten steps"),
            numbers([[0.1, 1.9], [2.1, 1.2]], [[-1, 1], [0.5, -0.2]], [[0, 0], [0, 0]], np.inf, "no clip"),
        ],
    )
}


def shown(*given):
    part = RatioPairs(3, 1.5)
    Picture([part]).update(numbers(*given))
    return part


def test_the_corners_begin_at_the_edges_of_the_clip():
    part = shown([[1.0]], [[1.0]], [[0]], 0.3)
    assert np.allclose(part.high.get_bbox().intervalx, [1.3, 3.15])
    assert np.allclose(part.low.get_bbox().intervalx, [-0.15, 0.7])
    assert part.high.get_bbox().y0 == 0 == part.low.get_bbox().y1


def test_without_a_clip_there_are_no_corners():
    part = shown([[1.0]], [[1.0]], [[0]], np.inf)
    assert part.high.get_width() == part.low.get_width() == 0


def test_each_pair_has_the_mark_of_its_kind():
    part = shown([[0.4, 1.6], [1.1, 2.9]], [[-1, 1], [0.5, -0.2]], [[2, 2], [0, 1]], 0.2)
    assert [mark.get_xdata().tolist() for mark in part.marks] == [[1.1], [2.9], [0.4, 1.6]]
    assert len({mark.get_marker() for mark in part.marks}) == 3


def test_the_kinds_are_counted_in_words():
    given = numbers([[0.4, 1.6], [1.1, 2.9]], [[-1, 1], [0.5, -0.2]], [[2, 2], [0, 1]], 0.2)
    said = RatioPairs(3, 1.5).describe(given)
    assert "from 0.40 to 2.90: 1 inside, 1 outside, on its way back, 2 outside, flat" in said
    said = RatioPairs(3, 1.5).describe(given | {"epsilon": np.inf})
    assert said == "4 pairs with ratios from 0.40 to 2.90. so far."
