"""Notebook 02's checks: right answers pass in any form, each usual mistake gets its own message."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from verdicts import says

from pgcourse import FiniteMDP, zoo
from pgcourse.bellman import action_value, evaluate, optimal_values, value_iteration_policies
from pgcourse.exercises.nb02_reminders import (
    PROOF,
    REASONS,
    check_bellman_operator,
    check_occupancy,
    check_occupancy_proof,
    check_worse_greedy,
)
from pgcourse.policy import Policy

TRAP = zoo.value_iteration_trap()


def with_rewards(*rows):
    return replace(TRAP, r=np.array(rows, dtype=float))


# Value iteration's greedy policies


def test_the_trap_is_worth_what_the_two_by_two_systems_say():
    """By hand: (a₀, a₀): v(0) = −2 + 0.9 v(1), v(1) = 3 + 0.9 v(0); (a₀, a₁): v(1) = −1/(1 − 0.9)."""
    _, actions = value_iteration_policies(TRAP, 5)
    assert actions.tolist() == [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]]
    worth = [evaluate(TRAP, Policy.deterministic(a, 2)) for a in actions[:2]]
    np.testing.assert_allclose(worth[0], [0.7 / 0.19, 1.2 / 0.19], rtol=1e-12)
    np.testing.assert_allclose(worth[1], [-11, -10], rtol=1e-12)
    np.testing.assert_allclose(optimal_values(TRAP), worth[0], rtol=1e-12)


def test_value_iteration_itself_converges_to_the_optimum():
    lake = zoo.frozen_lake()
    v, actions = value_iteration_policies(lake, 2000)
    np.testing.assert_allclose(v[-1], optimal_values(lake), atol=1e-8)
    np.testing.assert_allclose(evaluate(lake, Policy.deterministic(actions[-1], 4)), optimal_values(lake), atol=1e-8)


@pytest.mark.parametrize(
    "mdp",
    [
        with_rewards([-1.5, -2.5], [2.5, -0.5]),
        with_rewards([-2.5, -3], [3, -1]),
        replace(TRAP, gamma=0.85),
        replace(TRAP, gamma=0.99),
    ],
)
def test_another_fall_in_every_state_is_right(mdp):
    assert check_worse_greedy(mdp)


def three_states(second=3.0):
    """State 0: earn 1 and stay, or go to 1 for nothing; there `second` and the end."""
    p = np.zeros((3, 2, 3))
    p[0, 0, 0] = p[0, 1, 1] = 1
    p[1:, :, 2] = 1
    return FiniteMDP(p, np.array([[1.0, 0], [second, second - 1], [0, 0]]), 0.9, np.eye(3)[0])


@pytest.mark.parametrize(
    ("mdp", "tone", "named"),
    [
        (TRAP, "nearly", "course's own example."),
        (replace(TRAP, r=10 * TRAP.r), "nearly", "in another unit of reward"),
        (replace(TRAP, p=TRAP.p[::-1, :, ::-1], r=TRAP.r[::-1]), "nearly", "under other names"),
        (replace(TRAP, p=TRAP.p[:, ::-1], r=TRAP.r[:, ::-1]), "nearly", "under other names"),
        (replace(TRAP, p=TRAP.p[::-1, ::-1, ::-1], r=2 * TRAP.r[::-1, ::-1]), "nearly", "under other names"),
        (three_states(), "nearly", "not in every state"),
        (with_rewards([0, 0], [1, -1]), "wrong", "is the same at all"),
        (replace(TRAP, gamma=0.0), "wrong", "is the same at all"),
        (replace(TRAP, gamma=1.0), "wrong", "has no value"),
        (replace(TRAP, r=np.zeros((2, 2)), p=np.tile(np.eye(2)[:, None], (1, 2, 1))), "wrong", "absorbing"),
        (zoo.garnet(201, 2, 2, 0.9, np.random.default_rng(0)), "wrong", "at most 200"),
    ],
)
def test_each_mdp_without_a_fall_has_its_own_answer(mdp, tone, named):
    says(check_worse_greedy(mdp), tone, named)


def test_a_fall_that_hangs_on_a_tie_is_found_out():
    """At k = 0 both actions of state 0 are worth −2: the other choice is as greedy."""
    says(check_worse_greedy(with_rewards([-2, -2], [3, -1.5])), "nearly", "tie")


def test_a_fall_without_a_tie_counts_though_one_before_it_had_one():
    p = np.array([[[0, 1], [0.8, 0.2]], [[0.6, 0.4], [0.9, 0.1]]])
    mdp = FiniteMDP(p, np.array([[-5.0, -5], [2, 4]]), 0.95, np.eye(2)[0])
    says(check_worse_greedy(mdp), "right", "From k = 2 to k = 3")


def test_the_lake_s_only_fall_of_forty_sweeps_hangs_on_a_tie_and_is_said_to():
    """At k = 4 many actions of the upper rows are still worth 0 alike. The best of them is worth twice as much."""
    lake = zoo.frozen_lake()
    v, actions = value_iteration_policies(lake, 40)
    worth = np.array([evaluate(lake, Policy.deterministic(a, 4)) for a in actions])
    assert set(np.argwhere(np.diff(worth, axis=0) < -1e-9)[:, 0]) == {4}
    best = action_value(lake, v[4]) > action_value(lake, v[4]).max(axis=1, keepdims=True) - 1e-9
    tied = np.where(best, action_value(lake, optimal_values(lake)), -1).argmax(axis=1)
    assert evaluate(lake, Policy.deterministic(tied, 4))[0] > 2 * worth[4, 0]
    says(check_worse_greedy(lake), "nearly", "tie")


def test_value_iteration_s_greedy_policies_need_not_settle_though_all_are_best_in_the_end():
    """From 0 to 1 or to 2; between these two one goes to and fro, for +1 and −1. Both ways are worth the same in the
    limit, and v_k comes to it from above and below in turn. In fractions, since the difference dies out as γᵏ."""
    gamma, v = Fraction(9, 10), [Fraction(0)] * 2
    first = Fraction(0), 2 * gamma / (1 + gamma)  # what the way to 1 and the way to 2 pay at once
    choices = []
    for _ in range(200):
        q = [pays + gamma * ahead for pays, ahead in zip(first, v, strict=True)]
        choices.append(q.index(max(q)))
        v = [1 + gamma * v[1], -1 + gamma * v[0]]
    assert choices == [1, 0] * 100


# Operators


def test_the_bellman_operator_on_q_is_right_however_it_is_written():
    assert check_bellman_operator(lambda pi, p, r, gamma, q: r + gamma * p @ (pi @ q))
    assert check_bellman_operator(
        lambda pi, p, r, gamma, q: r + gamma * np.einsum("sat,tb,tb->sa", p, pi.probs, q, optimize=True)
    )
    assert check_bellman_operator(lambda pi, p, r, gamma, q: (r + gamma * p @ (pi @ q)).tolist())


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda pi, p, r, gamma, q: pi @ (r + gamma * p @ (pi @ q)), "nearly", "T^π v"),
        (lambda pi, p, r, gamma, q: pi @ p, "nearly", "still has to be applied"),
        (lambda pi, p, r, gamma, q: p * (pi @ q), "nearly", "has not been summed"),
        (lambda pi, p, r, gamma, q: (r + gamma * p @ (pi @ q)).T, "nearly", "exchanged"),
        (lambda pi, p, r, gamma, q: r + p @ (pi @ q), "nearly", "γ is missing"),
        (lambda pi, p, r, gamma, q: gamma * p @ (pi @ q), "nearly", "reward r is missing"),
        (lambda pi, p, r, gamma, q: gamma * (r + p @ (pi @ q)), "nearly", "multiplies the reward"),
        (lambda pi, p, r, gamma, q: r + gamma * p @ q.max(axis=1), "nearly", "optimality operator"),
        (lambda pi, p, r, gamma, q: r + gamma * (pi @ p) @ q, "nearly", "p^π = π p to q"),
        (lambda pi, p, r, gamma, q: (pi @ r)[:, None] + gamma * p @ (pi @ q), "nearly", "r^π"),
        (lambda pi, p, r, gamma, q: r + gamma * p @ q.mean(axis=1), "nearly", "q.mean"),
        (lambda pi, p, r, gamma, q: r + gamma * p @ q.sum(axis=1), "nearly", "q.sum"),
        (lambda pi, p, r, gamma, q: r - gamma * p @ (pi @ q), "wrong", "right to left"),
        (lambda pi, p, r, gamma, q: r + gamma * p @ q, "wrong", "average it first, pi @ q"),
        (lambda pi, p, r, gamma, q: pi @ (r + gamma * (p @ q)), "wrong", "average it first, pi @ q"),
        (lambda pi, p, r, gamma, q: r + gamma * p @ pi @ q, "wrong", "bracket it from the right, p @ (pi @ q)"),
        (lambda pi, p, r, gamma, q: r + gamma * pi @ p @ q, "wrong", "gamma * (pi @ f)"),
        (lambda pi, p, r, gamma, q: r + gamma * (pi @ p) @ (pi @ q), "wrong", "not π r and π p"),
        (lambda pi, p, r, gamma, q: (pi @ r) + gamma * p @ (pi @ q), "wrong", "not π r and π p"),
        (lambda pi, p, r, gamma, q: 3.0, "wrong", "shape ()"),
        (lambda pi, p, r, gamma, q: np.full(r.shape, np.inf), "wrong", "in the pair (0, 0) inf, expected"),
        (lambda pi, p, r, gamma, q: "q", "wrong", "expected numbers"),
        (lambda q: q, "wrong", "TypeError"),
        (lambda pi, p, r, gamma, q: ..., "waiting", "three dots"),
        (lambda pi, p, r, gamma, q: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_operator_has_its_own_answer(answer, tone, named):
    says(check_bellman_operator(answer), tone, named)


def test_an_operator_that_is_called_rightly_is_not_told_its_arguments():
    assert check_bellman_operator(lambda q: q).message.endswith("It is called with (pi, p, r, gamma, q).")
    assert check_bellman_operator(lambda pi, p, r, gamma, q: r + pi * q).message.endswith("are pi.probs.")


# The proof


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ("ABCD", "wrong", "Step 1 → 2"),
        ("BDCA", "nearly", "Step 3 → 4"),
        ("BDAE", "nearly", "Step 4 → 5"),
        ("BAFC", "nearly", "Step 2 → 3"),
        ("BD", "wrong", "2 letters"),
        ("BDAX", "wrong", "X is not one"),
        ("", "wrong", "0 letters"),
    ],
)
def test_each_wrong_reason_gets_a_hint_for_its_step(answer, tone, named):
    says(check_occupancy_proof(answer), tone, named)


def test_the_hint_repeats_the_reason_that_was_given():
    for letter, reason in REASONS.items():
        if letter != PROOF[0]:
            assert reason in check_occupancy_proof(letter + PROOF[1:]).message


# The occupancy


def loop(rho_0, p_pi, gamma, terms=4000):
    rho, p_t = np.zeros(len(rho_0)), rho_0
    for t in range(terms):
        rho = rho + gamma**t * p_t
        p_t = p_t @ p_pi
    return rho


def discounted_twice(rho_0, p_pi, gamma):
    rho, p_t = 0 * rho_0, rho_0
    for t in range(4000):
        rho = rho + gamma**t * p_t
        p_t = gamma * p_t @ p_pi
    return rho


def moved_on_first(rho_0, p_pi, gamma):
    rho, p_t = 0 * rho_0, rho_0
    for t in range(4000):
        p_t = p_t @ p_pi
        rho = rho + gamma**t * p_t
    return rho


def added_to_itself(rho_0, p_pi, gamma):
    rho = rho_0
    for _ in range(200):
        rho = rho + gamma * rho @ p_pi
    return rho


def solve(rho_0, p_pi, gamma):
    return np.linalg.solve((np.eye(len(rho_0)) - gamma * p_pi).T, rho_0)


@pytest.mark.parametrize("answer", [loop, solve, lambda rho, p, g: rho @ np.linalg.inv(np.eye(len(rho)) - g * p)])
def test_the_occupancy_is_right_by_a_loop_and_by_a_solve(answer):
    assert check_occupancy(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (lambda rho, p, g: np.linalg.solve(np.eye(len(rho)) - g * p, rho), "nearly", "adjoint"),
        (lambda rho, p, g: (1 - g) * solve(rho, p, g), "nearly", "unnormalised"),
        (lambda rho, p, g: rho @ (np.eye(len(rho)) - g * p) ** -1, "wrong", "divide entry by entry"),
        (lambda rho, p, g: rho @ np.reciprocal(np.eye(len(rho)) - g * p), "wrong", "np.linalg.inv"),
        (lambda rho, p, g: solve(rho, p, g) - rho, "nearly", "t = 1"),
        (lambda rho, p, g: g * solve(rho, p, g), "nearly", "One γ too many"),
        (lambda rho, p, g: loop(rho, p, g, 20), "nearly", "too early"),
        (lambda rho, p, g: loop(rho, p, g, 1000), "nearly", "sums to 99.996, expected 1/(1−γ) = 100: the sum over t"),
        (lambda rho, p, g: np.linalg.inv(np.eye(len(rho)) - g * p), "nearly", "is an operator"),
        (lambda rho, p, g: loop(rho, p, 1.0, 50), "nearly", "counts all 50 steps alike"),
        (lambda rho, p, g: loop(rho, p, 1.0), "nearly", "γ is missing"),
        (lambda rho, p, g: rho, "nearly", "too early"),
        (lambda rho, p, g: 0 * rho, "nearly", "too early"),
        (lambda rho, p, g: rho @ sum((g * p) ** t for t in range(200)), "nearly", "matrix_power"),
        (lambda rho, p, g: rho @ sum(g**t * p**t for t in range(2000)), "nearly", "matrix_power"),
        (lambda rho, p, g: rho + rho @ sum((g * p) ** t for t in range(1, 200)), "nearly", "matrix_power"),
        (lambda rho, p, g: solve(rho, p, 1.0), "wrong", "If you solve with I − p^π, γ is missing"),
        (lambda rho, p, g: solve(rho, np.full(p.shape, 1 / len(p)), 1.0), "wrong", "Where is γ?"),
        (lambda rho, p, g: solve(rho, np.eye(len(p)), 1.0), "wrong", "LinAlgError"),
        (lambda rho, p, g: -solve(rho, p, g), "wrong", "sums to"),
        (discounted_twice, "nearly", "γ counts twice."),
        (moved_on_first, "nearly", "p_t moves on before it is added."),
        (lambda rho, p, g: solve(rho, p, -g), "nearly", "not of I + γ p^π"),
        (lambda rho, p, g: rho * np.diag(np.linalg.inv(np.eye(len(rho)) - g * p)), "wrong", "yours sums to"),
        (lambda rho, p, g: np.full(len(rho), 1 / len(rho) / (1 - g)), "wrong", "the sum is right, but in state"),
        (lambda rho, p, g: solve(rho, p, g) * (1 + 3e-6), "wrong", "sums to 10.00003, and ρ^π to 1/(1−γ) = 10"),
        (added_to_itself, "wrong", "keep p_t and the sum apart"),
        (lambda rho, p, g: solve(rho, p, g).sum(), "wrong", "shape ()"),
        (lambda rho, p, g: rho @ p @ [1, 2], "wrong", "ValueError"),
        (lambda rho, p, g: ..., "waiting", "three dots"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_each_wrong_occupancy_has_its_own_answer(answer, tone, named):
    says(check_occupancy(answer), tone, named)


def test_only_a_singular_matrix_is_asked_where_gamma_is():
    exchanged = check_occupancy(lambda rho, p, g: np.linalg.solve(rho, np.eye(len(rho)) - g * p))
    says(exchanged, "wrong", "LinAlgError")
    assert "no inverse" not in exchanged.message


@pytest.mark.parametrize("answer", [discounted_twice, lambda rho, p, g: solve(rho, p, -g), moved_on_first])
def test_a_sum_that_goes_on_is_not_said_to_stop_too_early(answer):
    assert "too early" not in check_occupancy(answer).message
