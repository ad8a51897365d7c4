"""Notebook 11's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked

from pgcourse.exercises import check_clipped_score, check_correction, check_exploration, check_gaussian_score
from pgcourse.exercises.nb11_continuous_actions import CORRECTION
from pgcourse.lqr import LQR, cost_matrix, exploration_gradient

ANSWERS = {key: matters for key, (matters, _) in CORRECTION.items()}


def score(a, mu, sigma):
    z = (a - mu) / sigma
    return z / sigma, z**2 - 1


def exploration(P, B, R, gamma, sigma):
    return -2 * sigma**2 * (R + gamma * B**2 * P) / (1 - gamma)


RIGHT = {
    "gaussian_score": Asked(check_gaussian_score, score),
    "exploration": Asked(check_exploration, exploration),
    "clipped_score": Asked(check_clipped_score, "B"),
    "correction": Asked(check_correction, ANSWERS),
}


def of(of_mu=None, of_log_sigma=None):
    """The right scores, but one of the two as a function of z and σ."""

    def my_score(a, mu, sigma):
        z, right = (a - mu) / sigma, score(a, mu, sigma)
        return (of_mu(z, sigma) if of_mu else right[0], of_log_sigma(z, sigma) if of_log_sigma else right[1])

    return my_score


@pytest.mark.parametrize("answer", [
    lambda a, mu, sigma: ((a - mu) / sigma**2, (a - mu) ** 2 / sigma**2 - 1),
    lambda a, mu, sigma: np.array(score(a, mu, sigma)),
    lambda a, mu, sigma: [[float(x) for x in part] for part in score(a, mu, sigma)],
], ids=["spelled out", "one array", "lists"])  # fmt: skip
def test_the_scores_are_right_in_other_spellings(answer):
    assert check_gaussian_score(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (of(of_mu=lambda z, sigma: -z / sigma), "nearly", "wrong sign: where a > μ"),
        (of(of_mu=lambda z, sigma: z), "nearly", "divide by σ once"),
        (of(of_mu=lambda z, sigma: z * sigma), "nearly", "lost its 1/σ²"),
        (of(of_mu=lambda z, sigma: z / sigma / 2), "nearly", "a factor ½"),
        (of(of_mu=lambda z, sigma: -z), "nearly", "only one 1/σ"),
        (of(of_mu=lambda z, sigma: np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * z / sigma**2), "nearly", "∂π/∂μ"),
        (of(of_mu=lambda z, sigma: z**2 / sigma), "nearly", "z times the slope of z"),
        (of(of_log_sigma=lambda z, sigma: z**2), "nearly", "The −1 is missing"),
        (of(of_log_sigma=lambda z, sigma: (z**2 - 1) / sigma), "nearly", "∂log π/∂σ. For log σ"),
        (of(of_log_sigma=lambda z, sigma: (z**2 - 1) / 2), "nearly", "log σ²"),
        (of(of_log_sigma=lambda z, sigma: 1 - z**2), "nearly", "asks for more noise"),
        (of(of_log_sigma=lambda z, sigma: z - 1), "nearly", "must be squared"),
        (of(of_log_sigma=lambda z, sigma: z**2 / 2 - 1), "nearly", "two factors 1/σ"),
        (of(of_log_sigma=lambda z, sigma: -(z**2) - 1), "nearly", "The first sign"),
        (of(of_log_sigma=lambda z, sigma: z**2 + 1), "nearly", "The second sign"),
        (of(of_log_sigma=lambda z, sigma: z**2 - sigma), "nearly", "not −σ"),
        (of(of_log_sigma=lambda z, sigma: z**2 / sigma), "nearly", "a part of"),
        (of(of_log_sigma=lambda z, sigma: (z * sigma) ** 2 - 1), "nearly", "before you square"),
        (lambda a, mu, sigma: score(a, mu, sigma)[::-1], "nearly", "changed places"),
        (of(of_mu=lambda z, sigma: 0 * z), "wrong", "Your ∂log π/∂μ is 0 at a = "),
        (of(of_log_sigma=lambda z, sigma: z[:2]), "wrong", "expected (6,): one number for each action"),
        (lambda a, mu, sigma: a, "wrong", "expected two things"),
        (lambda a, mu, sigma: (..., ...), "waiting", "three dots"),
    ],
)
def test_each_wrong_score_has_its_own_answer(answer, tone, said):
    verdict = check_gaussian_score(answer)
    assert verdict.tone == tone, verdict
    assert said in verdict.message


def test_the_right_slope_in_log_sigma_is_the_course_s_own():
    boat = LQR(A=0.9, B=0.4, Q=1, R=0.3, W=0.1, mu_0=1, Sigma_0=0.5, gamma=0.8)
    P = cost_matrix(boat, -0.5).item()
    assert exploration(P, 0.4, 0.3, 0.8, 0.6) == pytest.approx(exploration_gradient(boat, -0.5, 0.6))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda P, B, R, gamma, sigma: -exploration(P, B, R, gamma, sigma), "sign"),
        (lambda P, B, R, gamma, sigma: exploration(P, B, R, gamma, sigma) / 2, "factor 2"),
        (lambda P, B, R, gamma, sigma: -exploration(P, B, R, gamma, sigma) / 2, "Two things"),
        (lambda P, B, R, gamma, sigma: -2 * sigma**2 * (R + gamma * B**2 * P) / 1 - gamma, "brackets"),
        (lambda P, B, R, gamma, sigma: exploration(P, B, R, gamma, sigma) / sigma, "That is ∂J/∂σ."),
        (lambda P, B, R, gamma, sigma: -exploration(P, B, R, gamma, sigma) / sigma, "∂c/∂σ"),
        (lambda P, B, R, gamma, sigma: exploration(P, B, R, gamma, 1), "has vanished"),
        (lambda P, B, R, gamma, sigma: exploration(P, B, R, gamma, 1) / 2, "∂J/∂σ²"),
        (lambda P, B, R, gamma, sigma: exploration(P, B, R, gamma, sigma) * (1 - gamma), "every step to come"),
        (lambda P, B, R, gamma, sigma: exploration(0, B, R, gamma, sigma), "also moves"),
        (lambda P, B, R, gamma, sigma: exploration(P / gamma, B, R, gamma, sigma), "γ is missing"),
        (lambda P, B, R, gamma, sigma: exploration(P / B, B, R, gamma, sigma), "B must be squared"),
        (lambda P, B, R, gamma, sigma: exploration(P, 1, R, gamma, sigma), "B² is missing"),
    ],
)
def test_each_wrong_slope_in_log_sigma_has_its_own_answer(answer, said):
    verdict = check_exploration(answer)
    assert verdict.tone == "nearly", verdict
    assert said in verdict.message


def test_other_slopes_are_told_where_and_what():
    assert "expected" in check_exploration(lambda P, B, R, gamma, sigma: -7.0).message
    assert check_exploration(lambda *given: "x").tone == "wrong"


@pytest.mark.parametrize(("answer", "said"), [("A", "what was drawn"), ("C", "baseline")])
def test_an_innocent_estimate_is_defended(answer, said):
    verdict = check_clipped_score(answer)
    assert verdict.tone == "wrong"
    assert said in verdict.message


@pytest.mark.parametrize("key", CORRECTION)
def test_each_wrong_word_on_the_correction_is_met_with_a_question(key):
    verdict = check_correction(ANSWERS | {key: not ANSWERS[key]})
    assert verdict.tone == "nearly"
    assert CORRECTION[key][1] in verdict.message


def test_the_correction_in_words_half_made_and_in_others():
    assert check_correction({key: "yes" if matters else "No" for key, matters in ANSWERS.items()})
    assert check_correction(ANSWERS | {"ratio": ...}).tone == "waiting"
    assert "expected True or False" in check_correction(ANSWERS | {"ratio": "perhaps"}).message
    assert check_correction(dict.fromkeys(ANSWERS, True)).tone == "wrong"
