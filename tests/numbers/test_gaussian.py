"""A Gaussian policy's density and slopes: each by a second route, and what clipping and squashing do to them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pgcourse.gaussian import (
    clipped_scores,
    log_density,
    log_slope,
    scores,
    squashed_entropy,
    squashed_log_density,
)
from pgcourse.gradients import finite_differences

MU, SIGMA = np.array([0.0, 0.5, -1.3]), np.array([1.0, 0.5, 0.2])


def averaged(f, mu, sigma, points=20_001):
    """E f(a) for a ~ N(μ, σ²), by the trapezoid rule between 10 deviations."""
    z, dz = np.linspace(-10, 10, points, retstep=True)
    return (f(mu + sigma * z) * np.exp(-(z**2) / 2)).sum() * dz / np.sqrt(2 * np.pi)


def test_the_density_is_scipy_s_and_integrates_to_one():
    a = np.linspace(-3, 3, 7)[:, None]
    np.testing.assert_allclose(log_density(a, MU, SIGMA), stats.norm.logpdf(a, MU, SIGMA), rtol=1e-12)
    x, dx = np.linspace(-3, 4, 20_001, retstep=True)
    assert np.exp(log_density(x, 0.5, 0.3)).sum() * dx == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("a", [-2.0, 0.3, 1.7])
def test_the_scores_are_the_complex_steps_of_log_pi_and_zero_on_average(a):
    h = 1e-30j

    def log_pi(mu, log_sigma):
        return -(((a - mu) / np.exp(log_sigma)) ** 2) / 2 - log_sigma

    for mu, sigma in zip(MU, SIGMA, strict=True):
        of_mu, of_log_sigma = scores(a, mu, sigma)
        assert of_mu == pytest.approx(log_pi(mu + h, np.log(sigma)).imag / 1e-30, rel=1e-12)
        assert of_log_sigma == pytest.approx(log_pi(mu, np.log(sigma) + h).imag / 1e-30, rel=1e-12, abs=1e-12)
        for k in range(2):
            assert averaged(lambda a, k=k: scores(a, mu, sigma)[k], mu, sigma) == pytest.approx(0, abs=1e-9)  # noqa: B023


@pytest.mark.parametrize(("mu", "of_mu", "of_log_sigma"), [(0.5, -0.166, -0.244), (1.0, -0.798, -0.500)])
def test_the_clipped_action_s_scores_have_the_bias_of_the_closed_form(mu, of_mu, of_log_sigma):
    """By quadrature, by a million draws, and the numbers that the notebook tells, at σ = 0.5 and a Box of ±1."""
    exact = clipped_scores(mu, 0.5, -1, 1)
    np.testing.assert_allclose(exact, [of_mu, of_log_sigma], atol=5e-4)
    a = mu + 0.5 * np.random.default_rng(0).standard_normal(1_000_000)
    for k in range(2):
        drawn = scores(a.clip(-1, 1), mu, 0.5)[k]
        assert abs(drawn.mean() - exact[k]) < 4 * drawn.std() / 1e3
        assert averaged(lambda a, k=k: scores(a.clip(-1, 1), mu, 0.5)[k], mu, 0.5) == pytest.approx(exact[k], abs=1e-5)


def test_a_box_far_away_biases_nothing_and_one_that_is_not_symmetric_is_right_too():
    np.testing.assert_allclose(clipped_scores(MU, SIGMA, -50, 50), 0, atol=1e-12)
    exact = clipped_scores(0.2, 0.7, -0.1, 0.9)
    for k in range(2):
        by_sum = averaged(lambda a, k=k: scores(a.clip(-0.1, 0.9), 0.2, 0.7)[k], 0.2, 0.7)
        assert exact[k] == pytest.approx(by_sum, abs=1e-5)


def test_the_squashed_density_integrates_to_one_and_its_entropy_is_its_own():
    a = np.tanh(np.linspace(-9, 9, 200_001))
    for mu, sigma in ((0.0, 1.0), (0.7, 0.4), (-0.5, 2.0)):
        log_pi = squashed_log_density(np.arctanh(a), mu, sigma)
        pi = np.exp(log_pi)
        assert np.trapezoid(pi, a) == pytest.approx(1, abs=1e-4)
        assert squashed_entropy(mu, sigma)[0] == pytest.approx(-np.trapezoid(pi * log_pi, a), abs=2e-3)


def test_the_squashed_entropy_s_slope_is_that_of_differences_and_its_height_that_of_draws():
    for mu, sigma in ((0.0, 0.1), (0.0, 1.0), (1.0, 3.0)):
        entropy, slope = squashed_entropy(mu, sigma)
        by_differences = finite_differences(lambda x, mu=mu: squashed_entropy(mu, np.exp(x[0]))[0], np.log([sigma]))
        assert slope == pytest.approx(by_differences[0], abs=1e-6)
        u = mu + sigma * np.random.default_rng(1).standard_normal(200_000)
        log_pi = squashed_log_density(u, mu, sigma)
        assert abs(log_pi.mean() + entropy) < 4 * log_pi.std() / np.sqrt(len(u))


def test_the_squashed_entropy_has_its_top_below_log_2_where_the_plain_one_grows():
    """0.68364 at σ = 0.8744; at σ = 1 0.6698, where the Gaussian itself has 1.4189. By quadrature over u."""
    u = np.linspace(-12, 12, 40_001)

    def entropy(sigma):
        pi, log_pi = stats.norm.pdf(u, 0, sigma), stats.norm.logpdf(u, 0, sigma) - np.log(1 / np.cosh(u) ** 2)
        return -np.trapezoid(pi * log_pi, u)

    sigmas = np.linspace(0.8, 1.0, 2001)
    H, slope = squashed_entropy(0.0, sigmas)
    top = sigmas[H.argmax()]
    assert (top, H.max()) == pytest.approx((0.8744, 0.68364), abs=1e-4)
    assert H.max() < np.log(2)
    assert (np.sign(slope) == np.sign(top - sigmas))[[0, 500, 1500, 2000]].all()
    assert [entropy(top), entropy(1.0)] == pytest.approx([0.68364, 0.6698], abs=5e-5)
    assert squashed_entropy(0.0, 1.0)[0] == pytest.approx(entropy(1.0), abs=1e-9)
    assert stats.norm.entropy(0, 1) == pytest.approx(1.4189, abs=5e-5)


def test_the_correction_has_no_part_in_the_scores_at_a_given_action():
    """∇ log π(a) with respect to μ and log σ, by differences of the squashed density itself."""
    u = np.arctanh(0.6)
    found = finite_differences(lambda x: squashed_log_density(u, x[0], np.exp(x[1])), np.array([0.2, np.log(0.4)]))
    np.testing.assert_allclose(found, scores(u, 0.2, 0.4), rtol=1e-6)


def test_the_correction_does_not_overflow():
    u = np.array([-400.0, 0.0, 1.0, 400.0])
    np.testing.assert_allclose(log_slope(u)[1:3], np.log(1 - np.tanh(u[1:3]) ** 2), atol=1e-15)
    np.testing.assert_allclose(log_slope(u)[[0, 3]], 2 * np.log(2) - 800)


@pytest.mark.parametrize("call", [
    lambda sigma: log_density(0, 0, sigma), lambda sigma: scores(0, 0, sigma),
    lambda sigma: clipped_scores(0, sigma, -1, 1), lambda sigma: squashed_entropy(0, sigma),
], ids=["log_density", "scores", "clipped_scores", "squashed_entropy"])  # fmt: skip
@pytest.mark.parametrize(
    ("sigma", "said"),
    [
        (0, "sigma is 0.0, expected > 0: without noise there is no density"),
        ([0.5, -1], "sigma is -1.0, expected > 0"),
        (np.nan, "sigma is nan, expected a finite number"),
        (1e-200, "sigma is 1e-200, expected log σ of a size of at most 300"),
    ],
    ids=["0", "negative", "nan", "tiny"],
)
def test_a_sigma_without_a_density_is_refused(call, sigma, said):
    with pytest.raises(ValueError, match=said):
        call(sigma)


def test_what_overflows_and_bounds_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="out of the range of floats, with a up to 1e\\+40"):
        log_density(1e40, 0, 1e-125)
    with pytest.raises(ValueError, match=r"do not fit together: a \(3,\), mu \(2,\), sigma \(\); expected the same"):
        scores([1, 2, 3], [1, 2], 1.0)
    with pytest.raises(ValueError, match=r"do not fit together: mu \(3,\), sigma \(2,\); expected the same"):
        squashed_entropy([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="low is 1, expected less than high, -1"):
        clipped_scores(0, 1, 1, -1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: squashed_log_density(np.nan, 0, 1), "^u is nan, expected a finite number"),
        (lambda: squashed_log_density(1e40, 0, 1e-125), "with u up to 1e\\+40"),
        (lambda: squashed_entropy(0.0, 1e100), r"^sigma is 1e\+100, expected a size of at most 5e\+48"),
        (lambda: squashed_entropy(1e50, 1.0), r"^mu is 1e\+50, expected a size of at most 5e\+49"),
    ],
    ids=["nan", "overflow", "sigma", "mu"],
)
def test_what_the_squashed_ones_refuse_is_named_as_it_was_given(call, said):
    with pytest.raises(ValueError, match=said):
        call()
