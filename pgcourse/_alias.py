"""Alias tables: a draw from one of many distributions costs two look-ups, however many outcomes there are.

In a given state the pair (a, s') is one draw from one distribution, π(a|s) p(s'|s, a). A distribution over K outcomes
becomes K columns of equal weight, each split between at most two outcomes, its two *cells* (Walker 1977): one uniform
number chooses the column, its fraction the cell. This is exact: no probability is rounded to the size of a table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import Array, real_array
from pgcourse.mdp import FiniteMDP
from pgcourse.trajectories import Indices, Mask

TIE = 1e-9  # in units of 1/K: far above the rounding of a sum, far below any difference that is meant


def alias_tables(probs: Array) -> tuple[Array, Indices]:
    """For each row of probs (S, K): draw a column k, keep it with probability threshold[s, k], else take alias[s, k].

    Each round finishes the least likely open column: the most likely one fills it up to 1/K.
    Outcomes of probability 0 have threshold 0 and are nobody's alias: they are never drawn.

    Columns that differ by less than TIE count as equal, and the first of them is taken. Rounding differs between
    processors. It moves a threshold by as much, and changes no alias that is ever drawn.
    """
    S, K = probs.shape
    rows, alias, threshold = np.arange(S), np.tile(np.arange(K)[:, None], S), np.ones((K, S))
    low = np.ascontiguousarray((K * probs / probs.sum(axis=1, keepdims=True)).T)  # what is in each column, ∞ if done
    high = low.copy()  # the same, −∞ if done
    for _ in range(K - 1):
        least = low.min(axis=0)
        least = (low <= np.minimum(least + TIE, np.maximum(least, 1))).argmax(axis=0)  # above 1 nothing can be filled
        threshold[least, rows] = low[least, rows]
        low[least, rows], high[least, rows] = np.inf, -np.inf
        most = (high >= high.max(axis=0) - TIE).argmax(axis=0)
        alias[least, rows] = most
        low[most, rows] = high[most, rows] = high[most, rows] - (1 - threshold[least, rows])
    return threshold.T, alias.T


class JointTable(NamedTuple):
    """Tables of the draws (a, s') for L policies at once: row l S + s is state s under policy l, and owns 2K cells."""

    first: Indices  # (L S,) the first of the row's cells: 2K (l S + s)
    threshold: Array  # (2 L S K,) column k is split at k + threshold: below it is its first cell, above the second
    next_row: Indices  # (2 L S K,) where the cell leads to: first[l S + s']
    over: Mask  # (2 L S K,) whether the process is over there
    outcome: Indices  # (2 L S K,) what the cell stands for, as an index into the following
    s: Indices  # (S K,)
    a: Indices
    r: Array
    s_next: Indices

    def draw(self, row: Indices, u: Array) -> Indices:
        """A cell for each process, given the first cell of its row and a uniform number."""
        column, u = self.columns(u)
        cell = row + column
        cell += u >= self.threshold[cell]
        return cell

    def columns(self, u: Array) -> tuple[Indices, Array]:
        """From uniform numbers, overwritten, K u and the first cell of its column, counted from the row's first."""
        u *= len(self.outcome) // (2 * len(self.first))
        column = u.astype(np.intp)
        column *= 2
        return column, u

    def transitions(self, cell: Indices) -> tuple[Indices, Indices, Array, Indices]:
        """s, a, r, s' of the cells."""
        s, a, r, s_next = self.s, self.a, self.r, self.s_next
        if cell.size > self.outcome.size:  # then it is less work to say first of each cell what it stands for
            s, a, r, s_next = s[self.outcome], a[self.outcome], r[self.outcome], s_next[self.outcome]
        else:
            cell = self.outcome[cell]
        return s[cell], a[cell], r[cell], s_next[cell]


def joint_table(mdp: FiniteMDP, probs: Array, r: ArrayLike | None = None) -> JointTable:
    """The tables of π(a|s) p(s'|s, a) for L policies, probs (L, S, A); rewards r(s, a), or those of r (S, A, S')."""
    rewards = np.broadcast_to(mdp.r[..., None], mdp.p.shape) if r is None else _arrival_rewards(mdp, r)
    a, s_next, p = mdp.outcomes
    S, K = a.shape
    rows, s = np.arange(len(probs) * S), np.arange(S)[:, None]
    threshold, alias = alias_tables((probs[:, s, a] * p).reshape(len(rows), K))
    column = np.empty((len(rows), K, 2), dtype=np.intp)  # which outcome of its state each cell stands for
    column[..., 0], column[..., 1] = np.arange(K), alias
    outcome = (column + K * (rows % S)[:, None, None]).ravel()
    lane_first = 2 * K * S * np.arange(len(probs))[:, None]
    next_row = lane_first + 2 * K * s_next.ravel()[outcome].reshape(len(probs), -1)
    return JointTable(
        2 * K * rows,
        np.repeat(threshold + np.arange(K), 2),
        next_row.ravel(),
        mdp.absorbing[s_next].ravel()[outcome],
        outcome,
        np.repeat(np.arange(S), K),
        a.ravel(),
        rewards[s, a, s_next].ravel(),
        s_next.ravel(),
    )


def _arrival_rewards(mdp: FiniteMDP, r: ArrayLike) -> Array:
    rewards = real_array("r", r, "S A S'")
    if rewards.shape != mdp.p.shape:
        raise ValueError(f"r has shape {rewards.shape}, expected (S, A, S') = {mdp.p.shape}, as {mdp.name} has")
    mean = (mdp.p * rewards).sum(axis=2)
    size = np.where(mdp.p > 0, np.abs(rewards), 0).max(axis=2)  # of what can happen there
    if (wrong := ~(np.abs(mean - mdp.r) <= 1e-8 * np.maximum(size, np.abs(mdp.r)))).any():
        s, a = np.argwhere(wrong)[0]
        raise ValueError(f"r[s={s}, a={a}] has mean {mean[s, a]:g} over s', expected the MDP's r = {mdp.r[s, a]:g}")
    return rewards
