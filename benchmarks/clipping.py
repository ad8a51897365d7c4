"""L^CLIP and its gradient, exact, of the tabular softmax on FrozenLake, beside J and ∇J.

clipped  `clipped_objective` and `tabular_softmax_gradient` of `clipped_advantage` at a random θ; `exact` of π is known
J        J and ∇J at the same θ, as in `benchmarks.exact`

python -m benchmarks.clipping
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks import Row
from benchmarks.exact import ours, times
from pgcourse.arrays import Array
from pgcourse.bellman import exact
from pgcourse.gradients import tabular_softmax_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax
from pgcourse.surrogate import clipped_advantage, clipped_objective
from pgcourse.zoo import frozen_lake


def clipped(mdp: FiniteMDP, theta: Array) -> Callable[[], tuple[float, Array]]:
    """L^CLIP and its gradient at θ, the old policy being uniform."""
    pi = Policy.uniform(mdp.S, mdp.A)
    of = exact(mdp, pi)

    def both() -> tuple[float, Array]:
        new = tabular_softmax(theta)
        g = tabular_softmax_gradient(of.rho_pi, new, clipped_advantage(of, pi, new, 0.2))
        return clipped_objective(of, pi, new, 0.2), g

    return both


def run(quick: bool = False) -> list[Row]:
    """The ratio on 4×4, slippery, γ = 0.99."""
    mdp = frozen_lake()
    theta = np.random.default_rng(0).standard_normal((mdp.S, mdp.A))
    ways = {"clipped": clipped(mdp, theta), "J": lambda: ours(mdp, theta)}
    seconds = times(ways, rounds=20 if quick else 100, each=20)
    return [Row("4x4: L^CLIP and its gradient, exact, to J and ∇J", seconds["clipped"] / seconds["J"], 2, True)]


if __name__ == "__main__":
    print(*run(), sep="\n")
