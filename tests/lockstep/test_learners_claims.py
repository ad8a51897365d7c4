"""What the texts of the estimators and of the learners claim, each by a counter-check."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from pgcourse import lqr, zoo
from pgcourse.bellman import exact, objective, transition
from pgcourse.deterministic import ascent
from pgcourse.estimators import weighted_scores
from pgcourse.gradients import greediness_gradient, policy_gradient
from pgcourse.lockstep.online import actor_critic_runs, natural_runs
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, softmax, tabular
from pgcourse.returns import returns_to_go
from pgcourse.sampling import rollouts

pytestmark = [pytest.mark.slow, pytest.mark.sampled]

CORRIDOR = zoo.short_corridor()
ONE_SWITCH = np.tile([[[0.0], [1.0]]], (4, 1, 1))  # one θ for all cells: the log-odds of right


def toll_road():
    """Four cells: on costs 1 in three of them and pays 10 in the last, back costs nothing."""
    p, r = np.zeros((5, 2, 5)), np.zeros((5, 2))
    for cell in range(4):
        p[cell, 0, max(cell - 1, 0)] = p[cell, 1, cell + 1] = 1
    p[4, :, 4], r[:3, 1], r[3, 1] = 1, -1, 10
    return FiniteMDP(p, r, gamma=0.95, rho_0=np.eye(5)[0], name="toll road")


def ends(runs, phi, mdp, steps):
    """J of every lane after so many steps."""
    *_, last = islice(runs, steps)
    return np.array([objective(mdp, softmax(phi, theta)) for theta in last.theta])


def test_a_right_v_at_a_time_limit_does_not_bring_back_the_visits_after_it():
    pi = softmax(ONE_SWITCH, [np.log(0.58 / 0.42)])
    _, q, rho, _ = exact(CORRIDOR, pi)
    score = grad_log_softmax(ONE_SWITCH, pi)
    steps = [CORRIDOR.rho_0 @ np.linalg.matrix_power(transition(CORRIDOR, pi), t) for t in range(4)]
    seen = np.where(CORRIDOR.absorbing, 0, sum(steps))
    assert np.isclose(greediness_gradient(seen, pi, q, score)[0], -0.134, atol=5e-4)
    assert np.isclose(policy_gradient(rho, pi, q, score)[0], 0.135, atol=5e-4)


def test_a_batch_s_own_mean_as_baseline_costs_half_of_the_gradient_with_one_trajectory():
    pi = softmax(ONE_SWITCH, [0.0])  # ∇J = 2
    tau = rollouts(CORRIDOR, pi, 100_000, 5000, np.random.default_rng(0))
    G, kept = returns_to_go(tau.steps, 1.0), {}
    for N in (1, 16):
        batch = tau.steps.n // N
        b = (np.bincount(batch, G) / np.bincount(batch))[batch]
        kept[N] = weighted_scores(tau, G - b, grad_log_softmax(ONE_SWITCH, pi)).mean() / 2
    assert abs(kept[1] - 0.5) < 0.1
    assert kept[16] > 0.85


def test_on_the_toll_road_the_critic_needs_no_more_than_the_actor_s_step_size():
    road, phi, x = toll_road(), tabular(5, 2), np.eye(5)

    def end(ratio, lam=0.0):
        speeds = {"x": x, "alpha_w": 0.05 * ratio, "lam": lam, "lam_w": lam}
        return ends(actor_critic_runs(road, phi, np.zeros(10), alpha=0.05, seeds=range(40), horizon=100, **speeds),
                    phi, road, 3000)  # fmt: skip

    assert round(objective(road, Policy.deterministic([1, 1, 1, 1, 1], 2)), 2) == 5.72
    assert end(1.0).min() > 5.3
    assert end(0.5).mean() < 2  # too slow, at λ = 0,
    assert end(0.0, lam=0.9).min() > 5.3  # and with λ = 0.9 a critic that never moves will do


def test_the_natural_actor_critic_needs_a_slow_actor_and_no_order_of_the_other_two():
    road, phi, x = toll_road(), tabular(5, 2), np.eye(5)

    def end(alpha, alpha_w, alpha_u, steps):
        speeds = {"x": x, "alpha_w": alpha_w, "alpha_u": alpha_u}
        return ends(natural_runs(road, phi, np.zeros(10), alpha=alpha, seeds=range(20), horizon=100, **speeds),
                    phi, road, steps)  # fmt: skip

    assert end(0.002, 0.02, 0.1, 8000).min() > 5.5
    assert end(0.002, 0.1, 0.02, 8000).min() > 5.5
    assert end(0.01, 0.02, 0.1, 3000).max() < 1  # the actor is too fast for this critic


CART = lqr.LQR(A=[[1, 0.2], [0, 1]], B=[[0], [0.2]], Q=np.diag([1, 0.1]), R=0.1, W=np.diag([0, 0.01]), mu_0=[1, 0],
               Sigma_0=0.1 * np.eye(2), gamma=0.95)  # fmt: skip
BEST = lqr.objective(CART, lqr.best_gain(CART))
SLIDER = 10 ** np.arange(-3, -0.45, 0.1)  # the step sizes α of notebook 06


def first_within(gap, K, alpha, states, limit=300):
    try:
        path = enumerate(islice(ascent(CART, K, alpha, states=states), limit))
        return next((k for k, K in path if BEST - lqr.objective(CART, K) < gap), limit)
    except lqr.Unstable:
        return limit


def test_near_the_summit_the_natural_gradient_is_sooner_with_each_way_s_own_best_step_of_the_slider():
    for K in ([-0.3, -0.3], [-1, -0.5], [-0.2, -2], [-3, -1.5], [-3.4, -4]):
        natural = min(first_within(1e-6, K, 20 * alpha, lambda lqr, K: np.eye(2)) for alpha in SLIDER)
        for alpha in SLIDER:
            assert first_within(1e-6, K, alpha, lqr.second_moment, 3 * natural + 1) > 3 * natural
    assert first_within(1e-6, [-0.3, -0.3], 0.1320002, lqr.second_moment) == 7, "by luck, between two of its values"


def test_with_steps_of_one_over_twice_the_bend_the_natural_gradient_is_policy_iteration():
    K = np.array([[-0.3, -0.3]])
    for _ in range(4):
        P = lqr.cost_matrix(CART, K)
        H = CART.R + CART.gamma * CART.B.T @ P @ CART.B
        greedy = -np.linalg.solve(H, CART.gamma * CART.B.T @ P @ CART.A)
        K = K + np.linalg.solve(2 * H, lqr.slope_matrix(CART, K))
        np.testing.assert_allclose(K, greedy, rtol=1e-9)
    assert BEST - lqr.objective(CART, K) < 1e-6
