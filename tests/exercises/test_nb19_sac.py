"""Notebook 19's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import (
    check_paid_end,
    check_soft_target,
    check_squashed_log_pi,
    check_temperature,
    check_twice,
)
from pgcourse.gaussian import log_density, log_slope, squashed_log_density


def log_pi_of(correction):
    """A program that takes a correction, a function of u, off the Gaussian's log density."""
    return lambda u, mu, sigma: log_density(u, mu, sigma) - correction(u)


def correction(u):
    return np.log(4) - 2 * np.abs(u) - 2 * np.log1p(np.exp(-2 * np.abs(u)))


def target(r, q1, q2, log_pi, terminated, gamma, tau):
    return r + gamma * (1 - terminated) * (np.minimum(q1, q2) - tau * log_pi)


def step(log_tau, log_pi, target, rate):
    return log_tau - rate * (-np.mean(log_pi) - target)


RIGHT = {  # test_fair.py tries them in every form
    "squashed_log_pi": Asked(check_squashed_log_pi, log_pi_of(correction)),
    "twice": Asked(check_twice, "B"),
    "soft_target": Asked(check_soft_target, target),
    "temperature": Asked(check_temperature, step),
    "paid_end": Asked(check_paid_end, "F"),
}


@pytest.mark.parametrize("answer", [
    log_pi_of(lambda u: 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))),
    log_pi_of(lambda u: 2 * (np.log(2) - u - np.log(1 + np.exp(-2 * u)))),
    log_pi_of(lambda u: -2 * np.log(np.cosh(u))),
    log_pi_of(lambda u: np.log(4 / (np.exp(u) + np.exp(-u)) ** 2)),
], ids=["logaddexp", "softplus", "cosh", "exp"])  # fmt: skip
def test_log_pi_is_right_in_other_spellings(answer):
    assert check_squashed_log_pi(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (lambda u, mu, sigma: log_density(u, mu, sigma) - log_slope(u), "nearly", "`log_slope` has done it"),
        (squashed_log_density, "nearly", "`log_slope` has done it"),
        (log_density, "nearly", "the correction"),
        (log_pi_of(lambda u: -correction(u)), "nearly", "sign of the correction"),
        (log_pi_of(lambda u: correction(np.tanh(u))), "nearly", "tanh stands there twice"),
        (log_pi_of(lambda u: np.log(1 - np.tanh(u) ** 2 + 1e-6)), "nearly", "the truth is −16.6"),
        (log_pi_of(lambda u: np.log(1 - np.tanh(u) ** 2)), "nearly", "Right for small |u|. At u = 30"),
        (log_pi_of(lambda u: np.log(1 - np.tanh(u) ** 2 + 1e-7)), "nearly", "not small beside 1 − a²"),
        (log_pi_of(lambda u: np.log(1 - np.tanh(u) ** 2 + 1e-9)), "nearly", "not small beside 1 − a²"),
        (log_pi_of(lambda u: np.log(np.maximum(1 - np.tanh(u) ** 2, 1e-6))), "nearly", "not small beside 1 − a²"),
        (log_pi_of(lambda u: np.log(1 - np.tanh(u).clip(-1 + 1e-6, 1 - 1e-6) ** 2)), "nearly", "Right for small |u|"),
        (log_pi_of(lambda u: correction(u) / 2), "nearly", "not its root"),
        (log_pi_of(lambda u: np.log(4) - 2 * np.abs(u)), "nearly", "far out only"),
        (log_pi_of(lambda u: correction(u) + np.log1p(np.exp(-2 * np.abs(u)))), "nearly", "comes off twice"),
        (log_pi_of(lambda u: np.exp(correction(u))), "nearly", "not its logarithm"),
        (log_pi_of(lambda u: correction(u) - np.log(4)), "nearly", "log 4 is missing"),
        (log_pi_of(lambda u: correction(u) - np.log(2)), "nearly", "A log 2 is missing"),
        (lambda u, mu, sigma: log_density(np.tanh(u), mu, sigma) - correction(u), "nearly", "You ask it for a"),
        (lambda u, mu, sigma: log_density(np.tanh(u), mu, sigma), "nearly", "not of a; and"),
        (lambda u, mu, sigma: -correction(u), "nearly", "Only the correction"),
        (lambda u, mu, sigma: correction(u), "nearly", "comes off"),
        (lambda u, mu, sigma: np.exp(squashed_log_density(u, mu, sigma)), "nearly", "That is π."),
        (lambda u, mu, sigma: 0 * u, "wrong", "At u = 0.3"),
        (lambda u, mu, sigma: squashed_log_density(u, mu, sigma).sum(), "wrong", "one number for each action"),
        (lambda u, mu, sigma: ..., "waiting", "three dots"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_each_wrong_log_pi_has_its_own_answer(answer, tone, said):
    says(check_squashed_log_pi(answer), tone, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * alive * q, "The entropy to come is missing"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * alive * (q + tau * log_pi), "sign of log π"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * (alive * q - tau * log_pi), "take away the entropy, too"),
        (lambda r, q, log_pi, alive, gamma, tau: r + alive * (gamma * q - tau * log_pi), "γ stands before both"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * alive * q - tau * log_pi, "not after an end"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * (q - tau * log_pi), "Nothing is masked"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * (1 - alive) * (q - tau * log_pi), "wrong way round"),
        (lambda r, q, log_pi, alive, gamma, tau: r + alive * (q - tau * log_pi), "γ is missing"),
        (lambda r, q, log_pi, alive, gamma, tau: r + gamma * alive * (q - log_pi), "τ is missing"),
        (lambda r, q, log_pi, alive, gamma, tau: alive * (r + gamma * (q - tau * log_pi)), "The reward of the last"),
        (lambda r, q, log_pi, alive, gamma, tau: gamma * alive * (q - tau * log_pi), "The reward is missing"),
    ],
)
def test_each_wrong_target_has_its_own_answer(answer, said):
    def my_target(r, q1, q2, log_pi, terminated, gamma, tau):
        return answer(r, np.minimum(q1, q2), log_pi, 1 - terminated, gamma, tau)

    says(check_soft_target(my_target), "nearly", said)


@pytest.mark.parametrize(
    ("of_two", "said"),
    [
        (np.maximum, "not the larger"),
        (lambda q1, q2: (q1 + q2) / 2, "not their mean"),
        (lambda q1, q2: q1, "You take the first"),
        (lambda q1, q2: q2, "You take the second"),
        (lambda q1, q2: min(q1.min(), q2.min()), "np.minimum"),
    ],
)
def test_another_answer_of_the_two_critics_is_known(of_two, said):
    def my_target(r, q1, q2, log_pi, terminated, gamma, tau):
        return r + gamma * ~terminated * (of_two(q1, q2) - tau * log_pi)

    says(check_soft_target(my_target), "nearly", said)


def test_other_targets_are_told_where_and_what():
    says(check_soft_target(lambda r, *others: 0 * r), "wrong", "the target is")
    says(check_soft_target(lambda r, *others: r.sum()), "wrong", "one target for each transition")
    with_not = lambda r, q1, q2, log_pi, terminated, gamma, tau: np.where(  # noqa: E731
        terminated, r, r + gamma * (np.minimum(q1, q2) - tau * log_pi)
    )
    assert check_soft_target(with_not)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x, log_pi, target, rate: x + rate * (-log_pi.mean() - target), "τ must *fall*"),
        (lambda x, log_pi, target, rate: x - rate * abs(-log_pi.mean() - target), "with its sign"),
        (lambda x, log_pi, target, rate: x - rate * (log_pi.mean() - target), "*minus* log π"),
        (lambda x, log_pi, target, rate: x + rate * (log_pi.mean() - target), "One of these signs"),
        (lambda x, log_pi, target, rate: x - rate * (-log_pi.mean() + target), "One of these signs"),
        (lambda x, log_pi, target, rate: x + rate * log_pi.mean(), "The target is missing"),
        (lambda x, log_pi, target, rate: x - rate * (-log_pi - target).sum(), "not the sum"),
        (lambda x, log_pi, target, rate: -rate * (-log_pi.mean() - target), "That is the change"),
        (lambda x, log_pi, target, rate: x + rate * ((np.exp(log_pi) * log_pi).mean() + target), "with π once more"),
        (lambda x, log_pi, target, rate: x + rate * ((np.exp(log_pi) * log_pi).sum() + target), "with π once more"),
        (lambda x, log_pi, target, rate: x + rate * log_pi.mean() - target, "Brackets"),
        (lambda x, log_pi, target, rate: x - (-log_pi.mean() - target), "The rate is missing"),
        (lambda x, log_pi, target, rate: np.exp(step(x, log_pi, target, rate)), "That is the new τ."),
        (lambda x, log_pi, target, rate: np.exp(x) - rate * (-log_pi.mean() - target), "You step τ itself"),
        (lambda x, log_pi, target, rate: x - rate * np.exp(x) * (-log_pi.mean() - target), "a tiny τ still moves"),
    ],
)
def test_each_wrong_step_of_the_temperature_has_its_own_answer(answer, said):
    says(check_temperature(answer), "nearly", said)


def test_other_steps_are_told_where_and_what():
    says(check_temperature(lambda *given: 7.0), "wrong", "expected")
    says(check_temperature(lambda x, log_pi, target, rate: log_pi), "wrong", "expected one number")


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        (check_twice, "A", "another way to write"),
        (check_twice, "C", "log 2 is right"),
        (check_paid_end, "D", "as it stands"),
        (check_paid_end, "E", "τ log Σ"),
    ],
)
def test_an_innocent_program_is_defended(check, answer, said):
    says(check(answer), "wrong", said)
    assert "Look at" in check(answer).message
