"""Notebook 06's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from verdicts import says

from pgcourse import deterministic
from pgcourse.deterministic import compatible_weights
from pgcourse.exercises import check_compatible, check_downhill, check_dpg, check_spread
from pgcourse.lqr import LQR, with_constant

TWO_SIDED = with_constant(LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=-2, Sigma_0=0.1, gamma=0.9))


def downhill(answer):
    return check_downhill(answer, TWO_SIDED, [-0.9, -1.0], 0.3)


# The deterministic policy gradient


@pytest.mark.parametrize(
    "answer",
    [
        lambda K, P, Sigma, A, B, R, gamma: -2 * (R * K + gamma * B * P * (A + B * K)) * Sigma,
        lambda K, P, Sigma, A, B, R, gamma: -2 * Sigma * ((R + gamma * P * B**2) * K + gamma * B * P * A),
        lambda K, P, Sigma, A, B, R, gamma: np.array([[-2 * (R * K + gamma * B * P * (A + B * K)) * Sigma]]),
    ],
)
def test_the_deterministic_gradient_is_right_in_any_of_its_spellings(answer):
    assert check_dpg(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda K, P, S, A, B, R, g: 2 * (R * K + g * B * P * (A + B * K)) * S, "nearly", "sign"),
        (lambda K, P, S, A, B, R, g: -(R * K + g * B * P * (A + B * K)) * S, "nearly", "factor 2"),
        (lambda K, P, S, A, B, R, g: -2 * R * K * S, "nearly", "the slope of r alone"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + B * P * (A + B * K)) * S, "nearly", "γ is missing"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * P * (A + B * K)) * S, "nearly", "factor B is missing"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g**2 * B * P * (A + B * K)) * S, "nearly", "γ² is too much"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + (1 - g) * B * P * (A + B * K)) * S, "nearly", "where γ belongs"),
        (lambda K, P, S, A, B, R, g: -2 * g * B * P * (A + B * K) * S, "nearly", "slope of −R a² is missing"),
        (lambda K, P, S, A, B, R, g: -2 * (K + g * B * P * (A + B * K)) * S, "nearly", "R is forgotten"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A - B * K)) * S, "nearly", "A − B K"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * A * B * P) * S, "nearly", "A + B K stands where you have A"),
        (lambda K, P, S, A, B, R, g: -2 * (R + g * B * P * (A + B * K)) * S, "nearly", "A factor K is missing"),
        (lambda K, P, S, A, B, R, g: -2 * (R + g * B**2 * P) * K * S, "nearly", "you have B a alone"),
        (lambda K, P, S, A, B, R, g: -2 * g * A * B * P * S, "nearly", "∇_a q at a = 0"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A + B * K)), "nearly", "factors s are lost"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A + B * K)) * S**0.5, "nearly", "Only one factor s"),
        (lambda K, P, S, A, B, R, g: -2 * (1 - g) * (R * K + g * B * P * (A + B * K)) * S, "nearly", "average over"),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A + B * K)) * S / (1 - g), "nearly", "too much"),
        (lambda K, P, S, A, B, R, g: -2 * P * S, "wrong", "slope of v in s"),
        (lambda K, P, S, A, B, R, g: -2 * R * K * S - 2 * g * B * P * (A + B * K), "nearly", "Mind the brackets"),
        (lambda K, P, S, A, B, R, g: -(2 * R * K + g * B * P * (A + B * K)) * S, "nearly", "in the second term"),
        (lambda K, P, S, A, B, R, g: -(R * K + 2 * g * B * P * (A + B * K)) * S, "nearly", "in the first term"),
        (
            lambda K, P, S, A, B, R, g: -2 * (R * K + g * P * (A + B * K) ** 2) * S,
            "nearly",
            "where B (A + B K) belongs",
        ),
        (lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A + B * K)) * S**2, "nearly", "is squared"),
        (
            lambda K, P, S, A, B, R, g: -2 * (R * K + g * B * P * (A + B * K)) * K * S,
            "nearly",
            "A factor K is too much",
        ),
        (lambda K, P, S, A, B, R, g: 1.0, "wrong", "expected"),
        (lambda K, P, S, A, B, R, g: "G", "wrong", "expected a number"),
        (lambda K, P, S, A, B, R, g: float("nan"), "wrong", "expected a number"),
        (lambda K: K, "wrong", "TypeError"),
        (lambda K, P, S, A, B, R, g: 1 / 0, "wrong", "ZeroDivisionError"),
        (lambda K, P, S, A, B, R, g: ..., "waiting", "three dots"),
        (lambda K, P, S, A, B, R, g: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_gradient_has_its_own_answer(answer, tone, named):
    says(check_dpg(answer), tone, named)


# The spread


@pytest.mark.parametrize("answer", [{"q": -1, "q - v": 0, "slope": 1}, {"q": -1.0, "q - v": np.float64(0), "slope": 1}])
def test_the_three_exponents_are_right(answer):
    says(check_spread(answer), "right", "the part s q(μ) ε/σ")
    says(check_spread(answer), "right", "Its deviation is √2 |s ∇_a q|")


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ({"q": -2, "q - v": 0, "slope": 2}, "nearly", "variance"),
        ({"q": 1, "q - v": 0, "slope": -1}, "nearly", "wrong way round"),
        ({"q": -1, "q - v": 1, "slope": 1}, "nearly", "leaves ε²"),
        ({"q": 0, "q - v": 0, "slope": 1}, "nearly", "without a baseline"),
        ({"q": -1, "q - v": 0, "slope": 0}, "nearly", "its own slope times σε"),
        ({"q": 0, "q - v": 1, "slope": 2}, "wrong", "without a baseline"),
        ({"q": -1, "q - v": 0}, "wrong", "'slope' has no exponent"),
        ({"q": "-1", "q - v": 0, "slope": 1}, "wrong", "expected a number"),
        ({"q": -1, "q - v": ..., "slope": 1}, "waiting", "'q - v'"),
        ({"q": ..., "q - v": ..., "slope": ...}, "waiting", "three dots"),
        ([-1, 0], "wrong", "not a dictionary"),
    ],
)
def test_each_wrong_prediction_has_its_own_answer(answer, tone, named):
    says(check_spread(answer), tone, named)


# Downhill


@pytest.mark.parametrize("answer", [(-0.9, 2), [-0.5, 2.0], np.array([-0.9, 2.5])])
def test_a_behaviour_on_the_other_side_leads_downhill(answer):
    assert downhill(answer)
    assert "°" in downhill(answer).message


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ((-0.9, -1.0), "wrong", "the policy itself"),
        ((-0.9, -2.0), "wrong", "still uphill"),
        ((-0.9, 1.0), "nearly", "go farther"),
        ((-2.0, 2.0), "nearly", "go farther"),
        ((0.05, 0.5), "wrong", "go farther"),
        ((-0.9, 100.0), "wrong", "Come nearer"),
        ((-0.9, 34.0), "wrong", "Come nearer"),
        ((-0.5, 22.0), "wrong", "Come nearer"),
        ((-2.0, 69.0), "wrong", "Come nearer"),
        ((-0.9, 0.0), "wrong", "to the other side"),
        ((0.5, 0.0), "wrong", "run away"),
        ((-0.9, float("inf")), "wrong", "expected"),
        ((-0.9,), "wrong", "expected two numbers"),
        (("a", "b"), "wrong", "expected an array of numbers"),
        ((..., ...), "waiting", "three dots"),
        ((-0.9, ...), "waiting", "three dots"),
    ],
)
def test_each_other_behaviour_has_its_own_answer(answer, tone, named):
    says(downhill(answer), tone, named)


# The compatible critic


@pytest.mark.parametrize(
    "answer",
    [
        lambda f, y: np.linalg.lstsq(f, y)[0],
        lambda f, y: np.linalg.solve(f.T @ f, f.T @ y),
        lambda f, y: (np.linalg.pinv(f) @ y).tolist(),
        lambda f, y: np.linalg.lstsq(f, y[:, None])[0],  # (d, 1)
    ],
)
def test_least_squares_is_right_in_any_of_its_spellings(answer):
    assert check_compatible(answer)


def off_by(share):
    """The least-squares fit, moved until its mean squared error is larger by this share of it."""

    def fitted(f, y):
        best = np.linalg.lstsq(f, y)[0]
        off = np.linalg.inv(np.linalg.cholesky(f.T @ f))[0]  # |f off| = 1
        return best + np.sqrt(share) * np.linalg.norm(f @ best - y) * off / np.linalg.norm(f @ off)

    return fitted


@pytest.mark.parametrize("share", [6e-11, 5e-10])
def test_a_fit_as_near_as_an_optimiser_comes_is_right(share):
    """BFGS and Nelder–Mead of scipy stop so near to the least error."""
    assert check_compatible(off_by(share))


def test_a_fit_with_a_small_penalty_is_not_the_nearest():
    ridge = check_compatible(lambda f, y: np.linalg.solve(f.T @ f + 1e-3 * np.eye(f.shape[1]), f.T @ y))
    says(ridge, "wrong", "expected the least one")


def each_by_itself(f, y):
    return (f * y[:, None]).sum(axis=0) / (f**2).sum(axis=0)


def with_intercept(f, y):
    return np.linalg.lstsq(np.column_stack([f, np.ones(len(f))]), y)[0][:-1]


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda f, y: -np.linalg.lstsq(f, y)[0], "nearly", "sign"),
        (lambda f, y: f.T @ y / len(y), "nearly", "the gradient, mean"),
        (lambda f, y: f.T @ y, "nearly", "N times the gradient"),
        (lambda f, y: np.linalg.solve(f.T @ f / len(y), f.T @ y), "nearly", "too large"),
        (lambda f, y: np.linalg.solve(f.T @ f, f.T @ y / len(y)), "nearly", "too small"),
        (each_by_itself, "nearly", "by itself"),
        (with_intercept, "nearly", "intercept"),
        (lambda f, y: np.linalg.lstsq(f, y), "nearly", "take its [0]"),
        (deterministic.compatible_weights, "nearly", "the course's own"),
        (lambda f, y: compatible_weights(f, y), "nearly", "the course's own"),
        (lambda f, y: deterministic.compatible_weights(f, y), "nearly", "the course's own"),
        (lambda f, y: (f, [y]), "wrong", "expected an array of numbers"),
        (lambda f, y: f @ np.linalg.lstsq(f, y)[0], "wrong", "one weight for each parameter"),
        (lambda f, y: np.ones(f.shape[1]), "wrong", "expected the least one"),
        (lambda f, y: np.full(f.shape[1], np.nan), "wrong", "expected the least one"),
        (lambda f: f, "wrong", "TypeError"),
        (lambda f, y: ..., "waiting", "three dots"),
        (lambda f, y: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_fit_has_its_own_answer(answer, tone, named):
    says(check_compatible(answer), tone, named)
