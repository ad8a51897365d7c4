"""The natural actor-critic in lockstep: where its compatible critic goes, and how the actor follows."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_runs import ALIKE, DISCOUNTED, START, garnet, last, walk, z_scores

from pgcourse.gradients import greediness_gradient
from pgcourse.lockstep.online import natural_runs


def test_a_run_is_its_three_equations_step_by_step():
    """γᵗ is in the update of u, and not a second time in that of θ, which goes along u."""
    sizes, x = {"alpha": 0.01, "alpha_w": 0.05, "alpha_u": 0.02}, np.eye(4)
    state = last(natural_runs(DISCOUNTED, ALIKE, START, **sizes, seeds=[9], horizon=40, x=x), 600)
    theta, w, u = START.copy(), np.zeros(4), np.zeros(2)
    for s, score, s_next, t in walk(theta, 9, 40, 600):
        delta = -1 + 0.9 * w[s_next] - w[s]
        w[s] += 0.05 * delta
        u += 0.02 * 0.9**t * (delta - u @ score) * score
        theta += 0.01 * u
    assert np.abs(theta - START).max() > 0.1
    for found, expected in ((state.theta, theta), (state.w, w), (state.u, u)):
        np.testing.assert_allclose(found[0], expected, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.sampled
def test_the_compatible_critic_comes_to_the_natural_gradient():
    """θ at rest, w right, episodes of one step: then E u = (I − (I − α_u F)ⁿ) F⁻¹∇J after n of them, exactly."""
    mdp, phi, theta, pi, (v_pi, q_pi, _, _), grad_log_pi = garnet(absorbing=0)
    run = natural_runs(
        mdp, phi, theta, alpha=0.0, seeds=range(2000), horizon=1, x=np.eye(6), alpha_w=0.0, alpha_u=0.05, w=v_pi
    )
    state = last(run, 600)
    F = np.einsum("s,sa,sad,sae->de", mdp.rho_0, pi.probs, grad_log_pi, grad_log_pi)
    gradient = greediness_gradient(mdp.rho_0, pi, q_pi, grad_log_pi)
    still = np.linalg.matrix_power(np.eye(3) - 0.05 * F, 600)
    natural = np.linalg.solve(F, gradient)
    assert np.abs(z_scores(state.u, natural - still @ natural)).max() < 4
    assert np.abs(still).max() < 0.5
    later = last(
        natural_runs(mdp, phi, theta, alpha=0.5, seeds=[0], horizon=1, x=np.eye(6), alpha_w=0.0, alpha_u=0.05, w=v_pi),
        1,
    )
    np.testing.assert_allclose(later.theta, theta + 0.5 * later.u)
