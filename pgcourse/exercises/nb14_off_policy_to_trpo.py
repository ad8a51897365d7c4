"""The exercises of notebook 14: how many samples count, F v, conjugate gradients, a line search, a silent bug."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import occupancy
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accused
from pgcourse.exercises.read import numbers, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, wrong
from pgcourse.exercises.words import apart
from pgcourse.policy import Policy, grad_log_softmax, tabular, tabular_softmax
from pgcourse.surrogate import conjugate_gradient, fisher_product
from pgcourse.zoo import five_states

# How many trajectories count


@exercise
def check_share(answer: Any, pi: tuple[float, float], b: tuple[float, float], H: int, n: int) -> Verdict:
    """n / E_b[W²] for trajectories of H steps, of which each action is drawn from b instead of π."""
    count = said_number(answer, "one such as 50")
    new, old = np.array(pi), np.array(b)
    square = float((new**2 / old).sum())
    exact = n / square**H
    if abs(count - exact) <= 0.02 * exact or count == round(exact):
        return right(f"About {exact:.1f} of {n:,}: each step divides the number by {square:.4g}.")
    other = float((old**2 / new).sum())
    usual = {
        n / square: "That is one step. The weight of a trajectory is a product of H ratios.",
        1 / square**H: f"That is the share. Of {n:,} trajectories it makes a number: multiply.",
        n / other**H: "π and b have changed places: the actions come from b, and the weight is π/b.",
        n / (square * H): "The ratios are multiplied, not added: take the mean square of one to the power H.",
        n / float((new**2).sum() / (old**2).sum()) ** H: "The mean over b of (π/b)² is Σ_a b (π/b)² = Σ_a π²/b.",
        n / float(((new / old) ** 2).sum()) ** H: "The mean over b: each (π/b)² counts b(a) times.",
        n / float((new / old).max()) ** H: "That has the largest ratio. It is the mean of the square that counts.",
        float(n): "W has the mean 1, but its square has not: Σ_a π²/b is more than 1 unless π = b.",
        n * square**H: "Divide, do not multiply: fewer samples count than there are.",
        n / square ** (H / 2): "It is the mean square of W, not its root.",
        n / square ** (H - 1): "H steps have H actions, and so H ratios.",
        n / square ** (H + 1): "H steps have H actions, and so H ratios.",
        square**H: "That is E_b[W²]. How many trajectories are left: n divided by it.",
        square: "That is the mean square of one ratio. Raise it to the power H, then divide n by it.",
    }
    for value, message in usual.items():
        if abs(count - value) <= 0.02 * abs(value) + 1e-9:
            return nearly(message)
    if not 0 < count <= n:
        return wrong(f"It lies between 0 and {n:,}: importance weights never make more of the samples.")
    return wrong(f"With H = 1 it is {n / square:.4g} of {n:,}. Each further step divides by the same number.")


# F v, without F


class Place(NamedTuple):
    """A policy on the five states that is not uniform, and what F is made of there."""

    d: Array
    pi: Policy
    score: Array
    v: Array


@lru_cache(maxsize=1)
def place() -> Place:
    rng = np.random.default_rng(14)
    mdp, pi = five_states(), tabular_softmax(rng.standard_normal((5, 3)))
    rho_pi = occupancy(mdp, pi)
    phi = np.concatenate([tabular(5, 3)[:, :, :6], rng.standard_normal((5, 3, 2))], axis=2)
    return Place(rho_pi / rho_pi.sum(), pi, grad_log_softmax(phi, pi), rng.standard_normal(8))


def _fisher_mistakes(of: Place) -> list[Mistake]:
    d, pi, score, v = of
    along = score @ v
    each = along[..., None] * score
    own = np.full(5, 0.2)
    return [
        Mistake(0 * v, "F v is 0 for you. The mean of ∇log π over the actions is 0: multiply by vᵀ∇log π before the "
                "mean is taken."),
        Mistake(own @ (pi @ each), "States count by d, as often as π is there. You count them alike."),
        Mistake((pi @ each).sum(axis=0), "States count by d. You add them up."),
        Mistake(d @ each.mean(axis=1), "Actions count by π(a|s). You count them alike."),
        Mistake(d @ each.sum(axis=1), "Actions count by π(a|s). You add them up."),
        Mistake(d @ (pi @ score**2) * v, "That is the diagonal of F only: each number of v meets its own score. It "
                "must be the scalar product vᵀ∇log π, one number a pair."),
        Mistake(d @ (pi @ np.abs(each)), "A product has a sign: no absolute value."),
        Mistake(d @ (pi @ (along[..., None] ** 2 * score)), "vᵀ∇log π appears once, not squared."),
        Mistake(d @ (pi @ each) + v, "The damping does not belong here. Return F v alone."),
        Mistake(d @ (np.sqrt(pi.probs)[..., None] * each).sum(axis=1), "Each pair counts by π, not by its root."),
        Mistake(d**2 @ (pi @ each), "d stands there twice."),
        Mistake(d @ (pi.probs[..., None] ** 2 * each).sum(axis=1), "π stands there twice."),
        Mistake(v @ fisher_product(d, pi, score, v), "That is vᵀFv, one number. F v has one number a parameter."),
    ]  # fmt: skip


@exercise
def check_fisher(my_product: Any) -> Verdict:
    """my_product(v, d, pi, score) must return F v, (d,), with F = Σ_s d Σ_a π ∇log π ∇log πᵀ."""
    of = place()
    expected = fisher_product(of.d, of.pi, of.score, of.v)
    value = numbers(run(my_product, "v, d, pi, score", of.v, of.d, of.pi, of.score), RETURNED, expected.shape)
    mistakes = _fisher_mistakes(of)
    if value.shape != expected.shape:
        if (known := named(value, mistakes)) is not None:
            return known
        return wrong(f"{RETURNED} shape {value.shape}, expected {expected.shape}: one number a parameter.")
    if close(value, expected):
        return right("F v at the price of one pass over the pairs. F itself is never made.")
    return mistaken(value, expected, mistakes, lambda yours, Fv, i: f"(F v)[{i}] is {Fv}; you have {yours}.")


# Conjugate gradients

PRODUCTS = 3  # of a matrix that needs six


@lru_cache(maxsize=1)
def equations() -> tuple[Array, Array]:
    """F (6, 6), symmetric with positive eigenvalues, and b (6,)."""
    rng = np.random.default_rng(6)
    root = rng.standard_normal((9, 6))
    return root.T @ root / 9, rng.standard_normal(6)


def _iterated(
    F: Array, b: Array, n: int, conjugate: Callable[[float, float], float], late: bool = False, minus: bool = False
) -> Array:
    """x after n products, where the next direction is the rest + conjugate(new square, old square) times the last."""
    x, rest = np.zeros_like(b), b.copy()
    direction = rest
    for _ in range(n):
        image = F @ direction
        step = rest @ rest / (direction @ image)
        x, new = x + step * direction, rest + (step if minus else -step) * image
        c = conjugate(float(new @ new), float(rest @ rest))
        direction, rest = (rest if late else new) + c * direction, new
    return x


def _gradient_mistakes(F: Array, b: Array) -> list[Mistake]:
    n, right_one = PRODUCTS, lambda new, old: new / old
    x = conjugate_gradient(lambda v: F @ v, b, n, 0.0)
    wrong_sign = _iterated(F, b, n, lambda new, old: -new / old)
    return [
        Mistake(_iterated(F, b, n, lambda new, old: 0.0), "That is steepest descent: each direction is the rest. "
                "Add a part of the last direction to it: rest + (new square / old square) · direction."),
        Mistake(_iterated(F, b, n, lambda new, old: old / new), "The part of the last direction is new square / old "
                "square. You have it the other way up."),
        Mistake(_iterated(F, b, n, lambda new, old: (new / old) ** 0.5), "Squares of lengths are divided, not "
                "lengths."),
        Mistake(wrong_sign, "The part of the last direction is added, not taken off."),
        Mistake(_iterated(F, b, n, right_one, late=True), "The next direction must begin with the *new* rest."),
        Mistake(_iterated(F, b, n, right_one, minus=True), "The rest shrinks: rest − step · F direction."),
        Mistake(_iterated(F, b, n, lambda new, old: 1.0), "The last direction counts new square / old square times. "
                "Are both squares taken after the rest has changed?"),
        Mistake(_iterated(F, b, n - 1, right_one), f"Only {n - 1} products are used of {n}."),
        Mistake(_iterated(F, b, n + 1, right_one), f"{n + 1} products are used, one more than n = {n}."),
        Mistake(np.linalg.solve(F, b), "That is the solution itself. Here it must be the x after n products, and F is "
                "not at hand: only F v is."),
        Mistake(_iterated(F, b, 1, right_one), "That is x after one product. Is the loop left too early?"),
        Mistake(x + b, "Begin with x = 0. You begin with x = g."),
        Mistake(b - F @ x, "That is the rest g − F x. Return x."),
        Mistake(0 * b, "x stays 0: is it changed in the loop?"),
        Mistake(-x, "The sign is turned round: the first direction is +g."),
    ]  # fmt: skip


@exercise
def check_conjugate(my_cg: Any) -> Verdict:
    """my_cg(product, g, n) must return x after n steps of conjugate gradients from x = 0, and 0 for g = 0."""
    F, g = equations()
    F = F.copy()
    calls = 0

    def product(v: Any) -> Any:
        nonlocal calls
        calls += 1
        return F @ v

    def solve(g: Array, n: int) -> Array:
        given = run(my_cg, "product, g, n", product, g, n)
        return numbers(given, RETURNED, g.shape)

    value, expected = solve(g, PRODUCTS), conjugate_gradient(lambda v: F @ v, g, PRODUCTS, 0.0)
    if value.shape != g.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {g.shape}, as g has.")
    if not close(value, expected):
        yours, good = apart(*(float(np.linalg.norm(g - F @ x)) for x in (value, expected)))
        return mistaken(
            value,
            expected,
            _gradient_mistakes(F, g),
            lambda mine, x, i: f"After n = {PRODUCTS} products |g − F x| is {good}; yours is {yours}.",
        )
    if calls == PRODUCTS + 1:
        return nearly(
            f"x is right, but for n = {PRODUCTS} you call `product` {calls} times: once outside of the rounds. Before "
            "the loop x = 0, so that the rest is g; after it no call is needed."
        )
    if calls > PRODUCTS:
        return nearly(
            f"x is right, but for n = {PRODUCTS} you call `product` {calls} times. Once a round is enough, if you keep "
            "what it gives: with a network, each call is a pass forward and one backward."
        )
    nothing = solve(np.zeros(6), PRODUCTS)
    if not np.isfinite(nothing).all():
        return nearly("With g = 0 you divide 0 by 0, and θ would become nan. Stop when the rest is 0.")
    if nothing.any():
        return nearly("With g = 0 the solution is 0.")
    many = solve(g, 40)
    if not np.isfinite(many).all():
        return nearly("With n = 40 the rest is 0 long before, and you divide 0 by 0. Stop when the rest is tiny.")
    if not close(many, np.linalg.solve(F, g), 1e-5):
        return nearly("With n = 40 your x is not the solution. Do you stop too early, while the rest is still large?")
    if not close(solve(1e-3 * g, PRODUCTS), 1e-3 * expected):
        return nearly(
            "With a g that is 1000 times shorter your x is not 1000 times shorter. Do you stop at a rest that is small "
            "beside 1, and not beside g? A gradient is often short."
        )
    return right(f"{PRODUCTS} products bring x near, six solve it. F is never made.")


# The line search

SHRINK, TRIES, DELTA = 0.8, 10, 0.01


class Course(NamedTuple):
    """What the gain of L and KL do along a step, as functions of how much of it is taken."""

    name: str
    gain: Callable[[float], float]
    kl: Callable[[float], float]


COURSES = [
    Course("the whole step is fine", lambda c: c, lambda c: 0.009 * c**2),
    Course("KL is too large at first", lambda c: c, lambda c: 0.02 * c**2),
    Course("L falls at first", lambda c: c * (0.6 - c), lambda c: 0.009 * c**2),
    Course("L gains at once, KL comes down late", lambda c: c, lambda c: 0.05 * c**2),
    Course("L never gains", lambda c: -c, lambda c: 0.009 * c**2),
    Course("only the tenth size is within δ", lambda c: c, lambda c: 0.5 * c**2),
    Course("only an eleventh size would be within δ", lambda c: c, lambda c: 0.8 * c**2),
    Course("KL never comes down", lambda c: c, lambda c: 1.0),
    Course("KL is exactly δ", lambda c: c, lambda c: DELTA),
    Course("nothing is gained", lambda c: 0.0, lambda c: 0.0),
]


def _searched(passes: Callable[[float, float], bool], tries: int = TRIES, last: bool = False) -> Array:
    """What a search gives for each course, if `passes(gain, kl)` says when it stops."""
    found = []
    for course in COURSES:
        sizes = [SHRINK**j for j in range(tries)]
        fine = [c for c in sizes if passes(course.gain(c), course.kl(c))]
        found.append(fine[0] if fine else (sizes[-1] if last else 0.0))
    return np.array(found)


def _search_mistakes() -> list[Mistake]:
    def both(gain: float, kl: float) -> bool:
        return gain > 0 and kl <= DELTA

    c = _searched(both)
    j = np.log(np.maximum(c, SHRINK**TRIES)) / np.log(SHRINK)
    return [
        Mistake(_searched(lambda gain, kl: gain > 0), "The KL is not asked: a step that gains by L alone may leave the "
                "region where L says anything."),
        Mistake(_searched(lambda gain, kl: kl <= DELTA), "L is not asked: a step within the region may still be a "
                "loss."),
        Mistake(_searched(both, last=True), "If no size passes, no step is taken: return 0, not the last size tried."),
        Mistake(_searched(lambda gain, kl: gain > 0 or kl <= DELTA), "Both must hold, *and* not *or*."),
        Mistake(_searched(lambda gain, kl: gain >= 0 and kl <= DELTA), "A step must gain something: gain > 0."),
        Mistake(_searched(lambda gain, kl: gain > 0 and kl < DELTA), "KL = δ is still allowed: kl <= delta."),
        Mistake(_searched(lambda gain, kl: gain > 0 and kl > DELTA), "The wrong way round: KL must be at most δ."),
        Mistake(_searched(both, TRIES + 1), "Ten sizes are tried: 1, 0.8, …, 0.8⁹."),
        Mistake(_searched(both, TRIES - 1), "Ten sizes are tried: 1, 0.8, …, 0.8⁹."),
        Mistake(_searched(both) * SHRINK, "The size that passed is c itself. You shrink it once more."),
        Mistake(np.where(_searched(both) > 0, 1.0, 0.0), "Return how much of the step is taken, c, not whether."),
        Mistake(j, "Return c = 0.8ʲ, not j."),
        Mistake(np.where(c > 0, j, 0.0), "Return c = 0.8ʲ, not j."),
    ]  # fmt: skip


@exercise
def check_search(my_search: Any) -> Verdict:
    """my_search(measures, delta) must return the first c = 1, 0.8, … of ten with gain > 0 and KL ≤ δ, or 0."""
    found = []
    for course in COURSES:
        given = run(my_search, "measures, delta", lambda c, of=course: (of.gain(c), of.kl(c)), DELTA)
        value = numbers(given, RETURNED, ())
        if value.shape != ():
            raise Reply(wrong(f"{RETURNED} shape {value.shape}, expected one number: how much of the step is taken."))
        found.append(float(value))
    value, expected = np.array(found), _searched(lambda gain, kl: gain > 0 and kl <= DELTA)
    if close(value, expected):
        return right("The first size that gains by L, and is within the region. If there is none, θ stays.")
    return mistaken(
        value,
        expected,
        _search_mistakes(),
        lambda yours, c, k: f"Where {COURSES[k].name}, c is {c}; you have {yours}.",
    )


# The silent bug

INNOCENT: dict[str, str] = {
    "A": "A is innocent: the old policy is held still, and the slope of KL is differenced along v.",
    "B": "B is innocent: it is the mean of (vᵀ∇log π) ∇log π itself.",
}


@exercise
def check_still(answer: Any) -> Verdict:
    """The letter of the product that is no product with F."""
    name = getattr(answer, "__name__", answer)
    return accused(
        name.strip().removeprefix("product_") if isinstance(name, str) else answer,
        "C",
        "C moves the old policy along with the new one. KL of π with itself is 0 everywhere, so F v is 0 and only the "
        "damping is left: x is the plain gradient.",
        INNOCENT,
        "Look at how far F x is from ∇J: `misses(product_A)` and so on.",
    )
