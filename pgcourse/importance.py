"""What importance weights do to an estimate of ∇J, exactly: all trajectories of H steps of a small MDP are enumerated.

    u_t = π(a_t|s_t) / b(a_t|s_t),   W_t = u_0 u_1 … u_t           actions are drawn from b, ∇J is that of π
    ĝ   = Σ_t γᵗ ∇log π(a_t|s_t) Σ_{k≥t} γ^{k−t} w_tk r_k           off_policy_estimates

    w_tk = 1 "none" · u_t "the action's" · W_t "up to t" · W_k "per decision" · W_{H−1} "whole"
    "whole, all rewards" is W_{H−1} G_0 Σ_t ∇log π, without the sum from k = t on

W_k and W_{H−1} give the mean ∇J_H; the others do not, in general (Precup, Sutton & Singh 2000; Degris et al. 2012).
1 / E_b[W²] is the share of the samples that counts: effective_share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pgcourse.arrays import LARGEST, Array, real_array, whole
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy
from pgcourse.trajectories import Indices, Mask

WEIGHTS = "none", "the action's", "up to t", "per decision", "whole", "whole, all rewards"
MOST = 1_000_000  # steps of all trajectories together


@dataclass(frozen=True, eq=False)
class PathTable:
    """All M ways through H steps: states s and actions a (M, H), and how probable the world makes each, p (M,).

    The probability of a path under π is p Π_t π(a_t|s_t). In an absorbing state only action 0 is listed.
    """

    s: Indices
    a: Indices
    p: Array
    live: Mask  # (M, H): the process is not over


def all_paths(mdp: FiniteMDP, H: int) -> PathTable:
    """Every path of H steps that the MDP may take. ValueError if they are too many to list."""
    (s,) = np.nonzero(mdp.rho_0)
    p = mdp.rho_0[s]
    states: list[Indices] = []
    actions: list[Indices] = []
    choices = ~mdp.absorbing[:, None] | (np.arange(mdp.A) == 0)
    ways = np.count_nonzero(mdp.p, axis=2)
    too_many = f"H is {H}: {mdp.name} has more paths than can be listed, expected a smaller H or MDP"
    for t in range(whole("H", H)):
        if choices.sum(axis=1)[s].sum() * (t + 1) > MOST:
            raise ValueError(too_many)
        row, a = np.nonzero(choices[s])
        states, actions, p, s = [x[row] for x in [*states, s]], [*(x[row] for x in actions), a], p[row], s[row]
        if t + 1 < H:
            if ways[s, a].sum() * (t + 2) > MOST:
                raise ValueError(too_many)
            row, after = np.nonzero(mdp.p[s, a])
            p = p[row] * mdp.p[s[row], a[row], after]
            states, actions, s = [x[row] for x in states], [x[row] for x in actions], after
    s, a = np.column_stack(states), np.column_stack(actions)
    return PathTable(s, a, p, ~mdp.absorbing[s])


def path_ratios(paths: PathTable, pi: Policy, b: Policy) -> Array:
    """u_t = π(a_t|s_t)/b(a_t|s_t), (M, H); 1 once the process is over.

    ValueError if b never does what π does: then no weight can make up for it.
    """
    return np.where(paths.live, _ratio(pi, b)[paths.s, paths.a], 1)


def path_probabilities(paths: PathTable, b: Policy) -> Array:
    """P_b(path) = ρ₀(s_0) b(a_0|s_0) p(s_1|s_0, a_0) …, (M,): it sums to 1."""
    return paths.p * np.where(paths.live, b.probs[paths.s, paths.a], 1).prod(axis=1)


def off_policy_estimates(
    mdp: FiniteMDP, paths: PathTable, pi: Policy, b: Policy, grad_log_pi: Array, which: str
) -> Array:
    """ĝ of each path, (M, d), with one of WEIGHTS; see the module's text."""
    if which not in WEIGHTS:
        raise ValueError(f"which is {which!r}, expected one of {', '.join(map(repr, WEIGHTS))}")
    shape = *pi.probs.shape, None
    score = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, shape, ", as pi has")[paths.s, paths.a]
    score = score * paths.live[..., None]
    ratio = path_ratios(paths, pi, b)
    W, paid = ratio.cumprod(axis=1), mdp.gamma ** np.arange(paths.s.shape[1]) * mdp.r[paths.s, paths.a] * paths.live
    if which == "whole, all rewards":
        return (W[:, -1] * paid.sum(axis=1))[:, None] * score.sum(axis=1)
    if which == "per decision":
        paid = W * paid
    to_go = paid[:, ::-1].cumsum(axis=1)[:, ::-1]
    weight = {"the action's": ratio, "up to t": W, "whole": W[:, -1:]}.get(which, np.ones((1, 1)))
    return np.einsum("mt,mtd->md", weight * to_go, score)


def mean_and_variance(probabilities: Array, x: Array) -> tuple[Array, float]:
    """E[x] (d,) and E|x − E[x]|², for x (M, d) with probabilities (M,)."""
    mean = probabilities @ x
    return mean, float(probabilities @ ((x - mean) ** 2).sum(axis=1))


def effective_share(mdp: FiniteMDP, pi: Policy, b: Policy, H: int) -> float:
    """1 / E_b[W²] of W = W_{H−1}, between 0 and 1: of N trajectories from b so many N count as from π (Kong 1992).

    m_t = π (π/b · p m_{t+1}), m_H = 1, is the mean of the square from s on: no path is listed.
    """
    ratio, m = _ratio(pi, b), np.ones(mdp.S)

    def before(m: Array) -> Array:
        return pi @ (ratio * (mdp.p @ m))

    with np.errstate(over="ignore"):  # ∞: the share is 0 for floats
        for _ in range(whole("H", H)):
            beyond = np.isinf(m)  # by themselves: 0 · ∞ would be no number
            m = np.where(before(beyond) > 0, np.inf, before(np.where(beyond, 0, m)))
            m[mdp.absorbing] = 1
    beyond = np.isinf(m)
    return 0.0 if mdp.rho_0[beyond].any() else 1 / float(mdp.rho_0 @ np.where(beyond, 0, m))


def _ratio(pi: Policy, b: Policy) -> Array:
    """π/b, (S, A); where neither does a it is 0."""
    if b.probs.shape != pi.probs.shape:
        raise ValueError(f"b has shape {b.probs.shape}, expected (S, A) = {pi.probs.shape}, as pi has")
    if (missed := (b.probs == 0) & (pi.probs > 0)).any():
        s, a = np.argwhere(missed)[0]
        raise ValueError(f"b[s={s}, a={a}] is 0 where pi is {pi.probs[s, a]:.4g}, expected b > 0 wherever pi > 0")
    return np.divide(pi.probs, b.probs, out=np.zeros_like(pi.probs), where=b.probs > 0)
