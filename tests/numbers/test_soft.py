"""The soft Bellman equation: its solution by plain iteration with SciPy's logsumexp, and by what it must obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import GAMMAS, claim, problems
from scipy.special import logsumexp
from scipy.stats import entropy as scipy_entropy

from pgcourse import zoo
from pgcourse.bellman import evaluate, objective, optimal_values
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy
from pgcourse.soft import entropy, soft_evaluate, soft_greedy, soft_maximum, soft_optimum

pytestmark = pytest.mark.filterwarnings("error")

LAKE, CERTAIN = zoo.frozen_lake(), zoo.frozen_lake(gamma=1.0)
TAUS = (0.001, 0.01, 0.1, 1.0)
FRACTIONS = st.sampled_from(TAUS)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.slow
def test_the_lake_is_solved_as_plain_iteration_solves_it(tau):
    """v ← τ log Σ exp((r + γ p v)/τ), 4000 times from 0, with another logsumexp: γ^4000 is less than 1e-17."""
    v = np.zeros(16)
    for _ in range(4000):
        v = tau * logsumexp((LAKE.r + 0.99 * LAKE.p @ v) / tau, axis=1)
        v[LAKE.absorbing] = 0
    found = soft_optimum(LAKE, tau)
    np.testing.assert_allclose(found.v, v, rtol=0, atol=1e-12 * max(1, v.max()))
    np.testing.assert_allclose(found.q, LAKE.r + 0.99 * LAKE.p @ found.v, rtol=1e-13)


@pytest.mark.parametrize(
    ("tau", "soft", "plain", "goal"),
    [
        (0.001, 0.542271, 0.542026, 0.8235),
        (0.01, 0.598924, 0.469682, 0.7976),
        (0.1, 2.471032, 0.166104, 0.3511),
        (1.0, 23.918127, 0.027223, 0.0651),
    ],
)
def test_the_lake_has_the_values_that_the_notebook_tells(tau, soft, plain, goal):
    v, _, pi = soft_optimum(LAKE, tau)
    assert (v[0], objective(LAKE, pi)) == pytest.approx((soft, plain), abs=6e-7)
    assert objective(CERTAIN, pi) == pytest.approx(goal, abs=6e-5)  # γ = 1: the probability to reach the goal


@pytest.mark.parametrize(("tau", "plain"), [(0.01, 0.4752), (0.1, 0.0290)])
def test_without_the_entropies_to_come_a_small_temperature_hides_what_ruins_a_large_one(tau, plain):
    """q = r + γ p (π q) with the soft-greedy π: J beside 0.4697 and 0.1661 of the soft optimum."""
    q = np.zeros((16, 4))
    for _ in range(2500):
        q = LAKE.r + 0.99 * LAKE.p @ (soft_greedy(q, tau) @ q)
    assert objective(LAKE, soft_greedy(q, tau)) == pytest.approx(plain, abs=6e-5)


@claim
@given(problems(), FRACTIONS)
def test_no_policy_has_a_larger_soft_value_and_the_soft_greedy_one_has_the_largest(problem, tau):
    mdp, theta = problem
    v, q, pi = soft_optimum(mdp, tau)
    scale = max(1, np.abs(q).max())
    over = mdp.absorbing
    np.testing.assert_allclose(v[~over], soft_maximum(q, tau)[~over], rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose(soft_evaluate(mdp, pi, tau), v, rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose((pi @ q + tau * entropy(pi))[~over], v[~over], rtol=0, atol=1e-11 * scale)
    other = soft_greedy(theta, 1.0)
    assert (soft_evaluate(mdp, other, tau) <= v + 1e-11 * scale).all()
    assert not v[over].any()


@claim
@given(problems(), FRACTIONS)
def test_a_soft_value_is_the_plain_value_of_rewards_with_the_entropy_in_them(problem, tau):
    """r − τ log π as the reward, action by action, and the plain Bellman equation."""
    mdp, theta = problem
    pi = soft_greedy(theta, 1.0)
    paid = mdp.r - tau * np.log(pi.probs) * ~mdp.absorbing[:, None]
    by_reward = evaluate(FiniteMDP(mdp.p, paid, mdp.gamma, mdp.rho_0), pi)
    np.testing.assert_allclose(soft_evaluate(mdp, pi, tau), by_reward, rtol=1e-9, atol=1e-9)


@claim
@given(problems(), st.sampled_from((0.01, 7.0)))
def test_a_scale_of_the_rewards_is_a_one_over_tau(problem, scale):
    mdp, _ = problem
    scaled = FiniteMDP(mdp.p, scale * mdp.r, mdp.gamma, mdp.rho_0)
    one, other = soft_optimum(mdp, 0.1), soft_optimum(scaled, 0.1 * scale)
    np.testing.assert_allclose(other.v, scale * one.v, rtol=1e-9, atol=1e-10 * scale)
    np.testing.assert_allclose(other.pi.probs, one.pi.probs, rtol=0, atol=1e-8)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_a_small_tau_leaves_the_optimal_values_and_a_large_one_the_uniform_policy(gamma):
    mdp = zoo.garnet(6, 3, 2, gamma, np.random.default_rng(4))
    best = optimal_values(mdp)
    for tau in (1e-3, 1e-9, 1e-300):
        v = soft_optimum(mdp, tau).v
        assert (v >= best - 1e-10 * np.abs(best).max()).all()
        assert (v <= best + tau * np.log(3) / (1 - gamma) + 1e-10 * np.abs(best).max()).all()
    np.testing.assert_allclose(soft_optimum(mdp, 1e9).pi.probs, 1 / 3, atol=1e-6)


@claim
@given(st.integers(0, 2**32 - 1), st.sampled_from((1e-3, 0.3, 50.0)))
def test_the_soft_maximum_is_the_best_mean_plus_entropy(seed, tau):
    rng = np.random.default_rng(seed)
    q, theta = rng.standard_normal((2, 5, 3))
    np.testing.assert_allclose(soft_maximum(q, tau), tau * logsumexp(q / tau, axis=1), rtol=1e-12, atol=1e-12)
    for pi, gap in ((soft_greedy(q, tau), 0), (soft_greedy(theta, 1), 1)):
        worth = pi @ q + tau * scipy_entropy(pi.probs, axis=1)
        assert (worth <= soft_maximum(q, tau) + 1e-12 * max(1, tau)).all()
        assert gap or worth == pytest.approx(soft_maximum(q, tau))


def test_the_entropy_is_scipy_s_and_that_of_a_sure_policy_is_0():
    pi = Policy(np.array([[0.5, 0.5, 0], [1, 0, 0], [0.2, 0.3, 0.5]]))
    np.testing.assert_allclose(entropy(pi), scipy_entropy(pi.probs, axis=1), rtol=1e-14)
    assert str(entropy(pi)[1]) == "0.0"


def test_neither_large_gaps_nor_large_numbers_overflow():
    q = np.array([[1e50, -1e50], [0, 0], [3, 3 - 1e-9]])
    for tau in (1e-300, 1e-9):
        np.testing.assert_allclose(soft_maximum(q, tau), [1e50, tau * np.log(2), 3], rtol=1e-9)
        np.testing.assert_array_equal(soft_greedy(q, tau).probs[:2], [[1, 0], [0.5, 0.5]])


Q, PI = np.zeros((16, 4)), Policy.uniform(16, 4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: soft_maximum(Q, 0), "tau is 0, expected a finite number > 0"),
        (lambda: soft_greedy(Q, -1.0), "tau is -1.0, expected a finite number > 0"),
        (lambda: soft_evaluate(LAKE, PI, np.nan), "tau is nan, expected a finite number > 0"),
        (lambda: soft_optimum(LAKE, np.inf), "tau is inf, expected a finite number > 0"),
        (lambda: soft_maximum(Q[0], 1), r"q has shape \(4,\), expected \(S, A\)"),
        (lambda: soft_greedy(Q * np.nan, 1), r"q\[s=0, a=0\] is nan, expected a finite number"),
        (lambda: soft_optimum(CERTAIN, 0.1), "gamma is 1.0, expected a number 0 ≤ γ < 1"),
        (lambda: soft_evaluate(CERTAIN, PI, 0.1), "gamma is 1.0, expected a number 0 ≤ γ < 1"),
        (lambda: soft_evaluate(LAKE, Policy.uniform(3, 4), 0.1), r"pi has shape \(3, 4\), expected \(S, A\)"),
    ],
)
def test_what_has_no_soft_value_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("gamma", [0.999, 0.99999, 1 - 1e-7, 1 - 1e-9])
def test_near_a_discount_of_1_rounding_does_not_keep_it_from_ending(gamma):
    for seed in range(3):
        mdp = zoo.garnet(8, 3, 3, gamma, np.random.default_rng(seed))
        v, q, pi = soft_optimum(mdp, 0.3)
        size = np.abs(q).max()
        np.testing.assert_allclose(soft_maximum(q, 0.3), v, atol=1e-14 * size / (1 - gamma))
        np.testing.assert_allclose(pi.probs, soft_greedy(q, 0.3).probs)


@pytest.mark.parametrize("scale", [1e-20, 1e-200, 1e20])
def test_a_tiny_or_large_unit_of_rewards_is_solved_as_the_usual_one(scale):
    mdp = zoo.garnet(8, 3, 3, 0.9, np.random.default_rng(0))
    usual, other = soft_optimum(mdp, 1.0), soft_optimum(FiniteMDP(mdp.p, scale * mdp.r, 0.9, mdp.rho_0), scale)
    np.testing.assert_allclose(other.v / scale, usual.v, rtol=1e-12)
    np.testing.assert_allclose(other.pi.probs, usual.pi.probs, rtol=1e-11)


def test_too_few_steps_are_told():
    with pytest.raises(RuntimeError, match="took more than 1 steps"):
        soft_optimum(zoo.five_states(), 0.1, most=1)
