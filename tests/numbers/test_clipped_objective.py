"""L^CLIP, exact: against J, L and slopes by differences, and what its clip does not promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, problems, solved

from pgcourse import zoo
from pgcourse.algorithms.optimisers import FRESH, adam
from pgcourse.algorithms.ppo import clipped_weights
from pgcourse.bellman import exact, objective
from pgcourse.gradients import angle, finite_differences, greediness_gradient, tabular_softmax_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, mirror_step, softmax, tabular, tabular_softmax
from pgcourse.surrogate import (
    clipped_advantage,
    clipped_objective,
    divergence,
    is_flat,
    is_outside,
    lower_bound,
    ratios,
    surrogate_objective,
)


@claim
@given(problems())
def test_the_clipped_objective_has_the_value_and_the_gradient_of_J_where_it_begins(problem):
    mdp, _, pi, _, q_pi, rho_pi = solved(problem)
    of = exact(mdp, pi)
    size = np.abs(q_pi).max() * rho_pi.sum()
    assert_close(clipped_objective(of, pi, pi, 0.2), of.J, scale=size)
    g = tabular_softmax_gradient(rho_pi, pi, clipped_advantage(of, pi, pi, 0.2))
    assert_close(g, tabular_softmax_gradient(rho_pi, pi, q_pi), scale=size)


@claim
@given(problems())
def test_it_is_never_above_the_surrogate_and_without_a_bound_it_is_the_surrogate(problem):
    mdp, _, pi, _, q_pi, rho_pi = solved(problem)
    of, size = exact(mdp, pi), np.abs(q_pi).max() * rho_pi.sum()
    for k in range(3):
        new = Policy(np.random.default_rng(k).dirichlet(np.ones(mdp.A), mdp.S))
        L = surrogate_objective(of, new)
        assert clipped_objective(of, pi, new, 0.2) <= L + 1e-9 * max(1, size)
        assert_close(clipped_objective(of, pi, new, np.inf), L, scale=size)


def test_its_gradient_is_the_slope_of_it_by_differences_with_shared_parameters():
    """At policies where pairs are inside, flat and on their way back; no ratio within 10⁻³ of an edge."""
    rng = np.random.default_rng(4)
    mdp, phi, kinds = zoo.garnet(5, 3, 2, 0.9, rng), rng.standard_normal((5, 3, 4)), set()
    pi = tabular_softmax(rng.standard_normal((5, 3)) / 2)
    of = exact(mdp, pi)
    A = of.q_pi - of.v_pi[:, None]
    for theta in rng.standard_normal((6, 4)) / 3:
        new = softmax(phi, theta)
        r = new.probs / pi.probs
        assert np.abs(np.abs(r - 1) - 0.2).min() > 1e-3
        kinds |= set(zip(is_outside(r, 0.2).flat, is_flat(r, A, 0.2).flat, strict=True))
        g = greediness_gradient(of.rho_pi, new, clipped_advantage(of, pi, new, 0.2), grad_log_softmax(phi, new))
        slope = finite_differences(lambda t: clipped_objective(of, pi, softmax(phi, t), 0.2), theta)
        np.testing.assert_allclose(g, slope, atol=1e-8)
    assert kinds == {(False, False), (True, True), (True, False)}


def test_one_state_by_hand():
    """v = 10 (½·0 + ½·2): A = −1, 1, ρ = 10. π' = (0.7, 0.3) has r = 1.4, 0.6: both are on their way back."""
    mdp = FiniteMDP(np.ones((1, 2, 1)), np.array([[0.0, 2.0]]), 0.9, np.ones(1))
    pi = Policy.uniform(1, 2)
    of = exact(mdp, pi)
    back, forth = Policy(np.array([[0.7, 0.3]])), Policy(np.array([[0.2, 0.8]]))
    assert clipped_objective(of, pi, back, 0.2) == pytest.approx(10 + 10 * 0.5 * (-1.4 + 0.6))
    assert clipped_advantage(of, pi, back, 0.2).ravel() == pytest.approx([-1, 1])
    assert clipped_objective(of, pi, forth, 0.2) == pytest.approx(10 + 10 * 0.5 * (-0.8 + 1.2))
    assert clipped_advantage(of, pi, forth, 0.2).tolist() == [[0, 0]]


def test_no_advantage_is_flat_outside_on_either_side_and_an_edge_belongs_to_the_inside():
    assert is_flat(np.array([0.7, 1.0, 1.3]), np.zeros(3), 0.2).tolist() == [True, False, True]
    edges = np.array([1 - 0.2, 1 + 0.2])
    assert not is_flat(edges, np.array([-1.0, 1.0]), 0.2).any()
    assert not is_outside(edges, 0.2).any()


def test_eleven_pairs_are_outside_and_only_four_of_them_flat():
    """And to set all eleven to 0 turns the gradient: its cosine with the right one is 0.650."""
    mdp, pi = zoo.five_states(), Policy.uniform(5, 3)
    new = tabular_softmax(np.random.default_rng(8).standard_normal((5, 3)))
    of, r = exact(mdp, pi), 3 * new.probs
    A = of.q_pi - of.v_pi[:, None]
    assert is_outside(r, 0.2).sum() == 11
    assert is_flat(r, A, 0.2).sum() == 4
    g = tabular_softmax_gradient(of.rho_pi, new, clipped_advantage(of, pi, new, 0.2))
    lost = tabular_softmax_gradient(of.rho_pi, new, np.where(np.abs(r - 1) > 0.2, 0, A))
    assert np.cos(np.radians(angle(g, lost))) == pytest.approx(0.650, abs=5e-4)


def test_samples_of_the_old_policy_with_the_weights_of_ppo_have_this_gradient_as_their_mean():
    """Σ over all (s, a) of ρ^π π w ∇log π', which is what a batch of PPO estimates."""
    mdp, pi = zoo.five_states(), Policy.uniform(5, 3)
    new = tabular_softmax(np.random.default_rng(8).standard_normal((5, 3)))
    of, phi = exact(mdp, pi), tabular(5, 3)
    w = clipped_weights(ratios(pi, new), of.q_pi - of.v_pi[:, None], 0.2)
    mean = np.einsum("s,sa,sa,sad->d", of.rho_pi, pi.probs, w, grad_log_softmax(phi, new))
    g = tabular_softmax_gradient(of.rho_pi, new, clipped_advantage(of, pi, new, 0.2))
    np.testing.assert_allclose(mean, g.ravel(), atol=1e-12)


def test_the_clip_does_not_keep_the_ratios_inside_and_the_climb_comes_to_rest():
    """Adam with α = 0.05 on L^CLIP, all pairs at once: r leaves [0.8, 1.2] by far, until all 15 pairs are flat."""
    mdp, pi = zoo.five_states(), Policy.uniform(5, 3)
    of, theta, memory, found = exact(mdp, pi), np.zeros((5, 3)), FRESH, {}
    A, d = of.q_pi - of.v_pi[:, None], of.rho_pi / of.rho_pi.sum()
    for k in range(101):
        new = tabular_softmax(theta)
        r, kl = ratios(pi, new), d @ divergence(pi, new)
        found[k] = [r.min(), r.max(), kl, objective(mdp, new), is_flat(r, A, 0.2).sum()]
        g = tabular_softmax_gradient(of.rho_pi, new, clipped_advantage(of, pi, new, 0.2))
        step, memory = adam(g.ravel(), memory)
        theta = theta + 0.05 * step.reshape(5, 3)
    expected = {4: [0.75, 1.26, 0.016], 10: [0.53, 1.47, 0.066], 30: [0.35, 1.80, 0.155], 100: [0.32, 1.87, 0.179]}
    for k, numbers in expected.items():
        np.testing.assert_allclose(found[k][:3], numbers, atol=0.0055)
    assert found[100][3] == pytest.approx(3.225, abs=5e-4)
    assert found[100][4] == 15


def test_an_action_that_the_old_policy_never_takes_counts_nothing():
    mdp, pi, new = zoo.five_states(), Policy.deterministic(np.zeros(5, int), 3), Policy.uniform(5, 3)
    of = exact(mdp, pi)
    assert ratios(pi, new).tolist() == [[1 / 3, 1, 1]] * 5
    taken, *never_taken = clipped_advantage(of, pi, new, 0.2).T
    np.testing.assert_allclose(taken, 0, atol=1e-14)  # q − v of the only action
    assert not np.any(never_taken)
    assert clipped_objective(of, pi, new, 0.2) == pytest.approx(of.J)  # A = 0 of the only action it takes


def test_what_is_no_bound_and_what_is_no_such_policy_is_refused():
    mdp, pi = zoo.five_states(), Policy.uniform(5, 3)
    of = exact(mdp, pi)
    for epsilon in (0, -0.1, np.nan, "0.2"):
        with pytest.raises(ValueError, match=r"epsilon is .*, expected a number > 0"):
            clipped_objective(of, pi, pi, epsilon)
        with pytest.raises(ValueError, match=r"epsilon is .*, expected a number > 0"):
            clipped_advantage(of, pi, pi, epsilon)
        for call in (
            lambda epsilon=epsilon: is_outside(np.ones(3), epsilon),
            lambda epsilon=epsilon: is_flat(np.ones(3), np.ones(3), epsilon),
        ):
            with pytest.raises(ValueError, match=r"epsilon is .*, expected a number > 0"):
                call()
    with pytest.raises(ValueError, match=r"the new policy has shape \(5, 2\), expected \(S, A\) = \(5, 3\)"):
        clipped_objective(of, pi, Policy.uniform(5, 2), 0.2)
    with pytest.raises(ValueError, match=r"the new policy has shape \(5, 3\), expected \(S, A\) = \(4, 3\)"):
        clipped_objective(of, Policy.uniform(4, 3), pi, 0.2)


@pytest.mark.filterwarnings("error")
def test_infinities_in_the_middle_leave_no_nan():
    """A policy that does almost nothing but one action, ratios of more than the largest float, and KL = ∞ times 0."""
    mdp, greedy = zoo.five_states(), Policy.deterministic([0] * 5, 3)
    nearly = Policy(np.tile([1.0, 1e-320, 1e-320], (5, 1)))
    new, of = Policy.uniform(5, 3), exact(mdp, nearly)
    A = of.q_pi - of.v_pi[:, None]
    for epsilon in (0.2, np.inf):
        high = np.minimum(new.probs, (1 + epsilon) * nearly.probs)
        low = np.maximum(new.probs, (1 - epsilon) * nearly.probs) if epsilon < 1 else new.probs
        expected = of.J + of.rho_pi @ np.where(A > 0, high * A, low * A).sum(axis=1)
        assert clipped_objective(of, nearly, new, epsilon) == pytest.approx(expected, rel=1e-12)
    now = exact(mdp, new)
    assert lower_bound(now, new, greedy, 0.0) == surrogate_objective(now, greedy)
    still = exact(FiniteMDP(mdp.p, np.zeros((5, 3)), 0.9, mdp.rho_0), new)
    assert lower_bound(still, new, greedy, 0.9) == 0
    assert mirror_step(greedy, now.q_pi, 0.0) is greedy


def test_what_pi_never_does_counts_in_the_surrogate_alone():
    """A greedy π, and a uniform π': L has what the other actions lose, L^CLIP has not, and is above it."""
    mdp = zoo.five_states()
    pi = Policy.deterministic(exact(mdp, Policy.uniform(5, 3)).q_pi.argmax(axis=1), 3)
    of, new = exact(mdp, pi), Policy.uniform(5, 3)
    assert clipped_objective(of, pi, new, 0.2) > surrogate_objective(of, new) + 0.01
    taken = np.where(pi.probs > 0, new.probs * (of.q_pi - of.v_pi[:, None]), 0)
    assert clipped_objective(of, pi, new, np.inf) == pytest.approx(of.J + of.rho_pi @ taken.sum(axis=1), abs=1e-12)
