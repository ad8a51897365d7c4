"""Gymnasium's Pendulum-v1 for many states at once, and its exact values: it is deterministic, so a roll-out is enough.

    ω' = clip(ω + dt (3g/(2l) sin ϑ + 3/(m l²) a), ±8),   ϑ' = ϑ + dt ω'         moved
    r  = −(ϑ² + 0.1 ω² + 0.001 a²),   ϑ taken in [−π, π),   a clipped to ±2
    s  = (cos ϑ, sin ϑ, ω)                                                       observed
    q^μ(s, a) = r(s, a) + γ r(s', μ(s')) + γ² r(s'', μ(s'')) + …                 action_value

The equations are those of Gymnasium's `PendulumEnv`, with its constants, to the last digit. ϑ is the angle from
upright in rad, ω its speed in rad/s, a the torque in N m; all of one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pgcourse.arrays import LARGEST, Array, discount, finite, real_array, whole

GRAVITY, MASS, LENGTH, TIME = 10.0, 1.0, 1.0, 0.05  # SI units: m/s², kg, m, s
FASTEST, STRONGEST = 8.0, 2.0  # rad/s, N m: Gymnasium clips to them
WORST = np.pi**2 + 0.1 * FASTEST**2 + 0.001 * STRONGEST**2  # no step costs more: 16.27


def moved(angle: Array, speed: Array, a: Array) -> tuple[Array, Array, Array]:
    """ϑ', ω' and r after the torque a, each of the arguments' shape. As in Gymnasium, ϑ' is not brought to ±π."""
    a = np.clip(a, -STRONGEST, STRONGEST)
    costs = ((angle + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.1 * speed**2 + 0.001 * (a**2)
    pull, push = 3 * GRAVITY / (2 * LENGTH) * np.sin(angle), 3.0 / (MASS * LENGTH**2) * a
    speed = np.clip(speed + (pull + push) * TIME, -FASTEST, FASTEST)
    return angle + speed * TIME, speed, -costs


def observed(angle: Array, speed: Array) -> NDArray[np.float32]:
    """(cos ϑ, sin ϑ, ω), (N, 3), for N states: what Gymnasium shows of them, in float32 as there."""
    return np.stack([np.cos(angle), np.sin(angle), speed], axis=-1, dtype=np.float32)


def action_value(
    act: Callable[[NDArray[np.float32]], NDArray[Any]],
    angle: ArrayLike,
    speed: ArrayLike,
    a: ArrayLike | None = None,
    gamma: float = 0.98,
    steps: int = 400,
) -> Array:
    """q^μ(s, a) = r(s, a) + Σ_t γᵗ r(s_t, μ(s_t)), t = 1 … steps − 1, for N pairs: (N,), at a = μ(s) without a.

    act     μ: observations (N, 3) → torques (N, 1)
    Nothing ends here: there is no time limit. What is left out is negative and at most γ^steps · 16.27/(1 − γ), 0.25
    for the numbers given. With γ = 1 and 200 steps it is the return of Gymnasium's episode from there. ValueError
    naming an argument of another shape, or a torque that is not finite.
    """
    angle, speed = real_array("angle", angle, "N", LARGEST), real_array("speed", speed, "N", LARGEST)
    N, gamma, steps = len(angle), discount(gamma, "since steps are limited"), whole("steps", steps)
    real_array("speed", speed, "N", LARGEST, (N,), ", as angle has")
    first = None if a is None else real_array("a", a, "N", LARGEST, (N,), ", one torque a state")
    q = np.zeros(N)
    for t in range(steps):
        torque = _torque(act(observed(angle, speed)), N) if t or first is None else first
        angle, speed, r = moved(angle, speed, torque)
        q += gamma**t * r
    return q


def _torque(a: NDArray[Any], N: int) -> Array:
    """What a policy gave, (N, 1), as (N,)."""
    if np.shape(a) != (N, 1):
        raise ValueError(f"act returned shape {np.shape(a)}, expected ({N}, 1): one torque for each observation")
    return finite(np.asarray(a, dtype=float)[:, 0], "the torque", act=a)
