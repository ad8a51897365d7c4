"""The pictures of notebook 04 show the numbers they were last given, signs told by colour and by sign."""

from __future__ import annotations

import numpy as np
import pytest
from lake import ACTIONS, DESC, LAKE

from pgcourse import zoo
from pgcourse.bellman import exact, objective
from pgcourse.gradients import angle, tabular_softmax_gradient
from pgcourse.pictures import (
    EstimateCloud,
    Factors,
    PairTerms,
    Picture,
    StepBars,
    Table,
    TwoObjectives,
    Vectors,
    VectorTable,
)
from pgcourse.pictures.palette import SIGNED
from pgcourse.policy import grad_log_softmax, softmax, tabular_softmax

FEATURES = zoo.lake_features()
NOTES = {"one": "the first", "other": "the second", "rest": "the third"}
ROWS = ["bias", "variance"]


def factor_numbers(theta, state, action):
    pi = softmax(FEATURES, theta)
    _, q_pi, rho_pi, _ = exact(LAKE, pi)
    grad_log_pi = grad_log_softmax(FEATURES, pi)[..., 0]
    terms, pair = rho_pi[:, None] * pi.probs * q_pi * grad_log_pi, (state, action)
    factors = rho_pi[state], pi.probs[pair], q_pi[pair], grad_log_pi[pair]
    numbers = {"terms": terms, "total": terms.sum(), "factors": factors, "state": state, "action": action}
    return numbers | {"names": ("q(s,a)", "∂log π/∂θ₁"), "parameter": "θ₁"}


def vector_numbers(seed):
    vectors = dict(zip(NOTES, np.random.default_rng(seed).normal(size=(3, 2)), strict=True))
    angles = {name: angle(vector, vectors["one"]) for name, vector in vectors.items()}
    return {"vectors": vectors, "angles": angles, "verdict": f"J is {seed}."}


def cloud_numbers(seed, noise):
    rng = np.random.default_rng(seed)
    numbers = {"grad_J": np.array([0.1, 0.2]), "mean": rng.normal(size=2), "noise": noise}
    table = [(f"{x:.2f}", f"{x + 1:.2f}") for x in rng.random(2)]
    return numbers | {"estimates": noise * rng.normal(size=(20, 2)), "table": table, "note": f"Seed {seed}."}


def step_numbers(theta, alpha, state):
    pi = softmax(FEATURES, theta)
    _, q_pi, rho_pi, J = exact(LAKE, pi)
    push = tabular_softmax_gradient(rho_pi, pi, q_pi)
    moved = tabular_softmax(FEATURES @ theta + alpha * push)
    numbers = {"state": state, "before": pi.probs, "after": moved.probs, "push": push, "q": q_pi}
    return numbers | {"J": J, "J_after": objective(LAKE, moved)}


def objective_numbers(x, update):
    return {"x": x, "lines": {"one": (0.0, 0.1), "other": (0.0, 0.15)}, "update": update}


CASES = {
    "factors": (
        lambda: Picture([PairTerms(DESC, ACTIONS), Factors(ACTIONS)]),
        [factor_numbers([1, 3], 14, 1), factor_numbers([3, -1], 0, 2), factor_numbers([-2, 4], 5, 3)],
    ),
    "vectors": (
        lambda: Picture([Vectors([*NOTES], chain=(1, 2)), VectorTable(NOTES)]),
        [vector_numbers(seed) for seed in range(3)],
    ),
    "cloud": (
        lambda: Picture([EstimateCloud(), Table(ROWS, ["exact", "sampled"])]),
        [cloud_numbers(0, 1.0), cloud_numbers(1, 30.0), cloud_numbers(2, 0.1)],
    ),
    "step": (
        lambda: Picture([StepBars(ACTIONS)]),
        [step_numbers([1, 3], 30, 14), step_numbers([0, 0], 500, 0), step_numbers([1, 3], 30, 5)],
    ),
    "objectives": (
        lambda: Picture([TwoObjectives(["one", "other"])]),
        [objective_numbers(0.2, 0.1), objective_numbers(0.5, -0.1), objective_numbers(0.9, 0.0)],
    ),
}


def pair_grid(state=14, action=1):
    grid = PairTerms(DESC, ACTIONS)
    Picture([grid])
    grid.update(factor_numbers([1, 3], state, action))
    return grid


@pytest.mark.slow
def test_as_many_signs_are_spoken_as_are_drawn():
    grid = PairTerms(DESC, ACTIONS)
    Picture([grid])
    numbers = factor_numbers([3, -1], 0, 2)
    numbers["terms"] = np.where(np.arange(64).reshape(16, 4) % 5 == 0, 1e-9, numbers["terms"])
    grid.update(numbers)
    drawn = [sign.get_text() for sign in grid.signs]
    said = f"The grid: {drawn.count('+')} pairs with a plus, {drawn.count('−')} with a minus;"
    assert 0 < drawn.count("") < len(drawn)
    assert grid.describe(numbers).startswith(said)


@pytest.mark.parametrize("state", range(16))
@pytest.mark.parametrize("action", range(4))
@pytest.mark.slow
def test_a_press_in_the_middle_of_a_triangle_chooses_its_pair(state, action):
    grid = pair_grid(state, action)
    (x,), (y,) = grid.chosen.get_data()
    assert grid.handles[0].values(x, y, {}) == {"state": state, "action": action}


def test_the_rim_of_a_hole_is_the_cell_s_so_that_it_leaves_its_name_clear():
    assert len(pair_grid(14, 1).rim.get_xydata()) == 4  # a triangle, closed
    rim = pair_grid(5, 3).rim.get_xydata()
    assert (np.abs(rim - (1, 1)) == 0.5).all()


def test_the_arrow_keys_lead_to_every_pair():
    grid, found = pair_grid(), {(0, 0)}
    (across, up), waiting = grid.handles[0].step, [(0, 0)]
    while waiting:
        state, action = waiting.pop()
        grid.update(factor_numbers([1, 3], state, action))
        (x,), (y,) = grid.chosen.get_data()
        for way in ((across, 0), (-across, 0), (0, up), (0, -up)):
            there = np.clip(np.add((x, y), way), -0.5, 3.5)
            values = grid.handles[0].values(*there, {})
            if (pair := (values["state"], values["action"])) not in found:
                found.add(pair)
                waiting.append(pair)
    assert len(found) == 64


def test_a_triangle_tells_plus_from_minus_by_colour_and_by_sign_and_zero_is_white():
    grid, terms = pair_grid(), np.zeros((16, 4))
    terms[0, :3] = 1, -1, 0.25
    grid.update({"terms": terms, "state": 0, "action": 0})
    assert [sign.get_text() for sign in grid.signs][:5] == ["+", "−", "+", "", ""]
    plus, minus, small, zero = (patch.get_facecolor() for patch in grid.triangles[:4])
    assert (plus, minus, zero) == (SIGNED(1.0), SIGNED(0.0), SIGNED(0.5))
    assert zero[:3] == pytest.approx((1, 1, 1))
    assert small[0] > small[2]
    grid.update({"terms": 0 * terms, "state": 0, "action": 0})
    assert all(patch.get_facecolor() == SIGNED(0.5) for patch in grid.triangles)


def test_the_terms_add_up_to_the_dashed_level():
    part = Factors(ACTIONS)
    Picture([part])
    for numbers in (factor_numbers([1, 3], 14, 1), factor_numbers([-2, 5], 3, 0)):
        part.update(numbers)
        y = part.way.get_ydata()
        assert y[0] == 0
        assert np.abs(y).max() == pytest.approx(1)
        assert y[-1] == pytest.approx(part.goal.get_ydata()[0])
        assert np.sign(y[-1]) == np.sign(numbers["total"])
        rising, falling = (line.get_ydata().reshape(-1, 3) for line in (part.up, part.down))
        assert (rising[:, 1] > rising[:, 0]).all()
        assert (falling[:, 1] < falling[:, 0]).all()


def test_smaller_terms_look_smaller_beside_those_that_they_replace():
    """With A in the place of q the terms shrink and their sum stays, on the scale of the larger of the two."""
    pi, numbers = softmax(FEATURES, [1, 3]), factor_numbers([1, 3], 14, 1)
    v_pi, q_pi, _, _ = exact(LAKE, pi)
    A_terms = numbers["terms"] * np.where(q_pi > 0, 1 - v_pi[:, None] / q_pi.clip(1e-9), 0)
    assert A_terms.sum() == pytest.approx(numbers["total"])
    grid, sums = PairTerms(DESC, ACTIONS), Factors(ACTIONS)
    Picture([grid, sums])
    ends, strength = [], []
    for terms, beside in ((numbers["terms"], A_terms), (A_terms, numbers["terms"])):
        for part in (grid, sums):
            part.update(numbers | {"terms": terms, "beside": beside})
        ends.append(sums.way.get_ydata()[-1])
        strength.append(sum(1 - min(patch.get_facecolor()[:3]) for patch in grid.triangles))
        assert np.abs(sums.way.get_ydata()).max() <= 1
    assert ends[0] == pytest.approx(ends[1])
    assert strength[1] < strength[0] / 2


def test_the_sides_of_the_parallelogram_meet_at_the_first_vector_when_the_two_add_up_to_it():
    part = Vectors([*NOTES], chain=(1, 2))
    Picture([part])
    one, other = np.array([0.3, -0.1]), np.array([0.2, 0.5])
    part.update({"vectors": {"one": one + other, "other": one, "rest": other}})
    corner = part.sides.get_xydata()[1]
    assert corner == pytest.approx(part.tips[0].get_xydata()[0])
    assert np.linalg.norm(corner) == pytest.approx(1)  # the longest
    along, uphill = np.diff(part.uphill.get_xydata(), axis=0)[0], one + other
    assert along @ uphill == pytest.approx(0)


def test_vectors_that_are_zero_are_drawn_without_a_warning():
    picture = CASES["vectors"][0]()
    zero = vector_numbers(0) | {"vectors": dict.fromkeys(NOTES, np.zeros(2)), "angles": dict.fromkeys(NOTES, np.nan)}
    picture.update(zero)
    assert [cells[-1].get_text() for cells in picture.parts[1].cells] == ["–"] * 3
    assert "nan" not in picture.describe(zero)


@pytest.mark.parametrize(("size", "reach"), [(0.0, 1.5), (1e-9, 1.5), (1.5, 1.5), (1.6, 3), (6, 6), (100, 192)])
def test_the_cloud_s_axes_zoom_in_steps_of_two(size, reach):
    assert EstimateCloud.reach(size) == reach


def test_with_a_reach_the_cloud_s_axes_stay_and_without_they_zoom():
    part = EstimateCloud()
    Picture([part])
    seen = []
    for numbers in (cloud_numbers(0, 0.1), cloud_numbers(1, 30.0)):
        for reach in (6.0, 0.0):
            part.update(numbers | {"reach": reach})
            seen.append(part.ax.get_xlim()[1])
    assert seen[0] == seen[2] == 6
    assert seen[1] < seen[3]


def test_what_lies_outside_the_cloud_s_axes_is_counted():
    part = EstimateCloud()
    Picture([part])
    numbers = {"grad_J": np.array([1.0, 0]), "mean": np.array([1.0, 0]), "noise": 0.1}
    part.update(numbers | {"estimates": np.array([[0.0, 0], [1, 1], [0, -9]])})
    assert part.outside.get_text() == "1 of 3 outside"
    assert len(part.cloud.get_xdata()) == 2
    inside = numbers | {"estimates": np.full((3, 2), 0.5)}
    part.update(inside)
    assert part.outside.get_text() == ""
    assert "outside" not in part.describe(inside)
    far = inside | {"mean": np.array([0, 7.0]), "reach": 6.0}
    part.update(far)
    assert part.outside.get_text() == "the mean is outside"
    assert "(0.00, 7.00), which is outside the axes;" in part.describe(far)
    part.update(numbers | {"estimates": np.array([[0.0, 0], [0.5, 0], [0, 0]])})
    assert part.outside.get_text() == "2 of 3 are 0", "one dot, where the arrow begins"


def test_the_step_bars_say_which_log_probabilities_rise_and_which_fall():
    part = StepBars(ACTIONS)
    Picture([part])
    numbers = step_numbers([1, 3], 30, 14)
    part.update(numbers)
    change = np.log(numbers["after"][14] / numbers["before"][14])
    for cell, x in zip(part.cells[-1], change, strict=True):
        assert cell.get_text() == ("▲ " if x > 0 else "▼ ") + f"{x:+.4f}".replace("-", "−")
    part.update(step_numbers([1, 3], 30, 5))  # a hole
    assert [cell.get_text() for cell in part.cells[-1]] == ["0"] * 4


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("update", [-0.04, 0.045])
def test_the_update_s_arrow_is_inside_and_the_dotted_line_ends_at_the_point_below_the_note(x, update):
    part = TwoObjectives(["one", "other"])
    Picture([part])
    part.update(objective_numbers(x, update))
    low, high = part.way.axes.get_xlim()
    assert low < x + part.way.U[0] < high
    assert part.axis.get_ydata()[-1] == pytest.approx(0.15 * x)
