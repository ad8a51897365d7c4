"""Windows of n steps, exact: against closed forms, every path written out, the numbers that are told, and samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.gradients import expected_gae, expected_gae_window, greediness_gradient, policy_gradient
from pgcourse.importance import all_paths, path_probabilities
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, softmax, tabular, tabular_softmax
from pgcourse.returns import gae, td_errors
from pgcourse.sampling import streams
from pgcourse.windows import window_moments


@pytest.fixture(scope="module")
def world():
    """The five states, their uniform policy, all that is exact, and ∇log π of the table."""
    mdp, phi = zoo.five_states(), tabular(5, 3)
    pi = softmax(phi, np.zeros(15))
    return mdp, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


# What a window leaves of the bias, in parts of |∇J|, with the critic 0
TOLD = {5: 0.168, 16: 0.0526, 64: 0.0131}


@pytest.mark.parametrize("n", TOLD)
def test_the_bias_of_windows_is_that_told_and_halves_with_the_critic_s_error(world, n):
    """By powers of γ p π: the k-step estimate is q^π − v + (γ p π)^(k−1) γ p (v − v^π)."""
    mdp, pi, (v_pi, q_pi, rho, _), score = world
    grad_J, jump = policy_gradient(rho, pi, q_pi, score), mdp.gamma * (pi @ mdp.p)
    powers = sum(np.linalg.matrix_power(jump, k) for k in range(n)) / n
    for share, expected in ((0.0, TOLD[n]), (0.5, TOLD[n] / 2)):
        v = share * v_pi
        by_powers = q_pi - v[:, None] + mdp.gamma * mdp.p @ (powers @ (v - v_pi))
        found = expected_gae_window(mdp, pi, v, 1, n)
        np.testing.assert_allclose(found, by_powers, atol=1e-12)
        bias = np.linalg.norm(greediness_gradient(rho, pi, found, score) - grad_J) / np.linalg.norm(grad_J)
        assert abs(bias - expected) < 0.6 * 10.0 ** -(4 if expected < 0.1 else 3)


def test_five_rewards_for_every_step_would_leave_a_sixtieth_of_that(world):
    mdp, pi, (v_pi, q_pi, rho, _), score = world
    jump = mdp.gamma * (pi @ mdp.p)
    off = -mdp.gamma * mdp.p @ (np.linalg.matrix_power(jump, 4) @ v_pi)
    bias = np.linalg.norm(greediness_gradient(rho, pi, off, score))
    assert abs(bias / np.linalg.norm(policy_gradient(rho, pi, q_pi, score)) - 0.0028) < 5e-5
    fifth = 5 * expected_gae_window(mdp, pi, 0 * v_pi, 1, 5) - 4 * expected_gae_window(mdp, pi, 0 * v_pi, 1, 4)
    np.testing.assert_allclose(
        greediness_gradient(rho, pi, fifth - q_pi, score), bias_of(off, rho, pi, score), atol=1e-12
    )


def bias_of(off, rho, pi, score):
    return np.einsum("s,sa,sa,sad->d", rho, pi.probs, off, score)


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
def test_long_windows_are_gae_and_their_bias_falls_as_1_over_n(problem):
    """n (A_window − A) → −Σ_k (γλ p π)ᵏ γλ p π A, by one linear solve; and the exact critic needs no rewards."""
    mdp, theta = problem
    pi, lam = tabular_softmax(theta), 0.9
    v_pi, q_pi, _, _ = exact(mdp, pi)
    v = np.where(mdp.absorbing, 0, v_pi + np.random.default_rng(0).standard_normal(mdp.S))
    A, c, n = expected_gae(mdp, pi, v, lam), mdp.gamma * lam, 300
    rest = np.linalg.solve(np.eye(mdp.S) - c * (pi @ mdp.p_live), pi @ A)
    scale = max(np.abs(rest).max(), np.abs(A).max())
    assert_close(n * (A - expected_gae_window(mdp, pi, v, lam, n)), c * mdp.p @ rest, rtol=1e-9, scale=scale)
    for k in (1, 4):
        assert_close(expected_gae_window(mdp, pi, v_pi, lam, k), q_pi - v_pi[:, None], scale=np.abs(q_pi).max())


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_the_moments_are_those_of_every_path_written_out(lam):
    mdp = zoo.three_states()
    rng = np.random.default_rng(0)
    pi, v, score = Policy(rng.dirichlet(np.ones(2), 3)), rng.standard_normal(3), rng.standard_normal((3, 2, 4))
    found = window_moments(mdp, pi, v, lam, 4, 3 * mdp.rho_0, score)
    for n in range(1, 5):
        paths = all_paths(mdp, n + 1)  # the last step only tells where the window has led
        P = path_probabilities(paths, pi)
        s, a, c = paths.s, paths.a[:, :n], mdp.gamma * lam
        delta = mdp.r[s[:, :n], a] + mdp.gamma * v[s[:, 1:]] - v[s[:, :n]]
        A = np.stack([sum(c**k * delta[:, j + k] for k in range(n - j)) for j in range(n)], axis=1)
        g = 3 / n * (A[..., None] * score[s[:, :n], a]).sum(axis=1)
        np.testing.assert_allclose(found.mean[n - 1], P @ g, rtol=1e-10)
        np.testing.assert_allclose(found.variance[n - 1], P @ (g**2).sum(axis=1) - (P @ g) @ (P @ g), rtol=1e-10)


@pytest.mark.parametrize("lam", [0.5, 1.0])
def test_lanes_that_end_and_begin_anew_have_these_moments(lam):
    """20,000 windows of 6 steps of a world with an end: z-scores of the mean along one direction, and of |ĝ|²."""
    rng = np.random.default_rng(3)
    mdp = zoo.garnet(5, 2, 3, 0.9, rng, absorbing=1)
    mdp = FiniteMDP(mdp.p, mdp.r, mdp.gamma, np.where(mdp.absorbing, 0, 1) / (~mdp.absorbing).sum())
    pi, v, score = Policy(rng.dirichlet(np.ones(2), 5)), rng.standard_normal(5), rng.standard_normal((5, 2, 3))
    steps = streams(mdp, pi, 20_000, 6, rng)
    assert 0.05 < steps.terminated[:, :5].mean() < 0.5
    A = gae(steps, td_errors(steps, v[steps.s], v[steps.s_next], mdp.gamma), mdp.gamma, lam)
    g = np.einsum("nt,ntd->nd", A, score[steps.s, steps.a]) / 6
    found = window_moments(mdp, pi, v, lam, 6, mdp.rho_0, score)
    mean, square = found.mean[5], found.variance[5] + found.mean[5] @ found.mean[5]
    for x, expected in ((g @ [1.0, -2.0, 0.5], mean @ [1.0, -2.0, 0.5]), ((g**2).sum(axis=1), square)):
        assert abs(x.mean() - expected) < 4.5 * x.std() / np.sqrt(len(x))


def test_with_stationary_weights_the_mean_is_that_of_the_window_s_advantages(world):
    mdp, pi, _, score = world
    values, vectors = np.linalg.eig((pi @ mdp.p).T)
    mu = np.real(vectors[:, values.real.argmax()])
    v, rho = np.random.default_rng(2).standard_normal(5), 10 * mu / mu.sum()
    found = window_moments(mdp, pi, v, 0.8, 7, rho, score).mean
    for n in (1, 4, 7):
        A = expected_gae_window(mdp, pi, v, 0.8, n)
        np.testing.assert_allclose(found[n - 1], greediness_gradient(rho, pi, A, score), rtol=1e-9, atol=1e-12)


def test_what_is_over_has_no_weight(world):
    mdp, pi, (v_pi, _, rho, _), score = world
    corridor, half = zoo.short_corridor(), Policy.uniform(4, 2)
    with pytest.raises(ValueError, match=r"rho\[3\] is 0.25, expected 0: in state 3 the process is over"):
        window_moments(corridor, half, np.zeros(4), 1, 2, np.full(4, 0.25), np.zeros((4, 2, 1)))
    over = replace(corridor, rho_0=np.array([0.5, 0, 0, 0.5]))
    with pytest.raises(ValueError, match=r"rho_0\[3\] is 0.5, expected 0"):
        window_moments(over, half, np.zeros(4), 1, 2, np.eye(4)[0], np.zeros((4, 2, 1)))
    for message, changes in (("n is 0", {"n": 0}), ("lam is 1.5", {"lam": 1.5}), ("v has shape", {"v": np.zeros(4)})):
        good = {"v": v_pi, "lam": 1, "n": 2, "rho": rho, "grad_log_pi": score}
        with pytest.raises(ValueError, match=message):
            window_moments(mdp, pi, **(good | changes))
    with pytest.raises(ValueError, match="n is 0"):
        expected_gae_window(mdp, pi, v_pi, 1, 0)


def test_with_an_exact_critic_a_window_of_two_steps_can_be_better_than_single_steps():
    """Two states take turns, and what is worth knowing in them is opposite: A ∇log π is +¼ and −¼, whatever is done.

    So one step has the variance 1/16, and the sum of two keeps only γ δ₁ ∇log π₀ = ±γ/4 of the later reward. A batch
    of as many steps in windows of two has γ²/2 of the variance.
    """
    p = np.broadcast_to(np.eye(2)[::-1, None], (2, 2, 2))
    mdp = FiniteMDP(p, np.array([[1.0, 0], [1, 0]]), gamma=0.9, rho_0=[0.5, 0.5], name="two that take turns")
    phi = np.array([[[1.0], [0]], [[0], [1]]])
    pi = softmax(phi, np.zeros(1))
    v_pi, _, rho, _ = exact(mdp, pi)
    variance = window_moments(mdp, pi, v_pi, 1, 2, rho, grad_log_softmax(phi, pi)).variance
    np.testing.assert_allclose(variance * [1, 2], 10**2 / 16 * np.array([1, 0.9**2 / 2]), rtol=1e-12)


def test_a_score_that_is_no_number_is_refused_by_its_place():
    mdp = zoo.short_corridor()
    score = np.zeros((mdp.S, mdp.A, 1))
    score[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"grad_log_pi\[s=1, a=0, d=0\] is nan, expected a finite number"):
        window_moments(mdp, Policy.uniform(mdp.S, mdp.A), np.zeros(mdp.S), 0.9, 2, mdp.rho_0, score)


def test_a_variance_is_never_less_than_0():
    mdp = zoo.five_states()
    same = FiniteMDP(mdp.p, np.ones((5, 3)), mdp.gamma, mdp.rho_0)
    pi = Policy.deterministic(np.zeros(5, int), 3)
    moments = window_moments(same, pi, np.zeros(5), 0.5, 3, np.ones(5), np.ones((5, 3, 1)))
    assert (np.asarray(moments.variance) >= 0).all()
