"""Each estimator's mean is what theory says it is, by z-score against the exact gradient."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.bellman import exact, occupancy, transition
from pgcourse.estimators import (
    discounted,
    from_pairs,
    full_return,
    mean_tabular_scores,
    optimal_constant_baseline,
    optimal_state_baseline,
    reward_to_go,
    undiscounted,
    weighted_scores,
)
from pgcourse.gradients import expected_gae, greediness_gradient, policy_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, softmax, tabular
from pgcourse.returns import gae, td_errors
from pgcourse.sampling import rollouts, sample_pairs
from pgcourse.trajectories import Packed, Trajectories

N = 100_000


def z_scores(estimates, expected):
    return (estimates.mean(axis=0) - expected) / (estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates)))


@pytest.fixture(scope="module")
def problem():
    """An MDP with S ≠ A and an end, a softmax of three features, and all that is exact about them."""
    rng = np.random.default_rng(1)
    mdp, phi = zoo.garnet(6, 3, 3, 0.9, rng, absorbing=1), rng.standard_normal((6, 3, 3))
    pi = softmax(phi, rng.standard_normal(3))
    return mdp, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


@pytest.mark.parametrize("baseline", [0.0, -3.0, "v", "other"])
def test_pairs_from_the_occupancy_are_unbiased_with_any_baseline(problem, baseline):
    mdp, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    b = {"v": v_pi, "other": np.arange(mdp.S) - 2.0}.get(baseline, baseline)
    s, a = sample_pairs(rho_pi, pi, N, np.random.default_rng(7))
    estimates = from_pairs(rho_pi, q_pi, grad_log_pi, s, a, b)
    assert estimates.shape == (N, 3)
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


def test_pairs_from_other_weights_have_the_greediness_gradient_as_their_mean(problem):
    _, pi, (_, q_pi, rho_pi, _), grad_log_pi = problem
    rho = np.array([3.0, 0, 1, 1, 2, 0])
    s, a = sample_pairs(rho, pi, N, np.random.default_rng(8))
    estimates = from_pairs(rho, q_pi, grad_log_pi, s, a)
    assert np.abs(z_scores(estimates, greediness_gradient(rho, pi, q_pi, grad_log_pi))).max() < 4
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() > 20


def test_the_mean_square_of_the_estimates_is_the_sum_over_pairs(problem):
    """E|g|² = Σρ Σ_{s,a} ρ π ((q − b) ∇log π)², computed without sampling."""
    _, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    s, a = sample_pairs(rho_pi, pi, N, np.random.default_rng(9))
    squares = from_pairs(rho_pi, q_pi, grad_log_pi, s, a, v_pi) ** 2
    terms = ((q_pi - v_pi[:, None])[..., None] * grad_log_pi) ** 2
    expected = rho_pi.sum() * rho_pi @ (pi @ terms)
    assert np.abs(z_scores(squares, expected)).max() < 4


# From trajectories


@pytest.fixture(scope="module")
def lived(problem):
    """Trajectories of `problem`, all but a γ³⁰⁰ of them to their ends."""
    mdp, pi, _, _ = problem
    tau = rollouts(mdp, pi, N, 300, np.random.default_rng(11))
    assert tau.truncated.mean() < 1e-4
    return tau


def critic(mdp, v_pi):
    """A critic that is wrong by a lot, and by a different number in each state."""
    return v_pi + np.random.default_rng(2).standard_normal(mdp.S)


def deltas(tau, v, gamma):
    return td_errors(tau.steps, v[tau.steps.s], v[tau.steps.s_next], gamma)


@pytest.mark.parametrize(
    "weights",
    [
        lambda tau, v, g: full_return(tau, g),
        lambda tau, v, g: full_return(tau, g, b=-3.0),
        lambda tau, v, g: reward_to_go(tau, g),
        lambda tau, v, g: reward_to_go(tau, g, b=2.0),
        lambda tau, v, g: reward_to_go(tau, g, v[tau.steps.s]),
        lambda tau, v, g: discounted(tau, gae(tau.steps, deltas(tau, v, g), g, 1), g),
    ],
    ids=[
        "full",
        "full, constant",
        "to go",
        "to go, constant",
        "to go, wrong v",
        "GAE(1), wrong v",
    ],
)
def test_what_sums_up_all_rewards_is_unbiased_with_any_baseline(problem, lived, weights):
    mdp, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    estimates = weighted_scores(lived, weights(lived, critic(mdp, v_pi), mdp.gamma), grad_log_pi)
    assert estimates.shape == (N, 3)
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


@pytest.mark.parametrize("lam", [0.0, 0.5, 0.9])
def test_a_right_critic_is_unbiased_with_any_lambda(problem, lived, lam):
    mdp, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    A = gae(lived.steps, deltas(lived, v_pi, mdp.gamma), mdp.gamma, lam)
    estimates = weighted_scores(lived, discounted(lived, A, mdp.gamma), grad_log_pi)
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


@pytest.mark.parametrize("lam", [0.0, 0.5, 0.9])
def test_a_wrong_critic_is_biased_by_what_expected_gae_says(problem, lived, lam):
    mdp, pi, (v_pi, q_pi, rho_pi, _), grad_log_pi = problem
    v = critic(mdp, v_pi)
    A = gae(lived.steps, deltas(lived, v, mdp.gamma), mdp.gamma, lam)
    estimates = weighted_scores(lived, discounted(lived, A, mdp.gamma), grad_log_pi)
    mean = greediness_gradient(rho_pi, pi, expected_gae(mdp, pi, v, lam), grad_log_pi)
    assert np.abs(z_scores(estimates, mean)).max() < 4
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() > 8


def test_without_gamma_to_the_t_states_count_by_their_undiscounted_visits(problem, lived):
    mdp, pi, (_, q_pi, rho_pi, _), grad_log_pi = problem
    visits = occupancy(FiniteMDP(mdp.p, mdp.r, 1, mdp.rho_0), pi)
    estimates = weighted_scores(lived, undiscounted(lived, mdp.gamma), grad_log_pi)
    assert np.abs(z_scores(estimates, greediness_gradient(visits, pi, q_pi, grad_log_pi))).max() < 4
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() > 8


def test_a_time_limit_hides_rewards_and_a_critic_that_bootstraps_there_stands_in_for_them():
    """The corridor, cut after 4 steps. Returns have the 4-step objective's gradient as their mean. With v^π after the
    cut it is the theorem's, summed over 4 steps; with `done` for `terminated` it is the 4-step one again, unsaid."""
    mdp, phi, g, H = zoo.short_corridor(), np.tile(np.eye(2)[:, :1], (4, 1, 1)), 1.0, 4
    pi = softmax(phi, [0.5])
    (v_pi, q_pi, _, _), grad_log_pi = exact(mdp, pi), grad_log_softmax(phi, pi)
    tau = rollouts(mdp, pi, N, H, np.random.default_rng(12))
    assert tau.truncated.mean() > 0.1
    laws = [~mdp.absorbing * mdp.rho_0 @ np.linalg.matrix_power(g * transition(mdp, pi), t) for t in range(H)]
    q = [mdp.r]  # q[k]: of k + 1 steps to go
    for _ in range(H - 1):
        q.append(mdp.r + g * mdp.p @ (pi @ q[-1]))
    short = sum(greediness_gradient(laws[t], pi, q[H - 1 - t], grad_log_pi) for t in range(H))
    bootstrapped = greediness_gradient(sum(laws), pi, q_pi, grad_log_pi)

    cut = weighted_scores(tau, reward_to_go(tau, g), grad_log_pi)
    right = weighted_scores(tau, discounted(tau, gae(tau.steps, deltas(tau, v_pi, g), g, 1), g), grad_log_pi)
    steps = dataclasses.replace(tau.steps, terminated=tau.steps.ended)
    done = gae(steps, td_errors(steps, v_pi[steps.s], v_pi[steps.s_next], g), g, 1)
    wrong = weighted_scores(tau, discounted(tau, done, g), grad_log_pi)
    assert np.abs(z_scores(cut, short)).max() < 4
    assert np.abs(z_scores(right, bootstrapped)).max() < 4
    assert np.abs(z_scores(wrong, short)).max() < 4
    assert np.abs(z_scores(wrong, bootstrapped)).max() > 8


def test_with_one_reward_at_the_end_reward_to_go_is_the_full_return():
    lake = zoo.frozen_lake()
    tau = rollouts(lake, Policy.uniform(16, 4), 5000, 1000, np.random.default_rng(0), r=zoo.lake_rewards(lake))
    np.testing.assert_allclose(reward_to_go(tau, lake.gamma), full_return(tau, lake.gamma), atol=1e-14)
    assert full_return(tau, lake.gamma).any()


def test_on_the_corridor_reward_to_go_has_less_variance_and_a_baseline_less_still():
    corridor = zoo.short_corridor()
    phi = np.tile(np.eye(2)[:, :1], (4, 1, 1))
    pi = softmax(phi, [0.0])
    grad_log_pi, v_pi = grad_log_softmax(phi, pi), np.append(exact(corridor, pi).v_pi[:3], 0)
    tau = rollouts(corridor, pi, N, 10_000, np.random.default_rng(1))
    several = [full_return(tau, 1), reward_to_go(tau, 1), reward_to_go(tau, 1, v_pi[tau.steps.s])]
    estimates = [weighted_scores(tau, weights, grad_log_pi) for weights in several]
    for some in estimates:
        assert abs(z_scores(some, -2.0)) < 4  # dJ/dlogit = 2 at p = ½, and this parameter is the logit of LEFT
    full, to_go, baseline = (some.var() for some in estimates)
    assert full > 1.5 * to_go > 2 * baseline


def test_the_table_s_mean_is_the_mean_of_the_estimates(lived):
    pi = softmax(np.eye(18).reshape(6, 3, 18), np.random.default_rng(3).standard_normal(18))
    grad_log_pi, weights = grad_log_softmax(tabular(6, 3), pi), reward_to_go(lived, 0.9)
    rows = weighted_scores(lived, weights, grad_log_pi)
    np.testing.assert_allclose(mean_tabular_scores(lived, weights, pi).ravel(), rows.mean(axis=0), atol=1e-10)


def test_the_textbook_s_loop_gives_the_same_rows(problem, lived):
    mdp, _, _, grad_log_pi = problem
    fast = weighted_scores(lived, reward_to_go(lived, mdp.gamma, b=0.5), grad_log_pi)
    for n, (s, a, r) in zip(range(50), lived, strict=False):
        slow = np.zeros(3)
        for t in range(len(a)):
            G = sum(mdp.gamma ** (k - t) * r[k] for k in range(t, len(a)))
            slow += mdp.gamma**t * (G - 0.5) * grad_log_pi[s[t], a[t]]
        np.testing.assert_allclose(fast[n], slow, atol=1e-12)


# The best baselines


def test_on_the_bandit_the_best_baseline_leaves_no_variance_and_v_leaves_some():
    """p = 0.9, q = (1, 0): gradient 0.09; variance 0.0009 without, 0.0576 with v^π, 0 with (1−p) q₁ + p q₂ = 0.1."""
    phi = np.array([[[1.0], [0.0]]])
    pi, q, rho = softmax(phi, [np.log(9)]), np.array([[1.0, 0.0]]), np.ones(1)
    grad_log_pi = grad_log_softmax(phi, pi)
    s, a = np.zeros(2, int), np.arange(2)

    def moments(b):
        g = from_pairs(rho, q, grad_log_pi, s, a, b)[:, 0]
        return np.array([pi.probs[0] @ g, pi.probs[0] @ (g - pi.probs[0] @ g) ** 2])

    np.testing.assert_allclose(optimal_state_baseline(pi, q, grad_log_pi), 0.1)
    assert optimal_constant_baseline(rho, pi, q, grad_log_pi)[0] == pytest.approx(0.1)
    np.testing.assert_allclose(moments(0), [0.09, 0.0009], atol=1e-12)
    np.testing.assert_allclose(moments(pi @ q), [0.09, 0.0576], atol=1e-12)
    np.testing.assert_allclose(moments(optimal_state_baseline(pi, q, grad_log_pi)), [0.09, 0], atol=1e-12)


def second_moment(rho, pi, q, grad_log_pi, b):
    """E|g|² of `from_pairs`, component by component, without sampling."""
    return rho.sum() * rho @ (pi @ (((q - b[:, None])[..., None] * grad_log_pi) ** 2))


def test_no_baseline_nearby_has_less_variance_than_the_best(problem):
    _, pi, (_, q_pi, rho_pi, _), grad_log_pi = problem
    b = optimal_state_baseline(pi, q_pi, grad_log_pi)
    constant, each = optimal_constant_baseline(rho_pi, pi, q_pi, grad_log_pi)
    best = second_moment(rho_pi, pi, q_pi, grad_log_pi, b).sum()
    best_constant = second_moment(rho_pi, pi, q_pi, grad_log_pi, np.full(6, constant)).sum()
    assert best < best_constant
    for h in (-0.01, 0.01):
        for s in np.flatnonzero(rho_pi * np.abs(grad_log_pi).sum(axis=(1, 2)) > 0):
            assert second_moment(rho_pi, pi, q_pi, grad_log_pi, b + h * np.eye(6)[s]).sum() > best
        assert second_moment(rho_pi, pi, q_pi, grad_log_pi, np.full(6, constant + h)).sum() > best_constant
        for i in range(3):
            at, off = (second_moment(rho_pi, pi, q_pi, grad_log_pi, np.full(6, x))[i] for x in (each[i], each[i] + h))
            assert off > at


def test_where_no_action_moves_theta_the_best_baseline_is_v():
    pi, q = Policy([[0.25, 0.75]]), np.array([[4.0, 8.0]])
    assert optimal_state_baseline(pi, q, np.zeros((1, 2, 1))).tolist() == [7.0]
    assert optimal_constant_baseline(np.ones(1), pi, q, np.zeros((1, 2, 1)))[0] == 0


def test_the_mean_score_of_a_trajectory_is_0(problem, lived):
    """E ∇log p(τ) = 0: why any constant baseline will do."""
    scores = weighted_scores(lived, 1.0, problem[3])
    assert np.abs(z_scores(scores, 0.0)).max() < 4


def test_with_three_actions_the_best_state_baseline_leaves_a_variance_but_for_special_cases():
    pi, score = Policy([[0.5, 0.3, 0.2]]), np.array([[[1.0], [-1.0], [-1.0]]])  # Σ_a π ∇log π = 0

    def variance(q):
        b = optimal_state_baseline(pi, q, score)
        estimates = (q - b[:, None])[0] * score[0, :, 0]
        return pi.probs[0] @ estimates**2 - (pi.probs[0] @ estimates) ** 2

    assert variance(np.array([[1.0, -1.0, -1.0]])) < 1e-15
    assert variance(np.array([[1.0, 0.0, 0.5]])) > 0.01


def test_a_batch_without_a_step_estimates_zeros():
    """All trajectories begin where the process is over."""
    S = 4
    over = FiniteMDP(np.tile(np.eye(S)[:, None], (1, 2, 1)), np.zeros((S, 2)), 0.9, np.eye(S)[0])
    pi = Policy.uniform(S, 2)
    tau, score, none = (
        rollouts(over, pi, 3, 5, np.random.default_rng(0)),
        grad_log_softmax(tabular(S, 2), pi),
        np.zeros(0),
    )
    assert tau.length.tolist() == [0, 0, 0]
    delta = td_errors(tau.steps, none, none, 0.9)
    advantage = gae(tau.steps, delta, 0.9, 0.5)
    weights = [
        full_return(tau, 0.9),
        reward_to_go(tau, 0.9),
        reward_to_go(tau, 0.9, none),
        undiscounted(tau, 0.9, none),
    ]
    for w in (*weights, delta, advantage, discounted(tau, advantage, 0.9)):
        assert w.tolist() == []
        assert weighted_scores(tau, w, score).tolist() == np.zeros((3, 8)).tolist()
        assert mean_tabular_scores(tau, w, pi).tolist() == np.zeros((S, 2)).tolist()


def test_places_and_weights_that_mean_something_else_are_refused():
    """A state −1 would be the last one, weights of sum 0 make all estimates 0, and a mask would be lost."""
    q, score = np.ones((2, 2)), np.ones((2, 2, 1))
    with pytest.raises(ValueError, match=r"rho\[s=0\] is -1.0, expected a weight ≥ 0"):
        from_pairs([-1.0, 1.0], q, score, [0], [0])
    with pytest.raises(ValueError, match=r"rho\[s=0\] is -1.0"):
        optimal_constant_baseline([-1.0, 1.0], Policy.uniform(2, 2), q, score)
    with pytest.raises(ValueError, match="s has masked entries, expected integers"):
        from_pairs([1.0, 1.0], q, score, np.ma.array([0, 1], mask=[0, 1]), [0, 0])
    steps = Packed([-1], [0], [1.0], [0], np.array([True]), np.array([False]), n=[0], t=[0])
    with pytest.raises(ValueError, match=r"tau.steps.s\[0\] is -1, expected an integer in 0 … 1"):
        weighted_scores(Trajectories(np.array([-1]), steps), 1.0, score)
