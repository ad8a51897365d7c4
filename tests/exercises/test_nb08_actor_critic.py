"""Notebook 08's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from verdicts import says

from pgcourse.exercises import (
    check_best_baseline,
    check_biased_update,
    check_gae,
    check_step,
    check_tradeoff,
)
from pgcourse.exercises.nb08_actor_critic import DELTA, ENDED, TRADEOFF
from pgcourse.returns import gae
from pgcourse.trajectories import Stream

PREDICTIONS = {key: word for key, (word, _) in TRADEOFF.items()}


def baseline(answer):
    return check_best_baseline(answer, p=0.8, q=(2, -1))


# One step


def step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
    delta = r + gamma * (0 if terminated else w[s_next]) - w[s]
    new_w = w.copy()
    new_w[s] += alpha_w * delta
    return theta + alpha * discount * delta * score, new_w


def in_place(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
    delta = r + gamma * (1 - terminated) * w[s_next] - w[s]
    theta += alpha * discount * delta * score
    w[s] += alpha_w * delta
    return [theta, w]


def with_lists(theta, w, *rest):
    new_theta, new_w = step(theta, w, *rest)
    return new_theta.tolist(), new_w.tolist()


@pytest.mark.parametrize("answer", [step, in_place, with_lists])
def test_a_step_is_right_in_any_of_its_spellings_and_twice(answer):
    assert check_step(answer)
    assert check_step(answer)


def changed(**changes):
    """The right step on arguments that are not as they should be."""

    def my_step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
        given = {"terminated": terminated, "discount": discount, "gamma": gamma, "alpha": alpha, "alpha_w": alpha_w}
        given |= {name: change(given) for name, change in changes.items()}
        return step(theta, w, score, s, r, s_next, **given)

    return my_step


def moved_first(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
    on = not terminated
    w[s] += alpha_w * (r + gamma * on * w[s_next] - w[s])
    return theta + alpha * discount * (r + gamma * on * w[s_next] - w[s]) * score, w


def parts(theta, w, s, r, s_next, terminated, gamma):
    target = r + gamma * (not terminated) * w[s_next]
    return target, target - w[s]


def pair(actor, critic):
    """A step whose weights of the actor and of the critic are functions of target, δ, r and γᵗ."""

    def my_step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
        target, delta = parts(theta, w, s, r, s_next, terminated, gamma)
        w[s] += alpha_w * critic(target, delta, r, discount)
        return theta + alpha * actor(target, delta, r, discount) * score, w

    return my_step


def through(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
    _, delta = parts(theta, w, s, r, s_next, terminated, gamma)
    w[s] += alpha_w * delta
    w[s_next] -= alpha_w * delta * gamma * (not terminated)
    return theta + alpha * discount * delta * score, w


def of_w(new):
    """A step whose w is a function of w, s, s' and α_w δ."""

    def my_step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
        _, delta = parts(theta, w, s, r, s_next, terminated, gamma)
        return theta + alpha * discount * delta * score, new(w, s, s_next, alpha_w * delta)

    return my_step


def of_score(change):
    """The right step with another score."""
    return lambda theta, w, score, *rest: step(theta, w, change(score), *rest)


def of_delta(error):
    """A step whose δ is a function of r, v(s), v(s'), of whether it goes on, of γ and γᵗ."""

    def my_step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
        delta = error(r, w[s], w[s_next], not terminated, gamma, discount)
        w[s] += alpha_w * delta
        return theta + alpha * discount * delta * score, w

    return my_step


def with_tilde(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, on ~ of a bool
        delta = r + gamma * w[s_next] * ~terminated - w[s]
    w[s] += alpha_w * delta
    return theta + alpha * discount * delta * score, w


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (changed(terminated=lambda given: False), "nearly", "nothing follows"),
        (changed(gamma=lambda given: 1.0), "nearly", "γ is missing"),
        (changed(discount=lambda given: 1.0), "nearly", "γᵗ is missing"),
        (pair(lambda g, d, r, c: c * d, lambda g, d, r, c: c * d), "nearly", "the actor alone"),
        (pair(lambda g, d, r, c: d, lambda g, d, r, c: c * d), "nearly", "wrong step"),
        (pair(lambda g, d, r, c: c * d, lambda g, d, r, c: -d), "nearly", "The critic goes the wrong way"),
        (pair(lambda g, d, r, c: -c * d, lambda g, d, r, c: d), "nearly", "downhill"),
        (pair(lambda g, d, r, c: c * g, lambda g, d, r, c: d), "nearly", "without the baseline"),
        (pair(lambda g, d, r, c: c * r, lambda g, d, r, c: d), "nearly", "short-sighted"),
        (moved_first, "nearly", "has moved before"),
        (
            changed(alpha=lambda given: given["alpha_w"], alpha_w=lambda given: given["alpha"]),
            "nearly",
            "changed places",
        ),
        (changed(alpha_w=lambda given: given["alpha"]), "nearly", "its own"),
        (changed(alpha_w=lambda given: 1.0), "nearly", "critic's step size is missing"),
        (changed(alpha=lambda given: 1.0), "nearly", "actor's step size is missing"),
        (through, "nearly", "differentiate through the target"),
        (of_w(lambda w, s, s_next, by: w + by), "nearly", "All of w moves"),
        (of_w(lambda w, s, s_next, by: w), "nearly", "w does not move"),
        (of_w(lambda w, s, s_next, by: w + by * np.eye(len(w))[s_next]), "nearly", "w[s_next] moves"),
        (of_w(lambda w, s, s_next, by: np.where(np.arange(len(w)) == s, by, w)), "nearly", "is replaced"),
        (pair(lambda g, d, r, c: -c * d, lambda g, d, r, c: -d), "nearly", "The sign of δ"),
        (of_score(np.ones_like), "nearly", "∇log π is missing"),
        (of_score(lambda score: 0.9 * score), "nearly", "γᵗ⁺¹"),  # γ is 0.9
        (of_delta(lambda r, v, then, on, g, c: r + g * then - v if on else r), "nearly", "still taken off"),
        (of_delta(lambda r, v, then, on, g, c: r + g * then - v if on else 0), "nearly", "δ is not 0"),
        (changed(terminated=lambda given: not given["terminated"]), "nearly", "the wrong way round"),
        (
            of_delta(lambda r, v, then, on, g, c: r + g * then * (-1 if on else -2) - v),
            "nearly",
            "write `not terminated`",
        ),
        (with_tilde, "nearly", "`~` of a plain True or False is −2 or −1"),
        (of_delta(lambda r, v, then, on, g, c: r + c * on * then - v), "nearly", "where γ belongs"),
        (changed(alpha=lambda given: 7.0), "wrong", "new theta is not"),
        (changed(alpha_w=lambda given: 7.0), "wrong", "new w is not"),
        (lambda theta, w, *rest: theta, "wrong", "expected two things"),
        (lambda theta, w, *rest: (w, theta), "wrong", "expected those of theta and w"),
        (lambda theta, w, *rest: ("θ", "w"), "wrong", "Your theta is 'θ', expected an array"),
        (lambda theta: theta, "wrong", "TypeError"),
        (lambda *args: (..., ...), "waiting", "three dots"),
        (lambda *args: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_step_has_its_own_answer(answer, tone, named):
    says(check_step(answer), tone, named)


# GAE


def backward(carry, order=-1):
    """my_gae with another rule for what is passed on: carry(gamma, lam, ended, t, T)."""

    def my_gae(delta, gamma, lam, ended):
        A, after, T = np.zeros(len(delta)), 0.0, len(delta)
        for t in range(T)[::order]:
            A[t] = after = delta[t] + carry(gamma, lam, ended, t, T) * after
        return A

    return my_gae


def right_gae(delta, gamma, lam, ended):
    return backward(lambda g, lam, e, t, T: g * lam * (not e[t]))(delta, gamma, lam, ended)


def test_gae_is_right_by_its_loop_by_its_sum_and_as_the_course_has_it():
    def by_sum(delta, gamma, lam, ended):
        ends = [next((k for k in range(t, len(delta)) if ended[k]), len(delta) - 1) for t in range(len(delta))]
        return [sum((gamma * lam) ** (k - t) * delta[k] for k in range(t, end + 1)) for t, end in enumerate(ends)]

    def by_course(delta, gamma, lam, ended):
        z = np.zeros((1, len(delta)))
        steps = Stream(z, z, z, z, ended[None], z > 0, z == 0)
        return gae(steps, delta[None], gamma, lam)[0]

    for answer in (right_gae, by_sum, by_course):
        assert check_gae(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (backward(lambda g, lam, e, t, T: g * lam), "nearly", "leak"),
        (
            backward(lambda g, lam, e, t, T: g * lam * (t == 0 or not e[t - 1]), 1),
            "nearly",
            "runs forward in time: A_t",
        ),
        (backward(lambda g, lam, e, t, T: g * lam, 1), "nearly", "across the ends"),
        (backward(lambda g, lam, e, t, T: g * (not e[t])), "nearly", "λ is missing"),
        (backward(lambda g, lam, e, t, T: lam * (not e[t])), "nearly", "γ is missing"),
        (backward(lambda g, lam, e, t, T: (g + lam) * (not e[t])), "nearly", "not added"),
        (backward(lambda g, lam, e, t, T: not e[t]), "nearly", "both missing"),
        (lambda delta, g, lam, e: delta, "nearly", "λ = 0"),
        (backward(lambda g, lam, e, t, T: g * lam * (t + 1 == T or not e[t + 1])), "nearly", "t + 1"),
        (backward(lambda g, lam, e, t, T: g * lam * (t == 0 or not e[t - 1])), "nearly", "t − 1"),
        (lambda delta, g, lam, e: right_gae(delta * ~e, g, lam, e), "nearly", "is lost"),
        (lambda delta, g, lam, e: right_gae(np.append(delta[:-1], 0), g, lam, e), "nearly", "of the batch is lost"),
        (backward(lambda g, lam, e, t, T: g * lam * e[t]), "nearly", "wrong way round"),
        (lambda delta, g, lam, e: right_gae(delta, g, lam, e)[::-1], "nearly", "reversed order"),
        (lambda delta, g, lam, e: (1 - lam) * right_gae(delta, g, lam, e), "nearly", "1 − λ"),
        (lambda delta, g, lam, e: delta + g * lam * ~e * np.append(delta[1:], 0), "nearly", "Only one step"),
        (lambda delta, g, lam, e: delta**2, "wrong", "At step "),
        (lambda delta, g, lam, e: delta[:3], "wrong", "expected (8,)"),
        (lambda delta: delta, "wrong", "TypeError"),
        (lambda delta, g, lam, e: ..., "waiting", "three dots"),
    ],
)
def test_each_wrong_gae_has_its_own_answer(answer, tone, named):
    says(check_gae(answer), tone, named)


def test_the_stream_has_an_end_within_one_before_the_last_and_none_at_its_edge():
    assert ENDED.any()
    assert not ENDED[-1]
    assert len(DELTA) == len(ENDED)


# The best baseline


def test_the_best_baseline_may_be_a_number_or_a_function():
    assert baseline(0.2 * 2 - 0.8)
    assert baseline(lambda p, q1, q2: (1 - p) * q1 + p * q2)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (1.4, "nearly", "v^π"),
        (0.5, "nearly", "p = ½ only"),
        (0, "nearly", "Without a baseline"),
        (2, "nearly", "larger q"),
        (0.4, "nearly", "sign"),
        (0.04 * 2 - 0.64, "nearly", "divided by their sum"),
        (17, "wrong", "variance is"),
        (lambda p, q1, q2: p * q1 + (1 - p) * q2, "nearly", "p, q₁, q₂ = (0.8, 2, -1): That is v^π"),
        (lambda p, q1, q2: -0.4, "wrong", "(0.3, -1.0, 2.0)"),
        (lambda p, q1, q2: "b", "wrong", "not a number"),
        (lambda p: p, "wrong", "TypeError"),
        (lambda p, q1, q2: ..., "waiting", "three dots"),
    ],
)
def test_each_wrong_baseline_has_its_own_answer(answer, tone, named):
    says(baseline(answer), tone, named)


def test_the_variance_that_is_told_is_that_of_the_two_estimates():
    p, (q_1, q_2), b = 0.8, (2, -1), 1.4
    estimates = np.array([(1 - p) * (q_1 - b), -p * (q_2 - b)])
    mean = p * estimates[0] + (1 - p) * estimates[1]
    variance = np.array([p, 1 - p]) @ (estimates - mean) ** 2
    assert f"variance is {variance:.4g}" in baseline(b).message


# The biased update


@pytest.mark.parametrize("answer", ["B", "b", " B "])
def test_the_biased_update_is_named(answer):
    assert check_biased_update(answer)


def test_the_biased_update_may_be_handed_in_itself():
    def B(tau):
        return tau

    assert check_biased_update(B)


@pytest.mark.parametrize(("answer", "named"), [("A", "λ = 1"), ("C", "every λ")])
def test_an_innocent_update_is_defended(answer, named):
    says(check_biased_update(answer), "wrong", named)
    says(check_biased_update(answer), "wrong", "Look at z_scores(A(tau), grad_J), and at those of B and C.")


# Bias and spread


def test_right_predictions_pass_in_other_words_too():
    assert check_tradeoff(PREDICTIONS)
    assert check_tradeoff({key: word.upper() for key, word in PREDICTIONS.items()})
    assert check_tradeoff({key: {"up": "rises", "down": "falls", "same": "stays"}[w] for key, w in PREDICTIONS.items()})


@pytest.mark.parametrize("key", TRADEOFF)
def test_each_wrong_prediction_is_met_with_a_question_of_its_own(key):
    wrong = {"up": "down", "down": "same", "same": "down"}[PREDICTIONS[key]]
    verdict = check_tradeoff(PREDICTIONS | {key: wrong})
    assert verdict.tone == "wrong"
    assert repr(key) in verdict.message
    assert TRADEOFF[key][1] in verdict.message


def test_predictions_half_made_wait_and_other_words_are_refused():
    key = next(iter(TRADEOFF))
    assert check_tradeoff(PREDICTIONS | {key: ...}).tone == "waiting"
    assert "expected 'up'" in check_tradeoff(PREDICTIONS | {key: "sideways"}).message
    assert "is missing; expected" in check_tradeoff({"bias": "up"}).message
