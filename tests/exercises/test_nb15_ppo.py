"""Notebook 15's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_clip_weights, check_clipped, check_moving_old, check_pushes
from pgcourse.exercises.nb15_ppo import batches, far_away, without_the_minimum
from pgcourse.gradients import finite_differences

PUSHES = {1: "flat", 2: "down", 3: "up", 4: "flat", 5: "up", 6: "down"}


def objective(r, A, epsilon):
    return np.minimum(r * A, np.clip(r, 1 - epsilon, 1 + epsilon) * A).mean()


def weights(r, A, epsilon):
    flat = np.where(A > 0, r > 1 + epsilon, r < 1 - epsilon)
    return np.where(flat, 0, r * A)


RIGHT = {
    "pushes": Asked(check_pushes, PUSHES),
    "clipped": Asked(check_clipped, objective),
    "clip_weights": Asked(check_clip_weights, weights),
    "moving_old": Asked(check_moving_old, "C"),
}


# Where a step pushes


@pytest.mark.parametrize(
    "answer", [{1: "0", 2: "-", 3: "+", 4: 0, 5: "+1", 6: -1}, [0, -1, 1, 0, 1, -1], [*PUSHES.values()]]
)
def test_other_words_for_the_same_are_understood(answer):
    assert check_pushes(answer)


@pytest.mark.parametrize(
    ("change", "tone", "said"),
    [
        ({1: "up"}, "nearly", "5 of 6 are right. Not 'up' for pair 1. r has gone up, as A > 0 wants"),
        ({2: "flat"}, "nearly", "its slope sends r down again"),
        ({3: "flat", 2: "flat", 6: "flat", 5: "flat"}, "wrong", "Not 'flat' for pair 2"),
        ({4: "down"}, "nearly", "below 0.8"),
        ({5: "flat"}, "nearly", "1.1 is inside"),
        ({6: "flat"}, "nearly", "Its sign does"),
        ({6: "sideways"}, "wrong", "expected one of up, down, flat"),
        ({6: ...}, "waiting", "pair 6"),
    ],
)
def test_each_wrong_push_has_its_own_answer(change, tone, said):
    says(check_pushes(PUSHES | change), tone, said)


def test_the_pushes_are_the_signs_of_the_slope():
    """By differences of min(r A, clip(r) A) at the six pairs of the box."""
    pairs = {1: (1.3, 1), 2: (1.3, -1), 3: (0.7, 1), 4: (0.7, -1), 5: (1.1, 2), 6: (2.5, -0.01)}
    for key, (r, A) in pairs.items():
        slope = finite_differences(lambda x, A=A: min(x[0] * A, np.clip(x[0], 0.8, 1.2) * A), np.array([float(r)]))
        assert PUSHES[key] == {1: "up", -1: "down", 0: "flat"}[np.sign(slope[0]).item()]


# L^CLIP


def by_cases(r, A, epsilon):
    """Where A > 0 only the upper edge holds, where A < 0 only the lower one."""
    return np.mean([min(x, 1 + epsilon) * a if a > 0 else max(x, 1 - epsilon) * a for x, a in zip(r, A, strict=True)])


def by_the_surrogate(r, A, epsilon):
    """What r A promises, less what lies beyond the edge."""
    return float(np.mean(r * A) - np.mean(np.maximum(0, np.sign(A) * (r - 1) - epsilon) * np.abs(A)))


@pytest.mark.parametrize("answer", [by_cases, by_the_surrogate])
def test_the_objective_is_right_in_other_forms(answer):
    assert check_clipped(answer)


def clip(r, epsilon):
    return np.clip(r, 1 - epsilon, 1 + epsilon)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda r, A, e: (np.minimum(r, clip(r, e)) * A).mean(), "before A comes in"),
        (lambda r, A, e: min((r * A).mean(), (clip(r, e) * A).mean()), "The mean comes before"),
        (lambda r, A, e: np.maximum(r * A, clip(r, e) * A).mean(), "maximum"),
        (lambda r, A, e: (clip(r, e) * A).mean(), "The minimum is missing"),
        (lambda r, A, e: (r * A).mean(), "surrogate"),
        (lambda r, A, e: clip(r * A, e).mean(), "not the product"),
        (lambda r, A, e: np.minimum(r * A, clip(r * A, e)).mean(), "not the product"),
        (lambda r, A, e: np.minimum(r * A, np.clip(r, -e, e) * A).mean(), "around 1"),
        (lambda r, A, e: np.minimum(r * A, np.minimum(r, 1 + e) * A).mean(), "from above only"),
        (lambda r, A, e: np.minimum(r * A, A).mean(), "ε = 0"),
        (lambda r, A, e: objective(r, A, e) * len(r), "Take their mean"),
        (lambda r, A, e: -objective(r, A, e), "no minus"),
        (lambda r, A, e: objective(r, (A - A.mean()) / A.std(), e), "another step"),
        (lambda r, A, e: np.minimum(np.log(r) * A, np.log(clip(r, e)) * A).mean(), "logarithm"),
        (lambda r, A, e: np.minimum(r * A, clip(r, e) * A), "one number a sample"),
        (lambda r, A, e: objective(r, A, 0.2), "Is the argument epsilon used?"),
    ],
)
def test_each_wrong_objective_has_its_own_answer(answer, said):
    says(check_clipped(answer), "nearly", said)


def test_another_objective_is_told_what_it_should_be():
    says(check_clipped(lambda r, A, e: 3 * objective(r, A, e)), "wrong", "L^CLIP of batch")
    says(check_clipped(lambda r, A, e: np.ones(4)), "wrong", "expected one number")
    says(check_clipped(lambda r, A, e: np.nan), "wrong", "you have nan")
    says(check_clipped(lambda r, A, e: ...), "waiting", "three dots")


def test_the_samples_are_of_all_kinds_and_the_two_batches_differ_in_their_means():
    larger = []
    for r, A in batches():
        out = np.abs(r - 1) > 0.2
        back = out & ((r - 1) * A < 0)
        assert min((out & ~back).sum(), back.sum(), (~out).sum()) >= 2
        larger.append((r * A).mean() > (clip(r, 0.2) * A).mean() + 0.01)
    assert larger == [True, False]


# The weights


def by_differences(r, A, epsilon):
    """∂/∂log r of each sample's minimum: a change of log π' is one of log r."""

    def each(x):
        return np.minimum(np.exp(x) * A, clip(np.exp(x), epsilon) * A)

    x, h = np.log(r), 1e-6
    return np.round((each(x + h) - each(x - h)) / (2 * h), 9)


def test_the_weights_are_right_by_differences():
    assert check_clip_weights(by_differences)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda r, A, e: np.where(np.abs(r - 1) > e, 0, r * A), "cosine with the right gradient is 0.650"),
        (lambda r, A, e: np.where(np.abs(r - 1) > e, 0, A), "also to those on their way back"),
        (lambda r, A, e: weights(r, A, e) / r, "The ratio is missing"),
        (lambda r, A, e: r * A, "Nothing is flat"),
        (lambda r, A, e: A, "where r = 1"),
        (lambda r, A, e: r * A - np.where(np.abs(r - 1) > e, weights(r, A, e), 0), "The wrong ones are 0"),
        (lambda r, A, e: np.where(r > 1 + e, 0, r * A), "For A > 0 that is right"),
        (lambda r, A, e: np.where(r < 1 - e, 0, r * A), "For A < 0 that is right"),
        (lambda r, A, e: clip(r, e) * A, "no slope"),
        (lambda r, A, e: np.minimum(r * A, clip(r, e) * A), "value for each sample"),
        (lambda r, A, e: -weights(r, A, e), "sign"),
        (lambda r, A, e: weights(r, A, e) / len(r), "taken later"),
        (lambda r, A, e: weights(r, np.ones_like(A) * np.sign(A), e) * np.sign(A), "A is missing"),
        (lambda r, A, e: weights(r, A, e) != 0, "which count"),
        (lambda r, A, e: weights(r, A, e) == 0, "which are flat"),
        (lambda r, A, e: weights(r, A, 0.2), "Is the argument epsilon used?"),
    ],
)
def test_each_wrong_weight_has_its_own_answer(answer, said):
    says(check_clip_weights(answer), "nearly", said)


def test_other_weights_are_told_where_they_go_wrong():
    says(check_clip_weights(lambda r, A, e: 2 * weights(r, A, e)), "wrong", "you have")
    says(check_clip_weights(lambda r, A, e: weights(r, A, e).mean()), "wrong", "one weight a sample")


def test_the_place_has_eleven_outside_and_four_flat_and_the_lost_ones_matter():
    r, A, *_ = far_away()
    assert (np.abs(r - 1) > 0.2).sum() == 11
    assert (weights(r, A, 0.2) == 0).sum() == 4
    assert without_the_minimum() == pytest.approx(0.650, abs=5e-4)


# The silent bug


@pytest.mark.parametrize(("answer", "said"), [("A", "computed once"), ("b", "makes a new array")])
def test_an_innocent_one_is_defended(answer, said):
    says(check_moving_old(answer), "wrong", said)


def test_a_loop_itself_is_understood_as_its_letter():
    def loop_C():
        return 0

    assert check_moving_old(loop_C)
    assert check_moving_old("loop_C")
    assert check_moving_old(" loop_C ")
