"""Notebook 13's checks: right answers pass, usual mistakes are named, and the numbers told are those that happen."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_longer_window, check_moving_target, check_shapes, check_window_targets
from pgcourse.exercises.nb13_a2c import LINES, targets, window
from pgcourse.returns import gae, td_errors
from pgcourse.trajectories import Stream

WORDS = {key: right_word for key, (right_word, _) in LINES.items()}


def solved(r, v_next, terminated, truncated, gamma):
    G, after = np.zeros(r.shape), v_next[-1]
    for t in reversed(range(len(r))):
        after = np.where(truncated[t], v_next[t], after) * ~terminated[t]
        G[t] = after = r[t] + gamma * after
    return G


def longer(answer):
    return check_longer_window(answer, short=(16, 0.0526), n=64, gamma=0.9)


RIGHT = {
    "window_targets": Asked(check_window_targets, solved),
    "longer_window": Asked(longer, 0.01315),
    "shapes": Asked(check_shapes, WORDS),
    "moving_target": Asked(check_moving_target, "B"),
}


# A window four times as long


@pytest.mark.parametrize("answer", [0.0131, 0.0526 / 4, 0.013])
def test_a_quarter_is_right_and_so_is_the_exact_bias(answer):
    assert longer(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (0.0526 * 0.9**48, "nearly", "first step"),
        (0.0526 / 2, "nearly", "how noise falls"),
        (0.0526 / 16, "nearly", "1/n²"),
        (0.0526, "nearly", "its share"),
        (0.0526 * 4, "nearly", "falls with n"),
        (0.0526 / 48, "nearly", "ratio"),
        (0.25, "nearly", "Multiply the bias"),
        (0, "nearly", "Never 0"),
        (-0.01, "wrong", "not negative"),
        (0.001, "wrong", "More than that"),
        (0.04, "wrong", "Less than that"),
        ("less", "wrong", "is not a number"),
        (..., "waiting", "three dots"),
    ],
)
def test_each_wrong_bias_has_its_own_answer(answer, tone, said):
    says(longer(answer), tone, said)


# Targets


def by_course(r, v_next, terminated, truncated, gamma):
    """The package's GAE with λ = 1 and a critic that says 0 of s_t."""
    z = np.zeros(r.T.shape)
    steps = Stream(z, z, r.T, z, terminated.T, truncated.T, z == 0)
    edge = np.where(steps.truncated | (np.arange(r.shape[0]) == len(r) - 1), v_next.T, 0)
    return gae(steps, td_errors(steps, z, edge, gamma), gamma, 1.0).T


def by_sums(r, v_next, terminated, truncated, gamma):
    """Each target by itself, with plain numbers."""
    G = np.zeros(r.shape)
    for t, lane in np.ndindex(r.shape):
        for k in range(t, len(r)):
            G[t, lane] += gamma ** (k - t) * r[k, lane]
            if terminated[k, lane]:
                break
            if truncated[k, lane] or k == len(r) - 1:
                G[t, lane] += gamma ** (k - t + 1) * v_next[k, lane]
                break
    return G


@pytest.mark.parametrize("answer", [solved, by_course, by_sums])
def test_targets_are_right_by_a_loop_over_time_by_sums_and_as_the_course_has_them(answer):
    assert check_window_targets(answer)


def test_the_window_has_ends_of_both_kinds_inside_and_at_its_edge_and_a_lane_without():
    of = window()
    for mask in (of.terminated, of.truncated):
        assert mask[:5].sum() >= 3
        assert mask[5].sum() == 1
    assert (of.terminated & of.truncated).sum() == 1
    assert not (of.terminated | of.truncated)[:, 0].any()
    assert np.abs(of.v_next).min() > 0.1


def backwards(follows, last=lambda w: w[-1]):
    """my_targets with another rule for what follows step t, or another begin."""

    def my_targets(r, v_next, terminated, truncated, gamma):
        G, after = np.zeros(r.shape), last(v_next)
        for t in reversed(range(len(r))):
            G[t] = after = r[t] + gamma * follows(t, after, v_next, terminated, truncated)
        return G

    return my_targets


def good(t, G, w, te, tr):
    return np.where(te[t], 0, np.where(tr[t], w[t], G))


def later(t, G, w, te, tr):
    off = np.zeros(te.shape[1], dtype=bool)
    te, tr = (x[t + 1] if t + 1 < len(x) else off for x in (te, tr))
    return np.where(te, 0, np.where(tr, w[t], G))


def forward(r, v_next, terminated, truncated, gamma):
    G, before = np.zeros(r.shape), 0.0
    for t in range(len(r)):
        G[t] = before = r[t] + gamma * before
    return G


MISTAKES = [
    (backwards(lambda t, G, w, te, tr: np.where(te[t] | tr[t], 0, G)), "taken for an end. Life"),
    (backwards(lambda t, G, w, te, tr: np.where(te[t], 0, G)), "leaks in over the time limit"),
    (backwards(lambda t, G, w, te, tr: G), "No flag is used"),
    (backwards(lambda t, G, w, te, tr: np.where(tr[t], w[t], G)), "G is r alone there"),
    (backwards(lambda t, G, w, te, tr: np.where(te[t] | tr[t], w[t], G)), "counts 0 after a termination"),
    (backwards(lambda t, G, w, te, tr: good(t, G, w, tr, te)), "changed places"),
    (backwards(lambda t, G, w, te, tr: np.where(tr[t], w[t], np.where(te[t], 0, G))), "ask for `terminated` first"),
    (backwards(good, lambda w: 0 * w[-1]), "the lane goes on"),
    (
        backwards(lambda t, G, w, te, tr: np.where(te[t] | tr[t], 0, G), lambda w: 0 * w[-1]),
        "Nothing of v_next is used",
    ),
    (lambda r, w, te, tr, g: r + g * w * ~te, "one reward and then the critic at every step"),
    (lambda r, w, te, tr, g: r + g * w * ~(te | tr), "and the time limit is taken for an end"),
    (lambda r, w, te, tr, g: r + g * w, "and no flag is used"),
    (lambda r, w, te, tr, g: solved(r, w, te, tr, 1), "γ is missing."),
    (lambda r, w, te, tr, g: r + (solved(r, w, te, tr, g) - r) / g, "the first thing that follows"),
    (
        backwards(lambda t, G, w, te, tr: good(t, G, np.vstack([w[1:], w[-1:]]), te, tr)),
        "one step too far",
    ),
    (backwards(lambda t, G, w, te, tr: good(t, G, np.broadcast_to(w[-1], w.shape), te, tr)), "*that* step"),
    (backwards(later), "step t + 1"),
    (forward, "forward in time"),
    (lambda *given: solved(*given)[::-1], "reversed order"),
    (lambda r, w, *given: solved(r, w, *given) - w, "without taking anything off"),
    (lambda r, *given: r, "rewards alone"),
]


@pytest.mark.parametrize(("answer", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_each_wrong_target_has_its_own_answer(answer, said):
    says(check_window_targets(answer), "nearly", said)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (lambda *given: solved(*given) ** 2, "wrong", "you have"),
        (lambda *given: solved(*given).T, "wrong", "expected (6, 5)"),
        (lambda *given: np.full((6, 5), np.nan), "wrong", "nan"),
        (lambda r, v_next, terminated, truncated, gamma: r if terminated[0] else v_next, "wrong", "ambiguous"),
        (lambda r: r, "wrong", "TypeError"),
        (lambda *given: ..., "waiting", "three dots"),
        (lambda *given: None, "wrong", "is the `return` missing?"),
    ],
    ids=["squared", "transposed", "nan", "one lane", "one argument", "dots", "no return"],
)
def test_other_answers_are_told_where_they_go_wrong(answer, tone, said):
    says(check_window_targets(answer), tone, said)


# Shapes: what the words mean, by coefficients of log π


def batch(rng, N=8):
    return rng.standard_normal(N), rng.standard_normal((N, 1)), rng.standard_normal((N, 3))


def gradient(line, G, v, score):
    """The gradient of a line that is linear in log π, from its coefficients."""
    return np.array([line(G, v, e) for e in np.eye(len(G))]) @ score


def by_rows(G, v, log_pi):
    return ((G[:, None] - v) * log_pi).mean()


def normalised(G, v, log_pi):
    A = G[:, None] - v
    return ((A - A.mean()) / A.std() * log_pi).mean()


def test_the_words_are_what_the_lines_do():
    """B takes the mean of v off each G; C is mean(A) times the mean score; D is 0 whatever the batch."""
    rng = np.random.default_rng(0)
    G, v, score = batch(rng)
    B = gradient(lambda G, v, log_pi: ((G - v) * log_pi).mean(), G, v, score)
    np.testing.assert_allclose(B, ((G - v.mean())[:, None] * score).mean(axis=0))
    np.testing.assert_allclose(gradient(by_rows, G, v, score), (G - v[:, 0]).mean() * score.mean(axis=0))
    np.testing.assert_allclose(gradient(normalised, G, v, score), 0, atol=1e-15)
    E = gradient(lambda G, v, log_pi: np.dot((G[:, None] - v)[:, 0], log_pi) / len(G), G, v, score)
    np.testing.assert_allclose(E, ((G - v[:, 0])[:, None] * score).mean(axis=0))


@pytest.mark.parametrize("key", LINES)
def test_each_wrong_word_is_met_with_a_question_of_its_own(key):
    other = "noisier" if WORDS[key] != "noisier" else "weaker"
    verdict = check_shapes(WORDS | {key: other})
    says(verdict, "nearly", f"Line {key} is not '{other}'")
    assert LINES[key][1] in verdict.message


def test_words_in_other_forms_pass_and_half_made_answers_wait():
    assert check_shapes({key.lower(): right_word.upper() for key, right_word in WORDS.items()})
    assert check_shapes(WORDS | {"C": "1/N", "D": "zero"})
    assert check_shapes(WORDS | {"D": 0})
    assert check_shapes(list(WORDS.values()))
    assert check_shapes(WORDS | {"A": ...}).tone == "waiting"
    assert check_shapes(...).tone == "waiting"
    assert "expected one of right" in check_shapes(WORDS | {"A": "fine"}).message
    assert "is missing; expected" in check_shapes({"A": "right"}).message


# The silent bug


@pytest.mark.parametrize(("answer", "said"), [("a", "the TD update itself"), ("C", "stands still")])
def test_an_innocent_one_is_defended(answer, said):
    verdict = check_moving_target(answer)
    says(verdict, "wrong", said)
    assert "settle(A)" in verdict.message


def test_the_targets_of_the_check_are_those_of_the_sums():
    of = window()
    np.testing.assert_allclose(targets(of), by_sums(*of, 0.9), rtol=1e-12)
