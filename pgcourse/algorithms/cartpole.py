"""Gymnasium's CartPole-v1 for many linear rules at once: what each earns, as a function of a batch of weights.

    push right if  w·s ≥ 0,   s = (position, speed, angle, turning)

The equations of motion are those of Gymnasium's `CartPoleEnv`, one Euler step of 1/50 s each, after Barto, Sutton &
Anderson (1983). All episodes take a step together, each in a lane of its own, so that a hundred poles cost little more
than one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import LARGEST, Array, generator, real_array, whole

GRAVITY, POLE, CART, HALF_LENGTH, FORCE, TAU = 9.8, 0.1, 1.0, 0.5, 10.0, 0.02  # SI units: m/s², kg, kg, m, N, s
TOTAL = POLE + CART
WIDEST, STEEPEST = 2.4, 12 * 2 * np.pi / 360  # m, rad: beyond, the pole is lost
START, LIMIT = 0.05, 500  # each number begins in ± 0.05; Gymnasium's time limit
NOISE = 0.1  # the size of an input that says nothing: some 6°, as the angle itself
BLOCK = 25  # steps between two looks at which episodes have ended: a look costs as much as a few steps


def balanced(w: Array, rng: np.random.Generator, episodes: int = 1, limit: int = LIMIT) -> Array:
    """The mean return of `episodes` episodes for each rule: w (N, 4) → (N,). One is paid for each step.

    Each episode has its own start from `rng`, and ends when the pole is lost or after `limit` steps. Where w has more
    than four weights, (N, 4 + k), the k further inputs are noise, N(0, NOISE²), new at each step: they say nothing
    about the pole. Their weighted sum is N(0, NOISE² |w_k|²), and is drawn as this one number.

    ValueError naming w if its shape is another or a weight is no finite number.
    """
    w = real_array("w", w, "N d", LARGEST)
    if w.shape[1] < 4:
        raise ValueError(f"w has shape {w.shape}, expected at least 4 weights a rule: position, speed, angle, turning")
    episodes, limit, rng = whole("episodes", episodes), whole("limit", limit), generator(rng)
    w = np.repeat(w, episodes, axis=0)  # one a lane
    weights, noise = w[:, :4].T, NOISE * np.linalg.norm(w[:, 4:], axis=1)
    state = rng.uniform(-START, START, weights.shape)
    lasted, lane = np.full(len(w), limit), np.arange(len(w))
    for t in range(0, limit, BLOCK):
        history = roll(state, weights, min(BLOCK, limit - t), noise, rng)
        fine = (np.abs(history[1:, 0]) <= WIDEST) & (np.abs(history[1:, 2]) <= STEEPEST)
        on = fine.all(axis=0)
        lasted[lane[~on]] = t + 1 + fine[:, ~on].argmin(axis=0)  # the step that lost the pole counts, too
        state, weights, noise, lane = history[-1][:, on], weights[:, on], noise[on], lane[on]
        if not len(lane):
            break
    return lasted.reshape(-1, episodes).mean(axis=1)


def roll(state: Array, weights: Array, steps: int, noise: Array, rng: np.random.Generator) -> Array:
    """The states (steps + 1, 4, N) from `state` (4, N) on, whatever becomes of the poles; weights (4, N), noise (N,).

    With φ the angle, m and M the masses of pole and all, l half the pole's length, and u = (±F + m l φ'² sin φ)/M:

        φ'' = (g sin φ − u cos φ) / (l (4/3 − m cos² φ/M)),   x'' = u − m l φ'' cos φ/M

    Inside, x and u are in units of m l/M, and time in steps: so these constants, and τ, are multiplied with once.
    """
    N, arm = state.shape[1], POLE * HALF_LENGTH / TOTAL
    constants = TAU**2 * FORCE / TOTAL, TAU**2 * GRAVITY, HALF_LENGTH * POLE / TOTAL, HALF_LENGTH * 4 / 3
    force, gravity, least, most = (np.full(N, constant / arm) for constant in constants)
    units = np.array([[arm], [arm / TAU], [1], [1 / TAU]])
    history = np.empty((steps + 1, 4, N))
    history[0], weights = state / units, weights * units
    luck = noise * rng.standard_normal((steps, N)) if noise.any() else None
    now = history[0].copy()
    _, speed, angle, turning = now
    places, speeds = now[::2], now[1::2]
    sin, cos, u, heavy, falling, part = np.empty((6, N))
    vecdot: Any = np.vecdot
    for t, then in enumerate(history[1:]):  # one operation a line, none of which makes an array
        vecdot(weights, now, axis=0, out=part)
        if luck is not None:
            part += luck[t]
        np.copysign(force, part, out=part)
        np.sin(angle, out=sin)
        np.cos(angle, out=cos)
        np.multiply(turning, turning, out=u)
        u *= sin
        u += part
        np.multiply(cos, cos, out=heavy)
        heavy *= least
        np.subtract(most, heavy, out=heavy)
        np.multiply(u, cos, out=part)
        sin *= gravity
        sin -= part
        np.divide(sin, heavy, out=falling)
        np.multiply(falling, cos, out=part)
        u -= part
        places += speeds
        speed += u
        turning += falling
        then[...] = now
    history *= units
    return history
