"""One episode of each lane of a run, in lockstep, each with its own policy and its own random numbers.

NumPy's overhead is shared by all lanes that are still going. When only a few are left, their long episodes go on in
plain Python, which is then faster and gives the same numbers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pgcourse._alias import JointTable, joint_table
from pgcourse.arrays import Array
from pgcourse.lockstep.lanes import Lanes
from pgcourse.policy import probabilities
from pgcourse.trajectories import Indices, Mask

FIRST = 32  # steps whose random numbers are drawn at once at the start of an episode; then as many as it has had
FEW = 8  # lanes, for which it pays to leave the lockstep


class Lived(NamedTuple):
    """One episode of each lane. Its steps are ordered by t, then by falling length: the n[t] lanes left come first."""

    length: Indices  # (K,)
    truncated: Mask  # (K,)
    returns: Array  # (K,)
    by_length: Indices  # (K,) the lanes, the longest first
    edges: list[int]  # (T+1,) where the steps of each t begin
    s: Indices  # (M,) and so on for all steps
    a: Indices
    G: Array


def one_episode_each(lanes: Lanes, theta: Array, horizon: int) -> Lived:
    """One episode of each lane with its policy, and the returns G_t.

    Lanes that are over stay where they are until the next drawing of random numbers, when they are taken out.
    """
    mdp, K = lanes.mdp, len(theta)
    table = joint_table(mdp, probabilities(np.einsum("sad,kd->ksa", lanes.phi, theta)))
    below = mdp.rho_0.cumsum()
    start = np.searchsorted(below, [rng.random() * below[-1] for rng in lanes.rngs], side="right")
    length = np.zeros(K, dtype=int)
    truncated = ~mdp.absorbing[start]
    lane, t, chunks = np.flatnonzero(truncated), 0, []
    row = table.first[mdp.S * lane + start[lane]]
    while len(lane) and t < horizon:
        ahead = min(max(FIRST, t), horizon - t)
        column, u = table.columns(np.array([lanes.rngs[k].random(ahead) for k in lane.tolist()]).T.copy())
        cells = _walk(table, row, column, u)
        row = table.next_row[cells[-1]]
        over = table.over[cells]
        ended = over[-1]
        length[lane] += np.where(ended, over.argmax(axis=0) + 1, ahead)
        truncated[lane[ended]] = False
        chunks.append((t, lane, cells))
        lane, row, t = lane[~ended], row[~ended], t + ahead

    by_length = np.argsort(-length, kind="stable")
    cell, edges = _in_order(chunks, length, by_length)
    s, a, r, _ = table.transitions(cell)
    G = _to_go(r, edges, mdp.gamma)
    begun, returns = int((length > 0).sum()), np.zeros(K)
    returns[by_length[:begun]] = G[:begun]
    return Lived(length, truncated, returns, by_length, edges, s, a, G)


def _to_go(r: Array, edges: list[int], gamma: float) -> Array:
    """G_t = r_t + γ G_{t+1}, (M,): in lockstep while there are many lanes, and number by number where there are few."""
    n = [end - begin for begin, end in pairwise(edges)]
    few = next((t for t, lanes in enumerate(n) if lanes <= FEW), len(n))
    G, tail, start = r.copy(), r[edges[few] :].tolist(), edges[few]
    for t in range(len(n) - 2, few - 1, -1):
        for k in range(n[t + 1]):
            tail[edges[t] - start + k] += gamma * tail[edges[t + 1] - start + k]
    G[start:] = tail
    for t in range(min(few, len(n) - 1) - 1, -1, -1):
        G[edges[t] : edges[t] + n[t + 1]] += gamma * G[edges[t + 1] : edges[t + 2]]
    return G


def _walk(table: JointTable, row: Indices, column: Indices, u: Array) -> Indices:
    """The cells (T, n) that n lanes pass through from their rows, given the random numbers of all steps (T, n).

    NumPy for many lanes; for a few, Python's own numbers are faster, and the same.
    """
    if len(row) > FEW:
        cells = np.empty_like(column)
        for i in range(len(column)):
            cell = np.add(row, column[i], out=cells[i])
            cell += u[i] >= table.threshold[cell]
            row = table.next_row[cell]
        return cells
    own = 2 * len(table.s)  # cells of a lane's part of the table
    walks: list[list[int]] = []
    for at, columns, numbers in zip(row.tolist(), column.T.tolist(), u.T.tolist(), strict=True):
        first = at - at % own
        threshold, next_row = (x[first : first + own].tolist() for x in (table.threshold, table.next_row))
        walk: list[int] = []
        for c, x in zip(columns, numbers, strict=True):
            cell = at + c
            cell += x >= threshold[cell - first]
            walk.append(cell)
            at = next_row[cell - first]
        walks.append(walk)
    return np.array(walks).T


def _in_order(
    chunks: list[tuple[int, Indices, Indices]], length: Indices, by_length: Indices
) -> tuple[Indices, list[int]]:
    """The cells of all steps, by t and then by falling length, and where each t begins."""
    rank = np.empty(len(length), dtype=int)
    rank[by_length] = np.arange(len(length))
    found, edges = [np.zeros(0, dtype=int)], [0]
    for t, lane, cells in chunks:
        columns = np.argsort(rank[lane])
        left = np.arange(t, t + len(cells))[:, None] < length[lane[columns]]
        found.append(cells[:, columns][left])
        edges += (edges[-1] + left.sum(axis=1).cumsum()).tolist()
    T = int(length.max(initial=0))
    return np.concatenate(found), edges[: T + 1]
