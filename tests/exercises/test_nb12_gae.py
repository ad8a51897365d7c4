"""Notebook 12's checks: right answers pass, usual mistakes are named, with the exact number that convicts them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_blind_critics, check_enough_samples, check_gae_flags, check_wrong_mask
from pgcourse.exercises.nb12_gae import BLIND, GAMMA, HORIZON, LAM, lived
from pgcourse.returns import gae, td_errors
from pgcourse.trajectories import Stream

WORDS = {key: critic for key, (critic, _) in BLIND.items()}


def solved(r, v, v_next, terminated, truncated, gamma, lam):
    delta = r + gamma * v_next * ~terminated - v
    A, after = np.zeros(len(delta)), 0.0
    for t in reversed(range(len(delta))):
        A[t] = after = delta[t] + gamma * lam * (not (terminated[t] or truncated[t])) * after
    return A


def samples(answer):
    return check_enough_samples(answer, low=(0.6786, 64.1), high=(0.1307, 147.1))


RIGHT = {
    "gae_flags": Asked(check_gae_flags, solved),
    "enough_samples": Asked(samples, 187.2),
    "blind_critics": Asked(check_blind_critics, WORDS),
    "wrong_mask": Asked(check_wrong_mask, "C"),
}


# From how many samples on


@pytest.mark.parametrize("answer", [188, 187, 187.25, (147.1 - 64.1) / (0.6786**2 - 0.1307**2)])
def test_the_exact_number_and_its_whole_neighbours_are_right(answer):
    assert samples(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        ((147.1 - 64.1) / (0.6786 - 0.1307), "nearly", "Square the biases"),
        (((147.1**0.5 - 64.1**0.5) / (0.6786 - 0.1307)) ** 2, "nearly", "Squares add up"),
        ((147.1**0.5 - 64.1**0.5) / (0.6786**2 - 0.1307**2), "nearly", "standard deviations"),
        ((147.1**0.5 - 64.1**0.5) ** 2 / (0.6786**2 - 0.1307**2), "nearly", "not the square of the spreads"),
        (((147.1 - 64.1) / (0.6786**2 - 0.1307**2)) ** 2, "nearly", "Once too often"),
        (1 / 187.2, "nearly", "1/N"),
        (-187.2, "nearly", "positive"),
        (-3, "wrong", "positive"),
        (50, "wrong", "the smaller λ wins"),
        (1000, "wrong", "the larger λ wins"),
        ("many", "wrong", "is not a number"),
        (..., "waiting", "three dots"),
    ],
)
def test_each_wrong_number_of_samples_has_its_own_answer(answer, tone, said):
    verdict = samples(answer)
    says(verdict, tone, said)


def test_the_errors_that_are_told_are_those_with_so_many_samples():
    message = samples(50).message
    assert f"{0.6786**2 + 64.1 / 50:.4f}" in message
    assert f"{0.1307**2 + 147.1 / 50:.4f}" in message


# GAE with both flags


def by_course(r, v, v_next, terminated, truncated, gamma, lam):
    z = np.zeros((1, len(r)))
    steps = Stream(z, z, r[None], z, terminated[None], truncated[None], z == 0)
    return gae(steps, td_errors(steps, v[None], v_next[None], gamma), gamma, lam)[0]


def by_sums(r, v, v_next, terminated, truncated, gamma, lam):
    """Each trajectory by itself, each of its sums written out."""
    A, start = [], 0
    for end in [*np.flatnonzero(terminated | truncated), len(r) - 1]:
        delta = [r[t] + (0 if terminated[t] else gamma * v_next[t]) - v[t] for t in range(start, end + 1)]
        A += [sum((gamma * lam) ** k * d for k, d in enumerate(delta[t:])) for t in range(len(delta))]
        start = end + 1
    return A[: len(r)]


@pytest.mark.parametrize("answer", [solved, by_course, by_sums])
def test_gae_is_right_by_its_loop_by_its_sums_and_as_the_course_has_it(answer):
    assert check_gae_flags(answer)


def test_the_stream_has_ends_of_both_kinds_and_a_critic_that_is_wrong_of_the_exit_too():
    of = lived()
    assert of.terminated.sum() > 50
    assert of.truncated.sum() > 50
    assert of.v_next[of.terminated].tolist() == [2.0] * of.terminated.sum()
    assert not (of.terminated & of.truncated).any()
    assert np.isfinite(of.exact[:3]).all()
    ends = np.flatnonzero(of.terminated | of.truncated)
    assert np.diff(ends).max() == HORIZON


def backward(delta, go_on, c):
    A, after = np.zeros(len(delta)), 0.0
    for t in reversed(range(len(delta))):
        A[t] = after = delta[t] + c * go_on[t] * after
    return A


def variant(
    delta=lambda r, v, w, te, tr, g: r + g * w * ~te - v,
    go_on=lambda te, tr: ~(te | tr),
    c=lambda g, lam: g * lam,
    after=lambda A, v, lam: A,
):
    """my_gae with another δ, another mask, another decay, or another end."""

    def my_gae(r, v, v_next, terminated, truncated, gamma, lam):
        A = backward(delta(r, v, v_next, terminated, truncated, gamma), go_on(terminated, truncated), c(gamma, lam))
        return after(A, v, lam)

    return my_gae


def shifted(v):
    return np.append(v[1:], 0.0)


def forward(r, v, v_next, terminated, truncated, gamma, lam):
    delta, A, before = r + gamma * v_next * ~terminated - v, np.zeros(len(r)), 0.0
    for t in range(len(r)):
        fresh = t > 0 and (terminated | truncated)[t - 1]
        A[t] = before = delta[t] + gamma * lam * (not fresh) * before
    return A


MISTAKES = [
    (variant(go_on=lambda te, tr: np.ones_like(te)), "No reset"),
    (variant(go_on=lambda te, tr: ~te), "over the time limit"),
    (variant(go_on=lambda te, tr: ~tr), "over a termination"),
    (variant(lambda r, v, w, te, tr, g: r + g * w * ~(te | tr) - v), "taken for an end"),
    (variant(lambda r, v, w, te, tr, g: r + g * w * ~(te | tr) - v, lambda te, tr: ~te), "changed places"),
    (variant(lambda r, v, w, te, tr, g: r + g * w - v), "v(s') counts 0 there, whatever"),
    (variant(lambda r, v, w, te, tr, g: r + g * w - v, lambda te, tr: np.ones_like(te)), "No flag"),
    (variant(lambda r, v, w, te, tr, g: r + g * w - v, lambda te, tr: ~te), "Two flags are missing"),
    (
        variant(lambda r, v, w, te, tr, g: r + g * w * ~(te | tr) - v, lambda te, tr: np.ones_like(te)),
        "the sum that both flags stop",
    ),
    (variant(lambda r, v, w, te, tr, g: r + g * np.where(tr, v, w) * ~te - v), "not `v`"),
    (variant(lambda r, v, w, te, tr, g: r + g * shifted(v) * ~te - v), "start of the next one"),
    (variant(lambda r, v, w, te, tr, g: r + g * shifted(v) * ~(te | tr) - v), "is no end: take v_next"),
    (variant(go_on=lambda te, tr: ~np.append((te | tr)[1:], False)), "step t + 1"),
    (variant(go_on=lambda te, tr: ~np.append(False, (te | tr)[:-1])), "step t − 1"),
    (variant(c=lambda g, lam: 0), "as if λ were 0"),
    (variant(c=lambda g, lam: g), "λ is missing"),
    (variant(c=lambda g, lam: lam), "γ is missing in the sum"),
    (variant(lambda r, v, w, te, tr, g: r + w * ~te - v), "γ is missing in δ"),
    (variant(lambda r, v, w, te, tr, g: r + g * w * ~te), "v(s) is missing"),
    (variant(lambda r, v, w, te, tr, g: v - r - g * w * ~te), "turned round"),
    (forward, "forward in time"),
    (variant(go_on=lambda te, tr: te | tr), "wrong way round"),
    (variant(lambda r, v, w, te, tr, g: (r + g * w * ~te - v) * ~(te | tr)), "last δ of a trajectory is lost"),
    (variant(after=lambda A, v, lam: A + v), "critic's target"),
    (variant(after=lambda A, v, lam: (1 - lam) * A), "1 − λ"),
    (variant(after=lambda A, v, lam: A[::-1]), "reversed order"),
    (
        lambda r, v, w, te, tr, g, lam: (d := r + g * w * ~te - v) + g * lam * ~(te | tr) * shifted(d),
        "Only one step ahead",
    ),
]


@pytest.mark.parametrize(("answer", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_each_wrong_gae_has_its_own_answer_and_the_number_that_convicts_it(answer, said):
    verdict = check_gae_flags(answer)
    says(verdict, "nearly", said)
    of = lived()
    found = re.search(r"E\[A \| s=(\d), a=(\d)\] is (\S+); the mean of yours is (\S+)\.$", verdict.message)
    s, a = int(found[1]), int(found[2])
    A = answer(of.r, of.v, of.v_next, of.terminated, of.truncated, GAMMA, LAM)
    assert np.isclose(float(found[3]), of.exact[s, a], rtol=1e-3)
    assert np.isclose(float(found[4]), np.mean(A[(of.s == s) & (of.a == a)]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (lambda delta, v_next, c: 0.0, "The last step of all is lost"),
        (lambda delta, v_next, c: delta[-1] + c * v_next[-1], "Begin with 0"),
        (lambda delta, v_next, c: delta[-1] + 0.001, "At step 999 your function gives"),
    ],
)
def test_one_wrong_step_at_the_end_is_told_without_a_mean_that_it_hardly_moves(first, said):
    def my_gae(r, v, v_next, terminated, truncated, gamma, lam):
        delta = r + gamma * v_next * ~terminated - v
        delta[-1] = first(delta, v_next, gamma * lam)
        return backward(delta, ~(terminated | truncated), gamma * lam)

    verdict = check_gae_flags(my_gae)
    assert said in verdict.message
    assert "On the corridor" not in verdict.message


def test_the_exact_mean_is_that_of_the_right_function():
    """One z-score for each pair."""
    of = lived()
    A = solved(of.r, of.v, of.v_next, of.terminated, of.truncated, GAMMA, LAM)
    for s in range(3):
        for a in range(2):
            x = A[(of.s == s) & (of.a == a)]
            assert abs(x.mean() - of.exact[s, a]) < 5 * x.std() / np.sqrt(len(x)) + 1e-9  # right of 2 ends it: no noise


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (lambda *given: solved(*given) ** 2, "wrong", "At step "),
        (lambda *given: solved(*given)[:9], "wrong", "expected (1000,)"),
        (lambda *given: np.full(1000, np.nan), "wrong", "gives nan"),
        (lambda r: r, "wrong", "TypeError"),
        (lambda *given: ..., "waiting", "three dots"),
        (lambda *given: None, "wrong", "is the `return` missing?"),
    ],
    ids=["squared", "short", "nan", "one argument", "dots", "no return"],
)
def test_other_answers_are_told_where_they_go_wrong(answer, tone, said):
    verdict = check_gae_flags(answer)
    says(verdict, tone, said)


# Blind critics, and the mask


def test_right_words_pass_in_other_forms_too():
    assert check_blind_critics({key: critic.upper() for key, critic in WORDS.items()})
    assert check_blind_critics({key: {"zero": "v = 0", "exact": "v^π"}.get(w, w) for key, w in WORDS.items()})
    assert check_blind_critics(list(WORDS.values()))
    for zero in ("v=0", "0", 0, 0.0):
        assert check_blind_critics({key: zero if w == "zero" else w for key, w in WORDS.items()})


@pytest.mark.parametrize("key", BLIND)
def test_each_wrong_word_is_met_with_a_question_of_its_own(key):
    verdict = check_blind_critics(WORDS | {key: "neither"})
    says(verdict, "nearly", repr(key))
    assert BLIND[key][1] in verdict.message


def test_half_made_answers_wait_and_other_words_are_refused():
    key = next(iter(BLIND))
    assert check_blind_critics(WORDS | {key: ...}).tone == "waiting"
    assert check_blind_critics(...).tone == "waiting"
    assert f"an answer for bug {key!r} (so far" in check_blind_critics(WORDS | {key: ...}).message
    assert f"Bug {key!r} has 'some', expected one of zero" in check_blind_critics(WORDS | {key: "some"}).message
    assert "expected one of zero" in check_blind_critics(WORDS | {key: "some"}).message
    assert "is missing; expected" in check_blind_critics({"λ forgotten": "exact"}).message


@pytest.mark.parametrize(("answer", "said"), [("A", "the same δ"), ("b", "λ-return")])
def test_an_innocent_one_is_defended(answer, said):
    verdict = check_wrong_mask(answer)
    says(verdict, "wrong", said)
