"""The checks answer back: right answers pass, usual mistakes are named."""

from __future__ import annotations

import re

import numpy as np
import pytest
from verdicts import says

from pgcourse import zoo
from pgcourse.exercises import (
    check_best_p,
    check_dominating_start,
    check_gradient_signs,
    check_parameter_count,
    check_table,
)
from pgcourse.exercises.verdict import TONES, Verdict
from pgcourse.policy import Policy, direct


def softmax_table(theta):
    weights = np.exp(np.column_stack([theta, np.zeros(len(theta))]))
    return weights / weights.sum(axis=1, keepdims=True)


def table(theta):
    return np.column_stack([theta, 1 - theta.sum(axis=1)])


COUNTS = {
    58: "nearly: 3 × 16",
    64: "nearly: sum to 1",
    33: "nearly: end the game",
    44: "nearly: end the game",
    16: "wrong: deterministic",
    4: "wrong: number of actions",
    3: "nearly: one state",
    20: "wrong: pair",
    4**16: "wrong: deterministic policies",
    47: "wrong: Not 47",
    -48: "wrong: Not -48",
    48.5: "wrong: Not 48.5",
    float("inf"): "wrong: Not inf",
}


@pytest.mark.parametrize(("answer", "reply"), COUNTS.items())
def test_each_wrong_parameter_count_has_its_own_answer(answer, reply):
    says(check_parameter_count(answer), *reply.split(": "))


@pytest.mark.parametrize(
    "answer",
    ["-+++", "− + + +", "-, +, +, +", ["-", "+", "+", "+"], [-1, 1, 1, 1], np.array([-0.2, 0.1, 0.1, 0.001]),
     {"left": "-", "down": "+", "right": "+", "up": "+"}, {0: -1, 1: 1, 2: 1, 3: 1}],
    ids=repr,
)  # fmt: skip
def test_j_rises_with_what_is_better_than_the_average(answer):
    assert check_gradient_signs(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ("++++", "wrong", "less of the others"),
        ("----", "wrong", "All four cannot fall"),
        ("+---", "nearly", "opposite"),
        ("-+--", "nearly", "only the best"),
        ("-++-", "nearly", "“up”: its q is 0.4350"),
        ("-++0", "nearly", "“up”"),
        ("++++-", "wrong", "not four signs"),
        ("-++?", "wrong", "not four signs"),
        ({"left": "-"}, "wrong", "not four signs"),
        (7, "wrong", "not four signs"),
        (..., "waiting", "four signs"),
    ],
    ids=repr,
)
def test_each_wrong_prediction_of_the_gradient_s_signs_is_named(answer, tone, named):
    says(check_gradient_signs(answer), tone, named)


@pytest.mark.parametrize("answer", [2 - np.sqrt(2), 0.59, 0.58, np.float32(0.586)])
def test_the_best_p_of_the_corridor_is_two_minus_root_two(answer):
    assert check_best_p(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (0.3466, "nearly", "is the θ"),
        (np.sqrt(2) - 1, "nearly", "P(left)"),
        (1, "wrong", "Always right"),
        (0, "wrong", "Always left"),
        (0.55, "nearly", "still rises"),
        (0.63, "nearly", "still falls"),
        (0.2, "wrong", "still rises"),
        (0.9, "wrong", "still falls"),
        (58.6, "wrong", "not a probability"),
        (-0.1, "wrong", "not a probability"),
    ],
)
def test_each_wrong_p_has_its_own_answer(answer, tone, named):
    says(check_best_p(answer), tone, named)


@pytest.mark.parametrize(
    "answer", [table, lambda theta: np.append(theta, 1 - theta.sum(1, keepdims=True), 1), lambda t: table(t).tolist()]
)
def test_any_function_that_fills_in_the_last_column_is_right(answer):
    assert check_table(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda theta: theta, "nearly", "last action's column is missing"),
        (lambda theta: table(theta).T, "nearly", "rows and columns are exchanged"),
        (lambda theta: np.roll(table(theta), 1, axis=1), "nearly", "stands first"),
        (softmax_table, "wrong", "nothing is left to normalise"),
        (lambda theta: np.abs(table(theta)), "nearly", "1 − 0.7 − 0.6 = −0.3"),
        (lambda theta: np.clip(table(theta), 0, 1), "nearly", "Write 1 − Σ θ as it stands"),
        (lambda theta: np.column_stack([theta, np.zeros(len(theta))]), "wrong", "expected 1"),
        (lambda theta: table(theta) * [2, *[1] * (theta.shape[1] - 1), 1], "wrong", "expected 1"),
        (lambda theta: np.column_stack([theta + 2, 1 - (theta + 2).sum(1)]), "wrong", "never negative"),
        (lambda theta: theta.sum(), "wrong", "shape ()"),
        (lambda theta: "table", "wrong", "returned 'table', expected numbers"),
        (lambda theta: 1 / 0, "wrong", "ZeroDivisionError"),
        (lambda: None, "wrong", "TypeError"),
        (lambda theta: ..., "waiting", "three dots"),
        (lambda theta: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_table_has_its_own_answer(answer, tone, named):
    says(check_table(answer), tone, named)


def test_a_table_may_be_a_policy_and_may_refuse_what_is_none():
    assert check_table(lambda theta: Policy(table(theta)))
    assert check_table(direct)


def test_a_table_that_only_works_for_the_lake_is_found_out():
    assert not check_table(lambda theta: np.column_stack([theta, 1 - theta[:, 0] - theta[:, 1] - theta[:, 2]]))


@pytest.fixture(scope="module")
def dry():
    return zoo.frozen_lake(slippery=False)


def test_mass_on_every_live_state_makes_maximising_J_the_same_as_dominating(dry):
    assert check_dominating_start(np.full(16, 1 / 16), dry)
    assert check_dominating_start(np.where(dry.absorbing, 0, 1 / 11), dry)


def test_from_one_start_on_dry_ice_a_best_policy_may_be_foolish_elsewhere_and_the_check_shows_where(dry):
    verdict = check_dominating_start(dry.rho_0, dry)
    assert not verdict
    state, worth, best = (
        float(x) for x in re.search(r"state (\d+) it is worth ([\d.]+) where ([\d.]+)", verdict.message).groups()
    )
    assert worth < best
    steps = 6 - state // 4 - state % 4  # to the goal, no hole being in the way of that state
    assert best == pytest.approx(0.99 ** (steps - 1), abs=1e-4)


def test_on_slippery_ice_the_start_alone_is_enough_and_the_check_says_why():
    lake = zoo.frozen_lake()
    verdict = check_dominating_start(lake.rho_0, lake)
    assert verdict
    assert "every best policy passes through" in verdict.message


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (..., "waiting", "three dots"),
        ("uniform", "wrong", "expected an array"),
        (None, "wrong", "rho_0 is None, expected an array"),
        ([[1, 2], [3]], "wrong", "expected an array"),
        (1 / 16, "wrong", "shape ()"),
        (np.ones(11) / 11, "wrong", "shape (11,)"),
        (np.full(16, -1 / 16), "wrong", "rho_0[0] is -0.0625"),
        (np.full(16, np.nan), "wrong", "rho_0[0] is nan"),
        (np.zeros(16), "wrong", "Every probability is 0"),
        (np.ones(16), "nearly", "sum to 16"),
    ],
)
def test_each_wrong_start_has_its_own_answer(dry, answer, tone, named):
    says(check_dominating_start(answer, dry), tone, named)


@pytest.mark.parametrize("tone", TONES)
def test_a_verdict_is_told_by_word_and_sign_and_legible_in_both_themes(tone):
    word, sign, back, ink = TONES[tone]
    verdict = Verdict(tone, "a < b")
    assert f"{sign} {word}" in verdict._repr_html_()
    assert "a &lt; b" in verdict._repr_html_()
    assert repr(verdict) == f"{sign} {word}. a < b"
    assert contrast(back, ink) >= 7


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, contrast ratio."""

    def luminance(color: str) -> float:
        channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
