"""The exercises of notebook 16: one generation of CEM, the price of a pair, the best of n, and a report that lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accused
from pgcourse.exercises.read import numbers, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, wrong
from pgcourse.exercises.words import shown

# One generation of CEM

CANDIDATES, ELITES, FLOOR = 40, 8, 0.1
GENERATIONS = 30  # how often the student's function is called: 1200 candidates say how it draws
BEYOND = 6.0  # standard errors: what is no accident
STARTS = [
    (np.array([1.0, -2.0, 0.5]), np.array([0.05, 2.0, 0.2])),
    (np.array([-3.0, 0.0, 4.0]), np.array([1.5, 0.3, 0.7])),
]
SUMMIT = np.array([0.0, 1.0, -1.0])


class Watched:
    """J, of a batch (N, d) or of one θ (d,), that remembers what it was asked."""

    def __init__(self, d: int) -> None:
        self.d, self.asked = d, np.empty((0, d))

    def __call__(self, theta: Any) -> Any:
        batch = numbers(theta, "You ask J for")
        if batch.ndim not in (1, 2) or batch.shape[-1] != self.d:
            shape = f"({CANDIDATES}, {self.d})"
            raise Reply(wrong(f"You ask J for an array of shape {batch.shape}, expected {shape}: a row a candidate."))
        rows = batch.reshape(-1, self.d).astype(float)
        new = [row for row in rows if not (self.asked == row).all(axis=1).any()]  # asked again, it says the same
        self.asked = np.concatenate([self.asked, np.reshape(new, (-1, self.d))])
        return self.score(batch)

    @staticmethod
    def score(theta: Array) -> Any:
        return -((theta - SUMMIT) ** 2).sum(axis=-1)


def _generation(my_generation: Any, mean: Array, std: Array, seed: int) -> tuple[Array, Array]:
    """The candidates that were scored (40, d), and what the function gives, (2, d)."""
    J, d = Watched(len(mean)), len(mean)
    answer = run(my_generation, "J, mean, std, rng", J, mean, std, np.random.default_rng(seed))
    two = isinstance(answer, tuple | list) or (isinstance(answer, np.ndarray) and answer.ndim > 0)
    if not two or len(answer) != 2:
        raise Reply(wrong(f"{RETURNED} {shown(answer)}, expected two things: the new mean and the new std."))
    pair = [numbers(answer[0], "Your mean is", (d,)), numbers(answer[1], "Your std is", (d,))]
    for name, x in zip(("mean", "std"), pair, strict=True):
        if x.shape != (d,):
            hint = " One number for each parameter: eight rows, `axis=0`." * (x.shape in ((CANDIDATES,), (ELITES,)))
            if x.shape == ():
                hint = (
                    f" Take the {name} of the eight best candidates, an array (8, d), over its rows: `axis=0`. Not of "
                    "their scores, and not of one row: `[-8:]`, and not `[-8]`."
                )
            raise Reply(wrong(f"Your {name} has shape {x.shape}, expected ({d},).{hint}"))
    X = J.asked
    for looked_at in (mean, pair[0]):  # beside the candidates, one may score a mean
        if len(X) > CANDIDATES:
            X = X[[not close(x, looked_at) for x in X]]
    if len(X) != CANDIDATES:
        few = f"Your generation scores {len(X)} candidates, expected {CANDIDATES}."
        raise Reply(wrong(few + " Call J with all of them, an array (40, d)." * (len(X) < 2)))
    if len(np.unique(X, axis=0)) < CANDIDATES:
        raise Reply(nearly("Some of your candidates are the same: each needs an ε of its own."))
    return X, np.array(pair)


def _update(candidates: Array, keep: Callable[[Array], Any], spread: Callable[[Array], Array]) -> Array:
    """(2, d): the mean of those that are kept, by their scores, and what `spread` makes of them."""
    kept = candidates[keep(Watched.score(candidates))]
    return np.array([kept.mean(axis=0), spread(kept)])


def best(scores: Array) -> Any:
    return np.argsort(scores)[-ELITES:]


def with_floor(kept: Array) -> Array:
    return kept.std(axis=0) + FLOOR


def _mistakes(X: Array, mean: Array, std: Array) -> list[Mistake]:
    usual = _update(X, best, with_floor)
    return [
        Mistake(
            _update(X, lambda scores: np.argsort(scores)[:ELITES], with_floor),
            "You keep the eight worst: `argsort` goes upwards, and J is to be large. Libraries minimise; we do not.",
        ),
        Mistake(_update(X, np.argsort, with_floor), "You keep all forty: then J has no say. Keep the eight best."),
        Mistake(
            _update(X, lambda scores: np.argsort(scores)[:-ELITES], with_floor),
            "You keep all but the eight best: `[:-8]` leaves the last eight out, `[-8:]` takes them.",
        ),
        Mistake(
            _update(X, lambda scores: np.argsort(scores)[-1:], with_floor),
            "You keep the best one alone: its luck, too, and no spread is left. Keep eight.",
        ),
        Mistake(
            _update(X, best, lambda kept: kept.std(axis=0)),
            "The floor is missing: + 0.1. Without it the std can shrink to nothing far from the best.",
        ),
        Mistake(
            _update(X, best, lambda kept: np.maximum(kept.std(axis=0), FLOOR)),
            "You take the larger of std and 0.1: that works, too, but the exercise adds 0.1.",
        ),
        Mistake(_update(X, best, lambda kept: kept.var(axis=0) + FLOOR), "That is the variance: take its root."),
        Mistake(
            _update(X, best, lambda kept: np.sqrt(kept.var(axis=0) + FLOOR)), "Add the floor to the std, not to var."
        ),
        Mistake(
            _update(X, best, lambda kept: np.sqrt(((kept - mean) ** 2).mean(axis=0)) + FLOOR),
            "Your std is taken around the old mean: it must be around the elites' own.",
        ),
        Mistake(
            _update(X, best, lambda kept: X.std(axis=0) + FLOOR), "Your std is that of all candidates: take the elites."
        ),
        Mistake(
            _update(X, best, lambda kept: std + FLOOR),
            "Your std is the old one, with the floor: take that of the elites.",
        ),
        Mistake(
            np.array([mean, np.zeros(len(mean))]) + usual,
            "You add the old mean. The candidates lie around it already: the elites' mean is the new one.",
        ),
        Mistake(
            _update(X, best, lambda kept: np.full(X.shape[1], kept.std() + FLOOR)),
            "Your std is one number for all parameters: each has its own, `axis=0`.",
        ),
        Mistake(usual[::-1], "Mean and std have changed places."),
        Mistake(
            np.array([X[best(Watched.score(X))][-1], usual[1]]), "Your mean is the best candidate: take all eight."
        ),
    ]


def _drawn(epsilon: Array, variances: Array) -> Verdict | None:
    """What is wrong with the draws, (n, d): they should be standard normal, each coordinate with a draw of its own."""
    if len(np.unique(epsilon.round(6), axis=0)) <= len(epsilon) / 2:
        return nearly(
            "You draw the same ε in each generation: draw from the `rng` that is given, not from one of your own."
        )
    n = len(epsilon)

    def off(x: Array, expected: float, of: float | Array = 1.0) -> bool:
        return bool((np.abs(x - expected) > BEYOND * of / np.sqrt(n)).any())

    if off(epsilon.mean(axis=0), 0, np.maximum(1, epsilon.std(axis=0))):
        return nearly("Your candidates do not lie around the mean: θ = mean + std · ε.")
    if off((epsilon**2).mean(axis=0), 1, np.sqrt(2)):
        if not off((variances**2).mean(axis=0), 1, np.sqrt(2)):
            return nearly("You draw with std² where std belongs: θ = mean + std · ε.")
        return nearly("Your candidates are not spread around the mean as std says: θ = mean + std · ε, ε ~ N(0, I).")
    if off((epsilon * np.roll(epsilon, 1, axis=1)).mean(axis=0), 0):
        return nearly("All parameters of a candidate share one draw: each needs its own, an array (40, d).")
    return None


@exercise
def check_generation(my_generation: Any) -> Verdict:
    """my_generation(J, mean, std, rng) → the new mean and std: 40 candidates, the 8 best, + 0.1."""
    epsilon, variances = [], []
    for k in range(GENERATIONS):
        mean, std = STARTS[k % len(STARTS)]
        X, value = _generation(my_generation, mean, std, seed=k)
        epsilon.append((X - mean) / std)
        variances.append((X - mean) / std**2)
        expected = _update(X, best, with_floor)
        unbiased = _update(X, best, lambda kept: kept.std(axis=0, ddof=1) + FLOOR)
        if close(value, expected) or close(value, unbiased):
            continue
        if (verdict := named(value, _mistakes(X, mean, std))) is not None:
            return verdict
        wrong_one = "mean" if not close(value[0], expected[0]) else "std"
        return wrong(f"Your new {wrong_one} is not that of the eight best of your candidates, with + 0.1 on the std.")
    if (verdict := _drawn(np.concatenate(epsilon), np.concatenate(variances))) is not None:
        return verdict
    return right("One generation of CEM: draw, score, keep the best, and begin again around them.")


# The price of a pair


@exercise
def check_pairs(answer: Any) -> Verdict:
    """How many antithetic pairs make the spread of the mean estimate as long as ∇J: J linear, d = 64."""
    value = said_number(answer, "a number of pairs")
    near = {
        64: "That is d. The variance of one pair is (d + 1)|∇J|².",
        66: "That is d + 2, which is E|ĝ|². Take the square of the mean, |∇J|², off.",
        130: "That is how often J is called. How many pairs is it?",
        8: "The spread shrinks as 1/√N, its square as 1/N: no root is left.",
        1: "With one pair the spread is √65 times as long as ∇J.",
    }
    if 8 < value < 8.124:
        value = 8  # √65, more exactly
    if value == 65:
        return right("d + 1 = 65 pairs, 130 values of J, for one step whose noise is as long as the step.")
    if value in near:
        return nearly(near[int(value)])
    return wrong("The mean of N pairs has the variance (d + 1)|∇J|²/N. For which N is it |∇J|²?")


# The best of n

DICE = np.arange(1.0, 7)
LOTS = [
    (DICE, np.full(6, 1 / 6), 3),
    (np.array([-9.0, -4.0, -3.0]), np.array([0.5, 0.3, 0.2]), 2),
    (np.array([-9.0, -4.0, -3.0]), np.array([0.5, 0.3, 0.2]), 8),
]


def expected_best(values: Array, probs: Array, n: int) -> float:
    """E max of n independent draws: Σ_k x_k (F_kⁿ − F_{k−1}ⁿ), F the cumulative probabilities, values ascending."""
    return float(values @ np.diff(np.cumsum(probs) ** n, prepend=0))


def _each_lot(rule: Callable[[Array, Array, int], Any]) -> Array:
    return np.array([rule(values, probs, n) for values, probs, n in LOTS])


@exercise
def check_best_of(my_best_of: Any) -> Verdict:
    """my_best_of(values, probs, n) must give the mean of the best of n independent draws; values ascend."""

    def asked(values: Array, probs: Array, n: int) -> Array:
        best = numbers(run(my_best_of, "values, probs, n", values, probs, n), RETURNED, ())
        if best.shape:
            raise Reply(wrong(f"{RETURNED} an array of shape {best.shape}, expected one number."))
        return best

    value = np.array([asked(*lot) for lot in LOTS])
    expected = _each_lot(expected_best)
    if close(value, expected):
        return right("The best of n, exactly. It grows with n, and no policy has become better.")
    mistakes = [
        Mistake(_each_lot(lambda x, p, n: x @ p), "That is the mean of *one* draw: n has no part in it."),
        Mistake(_each_lot(lambda x, p, n: n * (x @ p)), "That is the sum of n draws, not the best of them."),
        Mistake(
            _each_lot(lambda x, p, n: x.max()), "That is the best that can come. How probable is it, with n draws?"
        ),
        Mistake(
            _each_lot(lambda x, p, n: x @ -np.diff((1 - np.cumsum(p)) ** n, prepend=1)),
            "That is the worst of n. All n are ≤ x with probability F(x)ⁿ.",
        ),
        Mistake(
            _each_lot(lambda x, p, n: x @ np.cumsum(p) ** n),
            "Fⁿ is the probability that the best is *at most* x. Take differences to have that of x itself.",
        ),
        Mistake(
            _each_lot(lambda x, p, n: x @ p**n), "pⁿ is the probability that all n draws are x. The best may be alone."
        ),
        Mistake(
            _each_lot(lambda x, p, n: x @ (1 - (1 - p) ** n)),
            "1 − (1 − p)ⁿ is the probability that x comes at all. It is the best only if nothing larger comes.",
        ),
        Mistake(
            _each_lot(lambda x, p, n: n * x @ (p * np.cumsum(p) ** (n - 1))),
            "n p Fⁿ⁻¹ is right for scores of which no two can be equal. Here they can: take differences of Fⁿ.",
        ),
        Mistake(
            _each_lot(lambda x, p, n: x[1:] @ np.diff(np.cumsum(p) ** n)),
            "The smallest value has no part in it: before it F is 0, `prepend=0`.",
        ),
    ]

    def text(yours: str, right_one: str, k: int) -> str:
        values, probs, n = LOTS[k]
        lot = f"values {values.tolist()}, probabilities {probs.round(3).tolist()} and n = {n}"
        return f"For {lot} it is {right_one}; you have {yours}."

    return mistaken(value, expected, mistakes, text)


# The report

INNOCENT = {
    "B": "B's curve falls: it hands a minimiser J instead of −J. That is a loud mistake, you see it.",
    "C": "C says what its mean earns in 100 fresh episodes: off by about one to either side, and right on average.",
}


@exercise
def check_report(answer: Any) -> Verdict:
    """The letter of the search whose report is better than the best policy there is."""
    why = (
        "A reports the best score that it has seen: one lucky episode. Its own policy earns what C's earns, and no "
        "policy earns more than −(6 + 4√2)."
    )
    return accused(answer, "A", why, INNOCENT, look="Compare each report with the best J there is.")
