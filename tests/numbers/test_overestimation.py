"""What a maximiser makes of errors: closed forms against quadrature, samples and published numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pgcourse.overestimation import MOST_ACTIONS, chosen, smaller_of_two, smoothing_factor


@pytest.mark.parametrize("r", [-1.0, -0.6, 0.0, 0.3, 0.5, 0.9, 0.99, 1.0])
def test_the_smaller_of_two_is_the_mean_over_both_slopes(r):
    """In polar coordinates: X = ϱ cos t, Y = ϱ (r cos t + √(1 − r²) sin t), and ϱ² has the mean 2."""

    def of_angle(t):
        x, y = np.cos(t), r * np.cos(t) + np.sqrt(1 - r**2) * np.sin(t)
        return 2 * min(x * x, x * y) / (2 * np.pi)

    expected = quad(of_angle, 0, 2 * np.pi, limit=500, epsabs=1e-10)[0]
    assert smaller_of_two(r) == pytest.approx(expected, abs=1e-8)


def test_the_smaller_of_two_at_the_ends_and_on_sampled_critics():
    assert smaller_of_two(0) == pytest.approx(1 / 4 - 1 / np.pi, abs=1e-15)
    np.testing.assert_allclose(smaller_of_two([-1, 1]), [-1, 1], atol=1e-15)
    np.testing.assert_allclose(smaller_of_two([0.5, 0.9, 0.99]), [0.391, 0.804, 0.950], atol=5e-4)
    assert (np.diff(smaller_of_two(np.linspace(-1, 1, 101))) > 0).all()
    h, s, r, N = 3.0, 0.7, 0.5, 200_000
    x = np.random.default_rng(0).multivariate_normal([0, 0], [[1, r], [r, 1]], N)
    a = s * x[:, 0] / h
    over = (-h * a**2 / 2)[:, None] + s * x * a[:, None] + (h * a**2 / 2)[:, None]
    for estimate, expected in ((over[:, 0], 1.0), (over.min(axis=1), smaller_of_two(r))):
        assert abs(estimate.mean() - s**2 / h * expected) < 4 * estimate.std() / np.sqrt(N)


def test_an_actor_on_the_smaller_critic_loses_less_but_its_estimate_is_too_high():
    """Notebook 18's answer, 0.18 and 0.09: ½ − 1/π and half of it; here by a search over actions, h = s = 1."""
    e, a = np.random.default_rng(0).standard_normal((2, 2000, 1)), np.linspace(-4, 4, 401)
    gained = (e * a).min(axis=0)
    top = np.argmax(gained - a**2 / 2, axis=1)
    for sample, exact in (
        (gained[np.arange(2000), top], 1 / 2 - 1 / np.pi),
        (a[top] ** 2 / 2, 1 / 4 - 1 / (2 * np.pi)),
    ):
        assert abs(sample.mean() - exact) < 4 * sample.std() / np.sqrt(2000)


def test_the_largest_of_a_few_errors_has_the_means_of_the_tables():
    """1/√π, 3/(2√π) and, of five, Harter 1961."""
    known = {1: 0, 2: 1 / np.sqrt(np.pi), 3: 1.5 / np.sqrt(np.pi), 5: 1.1629644736, 100: 2.5075936}
    for k, expected in known.items():
        assert chosen(k) == pytest.approx(expected, abs=5e-8)
    n = MOST_ACTIONS
    assert chosen(n) == pytest.approx(quad(lambda x: 1 - norm.cdf(x) ** n - (x < 0), 0, 12, limit=200)[0], abs=1e-7)


@pytest.mark.parametrize(("k", "r"), [(1, 0.0), (1, 0.4), (3, 0.0), (3, 0.8), (10, 0.5), (4, 1.0)])
def test_what_the_second_critic_says_of_the_chosen_action(k, r):
    rng, N = np.random.default_rng(k), 100_000
    x = rng.standard_normal((N, k))
    y = r * x + np.sqrt(1 - r**2) * rng.standard_normal((N, k))
    j = x.argmax(axis=1)
    smaller = np.minimum(x, y)[np.arange(N), j]
    assert abs(smaller.mean() - chosen(k, r)) < 4 * smaller.std() / np.sqrt(N)


def test_one_action_and_two_critics_without_a_choice_are_the_smaller_of_two_normals():
    """−√((1 − r)/π), Clark 1961."""
    for r in (0, 0.3, 0.7, 0.999, 1):
        assert chosen(1, r) == pytest.approx(-np.sqrt((1 - r) / np.pi), abs=1e-12)


@pytest.mark.parametrize(("sigma", "clip"), [(0.2, 0.5), (0.2, 0.1), (1.0, 0.3), (0.2, 3.0), (0.5, np.inf)])
def test_smoothing_leaves_of_a_ripple_what_the_integral_says(sigma, clip):
    def left(omega):
        edge = min(clip, 12 * sigma)
        inside = quad(lambda n: np.cos(omega * n) * norm.pdf(n, scale=sigma), -edge, edge, limit=400, epsabs=1e-12)[0]
        return inside + 2 * norm.sf(edge / sigma) * np.cos(omega * edge)

    omega = np.array([0, 1, 5, 10, 30])
    np.testing.assert_allclose(smoothing_factor(omega, sigma, clip), [left(w) for w in omega], atol=1e-9)
    np.testing.assert_array_equal(smoothing_factor(-omega, sigma, clip), smoothing_factor(omega, sigma, clip))


def test_smoothing_at_its_ends():
    assert smoothing_factor(10, 0.2) == pytest.approx(np.exp(-2))
    assert smoothing_factor([3, 7], 0).tolist() == [1, 1]
    assert smoothing_factor([3, 7], 0.2, 0).tolist() == [1, 1]
    assert abs(smoothing_factor(1e4, 0.2)) < 1e-300
    assert abs(smoothing_factor(1e4, 0.2, 0.5)) < 0.02  # what the clip heaps up at ±c stays


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: smaller_of_two([0, 1.5]), "r is 1.5, expected a correlation"),
        (lambda: chosen(0), "k is 0, expected an integer ≥ 1"),
        (lambda: chosen(MOST_ACTIONS + 1), "k is 1000001, expected"),
        (lambda: chosen(2, -1), "r is -1, expected"),
        (lambda: smoothing_factor(1, -0.1), "sigma is -0.1, expected"),
        (lambda: smoothing_factor(1, 0.1, -1), "clip is -1, expected"),
        (lambda: smoothing_factor(np.nan, 0.1), "omega is nan, expected"),
    ],
)
def test_what_makes_no_sense_is_refused(call, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        call()
