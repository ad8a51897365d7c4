"""From a gradient to a step: pure functions (gradient, memory) → (step, memory), and θ ← θ + α · step climbs.

    step = g                                                                       sgd
    step = g / (√s + ε),            s ← ρ s + (1−ρ) g²                             rmsprop
    step = m̂ / (√ŝ + ε),            m, s ← running means of g and of g²            adam

rmsprop and adam keep a usual size for each parameter's gradient, and take steps of about α whatever its unit is: with a
hundred times the reward they are the same. The first steps of rmsprop are longer, the very first some 10 α: its mean of
g² begins at 0, and nothing makes up for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pgcourse.arrays import Array


class Memory(NamedTuple):
    """What is kept from step to step: how many there were, and running means of g and g², each (d,) or a 0 at first."""

    t: int = 0
    m: Array | float = 0.0
    s: Array | float = 0.0


FRESH = Memory()
Optimiser = Callable[[Array, Memory], tuple[Array, Memory]]


def sgd(g: Array, memory: Memory) -> tuple[Array, Memory]:
    """step = g: stochastic gradient ascent as the chapter writes it."""
    return g, memory._replace(t=memory.t + 1)


def rmsprop(g: Array, memory: Memory, rho: float = 0.99, epsilon: float = 1e-5) -> tuple[Array, Memory]:
    """s ← ρ s + (1−ρ) g², step = g / (√s + ε) (Tieleman & Hinton 2012)."""
    s = rho * memory.s + (1 - rho) * g**2
    return g / (np.sqrt(s) + epsilon), Memory(memory.t + 1, memory.m, s)


def adam(
    g: Array, memory: Memory, rho_m: float = 0.9, rho_s: float = 0.999, epsilon: float = 1e-8
) -> tuple[Array, Memory]:
    """m ← ρₘ m + (1−ρₘ) g, s ← ρₛ s + (1−ρₛ) g², step = m̂ / (√ŝ + ε) (Kingma & Ba 2015).

    m̂ = m / (1 − ρₘᵗ) and ŝ = s / (1 − ρₛᵗ) make up for both having begun at 0.
    """
    t = memory.t + 1
    m, s, part = rho_m * memory.m, rho_s * memory.s, (1 - rho_m) * g  # one operation a line, in place: no more arrays
    m += part
    np.multiply(g, g, out=part)
    part *= 1 - rho_s
    s += part
    step = np.sqrt(s, out=part)  # m̂ / (√ŝ + ε) = m / ((√ŝ + ε)(1 − ρₘᵗ)): all that makes up is in two numbers
    step *= (1 - rho_m**t) / (1 - rho_s**t) ** 0.5
    step += (1 - rho_m**t) * epsilon
    return np.divide(m, step, out=step), Memory(t, m, s)


def shortened(g: Array, most: float) -> Array:
    """g, or, if it is longer than `most`, a vector of that length in its direction."""
    length = np.sqrt(g @ g)
    return g if length <= most else g * (most / length)
