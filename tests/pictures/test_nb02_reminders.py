"""Notebook 02's parts show the numbers they were last given, and say them in words."""

from __future__ import annotations

import numpy as np
import pytest
from lake import ACTIONS, DESC, LAKE

from pgcourse import zoo
from pgcourse.bellman import action_value, evaluate, greedy, occupancy, optimal_values, value_iteration_policies
from pgcourse.pictures import (
    Gap,
    GridWorld,
    PairGrid,
    Picture,
    PolicyBars,
    PolicyValues,
    Total,
    TwoStates,
    TwoValues,
    VisitGrid,
)
from pgcourse.policy import Policy, tabular_softmax

TRAP = zoo.value_iteration_trap()
SWEEPS, LAST = 9, 60


def step_numbers(seed, state):
    pi = tabular_softmax(np.random.default_rng(seed).normal(size=(16, 4)))
    q = action_value(LAKE, evaluate(LAKE, pi))
    better = greedy(q)
    gain = action_value(LAKE, evaluate(LAKE, better)) - q
    return {"probs": pi.probs, "pi": pi, "state": state, "q_pi": q, "gain": gain, "greedy": q.argmax(axis=1)}


def trap_numbers(k):
    v, actions = value_iteration_policies(TRAP, SWEEPS)
    worth = np.array([evaluate(TRAP, Policy.deterministic(a, 2)) for a in actions])
    numbers = {"k": k, "r": TRAP.r + k, "iterate": v[k], "greedy": actions[k]}
    return numbers | {"worth": worth, "v_star": optimal_values(TRAP)}


def gap_numbers(S, n, gamma):
    rng = np.random.default_rng(S)
    gaps = 2.0 * (0.8 * gamma) ** np.arange(LAST + 1)
    v, w, v_pi = rng.normal(size=(3, S))
    return {"v": v, "w": w, "v_pi": v_pi, "limits": (-S, S), "n": n, "gaps": gaps, "gamma": gamma}


def visit_numbers(t, seed, unit=1.0):
    pi = tabular_softmax(np.random.default_rng(seed).normal(size=(16, 4)))
    p_t = [LAKE.rho_0]
    for _ in range(LAST):
        p_t.append(p_t[-1] @ (pi @ LAKE.p))
    rho = np.cumsum(LAKE.gamma ** np.arange(LAST + 1)[:, None] * p_t, axis=0)
    r_pi = pi @ LAKE.r
    numbers = {"rho": rho[t], "counted": 1.1 * rho[t], "unit": unit, "t": t, "totals": rho.sum(axis=1)}
    return numbers | {
        "live_totals": rho[:, LAKE.live].sum(axis=1),
        "J_t": rho[t] @ r_pi,
        "J": occupancy(LAKE, pi) @ r_pi,
    }


CASES = {
    "greedy step": (
        lambda: Picture([PolicyBars(ACTIONS), PairGrid(DESC)]),
        [step_numbers(seed, state) for seed, state in ((0, 14), (1, 0), (2, 6))],
    ),
    "trap": (
        lambda: Picture([TwoStates(), PolicyValues(SWEEPS)]),
        [trap_numbers(k) for k in (1, 0, 2)],
    ),
    "contraction": (
        lambda: Picture([TwoValues(), Gap(LAST)]),
        [gap_numbers(16, 3, 0.9), gap_numbers(4, 0, 0.5), gap_numbers(4, 7, 1.0)],
    ),
    "occupancy": (
        lambda: Picture([VisitGrid(DESC, "rho", "exact"), VisitGrid(DESC, "counted", "counted"), Total(LAST, 0.99)]),
        [visit_numbers(5, 0), visit_numbers(0, 1), visit_numbers(LAST, 2, 0.01)],
    ),
}


@pytest.mark.parametrize("wish", [0.0, 0.4, 1.0, 1.3, -0.2])
def test_the_bars_stay_a_distribution_whatever_is_dragged(wish):
    bars = PolicyBars(ACTIONS)
    Picture([bars])
    probs = np.full((16, 4), 0.25)
    probs[3] = [0, 1, 0, 0]
    for state in (3, 7):
        for a, handle in enumerate(bars.handles):
            row = handle.values(a, wish, {"probs": probs, "state": state})["probs"][state]
            assert row.sum() == pytest.approx(1, abs=1e-12)
            assert (row >= 0).all()
            assert row[a] == min(max(wish, 0), 1)
    assert probs[7].tolist() == [0.25] * 4, "the earlier values are not written over"


@pytest.mark.parametrize("state", [0, 6, 14])
def test_the_frame_of_the_chosen_cell_is_clear_of_what_is_written_in_it(state):
    grid = GridWorld(DESC, selects="state")
    picture = Picture([grid, PolicyBars(ACTIONS), PairGrid(DESC)])  # the smallest cells of the course
    picture.update(step_numbers(0, state) | {"v_pi": np.full(16, 0.888)})
    frame, dpi = grid.chosen, picture.figure.dpi
    inner = (frame.get_markersize() - frame.get_markeredgewidth()) / 2 * dpi / 72
    centre = grid.chosen.axes.transData.transform((state % 4, state // 4))
    number = grid.values[[*grid.free].index(state)].get_window_extent()
    assert (np.abs(number.get_points() - centre) < inner - 1).all()


def test_a_pair_s_triangle_is_on_its_action_s_side_and_darker_with_its_gain():
    grid = PairGrid(DESC)
    Picture([grid])
    numbers = step_numbers(0, 0)
    grid.update(numbers)
    for i, s in enumerate(LAKE.live):
        for a, move in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            middle = grid.triangles[4 * i + a].get_xy()[:3].mean(axis=0) - (s % 4, s // 4)
            assert middle @ move == pytest.approx(1 / 3)
            assert float(grid.figures[4 * i + a].get_text()) == pytest.approx(numbers["gain"][s, a], abs=0.0051)
    alpha = np.array([patch.get_alpha() for patch in grid.triangles])
    gain = numbers["gain"][LAKE.live].ravel()
    assert (np.diff(alpha[gain.argsort()]) >= 0).all()


def test_the_fall_is_called_by_its_name():
    chart = PolicyValues(SWEEPS)
    Picture([chart])
    said = [chart.describe(trap_numbers(k)) for k in range(4)]
    assert ["WORSE" in text for text in said] == [False, True, False, False]
    assert "(-11.000, -10.000)" in said[1]
    assert "better than before" in said[2]
    assert "as before" in said[3]


def test_a_fall_that_hangs_on_a_tie_is_said_to():
    chart = PolicyValues(SWEEPS)
    Picture([chart])
    for tied_at, by_a_tie in ((0, True), (1, True), (2, False)):
        said = chart.describe(trap_numbers(1) | {"tied": np.arange(SWEEPS) == tied_at})
        assert ("WORSE than before in every state, but by a tie" in said) is by_a_tie
        assert ("WORSE than before in every state;" in said) is not by_a_tie


def test_what_comes_after_k_is_not_drawn_so_that_one_can_guess():
    chart = PolicyValues(SWEEPS)
    Picture([chart])
    for k in (0, 3):
        chart.update(trap_numbers(k))
        for s, line in enumerate(chart.lines):
            np.testing.assert_array_equal(line.get_ydata(), trap_numbers(k)["worth"][: k + 1, s])


@pytest.mark.parametrize(("largest", "reach"), [(6, 13), (12.6, 13), (13.5, 33), (30, 33)])
def test_the_scale_is_the_smaller_one_that_holds_all_the_values(largest, reach):
    chart = PolicyValues(SWEEPS, reaches=(13, 33))
    picture = Picture([chart])
    numbers = trap_numbers(0)
    picture.update(numbers | {"worth": 0.1 + 0 * numbers["worth"], "v_star": np.array([-largest, 0.0])})
    assert chart.ax.get_ylim() == (-reach, reach)


@pytest.mark.parametrize("greedy_in_6", range(4))
def test_the_bars_call_greedy_what_the_greedy_policy_takes_also_where_actions_tie(greedy_in_6):
    bars = PolicyBars(ACTIONS)
    Picture([bars])
    numbers = step_numbers(0, 6) | {"q_pi": np.zeros((16, 4)), "greedy": np.full(16, greedy_in_6)}
    bars.update(numbers)
    assert bars.best.get_position()[0] == greedy_in_6
    assert bars.describe(numbers).endswith(f"Greedy there: {ACTIONS[greedy_in_6]}.")


def test_the_totals_are_written_in_the_unit_asked_for_and_their_curve_stays():
    total = Total(LAST, 0.99)
    Picture([total])
    for unit, ticks, top in ((1, ["1", "10", "100"], "1/(1−γ) = 100"), (0.01, ["0.01", "0.1", "1"], "in all 1")):
        numbers = visit_numbers(LAST, 0, unit)
        total.update(numbers)
        assert [text.get_text() for text in total.ticks.values()] == ticks
        assert total.top.get_text() == top
        written = [float(line.split()[-1]) for line in total.note.get_text().split("\n")]
        expected = [
            unit * numbers["totals"][LAST],
            unit * numbers["live_totals"][LAST],
            unit * numbers["J_t"],
            numbers["J"],
        ]
        np.testing.assert_allclose(written, expected, atol=0.0051 if unit == 1 else 0.000051)
        np.testing.assert_array_equal(total.all.get_ydata(), numbers["totals"])


def test_the_visits_are_written_in_the_unit_asked_for():
    grid = VisitGrid(DESC)
    Picture([grid])
    for unit in (1.0, 0.01):
        numbers = visit_numbers(LAST, 0, unit)
        grid.update(numbers)
        written = [float(text.get_text()) for text in grid.figures]
        np.testing.assert_allclose(written, unit * numbers["rho"], atol=0.0051 if unit == 1 else 0.000051)


def test_the_slope_of_the_gap_is_seen_beside_gamma():
    gap = Gap(LAST)
    Picture([gap])
    gap.update(gap_numbers(5, 4, 0.9))
    measured, bound = gap.line.get_ydata(), gap.bound.get_ydata()
    assert measured[0] == bound[0] == 1
    assert "÷" in gap.line.axes.get_ylabel()
    np.testing.assert_allclose(measured[1:] / measured[:-1], 0.72, rtol=1e-12)
    np.testing.assert_allclose(bound[1:] / bound[:-1], 0.9, rtol=1e-12)
