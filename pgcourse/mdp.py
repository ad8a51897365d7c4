"""Finite Markov decision processes: arrays, checked once at the door.

    p      (S, A, S')   p[s, a, s'] = p(s'|s, a)
    r      (S, A)       r[s, a]     = E[reward | s, a]
    gamma  in [0, 1]    discount factor γ
    rho_0  (S,)         rho_0[s]    = P(s₀ = s)

A state is *absorbing* when every action stays there and pays nothing: the process is over. All others are *live*.
Axes are always in the order S, A, S'. Arrays are float64 and read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pgcourse.arrays import (
    LARGEST,
    TOLERANCE,
    Array,
    ReadOnly,
    discount,
    distributions,
    environment_name,
    frozen,
    real_array,
)

# Gymnasium's wrappers that leave rewards, actions and transitions as they are; none tells a time limit to the MDP.
WATCHING = {"Autoreset", "HumanRendering", "OrderEnforcing", "PassiveEnvChecker", "RecordEpisodeStatistics"}
WATCHING |= {"RecordVideo", "RenderCollection", "TimeLimit"}


@dataclass(frozen=True, eq=False)
class FiniteMDP(ReadOnly):
    """An MDP (p, r, γ) with its starting distribution ρ₀; see the module's text for shapes.

    Raises ValueError, naming the field, the place, the value and what was expected, if the shapes disagree, a row of
    p or ρ₀ is not a distribution, a reward is not finite or its size is above 1e50, or γ is outside [0, 1] or nearer
    to 1 than 1e-12 without being 1. γ = 1 is accepted here; whether a value exists then depends on the policy, and
    `bellman` checks that it ends.
    """

    p: Array
    r: Array
    gamma: float
    rho_0: Array
    name: str = "MDP"

    def __post_init__(self) -> None:
        p, rho_0 = distributions("p", self.p, "S A S'"), distributions("rho_0", self.rho_0, "S")
        for field, array in (("p", p), ("r", real_array("r", self.r, "S A", LARGEST)), ("rho_0", rho_0)):
            object.__setattr__(self, field, frozen(array))
        S, A, _ = self.p.shape
        for field, expected in (("p", (S, A, S)), ("r", (S, A)), ("rho_0", (S,))):
            if (shape := getattr(self, field).shape) != expected:
                raise ValueError(f"{field} has shape {shape}, expected {expected}, since p has S = {S} and A = {A}")
        object.__setattr__(self, "gamma", discount(self.gamma, "for a task that ends"))

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
        leaves = np.count_nonzero(self.p, axis=2) > (np.einsum("sas->sa", self.p) > 0)  # however improbable that is
        return frozen((~leaves & (self.r == 0)).all(axis=1))

    @cached_property
    def live(self) -> NDArray[np.intp]:
        """Indices of the states where there is something left to decide or to earn."""
        return frozen(np.flatnonzero(~self.absorbing))

    @cached_property
    def p_live(self) -> Array:
        """(S, A, S') the kernel for as long as the process lives: p with the rows of the absorbing states set to 0."""
        return frozen(np.where(self.absorbing[:, None, None], 0, self.p))

    @cached_property
    def outcomes(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        """a, s' and p(s'|s, a), (S, K) each: the pairs that may follow s; K is the most of them, others have p 0."""
        flat = self.p.reshape(self.S, -1)
        K = int((flat > 0).sum(axis=1).max())
        order = np.argsort(flat == 0, axis=1, kind="stable")[:, :K]
        return frozen(order // self.S), frozen(order % self.S), frozen(np.take_along_axis(flat, order, axis=1))


def from_gymnasium(env: Any, gamma: float, rho_0: ArrayLike | None = None) -> FiniteMDP:
    """The FiniteMDP behind a Gymnasium environment, from its table P[s][a] = [(probability, s', reward, terminated)].

    A table may name the same s' more than once (the entries are added up) and may give terminal states live rows: a
    transition flagged `terminated` pays its reward and then the process is over, so those rows are ignored. Should a
    terminal state also be passed through alive on some way from ρ₀, the endings go to one more state, numbered S.
    The time limit of the environment is no part of its MDP. ρ₀ is the environment's own `initial_state_distrib`
    unless given. Of a wrapped environment it is the outermost table that counts; wrappers around it may only watch, or
    set a time limit.

    Raises TypeError if the environment has no table or a wrapper may change what the table says, ValueError if the
    table is not one.
    """
    base, name = _with_table(env), environment_name(env)
    table, start = base.P, getattr(base, "initial_state_distrib", None)
    if start is None:
        start = getattr(getattr(base, "unwrapped", base), "initial_state_distrib", None)
    if rho_0 is None and (rho_0 := start) is None:
        raise TypeError(f"{name} has no initial_state_distrib; give rho_0, one probability a state")
    S, A, rows = _read_table(name, table)
    start = distributions("rho_0", rho_0, "S")
    if start.shape != (S,):
        raise ValueError(f"rho_0 has shape {start.shape}, expected ({S},), since {name} has {S} states")

    s, a, s2 = rows[:, :3].astype(int).T
    prob, reward, over = rows[:, 3], rows[:, 4], rows[:, 5].astype(bool)
    alive = start > 0
    while (reached := s2[alive[s] & ~over & ~alive[s2]]).size:
        alive[reached] = True
    terminal, acts = np.zeros((2, S), dtype=bool)
    terminal[s2[over]] = True
    acts[s[(s2 != s) | (reward != 0)]] = True
    both = terminal & alive & acts  # entered at the end by one way and alive by another
    ended = terminal & ~both

    n = S + bool(both.any())
    p, r = np.zeros((n, A, n)), np.zeros((n, A))
    np.add.at(p, (s, a, np.where(over & both[s2], S, s2)), prob)
    np.add.at(r, (s, a), prob * reward)
    for end in [*np.flatnonzero(ended), *range(S, n)]:
        p[end], r[end] = np.eye(n)[end], 0
    return FiniteMDP(p, r, gamma, np.pad(start, (0, n - S)), name)


def _with_table(env: Any) -> Any:
    """The outermost layer of a wrapped environment that has a table P, with nothing around it that changes the MDP."""
    layer, name = env, environment_name(env)
    around = []
    while getattr(layer, "P", None) is None:
        around.append(type(layer))
        if (layer := getattr(layer, "env", None)) is None:
            raise TypeError(
                f"{name} has no table env.unwrapped.P; expected a tabular environment such as FrozenLake-v1"
            )
    for wrapper in around:
        changes = {"step", "reset"} & {field for kind in _own(wrapper) for field in vars(kind)}
        if changes and not (wrapper.__module__.startswith("gymnasium.") and wrapper.__name__ in WATCHING):
            raise TypeError(
                f"{name}: the wrapper {wrapper.__name__} may change rewards, actions or transitions, and the table P "
                "of what it wraps does not say so; expected an environment without it, or a wrapper with a P of its own"
            )
    return layer


def _own(wrapper: type) -> list[type]:
    """The classes that say what a wrapper does: without those of Gymnasium that hand everything on but observations."""
    base = ("Env", "Wrapper", "ObservationWrapper")
    return [kind for kind in wrapper.__mro__ if not (kind.__module__ == "gymnasium.core" and kind.__name__ in base)]


def _read_table(name: str, table: Any) -> tuple[int, int, Array]:
    """S, A and the table's possible transitions as rows (s, a, s', probability, reward, terminated)."""
    try:
        if missing := [s for s in range(len(table)) if isinstance(table, Mapping) and s not in table]:
            raise ValueError(f"P has {len(table)} states, and no state {missing[0]}")
        S, A = len(table), len(table[0])
        if other := [s for s in range(S) if len(table[s]) != A]:
            raise ValueError(f"P[{other[0]}] has {len(table[other[0]])} actions, P[0] has {A}")
        pairs = [(s, a) for s in range(S) for a in range(A)]
        rows = [(s, a, s2, prob, r, bool(over)) for s, a in pairs for prob, s2, r, over in table[s][a] if prob != 0]
        array = real_array("P", rows, "transition entry")
        if (strange := (array[:, 3] < -TOLERANCE) | (array[:, 3] > 1 + TOLERANCE)).any():  # their sums may hide it
            s, a, _, prob = array[strange][0, :4]
            raise ValueError(f"P[{s:.0f}][{a:.0f}] has probability {prob:g}, which is not in [0, 1]")
        if (strange := ~np.isin(array[:, 2], range(S))).any():
            s, a, s2 = array[strange][0, :3]
            raise ValueError(f"P[{s:.0f}][{a:.0f}] leads to {s2:g}, which is not in 0 … {S - 1}")
    except (TypeError, ValueError, LookupError) as error:
        expected = "P[s][a] = [(probability, s', reward, terminated), …] for each s and a"
        raise ValueError(f"{name}: {error}; expected the table env.unwrapped.{expected}") from None
    return S, A, array
