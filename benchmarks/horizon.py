"""J_H(θ) and ∇J_H(θ) over a finite horizon, exact, beside what cannot be done without: H products p v.

products   H times the bare `mdp.p @ v`, (S, A, S') by (S',), one for each step (= 1)
ours       `tabular_softmax_by_time`, `values_by_time`, `states_by_time`, `softmax_gradient_by_time`

Both are measured in processor time: other work on the machine does not count.

python -m benchmarks.horizon
"""

from __future__ import annotations

from time import process_time

import numpy as np

from benchmarks import Row
from benchmarks.exact import times
from pgcourse.arrays import Array
from pgcourse.horizon import (
    softmax_gradient_by_time,
    states_by_time,
    tabular_softmax_by_time,
    values_by_time,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.zoo import frozen_lake

H = 100


def ours(mdp: FiniteMDP, theta: Array) -> tuple[float, Array]:
    """J_H and its gradient with respect to each step's table, (H, S, A)."""
    plan = tabular_softmax_by_time(theta)
    v, q = values_by_time(mdp, plan)
    return float(mdp.rho_0 @ v[0]), softmax_gradient_by_time(states_by_time(mdp, plan), plan, q, gamma=mdp.gamma)


def products(mdp: FiniteMDP, v: Array) -> None:
    """One product for each step."""
    for _ in range(H):
        mdp.p @ v


def run(quick: bool = False) -> list[Row]:
    """The ratio on the slippery 4×4 lake at random θ_t."""
    mdp = frozen_lake()
    rng = np.random.default_rng(0)
    theta, v = rng.standard_normal((H, mdp.S, mdp.A)), rng.standard_normal(mdp.S)
    ways = {"products": lambda: products(mdp, v), "ours": lambda: ours(mdp, theta)}
    taken = times(ways, rounds=10 if quick else 50, each=5, timer=process_time)
    return [
        Row(f"H = {H}: J and ∇J of a finite horizon, to H products p v", taken["ours"] / taken["products"], 8, True)
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
