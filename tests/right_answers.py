"""A right answer to each exercise, and how its check is asked: the notebooks' own arguments or some like them.

The tests of a later notebook bring theirs along: RIGHT = {"name": Asked(check_name, solved)}.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import pgcourse.exercises as course
from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.exercises import Verdict
from pgcourse.lqr import LQR, with_constant
from pgcourse.policy import Policy, softmax, tabular_softmax

LAKE, DRY, TRAP = zoo.frozen_lake(), zoo.frozen_lake(slippery=False), zoo.value_iteration_trap()
PHI = zoo.lake_features()
PI = softmax(PHI, np.array([1.0, 3.0]))
SLOPE_PI = tabular_softmax(np.random.default_rng(0).normal(size=(16, 4)))
TWO_SIDED = with_constant(LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=-2, Sigma_0=0.1, gamma=0.9))
WORLD = zoo.stop_or_go_on()
TABLE = np.zeros((3, 2, 2))
TABLE[[0, 1], 0] = np.eye(2)


def compute_lab(parameters: str, rho_share: float, q_kind: str, q_share: float, preferences: Any) -> dict[str, Any]:
    """Notebook 05's laboratory, as far as the check looks at it."""
    pi = softmax(TABLE, preferences)
    _, q_pi, rho_pi, _ = exact(WORLD, pi)
    q_old = exact(WORLD, softmax(TABLE, [0, 3])).q_pi
    return {"pi": pi, "rho": rho_pi, "q": (1 - q_share) * q_pi + q_share * q_old}


class Asked(NamedTuple):
    """An exercise: its check with one argument, and what is right."""

    check: Callable[[Any], Verdict]
    right: Any
    pure: bool = False  # a function that must not write into its arguments


def bellman_operator(pi: Policy, p: Any, r: Any, gamma: float, q: Any) -> Any:
    return r + gamma * p @ (pi @ q)


def occupancy(rho_0: Any, p_pi: Any, gamma: float) -> Any:
    return np.linalg.solve((np.eye(len(rho_0)) - gamma * p_pi).T, rho_0)


def gradient_operator(grad_v: Any, mdp: Any, pi: Policy, q_pi: Any, grad_pi: Any) -> Any:
    return np.einsum("sa,sad->sd", q_pi, grad_pi) + mdp.gamma * (pi @ mdp.p) @ grad_v


def fixed_point(operator: Any, grad_v: Any, tolerance: float) -> Any:
    while np.abs((new := operator(grad_v)) - grad_v).max() > tolerance:
        grad_v = new
    return grad_v


def state_sampler(mdp: Any, pi: Policy, rng: Any) -> Any:
    s = rng.choice(mdp.S, p=mdp.rho_0)
    while rng.random() < mdp.gamma and not mdp.absorbing[s]:
        s = rng.choice(mdp.S, p=mdp.p[s, rng.choice(mdp.A, p=pi.probs[s])])
    return s


def reward_to_go(rewards: Any, gamma: float) -> Any:
    G = np.zeros(len(rewards) + 1)
    for t in reversed(range(len(rewards))):
        G[t] = rewards[t] + gamma * G[t + 1]
    return G[:-1]


def gae(delta: Any, gamma: float, lam: float, ended: Any) -> Any:
    A, after = np.zeros(len(delta)), 0.0
    for t in reversed(range(len(delta))):
        A[t] = after = delta[t] + gamma * lam * (not ended[t]) * after
    return A


def step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w):  # type: ignore[no-untyped-def]
    delta = r + gamma * (0 if terminated else w[s_next]) - w[s]
    new_w = w.copy()
    new_w[s] += alpha_w * delta
    return theta + alpha * discount * delta * score, new_w


def inner_product(rho: Any, rho_pi: Any, pi: Policy, A: Any) -> Any:
    return rho * rho_pi @ (pi.probs**2 * A**2).sum(axis=1)


def baseline(G: Any, scores: Any) -> Any:
    size = (scores**2).sum(axis=1)
    return (size * G).sum() / size.sum()


FUNCTIONS = {
    "table": Asked(course.check_table, lambda theta: np.column_stack([theta, 1 - theta.sum(axis=1)])),
    "bellman_operator": Asked(course.check_bellman_operator, bellman_operator, pure=True),
    "occupancy": Asked(course.check_occupancy, occupancy),
    "gradient_operator": Asked(course.check_gradient_operator, gradient_operator, pure=True),
    "fixed_point": Asked(course.check_fixed_point, fixed_point, pure=True),
    "state_sampler": Asked(course.check_state_sampler, state_sampler),
    "inner_product": Asked(course.check_inner_product, inner_product),
    "dpg": Asked(
        course.check_dpg, lambda K, P, Sigma, A, B, R, gamma: -2 * (R * K + gamma * B * P * (A + B * K)) * Sigma
    ),
    "compatible": Asked(course.check_compatible, lambda features, slopes: np.linalg.lstsq(features, slopes)[0]),
    "reward_to_go": Asked(course.check_reward_to_go, reward_to_go),
    "baseline": Asked(course.check_baseline, baseline),
    "weights": Asked(course.check_weights, lambda r, gamma: gamma ** np.arange(len(r)) * reward_to_go(r, gamma)),
    "td": Asked(
        course.check_td, lambda r, v, v_next, terminated, truncated, gamma: r + gamma * v_next * ~terminated - v
    ),
    "step": Asked(course.check_step, step),
    "gae": Asked(course.check_gae, gae),
}
NUMBERS = {  # a number
    "best_p": Asked(course.check_best_p, 2 - 2**0.5),
    "parameter_count": Asked(course.check_parameter_count, 48),
    "constant": Asked(lambda answer: course.check_constant(answer, gamma=0.95), 20),
    "border": Asked(lambda answer: course.check_border(1, answer), 0),
    "best_baseline": Asked(lambda answer: course.check_best_baseline(answer, p=0.8, q=(2, -1)), -0.4),
}
ARRAYS = {  # an array of numbers
    "dominating_start": Asked(lambda answer: course.check_dominating_start(answer, DRY), np.full(16, 1 / 16)),
    "gradient_signs": Asked(course.check_gradient_signs, np.array([-1.0, 1.0, 1.0, 1.0])),
    "downhill_weights": Asked(
        lambda answer: course.check_downhill_weights(answer, LAKE, PI, PHI), np.isin(np.arange(16), [0, 2, 14]) * 1.0
    ),
    "downhill": Asked(
        lambda answer: course.check_downhill(answer, TWO_SIDED, [-0.9, -1.0], 0.3), np.array([-0.9, 2.0])
    ),
}
TABLES = {  # a dictionary
    "reasons": Asked(course.check_reasons, {2: "D", 3: "E", 4: "C", 5: "A", 6: "B"}),
    "critics": Asked(
        course.check_critics,
        dict(
            zip(
                "ABCDEFGH",
                ["exact", "direction", "neither", "neither", "exact", "neither", "exact", "neither"],
                strict=True,
            )
        ),
    ),
    "statements": Asked(
        course.check_statements,
        {1: (True, "D"), 2: (False, "F"), 3: (False, "B"), 4: (False, "A"), 5: (False, "E"), 6: (True, "C")},
    ),
    "spread": Asked(course.check_spread, {"q": -1, "q - v": 0, "slope": 1}),
    "crossing": Asked(course.check_crossing, {"last reward 0": 1, "cut at 300": 0, "P(right) clipped": 0}),
    "biased": Asked(course.check_biased, dict(zip("ABCDEF", [False, True, True, False, False, False], strict=True))),
    "tradeoff": Asked(
        course.check_tradeoff,
        {
            "bias, λ rises": "down",
            "spread, λ rises": "up",
            "bias at λ = 0, critic improves": "down",
            "bias at λ = 1, critic improves": "same",
        },
    ),
}
OTHERS = {
    "worse_greedy": Asked(course.check_worse_greedy, type(TRAP)(TRAP.p, TRAP.r, 0.85, TRAP.rho_0)),
    "occupancy_proof": Asked(course.check_occupancy_proof, "BDAC"),
    "lagging_critic": Asked(
        lambda answer: course.check_lagging_critic(answer, compute_lab),
        {"parameters": "table", "rho_share": 0.0, "q_kind": "a lagging critic", "q_share": 1.0,
         "preferences": (0.0, -3.0)},
    ),
    "zero_states": Asked(
        lambda answer: course.check_zero_states(answer, DRY, SLOPE_PI, asked=()), {(5, 2): list(range(16))}
    ),
    "silent_bug": Asked(course.check_silent_bug, "B"),
    "biased_update": Asked(course.check_biased_update, "B"),
}  # fmt: skip


def brought_along() -> dict[str, Asked]:
    """The RIGHT of the tests of notebooks."""
    found: dict[str, Asked] = {}
    for path in sorted((Path(__file__).parent / "exercises").glob("test_nb*.py")):
        if "\nRIGHT = " in path.read_text(encoding="utf-8"):
            found |= runpy.run_path(str(path))["RIGHT"]
    return found


for name, asked in brought_along().items():
    kinds = (dict, TABLES), (np.ndarray, ARRAYS), (int | float, NUMBERS)
    own = (
        FUNCTIONS if callable(asked.right) else next((k for kind, k in kinds if isinstance(asked.right, kind)), OTHERS)
    )
    own[name] = Asked(*asked)
ALL = FUNCTIONS | NUMBERS | ARRAYS | TABLES | OTHERS
