"""Mean and second moment of GAE(λ) given (s, a), exact: against enumeration, closed forms, series and samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse import zoo
from pgcourse.bellman import action_value, evaluate, exact
from pgcourse.gradients import (
    angle,
    expected_gae,
    expected_gae_squared,
    expected_gae_until,
    expected_gae_window,
    finite_differences,
    greediness_gradient,
    policy_gradient,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, softmax, tabular, tabular_softmax
from pgcourse.returns import gae, td_errors
from pgcourse.sampling import rollouts

LAMBDAS = (0.0, 0.5, 0.9, 1.0)


@pytest.fixture(scope="module")
def layers():
    """(mdp, pi, v): two states, then three, then the end, S = 6 and A = 2; each step goes one layer on."""
    rng = np.random.default_rng(4)
    p = np.zeros((6, 2, 6))
    p[:2, :, 2:5] = rng.dirichlet(np.ones(3), (2, 2))
    p[2:5, :, [2, 5]] = rng.dirichlet(np.ones(2), (3, 2))  # back to 2 or to the end …
    p[2, :, :] = [0, 0, 0, 0.5, 0.25, 0.25]
    p[3:5, :, :] = [0, 0, 0, 0, 0, 1]
    p[5, :, 5] = 1
    r = rng.standard_normal((6, 2))
    r[5] = 0
    mdp = FiniteMDP(p, r, 0.8, np.full(6, 1 / 6))
    return mdp, Policy(rng.dirichlet(np.ones(2), 6)), rng.standard_normal(6)


def lives(mdp, pi, v, c, s, a):
    """Every way on from (s, a) to the end: its probability, and Σ_k cᵏ δ_{t+k} along it."""
    for after in np.flatnonzero(mdp.p[s, a]):
        over = mdp.absorbing[after]
        delta = mdp.r[s, a] + mdp.gamma * (0 if over else v[after]) - v[s]
        if over:
            yield mdp.p[s, a, after], delta
            continue
        for action in range(mdp.A):
            for share, A in lives(mdp, pi, v, c, after, action):
                yield mdp.p[s, a, after] * pi.probs[after, action] * share, delta + c * A


@pytest.mark.parametrize("lam", LAMBDAS)
def test_both_moments_are_those_of_all_lives_written_out(layers, lam):
    mdp, pi, v = layers
    mean, square = expected_gae(mdp, pi, v, lam), expected_gae_squared(mdp, pi, v, lam)
    for s in mdp.live:
        for a in range(mdp.A):
            share, A = np.transpose([*lives(mdp, pi, v, mdp.gamma * lam, s, a)])
            assert np.isclose(share.sum(), 1)
            np.testing.assert_allclose([mean[s, a], square[s, a]], [share @ A, share @ A**2], rtol=1e-12)
    assert not mean[5].any()
    assert not square[5].any()


def test_the_corridor_s_length_has_the_variance_92():
    """λ = 1, v = 0 and γ = 1: A is −T. From the start with P(right) = ½, E T = 12 and Var T = 92."""
    corridor = zoo.short_corridor()
    pi = Policy.uniform(4, 2)
    mean, square = (pi @ f(corridor, pi, np.zeros(4), 1) for f in (expected_gae, expected_gae_squared))
    np.testing.assert_allclose([mean[0], square[0] - mean[0] ** 2], [-12, 92])


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
@pytest.mark.slow
def test_lambda_0_is_the_td_error_and_lambda_1_the_return(problem):
    """E[δ²] summed over s'; and E[(G − v)²] = (q − v)² + Var G, with the variance of G by its own equation.

    Sobel 1982: Var G(s, a) = γ² (Var v^π(s') + p Var G(s')), where Var G(s) also has the spread of q over the actions.
    """
    mdp, theta = problem
    pi, gamma, end = tabular_softmax(theta), mdp.gamma, mdp.absorbing
    v_pi, q_pi, _, _ = exact(mdp, pi)
    v = np.where(end, 0, v_pi + np.random.default_rng(0).standard_normal(mdp.S))
    delta = mdp.r[..., None] + gamma * v - v[:, None, None]
    scale = (np.abs(v).max() + np.abs(q_pi).max()) ** 2
    assert_close(expected_gae_squared(mdp, pi, v, 0), (mdp.p * delta**2).sum(axis=2), scale=scale)
    of_next = mdp.p @ v_pi**2 - (mdp.p @ v_pi) ** 2
    of_action = pi @ q_pi**2 - v_pi**2
    var = np.linalg.solve(np.eye(mdp.S) - gamma**2 * (pi @ mdp.p), pi @ (gamma**2 * of_next) + of_action)
    expected = (q_pi - v[:, None]) ** 2 + gamma**2 * (of_next + mdp.p @ var)
    assert_close(expected_gae_squared(mdp, pi, v, 1), expected, rtol=1e-8, scale=scale)


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
def test_no_variance_is_negative_and_without_chance_it_is_0(problem):
    mdp, theta = problem
    pi, v = tabular_softmax(theta), np.random.default_rng(1).standard_normal(mdp.S)
    certain = FiniteMDP(np.eye(mdp.S)[mdp.p.argmax(axis=2)], mdp.r, mdp.gamma, mdp.rho_0)
    sure = Policy.deterministic(pi.probs.argmax(axis=1), mdp.A)
    for lam in LAMBDAS:
        mean, square = expected_gae(mdp, pi, v, lam), expected_gae_squared(mdp, pi, v, lam)
        assert (square - mean**2 >= -1e-9 * square.max()).all()
        mean, square = expected_gae(certain, sure, v, lam), expected_gae_squared(certain, sure, v, lam)
        assert_close(square, mean**2, scale=square.max())


@pytest.fixture(scope="module")
def world():
    """The five states, their uniform policy, all that is exact, and ∇log π of the table."""
    mdp, phi = zoo.five_states(), tabular(5, 3)
    pi = softmax(phi, np.zeros(15))
    return mdp, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


def test_the_five_states_have_the_J_and_the_gradient_that_are_told(world):
    mdp, pi, (_, q_pi, rho_pi, J), score = world
    assert round(J, 6) == 0.738888
    by_steps = finite_differences(lambda theta: mdp.rho_0 @ evaluate(mdp, tabular_softmax(theta)), np.zeros((5, 3)))
    assert round(float(np.linalg.norm(by_steps)), 6) == 1.534572
    np.testing.assert_allclose(policy_gradient(rho_pi, pi, q_pi, score), by_steps.ravel(), atol=1e-8)
    assert ((mdp.p > 0).sum(axis=2) == 2).all()
    assert not mdp.absorbing.any()


def moments_by_series(mdp, pi, v, c, n=400):
    """E[A | s, a] and E[A² | s, a] with A = Σ_{k<n} cᵏ δ_{t+k}, term by term: the horizon grows, nothing is solved."""
    delta = mdp.r[..., None] + mdp.gamma * v - v[:, None, None]
    x, y = np.zeros(mdp.S), np.zeros(mdp.S)
    for _ in range(n):
        mean = (mdp.p * (delta + c * x)).sum(axis=2)
        square = (mdp.p * (delta**2 + 2 * c * delta * x + c**2 * y)).sum(axis=2)
        x, y = pi @ mean, pi @ square
    return mean, square


# What one estimate Σρ A ∇log π with (s, a) ~ ρπ is off by, and its variance, with the critic 0
TOLD = {0: (1.3951, 54.9), 0.5: (0.6786, 64.1), 0.8: (0.2643, 103.4), 0.9: (0.1307, 147.1), 0.95: (0.0650, 192.6),
        1: (0, 287.2)}  # fmt: skip


@pytest.mark.parametrize("lam", TOLD)
def test_bias_and_variance_of_one_estimate_are_those_told(world, lam):
    mdp, pi, (_, q_pi, rho, _), score = world
    found = expected_gae(mdp, pi, np.zeros(5), lam), expected_gae_squared(mdp, pi, np.zeros(5), lam)
    series = moments_by_series(mdp, pi, np.zeros(5), mdp.gamma * lam)
    np.testing.assert_allclose(found, series, rtol=1e-9)
    A, square = series
    probs = (rho / rho.sum())[:, None] * pi.probs
    estimates = rho.sum() * A[..., None] * score
    mean = np.einsum("sa,sad->d", probs, estimates)
    second = rho.sum() ** 2 * np.einsum("sa,sa,sad->", probs, square, score**2)
    bias = np.linalg.norm(mean - policy_gradient(rho, pi, q_pi, score))
    assert abs(bias - TOLD[lam][0]) < 6e-5
    assert abs(second - mean @ mean - TOLD[lam][1]) < 0.06
    np.testing.assert_allclose(mean, greediness_gradient(rho, pi, found[0], score), rtol=1e-9)


def test_a_noisy_critic_has_its_least_variance_in_the_middle(world):
    """v^π + N(0, 1) of generator 3: 244 at λ = 0, 186 near 0.6, 321 at 1. The moments are those of a series."""
    mdp, pi, (v_pi, _, rho, _), score = world
    v = v_pi + np.random.default_rng(3).standard_normal(5)
    probs, variances = (rho / rho.sum())[:, None] * pi.probs, {}
    for lam in (0, 0.5, 0.6, 0.7, 1):
        A, square = moments_by_series(mdp, pi, v, mdp.gamma * lam)
        mean = rho.sum() * np.einsum("sa,sa,sad->d", probs, A, score)
        variances[lam] = rho.sum() ** 2 * np.einsum("sa,sa,sad->", probs, square, score**2) - mean @ mean
    assert [variances[lam] for lam in (0, 0.6, 1)] == pytest.approx([244, 186, 321], abs=0.6)
    assert min(variances, key=variances.get) == 0.6


def test_a_critic_that_is_too_small_is_more_than_a_step_size(world):
    """v = ½v^π turns the mean by 27° here: a pure shrinkage of v is one of ∇J only where rewards hardly count."""
    mdp, pi, (v_pi, q_pi, rho, _), score = world
    mean = greediness_gradient(rho, pi, action_value(mdp, v_pi / 2), score)
    assert round(angle(mean, policy_gradient(rho, pi, q_pi, score))) == 27


@pytest.mark.parametrize("lam", [0.0, 0.6, 1.0])
def test_lives_that_are_lived_have_these_moments(lam):
    """6,000 trajectories with an end: the first step's A and A², one z-score a pair."""
    rng = np.random.default_rng(6)
    mdp = zoo.garnet(5, 2, 3, 0.9, rng, absorbing=1)
    pi, v = Policy(rng.dirichlet(np.ones(2), 5)), rng.standard_normal(5)
    tau = rollouts(mdp, pi, 6000, 300, rng)
    delta = td_errors(tau.steps, v[tau.steps.s], v[tau.steps.s_next], mdp.gamma)
    A, first = gae(tau.steps, delta, mdp.gamma, lam), tau.steps.t == 0
    for found, expected in ((A, expected_gae(mdp, pi, v, lam)), (A**2, expected_gae_squared(mdp, pi, v, lam))):
        for s in mdp.live:
            for a in range(2):
                x = found[first & (tau.steps.s == s) & (tau.steps.a == a)]
                assert len(x) > 100
                assert abs(x.mean() - expected[s, a]) < 4.5 * x.std() / np.sqrt(len(x))


@pytest.mark.parametrize("lam", [0.0, 0.6, 1.0])
def test_with_a_time_limit_it_is_the_mean_over_the_steps_of_cut_trajectories(lam):
    """Each pair's mean over 4,000 trajectories of at most 4 steps; its standard error from trajectories' sums."""
    rng = np.random.default_rng(8)
    mdp = zoo.garnet(5, 2, 3, 0.9, rng, absorbing=1)
    pi, v = Policy(rng.dirichlet(np.ones(2), 5)), 2 * rng.standard_normal(5)
    tau = rollouts(mdp, pi, 4000, 4, rng)
    assert 0.2 < tau.truncated.mean() < 0.9
    delta = td_errors(tau.steps, v[tau.steps.s], v[tau.steps.s_next], mdp.gamma)
    A, expected = gae(tau.steps, delta, mdp.gamma, lam), expected_gae_until(mdp, pi, v, lam, 4)
    for s in mdp.live:
        for a in range(2):
            off = tau.sums(((tau.steps.s == s) & (tau.steps.a == a)) * (A - expected[s, a]))
            assert abs(off.mean()) < 4.5 * off.std() / np.sqrt(len(off))
    if lam:
        assert np.abs(expected - expected_gae(mdp, pi, v, lam)).max() > 0.05


@claim
@given(problems(gammas=(0.0, 0.5, 0.9)))
def test_a_time_limit_does_not_matter_with_the_right_critic_or_if_it_is_far_off(problem):
    mdp, theta = problem
    pi = tabular_softmax(theta)
    v_pi, q_pi, _, _ = exact(mdp, pi)
    scale = np.abs(q_pi).max()
    for lam in LAMBDAS:
        found = expected_gae_until(mdp, pi, v_pi, lam, 3)
        assert_close(np.nan_to_num(found), np.where(np.isnan(found), 0, q_pi - v_pi[:, None]), scale=scale)
    near, far = expected_gae(mdp, pi, 0 * v_pi, 0.5), expected_gae_until(mdp, pi, 0 * v_pi, 0.5, 400)
    seen = ~np.isnan(far) & (mdp.gamma < 0.9)
    assert_close(np.where(seen, far, 0), np.where(seen, near, 0), rtol=0.02, scale=scale)


def test_a_state_where_no_trajectory_comes_has_no_mean():
    corridor = zoo.short_corridor()
    found = expected_gae_until(corridor, Policy.deterministic([0, 0, 0, 0], 2), np.zeros(4), 0.5, 9)
    assert np.isfinite(found[[0, 3]]).all()
    assert np.isnan(found[[1, 2]]).all()


def test_with_gamma_and_lambda_1_a_policy_that_never_ends_is_refused():
    """The corridor, always to the left: both moments are infinite, unless λ < 1."""
    corridor, left = zoo.short_corridor(), Policy.deterministic([0, 0, 0, 0], 2)
    for moment in (expected_gae, expected_gae_squared):
        with pytest.raises(ValueError, match="state 0"):
            moment(corridor, left, np.zeros(4), 1)
        assert np.isfinite(moment(corridor, left, np.zeros(4), 0.9)).all()


def test_an_array_is_no_policy_though_its_shape_would_do():
    trap, table, v = zoo.value_iteration_trap(), np.array([[0.3, 0.7], [0.6, 0.4]]), np.ones(2)
    for call in (
        lambda: expected_gae(trap, table, v, 0.5),
        lambda: expected_gae_until(trap, table, v, 0.5, 2),
        lambda: expected_gae_window(trap, table, v, 0.5, 2),
    ):
        with pytest.raises(TypeError, match="pi is of type ndarray, expected a Policy"):
            call()
