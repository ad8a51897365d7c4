"""T^π of Reminder 2 on random MDPs: a contraction, whose fixed point is v^π, equal to its definition written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse.bellman import bellman_operator, evaluate
from pgcourse.policy import tabular_softmax


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
