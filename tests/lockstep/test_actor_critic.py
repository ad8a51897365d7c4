"""The actor-critic in lockstep: the textbook's boxes, one step and traces, and where a critic leads the actor."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_runs import ALIKE, DISCOUNTED, START, TINY, garnet, last, walk, z_scores

from pgcourse.bellman import transition
from pgcourse.gradients import greediness_gradient, policy_gradient
from pgcourse.lockstep.online import actor_critic_runs


def finite_horizon(mdp, pi, v, lam, H):
    """Σ_t γᵗ P(s_t) π (A_t ∇log π) without sampling: A_t = δ + γλ p π A_{t+1}, for an MDP that ends only at H."""
    delta = mdp.r + mdp.gamma * mdp.p @ v - v[:, None]
    A = [delta]
    for _ in range(H - 1):
        A.insert(0, delta + mdp.gamma * lam * mdp.p @ (pi @ A[0]))
    laws = [mdp.rho_0 @ np.linalg.matrix_power(mdp.gamma * transition(mdp, pi), t) for t in range(H)]
    return laws, A


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_a_wrong_critic_moves_theta_where_its_lambda_says_in_the_mean(lam):
    mdp, phi, theta, pi, (v_pi, _, _, _), grad_log_pi = garnet(absorbing=0)
    v, H = v_pi + np.arange(6) - 2.0, 5
    run = actor_critic_runs(
        mdp, phi, theta, alpha=TINY, seeds=range(20_000), horizon=H, x=np.eye(6), alpha_w=0.0, w=v, lam=lam
    )
    state = last(run, H)
    assert state.truncated.all()
    assert (state.episodes == 1).all()
    laws, A = finite_horizon(mdp, pi, v, lam, H)
    expected = sum(greediness_gradient(law, pi, q, grad_log_pi) for law, q in zip(laws, A, strict=True))
    assert np.abs(z_scores((state.theta - theta) / TINY, expected)).max() < 4


@pytest.mark.parametrize(("lam", "lam_w"), [(0.0, 0.0), (0.5, 0.8)])
def test_one_step_and_traces_are_the_textbook_s_boxes(lam, lam_w):
    """600 steps, past a block of random numbers: traces begin anew with each episode, ended or cut."""
    alpha, alpha_w, horizon = 0.01, 0.05, 40
    x = np.random.default_rng(0).standard_normal((4, 3)) * [[1], [1], [1], [0]]
    sizes = {"alpha": alpha, "alpha_w": alpha_w, "lam": lam, "lam_w": lam_w}
    state = last(actor_critic_runs(DISCOUNTED, ALIKE, START, **sizes, seeds=[9], horizon=horizon, x=x), 600)
    theta, w, ends, cut = START.copy(), np.zeros(3), 0, 0
    for s, score, s_next, t in walk(theta, 9, horizon, 600):
        if t == 0:
            z, z_w = np.zeros(2), np.zeros(3)
        delta = -1 + 0.9 * w @ x[s_next] - w @ x[s]
        z, z_w = 0.9 * lam * z + 0.9**t * score, 0.9 * lam_w * z_w + x[s]
        w += alpha_w * delta * z_w
        theta += alpha * delta * z
        ends, cut = ends + (s_next == 3 or t + 1 == horizon), cut + (s_next != 3 and t + 1 == horizon)
    assert state.episodes[0] == ends > 10
    assert cut > 0
    np.testing.assert_allclose(state.theta[0], theta, rtol=1e-9)
    np.testing.assert_allclose(state.w[0], w, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.sampled
def test_with_traces_of_lambda_1_an_episode_adds_up_to_reinforce_with_baseline_in_the_mean():
    mdp, phi, theta, pi, (_, q_pi, rho_pi, _), grad_log_pi = garnet(absorbing=2)
    run = actor_critic_runs(
        mdp,
        phi,
        theta,
        alpha=TINY,
        seeds=range(4000),
        horizon=1000,
        x=np.eye(6),
        alpha_w=0.0,
        w=np.arange(6.0),
        lam=1.0,
    )
    first, unfinished = np.zeros((4000, 3)), np.ones(4000, bool)
    for state in run:
        new = unfinished & (state.episodes == 1)
        first[new], unfinished = (state.theta[new] - theta) / TINY, unfinished & ~new
        if not unfinished.any():
            break
    assert np.abs(z_scores(first, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


@pytest.mark.slow
@pytest.mark.sampled
def test_a_table_of_values_comes_to_v():
    """TD(0) with θ at rest: the mean over lanes of w, after long, is v^π but for the noise of the last steps."""
    mdp, phi, theta, _, (v_pi, _, _, _), _ = garnet(absorbing=2)
    state = last(
        actor_critic_runs(mdp, phi, theta, alpha=0.0, seeds=range(300), horizon=1000, x=np.eye(6), alpha_w=0.05), 2000
    )
    assert np.array_equal(state.theta, np.tile(theta, (300, 1)))
    often = np.abs(state.w.mean(axis=0)) > 0
    np.testing.assert_allclose(state.w.mean(axis=0)[often], v_pi[often], atol=0.1)
    assert (state.w[:, mdp.absorbing] == 0).all()
