"""Every identity that notebook 04 claims, over random MDPs: with and without an end, from γ = 0 to 0.999."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, complex_step, power_series, problems, return_of, solved

from pgcourse import zoo
from pgcourse.bellman import exact, occupancy, reward, transition
from pgcourse.estimators import from_pairs, optimal_state_baseline
from pgcourse.gradients import compatible_critic, greediness_gradient, policy_gradient, tabular_softmax_gradient
from pgcourse.policy import Policy, grad_log_softmax, grad_softmax, softmax, tabular_softmax

pytestmark = pytest.mark.filterwarnings("error")


def shared(problem, d=3):
    """The problem with d parameters that its states share: mdp, φ, θ, π, what is exact, ∇π, ∇log π, ∇J, its size."""
    mdp, seed = problem[0], int(1e6 * abs(problem[1]).sum())
    rng = np.random.default_rng(seed)
    phi, theta = rng.standard_normal((mdp.S, mdp.A, d)), rng.standard_normal(d)
    pi = softmax(phi, theta)
    values, grad_log_pi = exact(mdp, pi), grad_log_softmax(phi, pi)
    size = np.abs(phi).max() * values.rho_pi @ (pi @ np.abs(values.q_pi))
    reference = complex_step(lambda t: return_of(phi @ t, mdp), theta)
    return mdp, phi, theta, pi, values, grad_softmax(phi, pi), grad_log_pi, reference, size


@claim
@given(problems())
def test_the_series_of_the_source_gives_the_gradient_of_J(problem):
    """∇J = ρ₀ Σ_t γᵗ (p^π)ᵗ (q^π ∇π) = ρ^π (q^π ∇π)."""
    mdp, _, _, pi, (_, q_pi, rho_pi, _), grad_pi, _, grad_J, size = shared(problem)
    source = np.einsum("sa,sad->sd", q_pi, grad_pi)
    assert_close(mdp.rho_0 @ power_series(mdp.gamma * transition(mdp, pi)) @ source, grad_J, scale=size)
    assert_close(rho_pi @ source, grad_J, scale=size)


@claim
@given(problems())
def test_the_nabla_log_trick_makes_the_sum_over_actions_an_average(problem):
    """∇π = π ∇log π, so Σ_a q ∇π = π (q ∇log π)."""
    *_, pi, (_, q_pi, rho_pi, _), grad_pi, grad_log_pi, grad_J, size = shared(problem)
    assert_close(pi.probs[..., None] * grad_log_pi, grad_pi, scale=1)
    sums, averages = np.einsum("sa,sad->sd", q_pi, grad_pi), pi @ (q_pi[..., None] * grad_log_pi)
    assert_close(averages, sums, scale=np.abs(q_pi).max())
    assert_close(rho_pi @ averages, grad_J, scale=size)


@claim
@given(problems())
def test_the_constant_between_samples_and_gradient_is_1_over_1_minus_gamma(problem):
    mdp, _, _, pi, (_, q_pi, rho_pi, _), _, grad_log_pi, grad_J, size = shared(problem)
    law = (1 - mdp.gamma) * rho_pi
    assert_close(law.sum(), 1.0)
    average = np.einsum("s,sa,sa,sad->d", law, pi.probs, q_pi, grad_log_pi)
    assert_close(average / (1 - mdp.gamma), grad_J, scale=size)


@claim
@given(problems())
def test_a_walk_that_stops_with_probability_1_minus_gamma_samples_the_occupancy(problem):
    """Σ_t (1−γ) γᵗ p_t = (1−γ) ρ^π."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    stopped = (1 - mdp.gamma) * mdp.rho_0 @ power_series(mdp.gamma * transition(mdp, pi))
    assert_close(stopped, (1 - mdp.gamma) * occupancy(mdp, pi), scale=1)


@claim
@given(problems())
def test_leaving_out_the_absorbing_states_leaves_the_gradient(problem):
    mdp, _, _, pi, (_, q_pi, rho_pi, _), _, grad_log_pi, grad_J, size = shared(problem)
    alive = np.where(mdp.absorbing, 0, rho_pi)
    assert_close(policy_gradient(alive, pi, q_pi, grad_log_pi), grad_J, scale=size)


@claim
@given(problems())
def test_the_advantage_and_any_baseline_of_the_state_give_the_same_gradient(problem):
    """ρ π (A ∇log π) = ∇J with A = q − v, and πA = 0."""
    _, _, _, pi, (v_pi, q_pi, rho_pi, _), _, grad_log_pi, grad_J, size = shared(problem)
    advantage = q_pi - v_pi[:, None]
    assert_close(pi @ advantage, 0 * v_pi, scale=np.abs(q_pi).max())
    assert_close(policy_gradient(rho_pi, pi, advantage, grad_log_pi), grad_J, scale=size)
    b = np.random.default_rng(1).standard_normal((len(v_pi), 1))
    size += np.abs(grad_log_pi).max() * rho_pi.sum() * np.abs(b).max()
    assert_close(policy_gradient(rho_pi, pi, q_pi - b, grad_log_pi), grad_J, scale=size)


@claim
@given(problems())
def test_the_two_terms_of_q_are_the_two_terms_of_the_product_rule(problem):
    """∇(ρ^π r^π) = (∇ρ^π) r^π + ρ^π ∇r^π: the second is ρ^π (r ∇π), the first ρ^π (γ p v^π ∇π)."""
    mdp, phi, theta, pi, (v_pi, _, rho_pi, _), grad_pi, _, grad_J, size = shared(problem)
    system = np.eye(mdp.S) - mdp.gamma * transition(mdp, pi)
    grad_p_pi = np.einsum("sad,sat->std", grad_pi, mdp.p)  # ∇ρ (I − γ p^π) = γ ρ ∇p^π
    grad_rho = np.linalg.solve(system.T, mdp.gamma * np.einsum("s,std->td", rho_pi, grad_p_pi))
    frozen = rho_pi @ np.einsum("sa,sad->sd", mdp.r, grad_pi)
    later = rho_pi @ np.einsum("sa,sad->sd", mdp.gamma * mdp.p @ v_pi, grad_pi)
    size += np.abs(grad_rho).sum() * np.abs(mdp.r).max()
    assert_close(reward(mdp, pi) @ grad_rho, later, scale=size)
    assert_close(frozen + later, grad_J, scale=size)

    def with_rho_held(theta):
        weights = np.exp(phi @ theta)
        return rho_pi @ (weights / weights.sum(axis=1, keepdims=True) * mdp.r).sum(axis=1)

    assert_close(complex_step(with_rho_held, theta), frozen, scale=size)


@claim
@given(problems())
def test_to_first_order_a_step_changes_log_pi_by_the_push_less_its_average(problem):
    """d log π(a|s)/dα = g(s,a) − Σ_b π(b|s) g(s,b) along θ + α g, g = ρ π A; and dJ/dα = |g|²."""
    mdp, theta, pi, v_pi, q_pi, rho_pi = solved(problem)
    g = tabular_softmax_gradient(rho_pi, pi, q_pi)
    assert_close(g, rho_pi[:, None] * pi.probs * (q_pi - v_pi[:, None]), scale=rho_pi.max() * np.abs(q_pi).max())

    def log_pi(alpha):
        moved = theta + alpha[0] * g
        return moved - np.log(np.exp(moved).sum(axis=1, keepdims=True))

    change = complex_step(log_pi, np.zeros(1))[0]
    assert_close(change, g - (pi @ g)[:, None], scale=np.abs(g).max() + 1e-300)
    slope = complex_step(lambda alpha: return_of(theta + alpha[0] * g, mdp), np.zeros(1))[0]
    assert_close(slope, (g**2).sum(), scale=np.abs(g).sum() * rho_pi.sum() * np.abs(q_pi).max() + 1e-300)


@claim
@given(problems())
def test_the_moments_of_one_pair_s_estimate_are_sums_over_pairs_and_the_best_baseline_is_the_best(problem):
    """Σ over all pairs of (1−γ)ρ π g is ∇J for any b(s), and of g² it is least for `optimal_state_baseline`."""
    *_, pi, (v_pi, q_pi, rho_pi, _), _, grad_log_pi, grad_J, size = shared(problem)
    s, a = np.divmod(np.arange(pi.probs.size), pi.probs.shape[1])
    weight = rho_pi[s] / rho_pi.sum() * pi.probs[s, a]
    best = optimal_state_baseline(pi, q_pi, grad_log_pi)

    squared = rho_pi[:, None] * pi.probs * (grad_log_pi**2).sum(axis=2)  # ρ π |∇log π|²

    def second_moment(b):
        """E|g|² = Σρ · Σ ρ π |∇log π|² (q − b)²: a part for each state, least at the mean of q that it weighs."""
        g = from_pairs(rho_pi, q_pi, grad_log_pi, s, a, b)
        assert_close(weight @ g, grad_J, scale=size + rho_pi.sum() * np.abs(grad_log_pi).max() * np.abs(b).max())
        moment = rho_pi.sum() * (squared * (q_pi - np.broadcast_to(b, v_pi.shape)[:, None]) ** 2).sum()
        assert_close(weight @ (g**2).sum(axis=1), moment, scale=moment + 1e-300)
        excess = rho_pi.sum() * (squared.sum(axis=1) * (b - best) ** 2).sum()
        least = rho_pi.sum() * (squared * (q_pi - best[:, None]) ** 2).sum()
        assert_close(moment, least + excess, scale=moment + 1e-300)
        return moment

    least = second_moment(best)
    others = (0.0, float(v_pi.mean()), v_pi, best + 0.1, best - 0.1)
    assert all(least <= second_moment(np.broadcast_to(b, v_pi.shape)) * (1 + 1e-9) for b in others)


@claim
@given(problems())
def test_a_baseline_of_the_action_can_keep_the_mean(problem):
    """What a compatible critic leaves over, q − ∇log π · w, depends on the action and moves nothing."""
    *_, pi, (_, q_pi, rho_pi, _), _, grad_log_pi, grad_J, size = shared(problem)
    b = q_pi - grad_log_pi @ compatible_critic(rho_pi, pi, q_pi, grad_log_pi)
    assert_close(greediness_gradient(rho_pi, pi, q_pi - b, grad_log_pi), grad_J, scale=size)


def test_the_sum_of_the_terms_sizes_can_grow_with_the_advantage():
    """One state, q = (0, 0, 1), a feature that only the first two actions have: all terms are 0 with q, none with A."""
    pi, grad_log_pi, q = np.array([0.25, 0.25, 0.5]), np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    assert pi @ grad_log_pi == 0
    with_q, with_A = (pi * f * grad_log_pi for f in (q, q - pi @ q))
    assert np.abs(with_A).sum() > np.abs(with_q).sum() == 0
    assert with_A.sum() == with_q.sum()


@claim
@given(problems())
def test_a_baseline_of_the_other_actions_divides_the_advantage_by_1_minus_pi(problem):
    """q(s,a) − Σ_{b≠a} π(b) q(b) / (1 − π(a)) = A(s,a) / (1 − π(a|s)): its gradient is another one."""
    mdp, *_, pi, (v_pi, q_pi, _, _), _, _, _, _ = shared(problem)
    if mdp.A == 1:
        return
    others = (v_pi[:, None] - pi.probs * q_pi) / (1 - pi.probs)
    by_hand = np.array(
        [[np.average(np.delete(q, a), weights=np.delete(p, a)) for a in range(mdp.A)]
         for q, p in zip(q_pi, pi.probs, strict=True)]
    )  # fmt: skip
    scale = np.abs(q_pi).max() / (1 - pi.probs).min()
    assert_close(others, by_hand, scale=scale)
    assert_close(q_pi - others, (q_pi - v_pi[:, None]) / (1 - pi.probs), scale=scale)


@pytest.mark.parametrize("p", [0.05, 0.5, 0.95])
def test_without_the_discount_on_states_the_update_goes_down_for_both_objectives(p):
    """Nota & Thomas 2020 (arXiv 1906.07073): +0.045 discounted, +0.15 undiscounted, −0.04 the usual update."""
    discounted = zoo.lost_discount()
    undiscounted = replace(discounted, gamma=1)
    pi, grad_log_pi = Policy(np.tile([1 - p, p], (5, 1))), np.tile([[-1 / (1 - p)], [1 / p]], (5, 1, 1))
    for mdp, slope in ((discounted, 0.045), (undiscounted, 0.15)):
        _, q_pi, rho_pi, J = exact(mdp, pi)
        assert_close(policy_gradient(rho_pi, pi, q_pi, grad_log_pi), [slope])
        assert pytest.approx(p * slope) == J
    visits, q_pi = occupancy(undiscounted, pi), exact(discounted, pi).q_pi
    assert_close(greediness_gradient(visits, pi, q_pi, grad_log_pi), [-0.04])
