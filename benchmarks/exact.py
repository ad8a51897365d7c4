"""J(θ) and ∇J(θ), exact, of the tabular softmax on FrozenLake, beside other ways to the same numbers.

solve        one bare `np.linalg.solve` of the same size, S × S (= 1)
ours         `tabular_softmax`, `exact`, `tabular_softmax_gradient`
autograd     J written in autograd's NumPy, and `value_and_grad` of it
differences  `finite_differences` of `objective`: 2·S·A solves

python -m benchmarks.exact
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from timeit import timeit

import autograd
import autograd.numpy as anp
import numpy as np

from benchmarks import Row
from pgcourse.arrays import Array
from pgcourse.bellman import exact, objective, system
from pgcourse.gradients import finite_differences, tabular_softmax_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import tabular_softmax
from pgcourse.zoo import frozen_lake


def ours(mdp: FiniteMDP, theta: Array) -> tuple[float, Array]:
    """J and ∇J as the course computes them."""
    pi = tabular_softmax(theta)
    _, q_pi, rho_pi, J = exact(mdp, pi)
    return J, tabular_softmax_gradient(rho_pi, pi, q_pi)


def automatic(mdp: FiniteMDP) -> Callable[[Array], tuple[float, Array]]:
    """J and ∇J by automatic differentiation."""
    p, r, rho_0, identity = (np.asarray(array) for array in (mdp.p, mdp.r, mdp.rho_0, np.eye(mdp.S)))

    def J(theta: Array) -> float:
        weights = anp.exp(theta - anp.max(theta, axis=1, keepdims=True))
        pi = weights / anp.sum(weights, axis=1, keepdims=True)
        p_pi, r_pi = anp.einsum("sa,sat->st", pi, p), anp.sum(pi * r, axis=1)
        return anp.dot(rho_0, anp.linalg.solve(identity - mdp.gamma * p_pi, r_pi))

    return autograd.value_and_grad(J)


def times(
    ways: Mapping[str, Callable[[], object]], rounds: int, each: int, timer: Callable[[], float] = perf_counter
) -> dict[str, float]:
    """Median seconds of each way: they take turns of `each` calls, after one that is not timed and warms the caches."""
    turns: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            way()
            turns[name].append(timeit(way, number=each, timer=timer) / each)
    return {name: median(turn) for name, turn in turns.items()}


def run(quick: bool = False) -> list[Row]:
    """The ratios on 4×4 and 8×8, slippery, γ = 0.99, at a random θ."""
    return measure("4x4", 8, quick) + measure("8x8", 3, quick)


def measure(size: str, bound: float, quick: bool) -> list[Row]:
    """The three ratios on one map; ours to a bare solve should be at most `bound`."""
    mdp = frozen_lake(map_name=size)
    theta = np.random.default_rng(0).standard_normal((mdp.S, mdp.A))
    matrix, by_autograd = system(mdp, tabular_softmax(theta)), automatic(mdp)
    one_by_one = {
        "solve": lambda: np.linalg.solve(matrix, mdp.rho_0),
        "ours": lambda: ours(mdp, theta),
        "autograd": lambda: by_autograd(theta),
    }
    differences = {
        "ours": one_by_one["ours"],
        "differences": lambda: finite_differences(lambda t: objective(mdp, tabular_softmax(t)), theta),
    }
    fast = times(one_by_one, rounds=20 if quick else 100, each=20)
    slow = times(differences, rounds=3 if quick else 9, each=1)
    return [
        Row(f"{size}: J and ∇J, exact, to one bare solve", fast["ours"] / fast["solve"], bound, True),
        Row(f"{size}: autograd to ours", fast["autograd"] / fast["ours"], 3, False),
        Row(f"{size}: finite differences to ours", slow["differences"] / slow["ours"], 3, False),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
