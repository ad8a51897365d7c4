"""Estimates of ∇J from samples: one row an estimate, (N, d). Their mean over many rows is what theory promises.

Σρ (q(s,a) − b(s)) ∇log π(a|s),  s ~ ρ/Σρ, a ~ π(s)      from_pairs
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.mdp import Array
from pgcourse.sampling import Indices


def from_pairs(rho: Array, q: Array, grad_log_pi: Array, s: Indices, a: Indices, b: ArrayLike = 0.0) -> Array:
    """One estimate of ρ π (q ∇log π) for each pair of `sample_pairs(rho, pi, …)`, of shape (N, d).

    Σρ (q(s,a) − b(s)) ∇log π(a|s): the factor Σρ, which is 1/(1−γ) for ρ = ρ^π, is what the theorem's ∝ leaves out.
    q (S, A), grad_log_pi (S, A, d), the baseline b a number or (S,). With q = q^π and ρ = ρ^π it is unbiased for ∇J,
    whatever b is, since Σ_a π ∇log π = 0 (Sutton et al. 2000; Williams 1992).
    """
    b = np.broadcast_to(b, len(rho))
    return rho.sum() * (q[s, a] - b[s])[:, None] * grad_log_pi[s, a]
