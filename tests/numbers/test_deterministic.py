"""Estimates as the noise goes away, critics, and ascent: means, variances and limits are what they say."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import assert_close, claim

from pgcourse.deterministic import (
    ascent,
    compatible_weights,
    learned_slope,
    nabla_log,
    nabla_log_estimates,
    nabla_log_variance,
    slope_estimates,
    smoothed,
)
from pgcourse.gradients import finite_differences
from pgcourse.lqr import (
    LQR,
    action_value,
    best_gain,
    objective,
    off_policy_gradient,
    policy_gradient,
    sample_states,
    second_moment,
    slope_matrix,
    value,
    with_constant,
)

BOAT = LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=1, Sigma_0=0.5, gamma=0.9)
CART = LQR(
    A=[[1, 0.2], [0, 1]], B=[[0], [0.2]], Q=np.diag([1, 0.1]), R=0.1, W=np.diag([0, 0.01]),
    mu_0=[1, 0], Sigma_0=0.1 * np.eye(2), gamma=0.95,
)  # fmt: skip
PARABOLAS = st.tuples(*[st.floats(-3, 3) for _ in range(3)], st.sampled_from([0.05, 0.5, 2.0]))


def pairs(lqr, K, sigma, n, seed):
    rng = np.random.default_rng(seed)
    s = sample_states(lqr, K, sigma, n, rng)
    K = np.atleast_2d(K)
    return s, s @ K.T + sigma * rng.standard_normal((n, len(K)))


def z_scores(estimates, expected):
    return (estimates.mean(axis=0) - expected) / (estimates.std(axis=0) / np.sqrt(len(estimates)))


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("lqr", "K"), [(BOAT, [[-0.5]]), (CART, [[-1.0, -1.5]])], ids=["boat", "cart"])
def test_nabla_log_estimates_have_the_stochastic_gradient_as_their_mean_with_any_baseline(lqr, K, baseline):
    s, a = pairs(lqr, K, 0.4, 200_000, seed=1)
    b = value(lqr, K, 0.4, s) if baseline else 0.0
    estimates = nabla_log_estimates(lqr, K, 0.4, s, a, b) / (1 - lqr.gamma)
    assert np.abs(z_scores(estimates, policy_gradient(lqr, K, 0.4))).max() < 4


@pytest.mark.parametrize("sigma", [0.0, 0.4])
@pytest.mark.parametrize(("lqr", "K"), [(BOAT, [[-0.5]]), (CART, [[-1.0, -1.5]])], ids=["boat", "cart"])
def test_slope_estimates_have_the_same_mean_at_the_policy_s_action_and_at_a_drawn_one(lqr, K, sigma):
    s, a = pairs(lqr, K, sigma, 200_000, seed=2)
    for actions in (None, a):
        estimates = slope_estimates(lqr, K, s, actions) / (1 - lqr.gamma)
        assert np.abs(z_scores(estimates, policy_gradient(lqr, K, sigma))).max() < 4


def test_nabla_log_is_the_derivative_of_the_log_density():
    s, a, K = np.array([[0.5, -1.0]]), np.array([[0.3, 0.2]]), np.array([[1.0, 2.0], [0.5, -1.0]])

    def log_density(K):
        return float(-((a - s @ K.T) ** 2).sum() / (2 * 0.7**2))

    assert nabla_log(s, a, K, 0.7)[0] == pytest.approx(finite_differences(log_density, K), rel=1e-6)


@pytest.mark.parametrize("sigma", [0, -1, float("nan")])
def test_a_policy_without_a_density_has_no_nabla_log(sigma):
    with pytest.raises(ValueError, match=r"sigma is .*, expected (> 0|a finite number ≥ 0)"):
        nabla_log(np.ones((1, 1)), np.ones((1, 1)), 1.0, sigma)


@claim
@given(PARABOLAS)
def test_the_variance_in_one_state_is_the_quadrature_s(numbers):
    x, slope, h, sigma = numbers
    mean, deviation = smoothed(lambda a, eps: eps / sigma * (x + slope * a - h * a**2), 0.0, sigma)
    assert_close(mean, np.array(slope), scale=abs(x) / sigma + 1)
    variance = nabla_log_variance(x, slope, h, sigma)
    assert_close(deviation**2, variance, rtol=1e-7, scale=x**2 / sigma**2 + 1)


@claim
@given(PARABOLAS)
def test_without_a_baseline_it_explodes_with_v_it_tends_to_twice_the_slope_squared(numbers):
    x, slope, h, _ = numbers
    small = 1e-5
    assert small**2 * nabla_log_variance(x, slope, h, small) == pytest.approx(x**2, abs=1e-6)
    assert nabla_log_variance(h * small**2, slope, h, small) == pytest.approx(2 * slope**2, abs=1e-6)


def test_smoothing_a_wave_shrinks_it_as_the_theory_of_gaussians_says():
    sigmas = np.array([0.01, 0.1, 0.5])
    mean, deviation = smoothed(lambda a, eps: np.cos(8 * a), 0.3, sigmas)
    assert mean == pytest.approx(np.cos(2.4) * np.exp(-32 * sigmas**2), abs=1e-10)
    second = (1 + np.cos(4.8) * np.exp(-128 * sigmas**2)) / 2
    assert deviation == pytest.approx(np.sqrt(second - mean**2), abs=1e-9)


# Critics


def test_a_compatible_critic_gives_the_gradient_although_it_fits_badly():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(500, 3))
    slopes = np.sin(5 * features).sum(axis=1) + 2
    w = compatible_weights(features, slopes)
    assert features.T @ (features @ w) == pytest.approx(features.T @ slopes)
    assert np.mean((features @ w - slopes) ** 2) > 0.5 * np.mean(slopes**2)


def test_its_weights_are_the_natural_gradient():
    K = [[-1.0, -1.5]]
    s = sample_states(CART, K, 0, 1000, np.random.default_rng(4))
    w = compatible_weights(s, (s @ slope_matrix(CART, K).T)[:, 0])
    assert second_moment(CART, K) @ w == pytest.approx(policy_gradient(CART, K)[0])


@pytest.mark.parametrize(
    ("lqr", "K", "K_b"), [(BOAT, -0.5, -1.5), (CART, [-0.5, -0.5], [-1, -1])], ids=["boat", "cart"]
)
@pytest.mark.slow
def test_a_critic_learned_from_another_s_actions_finds_the_slope_of_the_policy_s_own_q(lqr, K, K_b):
    rng = np.random.default_rng(5)
    learned = np.array([learned_slope(lqr, K, K_b, 0.5, 4000, rng) for _ in range(60)])
    exact = slope_matrix(lqr, K)
    assert np.abs(learned.mean(axis=0) - exact).max() < 0.1 * np.abs(exact).max()
    assert np.abs(np.median(learned, axis=0) - slope_matrix(lqr, K_b)).max() > 0.5 * np.abs(exact).max()


def test_without_exploration_no_slope_is_learned():
    rng = np.random.default_rng(6)
    errors = [
        abs(learned_slope(BOAT, -0.5, -0.5, sigma_b, 4000, rng) - slope_matrix(BOAT, -0.5)).item()
        for sigma_b in (0.0, 0.5)
    ]
    assert errors[0] > 0.5 > 0.2 > errors[1]


# Ascent


def test_ascent_takes_one_gradient_step_a_next_and_starts_where_it_was_told():
    first, second, *_ = islice(ascent(BOAT, -0.5, 0.01), 3)
    assert first == -0.5
    assert second == pytest.approx(-0.5 + 0.01 * policy_gradient(BOAT, -0.5))


@pytest.mark.parametrize("states", [second_moment, lambda lqr, K: np.eye(2)], ids=["gradient", "natural"])
@pytest.mark.slow
def test_ascent_goes_up_and_ends_at_the_best_gain(states):
    alpha = 0.02 if states is second_moment else 0.3
    path = [*islice(ascent(CART, [-0.3, -0.3], alpha, states=states), 2500)]
    J = [objective(CART, K) for K in path[::10]]
    assert (np.diff(J) > -1e-12).all()
    assert path[-1] == pytest.approx(best_gain(CART), abs=1e-3)


def test_off_policy_ascent_may_go_down_at_first_and_ends_at_the_best_gain():
    two_sided = with_constant(LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=-2, Sigma_0=0.1, gamma=0.9))
    start, K_b = [-0.9, -1.0], [-0.9, 2.0]
    direction = off_policy_gradient(two_sided, start, K_b, 0.3)
    assert (direction * policy_gradient(two_sided, start)).sum() < 0
    path = [*islice(ascent(two_sided, start, 0.002, states=lambda lqr, K: second_moment(lqr, K_b, 0.3)), 1000)]
    assert objective(two_sided, path[5]) < objective(two_sided, path[0]) - 1
    assert path[-1] == pytest.approx(best_gain(two_sided), abs=1e-3)


def test_the_baseline_is_taken_off_q():
    """(q − b) ∇log π: with b = q itself nothing is left, and with b = 0 it is q ∇log π."""
    rng = np.random.default_rng(0)
    s, a = rng.standard_normal((2, 5, 1))
    q, score = action_value(BOAT, -1, 0.3, s, a), nabla_log(s, a, -1, 0.3)
    assert (nabla_log_estimates(BOAT, -1, 0.3, s, a, b=q) == 0).all()
    assert_close(nabla_log_estimates(BOAT, -1, 0.3, s, a), q[:, None, None] * score)
    assert_close(nabla_log_estimates(BOAT, -1, 0.3, s, a, b=2.0), (q - 2)[:, None, None] * score)


def test_ascent_is_not_moved_by_what_is_done_to_its_gains():
    K = np.array([[-0.5]])
    run = ascent(BOAT, K, 0.01)
    K[:] = 7
    first = next(run)
    assert first == -0.5
    first[:] = 9
    assert next(run) == pytest.approx(-0.5 + 0.01 * policy_gradient(BOAT, -0.5))
