"""What an agent lived through: transitions (s, a, r, s'), in whole trajectories or in streams.

    Trajectories   N trajectories from ρ₀, each to its end or to a time limit; `steps` holds their transitions
    Packed         all first steps, then all second steps, …: one axis M = Σ lengths, nothing padded
    Stream         N streams of T transitions, which begin anew from ρ₀ wherever a trajectory ends: (N, T)

A transition may be the last of its trajectory in two ways, which are never the same thing: *terminated*, the process is
over and nothing is ever earned again; *truncated*, a time limit cut it and life would have gone on from s'.
`backward` is the one recursion behind returns, λ-returns and GAE, and runs over time only, for all N at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pgcourse.arrays import Array, ReadOnly, check_unmasked, frozen, number, sealed

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


MASKS = "terminated", "truncated", "valid"


@dataclass(frozen=True, eq=False)
class Steps(ReadOnly):
    """Transitions: s, a, r, s_next and the two masks begin with the same axes; states and actions may have more.

    Those of a finite MDP are integers. `terminated` and `truncated` mark the last step of a trajectory. The arrays are
    read-only: of one that is writeable, a copy is kept; a read-only view is kept as it is.
    """

    s: NDArray[Any]
    a: NDArray[Any]
    r: Array
    s_next: NDArray[Any]
    terminated: Mask
    truncated: Mask

    def __post_init__(self) -> None:
        shape = np.shape(self.r)
        for field in fields(self):
            given = getattr(self, field.name)
            check_unmasked(field.name, given)
            array = np.asarray(given)
            if array.shape[: len(shape)] != shape:
                raise ValueError(f"{field.name} has shape {array.shape}, expected {shape} to begin with, as r has")
            if field.name in MASKS and not array.size:  # an empty list has no type
                array = array.astype(bool)
            if field.name in MASKS and array.dtype != bool:  # 0 and 1 would be taken for places
                raise ValueError(f"{field.name} is of type {array.dtype}, expected True and False")
            object.__setattr__(self, field.name, frozen(array) if array.flags.writeable else array)

    @cached_property
    def ended(self) -> Mask:
        """Where a trajectory ends, for whichever reason: nothing after it belongs to it."""
        return sealed(self.terminated | self.truncated)


@dataclass(frozen=True, eq=False)
class Stream(Steps):
    """N streams of T transitions each, axes (N, T, …). The last one need not end: its trajectory is cut by the batch.

    `valid` is False where an environment was only reset: such a step belongs to no trajectory and gets no weight.
    """

    valid: Mask

    def backward(self, x: ArrayLike, c: float) -> Array:
        """y_t = x_t + c y_{t+1} within each trajectory, (N, T), and 0 where no step is; the batch's edge is an end."""
        y = np.where(self.valid, x, 0.0)
        go_on = c * (self.valid & ~self.ended)
        for t in range(y.shape[1] - 2, -1, -1):
            y[:, t] += go_on[:, t] * y[:, t + 1]
        return y


@dataclass(frozen=True, eq=False)
class Packed(Steps):
    """The M transitions of N trajectories: that of trajectory n[i] at its time t[i], ordered by t, then by n."""

    n: Indices
    t: Indices

    def __post_init__(self) -> None:
        super().__post_init__()
        t, n = self.t, self.n
        if (wrong := ~((t[1:] > t[:-1]) | ((t[1:] == t[:-1]) & (n[1:] > n[:-1])))).any():
            i = int(wrong.argmax())
            pairs = f"(t, n) = {(int(t[i]), int(n[i]))} and then {(int(t[i + 1]), int(n[i + 1]))}"
            raise ValueError(f"steps {i} and {i + 1} have {pairs}, expected them ordered by t, then by n, each once")

    @cached_property
    def _moments(self) -> list[slice]:
        """The rows of time 0, of time 1, …"""
        edges = np.concatenate([[0], np.bincount(self.t).cumsum()]) if len(self.t) else np.zeros(1, int)
        return [slice(start, stop) for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]

    def backward(self, x: ArrayLike, c: float) -> Array:
        """y_t = x_t + c y_{t+1} within each trajectory, (M,)."""
        y = np.array(np.broadcast_to(x, self.r.shape), dtype=float)
        after = np.zeros(1 + (self.n.max() if len(self.n) else 0))
        for rows in reversed(self._moments):
            y[rows] += c * after[self.n[rows]]
            after[self.n[rows]] = y[rows]
        return y

    def discount(self, gamma: float) -> Array:
        """γᵗ of each step, (M,)."""
        return (number("gamma", gamma, 0, 1) ** np.arange(len(self._moments)))[self.t]


@dataclass(frozen=True, eq=False)
class Trajectories(ReadOnly):
    """N trajectories: `steps` is the one store; s (N, T+1), a (N, T), r (N, T), valid (N, T) are views made on demand.

    T is the longest length. Past a trajectory's end s repeats its last state, a is −1 (NaN if actions are no integers),
    r is 0 and valid is False. A trajectory that starts in an absorbing state has length 0 and is terminated.
    """

    start: NDArray[Any]  # (N, …) the s₀ of each
    steps: Packed

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen(np.asarray(self.start)))

    @cached_property
    def length(self) -> Indices:
        """(N,) how many steps each took."""
        return sealed(np.bincount(self.steps.n, minlength=len(self.start)))

    @cached_property
    def truncated(self) -> Mask:
        """(N,) which were cut by the time limit."""
        truncated = np.zeros(len(self.start), dtype=bool)
        truncated[self.steps.n[self.steps.truncated]] = True
        return sealed(truncated)

    @property
    def terminated(self) -> Mask:
        """(N,) which came to their own end: each that was not cut."""
        return ~self.truncated

    @cached_property
    def valid(self) -> Mask:
        """(N, T) where there is a step."""
        return sealed(np.arange(len(self.steps._moments)) < self.length[:, None])

    @cached_property
    def s(self) -> NDArray[Any]:
        """(N, T+1, …) states, the last one included."""
        table = np.concatenate([self.start[:, None], self.table(self.steps.s_next)], axis=1)
        last = np.minimum(np.arange(table.shape[1]), self.length[:, None])
        return sealed(table[np.arange(len(self))[:, None], last])

    @cached_property
    def a(self) -> NDArray[Any]:
        """(N, T, …) actions."""
        a = self.steps.a
        if a.dtype.kind in "iu":
            return sealed(self.table(a.astype(np.int64), -1))  # an unsigned type has no −1
        return sealed(self.table(a.astype(float) if a.dtype == bool else a, np.nan))

    @cached_property
    def r(self) -> Array:
        """(N, T) rewards."""
        return sealed(self.table(self.steps.r))

    def table(self, x: NDArray[Any], fill: float = 0) -> NDArray[Any]:
        """What has one entry for each of `steps`, (M, …), laid out as (N, T, …), with `fill` past the ends."""
        table = np.full((len(self), len(self.steps._moments), *x.shape[1:]), fill, x.dtype)
        table[self.steps.n, self.steps.t] = x
        return table

    def sums(self, x: Array) -> Array:
        """Σ_t x_t of each trajectory, (N,), for x (M,)."""
        return np.bincount(self.steps.n, x, len(self)).astype(float, copy=False)

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], NDArray[Any], Array]]:
        """One after the other, (s (T_n + 1, …), a (T_n, …), r (T_n,)): for looking at and for loops in a textbook."""
        for n, length in enumerate(self.length.tolist()):
            yield self.s[n, : length + 1], self.a[n, :length], self.r[n, :length]
