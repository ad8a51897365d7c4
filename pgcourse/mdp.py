"""Finite Markov decision processes: arrays, checked once at the door.

    p      (S, A, S')   p[s, a, s'] = p(s'|s, a)
    r      (S, A)       r[s, a]     = E[reward | s, a]
    gamma  in [0, 1]    discount factor γ
    rho_0  (S,)         rho_0[s]    = P(s₀ = s)

A state is *absorbing* when every action stays there and pays nothing: the process is over. All others are *live*.
Axes are always in the order S, A, S'. Arrays are float64 and read-only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-9  # how far from 1 the sum of a distribution may be


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """An MDP (p, r, γ) with its starting distribution ρ₀; see the module's text for shapes.

    Raises ValueError, naming the field, the place, the value and what was expected, if the shapes disagree, a row of
    p or ρ₀ is not a distribution, a reward is not finite, or γ is outside [0, 1]. γ = 1 is accepted here; whether a
    value exists then depends on the policy, and `bellman` checks that it ends.
    """

    p: Array
    r: Array
    gamma: float
    rho_0: Array
    name: str = "MDP"

    def __post_init__(self) -> None:
        for field, ndim, shape in (("p", 3, "(S, A, S)"), ("r", 2, "(S, A)"), ("rho_0", 1, "(S,)")):
            object.__setattr__(self, field, _frozen_array(field, getattr(self, field), ndim, shape))
        S, A, _ = self.p.shape
        for field, expected in (("p", (S, A, S)), ("r", (S, A)), ("rho_0", (S,))):
            if getattr(self, field).shape != expected or 0 in expected:
                shape = getattr(self, field).shape
                raise ValueError(f"{field} has shape {shape}, expected {expected} with S, A ≥ 1 (p has {S} rows)")
        _check_distributions("p", self.p, "s a s'")
        _check_distributions("rho_0", self.rho_0, "s")
        if not np.isfinite(self.r).all():
            s, a = np.argwhere(~np.isfinite(self.r))[0]
            raise ValueError(f"r[s={s}, a={a}] is {self.r[s, a]}, expected a finite reward")
        if isinstance(self.gamma, bool) or not isinstance(self.gamma, int | float | np.number):
            raise ValueError(f"gamma is {self.gamma!r}, expected a number in [0, 1]")
        object.__setattr__(self, "gamma", float(self.gamma))
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma}, expected 0 ≤ γ < 1, or γ = 1 for a task that ends")

    @property
    def S(self) -> int:
        """Number of states."""
        return self.p.shape[0]

    @property
    def A(self) -> int:
        """Number of actions."""
        return self.p.shape[1]

    @cached_property
    def absorbing(self) -> NDArray[np.bool_]:
        """(S,) True where every action stays in the state and pays nothing: the process is over."""
        stays = np.einsum("sas->sa", self.p) >= 1 - TOLERANCE
        return (stays & (self.r == 0)).all(axis=1)

    @cached_property
    def live(self) -> NDArray[np.intp]:
        """Indices of the states where there is something left to decide or to earn."""
        return np.flatnonzero(~self.absorbing)

    @cached_property
    def p_live(self) -> Array:
        """(L, A, L) the kernel among the live states: rows sum to less than 1 where the process may end."""
        return np.ascontiguousarray(self.p[np.ix_(self.live, np.arange(self.A), self.live)])


def from_gymnasium(env: Any, gamma: float, rho_0: ArrayLike | None = None) -> FiniteMDP:
    """The FiniteMDP behind a Gymnasium environment, from its own table P[s][a] = [(probability, s', reward, terminated)].

    A table may name the same s' more than once (the entries are added up) and may give terminal states live rows: a
    transition flagged `terminated` pays its reward and then the process is over, so those rows are ignored. Where a
    terminal state can also be entered alive, the endings go to one more state, numbered S. The time limit of the
    environment is no part of its MDP. ρ₀ is the environment's own `initial_state_distrib` unless given.

    Raises TypeError if the environment has no table, ValueError if the table is not one.
    """
    base = getattr(env, "unwrapped", env)
    name = getattr(getattr(env, "spec", None), "id", None) or type(base).__name__
    table = getattr(base, "P", None)
    if table is None:
        raise TypeError(f"{name} has no table env.unwrapped.P; expected a tabular environment such as FrozenLake-v1")
    if rho_0 is None and (rho_0 := getattr(base, "initial_state_distrib", None)) is None:
        raise TypeError(f"{name} has no initial_state_distrib; give rho_0, one probability a state")
    start = np.asarray(rho_0, dtype=float)
    S, A = len(table), len(table[0])

    ends = {s2 for s in table for a in table[s] for prob, s2, _, over in table[s][a] if over and prob > 0}
    entered_alive = {
        s2
        for s in set(table) - ends
        for a in table[s]
        for prob, s2, _, over in table[s][a]
        if not over and prob > 0 and s2 in ends
    } | {s for s in ends if s < len(start) and start[s] > 0}
    absorbing, end = ends - entered_alive, S if entered_alive else None

    p, r = np.zeros((S + bool(entered_alive), A, S + bool(entered_alive))), defaultdict(float)
    for s in table:
        if len(table[s]) != A:
            raise ValueError(f"P[{s}] has {len(table[s])} actions, expected {A} as in P[0]")
        for a in table[s]:
            for prob, s2, reward, over in table[s][a]:
                if s not in absorbing:
                    p[s, a, end if over and s2 in entered_alive else s2] += prob
                    r[s, a] += prob * reward
    for s in absorbing | ({S} if entered_alive else set()):
        p[s, :, s] = 1
    rewards = np.array([[r[s, a] for a in range(A)] for s in range(len(p))])
    return FiniteMDP(p, rewards, gamma, np.pad(start, (0, len(p) - S)), name)


def _frozen_array(field: str, value: ArrayLike, ndim: int, shape: str) -> Array:
    """A read-only float64 copy of `value`, or an error that names the field."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{field} is not an array of numbers of shape {shape}: {error}") from None
    if array.ndim != ndim:
        raise ValueError(f"{field} has shape {array.shape}, expected {shape}")
    array.setflags(write=False)
    return array


def _check_distributions(field: str, array: Array, axes: str) -> None:
    """Each row along the last axis is a probability distribution, or an error that says which one is not."""
    names = axes.split()

    def place(index: NDArray[np.intp]) -> str:
        return ", ".join(f"{name}={i}" for name, i in zip(names, index, strict=False))

    if not (bad := (array >= 0) & np.isfinite(array)).all():  # NaN compares as False
        index = np.argwhere(~bad)[0]
        raise ValueError(f"{field}[{place(index)}] is {array[tuple(index)]}, expected a probability in [0, 1]")
    total = array.sum(axis=-1)
    if (wrong := np.abs(total - 1) > TOLERANCE).any():
        index = np.argwhere(wrong)[0]
        row = f"{field}[{place(index)}]" if len(index) else field
        raise ValueError(f"{row} sums to {total[tuple(index)]:.9g}, expected 1")
