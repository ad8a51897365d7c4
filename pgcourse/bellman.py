"""The Bellman evaluation equation and the state occupancy measure, solved exactly (chapter, Reminders 2 and 3).

    p^π = π p,  r^π = π r          transition, reward
    v^π = r^π + γ p^π v^π          evaluate
    q^π = r + γ p v^π              action_value
    ρ^π = ρ₀ Σ_t (γ p^π)ᵗ          occupancy (unnormalised: sums to 1/(1−γ))
    J   = ρ₀ v^π                   objective

Everything is one linear system among the live states: absorbing states are worth 0. With γ = 1 it has a solution
only if the policy ends from wherever it stands; otherwise ValueError names a state from which it never does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetrs

from pgcourse.mdp import Array, FiniteMDP
from pgcourse.policy import Policy


def transition(mdp: FiniteMDP, pi: Policy) -> Array:
    """p^π = π p, of shape (S, S'): p^π(s'|s) = Σ_a π(a|s) p(s'|s, a)."""
    return pi @ mdp.p


def reward(mdp: FiniteMDP, pi: Policy) -> Array:
    """r^π = π r, of shape (S,)."""
    return pi @ mdp.r


def evaluate(mdp: FiniteMDP, pi: Policy) -> Array:
    """v^π, of shape (S,): the solution of v = r^π + γ p^π v."""
    v = np.zeros(mdp.S)
    v[mdp.live] = np.linalg.solve(_system(mdp, pi), reward(mdp, pi)[mdp.live])
    return v


def action_value(mdp: FiniteMDP, v: Array) -> Array:
    """q = r + γ p v, of shape (S, A); with v = v^π this is q^π."""
    return mdp.r + mdp.gamma * (mdp.p @ v)


def occupancy(mdp: FiniteMDP, pi: Policy) -> Array:
    """ρ^π = ρ₀ Σ_t (γ p^π)ᵗ, of shape (S,): expected discounted visits, *not* normalised.

    It sums to 1/(1−γ), absorbing states counted for ever. With γ = 1 that count is infinite: they are then given 0,
    so that ρ^π counts the visits before the end.
    """
    live = np.linalg.solve(_system(mdp, pi).T, mdp.rho_0[mdp.live])
    return _with_absorbing(mdp, pi, live)


def objective(mdp: FiniteMDP, pi: Policy) -> float:
    """J(π) = ρ₀ v^π, the expected return from the starting distribution."""
    return float(mdp.rho_0 @ evaluate(mdp, pi))


class Exact(NamedTuple):
    """v^π (S,), q^π (S, A), ρ^π (S,) and J(π)."""

    v_pi: Array
    q_pi: Array
    rho_pi: Array
    J: float


def exact(mdp: FiniteMDP, pi: Policy) -> Exact:
    """v^π, q^π, ρ^π and J at once. v^π solves the system and ρ^π its transpose: one LU factorisation serves both."""
    lu, pivots, info = dgetrf(_system(mdp, pi).T, overwrite_a=True)  # transposed, as LAPACK's column order has it
    if info:
        raise ValueError(f"I − γ p^π is singular to working precision (γ = {mdp.gamma}): v^π does not exist")
    v_pi = np.zeros(mdp.S)
    v_pi[mdp.live] = dgetrs(lu, pivots, reward(mdp, pi)[mdp.live], trans=True)[0]
    rho_live = dgetrs(lu, pivots, mdp.rho_0[mdp.live])[0]
    return Exact(v_pi, action_value(mdp, v_pi), _with_absorbing(mdp, pi, rho_live), float(mdp.rho_0 @ v_pi))


def greedy(q: Array) -> Policy:
    """A policy of 𝔾q: in each state the first action that maximises q (S, A)."""
    return Policy.deterministic(q.argmax(axis=1), q.shape[1])


def optimal_values(mdp: FiniteMDP, tolerance: float = 1e-10, most: int = 10_000) -> Array:
    """v*, by policy iteration from the uniform policy: greedy steps until no action is better by `tolerance`."""
    pi, probs = Policy.uniform(mdp.S, mdp.A), None
    for _ in range(most):
        v = evaluate(mdp, pi)
        q = action_value(mdp, v)
        better = q.max(axis=1) > (pi @ q) + tolerance
        if not better.any():
            return v
        probs = pi.probs.copy()
        probs[better] = greedy(q).probs[better]
        pi = Policy(probs)
    raise RuntimeError(f"policy iteration took more than {most} steps")


def _system(mdp: FiniteMDP, pi: Policy) -> Array:
    """I − γ p^π among the live states, checked to be solvable when γ = 1."""
    if pi.probs.shape != (mdp.S, mdp.A):
        raise ValueError(f"pi has shape {pi.probs.shape}, expected (S, A) = {(mdp.S, mdp.A)}")
    p_pi = Policy._trusted(pi.probs[mdp.live]) @ mdp.p_live
    if mdp.gamma == 1:
        _check_proper(mdp, p_pi)
    system = -mdp.gamma * p_pi
    system.flat[:: len(system) + 1] += 1
    return system


def _check_proper(mdp: FiniteMDP, p_pi: Array) -> None:
    """Each live state must have a way to an absorbing one, or the sum of rewards with γ = 1 need not exist."""
    ends: NDArray[np.bool_] = p_pi.sum(axis=1) < 1 - 1e-12
    for _ in range(len(ends)):
        ends = ends | ((p_pi > 0) & ends).any(axis=1)
    if not ends.all():
        s = mdp.live[int(np.argmin(ends))]
        raise ValueError(f"gamma is 1 and the policy never ends from state {s}; expected γ < 1 or a policy that ends")


def _with_absorbing(mdp: FiniteMDP, pi: Policy, rho_live: Array) -> Array:
    """ρ over all states from ρ over the live ones: what flows into an absorbing state stays there for ever."""
    rho = np.zeros(mdp.S)
    rho[mdp.live] = rho_live
    if mdp.gamma < 1 and len(rho_live) < mdp.S:
        flow = (rho[:, None] * pi.probs).ravel() @ mdp.p.reshape(-1, mdp.S)
        rho += np.where(mdp.absorbing, (mdp.rho_0 + mdp.gamma * flow) / (1 - mdp.gamma), 0)
    return rho
