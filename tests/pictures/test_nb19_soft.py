"""The pictures of notebook 19 show the numbers they were last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import AgainstTruth, Picture, TwoDensities


def density_numbers(mu, tau):
    a = np.linspace(-1, 1, 41)
    density, other = np.exp(-((a - mu) ** 2) / 0.1), np.exp(-np.abs(a + 0.5) / tau)
    numbers = {"a": a, "density": density, "b": a[::2], "other": other[::2], "walls": (-1, 1), "piles": (0, 0)}
    return numbers | {"outside": f"μ = {mu}, τ = {tau}"}


def densities():
    return TwoDensities((-1.2, 1.2), 0.8, "action a", "a title")


def truth_numbers(gap, n=7):
    plain = np.linspace(-90, -10, n)
    return {"answers": plain + 40, "truths": {"plain": plain, "soft": plain + 40 - gap}, "note": f"{n} states"}


def truths():
    return AgainstTruth(("plain", "soft"), (-100, 100), "true", "the critic's")


CASES = {
    "densities": (
        lambda: Picture([densities()]),
        [density_numbers(0.0, 0.3), density_numbers(0.4, 0.3), density_numbers(0.4, 2.0)],
    ),
    "truth": (lambda: Picture([truths()]), [truth_numbers(0), truth_numbers(20.0), truth_numbers(5.0, 3)]),
}


def test_a_density_that_leaves_the_frame_is_said_and_spoken():
    numbers = density_numbers(0.4, 0.3)  # both are 1 at most, and the frame ends at 0.8
    for name, lower in (("", "other"), ("dashed ", "density")):
        part = densities()
        picture = Picture([part])
        shown = numbers | {lower: 0.5 * np.asarray(numbers[lower])}
        picture.update(shown)
        assert f"({name}peak cut off)" in part.note.get_text()
        assert f"({name}peak cut off)" in picture.describe(shown)


def test_the_dashed_density_is_the_other_one_and_may_leave_the_frame():
    part = densities()
    picture = Picture([part])
    picture.update(density_numbers(0.4, 0.3))
    x, y = part.other.get_data()
    assert x[np.argmax(y)] == -0.5
    assert y.max() == np.max(density_numbers(0.4, 0.3)["other"])
    assert "highest at 0.40, the dashed one at −0.50" in picture.describe(density_numbers(0.4, 0.3))


def test_a_right_answer_is_on_the_diagonal_and_a_far_one_at_the_edge():
    part = truths()
    Picture([part])
    part.update(truth_numbers(0))
    assert np.array_equal(*part.marks["soft"].get_data())
    assert "on average: plain +40.0, soft +0.0." in part.describe(truth_numbers(0))
    part.update(truth_numbers(-500))
    assert set(part.marks["soft"].get_xdata()) == {100}


def test_nothing_is_said_of_no_states():
    nothing = {"answers": np.zeros(0), "truths": {"plain": np.zeros(0), "soft": np.zeros(0)}, "note": "press run"}
    assert truths().describe(nothing) == "0 states so far: press run."
