"""Each estimator's mean is what theory says it is, by z-score against the exact gradient."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.estimators import from_pairs
from pgcourse.gradients import greediness_gradient, policy_gradient
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.sampling import sample_pairs

N = 100_000


def z_scores(estimates, expected):
    return (estimates.mean(axis=0) - expected) / (estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates)))


@pytest.fixture(scope="module")
def problem():
    """An MDP with S ≠ A and an end, a softmax of three features, and all that is exact about them."""
    rng = np.random.default_rng(1)
    mdp, phi = zoo.garnet(6, 3, 3, 0.9, rng, absorbing=1), rng.standard_normal((6, 3, 3))
    pi = softmax(phi, rng.standard_normal(3))
    return mdp, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


@pytest.mark.parametrize("baseline", [0.0, -3.0, "v", "other"])
def test_pairs_from_the_occupancy_are_unbiased_with_any_baseline(problem, baseline):
    mdp, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    b = {"v": v_pi, "other": np.arange(mdp.S) - 2.0}.get(baseline, baseline)
    s, a = sample_pairs(rho_pi, pi, N, np.random.default_rng(7))
    estimates = from_pairs(rho_pi, q_pi, grad_log_pi, s, a, b)
    assert estimates.shape == (N, 3)
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


def test_pairs_from_other_weights_have_the_greediness_gradient_as_their_mean(problem):
    _, pi, (_, q_pi, rho_pi, _), grad_log_pi = problem
    rho = np.array([3.0, 0, 1, 1, 2, 0])
    s, a = sample_pairs(rho, pi, N, np.random.default_rng(8))
    estimates = from_pairs(rho, q_pi, grad_log_pi, s, a)
    assert np.abs(z_scores(estimates, greediness_gradient(rho, pi, q_pi, grad_log_pi))).max() < 4
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() > 20


def test_the_mean_square_of_the_estimates_is_the_sum_over_pairs(problem):
    """E|g|² = Σρ Σ_{s,a} ρ π ((q − b) ∇log π)², computed without sampling."""
    _, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    s, a = sample_pairs(rho_pi, pi, N, np.random.default_rng(9))
    squares = from_pairs(rho_pi, q_pi, grad_log_pi, s, a, v_pi) ** 2
    terms = ((q_pi - v_pi[:, None])[..., None] * grad_log_pi) ** 2
    expected = rho_pi.sum() * rho_pi @ (pi @ terms)
    assert np.abs(z_scores(squares, expected)).max() < 4
