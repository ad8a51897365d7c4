"""Drawing states, actions and whole trajectories; the randomness is an argument, always.

    s ~ ρ/Σρ, a ~ π(s)                               sample_pairs
    s₀ ~ ρ₀, a_t ~ π(s_t), s_{t+1} ~ p(s_t, a_t)     rollouts, streams

With ρ = ρ^π and γ < 1 the sum Σρ is 1/(1−γ), and s ~ (1−γ)ρ^π.

Trajectories advance in lockstep, all by one step at a time: (a, s') is one draw from one of `_alias`'s tables.

A FiniteMDP knows rewards as r(s, a), their mean over s', and that is what a step pays: J, q and every gradient are the
same, the noise is less than that of an environment whose reward depends on s'. `rollouts` takes r(s, a, s') and has it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._alias import joint_table
from pgcourse.arrays import Array, generator, sealed, weights, whole
from pgcourse.bellman import check_policy
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy
from pgcourse.trajectories import Indices, Packed, Stream, Trajectories

BLOCK = 1 << 13  # uniform numbers drawn at once for streams: 64 kB, which stay in the cache and need no new pages


def sample_pairs(rho: Array, pi: Policy, n: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """n independent pairs (s, a) with s ~ ρ/Σρ and a ~ π(s): two arrays of shape (n,).

    ρ (S,) are weights ≥ 0 with a positive sum, such as ρ^π itself, which is (1−γ)ρ^π once divided by its sum.
    """
    rho, n = weights("rho", rho, pi.probs.shape[:1], ", as pi has"), whole("n", n, 0)
    if not rho.any():
        raise ValueError("rho is 0 in all states, expected a positive sum")
    s = _draw(rho / rho.sum(), n, generator(rng))
    return s, _draw_rows(pi.probs, s, rng)


def _draw(probs: Array, n: int, rng: np.random.Generator) -> Indices:
    """n independent draws from the distribution probs (S,), by its inverse cumulative."""
    return _below(probs.cumsum()).searchsorted(rng.random(n), side="right")


def _draw_rows(probs: Array, rows: Indices, rng: np.random.Generator) -> Indices:
    """A draw from probs[row] for each of the rows (n,), with probs (S, A): of shape (n,)."""
    cumulative = _below(probs.cumsum(axis=1))[rows]
    return (cumulative <= rng.random((len(rows), 1))).sum(axis=1)


def _below(cumulative: Array) -> Array:
    """Sums that rounding left below 1 are 1 from the last possible outcome on: nothing impossible is drawn."""
    return np.where(cumulative >= cumulative[..., -1:], 1.0, cumulative)


def rollouts(
    mdp: FiniteMDP, pi: Policy, n: int, horizon: int, rng: np.random.Generator, r: ArrayLike | None = None
) -> Trajectories:
    """n trajectories from ρ₀, each until it reaches an absorbing state (terminated) or has `horizon` steps (truncated).

    A step that ends in an absorbing state is terminated even if it is the last that the horizon allows. Rewards are
    r(s, a) of the MDP, or those of `r` (S, A, S'), whose mean over s' must be the same (see the module's text).
    Trajectories that are over leave the lockstep, so that the long ones cost only themselves.
    """
    n, horizon = whole("n", n), whole("horizon", horizon)
    table = joint_table(mdp, _probs(mdp, pi), r)
    start = _draw(mdp.rho_0, n, generator(rng))
    lane = np.flatnonzero(~mdp.absorbing[start])
    row = table.first[start[lane]]
    lanes: list[Indices] = []
    cells: list[Indices] = []
    while len(lane) and len(cells) < horizon:
        cell = table.draw(row, rng.random(len(lane)))
        lanes.append(lane)
        cells.append(cell)
        row = table.next_row[cell]
        on = np.flatnonzero(~table.over[cell])
        if len(on) < len(lane):
            lane, row = lane[on], row[on]

    last = sum(map(len, lanes[:-1]))
    t = np.repeat(np.arange(len(lanes)), [len(some) for some in lanes])
    cell = _joined(cells)
    over = table.over[cell]
    truncated = np.zeros(len(cell), dtype=bool)
    if len(lanes) == horizon:
        truncated[last:] = ~over[last:]
    return Trajectories(start, Packed(*map(sealed, (*table.transitions(cell), over, truncated, _joined(lanes), t))))


def streams(
    mdp: FiniteMDP,
    pi: Policy,
    n: int,
    steps: int,
    rng: np.random.Generator,
    horizon: int | None = None,
) -> Stream:
    """n streams of `steps` transitions each, (n, steps): where a trajectory ends, the next begins from ρ₀.

    As in `rollouts`, a trajectory ends in an absorbing state, or after `horizon` steps if that is given. The streams
    begin at the start of a trajectory; ρ₀ must give the absorbing states no weight, or no step could be taken there.
    """
    n, steps = whole("n", n), whole("steps", steps)
    limit = None if horizon is None else whole("horizon", horizon)
    check_starts(mdp)
    table = joint_table(mdp, _probs(mdp, pi))
    cells, truncated = np.empty((steps, n), dtype=np.intp), np.zeros((steps, n), dtype=bool)
    row, age = table.first[_starts(mdp, (n,), generator(rng))], np.zeros(n, dtype=int)
    for t in range(steps):
        block = t % max(1, BLOCK // n)
        if block == 0:
            ahead = min(max(1, BLOCK // n), steps - t)
            cell_ahead, u_ahead = table.columns(rng.random((ahead, n)))
            begin = table.first[_starts(mdp, (ahead, n), rng)]
        cell = cells[t]
        np.add(row, cell_ahead[block], out=cell)
        cell += u_ahead[block] >= table.threshold[cell]
        row = table.next_row[cell]
        over = table.over[cell]
        if limit is not None:
            age += 1
            np.greater_equal(age, limit, out=truncated[t])
            truncated[t] &= ~over
            over |= truncated[t]
            age[over] = 0
        np.copyto(row, begin[block], where=over)
    cells, truncated = cells.T, truncated.T
    terminated, valid = table.over[cells], np.ones((n, steps), dtype=bool)
    return Stream(*map(sealed, (*table.transitions(cells), terminated, truncated, valid)))


def check_starts(mdp: FiniteMDP) -> None:
    """ValueError if a stream could begin where nothing happens any more."""
    if (strange := mdp.absorbing & (mdp.rho_0 > 0)).any():
        s = int(strange.argmax())
        raise ValueError(f"rho_0[s={s}] is {mdp.rho_0[s]:g}, expected 0 for streams, since state {s} is absorbing")


def _probs(mdp: FiniteMDP, pi: Policy) -> Array:
    """(1, S, A), or ValueError if the policy is not one for this MDP."""
    check_policy(mdp, pi)
    return pi.probs[None]


def _starts(mdp: FiniteMDP, shape: tuple[int, ...], rng: np.random.Generator) -> Indices:
    possible = np.flatnonzero(mdp.rho_0)
    return np.full(shape, possible[0]) if len(possible) == 1 else _draw(mdp.rho_0, math.prod(shape), rng).reshape(shape)


def _joined(arrays: list[Indices]) -> Indices:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.intp)
