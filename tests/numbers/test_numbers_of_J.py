"""Gradients from numbers of J alone: finite differences and an evolution strategy, where the slope is known."""

from __future__ import annotations

import numpy as np
import pytest
from random_mdps import assert_close

from pgcourse.gradients import evolution_strategy, finite_differences

pytestmark = pytest.mark.filterwarnings("error")


def test_the_error_of_finite_differences_is_of_second_order():
    """J = Σ θ³: (J(θ + h) − J(θ − h))/2h = 3θ² + h² exactly; of the shape of θ, and whole numbers will do."""
    theta = np.array([[1, 2, 0], [-1, 3, 5]])
    for h in (0.5, 0.25):
        assert_close(finite_differences(lambda t: (t**3).sum(), theta, h), 3.0 * theta**2 + h**2)


def test_the_evolution_strategy_is_unbiased_for_the_smoothed_gradient_and_biased_for_the_true_one():
    """J = exp c·θ, smoothed by N(0, σ²): ∇ E J(θ + σε) = c exp(c·θ + σ²|c|²/2) (Salimans et al. 2017)."""
    c, theta, sigma = np.array([0.7, -0.3, 0.5]), np.array([0.2, 0.1, -0.4]), 0.8
    grad_J = c * np.exp(c @ theta)
    smoothed = grad_J * np.exp(sigma**2 * c @ c / 2)
    estimates = evolution_strategy(lambda t: np.exp(c @ t), theta, 20_000, sigma, np.random.default_rng(0))
    assert estimates.shape == (20_000, 3)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates))
    assert np.abs((estimates.mean(axis=0) - smoothed) / error).max() < 4
    assert np.abs((estimates.mean(axis=0) - grad_J) / error).max() > 8


def test_each_estimate_of_the_evolution_strategy_on_a_parabola_is_its_noise_times_its_slope():
    """J = c·θ + θ²: (J(θ + σε) − J(θ − σε))/2σ = (c + 2θ)·ε exactly, since both have the same bend.

    ε comes from the generator given, in the shape of θ.
    """
    c, theta = np.array([[1.0, -2, 0.5], [0, 3, 1]]), np.ones((2, 3))
    estimates = evolution_strategy(lambda t: (c * t + t**2).sum(), theta, 5, 0.1, np.random.default_rng(7))
    noise = np.random.default_rng(7).standard_normal((5, 2, 3))
    assert_close(estimates, noise * ((c + 2 * theta) * noise).sum(axis=(1, 2), keepdims=True))


ONES = np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: finite_differences(sum, ONES, 0), "h is 0, expected a finite number > 0"),
        (
            lambda: finite_differences(sum, ONES * 1e30),
            r"h is 1e-05, expected a step that changes theta\[0\] = 1e\+30",
        ),
        (  # 1 + h is 1, and 1 − h is not: floats below a power of 2 lie twice as close
            lambda: finite_differences(sum, ONES, 1e-16),
            r"h is 1e-16, expected a step that changes theta\[0\] = 1",
        ),
        (lambda: finite_differences(lambda t: np.nan, ONES), r"J\(theta\) is nan, expected a finite number"),
        (lambda: evolution_strategy(sum, ONES, 3, 0.0, None), "sigma is 0.0, expected a finite number > 0"),
        (lambda: evolution_strategy(sum, ONES, 0, 0.1, None), "n is 0, expected an integer ≥ 1"),
    ],
)
def test_a_step_or_a_number_that_is_none_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
