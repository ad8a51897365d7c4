"""Notebook 03's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from verdicts import says

from pgcourse import zoo
from pgcourse.exercises import check_fixed_point, check_gradient_operator, check_reasons, check_zero_states
from pgcourse.exercises.nb03_value_gradients import REASONS, STEPS
from pgcourse.gradients import value_gradient, value_gradient_operator
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax

DRY = zoo.frozen_lake(slippery=False)
SLOPE = FiniteMDP(DRY.p[:, :3], DRY.r[:, :3], DRY.gamma, DRY.rho_0)  # nobody can go up
ON_SLOPE = tabular_softmax(np.random.default_rng(0).normal(size=(16, 3)))
REASONED = {2: "D", 3: "E", 4: "C", 5: "A", 6: "B"}


def zero_states(answer):
    return check_zero_states(answer, SLOPE, ON_SLOPE, asked=())


# Reasons


@pytest.mark.parametrize("answer", [REASONED, {line: f" {letter.lower()}" for line, letter in REASONED.items()}])
def test_the_five_reasons_in_their_places_are_right(answer):
    assert check_reasons(answer)


@pytest.mark.parametrize(("line", "letter"), [x for x in product(STEPS, REASONS) if REASONED[x[0]] != x[1]])
def test_each_wrong_reason_is_told_what_it_does_and_what_is_new_in_that_line(line, letter):
    verdict = check_reasons(REASONED | {line: letter})
    assert verdict.tone == "nearly"
    assert verdict.message.startswith("4 of 5 are right.")
    assert REASONS[letter][0] in verdict.message
    assert REASONS[letter][1] in verdict.message
    assert STEPS[line][1] in verdict.message
    assert f"Line {line} is not" in verdict.message


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (dict.fromkeys(REASONED, ...), "waiting", "three dots"),
        (REASONED | {4: ...}, "waiting", "4 of 5 are right"),
        (dict.fromkeys(REASONED, "A"), "wrong", "Line 2 is not"),
        ({2: "D"}, "wrong", "Line 3 has no reason"),
        (REASONED | {6: "X"}, "wrong", "Line 6 has 'X', expected one of A, B"),
        (REASONED | {6: 2}, "wrong", "Line 6 has 2"),
        ([*REASONED][:3], "wrong", "not a dictionary"),
    ],
)
def test_other_answers_about_reasons_are_understood(answer, tone, named):
    says(check_reasons(answer), tone, named)


# The operator


def source(q_pi, grad_pi):
    return (q_pi[..., None] * grad_pi).sum(axis=1)


def p_of(mdp, pi):
    return pi @ mdp.p


OPERATORS = [  # all with (g, m, pi, q, d) = (grad_v, mdp, pi, q_pi, grad_pi)
    (lambda g, m, pi, q, d: source(q, d) + p_of(m, pi) @ g, "nearly", "γ is missing"),
    (lambda g, m, pi, q, d: m.gamma * (source(q, d) + p_of(m, pi) @ g), "nearly", "both terms"),
    (lambda g, m, pi, q, d: source(q, d), "nearly", "Only the source"),
    (lambda g, m, pi, q, d: m.gamma * p_of(m, pi) @ g, "nearly", "Only γ p^π ∇v"),
    (lambda g, m, pi, q, d: source(q, d) - m.gamma * p_of(m, pi) @ g, "wrong", "minus"),
    (lambda g, m, pi, q, d: source(q, d) + m.gamma * p_of(m, pi).T @ g, "nearly", "transpose"),
    (lambda g, m, pi, q, d: pi @ (q[..., None] * d) + m.gamma * p_of(m, pi) @ g, "nearly", "weighted by π"),
    (lambda g, m, pi, q, d: source(m.r, d) + m.gamma * p_of(m, pi) @ g, "nearly", "r where q^π belongs"),
    (lambda g, m, pi, q, d: pi @ (m.r[..., None] * d) + m.gamma * p_of(m, pi) @ g, "wrong", "r weighted by π"),
    (
        lambda g, m, pi, q, d: source(q, d / pi.probs[..., None]) + m.gamma * p_of(m, pi) @ g,
        "nearly",
        "∇log π where ∇π belongs",
    ),
    (lambda g, m, pi, q, d: g, "wrong", "gives back what it was given"),
    (lambda g, m, pi, q, d: value_gradient(m, pi, q, d), "nearly", "That is the solution"),
    (lambda g, m, pi, q, d: q[..., None] * d, "nearly", "an axis for actions is left"),
    (lambda g, m, pi, q, d: q @ d + m.gamma * (pi @ m.p) @ g, "wrong", "with the ∇π of every state"),
    (lambda g, m, pi, q, d: np.dot(q, d) + m.gamma * (pi @ m.p) @ g, "wrong", "shape (5, 5, 2)"),
    (lambda g, m, pi, q, d: source(q, d)[:, None] + m.gamma * m.p @ g, "nearly", "averaged, pi @ (mdp.p @ grad_v)"),
    (lambda g, m, pi, q, d: (q * d[..., 0]).sum(), "wrong", "shape ()"),
    (lambda g, m, pi, q, d: q * d, "wrong", "q_pi[..., None]"),
    (lambda g, m, pi, q, d: source(q, d) + m.gamma * m.p @ g, "wrong", "average it, pi @ (mdp.p @ grad_v)"),
    (lambda g, m, pi, q, d: pi * d + g, "wrong", "acts by @"),
    (lambda g, m, pi, q, d: source(q, d) + m.gamma * pi @ m.p @ g, "wrong", "gamma * (pi @ f)"),
    (lambda g, m, pi, q, d: source((pi @ q)[:, None] + 0 * q, d) + m.gamma * p_of(m, pi) @ g, "nearly", "v ∇1"),
    (lambda g, m, pi, q, d: g + 1, "wrong", "(source)"),
    (lambda g, m, pi, q, d: g * np.nan, "wrong", "you get nan"),
    (lambda g: g, "wrong", "TypeError"),
    (lambda g, m, pi, q, d: "∇v", "wrong", "expected numbers"),
    (lambda g, m, pi, q, d: ..., "waiting", "three dots"),
    (lambda g, m, pi, q, d: None, "wrong", "is the `return` missing?"),
]


@pytest.mark.parametrize(
    "operator",
    [
        lambda grad_v, *of: value_gradient_operator(*of)(grad_v),
        lambda g, m, pi, q, d: np.einsum("sa,sad->sd", q, d) + m.gamma * (pi @ (m.p @ g)),
        lambda g, m, pi, q, d: (source(q, d) + m.gamma * p_of(m, pi) @ g).tolist(),
    ],
)
def test_the_operator_is_right_in_any_of_its_spellings(operator):
    assert check_gradient_operator(operator)


@pytest.mark.parametrize(("operator", "tone", "named"), OPERATORS)
def test_each_wrong_operator_has_its_own_answer(operator, tone, named):
    says(check_gradient_operator(operator), tone, named)


# The iteration


def iterate(operator, grad_v, tolerance):
    while np.abs((new := operator(grad_v)) - grad_v).max() > tolerance:
        grad_v = new
    return grad_v


def iterate_and_return_the_newest(operator, grad_v, tolerance):
    while True:
        old, grad_v = grad_v, operator(grad_v)
        if np.abs(grad_v - old).max() <= tolerance:
            return grad_v


def never_keeps_the_new(operator, grad_v, tolerance):
    while np.abs(operator(grad_v) - grad_v).max() > tolerance:
        pass


def without_abs(operator, grad_v, tolerance):
    grad_v = np.zeros_like(grad_v) + 10
    while ((new := operator(grad_v)) - grad_v).max() > tolerance:
        grad_v = new
    return grad_v


def by_the_mean(operator, grad_v, tolerance):
    while np.abs((new := operator(grad_v)) - grad_v).mean() > tolerance:
        grad_v = new
    return grad_v


def so_many_times(n):
    def repeated(operator, grad_v, tolerance):
        for _ in range(n):
            grad_v = operator(grad_v)
        return grad_v

    return repeated


def at_most_rounds(n):
    def limited(operator, grad_v, tolerance):
        for _ in range(n):
            old, grad_v = grad_v, operator(grad_v)
            if np.abs(grad_v - old).max() <= tolerance:
                break
        return grad_v

    return limited


def by_the_square(operator, grad_v, tolerance):
    while (((new := operator(grad_v)) - grad_v) ** 2).max() > tolerance:
        grad_v = new
    return grad_v


def from_nothing(operator, grad_v, tolerance):
    return iterate(operator, 0 * grad_v, tolerance)


def by_allclose(operator, grad_v, tolerance):
    while not np.allclose(new := operator(grad_v), grad_v, atol=tolerance):
        grad_v = new
    return grad_v


def written_over(operator, grad_v, tolerance):
    grad_v[:] = iterate(operator, grad_v, tolerance)
    return grad_v


@pytest.mark.parametrize("answer", [iterate, iterate_and_return_the_newest])
def test_an_iteration_that_ends_near_enough_is_right(answer):
    assert check_fixed_point(answer)
    assert "γ = 0.99" in check_fixed_point(answer).message


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (never_keeps_the_new, "wrong", "keep the new one"),
        (without_abs, "nearly", "np.abs"),
        (by_the_mean, "nearly", "largest difference, in absolute value"),
        (so_many_times(1), "wrong", "It takes a loop"),
        (
            so_many_times(30),
            "nearly",
            "With the solution itself as the first guess, your loop applied the operator 30 times",
        ),
        (at_most_rounds(100), "nearly", "applies the operator 100 times, for a smaller"),
        (at_most_rounds(500), "nearly", "applies the operator 500 times, for a smaller"),
        (at_most_rounds(1000), "nearly", "applies the operator 1,000 times, for a smaller"),
        (by_the_square, "nearly", "Almost"),
        (so_many_times(4000), "nearly", "the operator 4000 times, where one or two would do"),
        (from_nothing, "nearly", "Start from the grad_v that you are given"),
        (by_allclose, "nearly", "add rtol=0"),
        (lambda operator, grad_v, tolerance: grad_v, "wrong", "what you were given"),
        (written_over, "nearly", "writes over"),
        (lambda operator, grad_v, tolerance: 1.0, "wrong", "shape ()"),
        (lambda operator, grad_v, tolerance: "∇v", "wrong", "expected an array"),
        (lambda operator: 1 / 0, "wrong", "TypeError"),
        (lambda operator, grad_v, tolerance: grad_v * np.nan, "wrong", "not finite"),
        (lambda operator, grad_v, tolerance: ..., "waiting", "three dots"),
        (lambda operator, grad_v, tolerance: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_iteration_has_its_own_answer(answer, tone, named):
    says(check_fixed_point(answer), tone, named)


# The zeros


@pytest.mark.parametrize(
    "answer",
    [
        {(9, 1): [5, 7, 11, 12, 13, 14, 15]},
        {(9, 1): {5, 7, 11, 12, 13, 14, 15}, (2, 0): np.arange(4, 16), (5, 2): range(16)},
        {(np.int64(14), np.int64(2)): (15, 5, 7, 11, 12)},
    ],
)
def test_the_zeros_are_the_states_that_cannot_reach_s_and_everywhere_where_nothing_hangs_on_s(answer):
    assert zero_states(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ({(9, 1): [13, 14]}, "nearly", "live states are right"),
        ({(9, 1): [0, 1, 2, 3, 4, 6, 8, 9, 10]}, "nearly", "*not* zero"),
        ({(9, 1): [0, 1, 2, 3, 4, 5, 6, 7]}, "nearly", "wrong way"),
        ({(9, 1): [0, 1, 2, 3, 4, 6, 5, 7, 11, 12, 15]}, "nearly", "wrong way"),
        ({(9, 1): [s for s in range(16) if s != 9]}, "wrong", "only state 9 feels it"),
        ({(9, 1): [0, 5, 7, 11, 12, 13, 14, 15]}, "wrong", "state 0 can come to state 9"),
        ({(9, 1): [9, 5, 7, 11, 12, 13, 14, 15]}, "wrong", "state 9 is the state itself"),
        ({(9, 1): [5, 7, 11, 12, 13, 15]}, "nearly", "state 14 is missing: it has no way to state 9"),
        ({(9, 1): [5, 7, 11, 12, 13, 14]}, "nearly", "state 15 is missing: it ends the game"),
        ({(9, 1): []}, "nearly", "state 5 is missing"),
        (
            {(9, 1): [5, 7, 11, 12, 13, 14, 15], (2, 0): [5, 7, 11, 12, 15], (5, 2): range(16)},
            "nearly",
            "state 4 is missing",
        ),
        ({(5, 0): [5]}, "wrong", "nothing hangs on the choice"),
        ({(9, 1): ...}, "waiting", "three dots"),
        ({(9, 1): 13}, "wrong", "expected a list of states"),
        ({(9, 1): "13"}, "wrong", "expected a list of states"),
        ({(9, 1): [16]}, "wrong", "from 0 to 15"),
        ({(9, 1): [1.5]}, "wrong", "you name 1.5"),
        ({(9, 1): [[1, 2]]}, "wrong", "you name [1, 2]"),
        ({(9, 3): [1]}, "wrong", "an action below 3"),
        ({9: [1]}, "wrong", "9 is not a parameter"),
    ],
)
def test_each_wrong_prediction_has_its_own_answer(answer, tone, named):
    says(zero_states(answer), tone, named)


def test_where_two_actions_are_worth_the_same_their_parameters_are_felt_nowhere():
    """Not only in holes: one live state whose actions differ in name only."""
    p = np.zeros((3, 2, 3))
    p[0, :, 1] = p[1, 0, 2] = p[1, 1, 1] = p[2, :, 2] = 1
    mdp = FiniteMDP(p, [[1, 1], [0, 1], [0, 0]], 0.9, [1, 0, 0])
    pi = Policy.uniform(3, 2)
    assert check_zero_states({(0, 0): [0, 1, 2], (1, 0): [2]}, mdp, pi, asked=())
    assert not check_zero_states({(0, 0): [1, 2]}, mdp, pi, asked=())


def test_a_parameter_that_was_left_out_is_waited_for_and_a_mistake_in_another_is_told_first():
    zeros = {(9, 1): [5, 7, 11, 12, 13, 14, 15], (2, 0): range(4, 16), (5, 2): range(16)}
    assert check_zero_states(zeros, SLOPE, ON_SLOPE)
    assert check_zero_states(zeros | {(14, 2): (15, 5, 7, 11, 12)}, SLOPE, ON_SLOPE)
    for left_out in zeros:
        verdict = check_zero_states({pair: zeros[pair] for pair in zeros if pair != left_out}, SLOPE, ON_SLOPE)
        assert verdict.tone == "waiting"
        assert f"θ({left_out[0]}, {left_out[1]})" in verdict.message
    assert check_zero_states({(9, 1): [13, 14]}, SLOPE, ON_SLOPE).tone == "nearly"
