"""The replay buffer: the last transitions of all policies so far, to learn from again and again.

    replay.add(s, a, r, s_next, terminated)      N transitions; once it is full, the oldest are overwritten
    replay.sample(M, rng)                        M of them, uniformly and with replacement
    replay.held()                                all of them, as a view

What is drawn comes from a mixture of old policies: s ~ ρ^b, not ρ^π. Lin 1992, "Self-improving reactive agents based on
reinforcement learning, planning and teaching".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pgcourse.arrays import Array, generator, whole


class Transitions(NamedTuple):
    """M transitions as rows: s (M, n), a (M, m) in the environment's units, r (M,), s_next (M, n), terminated (M,).

    `terminated` is 1.0 where the trajectory ended. At a time limit it is 0: there were values still to come.
    """

    s: Array
    a: Array
    r: Array
    s_next: Array
    terminated: Array


class Replay:
    """The last `capacity` transitions of states with n numbers and actions with m. All memory is reserved at once."""

    def __init__(self, capacity: int, n: int, m: int) -> None:
        self.n, self.m = whole("n", n), whole("m", m)
        self.rows = np.empty((whole("capacity", capacity), 2 * n + m + 2))  # one row a transition: read in one go
        self.added = 0  # so far, overwritten ones included

    def __len__(self) -> int:
        """How many are in it."""
        return min(self.added, len(self.rows))

    def add(
        self, s: NDArray[Any], a: NDArray[Any], r: NDArray[Any], s_next: NDArray[Any], terminated: NDArray[Any]
    ) -> None:
        """N transitions more, states and actions of any shape (N, …). Of more than `capacity`, the last ones stay.

        ValueError naming the column whose shape does not fit: then none is added. Whether the numbers are finite is
        the caller's to check.
        """
        given, N = Transitions(*map(np.asarray, (s, a, r, s_next, terminated))), np.size(r)
        for field, values, size in zip(given._fields, given, (self.n, self.m, 1, self.n, 1), strict=True):
            if values.shape[:1] != (N,) or values.size != N * size:
                raise ValueError(f"{field} has shape {values.shape}, expected ({N}, …), each row of size {size}")
        rows = np.arange(self.added, self.added + N) % len(self.rows)
        for column, values in zip(self._columns(self.rows), given, strict=True):
            column[rows] = values.reshape(N, *column.shape[1:])
        self.added += N

    def sample(self, M: int, rng: np.random.Generator) -> Transitions:
        """M transitions, each drawn uniformly from all. ValueError if there are fewer than M to draw from."""
        if len(self) < whole("M", M):
            raise ValueError(f"M is {M}, expected at most the {len(self)} transitions in the buffer")
        return self._columns(self.rows.take(generator(rng).integers(len(self), size=M), axis=0))

    def held(self) -> Transitions:
        """All transitions, as read-only views: in order of time, until the buffer is full and begins anew at row 0."""
        rows = self.rows[: len(self)]
        rows.flags.writeable = False
        return self._columns(rows)

    def _columns(self, rows: Array) -> Transitions:
        n, m = self.n, self.m
        return Transitions(rows[:, :n], rows[:, n : n + m], rows[:, -2], rows[:, n + m : -2], rows[:, -1])
