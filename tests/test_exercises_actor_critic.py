"""Notebook 08's checks: right answers pass, usual mistakes are named, rubbish and silence are taken with patience."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse.exercises import (
    check_best_baseline,
    check_biased_update,
    check_gae,
    check_one_step_error,
    check_tradeoff,
)
from pgcourse.exercises.actor_critic import DELTA, ENDED, TRADEOFF
from pgcourse.returns import gae
from pgcourse.trajectories import Stream

RUBBISH = [None, "π", [], 1j, float("nan"), True, np.array([1.0, 2.0]), object()]
PREDICTIONS = {key: word for key, (word, _) in TRADEOFF.items()}


def baseline(answer):
    return check_best_baseline(answer, p=0.8, q=(2, -1))


CHECKS = [check_one_step_error, check_gae, baseline, check_biased_update, check_tradeoff]


@pytest.mark.parametrize("check", CHECKS)
def test_an_unanswered_exercise_waits_and_says_so(check):
    assert check(...).tone == "waiting"
    assert "three dots" in check(...).message


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("answer", RUBBISH, ids=repr)
def test_rubbish_is_told_what_was_expected(check, answer):
    verdict = check(answer)
    assert verdict.tone == "wrong"
    assert "expected" in verdict.message


# The TD error


@pytest.mark.parametrize(
    "answer",
    [
        lambda r, v, v2, g, term, trunc: r + g * np.where(term, 0, v2) - v,
        lambda r, v, v2, g, term, trunc: r + g * (1 - term) * v2 - v,
        lambda r, v, v2, g, term, trunc: [x + g * z * (not e) - y for x, y, z, e in zip(r, v, v2, term, strict=True)],
    ],
)
def test_the_td_error_is_right_in_any_of_its_spellings(answer):
    assert check_one_step_error(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda r, v, v2, g, e, c: r + g * v2 * ~(e | c) - v, "nearly", "`done` for `terminated`"),
        (lambda r, v, v2, g, e, c: r + g * v2 - v, "nearly", "nothing follows"),
        (lambda r, v, v2, g, e, c: r + g * v2 * ~c - v, "nearly", "where a time limit cut"),
        (lambda r, v, v2, g, e, c: r + v2 * ~e - v, "nearly", "γ is missing"),
        (lambda r, v, v2, g, e, c: v - r - g * v2 * ~e, "nearly", "sign"),
        (lambda r, v, v2, g, e, c: r + g * v2 * ~e, "nearly", "v(s) is missing"),
        (lambda r, v, v2, g, e, c: r + g * v * ~e - v2, "nearly", "changed places"),
        (lambda r, v, v2, g, e, c: g * (r + v2 * ~e) - v, "nearly", "r is paid at once"),
        (lambda r, v, v2, g, e, c: r + g * (v2 * ~e - v), "nearly", "not to v(s)"),
        (lambda r, v, v2, g, e, c: (r + g * v2) * ~e - v, "nearly", "last reward is paid"),
        (lambda r, v, v2, g, e, c: (r + g * v2 - v) * ~e, "nearly", "only v(s') is left out"),
        (lambda r, v, v2, g, e, c: r + g * v2 * e - v, "nearly", "wrong way round"),
        (lambda r, v, v2, g, e, c: g * v2 * ~e - v, "nearly", "r is missing"),
        (lambda r, v, v2, g, e, c: r + g * g * v2 * ~e - v, "wrong", "At step 0"),
        (lambda r, v, v2, g, e, c: 1.0, "wrong", "expected (6,)"),
        (lambda r, v, v2, g, e, c: "δ", "wrong", "expected an array"),
        (lambda r, v, v2, g, e, c: r * np.nan, "wrong", "finite"),
        (lambda r: r, "wrong", "TypeError"),
        (lambda r, v, v2, g, e, c: ..., "waiting", "three dots"),
        (lambda r, v, v2, g, e, c: None, "waiting", "three dots"),
    ],
)
def test_each_wrong_td_error_has_its_own_answer(answer, tone, named):
    verdict = check_one_step_error(answer)
    assert verdict.tone == tone
    assert named in verdict.message


def test_a_function_that_writes_into_its_arguments_spoils_nothing():
    def spoils(r, v, v_next, gamma, terminated, truncated):
        v_next[terminated] = 0
        return r + gamma * v_next - v

    assert check_one_step_error(spoils)
    assert check_one_step_error(spoils)


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
        (backward(lambda g, lam, e, t, T: g * lam * e[t]), "nearly", "wrong way round"),
        (lambda delta, g, lam, e: right_gae(delta, g, lam, e)[::-1], "nearly", "reversed order"),
        (lambda delta, g, lam, e: (1 - lam) * right_gae(delta, g, lam, e), "nearly", "1 − λ"),
        (lambda delta, g, lam, e: delta + g * lam * ~e * np.append(delta[1:], 0), "nearly", "Only one step"),
        (lambda delta, g, lam, e: delta**2, "wrong", "At step 0"),
        (lambda delta, g, lam, e: delta[:3], "wrong", "expected (8,)"),
        (lambda delta: delta, "wrong", "TypeError"),
        (lambda delta, g, lam, e: ..., "waiting", "three dots"),
    ],
)
def test_each_wrong_gae_has_its_own_answer(answer, tone, named):
    verdict = check_gae(answer)
    assert verdict.tone == tone
    assert named in verdict.message


def test_the_stream_has_an_end_within_one_before_the_last_and_none_at_its_edge():
    assert ENDED.any()
    assert not ENDED[-1]
    assert len(DELTA) == len(ENDED)


# The best baseline


@pytest.mark.parametrize(
    "answer",
    [-0.4, np.float64(-0.4), np.array([-0.4]), 0.2 * 2 - 0.8, lambda p, q1, q2: (1 - p) * q1 + p * q2],
)
def test_the_best_baseline_is_right_in_any_of_its_spellings(answer):
    assert baseline(answer)


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
    verdict = baseline(answer)
    assert verdict.tone == tone
    assert named in verdict.message


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
    verdict = check_biased_update(answer)
    assert verdict.tone == "wrong"
    assert named in verdict.message


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
    assert "expected a dictionary" in check_tradeoff({"bias": "up"}).message
