"""The pictures of notebook 07, from paths to step sizes, show the numbers they were last given."""

from __future__ import annotations

import numpy as np
import pytest
from lake import DESC

from pgcourse.pictures import (
    BatchCloud,
    Corridor,
    CreditSums,
    CreditTable,
    EstimatorTable,
    LearningCurve,
    NoisySteps,
    Paths,
    Picture,
    QuantileCurve,
    WeightBars,
)
from pgcourse.pictures.notebooks.nb07_steps import power
from pgcourse.policy import Policy

TO_GOAL, TO_HOLE, CUT = [0, 4, 8, 9, 13, 14, 15], [0, 1, 0, 1, 5], [0, 0, 1, 2]
NAMES = ["full", "to go"]
SIZES = 2.0 ** np.arange(-10, 1)
RNG = np.random.default_rng(0)


def path_numbers(batch, *paths):
    return {"batch": batch, "paths": paths, "path_returns": np.arange(len(paths)) / 2}


def cloud_numbers(edge, batch, seed):
    estimates = np.random.default_rng(seed).standard_normal((20, 2))
    return {"estimates": estimates, "mean": np.array([0.5, 0]), "grad_J": np.array([1, 0.3]), "edge": edge} | {
        "batch": batch
    }


def table_numbers(chosen, bias, size):
    return {"figures": {"full": (0.0, 180.4, 0.1), "to go": (bias, 60.0, -0.3)}, "chosen": chosen, "size": size}


def credit_numbers(scale, of):
    credit = scale * np.triu(np.arange(16.0).reshape(4, 4) - 8)
    sums = {"past": -0.5 * scale, "future": 2.0, "grad_J": 2.0, "full": 40.0 * abs(scale), "to_go": 20.0}
    return {"credit": credit, "largest": 8.0, "of": of} | sums


def curve_numbers(returns, line, **more):
    return {"returns": np.array(returns), "line": np.array(line)} | more


def quantile_numbers(n, seed=0):
    runs = -90 + 60 * np.random.default_rng(seed).random((10, n))
    return {"curves": {"α": (10 * np.arange(1, n + 1), runs)} if n else None, "of": "10 seeds: press run"}


def step_numbers(J, slope):
    after = J + slope * SIZES - 300 * SIZES**2
    return {"J": J, "exact": after, "noisy": after + 50 * SIZES * RNG.standard_normal((30, 1)) - 3000 * SIZES**2}


CASES = {
    "paths": (
        lambda: Picture([Paths(DESC, 2)]),
        [path_numbers(1, TO_GOAL), path_numbers(2, TO_HOLE, CUT), path_numbers(3, TO_GOAL, TO_HOLE, CUT)],
    ),
    "cloud": (
        lambda: Picture([BatchCloud()]),
        [cloud_numbers(5, 1, 0), cloud_numbers(1, 2, 1), cloud_numbers(9, 3, 2)],
    ),
    "table": (
        lambda: Picture([EstimatorTable(NAMES)]),
        [table_numbers("full", 0.1, 1), table_numbers("to go", 0.1, 1), table_numbers("to go", 0.3, 10)],
    ),
    "credit": (
        lambda: Picture([CreditTable(4), CreditSums(4)]),
        [credit_numbers(1.0, "exact"), credit_numbers(0.3, "mean of 30"), credit_numbers(-1.0, "mean of 300")],
    ),
    "one run": (
        lambda: Picture([LearningCurve(50, -100, 0, ("max J", -11.66)), WeightBars(["angle", "speed"])]),
        [
            curve_numbers([], [], weights=[0, 0]),
            curve_numbers([-90, -300, -20], [-82, -50, -30.5], weights=[1, -0.5]),
            curve_numbers([-90, -30], [np.nan, -50], weights=[-2, 0.25]),
        ],
    ),
    "many runs": (
        lambda: Picture([QuantileCurve("α", 100, -90, 0, -11.66)]),
        [quantile_numbers(0), quantile_numbers(3), quantile_numbers(8, 1)],
    ),
    "steps": (
        lambda: Picture([NoisySteps(SIZES, {"2⁻³": 0.125}, -160, -11.66)]),
        [step_numbers(-80, 100), step_numbers(-40, 10), step_numbers(-12, -1)],
    ),
}


def drawn(part):
    Picture([part])
    return part


def test_a_path_goes_from_cell_to_cell_and_ends_with_the_sign_of_its_end():
    part = drawn(Paths(DESC))
    part.update(path_numbers(1, TO_GOAL, TO_HOLE, CUT))
    for line, path in zip(part.lines, (TO_GOAL, TO_HOLE, CUT), strict=False):
        x, y = np.array(line.get_data())
        assert (np.rint(x) + 4 * np.rint(y)).astype(int).tolist() == path
    goal, hole, cut = ([tuple(np.rint(xy)) for xy in marks.get_xydata()] for marks in part.ends)
    assert (goal, hole, cut) == ([(3, 3)], [(1, 1)], [(2, 0)])
    assert "★ goal 1   ✖ hole 1" in part.note.get_text()


def test_more_trajectories_than_are_drawn_are_counted_all_the_same():
    part = drawn(Paths(DESC, most=2))
    part.update(path_numbers(1, TO_GOAL, TO_GOAL, TO_GOAL))
    assert "3 trajectories (2 drawn)\n★ goal 3" in part.note.get_text()


def test_the_gradient_ends_on_its_circle_and_what_is_outside_is_counted():
    part = drawn(BatchCloud())
    numbers = cloud_numbers(4.0, 1, 0)
    numbers["estimates"] = np.array([[0.0, 0], [100, 0], [0, -100], [1, 1]])
    part.update(numbers)
    assert np.hypot(part.arrow.U, part.arrow.V) == pytest.approx(1 / 4)
    assert np.hypot(*part.circle.get_data()) == pytest.approx(1 / 4)
    assert len(part.cloud.get_xydata()) == 2
    assert "(2 out)" in part.note.get_text()
    part.update(numbers | {"batch": 2})
    assert np.isnan(part.marks["ring"].get_xydata()).all()


def test_an_estimator_without_bias_has_a_bare_0_and_the_chosen_one_is_bold():
    part = drawn(EstimatorTable(NAMES))
    part.update(table_numbers("to go", 0.127, 1))
    texts = {name: [cell.get_text() for cell in cells] for name, cells in zip(NAMES, part.cells, strict=True)}
    assert texts == {"full": ["?", "180", "0.10"], "to go": ["12.7", "60", "−0.30"]}
    weights = {name.get_text(): name.get_fontweight() for name in part.names}
    assert weights == {"full": "normal", "to go": "bold"}


def test_the_sums_give_the_ratio_of_the_variances():
    part = drawn(CreditSums(4))
    part.update(credit_numbers(1.0, "exact"))
    assert part.values[7].get_text() == "4.0"


def test_returns_beyond_the_edge_stand_at_it_and_are_counted():
    part = drawn(LearningCurve(50, -100, 0, ("max J", -11.66)))
    part.update(curve_numbers([-300, -20], [-50.0, -30.25]))
    assert part.dots.get_ydata().tolist() == [-100, -20]
    assert part.note.get_text() == "episodes: 2   last return −20   exact J −30.25   1 below"
    part.update(curve_numbers([-5000], [-2.14e13]))
    assert part.note.get_text() == "episodes: 1   last return −5,000   exact J −2e13   1 below"
    part.update(curve_numbers([-300, 20, 30], [-50.0, -30.25, -20]))
    assert part.dots.get_ydata().tolist() == [-100, 0, 0]
    assert part.note.get_text().endswith("   1 below   2 above")
    part.update(curve_numbers([], [], settings="α = 1"))
    assert part.note.get_text() == "press run: α = 1"


def test_the_band_holds_the_middle_80_percent():
    part = drawn(QuantileCurve("α", 100, -90, 0, -11.66))
    part.update({"curves": {"α": (np.array([10, 20]), -np.arange(11.0)[:, None] * [1, 2])}, "of": ""})
    corners = part.band.get_xy()[:4]  # then back to the first
    assert corners == pytest.approx(np.array([[10, -9], [20, -18], [20, -2], [10, -1]]))
    assert part.median.get_ydata() == pytest.approx([-5, -10])


def test_a_step_gains_up_to_the_first_size_that_loses():
    part = drawn(NoisySteps([0.25, 0.5, 1.0], {}, -160, -11.66))
    numbers = {"J": -20.0, "exact": np.array([-19, -18, -17.0]), "noisy": np.array([[-19, -30, -10.0]])}
    assert part.said(numbers).endswith("along ∇J up to 2⁰, along an episode's estimate, on average, up to 2⁻²")
    numbers["noisy"] = np.array([[-21.0, -10, -10]])
    assert part.said(numbers).endswith("nowhere")


def test_a_power_of_two_is_written_as_one():
    assert [power(2.0**k) for k in (-12, 0, 3)] == ["2⁻¹²", "2⁰", "2³"]
    assert [power(2.0**k) for k in (-2.5, -9.5, 0.5)] == ["2⁻²·⁵", "2⁻⁹·⁵", "2⁰·⁵"]
    assert power(0.0) == "0"


def test_the_credit_s_sums_are_said_to_be_over_all_times():
    said = Picture([CreditTable(4)]).describe(credit_numbers(1.0, "exact"))
    assert "The table shows the first 4 times. Over all times: rewards before the action −0.5000" in said


def test_figures_that_nobody_knows_are_a_dash():
    part = EstimatorTable(NAMES)
    numbers = table_numbers("full", 0.0, 30)
    numbers["figures"]["full"] = (0.0, np.nan, np.nan)
    assert part.figures(numbers)[0] == ("0", "–", "–")


def test_a_mean_outside_of_the_cloud_s_picture_is_said_to_be_there():
    part = drawn(BatchCloud())
    numbers = cloud_numbers(2.0, 1, 0)
    part.update(numbers)
    assert "(out)" not in part.note.get_text().split("+ their mean")[1]
    far = numbers | {"mean": np.array([9.0, 0])}
    part.update(far)
    assert "◇ exact mean (out)" in part.note.get_text()
    assert part.describe(far).endswith("; the exact mean is outside the picture.")


def test_the_corridor_s_cells_hold_the_values_of_a_policy_that_is_lost():
    part = drawn(Corridor())
    part.update(
        {"pi": Policy.uniform(4, 2), "v_pi": np.array([-22171.0, -1234.5, -3]), "rho_pi": np.array([1e12, 5, 1])}
    )
    assert [text.get_text() for text in part.values] == ["v = −2e4", "v = −1234", "v = −3.0"]
    assert part.visits[0].get_text() == "1e12"


def test_a_goal_that_is_called_by_its_number_is_spoken_once():
    numbers = {"returns": [-1.0, -3.0], "line": [-2.0, -2.5]}
    for goal, words in ((("−200", -200), "−200: episodes"), (("max J", -11.66), "max J -11.66: episodes")):
        part = drawn(LearningCurve(50, -100, 0, goal))
        assert part.describe(numbers).startswith(f"Learning curve, {words}")
