"""Drawing states and actions; the randomness is an argument, always.

    s ~ ρ/Σρ, a ~ π(s)             sample_pairs

With ρ = ρ^π and γ < 1 the sum Σρ is 1/(1−γ), and s ~ (1−γ)ρ^π.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pgcourse.mdp import Array
from pgcourse.policy import Policy

Indices = NDArray[np.intp]


def sample_pairs(rho: Array, pi: Policy, n: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """n independent pairs (s, a) with s ~ ρ/Σρ and a ~ π(s): two arrays of shape (n,).

    ρ (S,) are weights ≥ 0 with a positive sum, such as ρ^π itself, which is (1−γ)ρ^π once divided by its sum.
    """
    s = draw(rho / rho.sum(), n, rng)
    return s, draw_rows(pi.probs, s, rng)


def draw(probs: Array, n: int, rng: np.random.Generator) -> Indices:
    """n independent draws from the distribution probs (S,), by its inverse cumulative."""
    return _below(probs.cumsum()).searchsorted(rng.random(n), side="right")


def draw_rows(probs: Array, rows: Indices, rng: np.random.Generator) -> Indices:
    """A draw from probs[row] for each of the rows (n,), with probs (S, A): of shape (n,)."""
    cumulative = _below(probs.cumsum(axis=1))[rows]
    return (cumulative <= rng.random((len(rows), 1))).sum(axis=1)


def _below(cumulative: Array) -> Array:
    """Sums that rounding left below 1 are 1 from the last possible outcome on: nothing impossible is drawn."""
    return np.where(cumulative >= cumulative[..., -1:], 1.0, cumulative)
