"""Gradient ascent on J as generators: each `next` is one update, and yields an immutable state.

    θ ← θ + α γᵗ G_t ∇log π(a_t|s_t)                     reinforce_runs
    θ ← θ + α γᵗ (G_t − wᵀx(s_t)) ∇log π(a_t|s_t), w …   baseline_runs

A loop, a test, a progress bar and an animation ask for states alike, and to stop is to ask no more: every state in hand
is kept, the generator goes on when asked again, and a new one with the same seeds lives the same again. From a state's
θ and w, with other seeds, a new one goes on from there.

Both run K seeds at once, in lockstep, one episode of each at a time: see `lanes`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import Array, whole
from pgcourse.lockstep.episodes import FEW, Lived, one_episode_each
from pgcourse.lockstep.lanes import Lanes, Run, check_finite, finite_mdp, keep
from pgcourse.mdp import FiniteMDP

BLOCK, MUCH = 64, 0.1  # updates in blocks have at least so many steps, and move θ less than that


def reinforce_runs(
    mdp: FiniteMDP, phi: ArrayLike, theta: ArrayLike, *, alpha: ArrayLike, seeds: Sequence[int], horizon: int
) -> Generator[Run, None, None]:
    """REINFORCE, one episode an update: θ ← θ + α γᵗ G_t ∇log π(a_t|s_t), t = 0, 1, … with the θ of that moment.

    φ (S, A, d); θ (d,) or (K, d); α a number or (K,). Nothing is clipped. An episode that has not ended after `horizon`
    steps is cut there, and `truncated` says so: G_t is then what was seen. Near a deterministic policy an episode may
    never end, and one whose returns are huge may lead there: choose a horizon, and look at `truncated`.
    Sutton & Barto, 2nd ed., section 13.3.
    """
    return baseline_runs(
        mdp,
        phi,
        theta,
        alpha=alpha,
        seeds=seeds,
        horizon=horizon,
        x=np.zeros((finite_mdp(mdp).S, 1)),
        alpha_w=0.0,
        w=None,
    )


def baseline_runs(
    mdp: FiniteMDP,
    phi: ArrayLike,
    theta: ArrayLike,
    *,
    alpha: ArrayLike,
    seeds: Sequence[int],
    horizon: int,
    x: ArrayLike,
    alpha_w: ArrayLike,
    w: ArrayLike | None = None,
) -> Generator[Run, None, None]:
    """δ = G_t − wᵀx(s_t);  w ← w + α_w δ x(s_t);  θ ← θ + α γᵗ δ ∇log π(a_t|s_t), for t = 0, 1, … of each episode.

    As `reinforce_runs`, with a learned baseline of features x (S, m) and weights w (m,) or (K, m), 0 unless given.
    Sutton & Barto, 2nd ed., section 13.4.
    """
    lanes = Lanes.of(mdp, phi, theta, seeds, x, w)
    return _episodes(lanes, lanes.each("alpha", alpha), lanes.each("alpha_w", alpha_w), whole("horizon", horizon))


def _episodes(lanes: Lanes, alpha: Array, alpha_w: Array, horizon: int) -> Generator[Run, None, None]:
    theta, w, steps = lanes.theta, lanes.w, np.zeros(len(lanes.seeds), dtype=int)
    episodes = 0
    while True:
        lived = one_episode_each(lanes, theta, horizon)
        theta, w = _update(lanes, lived, theta, w, alpha, alpha_w)
        steps, episodes = steps + lived.length, episodes + 1
        for field, value in (("w", w), ("theta", theta)):  # θ last, which w makes what it is
            check_finite(field, value, episodes, lanes.seeds)
        ended, none = np.full(len(steps), episodes), np.zeros((len(steps), 0))
        yield keep(Run(theta, w, none, lived.returns, lived.length, lived.truncated, ended, steps))


def _update(lanes: Lanes, lived: Lived, theta: Array, w: Array, alpha: Array, alpha_w: Array) -> tuple[Array, Array]:
    """Step after step, for all lanes that have such a step: w and θ move, and the next step sees where they moved.

    Where the same few lanes have many steps to come and hardly move, those are taken in blocks: see `_settle`.
    """
    order, edges = lived.by_length, lived.edges
    theta, w = theta[order], w[order]
    steps = _Steps.of(lanes, lived, alpha[order], alpha_w[order])
    n = np.diff(edges)
    changes = [*(np.flatnonzero(np.diff(n)) + 1).tolist(), len(n)]  # where the number of lanes changes
    t, size = 0, BLOCK
    for stop in changes:
        k = n[stop - 1] if stop else 0
        while t < stop:
            end = min(t + size, stop)
            if k <= FEW and end - t >= BLOCK and _settle(steps, theta[:k], w[:k], slice(edges[t], edges[end])):
                t, size = end, 2 * size
                continue
            for begin in edges[t : min(t + BLOCK, stop)]:
                by_theta, by_w = steps.moves(theta[:k], w[:k], slice(begin, begin + k))
                theta[:k] += by_theta
                w[:k] += by_w
            t, size = min(t + BLOCK, stop), BLOCK
    new_theta, new_w = np.empty_like(theta), np.empty_like(w)
    new_theta[order], new_w[order] = theta, w
    return new_theta, new_w


def _settle(steps: _Steps, theta: Array, w: Array, block: slice) -> bool:
    """Move θ (k, d) and w (k, m) through a block of steps that each lane has; False, and nothing, if they move much.

    What θ and w are before each step is guessed, all steps are computed from the guess, and their sums are the next
    guess: each time at least one more is right, and when nothing changes any more all are, to the last digit.
    """
    (k, d), m = theta.shape, w.shape[1]
    ahead = (block.stop - block.start) // k
    thetas, ws = np.tile(theta, (ahead + 1, 1, 1)), np.tile(w, (ahead + 1, 1, 1))
    for guess in range(ahead + 1):
        by_theta, by_w = steps.moves(thetas[:-1].reshape(-1, d), ws[:-1].reshape(-1, m), block)
        next_thetas = np.concatenate([theta[None], by_theta.reshape(ahead, k, d)]).cumsum(axis=0)
        next_ws = np.concatenate([w[None], by_w.reshape(ahead, k, m)]).cumsum(axis=0)
        if guess == 0 and not np.abs(next_thetas - theta).max() < MUCH:
            return False
        settled = np.array_equal(thetas, next_thetas) and np.array_equal(ws, next_ws)
        thetas, ws = next_thetas, next_ws
        if settled:
            break
    theta[:], w[:] = thetas[-1], ws[-1]
    return True


class _Steps(NamedTuple):
    """What the M steps of an episode bring to an update, whatever θ and w are."""

    D: Array  # (M, A, d) φ(s, b) − φ(s, a)
    x: Array  # (M, m)
    G: Array  # (M,)
    alpha: Array  # (M,) α γᵗ
    alpha_w: Array  # (M, 1)

    @classmethod
    def of(cls, lanes: Lanes, lived: Lived, alpha: Array, alpha_w: Array) -> _Steps:
        edges = np.array(lived.edges)
        t = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        rank = np.arange(len(t)) - edges[t]
        features = lanes.phi[lived.s]
        D = features - features[np.arange(len(t)), lived.a][:, None]
        return cls(D, lanes.x[lived.s], lived.G, alpha[rank] * lanes.mdp.gamma**t, alpha_w[rank][:, None])

    def moves(self, theta: Array, w: Array, at: slice) -> tuple[Array, Array]:
        """δ = G − wᵀx; α γᵗ δ ∇log π(a|s) and α_w δ x, of the steps `at`, each with its own θ and w.

        ∇log π(a|s) = −Σ_b π(b|s) D_b, and π(b|s) ∝ exp θᵀD_b.
        """
        D, x = self.D[at], self.x[at]
        delta = self.G[at] - np.einsum("km,km->k", x, w)
        pi = np.einsum("kad,kd->ka", D, theta)
        pi -= pi.max(axis=1, keepdims=True)
        np.exp(pi, out=pi)
        pi *= (-self.alpha[at] * delta / pi.sum(axis=1))[:, None]
        return np.einsum("ka,kad->kd", pi, D), self.alpha_w[at] * delta[:, None] * x
