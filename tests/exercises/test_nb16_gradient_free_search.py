"""Notebook 16's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_best_of, check_generation, check_pairs, check_report
from pgcourse.exercises.nb16_gradient_free_search import LOTS, expected_best


def generation(J, mean, std, rng):
    X = mean + std * rng.standard_normal((40, len(mean)))
    elites = X[np.argsort(J(X))[-8:]]
    return elites.mean(axis=0), elites.std(axis=0) + 0.1


def best_of(values, probs, n):
    return values @ np.diff(np.cumsum(probs) ** n, prepend=0)


RIGHT = {
    "generation": Asked(check_generation, generation),
    "pairs": Asked(check_pairs, 65),
    "best_of": Asked(check_best_of, best_of),
    "report": Asked(check_report, "A"),
}


def one_by_one(J, mean, std, rng):
    X = [rng.normal(mean, std) for _ in range(40)]
    ordered = sorted(X, key=lambda x: -J(x))[:8]
    return np.mean(ordered, axis=0), np.std(ordered, axis=0, ddof=1) + 0.1


def asked_twice(J, mean, std, rng):
    X = rng.normal(mean, std, size=(40, len(mean)))
    cut = np.sort(J(X))[-8]
    elites = X[J(X) >= cut]
    return [elites.mean(0), elites.std(0) + 0.1]


def with_numpy_s_own_generator(J, mean, std, rng):
    return generation(J, mean, std, np.random)


def looks_at_its_mean(J, mean, std, rng):
    before = J(mean)
    after, spread = generation(J, mean, std, rng)
    assert before < 0
    assert J(after) < 0
    return after, spread


@pytest.mark.parametrize("answer", [one_by_one, asked_twice, with_numpy_s_own_generator, looks_at_its_mean])
def test_a_generation_is_right_in_other_words_too(answer):
    assert check_generation(answer), check_generation(answer)


def changed(keep=lambda order: order[-8:], spread=lambda elites: elites.std(axis=0) + 0.1, draw=None, n=40):
    """A generation with a mistake in it."""

    def my_generation(J, mean, std, rng):
        X = (draw or (lambda m, s, e: m + s * e))(mean, std, rng.standard_normal((n, len(mean))))
        elites = X[keep(np.argsort(J(X)))]
        return elites.mean(axis=0), spread(elites)

    return my_generation


def around_the_old_mean(J, mean, std, rng):
    X = mean + std * rng.standard_normal((40, len(mean)))
    elites = X[np.argsort(J(X))[-8:]]
    return elites.mean(axis=0), np.sqrt(((elites - mean) ** 2).mean(axis=0)) + 0.1


def of_all(J, mean, std, rng):
    X = mean + std * rng.standard_normal((40, len(mean)))
    return X[np.argsort(J(X))[-8:]].mean(axis=0), X.std(axis=0) + 0.1


def best_alone(J, mean, std, rng):
    X = mean + std * rng.standard_normal((40, len(mean)))
    elites = X[np.argsort(J(X))[-8:]]
    return elites[-1], elites.std(axis=0) + 0.1


def with_a_generator_of_its_own(J, mean, std, rng):
    return generation(J, mean, std, np.random.default_rng(0))


def beyond_the_mean(J, mean, std, rng):
    after, spread = generation(J, mean, std, rng)
    return mean + after, spread


def keeps_the_old_std(J, mean, std, rng):
    return generation(J, mean, std, rng)[0], std + 0.1


MISTAKES = {
    "worst": (changed(keep=lambda order: order[:8]), "nearly", "eight worst"),
    "all": (changed(keep=lambda order: order), "nearly", "all forty"),
    "all but the best": (changed(keep=lambda order: order[:-8]), "nearly", "all but the eight best"),
    "the eighth": (changed(keep=lambda order: order[-8]), "wrong", "not of one row"),
    "own generator": (with_a_generator_of_its_own, "nearly", "the same ε in each generation"),
    "old mean added": (beyond_the_mean, "nearly", "add the old mean"),
    "old std": (keeps_the_old_std, "nearly", "the old one"),
    "one": (changed(keep=lambda order: order[-1:]), "nearly", "best one alone"),
    "seven": (changed(keep=lambda order: order[-7:]), "wrong", "Your new mean"),
    "no floor": (changed(spread=lambda e: e.std(axis=0)), "nearly", "floor is missing"),
    "larger of": (changed(spread=lambda e: np.maximum(e.std(axis=0), 0.1)), "nearly", "adds 0.1"),
    "variance": (changed(spread=lambda e: e.var(axis=0) + 0.1), "nearly", "its root"),
    "floor on the variance": (changed(spread=lambda e: (e.var(axis=0) + 0.1) ** 0.5), "nearly", "not to var"),
    "one std, repeated": (changed(spread=lambda e: np.full(3, e.std() + 0.1)), "nearly", "`axis=0`"),
    "one std": (changed(spread=lambda e: e.std() + 0.1), "wrong", "`axis=0`"),
    "another std": (changed(spread=lambda e: 2 * e.std(axis=0)), "wrong", "Your new std"),
    "old mean": (around_the_old_mean, "nearly", "old mean"),
    "std of all": (of_all, "nearly", "all candidates"),
    "best candidate": (best_alone, "nearly", "take all eight"),
    "changed places": (lambda *given: generation(*given)[::-1], "nearly", "changed places"),
    "std squared": (changed(draw=lambda m, s, e: m + s**2 * e), "nearly", "std² where std belongs"),
    "std forgotten": (changed(draw=lambda m, s, e: m + e), "nearly", "not spread around the mean as std says"),
    "std twice": (changed(draw=lambda m, s, e: m + 2 * s * e), "nearly", "not spread around the mean as std says"),
    "std five times": (changed(draw=lambda m, s, e: m + 5 * s * e), "nearly", "not spread around the mean"),
    "mean forgotten": (changed(draw=lambda m, s, e: s * e), "nearly", "do not lie around the mean"),
    "moved": (changed(draw=lambda m, s, e: m + s * (e + 0.5)), "nearly", "do not lie around the mean"),
    "only upwards": (changed(draw=lambda m, s, e: m + s * np.abs(e)), "nearly", "do not lie around"),
    "one draw for all": (changed(draw=lambda m, s, e: m + s * e[:, :1]), "nearly", "share one draw"),
    "the same": (changed(draw=lambda m, s, e: m + s * e[:1] + 0 * e), "nearly", "are the same"),
    "twenty": (changed(n=20), "wrong", "scores 20 candidates"),
    "never scored": (lambda J, mean, std, rng: (mean, std), "wrong", "scores 0 candidates"),
    "only the mean": (lambda *given: generation(*given)[0], "wrong", "expected two things"),
    "columns": (changed(draw=lambda m, s, e: (m + s * e).T), "wrong", "expected (40, 3)"),
    "open": (lambda *given: ..., "waiting", "three dots"),
    "half open": (lambda *given: (generation(*given)[0], ...), "waiting", "three dots"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_in_a_generation_has_its_own_answer(name):
    answer, tone, said = MISTAKES[name]
    says(check_generation(answer), tone, said)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [(64, "nearly", "That is d."), (66, "nearly", "E|ĝ|²"), (130, "nearly", "how often J"), (8, "nearly", "no root"),
     (8.06, "nearly", "no root"),
     (1, "nearly", "√65"), (7, "wrong", "For which N"), ("65 pairs", "wrong", "not a number"), (..., "waiting", "")],
    ids=str,
)  # fmt: skip
def test_each_wrong_number_of_pairs_has_its_own_answer(answer, tone, said):
    says(check_pairs(answer), tone, said)


@pytest.mark.parametrize(("values", "probs", "n"), LOTS[:2], ids=["dice", "three values"])
def test_the_best_of_n_is_the_mean_over_all_outcomes(values, probs, n):
    outcomes = [*product(range(len(values)), repeat=n)]
    mean = sum(np.prod(probs[list(k)]) * values[list(k)].max() for k in outcomes)
    assert np.isclose(expected_best(values, probs, n), mean, atol=1e-12)


def by_tail(values, probs, n):
    """x₀ + Σ_k (x_{k+1} − x_k)(1 − F_kⁿ)."""
    F = np.cumsum(probs)[:-1]
    return [values[0] + np.diff(values) @ (1 - F**n)]


def test_the_best_of_n_is_right_by_its_tail_too():
    assert check_best_of(by_tail)


BEST = {
    "mean": (lambda x, p, n: x @ p, "nearly", "*one* draw"),
    "sum": (lambda x, p, n: n * x @ p, "nearly", "sum of n"),
    "largest": (lambda x, p, n: x[-1], "nearly", "best that can come"),
    "worst": (lambda x, p, n: -(-x[::-1] @ np.diff(np.cumsum(p[::-1]) ** n, prepend=0)), "nearly", "worst of n"),
    "no differences": (lambda x, p, n: x @ np.cumsum(p) ** n, "nearly", "*at most* x"),
    "all the same": (lambda x, p, n: x @ p**n, "nearly", "may be alone"),
    "at all": (lambda x, p, n: x @ (1 - (1 - p) ** n), "nearly", "nothing larger"),
    "as a density": (lambda x, p, n: x @ (n * p * np.cumsum(p) ** (n - 1)), "nearly", "no two can be equal"),
    "no smallest": (lambda x, p, n: x[1:] @ np.diff(np.cumsum(p) ** n), "nearly", "smallest value"),
    "another": (lambda x, p, n: x @ p + 0.1, "wrong", "you have"),
    "too short": (lambda x, p, n: x @ np.diff(np.cumsum(p) ** n), "wrong", "ValueError"),
    "array": (lambda x, p, n: x * p, "wrong", "expected one number"),
    "open": (lambda x, p, n: ..., "waiting", "three dots"),
}


@pytest.mark.parametrize("name", BEST)
def test_each_mistake_in_the_best_of_n_has_its_own_answer(name):
    answer, tone, said = BEST[name]
    says(check_best_of(answer), tone, said)


@pytest.mark.parametrize(("answer", "said"), [("B", "falls"), ("C", "fresh episodes")])
def test_an_innocent_report_is_defended(answer, said):
    says(check_report(answer), "wrong", said)
    assert "z_scores" not in check_report(answer).message
