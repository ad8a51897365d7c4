"""The soft Bellman equation, solved exactly: rewards, and τ times the entropy of the policy at each step.

    H(π) = −Σ_a π log π                  entropy
    v = τ log Σ_a exp(q/τ)               soft_maximum: the most that π q + τ H(π) can be
    π = exp(q/τ) / Σ_b exp(q/τ)          soft_greedy: the policy that has it
    v = π (r + γ p v) + τ H(π)           soft_evaluate: the soft value of any π
    q = r + γ p v,  v = τ log Σ exp(q/τ) soft_optimum: both at once, with the π of the best soft value

Where the process is over there is nothing to decide: no entropy, and v = 0. As τ → 0 `soft_maximum` becomes the
largest q, and the v of `soft_optimum` v*. Ziebart 2010; Haarnoja et al. 2017 (arXiv 1702.08165).

γ = 1 is refused: a process that is paid for staying alive may have no finite value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pgcourse.arrays import LARGEST, ROUNDINGS, Array, discount, finite, number, real_array, whole
from pgcourse.bellman import action_value, reward, system
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax

EXACT = 1e-13  # of the largest |q|: when two steps agree so well, the next would change the last digits only


def temperature(tau: float) -> float:
    """τ as a number > 0, or ValueError: 0 would be a maximum, which is `bellman.greedy`."""
    return number("tau", tau, above=0, most=LARGEST)


def entropy(pi: Policy) -> Array:
    """H(π) = −Σ_a π(a|s) log π(a|s), of shape (S,): from 0 to log |A|. What is never done adds nothing."""
    log_pi = np.log(pi.probs, out=np.zeros_like(pi.probs), where=pi.probs > 0)
    return -(pi.probs * log_pi).sum(axis=1) + 0.0  # + 0: no −0


def soft_maximum(q: Array, tau: float) -> Array:
    """v = τ log Σ_a exp(q/τ), of shape (S,), for q (S, A): between max_a q and max_a q + τ log |A|.

    The largest q is taken off first, so that no exp overflows.
    """
    q, tau = real_array("q", q, "S A", LARGEST), temperature(tau)
    most = q.max(axis=1)
    with np.errstate(over="ignore"):  # a gap of more than the largest float: exp(−∞) is 0
        return most + tau * np.log(np.exp((q - most[:, None]) / tau).sum(axis=1))


def soft_greedy(q: Array, tau: float) -> Policy:
    """π(a|s) = exp(q/τ) / Σ_b exp(q/τ), for q (S, A): it has the largest π q + τ H(π) of all."""
    q, tau = real_array("q", q, "S A", LARGEST), temperature(tau)
    with np.errstate(over="ignore"):  # as above; −1e300 has the same exp as −∞
        return tabular_softmax(np.maximum((q - q.max(axis=1, keepdims=True)) / tau, -1e300))


def soft_evaluate(mdp: FiniteMDP, pi: Policy, tau: float) -> Array:
    """v, of shape (S,): the solution of v = π (r + γ p v) + τ H(π), with H = 0 where the process is over."""
    discount(mdp.gamma)
    tau, matrix = temperature(tau), system(mdp, pi)
    paid = reward(mdp, pi) + tau * np.where(mdp.absorbing, 0, entropy(pi))
    return finite(np.linalg.solve(matrix, paid), "v", r=mdp.r, tau=tau)


class SoftOptimum(NamedTuple):
    """v (S,) and q (S, A) of the soft Bellman equation, and its π ∝ exp(q/τ)."""

    v: Array
    q: Array
    pi: Policy


def soft_optimum(mdp: FiniteMDP, tau: float, most: int = 1000) -> SoftOptimum:
    """q = r + γ p v and v = τ log Σ_a exp(q/τ), solved by soft policy iteration: evaluate π, make it soft-greedy on q.

    That is Newton's method for this equation: v never falls, and the error is squared in each step near the end.
    It stops when v stands still but for its last digits. Near γ = 1 rounding moves v by some ε/(1 − γ) of its size, and
    it stops when no step is shorter than the one before. ValueError unless γ < 1 and τ > 0. RuntimeError if `most`
    steps are not enough.
    """
    v, step = np.full(mdp.S, -np.inf), np.inf
    rounding = ROUNDINGS * np.finfo(float).eps / (1 - discount(mdp.gamma))
    pi = Policy.uniform(mdp.S, mdp.A)
    for _ in range(whole("most", most)):
        before, v = v, soft_evaluate(mdp, pi, tau)
        q = action_value(mdp, v)
        pi = soft_greedy(q, tau)
        size = max(float(np.abs(q).max()), float(np.abs(v).max()))
        last, step = step, float(np.abs(v - before).max())
        if step <= EXACT * size or last <= step <= rounding * size:
            return SoftOptimum(v, q, pi)
    raise RuntimeError(f"soft policy iteration took more than {most} steps")
