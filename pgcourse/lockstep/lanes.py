"""Many seeds in lockstep: what the lanes of a run are given, and the states that runs yield.

A run has K *lanes*, one for each seed, with a leading axis K in all that they own: theta (K, d), w (K, m). A lane draws
from a generator of its own, so that K lanes are K runs of one lane each, to the last digit. Step sizes and starts may
differ from lane to lane.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, at_least, frozen, real_array, whole
from pgcourse.mdp import FiniteMDP
from pgcourse.trajectories import Indices, Mask


class Run(NamedTuple):
    """After one update of K lanes. What is said of the last episode is NaN, 0 or False before the first has ended."""

    theta: Array  # (K, d)
    w: Array  # (K, m) the critic's weights, 0 without one
    u: Array  # (K, d) the compatible critic's weights, (K, 0) if there is none
    returns: Array  # (K,) Σ γᵗ r_t of the last episode
    length: Indices  # (K,) of the last episode
    truncated: Mask  # (K,) whether the time limit cut it
    episodes: Indices  # (K,) how many have ended
    steps: Indices  # (K,) in all


def keep(run: Run) -> Run:
    """The same state, which nobody writes to any more."""
    for array in run:
        array.setflags(write=False)
    return run


class Lanes(NamedTuple):
    """What K lanes are given: the MDP, features φ (S, A, d) and x (S, m), θ (K, d) and w (K, m), their generators."""

    mdp: FiniteMDP
    phi: Array
    x: Array
    theta: Array
    w: Array
    seeds: list[int]
    rngs: list[np.random.Generator]

    @classmethod
    def of(
        cls, mdp: FiniteMDP, phi: ArrayLike, theta: ArrayLike, seeds: Sequence[int], x: ArrayLike, w: ArrayLike | None
    ) -> Lanes:
        """All checked: TypeError or ValueError names the field, its value or shape, and what was expected."""
        mdp = finite_mdp(mdp)
        if not isinstance(seeds, Iterable):
            raise ValueError(f"seeds is {seeds!r}, expected one integer for each lane, such as range(3)")
        seeds = [whole(f"seeds[{k}]", seed, least=0) for k, seed in enumerate(seeds)]
        phi, x = frozen(real_array("phi", phi, "S A d", LARGEST)), frozen(real_array("x", x, "S m", LARGEST))
        for field, shape, expected in (("phi", phi.shape[:2], (mdp.S, mdp.A)), ("x", x.shape[:1], (mdp.S,))):
            if shape != expected:
                raise ValueError(f"{field} begins with shape {shape}, expected {expected}, as {mdp.name} has")
        if not seeds:
            raise ValueError("seeds is empty, expected one seed for each lane")
        start = np.zeros(x.shape[1]) if w is None else w
        theta, w = _rows("theta", theta, phi.shape[2], len(seeds)), _rows("w", start, x.shape[1], len(seeds))
        return cls(mdp, phi, x, theta, w, seeds, [np.random.default_rng(seed) for seed in seeds])

    def each(self, field: str, value: ArrayLike) -> Array:
        """A step size for each lane, (K,), from one for all or one for each."""
        sizes = real_array(field, at_least(1, value), "K")
        if len(sizes) not in (1, len(self.seeds)) or (sizes < 0).any():
            raise ValueError(f"{field} is {value!r}, expected a number ≥ 0, or one for each of {len(self.seeds)} seeds")
        return np.broadcast_to(sizes, len(self.seeds)).copy()


def finite_mdp(mdp: FiniteMDP) -> FiniteMDP:
    """TypeError if it is none."""
    if not isinstance(mdp, FiniteMDP):
        raise TypeError(f"mdp is {reprlib.repr(mdp)}, expected a FiniteMDP, such as those of pgcourse.zoo")
    return mdp


def check_finite(field: str, values: Array, updates: int, seeds: Sequence[int]) -> None:
    """ValueError, naming the seed, if a lane has left all bounds; earlier states stay as they were."""
    if not np.isfinite(values).all():
        k = int((~np.isfinite(values)).any(axis=1).argmax())
        raise ValueError(
            f"{field} of seed {seeds[k]} is {values[k]} after {updates} updates, expected finite numbers: "
            "the step size is too large"
        )


def _rows(field: str, value: ArrayLike, d: int, K: int) -> Array:
    """θ or w of each lane, (K, d), from one for all or one for each."""
    rows = real_array(field, at_least(2, value), "K d", LARGEST)
    if rows.shape not in ((1, d), (K, d)):
        raise ValueError(f"{field} has shape {np.shape(value)}, expected ({d},), or ({K}, {d}) for {K} seeds")
    return np.broadcast_to(rows, (K, d)).copy()
