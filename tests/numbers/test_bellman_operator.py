"""T^π of Reminder 2 on random MDPs: a contraction, whose fixed point is v^π, equal to its definition written out.

And what is made of it by greedy steps: value iteration, modified policy iteration, and policy iteration in the limit.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse import zoo
from pgcourse.bellman import (
    action_value,
    bellman_operator,
    evaluate,
    greedy,
    optimal_values,
    transition,
    value_iteration_policies,
)
from pgcourse.policy import Policy, tabular_softmax


@claim
@given(problems())
def test_it_is_the_expectation_written_out_and_its_fixed_point_is_v(problem):
    mdp, theta = problem
    pi = tabular_softmax(theta)
    v = np.random.default_rng(0).standard_normal(mdp.S)
    by_hand = [
        sum(pi.probs[s, a] * (mdp.r[s, a] + mdp.gamma * (mdp.p[s, a] * v).sum()) for a in range(mdp.A))
        for s in range(mdp.S)
    ]
    assert_close(bellman_operator(mdp, pi, v), np.array(by_hand), scale=1.0)
    v_pi = evaluate(mdp, pi)
    assert_close(bellman_operator(mdp, pi, v_pi), v_pi, scale=1.0)


@claim
@given(problems())
def test_it_draws_two_value_functions_together_by_gamma(problem):
    mdp, theta = problem
    pi = tabular_softmax(theta)
    v, w = np.random.default_rng(1).standard_normal((2, mdp.S))
    gap = np.abs(bellman_operator(mdp, pi, v) - bellman_operator(mdp, pi, w)).max()
    assert gap <= mdp.gamma * np.abs(v - w).max() * (1 + 1e-12)


@pytest.mark.slow
@claim
@given(problems(gammas=(0.0, 0.5, 0.9)))
def test_modified_policy_iteration_applies_each_greedy_policy_s_operator_m_times_and_converges(problem):
    mdp, _ = problem
    for m in (1, 3):
        v, actions = value_iteration_policies(mdp, 220, m)
        for k in (0, 1, 7):
            pi = Policy.deterministic(actions[k], mdp.A)
            p_pi, r_pi = transition(mdp, pi), pi @ mdp.r
            powers = [np.linalg.matrix_power(mdp.gamma * p_pi, t) for t in range(m + 1)]
            assert_close(v[k + 1], sum(powers[:m]) @ r_pi + powers[m] @ v[k], scale=1.0)
        assert_close(v[-1], optimal_values(mdp), rtol=1e-8, scale=1.0)


@pytest.mark.slow
@claim
@given(problems(gammas=(0.0, 0.5, 0.9)))
def test_with_many_applications_it_is_policy_iteration_whose_policies_get_better(problem):
    mdp, _ = problem
    v, actions = value_iteration_policies(mdp, 4, m=250)
    worth = np.array([evaluate(mdp, Policy.deterministic(a, mdp.A)) for a in actions])
    assert_close(v[1:], worth[:-1], scale=1.0)
    assert (np.diff(worth, axis=0) >= -1e-9 * max(1, np.abs(worth).max())).all()


@pytest.mark.parametrize(("m", "falls"), [(1, True), (2, False), (3, True), (4, False), (100, False)])
def test_the_trap_springs_for_one_and_for_three_applications(m, falls):
    """m = 1 and 3 end an odd number of steps ahead, when leaving state 1 has just paid."""
    trap = zoo.value_iteration_trap()
    _, actions = value_iteration_policies(trap, 13, m)
    worth = np.array([evaluate(trap, Policy.deterministic(a, 2)) for a in actions])
    assert np.array_equal((np.diff(worth, axis=0) < -1).all(axis=1).any(), falls)
    assert np.array_equal(actions[0], greedy(action_value(trap, np.zeros(2))).probs.argmax(axis=1))
