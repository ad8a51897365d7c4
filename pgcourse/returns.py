"""Returns and advantages along trajectories: one number for each step, for all trajectories at once.

    G_t   = r_t + γ G_{t+1}                                returns_to_go
    δ_t   = r_t + γ v(s_{t+1}) − v(s_t)                    td_errors (no v after the process is over)
    A_t   = Σ_k (γλ)ᵏ δ_{t+k}                              gae
    G_t^λ = v(s_t) + A_t                                   lambda_returns

`steps` are those of `trajectories`, packed or a stream; what goes in and comes out has their shape, (M,) or (N, T), so
that a table v (S,) goes in as v[steps.s] and v[steps.s_next], and a network as what it says of them.

At a termination nothing follows: v(s_{t+1}) is left out. At a truncation life would have gone on: v(s_{t+1}) stands in
for what was not seen. To treat the second as the first (`done` for `terminated`) is a silent bug.
"""

from __future__ import annotations

import numpy as np

from pgcourse.arrays import LARGEST, Array, number, real_array, shaped
from pgcourse.trajectories import Packed, Stream

TABLE = "; of a table v (S,) it is v[steps.s] or v[steps.s_next]"


def returns_to_go(steps: Packed | Stream, gamma: float) -> Array:
    """G_t = r_t + γ G_{t+1}: what was earned from t on. What a time limit hid is missing: see `lambda_returns`."""
    return steps.backward(steps.r, number("gamma", gamma, 0, 1))


def td_errors(steps: Packed | Stream, v: Array, v_next: Array, gamma: float) -> Array:
    """δ_t = r_t + γ v(s_{t+1}) − v(s_t), with v (s_t) and v_next (s_{t+1}); v_next counts 0 where terminated.

    Where a stream has no step δ is 0. With v = v^π its mean given (s, a) is q^π(s, a) − v^π(s).
    """
    gamma, v = number("gamma", gamma, 0, 1), _each("v", v, steps)
    v_next = shaped("v_next", v_next, _axes(steps), steps.r.shape, TABLE)
    delta = steps.r + gamma * _each("v_next", np.where(steps.terminated, 0, v_next), steps) - v
    return np.where(steps.valid, delta, 0) if isinstance(steps, Stream) else delta


def gae(steps: Packed | Stream, delta: Array, gamma: float, lam: float) -> Array:
    """A_t = Σ_k (γλ)ᵏ δ_{t+k} = δ_t + γλ A_{t+1} (Schulman et al. 2016, arXiv 1506.02438).

    λ = 0 is δ_t itself, all of v's error and little noise; λ = 1 is G_t − v(s_t), none of it and all the noise.
    """
    return steps.backward(_each("delta", delta, steps), number("gamma", gamma, 0, 1) * number("lam", lam, 0, 1))


def lambda_returns(steps: Packed | Stream, delta: Array, v: Array, gamma: float, lam: float) -> Array:
    """G_t^λ = v(s_t) + A_t: the critic's target. λ = 1 is G_t, with v in the place of what a time limit hid.

    Sutton & Barto, eq. 12.2 and 12.18.
    """
    return _each("v", v, steps) + gae(steps, delta, gamma, lam)


def _each(field: str, value: Array, steps: Packed | Stream) -> Array:
    """`value` with one number for each step; a table (S,) is not that, nor what NumPy would make of other shapes."""
    return real_array(field, value, _axes(steps), LARGEST, steps.r.shape, TABLE)


def _axes(steps: Packed | Stream) -> str:
    return "M" if isinstance(steps, Packed) else "N T"
