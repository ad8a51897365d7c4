"""Notebook 17's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import (
    check_actor_gradient,
    check_forgotten,
    check_soft_update,
    check_stored_action,
    check_td_target,
    check_time_limit,
)


def target(r, s_next, terminated, truncated, gamma, mu_target, q_target):
    return r + gamma * (1 - terminated) * q_target(s_next, mu_target(s_next))


def gradient(theta, phi, half, slope):
    y = np.tanh(phi @ theta)
    return (slope(half * y) * half * (1 - y**2)) @ phi / len(phi)


def soft_update(w_target, w, tau):
    return w_target + tau * (w - w_target)


RIGHT = {
    "td_target": Asked(check_td_target, target),
    "actor_gradient": Asked(check_actor_gradient, gradient),
    "soft_update": Asked(check_soft_update, soft_update, pure=True),
    "forgotten": Asked(check_forgotten, 6931),
    "time_limit": Asked(check_time_limit, -40.2),
    "stored_action": Asked(check_stored_action, "A"),
}


def of_q(formula):
    """A target that is this function of r, γ, Q', terminated and truncated (0 or 1)."""

    def my_target(r, s_next, terminated, truncated, gamma, mu_target, q_target):
        return formula(r, gamma, q_target(s_next, mu_target(s_next)), terminated * 1, truncated * 1)

    return my_target


def where_it_goes_on(r, s_next, terminated, truncated, gamma, mu_target, q_target):
    y, on = r.copy(), ~terminated
    y[on] += gamma * q_target(s_next[on], mu_target(s_next[on]))
    return y


def row_by_row(r, s_next, terminated, truncated, gamma, mu_target, q_target):
    each = [target(*(x[k : k + 1] for x in (r, s_next, terminated, truncated)), gamma, mu_target, q_target)
            for k in range(len(r))]  # fmt: skip
    return np.concatenate(each)


@pytest.mark.parametrize(
    "answer",
    [
        where_it_goes_on,
        row_by_row,
        of_q(lambda r, gamma, q, end, cut: np.where(end, r, r + gamma * q)),
        of_q(lambda r, gamma, q, end, cut: [float(x) for x in r + gamma * (q - end * q)]),
        of_q(lambda r, gamma, q, end, cut: (r + gamma * (1 - end) * q)[:, None]),
    ],
    ids=["masked", "rows", "where", "list", "a column"],
)
def test_the_target_is_right_in_other_spellings(answer):
    assert check_td_target(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (of_q(lambda r, g, q, end, cut: r + g * (1 - end) * (1 - cut) * q), "nearly", "A time limit is no end"),
        (of_q(lambda r, g, q, end, cut: r + g * (1 - cut) * q), "nearly", "changed places"),
        (of_q(lambda r, g, q, end, cut: r + g * q), "nearly", "After an end nothing follows"),
        (of_q(lambda r, g, q, end, cut: (1 - end) * (r + g * q)), "nearly", "The reward of the last step"),
        (of_q(lambda r, g, q, end, cut: (1 - end) * (1 - cut) * (r + g * q)), "nearly", "is always paid"),
        (of_q(lambda r, g, q, end, cut: r + (1 - end) * q), "nearly", "γ is missing"),
        (of_q(lambda r, g, q, end, cut: r + g * end * q), "nearly", "The other way round"),
        (of_q(lambda r, g, q, end, cut: r + g * np.maximum(end, cut) * q), "nearly", "The other way round"),
        (
            of_q(lambda r, g, q, end, cut: np.where(cut, r + g * q, np.where(end, r, r + g * q))),
            "nearly",
            "Where both are true",
        ),
        (of_q(lambda r, g, q, end, cut: r + 9 * end * cut), "wrong", "that is terminated and truncated, y is"),
        (of_q(lambda r, g, q, end, cut: r - g * (1 - end) * q), "nearly", "Q' is added"),
        (of_q(lambda r, g, q, end, cut: g * (1 - end) * q), "nearly", "r is missing"),
        (of_q(lambda r, g, q, end, cut: g * (r + (1 - end) * q)), "nearly", "r is paid now"),
        (lambda r, s, end, cut, g, mu, q: r + g * (1 - end) * q(s, 0 * mu(s)), "nearly", "mu_target(s_next)"),
        (lambda r, s, end, cut, g, mu, q: r + g * q(s, mu(s)[:, 0]), "wrong", "expected (8, 1)"),
        (lambda r, s, end, cut, g, mu, q: r + g * q(s[0], mu(s)), "wrong", "expected rows of s_next"),
        (of_q(lambda r, g, q, end, cut: r[:, None] + g * q), "wrong", "shape (8, 8), expected (8,)"),
        (of_q(lambda r, g, q, end, cut: 0 * r + 1), "wrong", "you have 1"),
    ],
)
def test_each_wrong_target_has_its_own_answer(answer, tone, words):
    says(check_td_target(answer), tone, words)


def of_chain(formula):
    """A gradient that is this function of the slope's function, tanh(φθ), half and φ."""
    return lambda theta, phi, half, slope: formula(slope, np.tanh(phi @ theta), half, phi)


def mean(weights, phi):
    return weights @ phi / len(phi)


@pytest.mark.parametrize(
    "answer",
    [
        of_chain(lambda slope, y, half, phi: np.mean((slope(half * y) * half * (1 - y**2))[:, None] * phi, axis=0)),
        lambda theta, phi, half, slope: (
            phi.T @ (slope(half * np.tanh(phi @ theta)) * half / np.cosh(phi @ theta) ** 2) / len(phi)
        ),
    ],
    ids=["mean", "cosh"],
)
def test_the_actor_s_gradient_is_right_in_other_spellings(answer):
    assert check_actor_gradient(answer)


def test_the_actor_s_gradient_is_that_of_the_mean_of_q():
    """By differences of a Q that is written down here."""
    rng = np.random.default_rng(3)
    phi, theta, wanted = rng.standard_normal((9, 4)), rng.standard_normal(4), rng.standard_normal(9)

    def mean_q(theta):
        return np.mean(-((2 * np.tanh(phi @ theta) - wanted) ** 2))

    differences = [(mean_q(theta + h) - mean_q(theta - h)) / 2e-5 for h in 1e-5 * np.eye(4)]
    own = gradient(theta, phi, 2.0, lambda a: -2 * (a - wanted))
    np.testing.assert_allclose(own, differences, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (lambda slope, y, half, phi: mean(slope(half * y) * (1 - y**2), phi), "has the factor `half`"),
        (lambda slope, y, half, phi: mean(slope(y) * (1 - y**2), phi), "goes to ±1 only"),
        (lambda slope, y, half, phi: mean(slope(y) * half * (1 - y**2), phi), "the slope at tanh"),
        (lambda slope, y, half, phi: mean(slope(half * y) * half, phi), "The slope of tanh is missing"),
        (lambda slope, y, half, phi: mean(slope(half * y), phi), "The slope of the action is missing"),
        (lambda slope, y, half, phi: mean(slope(np.arctanh(y)), phi), "yours is linear"),
        (lambda slope, y, half, phi: mean(slope(half * y) * half * (1 - (half * y) ** 2), phi), "you square half"),
        (lambda slope, y, half, phi: mean(slope(half * y) * half * (1 - y), phi), "the square is missing"),
        (lambda slope, y, half, phi: mean(slope(0 * y) * half * (1 - y**2), phi), "the slope at a = 0"),
        (lambda slope, y, half, phi: (slope(half * y) * half * (1 - y**2)) @ phi, "the sum over the batch"),
        (lambda slope, y, half, phi: mean(slope(half * y) * half * (1 - y**2), phi) / len(phi), "twice"),
        (lambda slope, y, half, phi: -mean(slope(half * y) * half * (1 - y**2), phi), "climbs Q"),
        (lambda slope, y, half, phi: mean(slope(2 * y) * 2 * (1 - y**2), phi), "Is the argument half used?"),
        (lambda slope, y, half, phi: mean(slope(half * y) * 2 * (1 - y**2), phi), "Is the argument half used?"),
    ],
)
def test_each_wrong_gradient_has_its_own_answer(formula, words):
    says(check_actor_gradient(of_chain(formula)), "nearly", words)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (lambda slope, y, half, phi: slope(half * y)[:, None] * phi, "Sum over the states"),
        (lambda slope, y, half, phi: slope((half * y)[:2]), "one for each state"),
        (lambda slope, y, half, phi: 0 * phi[0], "Differences of Q say so"),
    ],
)
def test_what_is_no_gradient_is_told(formula, words):
    says(check_actor_gradient(of_chain(formula)), "wrong", words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda old, w, tau: (1 - tau) * w + tau * old, "τ is on the wrong net"),
        (lambda old, w, tau: old + tau * (old - old), "stays where it is for ever"),
        (lambda old, w, tau: w, "τ = 1"),
        (lambda old, w, tau: old + tau * w, "Something must leave"),
        (lambda old, w, tau: tau * w, "the new part only"),
        (lambda old, w, tau: (1 - tau) * old, "the old part only"),
        (lambda old, w, tau: old - tau * (w - old), "moves away"),
        (lambda old, w, tau: (old + w) / 2, "Use tau"),
    ],
)
def test_each_wrong_soft_update_has_its_own_answer(answer, words):
    says(check_soft_update(answer), "nearly", words)


def test_a_soft_update_that_writes_into_a_network_is_told():
    def in_place(w_target, w, tau):
        w_target += tau * (w - w_target)
        return w_target

    says(check_soft_update(in_place), "nearly", "writes over w_target")
    assert check_soft_update(lambda old, w, tau: (1 - tau) * old + tau * w)
    says(check_soft_update(lambda old, w, tau: 0.0), "wrong", "expected (5,)")
    says(check_soft_update(lambda old, w, tau: 0 * w), "wrong", "of the new w' is")


@pytest.mark.parametrize("answer", [6931, 6931.1, 6932])
def test_the_half_life_may_be_rounded(answer):
    assert check_forgotten(answer)
    assert (1 - 0.005 * 0.02) ** answer == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("answer", [6930, 6900, 7000])
def test_a_half_life_to_two_digits_is_right(answer):
    assert check_forgotten(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (139, "nearly", "a critic that stands still"),
        (35, "nearly", "no τ in it"),
        (10_000, "nearly", "a share 1/e"),
        (5_000, "nearly", "of what is *left*"),
        (141, "nearly", "τ(1−γ), not τγ"),
        (20_000, "wrong", "a share 0.135 is left"),
        (-3, "wrong", "for n."),
        ("x", "wrong", "a number of updates"),
    ],
)
def test_each_wrong_half_life_has_its_own_answer(answer, tone, words):
    says(check_forgotten(answer), tone, words)


@pytest.mark.parametrize("answer", [-40.2, -40, -1 / (1 - 0.98 * 199 / 200)])
def test_the_shrunk_value_may_be_rounded(answer):
    assert check_time_limit(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (40.2, "nearly", "Each step pays −1"),
        (-50, "nearly", "That is the truth"),
        (-49.12, "nearly", "from the *first* one on"),
        (-49.75, "nearly", "counts the false end once"),
        (-200, "nearly", "no γ in it"),
        (-30, "wrong", "Solve it for Q"),
    ],
)
def test_each_wrong_shrunk_value_has_its_own_answer(answer, tone, words):
    says(check_time_limit(answer), tone, words)


@pytest.mark.parametrize(("answer", "words"), [("B", "the actor's own action"), ("C", "1/N as long")])
def test_an_innocent_step_is_defended(answer, words):
    says(check_stored_action(answer), "wrong", words)
