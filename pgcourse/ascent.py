"""Gradient ascent on J as generators: each `next` is one update, and yields an immutable state.

    θ ← θ + α ∇J(θ)                                      exact_ascent
    θ ← θ + α ĝ(θ)                                       stochastic_ascent, for any estimate ĝ
    θ ← θ + α γᵗ G_t ∇log π(a_t|s_t)                     reinforce
    θ ← θ + α γᵗ (G_t − wᵀx(s_t)) ∇log π(a_t|s_t), w …   reinforce_with_baseline

A loop, a test, a progress bar and an animation ask for states alike, and to stop is to ask no more: every state in hand
is kept, the generator goes on when asked again, and a new one with the same seeds lives the same again. From a state's
θ and w, with other seeds, a new one goes on from there.

The last two run K seeds at once, in lockstep, one episode of each at a time: see `lanes`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.alias import joint_table
from pgcourse.bellman import exact
from pgcourse.gradients import policy_gradient
from pgcourse.lanes import Lanes, Run, check_finite, keep
from pgcourse.mdp import Array, FiniteMDP, frozen, real_array
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.sampling import whole
from pgcourse.trajectories import Indices, Mask

FIRST = 32  # steps whose random numbers are drawn at once at the start of an episode; then as many as it has had


class Climb(NamedTuple):
    """After one update of one θ: θ (d,), the gradient or estimate that led there (d,), and how many updates so far."""

    theta: Array
    grad_J: Array
    updates: int


def exact_ascent(mdp: FiniteMDP, phi: ArrayLike, theta: ArrayLike, alpha: float) -> Generator[Climb, None, None]:
    """θ ← θ + α ∇J(θ), with the exact gradient of the softmax with features φ (S, A, d), from θ (d,)."""
    phi = real_array("phi", phi, "S A d")

    def gradient(theta: Array) -> Array:
        pi = softmax(phi, theta)
        _, q_pi, rho_pi, _ = exact(mdp, pi)
        return policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))

    return _climb(lambda theta, _: gradient(theta), real_array("theta", theta, "d"), alpha, None)


def stochastic_ascent(
    estimate: Callable[[Array, np.random.Generator], Array], theta: ArrayLike, alpha: float, seed: int
) -> Generator[Climb, None, None]:
    """θ ← θ + α ĝ(θ), with ĝ = estimate(theta, rng), of the shape of θ (d,): the chapter's policy gradient method."""
    return _climb(estimate, real_array("theta", theta, "d"), alpha, np.random.default_rng(seed))


def _climb(estimate: Callable[..., Array], theta: Array, alpha: float, rng: object) -> Generator[Climb, None, None]:
    updates = 0
    while True:
        grad_J = np.asarray(estimate(theta, rng), dtype=float)
        if grad_J.shape != theta.shape:
            raise ValueError(f"the estimate has shape {grad_J.shape}, expected {theta.shape}, as theta has")
        theta, updates = theta + alpha * grad_J, updates + 1
        check_finite("theta", theta[None], [0], updates)
        yield Climb(frozen(theta), frozen(grad_J), updates)


def reinforce(
    mdp: FiniteMDP, phi: ArrayLike, theta: ArrayLike, alpha: ArrayLike, seeds: Sequence[int], horizon: int
) -> Generator[Run, None, None]:
    """REINFORCE, one episode an update: θ ← θ + α γᵗ G_t ∇log π(a_t|s_t), t = 0, 1, … with the θ of that moment.

    φ (S, A, d); θ (d,) or (K, d); α a number or (K,). Nothing is clipped. An episode that has not ended after `horizon`
    steps is cut there, and `truncated` says so: G_t is then what was seen. Near a deterministic policy an episode may
    never end, and one whose returns are huge may lead there: choose a horizon, and look at `truncated`.
    Sutton & Barto, 2nd ed., section 13.3.
    """
    return reinforce_with_baseline(mdp, phi, theta, alpha, seeds, horizon, np.zeros((mdp.S, 1)), 0.0, None)


def reinforce_with_baseline(
    mdp: FiniteMDP,
    phi: ArrayLike,
    theta: ArrayLike,
    alpha: ArrayLike,
    seeds: Sequence[int],
    horizon: int,
    x: ArrayLike,
    alpha_w: ArrayLike,
    w: ArrayLike | None = None,
) -> Generator[Run, None, None]:
    """δ = G_t − wᵀx(s_t);  w ← w + α_w δ x(s_t);  θ ← θ + α γᵗ δ ∇log π(a_t|s_t), for t = 0, 1, … of each episode.

    As `reinforce`, with a learned baseline of features x (S, m) and weights w (m,) or (K, m), 0 unless given.
    Sutton & Barto, 2nd ed., section 13.4.
    """
    lanes = Lanes.of(mdp, phi, theta, seeds, x, w)
    return _episodes(lanes, lanes.each("alpha", alpha), lanes.each("alpha_w", alpha_w), whole("horizon", horizon))


def _episodes(lanes: Lanes, alpha: Array, alpha_w: Array, horizon: int) -> Generator[Run, None, None]:
    theta, w, steps = lanes.theta, lanes.w, np.zeros(len(lanes.seeds), dtype=int)
    episodes = 0
    while True:
        lived = _live(lanes, theta, horizon)
        theta, w = _update(lanes, lived, theta, w, alpha, alpha_w)
        steps, episodes = steps + lived.length, episodes + 1
        check_finite("theta", theta, lanes.seeds, episodes)
        check_finite("w", w, lanes.seeds, episodes)
        ended, none = np.full(len(steps), episodes), np.zeros((len(steps), 0))
        yield keep(Run(theta, w, none, lived.returns, lived.length, lived.truncated, ended, steps))


class _Lived(NamedTuple):
    """One episode of each lane. Its steps are ordered by t, then by falling length: the n[t] lanes left come first."""

    length: Indices  # (K,)
    truncated: Mask  # (K,)
    returns: Array  # (K,)
    by_length: Indices  # (K,) the lanes, the longest first
    edges: list[int]  # (T+1,) where the steps of each t begin
    s: Indices  # (M,) and so on for all steps
    a: Indices
    G: Array


def _live(lanes: Lanes, theta: Array, horizon: int) -> _Lived:
    """One episode of each lane with its policy, and the returns G_t.

    Lanes that are over stay where they are until the next drawing of random numbers, when they are taken out.
    """
    mdp, K = lanes.mdp, len(theta)
    preferences = np.einsum("sad,kd->ksa", lanes.phi, theta)
    weights = np.exp(preferences - preferences.max(axis=2, keepdims=True))
    table = joint_table(mdp, weights / weights.sum(axis=2, keepdims=True))
    below = mdp.rho_0.cumsum()
    start = np.searchsorted(below, [rng.random() * below[-1] for rng in lanes.rngs], side="right")
    length = np.zeros(K, dtype=int)
    truncated = ~mdp.absorbing[start]
    lane, t, chunks = np.flatnonzero(truncated), 0, []
    row = table.first[mdp.S * lane + start[lane]]
    while len(lane) and t < horizon:
        ahead = min(max(FIRST, t), horizon - t)
        column, u = table.columns(np.array([lanes.rngs[k].random(ahead) for k in lane.tolist()]).T.copy())
        cells = np.empty_like(column)
        for i in range(ahead):
            cell = np.add(row, column[i], out=cells[i])
            cell += u[i] >= table.threshold[cell]
            row = table.next_row[cell]
        over = table.over[cells]
        ended = over[-1]
        length[lane] += np.where(ended, over.argmax(axis=0) + 1, ahead)
        truncated[lane[ended]] = False
        chunks.append((t, lane, cells))
        lane, row, t = lane[~ended], row[~ended], t + ahead

    by_length = np.argsort(-length, kind="stable")
    cell, edges = _in_order(chunks, length, by_length)
    s, a, r, _ = table.transitions(cell)
    G = r.copy()
    for now, after, end in zip(edges[-3::-1], edges[-2:0:-1], edges[:1:-1], strict=True):
        G[now : now + end - after] += mdp.gamma * G[after:end]
    returns = np.zeros(K)
    returns[by_length[: edges[1] if len(edges) > 1 else 0]] = G[: edges[1] if len(edges) > 1 else 0]
    return _Lived(length, truncated, returns, by_length, edges, s, a, G)


def _in_order(
    chunks: list[tuple[int, Indices, Indices]], length: Indices, by_length: Indices
) -> tuple[Indices, list[int]]:
    """The cells of all steps, by t and then by falling length, and where each t begins."""
    rank = np.empty(len(length), dtype=int)
    rank[by_length] = np.arange(len(length))
    found, edges = [np.zeros(0, dtype=int)], [0]
    for t, lane, cells in chunks:
        columns = np.argsort(rank[lane])
        left = np.arange(t, t + len(cells))[:, None] < length[lane[columns]]
        found.append(cells[:, columns][left])
        edges += (edges[-1] + left.sum(axis=1).cumsum()).tolist()
    T = int(length.max(initial=0))
    return np.concatenate(found), edges[: T + 1]


def _update(lanes: Lanes, lived: _Lived, theta: Array, w: Array, alpha: Array, alpha_w: Array) -> tuple[Array, Array]:
    """Step after step, for all lanes that have such a step: w and θ move, and the next step sees where they moved.

    With D_b = φ(s, b) − φ(s, a) the score is ∇log π(a|s) = −Σ_b π(b|s) D_b, and π(b|s) ∝ exp θᵀD_b.
    """
    order = lived.by_length
    theta, w = theta[order], w[order]
    alpha, alpha_w = alpha[order], alpha_w[order]
    features = lanes.phi[lived.s]
    D = features - features[np.arange(len(lived.a)), lived.a][:, None]
    x, discount = lanes.x[lived.s], 1.0
    for begin, end in zip(lived.edges[:-1], lived.edges[1:], strict=True):
        n, D_t, x_t = end - begin, D[begin:end], x[begin:end]
        theta_n, w_n = theta[:n], w[:n]
        delta = lived.G[begin:end] - np.einsum("km,km->k", x_t, w_n)
        pi = np.einsum("kad,kd->ka", D_t, theta_n)
        pi -= pi.max(axis=1, keepdims=True)
        np.exp(pi, out=pi)
        pi *= (discount * alpha[:n] * delta / pi.sum(axis=1))[:, None]
        theta_n -= np.einsum("ka,kad->kd", pi, D_t)
        w_n += (alpha_w[:n] * delta)[:, None] * x_t
        discount *= lanes.mdp.gamma
    new_theta, new_w = np.empty_like(theta), np.empty_like(w)
    new_theta[order], new_w[order] = theta, w
    return new_theta, new_w
