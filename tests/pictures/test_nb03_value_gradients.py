"""The pictures of notebook 03 show the numbers they were last given, signs told by colour and by sign."""

from __future__ import annotations

import numpy as np
import pytest
from lake import DESC, LAKE

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.gradients import value_gradient
from pgcourse.pictures import LinesTable, Picture, Residuals, SignedGrid
from pgcourse.pictures.palette import INK, SIGNED
from pgcourse.pictures.part import signed
from pgcourse.policy import grad_softmax, softmax

FEATURES = zoo.lake_features()
LINES = [(r"$\nabla(\pi q)$", r"$\nabla v$"), (r"$q\nabla\pi + \pi\nabla q$", "sum")]
ROUTES = ["iterate", "one solve"]


def grid_numbers(theta, state):
    pi = softmax(FEATURES, theta)
    grad_v = value_gradient(LAKE, pi, exact(LAKE, pi).q_pi, grad_softmax(FEATURES, pi))[:, 0]
    lines = [grad_v[state], grad_v[state] + 1e-9]
    return {"pi": pi, "state": state, "x": grad_v, "size": np.abs(grad_v).max(), "lines": lines, "where": f"at {state}"}


def residual_numbers(k, gamma):
    routes = {"iterate": (0.1 - gamma**k, gamma**k), "one solve": (0.1, 0.0)}
    falling = gamma ** np.arange(21.0)
    return {"k": k, "residuals": falling / 2, "bound": falling, "routes": routes, "where": "state 3"}


CASES = {
    "lines": (
        lambda: Picture([SignedGrid(DESC, "x", "size", selects="state"), LinesTable(LINES)]),
        [grid_numbers([0.5, 2], 14), grid_numbers([3, -1], 0), grid_numbers([-2, 4], 6)],
    ),
    "residuals": (
        lambda: Picture([Residuals(21, ROUTES)]),
        [residual_numbers(0, 0.9), residual_numbers(9, 0.5), residual_numbers(20, 0.1)],
    ),
}


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (-0.0, "0"), (0.1234, "+0.1234"), (-0.1234, "−0.1234"), (2e-5, "+2e−05"), (-2e-5, "−2e−05"),
     (0.00096, "+0.0010")],
)  # fmt: skip
def test_a_sign_is_written_and_a_small_number_is_not_rounded_away(x, text):
    assert signed(x) == text


def test_the_grid_tells_plus_from_minus_by_colour_and_by_sign_and_zero_is_white():
    grid = SignedGrid(DESC, "x", "size")
    Picture([grid])
    x = np.zeros(16)
    x[[0, 1, 2]] = [0.25, -0.25, 1.0]
    grid.update({"pi": softmax(FEATURES, [0, 0]), "x": x, "size": 1.0})
    assert [text.get_text() for text in grid.values][:4] == ["+0.2500", "−0.2500", "+1.0000", "0"]
    plus, minus, full, zero = grid.image.to_rgba(grid.image.get_array())[0]
    assert zero == pytest.approx(1)
    assert full == pytest.approx(SIGNED(1.0), abs=0.01)
    assert plus[0] > plus[2]  # orange: more red than blue
    assert minus[2] > minus[0]  # violet: more blue than red
    grid.update({"pi": softmax(FEATURES, [0, 0]), "x": np.zeros(16), "size": 0.0})
    assert grid.image.to_rgba(grid.image.get_array()) == pytest.approx(1)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_the_numbers_are_legible_on_the_strongest_colours(end):
    assert contrast(SIGNED(end)[:3], tuple(int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5))) >= 4.5


def contrast(one, other):
    """WCAG 2.1, contrast ratio."""

    def luminance(channels):
        channels = np.array(channels)
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_table_says_each_line_s_value_and_how_far_they_are_apart():
    table = LinesTable(LINES)
    Picture([table])
    table.update({"lines": [0.25, -0.25], "where": "there"})
    assert [text.get_text() for (text,) in table.cells] == ["+0.250000", "≠ −0.250000"]
    assert "by 0.5 at most" in table.note.get_text()
    table.update({"lines": [-1e-14, 1e-14], "where": "there"})
    assert [text.get_text() for (text,) in table.cells] == ["+0.000000", "+0.000000"]


@pytest.mark.parametrize(("other", "marked"), [(0.25, False), (0.2500004, False), (0.25001, True), (-0.25, True)])
def test_a_line_that_leaves_the_first_is_marked_and_rounding_is_not(other, marked):
    table = LinesTable(LINES)
    Picture([table])
    numbers = {"lines": [0.25, other], "where": "there"}
    table.update(numbers)
    assert table.cells[0][0].get_text() == "+0.250000"
    assert table.cells[1][0].get_text().startswith("≠") == marked
    assert table.describe(numbers).endswith("Not as line 1: 2.") == marked


def test_a_line_of_residuals_ends_at_the_floor_and_its_marker_stays_there():
    part = Residuals(21, ROUTES, floor=1e-3)
    Picture([part])
    part.update(residual_numbers(20, 0.5))
    y = part.line.get_ydata()
    assert np.isfinite(y).sum() == np.count_nonzero(0.5 ** np.arange(21.0) / 2 >= 1e-3)
    assert part.point.get_ydata() == pytest.approx([1e-3])
    assert [text.get_text() for text in part.cells["one solve"]] == ["one solve", "+0.100000", "–"]
