"""The linear-quadratic regulator: each closed form by another route, and a border where it ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import assert_close, claim
from scipy.linalg import solve_discrete_lyapunov

from benchmarks.continuous import PLANE, theorem
from pgcourse.gradients import finite_differences
from pgcourse.lqr import (
    LQR,
    Unstable,
    action_slope,
    action_value,
    best_gain,
    closed_loop,
    cost_matrix,
    exploration_gradient,
    objective,
    occupancy_density,
    off_policy_gradient,
    policy_gradient,
    reward,
    sample_states,
    second_moment,
    slope_matrix,
    value,
    value_constant,
    with_constant,
)

BOAT = LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=1, Sigma_0=0.5, gamma=0.9)


@st.composite
def regulators(draw):
    """(lqr, K, sigma) with n states and m actions, never n = m, and a K that keeps the discounted costs finite."""
    n, m = draw(st.sampled_from([(1, 2), (2, 1), (3, 2)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    Q, R, W, Sigma_0 = (X @ X.T + 0.1 * np.eye(len(X)) for X in (rng.normal(size=(k, k)) for k in (n, m, n, n)))
    A, B, K = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=(m, n))
    gamma = draw(st.sampled_from([0.0, 0.5, 0.9, 0.98]))
    size = max(1e-3, np.sqrt(max(gamma, 0.5)) * np.abs(np.linalg.eigvals(A + B @ K)).max())
    shrink = draw(st.sampled_from([0.3, 0.9])) / size
    lqr = LQR(shrink * A, shrink * B, Q, R, W, rng.normal(size=n), Sigma_0, gamma)
    return lqr, K, draw(st.sampled_from([0.0, 0.5]))


def states_and_actions(lqr, N=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, len(lqr.A))), rng.normal(size=(N, lqr.B.shape[1]))


def quadrature(n, points=3):
    """Nodes (points**n, n) and weights that average any quadratic over a standard normal in n dimensions exactly."""
    x, w = np.polynomial.hermite_e.hermegauss(points)
    grids = np.meshgrid(*[x] * n, indexing="ij")
    weights = np.prod(np.meshgrid(*[w / w.sum()] * n, indexing="ij"), axis=0)
    return np.stack([grid.ravel() for grid in grids], axis=1), weights.ravel()


@claim
@given(regulators())
def test_v_is_the_average_of_q_over_the_policy_s_actions(problem):
    lqr, K, sigma = problem
    s, _ = states_and_actions(lqr)
    epsilon, weights = quadrature(len(K))
    averaged = sum(
        weight * action_value(lqr, K, sigma, s, s @ K.T + sigma * e) for e, weight in zip(epsilon, weights, strict=True)
    )
    assert_close(averaged, value(lqr, K, sigma, s))


@claim
@given(regulators())
def test_q_is_the_reward_and_gamma_times_v_averaged_over_the_next_state(problem):
    lqr, K, sigma = problem
    s, a = states_and_actions(lqr)
    winds, weights = quadrature(len(lqr.A))
    winds = winds @ np.linalg.cholesky(lqr.W).T
    ahead = sum(
        weight * value(lqr, K, sigma, s @ lqr.A.T + a @ lqr.B.T + w) for w, weight in zip(winds, weights, strict=True)
    )
    assert_close(action_value(lqr, K, sigma, s, a), reward(lqr, s, a) + lqr.gamma * ahead)


@claim
@given(regulators())
def test_P_and_Sigma_are_scipy_s_lyapunov_solutions(problem):
    lqr, K, sigma = problem
    loop = np.sqrt(lqr.gamma) * (lqr.A + lqr.B @ K)
    assert_close(cost_matrix(lqr, K), solve_discrete_lyapunov(loop.T, lqr.Q + K.T @ lqr.R @ K), rtol=1e-7)
    start = lqr.Sigma_0 + np.outer(lqr.mu_0, lqr.mu_0)
    noise = lqr.gamma / (1 - lqr.gamma) * (lqr.W + sigma**2 * lqr.B @ lqr.B.T)
    assert_close(second_moment(lqr, K, sigma), solve_discrete_lyapunov(loop, start + noise), rtol=1e-7)


@pytest.mark.slow
@claim
@given(regulators())
def test_J_is_the_sum_of_discounted_expected_rewards_and_Sigma_that_of_second_moments(problem):
    lqr, K, sigma = problem
    loop, term, J, Sigma = lqr.A + lqr.B @ K, lqr.start, 0.0, 0.0
    for t in range(1500):  # term: γᵗ E[s_t s_tᵀ]
        cost = np.trace((lqr.Q + K.T @ lqr.R @ K) @ term) + lqr.gamma**t * sigma**2 * np.trace(lqr.R)
        J, Sigma = J - cost, Sigma + term
        noise = lqr.W + sigma**2 * lqr.B @ lqr.B.T
        term = lqr.gamma * loop @ term @ loop.T + lqr.gamma ** (t + 1) * noise
    assert_close(np.array(objective(lqr, K, sigma)), np.array(J), rtol=1e-8)
    assert_close(second_moment(lqr, K, sigma), Sigma, rtol=1e-8)


@claim
@given(regulators())
def test_the_gradient_in_K_is_that_of_finite_differences_with_and_without_noise(problem):
    lqr, K, sigma = problem
    assert_close(
        policy_gradient(lqr, K, sigma), finite_differences(lambda K: objective(lqr, K, sigma), K, h=1e-6), rtol=1e-4
    )


@claim
@given(regulators())
def test_more_noise_costs_by_the_closed_form_in_every_problem(problem):
    lqr, K, _ = problem
    found = exploration_gradient(lqr, K, 0.5)
    nudged = finite_differences(lambda x: objective(lqr, K, np.exp(x[0])), np.log([0.5]))
    assert_close(np.array(found), nudged[0], rtol=1e-5, scale=abs(objective(lqr, K, 0.5)))
    assert found < 0


@pytest.mark.parametrize(
    ("K", "sigma", "J", "of_K", "of_log_sigma"),
    [
        (-0.5, 0.5, -4.667419, -4.698939, -6.451613),
        (-0.9, 0.5, -3.893330, -0.055095, -5.408678),
        (-0.5, 0.1, -1.570645, -1.660104, -0.258065),
    ],
)
def test_a_gaussian_policy_s_gradient_is_the_policy_gradient_theorem_s_sum(K, sigma, J, of_K, of_log_sigma):
    """ρ^π π (q ∇log π), by quadrature over the laws of s_t and over the actions, to 10⁻⁹ of the closed forms."""
    exact = [policy_gradient(PLANE, K, sigma).item(), exploration_gradient(PLANE, K, sigma)]
    np.testing.assert_allclose([objective(PLANE, K, sigma), *exact], [J, of_K, of_log_sigma], atol=5e-7)
    np.testing.assert_allclose(theorem(PLANE, K, sigma), exact, rtol=1e-9)


def test_without_noise_there_is_no_slope_in_log_sigma():
    with pytest.raises(ValueError, match=r"sigma is 0, expected a finite number .*> 0"):
        exploration_gradient(BOAT, -0.7, 0)


@claim
@given(regulators())
def test_the_slope_in_a_is_that_of_finite_differences_and_G_s_at_the_policy_s_own_action(problem):
    lqr, K, sigma = problem
    s, a = states_and_actions(lqr, N=1)
    nudged = finite_differences(lambda a: action_value(lqr, K, sigma, s, a[None])[0], a[0])
    assert_close(action_slope(lqr, K, s, a)[0], nudged, rtol=1e-6, scale=float(np.abs(a).max()))
    assert_close(action_slope(lqr, K, s, s @ K.T), s @ slope_matrix(lqr, K).T)


@claim
@given(regulators())
def test_noise_adds_to_the_gradient_a_term_in_sigma_squared_and_nothing_else(problem):
    lqr, K, _ = problem
    none, half, one = (policy_gradient(lqr, K, sigma) for sigma in (0, 0.5, 1))
    assert_close(half - none, (one - none) / 4, rtol=1e-8, scale=float(np.abs(one).max()))


@claim
@given(regulators())
def test_no_gain_is_better_than_the_riccati_equation_s_and_there_all_slopes_vanish(problem):
    lqr, K, sigma = problem
    K_star = best_gain(lqr)
    assert objective(lqr, K_star, sigma) >= objective(lqr, K, sigma)
    assert np.abs(slope_matrix(lqr, K_star)).max() < 1e-8 * max(1, np.abs(cost_matrix(lqr, K_star)).max())


def test_a_constant_component_turns_a_gain_into_a_line():
    """(K, k) on (s, 1): the boat whose rudder is K s + k, rolled out without noise by hand."""
    calm = replace(BOAT, W=0.0, Sigma_0=0.0)
    s, J = 1.0, 0.0
    for t in range(400):
        a = -0.8 * s + 0.3
        J, s = J - 0.9**t * (s**2 + 0.5 * a**2), s + 0.5 * a
    assert objective(with_constant(calm), [-0.8, 0.3]) == pytest.approx(J, rel=1e-10)
    assert objective(with_constant(BOAT), [-0.8, 0]) == pytest.approx(objective(BOAT, -0.8), rel=1e-12)


def test_sampled_states_have_the_occupancy_s_moments():
    s = sample_states(BOAT, -0.7, 0.4, 200_000, np.random.default_rng(0))[:, 0] ** 2
    z = (s.mean() - (1 - 0.9) * second_moment(BOAT, -0.7, 0.4).item()) / (s.std() / np.sqrt(len(s)))
    assert abs(z) < 4


def test_sampled_states_come_from_a_roll_out_stopped_with_probability_1_minus_gamma():
    two = with_constant(replace(BOAT, mu_0=-2.0))
    rng = np.random.default_rng(1)
    s, alive, walked = rng.normal(-2, np.sqrt(0.5), 100_000), np.ones(100_000, bool), np.full(100_000, np.nan)
    while alive.any():
        stops = alive & (rng.random(len(s)) < 0.1)
        walked[stops], alive = s[stops], alive & ~stops
        a = -0.7 * s + 0.5 + 0.4 * rng.standard_normal(len(s))
        s = s + 0.5 * a + np.sqrt(0.1) * rng.standard_normal(len(s))
    drawn = sample_states(two, [-0.7, 0.5], 0.4, 100_000, rng)
    assert (drawn[:, 1] == 1).all()
    for f in (lambda s: s, np.square, np.sin):
        spread = np.sqrt((f(walked).var() + f(drawn[:, 0]).var()) / len(s))
        assert abs(f(walked).mean() - f(drawn[:, 0]).mean()) < 4 * spread


def test_states_on_a_line_are_sampled_there():
    """Covariances of rank 1 have eigenvalues that rounding makes negative."""
    rng = np.random.default_rng(0)
    line = rng.standard_normal(4)
    rank_1 = np.outer(line, line)
    lqr = LQR(0.5 * np.eye(4), np.ones((4, 1)), np.eye(4), 1, rank_1, np.zeros(4), rank_1, 0.9)
    s = sample_states(lqr, np.zeros((1, 4)), 0.0, 100, rng)
    np.testing.assert_allclose(s, s[:, :1] * line / line[0], atol=1e-6)


def test_another_start_moves_the_second_moment_by_what_becomes_of_the_difference():
    """Σ − Σ' = D + γ L (Σ − Σ') Lᵀ with D the difference of the starts: the noise has no part in it."""
    moved = second_moment(BOAT, -0.7, 0.4, start=BOAT.start + 2) - second_moment(BOAT, -0.7, 0.4)
    assert moved.item() == pytest.approx(2 / (1 - 0.9 * (1 - 0.5 * 0.7) ** 2), rel=1e-12)


def test_the_density_of_the_states_sums_to_one_and_has_the_second_moment():
    x, dx = np.linspace(-12, 12, 6001, retstep=True)
    density = occupancy_density(BOAT, -0.7, 0.4, x)
    assert density.sum() * dx == pytest.approx(1, abs=1e-9)
    assert density @ x**2 * dx == pytest.approx((1 - 0.9) * second_moment(BOAT, -0.7, 0.4).item(), rel=1e-8)


def test_two_components_that_do_not_meet_have_each_its_own_density():
    x, (A, W, mu_0, Sigma_0) = np.linspace(-3, 3, 7), ([1.0, 0.5], [0.1, 0.3], [1.0, -2.0], [0.5, 0.2])
    both = LQR(np.diag(A), np.eye(2), np.eye(2), np.eye(2), np.diag(W), mu_0, np.diag(Sigma_0), 0.9)
    for i, K in enumerate((-0.7, -0.1)):
        alone = LQR(A[i], 1, 1, 1, W[i], mu_0[i], Sigma_0[i], 0.9)
        together = occupancy_density(both, np.diag([-0.7, -0.1]), 0.4, x, i)
        np.testing.assert_allclose(together, occupancy_density(alone, K, 0.4, x), rtol=1e-9)


@pytest.mark.slow
def test_no_state_is_lost_where_the_horizon_is_far():
    """γ = 0.999: 4000 steps are not the end, but the law no longer changes."""
    far, (x, dx) = replace(BOAT, gamma=0.999), np.linspace(-20, 20, 4001, retstep=True)
    density = occupancy_density(far, -0.7, 0.4, x)
    assert density.sum() * dx == pytest.approx(1, abs=1e-9)
    assert density @ x**2 * dx == pytest.approx((1 - 0.999) * second_moment(far, -0.7, 0.4).item(), rel=1e-8)


def test_a_start_that_is_certain_has_no_density():
    with pytest.raises(ValueError, match="component 0 of the state has variance 0 at t = 0, expected > 0"):
        occupancy_density(replace(BOAT, Sigma_0=0), -0.7, 0.4, np.zeros(1))


def test_the_off_policy_direction_is_the_gradient_when_the_behaviour_is_the_policy():
    assert off_policy_gradient(BOAT, -0.7, -0.7, 0.3) == pytest.approx(policy_gradient(BOAT, -0.7, 0.3))
    assert off_policy_gradient(BOAT, -0.7, -1.5, 0.3) != pytest.approx(policy_gradient(BOAT, -0.7, 0.3))


def test_the_off_policy_direction_is_the_slope_in_the_behaviour_s_states():
    two, K, K_b = with_constant(replace(BOAT, mu_0=-2.0)), np.array([[-0.9, -1.0]]), [-0.9, 2.0]
    s = sample_states(two, K_b, 0.3, 200_000, np.random.default_rng(2))
    estimates = action_slope(two, K, s, s @ K.T) * s / (1 - two.gamma)
    z = (estimates.mean(axis=0) - off_policy_gradient(two, K, K_b, 0.3)[0]) / (estimates.std(axis=0) / np.sqrt(len(s)))
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("sign", [-1, 1])
def test_J_falls_without_bound_towards_the_border_and_is_refused_beyond_it(sign):
    border = (sign / np.sqrt(0.9) - 1) / 0.5
    near, nearer = (objective(BOAT, border * (1 - 1e-3 * sign * np.sign(border) * x)) for x in (1, 0.01))
    assert nearer < 20 * near < 0
    with pytest.raises(Unstable, match=r"J is −∞ at K = .*√γ \|A \+ BK\| is 1\.0"):
        closed_loop(BOAT, border + 0.1 * sign)


def test_at_the_very_border_J_is_refused_too():
    """γ = ¼ and A = 2: √γ |A + BK| is 1 to the last digit."""
    with pytest.raises(Unstable, match=r"√γ \|A \+ BK\| is 1\.000"):
        closed_loop(replace(BOAT, A=2, gamma=0.25), 0.0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Q": [[1, 2], [2, 1]]}, "Q has shape"),
        ({"Q": -1}, "Q is .* expected symmetric and ≥ 0"),
        ({"R": 0}, "R is .* expected symmetric and > 0"),
        ({"W": float("nan")}, "W.* is nan, expected a finite number"),
        ({"gamma": 1}, "gamma is 1, expected"),
        ({"gamma": "0.9"}, "gamma is '0.9'"),
        ({"mu_0": [1, 2]}, "mu_0 has shape"),
        ({"A": np.eye(2)}, "A has shape"),
    ],
)
def test_a_problem_that_is_none_is_refused_by_name(change, named):
    with pytest.raises(ValueError, match=named):
        replace(BOAT, **change)


def test_a_matrix_may_be_as_uneven_as_float32_rounds_and_not_more():
    two = {"A": np.eye(2), "B": np.ones((2, 1)), "R": 1, "W": np.eye(2), "mu_0": [0, 0], "Sigma_0": np.eye(2)}
    LQR(Q=[[1, 0.3], [float(np.float32(0.3)), 1]], gamma=0.9, **two)
    with pytest.raises(ValueError, match=r"Q is .*, expected symmetric"):
        LQR(Q=[[1, 0.3], [0.3001, 1]], gamma=0.9, **two)


def test_a_gain_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"K has shape \(1, 2\), expected \(1, 1\)"):
        objective(BOAT, [1, 2])


def test_noise_costs_nothing_but_a_constant():
    s = np.array([[-1.0], [0.0], [2.0]])
    lost = value(BOAT, -0.7, 0, s) - value(BOAT, -0.7, 0.5, s)
    assert np.ptp(lost) < 1e-12
    assert lost[0] == pytest.approx(value_constant(BOAT, -0.7, 0.5) - value_constant(BOAT, -0.7))


def test_a_unit_of_costs_changes_nothing_that_is_accepted():
    small = replace(BOAT, Q=1e-13, R=1e-13, W=1e-13)
    assert best_gain(small) == pytest.approx(best_gain(replace(BOAT, Q=1, R=1)))


def test_what_costs_nothing_may_grow_and_the_best_gain_is_that_of_what_shrinks():
    """Q = 0 and A = 2: K = 0 would cost nothing."""
    free = LQR(2, 1, 0, 1, 0, 1, 0, 0.9)
    K = best_gain(free)
    assert abs(closed_loop(free, K).item()) < 1 / np.sqrt(0.9)
    assert objective(free, K) < -1e-3
