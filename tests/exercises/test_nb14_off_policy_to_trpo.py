"""Notebook 14's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.exercises import check_conjugate, check_fisher, check_search, check_share, check_still
from pgcourse.exercises.nb14_off_policy_to_trpo import COURSES, place
from pgcourse.surrogate import conjugate_gradient, fisher_product

share = partial(check_share, pi=(0.8, 0.2), b=(0.5, 0.5), H=20, n=1000)
SQUARE = 0.8**2 / 0.5 + 0.2**2 / 0.5


def product(v, d, pi, score):
    return d @ (pi @ ((score @ v)[..., None] * score))


def cg(product, b, n, first=0.0, descent=False, ratio=lambda new, old: new / old, enough=1e-20):
    x, rest = np.zeros_like(b) + first, b
    direction, square = rest, rest @ rest
    for _ in range(n):
        if square < enough:
            break
        image = product(direction)
        step = square / (direction @ image)
        x, rest = x + step * direction, rest - step * image
        square, before = rest @ rest, square
        direction = rest + ratio(square, before) * direction * (not descent)
    return x


def search(measures, delta, passes=lambda gain, kl, delta: gain > 0 and kl <= delta, none=0.0, tries=10):
    for j in range(tries):
        if passes(*measures(0.8**j), delta):
            return 0.8**j
    return none


RIGHT = {
    "share": Asked(share, 1000 / SQUARE**20),
    "fisher": Asked(check_fisher, product),
    "conjugate": Asked(check_conjugate, cg),
    "search": Asked(check_search, search),
    "still": Asked(check_still, "C"),
}


# How many count


@pytest.mark.parametrize("answer", [2, 2.1, 2.133, 1000 / SQUARE**20])
def test_the_number_is_right_to_its_two_digits(answer):
    assert share(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (1000 / SQUARE, "nearly", "That is one step"),
        (SQUARE**-20, "nearly", "That is the share"),
        (1000 / (0.5**2 / 0.8 + 0.5**2 / 0.2) ** 20, "nearly", "changed places"),
        (1000 / (SQUARE * 20), "nearly", "multiplied, not added"),
        (1000 / (1.6**2 + 0.4**2) ** 20, "nearly", "counts b(a) times"),
        (1000 / 1.6**20, "nearly", "largest ratio"),
        (1000, "nearly", "its square has not"),
        (1000 * SQUARE**20, "nearly", "Divide"),
        (1000 / SQUARE**10, "nearly", "not its root"),
        (1000 / SQUARE**19, "nearly", "H actions"),
        (SQUARE**20, "nearly", "That is E_b[W²]"),
        (1.36, "nearly", "mean square of one ratio"),
        (300, "wrong", "With H = 1 it is 735.3"),
        (-3, "wrong", "between 0 and 1,000"),
        ("few", "wrong", "is not a number"),
        (..., "waiting", "three dots"),
    ],
)
def test_each_wrong_number_has_its_own_answer(answer, tone, said):
    says(share(answer), tone, said)


# F v


def by_matrix(v, d, pi, score):
    return np.einsum("s,sa,sai,saj->ij", d, pi.probs, score, score) @ v


def by_covariance(v, d, pi, score):
    """The mean of the score is 0, so F is a covariance."""
    weights = (d[:, None] * pi.probs).ravel()
    flat = score.reshape(weights.size, -1)
    return flat.T @ (weights * (flat @ v))


@pytest.mark.parametrize("answer", [by_matrix, by_covariance])
def test_the_product_is_right_in_other_forms(answer):
    assert check_fisher(answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda v, d, pi, score: 0 * v, "F v is 0"),
        (lambda v, d, pi, score: np.full(5, 0.2) @ (pi @ ((score @ v)[..., None] * score)), "count them alike"),
        (lambda v, d, pi, score: (pi @ ((score @ v)[..., None] * score)).sum(axis=0), "add them up"),
        (lambda v, d, pi, score: d @ ((score @ v)[..., None] * score).mean(axis=1), "Actions count by"),
        (lambda v, d, pi, score: d @ ((score @ v)[..., None] * score).sum(axis=1), "Actions count by"),
        (lambda v, d, pi, score: d @ (pi @ (score * v * score)), "diagonal"),
        (lambda v, d, pi, score: product(v, d, pi, score) + v, "damping"),
        (lambda v, d, pi, score: v @ product(v, d, pi, score), "one number. F v has one number a parameter"),
    ],
)
def test_each_wrong_product_has_its_own_answer(answer, said):
    says(check_fisher(answer), "nearly", said)


def test_another_product_is_told_where_it_goes_wrong():
    says(check_fisher(lambda v, d, pi, score: 2 * product(v, d, pi, score)), "wrong", "(F v)[")
    says(check_fisher(lambda v, d, pi, score: np.ones(3)), "wrong", "expected (8,)")
    says(check_fisher(lambda v, d, pi, score: np.full(8, np.nan)), "wrong", "you have nan")


def test_states_actions_and_directions_all_matter_where_it_is_asked():
    """No mistake may pass because d or π is uniform there, or v along a score."""
    of = place()
    assert np.ptp(of.d) > 0.05
    assert np.ptp(of.pi.probs) > 0.3
    assert np.linalg.norm(fisher_product(of.d, of.pi, of.score, of.v)) > 0.05


# Conjugate gradients


def by_the_package(product, b, n):
    return conjugate_gradient(product, b, n)


def by_directions(product, b, n):
    """Gram-Schmidt in F's own scalar product, direction after direction."""
    x, p, kept = np.zeros_like(b), b, []
    for _ in range(n):
        if np.linalg.norm(p) < 1e-9:
            break
        for q, image in kept:
            p = p - (p @ image) / (q @ image) * q
        image = product(p)
        kept.append((p, image))
        step = (p @ b) / (p @ image)
        x = x + step * p
        p = b - sum(((q @ b) / (q @ F_q)) * F_q for q, F_q in kept)
    return x


def with_the_rest_computed_anew(product, b, n):
    x, direction = np.zeros_like(b), b
    for _ in range(n):
        rest = b - product(x)
        if rest @ rest < 1e-20:
            break
        image = product(direction)
        x = x + (rest @ rest) / (direction @ image) * direction
        new = b - product(x)
        direction = new + (new @ new) / (rest @ rest) * direction
    return x


def with_a_call_before_the_loop(product, b, n):
    product(np.zeros_like(b))
    return cg(product, b, n)


def with_the_matrix(product, b, n):
    F = np.array([product(e) for e in np.eye(len(b))])
    return cg(lambda v: F @ v, b, n)


@pytest.mark.parametrize("answer", [by_the_package, by_directions, partial(cg, enough=1e-10)])
def test_conjugate_gradients_are_right_in_other_forms(answer):
    assert check_conjugate(answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (partial(cg, descent=True), "steepest descent"),
        (partial(cg, ratio=lambda new, old: old / new), "other way up"),
        (partial(cg, ratio=lambda new, old: (new / old) ** 0.5), "not lengths"),
        (partial(cg, ratio=lambda new, old: -new / old), "added, not taken off"),
        (partial(cg, ratio=lambda new, old: 1.0), "counts new square"),
        (lambda product, b, n: cg(product, b, n - 1), "Only 2 products"),
        (lambda product, b, n: cg(product, b, n + 1), "one more than n"),
        (lambda product, b, n: cg(product, b, 1), "after one product"),
        (lambda product, b, n: cg(product, b, 9), "solution itself"),
        (lambda product, b, n: cg(product, b, n, first=b), "Begin with x = 0"),
        (lambda product, b, n: b - product(cg(product, b, n)), "That is the rest"),
        (lambda product, b, n: 0 * b, "x stays 0"),
        (lambda product, b, n: -cg(product, b, n), "sign"),
        (with_the_rest_computed_anew, "you call `product` 9 times"),
        (with_a_call_before_the_loop, "4 times: once outside of the rounds"),
        (with_the_matrix, "you call `product` 6 times"),
        (partial(cg, enough=-1.0), "0 by 0"),
        (partial(cg, enough=1e-3), "A gradient is often short"),
        (lambda product, b, n: cg(product, b, min(n, 4)), "Do you stop too early"),
        (lambda product, b, n: cg(product, b, n) if b.any() else np.ones(6), "the solution is 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_each_wrong_gradient_has_its_own_answer(answer, said):
    says(check_conjugate(answer), "nearly", said)


def test_steepest_descent_is_called_so():
    def descent(product, b, n):
        x = np.zeros_like(b)
        for _ in range(n):
            rest = b - product(x)
            if not rest.any():
                break
            x = x + (rest @ rest) / (rest @ product(rest)) * rest
        return x

    says(check_conjugate(descent), "nearly", "steepest descent")


def test_a_loop_without_a_stop_is_told_even_if_b_is_not_0():
    says(check_conjugate(lambda product, b, n: cg(product, b, n) if n < 40 else b * np.nan), "nearly", "n = 40")


def test_other_gradients_are_told_how_far_they_are():
    says(check_conjugate(lambda product, b, n: 0.5 * cg(product, b, n)), "wrong", "|g − F x| is")
    says(check_conjugate(lambda product, b, n: np.ones(2)), "wrong", "expected (6,)")


# The line search


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (partial(search, passes=lambda gain, kl, delta: gain > 0), "KL is not asked"),
        (partial(search, passes=lambda gain, kl, delta: kl <= delta), "L is not asked"),
        (partial(search, passes=lambda gain, kl, delta: gain > 0 or kl <= delta), "*and* not *or*"),
        (partial(search, passes=lambda gain, kl, delta: gain >= 0 and kl <= delta), "gain something"),
        (partial(search, passes=lambda gain, kl, delta: gain > 0 and kl < delta), "still allowed"),
        (partial(search, passes=lambda gain, kl, delta: gain > 0 and kl > delta), "wrong way round"),
        (partial(search, none=0.8**9), "return 0, not the last"),
        (partial(search, tries=9), "Ten sizes"),
        (partial(search, tries=11), "Ten sizes"),
        (partial(search, tries=5), "Ten sizes"),
        (lambda measures, delta: 0.8 * search(measures, delta), "once more"),
        (lambda measures, delta: float(search(measures, delta) > 0), "not whether"),
        (lambda measures, delta: np.log(search(measures, delta, none=0.8**10)) / np.log(0.8), "not j"),
        (lambda measures, delta: np.log(search(measures, delta, none=1.0)) / np.log(0.8), "not j"),
    ],
)
def test_each_wrong_search_has_its_own_answer(answer, said):
    says(check_search(answer), "nearly", said)


def test_another_search_is_told_where_it_goes_wrong():
    says(check_search(lambda measures, delta: 0.5), "wrong", "Where the whole step is fine, c is 1")
    says(check_search(lambda measures, delta: np.ones(2)), "wrong", "one number")
    says(check_search(lambda measures, delta: ...), "waiting", "three dots")


def test_the_courses_tell_every_rule_apart():
    """Each of the two questions decides somewhere, and both together somewhere else."""
    c = np.array([search(lambda c, of=of: (of.gain(c), of.kl(c)), 0.01) for of in COURSES])
    assert (c == 1).sum() == 2
    assert (c == 0).sum() == 4
    assert ((c > 0) & (c < 1)).sum() == 4


def test_one_course_asks_for_the_tenth_size_and_one_for_an_eleventh():
    found = {of.name: next(j for j in range(14) if of.kl(0.8**j) <= 0.01) for of in COURSES if "only" in of.name}
    assert found == {"only the tenth size is within δ": 9, "only an eleventh size would be within δ": 10}


# The silent bug


@pytest.mark.parametrize(("answer", "said"), [("A", "held still"), ("b", "itself")])
def test_an_innocent_one_is_defended(answer, said):
    says(check_still(answer), "wrong", said)


def test_a_product_itself_is_understood_as_its_letter():
    def product_C(v):
        return v

    assert check_still(product_C)
    assert check_still(" product_C ")
    says(check_still(np.trunc), "wrong", "expected 'A', 'B' or 'C'")
    says(check_still(partial(print)), "wrong", "expected 'A', 'B' or 'C'")
