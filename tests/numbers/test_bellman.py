import dataclasses
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, ending, power_series, problems, return_of

from pgcourse import bellman, zoo
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax

pytestmark = pytest.mark.filterwarnings("error")


def corridor(p_right):
    """v^π and ρ^π of the short corridor, where the three cells look alike: P(right) is the same in all."""
    mdp = zoo.short_corridor()
    pi = Policy(np.tile([1 - p_right, p_right], (4, 1)))
    return bellman.evaluate(mdp, pi), bellman.occupancy(mdp, pi)


# The chapter's identities on random MDPs


@claim
@given(problems())
@pytest.mark.slow
def test_v_and_q_solve_their_bellman_equations(problem):
    """v = r^π + γ p^π v = π q, and q = T^π q = r + γ p π q (chapter, Reminder 2)."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    v, q, _, _ = bellman.exact(mdp, pi)
    assert_close(v, bellman.reward(mdp, pi) + mdp.gamma * bellman.transition(mdp, pi) @ v)
    assert_close(v, pi @ q)
    assert_close(q, mdp.r + mdp.gamma * mdp.p @ (pi @ q))


@claim
@given(problems())
def test_v_and_rho_are_the_sums_of_their_power_series(problem):
    """v^π = Σ_t (γ p^π)ᵗ r^π and ρ^π = ρ₀ Σ_t (γ p^π)ᵗ (Reminder 3), absorbing states counted for ever."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    series = power_series(mdp.gamma * bellman.transition(mdp, pi))
    assert_close(bellman.evaluate(mdp, pi), series @ bellman.reward(mdp, pi))
    assert_close(bellman.occupancy(mdp, pi), mdp.rho_0 @ series)


@claim
@given(problems())
def test_rho_sums_to_the_effective_horizon_and_pairs_with_r_to_give_J(problem):
    """Σ_s ρ^π(s) = 1/(1−γ), and J = ρ₀ v^π = ρ^π r^π."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    rho_pi, J = bellman.occupancy(mdp, pi), bellman.objective(mdp, pi)
    assert_close(rho_pi.sum(), 1 / (1 - mdp.gamma))
    assert_close(J, mdp.rho_0 @ bellman.evaluate(mdp, pi))
    size = rho_pi @ np.abs(bellman.reward(mdp, pi))
    assert_close(J, rho_pi @ bellman.reward(mdp, pi), scale=size)
    assert_close(J, return_of(theta, mdp), scale=size)


@claim
@given(problems(gammas=(0.0, 0.9, 0.999, 1.0)))
def test_exact_gives_at_once_what_the_others_give_one_by_one(problem):
    mdp, theta = problem
    if mdp.gamma == 1:  # then every policy must end
        mdp, theta = ending(mdp, 0.1), np.vstack([theta, theta[:1]])
    pi = tabular_softmax(theta)
    for few in (0, bellman.FEW):  # by one factorisation and by two solves
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bellman, "FEW", few)
            v_pi, q_pi, rho_pi, J = bellman.exact(mdp, pi)
        assert_close(v_pi, bellman.evaluate(mdp, pi))
        assert_close(q_pi, bellman.action_value(mdp, v_pi))
        assert_close(rho_pi, bellman.occupancy(mdp, pi))
        assert_close(J, bellman.objective(mdp, pi), scale=np.abs(v_pi).max())
        assert (v_pi[mdp.absorbing] == 0).all()


@pytest.mark.parametrize("few", [0, bellman.FEW])
def test_a_matrix_that_is_singular_among_floats_is_refused(monkeypatch, few):
    monkeypatch.setattr(bellman, "FEW", few)
    monkeypatch.setattr(bellman, "system", lambda mdp, pi: np.zeros((mdp.S, mdp.S)))
    with pytest.raises(ValueError, match="singular to working precision"):
        bellman.exact(zoo.short_corridor(), Policy.uniform(4, 2))


@claim
@given(problems(gammas=(0.9, 0.99)))
def test_with_gamma_1_a_random_end_stands_in_for_the_discount(problem):
    """To stop with probability 1 − γ after each step, undiscounted, is worth what the discount is worth."""
    mdp, theta = problem
    stopping = ending(mdp, 1 - mdp.gamma)
    pi, longer = tabular_softmax(theta), tabular_softmax(np.vstack([theta, theta[:1]]))
    assert_close(bellman.evaluate(stopping, longer)[:-1], bellman.evaluate(mdp, pi))
    assert_close(bellman.occupancy(stopping, longer), np.append(bellman.occupancy(mdp, pi), 0))


@claim
@given(problems())
def test_a_greedy_step_improves_q_everywhere(problem):
    """Policy improvement theorem (Reminder 1): π₁ ∈ 𝔾q^{π₀} implies q^{π₁} ≥ q^{π₀}."""
    mdp, theta = problem
    q_0 = bellman.exact(mdp, tabular_softmax(theta)).q_pi
    q_1 = bellman.exact(mdp, bellman.greedy(q_0)).q_pi
    assert (q_1 >= q_0 - 1e-9 * max(1, np.abs(q_0).max())).all()


@claim
@given(problems())
def test_optimal_values_solve_the_optimality_equation_and_bound_every_policy(problem):
    mdp, theta = problem
    v = bellman.optimal_values(mdp)
    assert_close(v, bellman.action_value(mdp, v).max(axis=1), scale=1)
    assert (v >= bellman.evaluate(mdp, tabular_softmax(theta)) - 1e-7 * max(1, np.abs(v).max())).all()


def test_optimal_values_say_so_when_they_are_not_reached():
    with pytest.raises(RuntimeError, match="policy iteration took more than 1 steps"):
        bellman.optimal_values(zoo.frozen_lake(), most=1)


def test_optimal_values_of_large_rewards_do_not_chase_rounding():
    """With γ = 1 a tie that rounding breaks may lead in circles: the step taken for better never ends."""
    for gamma in (0.99, 1):
        mdp = zoo.frozen_lake(gamma)
        large = dataclasses.replace(mdp, r=1e9 / 7 * mdp.r)
        assert_close(bellman.optimal_values(large), 1e9 / 7 * bellman.optimal_values(mdp))


# Published numbers


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 2 - np.sqrt(2), 0.95, 0.999])
def test_the_values_of_the_short_corridor_are_ratios_of_polynomials(p):
    """Sutton & Barto, 2nd ed., Example 13.1: v = ((2p − 4), (p − 3), −3(1 − p)) / p(1 − p), p = P(right)."""
    v, _ = corridor(p)
    assert_close(v[:3], np.array([2 * p - 4, p - 3, -3 * (1 - p)]) / (p * (1 - p)))
    assert v[3] == 0


def test_the_short_corridor_is_worth_what_the_book_s_figure_shows():
    """Example 13.1: about −44 at ε-greedy right, −82 at ε-greedy left (ε = 0.1), −11.6 at best."""
    assert corridor(0.95)[0][0] == pytest.approx(-44.21, abs=0.005)
    assert corridor(0.05)[0][0] == pytest.approx(-82.11, abs=0.005)
    assert corridor(2 - np.sqrt(2))[0][0] == pytest.approx(-(6 + 4 * np.sqrt(2)), rel=1e-12)


def test_the_best_policy_of_the_corridor_depends_on_where_you_start():
    """States that look alike: the best p is 2 − √2 from the first, 3 − √6 from the second, → 1 from the third."""
    grid = np.linspace(0.001, 0.999, 999)
    best = grid[np.array([corridor(p)[0] for p in grid]).argmax(axis=0)]
    np.testing.assert_allclose(best[:3], [2 - np.sqrt(2), 3 - np.sqrt(6), 0.999], atol=0.0006)


def test_half_right_half_left_visits_the_corridor_6_4_2_times():
    v, rho = corridor(0.5)
    assert_close(v, [-12, -10, -6, 0])
    assert_close(rho, [6, 4, 2, 0])


def test_the_values_of_frozen_lake():
    """FrozenLake-v1 4×4: v*(start) = 0.542026 (γ = 0.99), 14/17 (γ = 1), 0.99⁵ when not slippery."""
    assert bellman.optimal_values(zoo.frozen_lake())[0] == pytest.approx(0.542026, abs=5e-7)
    assert bellman.optimal_values(zoo.frozen_lake(gamma=1))[0] == pytest.approx(14 / 17, rel=1e-9)
    assert bellman.optimal_values(zoo.frozen_lake(slippery=False))[0] == pytest.approx(0.99**5, rel=1e-12)
    assert bellman.objective(zoo.frozen_lake(), Policy.uniform(16, 4)) == pytest.approx(0.012356, abs=5e-7)


def test_on_frozen_lake_100_visits_are_counted_of_which_7_decide():
    mdp = zoo.frozen_lake()
    rho = bellman.occupancy(mdp, Policy.uniform(16, 4))
    assert rho.sum() == pytest.approx(100, rel=1e-12)
    assert rho[mdp.live].sum() == pytest.approx(7.28, abs=0.005)


def test_value_iteration_passes_through_a_policy_that_is_worse_in_every_state():
    """Chapter, Reminder 1, the misconception: v₀ = 0, γ = 0.9, deterministic. A small MDP found by search."""
    p = [[[0, 1, 0], [1, 0, 0]], [[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]]  # the third state is the end, unused
    mdp = FiniteMDP(p, [[-2, -3], [3, -1], [0, 0]], 0.9, [0.5, 0.5, 0])
    v, worth = np.zeros(3), []
    for _ in range(3):
        q = bellman.action_value(mdp, v)
        worth.append(bellman.evaluate(mdp, bellman.greedy(q)))
        v = q.max(axis=1)
    np.testing.assert_allclose(worth, [[3.684, 6.316, 0], [-11, -10, 0], [3.684, 6.316, 0]], atol=0.0005)
    assert_close(worth[0], bellman.optimal_values(mdp))


# γ = 1


@pytest.mark.parametrize("solve", [bellman.evaluate, bellman.occupancy, bellman.objective, bellman.exact])
def test_with_gamma_1_a_policy_that_never_ends_is_refused_by_its_state(solve):
    """Always right: in the second cell that leads back to the first. From the third it would end."""
    with pytest.raises(ValueError, match="gamma is 1 and the policy never ends from state 0"):
        solve(zoo.short_corridor(), Policy.deterministic([1, 1, 1, 1], 2))


def test_with_gamma_1_a_way_that_is_all_but_impossible_does_not_count():
    assert corridor(1e-11)[0][0] == pytest.approx(-4e11, rel=1e-6)
    with pytest.raises(ValueError, match="ways less probable than 1e-12 do not count"):
        corridor(1e-13)


def test_with_gamma_1_a_process_without_an_end_is_refused():
    mdp = zoo.garnet(4, 2, 2, 1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="never ends from state 0"):
        bellman.evaluate(mdp, Policy.uniform(4, 2))


def test_a_process_that_is_over_before_it_begins_is_worth_nothing():
    for gamma, visits in ((0.9, 10), (1.0, 0)):
        mdp = FiniteMDP(np.ones((1, 2, 1)), [[0, 0]], gamma, [1])
        v, _, rho, J = bellman.exact(mdp, Policy.uniform(1, 2))
        assert (v.tolist(), J) == ([0], 0)
        assert rho.tolist() == pytest.approx([visits])


def test_with_gamma_1_the_best_values_do_not_ask_a_policy_that_never_ends():
    """State 0: stay or go on, both for nothing. While state 1 gets better, state 0 must not settle for staying."""
    p = [[[1, 0, 0], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]
    mdp = FiniteMDP(p, [[0, 0], [0, 1], [0, 0]], 1, [0.5, 0.5, 0])
    assert bellman.optimal_values(mdp).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("S", "A"), [(3, 2), (4, 3)])
def test_a_policy_for_another_mdp_is_refused(S, A):
    with pytest.raises(ValueError, match=rf"pi has shape \({S}, {A}\), expected \(S, A\) = \(4, 2\), as .* has"):
        bellman.exact(zoo.short_corridor(), Policy.uniform(S, A))


# The border


@pytest.mark.parametrize("on", [3e-7, 1e-9])
def test_with_gamma_1_a_way_too_long_for_floats_is_refused(on):
    """Two states in a row, from each of which a step either goes on or back to the first: 1e13 or 1e18 in the mean.

    Of 1e13 the system can still be solved.
    """
    p = [[[1 - on, on, 0]], [[1 - on, 0, on]], [[0, 0, 1]]]
    mdp = FiniteMDP(p, [[1], [0], [0]], 1, [1, 0, 0])
    for solve in (bellman.evaluate, bellman.occupancy, bellman.exact):
        with pytest.raises(ValueError, match=r"more than 1e\+12 steps in the mean to end from state 0"):
            solve(mdp, Policy.uniform(3, 1))


LAKE = zoo.frozen_lake()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bellman.action_value(LAKE, np.ones((16, 1))),
            r"v has shape \(16, 1\), expected \(S,\) = \(16,\), as Fro",
        ),
        (lambda: bellman.action_value(LAKE, np.ones(1)), r"v has shape \(1,\), expected \(S,\) = \(16,\)"),
        (lambda: bellman.action_value(LAKE, np.full(16, np.nan)), r"v\[0\] is nan, expected a finite number"),
        (lambda: bellman.bellman_operator(LAKE, Policy.uniform(16, 4), np.ones((1, 16))), r"v has shape \(1, 16\)"),
        (lambda: bellman.greedy(np.array([[0, np.nan]])), r"q\[s=0, a=1\] is nan, expected a finite number"),
        (lambda: bellman.greedy(np.ones(4)), r"q has shape \(4,\), expected \(S, A\)"),
        (lambda: bellman.value_iteration_policies(LAKE, 0), "n is 0, expected an integer ≥ 1"),
        (lambda: bellman.value_iteration_policies(LAKE, 3, 1.5), "m is 1.5, expected an integer ≥ 1"),
        (lambda: bellman.optimal_values(LAKE, np.nan), "tolerance is nan, expected a finite number ≥ 0"),
    ],
)
def test_what_would_be_broadcast_or_become_nan_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_lists_are_taken_as_arrays():
    assert bellman.greedy([[0, 1], [2, 1]]).probs.tolist() == [[0, 1], [1, 0]]
    trap = zoo.value_iteration_trap()
    assert np.array_equal(bellman.action_value(trap, [1, 2]), bellman.action_value(trap, np.array([1.0, 2])))


@pytest.mark.parametrize("function", [bellman.transition, bellman.reward, bellman.evaluate, bellman.occupancy])
def test_an_array_or_a_policy_of_another_mdp_is_refused_by_name(function):
    """An array is multiplied without complaint, and gives negative visits."""
    trap = zoo.value_iteration_trap()
    with pytest.raises(TypeError, match=r"pi is of type list, expected a Policy, as Policy\(probs\) is"):
        function(trap, [[0.3, 0.7], [0.6, 0.4]])
    with pytest.raises(ValueError, match=r"pi has shape \(3, 3\), expected \(S, A\) = \(2, 2\), as .* has"):
        function(trap, Policy.uniform(3, 3))


def best_of_all(mdp):
    """max over all deterministic policies of v, state by state."""
    choices = product(range(mdp.A), repeat=mdp.S)
    return np.max([bellman.evaluate(mdp, Policy.deterministic(list(choice), mdp.A)) for choice in choices], axis=0)


@pytest.mark.parametrize("size", [1e-20, 1e-11, 1.0, 1e9, 1e40])
def test_the_best_values_grow_with_the_rewards(size):
    mdp = zoo.five_states()
    scaled = dataclasses.replace(mdp, r=mdp.r * size)
    assert np.allclose(bellman.optimal_values(scaled) / size, best_of_all(mdp), rtol=1e-12, atol=0)


@pytest.mark.parametrize(("gamma", "rtol"), [(0.9, 1e-12), (1 - 1e-6, 1e-8), (1 - 1e-11, 1e-4)])
def test_the_best_values_are_those_of_the_best_policy_for_gamma_near_1(gamma, rtol):
    mdp = dataclasses.replace(zoo.five_states(), gamma=gamma)
    assert np.allclose(bellman.optimal_values(mdp), best_of_all(mdp), rtol=rtol)


def test_one_large_reward_elsewhere_hides_no_small_one():
    p = np.zeros((4, 2, 4))
    p[:, :, 3] = 1
    mdp = FiniteMDP(p, [[0, 1], [1e11, 1e11], [0, 0], [0, 0]], 0.9, [1, 0, 0, 0])
    assert bellman.optimal_values(mdp).tolist() == [1, 1e11, 0, 0]


def test_an_array_is_no_policy_though_its_shape_would_do():
    trap = zoo.value_iteration_trap()
    table = np.array([[0.3, 0.7], [0.6, 0.4]])
    with pytest.raises(TypeError, match="pi is of type ndarray, expected a Policy"):
        bellman.bellman_operator(trap, table, np.ones(2))
