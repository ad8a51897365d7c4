"""The operator of the Bellman equation on ∇v: its fixed point, its sums and its contraction, on random MDPs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse.bellman import exact, transition
from pgcourse.gradients import value_gradient, value_gradient_operator
from pgcourse.policy import grad_softmax, tabular, tabular_softmax


def parts(mdp, theta):
    pi = tabular_softmax(theta)
    return mdp, pi, exact(mdp, pi).q_pi, grad_softmax(tabular(mdp.S, mdp.A), pi)


@claim
@given(problems())
def test_the_gradient_of_v_is_its_fixed_point(problem):
    of = parts(*problem)
    grad_v = value_gradient(*of)
    assert_close(value_gradient_operator(*of)(grad_v), grad_v, scale=np.abs(of[2]).max())


@claim
@given(problems())
def test_k_applications_to_zero_add_up_k_terms_of_the_series(problem):
    mdp, pi, q_pi, grad_pi = of = parts(*problem)
    operator, source = value_gradient_operator(*of), (q_pi[..., None] * grad_pi).sum(axis=1)
    grad_v, series, k = np.zeros_like(source), np.zeros_like(source), 7
    for t in range(k):
        grad_v = operator(grad_v)
        series += np.linalg.matrix_power(mdp.gamma * transition(mdp, pi), t) @ source
    assert_close(grad_v, series, scale=np.abs(q_pi).max())


@claim
@given(problems())
def test_it_brings_any_two_gradients_nearer_by_gamma(problem):
    of = parts(*problem)
    operator = value_gradient_operator(*of)
    one, other = np.random.default_rng(0).standard_normal((2, of[0].S, of[3].shape[2]))
    before, after = np.abs(one - other).max(), np.abs(operator(one) - operator(other)).max()
    assert after <= of[0].gamma * before + 1e-12 * np.abs(of[2]).max() + 1e-12
