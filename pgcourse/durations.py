"""How long trajectories last, exactly, and how long those seem to last that finish first.

    P(T = t) = ρ₀ (p^π, live states alone)^(t−1) p^π 1_end                length_distribution
    the sum of n independent lengths                                     sum_distribution
    the mean length of the first m that finish on n lanes                first_to_finish

Lanes play beside each other, one step at a time, and each begins its next trajectory when one ends. Those that finish
first are the short ones. So their mean length is too small, and with it every return that depends on the length.
"""

from __future__ import annotations

import numpy as np

from pgcourse.arrays import Array, distributions, whole
from pgcourse.bellman import transition
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy


def length_distribution(mdp: FiniteMDP, pi: Policy, horizon: int) -> Array:
    """P(T = t) for t = 0 … horizon, (horizon + 1,): T steps from ρ₀ to an absorbing state.

    The last entry has T ≥ horizon, too. That is the length that `sampling.rollouts` gives with this horizon.
    """
    p_pi, horizon = transition(mdp, pi), whole("horizon", horizon)
    probs, alive = np.zeros(horizon + 1), mdp.rho_0 * ~mdp.absorbing
    probs[0] = mdp.rho_0[mdp.absorbing].sum()
    for t in range(1, horizon + 1):
        after = alive @ p_pi
        alive = after * ~mdp.absorbing
        probs[t] = (after - alive).sum()
    probs[horizon] += alive.sum()
    return probs


def sum_distribution(probs: Array, n: int) -> Array:
    """The distribution of T₁ + … + T_n, n times as long: a power of the generating function Σ_t P(T = t) zᵗ."""
    probs, n = distributions("probs", probs, "T"), whole("n", n)
    most = n * (len(probs) - 1) + 1
    return np.fft.irfft(np.fft.rfft(probs, 2 * most) ** n, 2 * most)[:most].clip(min=0)


def first_to_finish(probs: Array, lanes: int, m: int) -> float:
    """The mean length of the first m trajectories that finish on so many lanes; at the same step, lanes in their order.

    A trajectory of lane i that ends at time u, after j others of its lane, is among them if all other lanes have
    finished at most m − 1 − j by then: up to u the lanes before i, up to u − 1 those after it. The number that a lane
    has finished by time u is at least j if j lengths add up to at most u.

    probs (T,), with P(T = 0) = 0.
    """
    probs, lanes, m = distributions("probs", probs, "T"), whole("lanes", lanes), whole("m", m)
    if probs[0]:
        raise ValueError(f"probs[0] is {probs[0]}, expected 0: a lane would begin without end at one step")
    most = len(probs) * -(-m // lanes)  # the first lane has by then finished its share, or the others more
    ends = np.zeros((m + 1, most))  # P(the sum of j lengths is u)
    ends[0, 0] = 1
    for j in range(m):
        ends[j + 1] = np.convolve(ends[j], probs)[:most]
    reached = ends.cumsum(axis=1)
    by_now = reached[:-1] - reached[1:]  # P(a lane has finished j by time u), j < m: more is too many anyway
    before = np.hstack([np.eye(m)[:, :1], by_now[:, :-1]])  # by time u − 1
    long = [np.convolve(ends[j], np.arange(len(probs)) * probs)[:most] for j in range(m)]

    def and_one_more(counts: Array, lane: Array) -> Array:
        """The distribution of a sum of independent numbers below m, at each time."""
        return np.fft.irfft(np.fft.rfft(counts, 2 * m, axis=0) * np.fft.rfft(lane, 2 * m, axis=0), 2 * m, axis=0)[:m]

    none: Array = np.zeros((m, most))
    none[0] = 1
    after = [none]
    for _ in range(lanes - 1):
        after.append(and_one_more(after[-1], before))
    total, earlier = 0.0, none
    for i in range(lanes):
        others = and_one_more(earlier, after[lanes - 1 - i]).cumsum(axis=0)
        total += sum(float(long[j] @ others[m - 1 - j]) for j in range(m))
        earlier = and_one_more(earlier, by_now)
    return total / m
