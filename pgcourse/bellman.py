"""The Bellman evaluation equation and the state occupancy measure, solved exactly (chapter, Reminders 2 and 3).

    p^π = π p,  r^π = π r          transition, reward
    T^π v = π (r + γ p v)          bellman_operator
    v^π = r^π + γ p^π v^π          evaluate
    q^π = r + γ p v^π              action_value
    ρ^π = ρ₀ Σ_t (γ p^π)ᵗ          occupancy (unnormalised: sums to 1/(1−γ))
    J   = ρ₀ v^π                   objective

Everything is one linear system and its transpose. With γ = 1 it has a solution only if the policy ends from wherever
it stands; otherwise ValueError names a state from which it never does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from pgcourse._missing import missing
from pgcourse.arrays import LARGEST, Array, finite, number, real_array, shaped, whole
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy

NEVER = 1e-12  # with γ = 1, what is less probable than this does not count as a way to the end
LONGEST = 1e12  # nor does a way of more steps than this: a 1/(1−γ) that large is refused, too
FEW = 8  # states: up to so many, two solves cost 10 µs more than one factorisation
SINGULAR = "I − γ p^π is singular to working precision (γ = {}): v^π does not exist"


def check_policy(mdp: FiniteMDP, pi: Policy) -> None:
    """TypeError if π is no Policy, ValueError if it is one of another MDP."""
    if not isinstance(pi, Policy):  # an array of the same shape could be multiplied, too
        raise TypeError(f"pi is of type {type(pi).__name__}, expected a Policy, as Policy(probs) is")
    if pi.probs.shape != (mdp.S, mdp.A):
        raise ValueError(f"pi has shape {pi.probs.shape}, expected (S, A) = {mdp.S, mdp.A}, as {mdp.name} has")


def transition(mdp: FiniteMDP, pi: Policy) -> Array:
    """p^π = π p, of shape (S, S'): p^π(s'|s) = Σ_a π(a|s) p(s'|s, a)."""
    check_policy(mdp, pi)
    return pi @ mdp.p


def reward(mdp: FiniteMDP, pi: Policy) -> Array:
    """r^π = π r, of shape (S,)."""
    check_policy(mdp, pi)
    return pi @ mdp.r


def system(mdp: FiniteMDP, pi: Policy) -> Array:
    """I − γ p^π, of shape (S, S), with the rows of p^π at absorbing states set to 0: there the process is over."""
    check_policy(mdp, pi)
    matrix = pi @ mdp.p_live
    matrix *= -mdp.gamma  # in place: every live view comes through here, and two more S × S arrays are felt
    matrix.flat[:: mdp.S + 1] += 1
    if mdp.gamma == 1:
        _check_that_it_ends(mdp, pi, matrix)
    return matrix


def evaluate(mdp: FiniteMDP, pi: Policy) -> Array:
    """v^π, of shape (S,): the solution of v = r^π + γ p^π v."""
    return np.linalg.solve(system(mdp, pi), reward(mdp, pi))


def action_value(mdp: FiniteMDP, v: Array) -> Array:
    """q = r + γ p v, of shape (S, A), for v (S,); with v = v^π this is q^π."""
    v = shaped("v", v, "S", (mdp.S,), f", as {mdp.name} has S = {mdp.S}")
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        return finite(mdp.r + mdp.gamma * (mdp.p @ v), "q", v=v)


def bellman_operator(mdp: FiniteMDP, pi: Policy, v: Array) -> Array:
    """T^π v = r^π + γ p^π v = π (r + γ p v), of shape (S,): brings two v nearer to each other by γ (Reminder 2)."""
    check_policy(mdp, pi)
    return pi @ action_value(mdp, v)


def occupancy(mdp: FiniteMDP, pi: Policy) -> Array:
    """ρ^π = ρ₀ Σ_t (γ p^π)ᵗ, of shape (S,): expected discounted visits, *not* normalised.

    It sums to 1/(1−γ), absorbing states counted for ever. With γ = 1 that count is infinite: they are then given 0,
    so that ρ^π counts the visits before the end.
    """
    return _stay_for_ever(mdp, np.linalg.solve(system(mdp, pi).T, mdp.rho_0))


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
    v_pi, arrivals = (_two_solves if mdp.S <= FEW else _one_factorisation)(mdp, pi)
    rho_pi = _stay_for_ever(mdp, arrivals)
    # `action_value`, without its checks and as one product: every live view comes through here
    q_pi = mdp.r + mdp.gamma * (mdp.p.reshape(-1, mdp.S) @ v_pi).reshape(mdp.r.shape)
    return Exact(v_pi, q_pi, rho_pi, float(mdp.rho_0 @ v_pi))


def greedy(q: Array) -> Policy:
    """A policy of 𝔾q: in each state the first action that maximises q (S, A)."""
    q = real_array("q", q, "S A")
    return Policy.deterministic(q.argmax(axis=1), q.shape[1])


def value_iteration_policies(mdp: FiniteMDP, n: int, m: int = 1) -> tuple[Array, Array]:
    """v_k and the policies π_k greedy on them, for k = 0 … n−1, of shapes (n, S) and (n, S).

    v₀ = 0, v_{k+1} = (T^{π_k})ᵐ v_k: m = 1 is value iteration, since T^{π_k} v_k = max_a q_k; m > 1 is modified policy
    iteration, and m → ∞ policy iteration. Where actions tie, the first one. Unless m is infinite nothing says that
    these policies get better and better (chapter, Reminder 1; Puterman & Shin 1978).
    """
    n, m = whole("n", n), whole("m", m)
    v, actions = np.zeros((n, mdp.S)), np.zeros((n, mdp.S), dtype=int)
    for k in range(n):
        q = action_value(mdp, v[k])
        actions[k] = q.argmax(axis=1)
        if k + 1 < n:
            v[k + 1] = q.max(axis=1)
            for _ in range(m - 1):
                v[k + 1] = bellman_operator(mdp, greedy(q), v[k + 1])
    return v, actions


def optimal_values(mdp: FiniteMDP, tolerance: float = 1e-12, most: int = 10_000) -> Array:
    """v*, by policy iteration from the uniform policy: greedy steps until no action is better by `tolerance`.

    The tolerance is relative to the largest |r| + γ p |v| of the state, so that rounding is not taken for progress.
    """
    pi, tolerance = Policy.uniform(mdp.S, mdp.A), number("tolerance", tolerance, 0, LARGEST)
    for _ in range(whole("most", most)):
        v = evaluate(mdp, pi)
        q = action_value(mdp, v)
        size = (np.abs(mdp.r) + mdp.gamma * (mdp.p @ np.abs(v))).max(axis=1)
        better = q.max(axis=1) > pi @ q + tolerance * size
        if not better.any():
            return v
        pi = Policy(np.where(better[:, None], greedy(q).probs, pi.probs))
    raise RuntimeError(f"policy iteration took more than {most} steps")


def _one_factorisation(mdp: FiniteMDP, pi: Policy) -> tuple[Array, Array]:
    """v^π, and ρ^π with an absorbing state counted on arrival only."""
    dgetrf, dgetrs = _lapack()
    lu, pivots, singular = dgetrf(system(mdp, pi).T, overwrite_a=True)  # transposed, as LAPACK's column order has it
    if singular:
        raise ValueError(SINGULAR.format(mdp.gamma))
    return dgetrs(lu, pivots, reward(mdp, pi), trans=True)[0], dgetrs(lu, pivots, mdp.rho_0)[0]


def _two_solves(mdp: FiniteMDP, pi: Policy) -> tuple[Array, Array]:
    """The same without SciPy, on whose import the course's first picture would wait as long as on NumPy's."""
    matrix = system(mdp, pi)
    try:
        return np.linalg.solve(matrix, reward(mdp, pi)), np.linalg.solve(matrix.T, mdp.rho_0)
    except np.linalg.LinAlgError as error:
        raise ValueError(SINGULAR.format(mdp.gamma)) from error


@cache
def _lapack() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """LU and its solve; imported when first used, because SciPy takes as long to import as NumPy does."""
    try:
        from scipy.linalg.lapack import dgetrf, dgetrs
    except ModuleNotFoundError as error:
        raise missing("scipy", "pgcourse.bellman", "most notebooks from 01 on") from error
    return dgetrf, dgetrs


def _stay_for_ever(mdp: FiniteMDP, arrivals: Array) -> Array:
    """ρ^π from the solution of the transposed system, which counts an absorbing state on arrival only.

    Once there the process stays: 1 + γ + γ² + … = 1/(1−γ) visits for each arrival; 0, by convention, with γ = 1.
    """
    visits = 1 / (1 - mdp.gamma) if mdp.gamma < 1 else 0.0
    return np.where(mdp.absorbing, visits * arrivals, arrivals)


def _check_that_it_ends(mdp: FiniteMDP, pi: Policy, matrix: Array) -> None:
    """Each state must have a way to an absorbing one, or the sum of rewards with γ = 1 need not exist.

    And the way must not be so long that I − p^π is singular among floats: its mean length n solves (I − p^π) n = 1.
    """
    ways, ends = transition(mdp, pi) > NEVER, mdp.absorbing
    while ((more := ends | ways @ ends) != ends).any():
        ends = more
    if not ends.all():
        s = int(ends.argmin())
        raise ValueError(
            f"gamma is 1 and the policy never ends from state {s} (ways less probable than {NEVER} do not count); "
            "expected γ < 1 or a policy that ends from every state"
        )
    try:
        steps = np.linalg.solve(matrix, np.ones(mdp.S))
    except np.linalg.LinAlgError:
        steps = np.full(mdp.S, np.inf)
    if (endless := ~((steps > 0) & (steps < LONGEST))).any():
        s = int(endless.argmax())
        raise ValueError(
            f"gamma is 1 and the policy needs more than {LONGEST:g} steps in the mean to end from state {s}; "
            "expected γ < 1 or a policy that ends sooner"
        )
