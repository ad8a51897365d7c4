"""Claims of notebook 05 over random MDPs: g and ∇J, steps of any size in the table, and the counterexamples again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, complex_step, problems, return_of, solved

from pgcourse import zoo
from pgcourse.bellman import action_value, evaluate, exact, greedy, objective, optimal_values
from pgcourse.gradients import (
    angle,
    compatible_critic,
    greediness_gradient,
    policy_gradient,
    tabular_softmax_gradient,
    value_gradient,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import (
    Policy,
    grad_log_softmax,
    grad_softmax,
    mirror_step,
    softmax,
    tabular,
    tabular_softmax,
)

pytestmark = pytest.mark.filterwarnings("error")


def any_rho_and_q(mdp, seed=0):
    rng = np.random.default_rng(seed)
    return rng.exponential(size=mdp.S), rng.standard_normal((mdp.S, mdp.A))


def shared_features(mdp, d=3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((mdp.S, mdp.A, d)), rng.standard_normal(d)


# What g is the gradient of


@claim
@given(problems())
def test_g_is_the_gradient_of_rho_pi_q_with_rho_and_q_held_still(problem):
    mdp, _ = problem
    (rho, q), (phi, theta) = any_rho_and_q(mdp), shared_features(mdp)

    def greediness(theta):
        weights = np.exp(phi @ theta)
        return rho @ ((weights * q).sum(axis=1) / weights.sum(axis=1))

    pi = softmax(phi, theta)
    g = greediness_gradient(rho, pi, q, grad_log_softmax(phi, pi))
    assert_close(g, complex_step(greediness, theta), scale=rho @ np.abs(q).sum(axis=1))


@claim
@given(problems())
def test_with_the_right_rho_and_q_it_is_the_gradient_of_J(problem):
    mdp, _ = problem
    phi, theta = shared_features(mdp)
    pi = softmax(phi, theta)
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    g = greediness_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))
    assert_close(g, complex_step(lambda t: return_of(phi @ t, mdp), theta), scale=rho_pi @ (pi @ np.abs(q_pi)))


# The table


@claim
@given(problems())
def test_in_the_table_the_inner_product_is_a_sum_of_squares_whatever_rho_is(problem):
    """⟨g, ∇J⟩ = Σ ρ ρ^π Σ_a π² A² ≥ 0, with g by the general formula and ∇J by a complex step."""
    mdp, theta = problem
    pi, (rho, _) = tabular_softmax(theta), any_rho_and_q(mdp)
    v_pi, q_pi, rho_pi, _ = exact(mdp, pi)
    g = greediness_gradient(rho, pi, q_pi, grad_log_softmax(tabular(mdp.S, mdp.A), pi))
    grad_J = complex_step(lambda t: return_of(t, mdp), theta).ravel()
    squares = rho * rho_pi @ (pi.probs**2 * (q_pi - v_pi[:, None]) ** 2).sum(axis=1)
    size = (rho @ (pi @ np.abs(q_pi))) * (rho_pi @ (pi @ np.abs(q_pi)))
    assert_close(g @ grad_J, squares, scale=size)


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
def test_in_the_table_a_step_of_any_size_with_any_rho_lowers_no_value(problem):
    """Also where ρ(s) = 0, in every second state: there the policy stays."""
    mdp, theta = problem
    rho = any_rho_and_q(mdp)[0] * (np.arange(mdp.S) % 2)
    v_pi, q_pi, _, _ = exact(mdp, tabular_softmax(theta))
    g = tabular_softmax_gradient(rho, tabular_softmax(theta), q_pi)
    for alpha in (1e-3, 0.1, 1.0, 10.0, 1e3):
        gain = evaluate(mdp, tabular_softmax(theta + alpha * g)) - v_pi
        assert gain.min() >= -1e-9 * max(1, np.abs(v_pi).max())


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
def test_a_mirror_step_of_any_size_lowers_no_value_and_the_longest_is_greedy(problem):
    mdp, _, pi, v_pi, q_pi, _ = solved(problem)
    for alpha in (1e-3, 0.1, 1.0, 10.0, 1e3):
        gain = evaluate(mdp, mirror_step(pi, q_pi, alpha)) - v_pi
        assert gain.min() >= -1e-9 * max(1, np.abs(v_pi).max())
    gaps = q_pi.max(axis=1, keepdims=True) - q_pi
    apart = gaps[gaps > 0].min(initial=1)
    np.testing.assert_allclose(mirror_step(pi, q_pi, 1e3 / apart) @ q_pi, q_pi.max(axis=1), rtol=1e-9, atol=1e-9)


@claim
@given(problems())
def test_a_mirror_step_adds_alpha_q_to_the_table_and_a_shift_of_q_changes_nothing(problem):
    mdp, theta = problem
    b, q = any_rho_and_q(mdp)
    stepped = mirror_step(tabular_softmax(theta), q, 0.7)
    np.testing.assert_allclose(stepped.probs, tabular_softmax(theta + 0.7 * q).probs, rtol=1e-10, atol=1e-14)
    shifted = mirror_step(tabular_softmax(theta), q - b[:, None], 0.7)
    np.testing.assert_allclose(shifted.probs, stepped.probs, rtol=1e-10, atol=1e-14)


def test_a_mirror_step_of_length_0_is_no_step_however_far_apart_q_is():
    """0 · ∞ would be no number: the difference of these two is beyond the floats."""
    pi = Policy([[0.3, 0.7, 0.0]])
    assert np.array_equal(mirror_step(pi, np.array([[1e308, -1e308, 5.0]]), 0).probs, pi.probs)


def test_a_mirror_step_leaves_alone_what_the_policy_never_does():
    pi = Policy(np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]))
    stepped = mirror_step(pi, np.array([[9.0, 0.0, np.log(3)], [0.0, 9.0, 9.0]]), 1.0)
    np.testing.assert_allclose(stepped.probs, [[0, 0.25, 0.75], [1, 0, 0]], atol=1e-15)


def test_a_mirror_step_along_q_is_another_direction_than_the_gradient():
    lake, pi = zoo.frozen_lake(), softmax(zoo.lake_features(), [1.0, 3.0])
    v_pi, q_pi, rho_pi, _ = exact(lake, pi)
    assert 45 < angle(q_pi - v_pi[:, None], tabular_softmax_gradient(rho_pi, pi, q_pi)) < 90


def test_with_two_actions_the_right_order_is_uphill_in_the_table_and_with_three_it_need_not_be():
    """g with any q' that ranks the actions as q does: ⟨g, ∇J⟩ is a sum of ρ² Σ π² A A' over the states."""
    rng = np.random.default_rng(0)

    def product(pi, q, ranked):
        return pi**2 @ ((q - pi @ q) * (ranked - pi @ ranked))

    for pi, q in zip(rng.dirichlet([1, 1], 200), rng.standard_normal((200, 2)), strict=True):
        assert product(pi, q, rng.exponential(size=2).cumsum()[q.argsort().argsort()]) >= -1e-15
    assert product(np.array([0.01, 0.98, 0.01]), np.array([-10.0, 0, 1]), np.array([-1.0, 0, 10])) < 0


# Another q, the same gradient


@claim
@given(problems())
def test_a_shift_of_q_by_a_function_of_s_changes_nothing(problem):
    mdp, _ = problem
    (b, q), (phi, theta) = any_rho_and_q(mdp), shared_features(mdp)
    pi = softmax(phi, theta)
    grad_log_pi, size = grad_log_softmax(phi, pi), 1 + np.abs(b).max()
    one, other = (greediness_gradient(b, pi, x, grad_log_pi) for x in (q, q - 1000 * b[:, None]))
    assert_close(other, one, scale=1000 * size**2 * mdp.S)


@claim
@given(problems())
def test_a_scale_keeps_the_direction(problem):
    mdp, theta = problem
    rho, q = any_rho_and_q(mdp)
    one, other = (tabular_softmax_gradient(rho, tabular_softmax(theta), x) for x in (q, 7.5 * q))
    assert_close(other, 7.5 * one)
    if one.any():
        assert angle(one, other) == pytest.approx(0, abs=1e-6)


@claim
@given(problems())
def test_the_compatible_critic_has_the_gradient_of_q_pi(problem):
    """For shared features and for the table, whose ∇log π are linearly dependent."""
    mdp, table = problem
    for phi, theta in (shared_features(mdp), (tabular(mdp.S, mdp.A), table.ravel())):
        pi = softmax(phi, theta)
        _, q_pi, rho_pi, _ = exact(mdp, pi)
        grad_log_pi = grad_log_softmax(phi, pi)
        w = compatible_critic(rho_pi, pi, q_pi, grad_log_pi)
        assert w.shape == theta.shape
        expected = policy_gradient(rho_pi, pi, q_pi, grad_log_pi)
        size = np.sqrt((rho_pi @ (pi @ q_pi**2)) * rho_pi.sum()) * np.abs(grad_log_pi).max()
        assert_close(greediness_gradient(rho_pi, pi, grad_log_pi @ w, grad_log_pi), expected, scale=size)


def test_the_compatible_critic_of_the_table_is_the_advantage():
    rng = np.random.default_rng(0)
    mdp = zoo.garnet(4, 3, 2, 0.9, rng)
    pi = tabular_softmax(rng.standard_normal((4, 3)))
    v_pi, q_pi, rho_pi, _ = exact(mdp, pi)
    grad_log_pi = grad_log_softmax(tabular(4, 3), pi)
    w = compatible_critic(rho_pi, pi, q_pi, grad_log_pi)
    np.testing.assert_allclose(grad_log_pi @ w, q_pi - v_pi[:, None], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-24, 1e24])
def test_a_compatible_critic_does_not_hang_on_the_unit_of_the_visits(unit):
    """Although one of its two features is small: what is too small to count is so beside the visits."""
    rng = np.random.default_rng(3)
    phi = rng.standard_normal((4, 3, 2)) * [1, 1e-4]
    pi, q, rho = softmax(phi, rng.standard_normal(2)), rng.standard_normal((4, 3)), rng.random(4)
    one, other = (compatible_critic(visits, pi, q, grad_log_softmax(phi, pi)) for visits in (rho, unit * rho))
    np.testing.assert_allclose(other, one, rtol=1e-9)


def test_the_compatible_critic_of_one_shared_logit_is_that_found_in_fractions():
    """w = −1150876/45492321 solves the normal equation in exact fractions, for this two-state MDP."""
    p = np.array([[[0.7, 0.3], [0.99, 0.01]], [[0.2, 0.8], [0.99, 0.01]]])
    r = np.array([[-9 / 20, -1 / 10], [1 / 2, 1 / 2]])
    mdp = FiniteMDP(p, r, 0.9, np.array([0.5, 0.5]))
    pi, phi = Policy(np.array([[0.25, 0.75], [0.4, 0.6]])), np.array([[[0.0], [1.0]]] * 2)
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    w = compatible_critic(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))
    assert w == pytest.approx([float(Fraction(-1150876, 45492321))], rel=1e-12)


# Angles


@pytest.mark.parametrize("degrees", [0, 1e-7, 30, 90, 179.9999999, 180])
def test_the_angle_is_exact_near_its_ends_too(degrees):
    radians = np.radians(degrees)
    found = angle(np.array([3.0, 0, 0]), 0.01 * np.array([np.cos(radians), np.sin(radians), 0]))
    assert found == pytest.approx(degrees, rel=1e-9, abs=1e-13)


def test_there_is_no_angle_to_nothing():
    assert np.isnan(angle(np.zeros(2), np.ones(2)))
    assert np.isnan(angle(np.ones(2), np.zeros(2)))


# The counterexamples, each by another way than the notebook's


def test_equal_weights_on_A_and_B_point_downhill_in_fractions():
    """ρ^π sums 0.9ᵗ P(S_t = ·): A with certainty at t = 0, then with probability 0.9."""
    gamma = Fraction(9, 10)
    later = gamma / (1 - gamma)
    rho = (1 + later * Fraction(9, 10), later * Fraction(1, 10))
    assert rho == (Fraction(91, 10), Fraction(9, 10))
    assert rho[0] * 1 + rho[1] * -3 == Fraction(64, 10)
    assert Fraction(1, 2) * (1 - 3) == -1
    mdp = zoo.wrong_rho_downhill()
    assert mdp.gamma == float(gamma)
    slopes = []
    for p in (0.2, 0.7):
        J = [objective(mdp, Policy(np.array([[x, 1 - x]] * 2))) for x in (p - 0.1, p + 0.1)]
        slopes.append((J[1] - J[0]) / 0.2)  # J is linear in p
        _, q_pi, rho_pi, _ = exact(mdp, Policy(np.array([[p, 1 - p]] * 2)))
        assert rho_pi == pytest.approx([9.1, 0.9])
        assert q_pi[:, 0] - q_pi[:, 1] == pytest.approx([1, -3])
    assert slopes == pytest.approx([6.4, 6.4])


@pytest.mark.parametrize("p", [0.05, 0.25, 0.5, 0.586, 0.75, 0.95])
def test_uniform_weights_on_the_corridor_say_more_right_for_ever(p):
    """From v by hand: v₂ = −1 + (1−p) v₁ and so on; with 3 = exit, 1 the switched cell."""
    v0 = (2 * p - 4) / (p * (1 - p))
    v1 = v0 + 1 / p  # v₀ = −1 + p v₁ + (1−p) v₀
    v2 = -1 + (1 - p) * v1
    advantages = (v1 - v0) + (v0 - v2) + (0 - v1)  # right minus left
    assert advantages == pytest.approx(3 / p)
    pi = Policy(np.array([[1 - p, p]] * 4))
    q_pi = exact(zoo.short_corridor(), pi).q_pi
    assert (q_pi[:3, zoo.RIGHT] - q_pi[:3, zoo.LEFT]).sum() == pytest.approx(3 / p)


def test_q_star_points_downhill_with_the_right_rho_in_the_table():
    """By hand: ρ^π = (1, 0.45), A of two actions = ±half the difference weighed; cosine −0.98335."""
    mdp = zoo.stop_or_go_on()
    pi = Policy(np.array([[0.5, 0.5], [0.02, 0.98], [0.5, 0.5]]))
    _, q_pi, rho_pi, J = exact(mdp, pi)
    q_star = action_value(mdp, optimal_values(mdp))
    assert q_star[0] == pytest.approx([1, 2.7])
    grad_J, g = (
        np.array([1 * 0.25 * difference, 0.45 * 0.02 * 0.98 * 6]) for difference in (1 + 0.9 * 2.88, 1 - 0.9 * 3)
    )
    cosine = grad_J @ g / np.linalg.norm(grad_J) / np.linalg.norm(g)
    assert cosine == pytest.approx(-0.9833489296472508, rel=1e-12)
    ours = [tabular_softmax_gradient(rho_pi, pi, q)[:2, 0] for q in (q_pi, q_star)]
    np.testing.assert_allclose(ours, [grad_J, g], rtol=1e-12)
    assert np.cos(np.radians(angle(*ours))) == pytest.approx(cosine, rel=1e-12)
    after = [objective(mdp, mirror_step(pi, tabular_softmax_gradient(rho_pi, pi, q), 0.1)) for q in (q_pi, q_star)]
    assert [J, *after] == pytest.approx([-0.796, -0.6346387894227636, -0.8716972047101139], rel=1e-12)


def test_a_shared_parameter_can_raise_J_and_lower_a_value():
    """The corridor at p = 0.57: v of the second cell has its best p at 0.551, that of the start at 0.586."""
    p, step = 0.57, 1e-6
    v = [evaluate(zoo.short_corridor(), Policy(np.array([[1 - x, x]] * 4))) for x in (p - step, p + step)]
    slopes = (v[1] - v[0]) / (2 * step)
    assert slopes[0] > 0 > slopes[1]
    right = np.array([[0.0], [1.0]]) * np.ones((4, 1, 1))
    pi = softmax(right, [np.log(p / (1 - p))])
    grad_v = value_gradient(zoo.short_corridor(), pi, exact(zoo.short_corridor(), pi).q_pi, grad_softmax(right, pi))
    np.testing.assert_allclose(grad_v[:3, 0], slopes[:3] * p * (1 - p), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("theta", "alpha", "J"), [(-2, 0.1, -12.642197256724602), (-2, 0.2, -100.74133738512373),
                                                   (-1, 0.1, -11.973091561123004)])  # fmt: skip
def test_an_ascent_direction_is_no_improvement_at_a_finite_step(theta, alpha, J):
    """With J(p) and its slope in closed form."""
    p = 1 / (1 + np.exp(-theta))
    slope = (2 * p**2 - 8 * p + 4) / (p * (1 - p))  # dJ/dθ = p (1−p) dJ/dp, with J = (2p − 4)/(p(1 − p))
    p = 1 / (1 + np.exp(-theta - alpha * slope))
    assert (2 * p - 4) / (p * (1 - p)) == pytest.approx(J, rel=1e-9)


def test_the_greedy_step_lowers_no_value_where_a_shared_step_does():
    lake, phi, theta = zoo.frozen_lake(), zoo.lake_features(), np.array([1.0, 3.0])
    pi = softmax(phi, theta)
    v_pi, q_pi, rho_pi, J = exact(lake, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))
    shared = evaluate(lake, softmax(phi, theta + 30 * grad_J))
    assert lake.rho_0 @ shared > J
    assert (shared - v_pi).min() < -1e-3
    assert (evaluate(lake, greedy(q_pi)) - v_pi).min() > -1e-12
