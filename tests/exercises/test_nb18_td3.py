"""Notebook 18's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_alike, check_clipped_double, check_maximum, check_ripple, check_target_action


def target_action(mu, half, sigma, clip, rng):
    return np.clip(mu + half * np.clip(sigma * rng.standard_normal(mu.shape), -clip, clip), -half, half)


def clipped_double(r, terminated, gamma, q_1, q_2):
    return r + gamma * (1 - terminated) * np.minimum(q_1, q_2)


RIGHT = {
    "maximum": Asked(check_maximum, 41.5),
    "ripple": Asked(check_ripple, 0.487),
    "target_action": Asked(check_target_action, target_action, pure=True),
    "clipped_double": Asked(check_clipped_double, clipped_double),
    "alike": Asked(check_alike, "B"),
}


@pytest.mark.parametrize("answer", [41, 41.5, 41.4, 0.98 / 0.02 * 1.5 / np.sqrt(np.pi)])
def test_the_value_of_the_loop_may_be_rounded(answer):
    assert check_maximum(answer)


def test_the_loop_s_value_is_what_the_loop_comes_to():
    """With γ = ½, where it is soon there: 3000 loops, four standard errors."""
    rng, q = np.random.default_rng(0), np.zeros(3000)
    for _ in range(30):
        q = 0.5 * (q[:, None] + rng.standard_normal((3000, 3))).max(axis=1)
    assert check_maximum(1.5 / np.sqrt(np.pi), gamma=0.5)
    assert abs(q.mean() - 1.5 / np.sqrt(np.pi)) < 4 * q.std() / np.sqrt(3000)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (0, "wrong", "the largest of three has not"),
        (0.846, "nearly", "The next target has it in it"),
        (0.829, "nearly", "the first update adds"),
        (42.3, "nearly", "with a γ in front"),
        (-41.5, "nearly", "The sign"),
        (124.4, "nearly", "does not sum"),
        (10, "wrong", "Solve it for Q"),
        ("x", "wrong", "a value such as"),
    ],
)
def test_each_wrong_value_of_the_loop_has_its_own_answer(answer, tone, words):
    says(check_maximum(answer), tone, words)


@pytest.mark.parametrize("answer", [0.49, np.exp(-0.72), 0.48])
def test_the_ripple_s_share_may_be_rounded(answer):
    assert check_ripple(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (np.exp(-1.2), "nearly", "halved"),
        (np.exp(-1.44), "nearly", "The ½"),
        (np.exp(-0.6), "nearly", "ωσ stands squared in"),
        (1 - np.exp(-0.72), "nearly", "what is gone"),
        (np.exp(-3.6), "nearly", "σ² is the variance"),
        (np.cos(1.2), "nearly", "one σ away"),
        (48.7, "nearly", "not in per cent"),
        (49, "nearly", "not in per cent"),
        (0, "nearly", "Not all of it goes"),
        (0.9, "wrong", "E[cos ωn]"),
    ],
)
def test_each_wrong_share_has_its_own_answer(answer, tone, words):
    says(check_ripple(answer), tone, words)


@pytest.mark.parametrize(
    "answer",
    [
        lambda mu, half, sigma, clip, rng: np.clip(
            mu + np.clip(half * sigma * rng.normal(size=mu.shape), -half * clip, half * clip), -half, half
        ),
        lambda mu, half, sigma, clip, rng: (
            half * np.clip(mu / half + np.clip(rng.normal(0, sigma, (len(mu), 1)), -clip, clip), -1, 1)
        ),
        lambda mu, half, sigma, clip, rng: target_action(mu, half, sigma, clip, np.random.default_rng(5)),
        lambda mu, half, sigma, clip, rng: target_action(mu, half, sigma, clip, rng)[:, 0],
        lambda mu, half, sigma, clip, rng: [
            max(-half, min(half, m + half * max(-clip, min(clip, sigma * rng.standard_normal())))) for m in mu[:, 0]
        ],
    ],
    ids=["in the action's units", "in half-widths", "another generator", "flat", "row by row"],
)
def test_the_target_action_is_right_in_other_spellings(answer):
    assert check_target_action(answer), check_target_action(answer)


def test_the_target_action_is_right_whatever_the_seed():
    for seed in range(50):
        verdict = check_target_action(lambda mu, half, sigma, clip, rng, seed=seed: target_action(
            mu, half, sigma, clip, np.random.default_rng(seed)
        ))  # fmt: skip
        assert verdict, verdict


def drawn(formula):
    """A target action that is this function of μ, half, σ, c and ε."""
    return lambda mu, half, sigma, clip, rng: formula(mu, half, sigma, clip, rng.standard_normal(mu.shape))


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (drawn(lambda mu, h, s, c, e: mu), "nearly", "no noise in it"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s * e[0], -c, c), -h, h)), "nearly", "the same noise"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s * e[np.arange(len(e)) // 3], -c, c), -h, h)),
         "nearly", "share their noise"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + np.clip(s * e, -c, c), -h, h)), "nearly", "`half` is missing"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * h * np.clip(s * e, -c, c), -h, h)), "nearly", "in it twice"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(e, -c, c), -h, h)), "nearly", "is σ missing"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + np.clip(h * s * e, -c, c), -h, h)), "nearly", "told in half-widths"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * s * e, -h, h)), "nearly", "clip it"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + np.clip(h * s * e, -1, 1), -h, h)), "nearly", "clip it"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + 2 * np.clip(s * e, -c, c), -2, 2)), "nearly", "2 stands for `half`"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s * e, -c, c), -2, 2)), "nearly", "leaves the Box"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s**2 * e, -c, c), -h, h)), "nearly", "do not square it"),
        (drawn(lambda mu, h, s, c, e: mu + h * np.clip(s * e, -c, c)), "nearly", "leaves the Box"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s * e, -c, c), -1, 1)), "nearly", "come to 1.00"),
        (drawn(lambda mu, h, s, c, e: h * np.clip(mu + np.clip(s * e, -c, c), -1, 1)), "nearly", "and not μ"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu + h * np.clip(s * np.abs(e), -c, c), -h, h)), "nearly", "the mean"),
        (lambda mu, h, s, c, rng: np.clip(mu + h * s * np.sqrt(3) * rng.uniform(-1, 1, mu.shape), -h, h),
         "nearly", "normal's shape"),
        (drawn(lambda mu, h, s, c, e: np.clip(mu, -h, h) + h * np.clip(s * e, -c, c) * (np.abs(mu) < 1)),
         "nearly", "Near the bound"),
        (drawn(lambda mu, h, s, c, e: mu * np.nan), "wrong", "nan among"),
        (drawn(lambda mu, h, s, c, e: mu + h * s * e[:, 0]), "wrong", "shape (3, 3), expected (3, 1)"),
        (drawn(lambda mu, h, s, c, e: e[:5]), "wrong", "shape (5, 1), expected (18000, 1)"),
    ],
)  # fmt: skip
def test_each_wrong_target_action_has_its_own_answer(answer, tone, words):
    says(check_target_action(answer), tone, words)


def of_two(formula):
    """A target that is this function of r, γ, q₁, q₂ and terminated (0 or 1)."""
    return lambda r, terminated, gamma, q_1, q_2: formula(r, gamma, q_1, q_2, terminated * 1)


@pytest.mark.parametrize(
    "answer",
    [
        of_two(lambda r, g, a, b, end: r + g * (1 - end) * np.where(a < b, a, b)),
        of_two(lambda r, g, a, b, end: r + g * (1 - end) * np.min([a, b], axis=0)),
        of_two(lambda r, g, a, b, end: (r + g * (1 - end) * ((a + b) / 2 - np.abs(a - b) / 2))[:, None]),
        of_two(lambda r, g, a, b, end: [x + g * (not e) * min(p, q) for x, e, p, q in zip(r, end, a, b, strict=True)]),
    ],
    ids=["where", "min of a stack", "a column", "row by row"],
)
def test_the_clipped_double_target_is_right_in_other_spellings(answer):
    assert check_clipped_double(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "words"),
    [
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * np.maximum(a, b)), "nearly", "the larger of the two"),
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * (a + b) / 2), "nearly", "still too high"),
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * a), "nearly", "the first critic alone"),
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * b), "nearly", "double Q-learning"),
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * np.min([a, b])), "nearly", "One smallest value"),
        (of_two(lambda r, g, a, b, end: r + g * np.minimum(a, b)), "nearly", "After an end"),
        (of_two(lambda r, g, a, b, end: r + g * end * np.minimum(a, b)), "nearly", "The other way round"),
        (of_two(lambda r, g, a, b, end: r + (1 - end) * np.minimum(a, b)), "nearly", "γ is missing"),
        (of_two(lambda r, g, a, b, end: g * (1 - end) * np.minimum(a, b)), "nearly", "r is missing"),
        (of_two(lambda r, g, a, b, end: (1 - end) * (r + g * np.minimum(a, b))), "nearly", "is paid, too"),
        (of_two(lambda r, g, a, b, end: r + g * (1 - end) * (a + b)), "nearly", "the sum of the two"),
        (of_two(lambda r, g, a, b, end: [r + g * (1 - end) * a, r + g * (1 - end) * b]), "nearly", "for each critic"),
        (of_two(lambda r, g, a, b, end: [clipped_double(r, end, g, a, b)] * 2), "nearly", "return it once"),
        (of_two(lambda r, g, a, b, end: min(a, b)), "wrong", "ValueError"),
        (of_two(lambda r, g, a, b, end: 1.0), "wrong", "expected (8,)"),
        (of_two(lambda r, g, a, b, end: r), "wrong", "For transition"),
    ],
)
def test_each_wrong_clipped_double_target_has_its_own_answer(answer, tone, words):
    says(check_clipped_double(answer), tone, words)


def test_one_critic_for_the_whole_batch_is_told():
    def chosen_once(r, terminated, gamma, q_1, q_2):
        return r + gamma * (1 - terminated) * (q_1 if q_1.mean() < q_2.mean() else q_2)

    says(check_clipped_double(chosen_once), "nearly", "one critic for the whole batch")
    says(check_clipped_double(lambda r, end, g, a, b: -chosen_once(-r, end, g, -a, -b)), "nearly", "the whole batch")


@pytest.mark.parametrize(("answer", "words"), [("A", "two different numbers"), ("C", "the two seeds differ")])
def test_innocent_pairs_are_defended(answer, words):
    says(check_alike(answer), "wrong", words)
