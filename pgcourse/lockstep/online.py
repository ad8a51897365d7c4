"""Actor-critic methods that learn at every step, as generators: a `next` is one step of all lanes and yields a `Run`.

    δ = r + γ wᵀx(s') − wᵀx(s)                           wᵀx(s') is left out where the process is over
    w ← w + α_w δ z_w,       z_w ← γ λ_w z_w + x(s)
    θ ← θ + α δ z,           z ← γ λ z + γᵗ ∇log π(a|s)   actor_critic_runs; λ = λ_w = 0 is the one-step method

    u ← u + α_u γᵗ (δ − uᵀ∇log π) ∇log π                  natural_runs: u is a compatible critic's weights,
    θ ← θ + α u                                           and on its way to F⁻¹∇J, the natural gradient

Seeds, stopping and going on are as in `monte_carlo` and `lanes`. Episodes of different lanes end at different times: a
lane whose episode is over begins the next one at its next step. A time limit ends an episode too, but there the
critic's wᵀx(s') stands in for what was not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._alias import joint_table
from pgcourse.arrays import Array, number, whole
from pgcourse.lockstep.lanes import Lanes, Run, check_finite, keep
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import probabilities
from pgcourse.sampling import check_starts
from pgcourse.trajectories import Indices, Mask

AHEAD = 256  # steps whose random numbers each lane draws at once


class _Learner:
    """What K lanes have learnt so far. `learn` makes new arrays and leaves the old ones as they were yielded."""

    def __init__(self, lanes: Lanes, alpha: ArrayLike, alpha_w: ArrayLike) -> None:
        self.theta, self.w = lanes.theta, lanes.w
        self.u = np.zeros((len(lanes.seeds), 0))
        self.alpha, self.alpha_w = lanes.each("alpha", alpha)[:, None], lanes.each("alpha_w", alpha_w)[:, None]

    def learn(self, delta: Array, score: Array, x: Array, discount: Array) -> None:
        """One step of θ and w in all K lanes, from δ (K,), ∇log π (K, d), x (K, m) and γᵗ (K,): each learner's own."""
        raise NotImplementedError

    def begin(self, ended: Mask) -> None:
        """Forget what belongs to the episodes that have ended."""


class _Traces(_Learner):
    def __init__(self, lanes: Lanes, alpha: ArrayLike, alpha_w: ArrayLike, decay: float, decay_w: float) -> None:
        super().__init__(lanes, alpha, alpha_w)
        self.decay, self.decay_w = decay, decay_w
        self.z, self.z_w = np.zeros_like(self.theta), np.zeros_like(self.w)

    def learn(self, delta: Array, score: Array, x: Array, discount: Array) -> None:
        self.z_w = self.decay_w * self.z_w + x
        self.z = self.decay * self.z + discount[:, None] * score
        self.w = self.w + self.alpha_w * delta[:, None] * self.z_w
        self.theta = self.theta + self.alpha * delta[:, None] * self.z

    def begin(self, ended: Mask) -> None:
        self.z[ended] = self.z_w[ended] = 0


class _Natural(_Learner):
    def __init__(self, lanes: Lanes, alpha: ArrayLike, alpha_w: ArrayLike, alpha_u: ArrayLike) -> None:
        super().__init__(lanes, alpha, alpha_w)
        self.alpha_u, self.u = lanes.each("alpha_u", alpha_u), np.zeros_like(self.theta)

    def learn(self, delta: Array, score: Array, x: Array, discount: Array) -> None:
        error = delta - np.einsum("kd,kd->k", self.u, score)
        self.w = self.w + self.alpha_w * delta[:, None] * x
        self.u = self.u + (self.alpha_u * discount * error)[:, None] * score
        self.theta = self.theta + self.alpha * self.u


def actor_critic_runs(
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
    lam: float = 0.0,
    lam_w: float = 0.0,
) -> Generator[Run, None, None]:
    """Actor-critic with eligibility traces; with λ = λ_w = 0, as it stands, the one-step actor-critic.

    φ (S, A, d), x (S, m); θ (d,) or (K, d), w (m,) or (K, m); α and α_w a number or (K,). For a table v, x is the
    identity. With λ = λ_w = 1 and small steps it does what REINFORCE with baseline does, without waiting for the end.
    Sutton & Barto, 2nd ed., section 13.5: both boxes.
    """
    lanes = Lanes.of(mdp, phi, theta, seeds, x, w)
    lam, lam_w = number("lam", lam, 0, 1), number("lam_w", lam_w, 0, 1)
    learner = _Traces(lanes, alpha, alpha_w, mdp.gamma * lam, mdp.gamma * lam_w)
    return _steps(lanes, learner, whole("horizon", horizon))


def natural_runs(
    mdp: FiniteMDP,
    phi: ArrayLike,
    theta: ArrayLike,
    *,
    alpha: ArrayLike,
    seeds: Sequence[int],
    horizon: int,
    x: ArrayLike,
    alpha_w: ArrayLike,
    alpha_u: ArrayLike,
    w: ArrayLike | None = None,
) -> Generator[Run, None, None]:
    """Natural actor-critic: θ goes along u, the weights of a compatible critic of the advantage, uᵀ∇log π(a|s).

    At a fixed θ, and with w such that v = v^π, the mean of u's update vanishes where F u = ∇J, with
    F = ρ^π π (∇log π ∇log πᵀ): u is the natural gradient (Kakade 2001). So θ must be slower than both, α ≪ α_u and
    α ≪ α_w; of u and w either may be the faster one. After Bhatnagar et al. 2009, algorithm 3, with discounts and the
    γᵗ of ρ^π.
    """
    lanes = Lanes.of(mdp, phi, theta, seeds, x, w)
    return _steps(lanes, _Natural(lanes, alpha, alpha_w, alpha_u), whole("horizon", horizon))


def _steps(lanes: Lanes, learner: _Learner, horizon: int) -> Generator[Run, None, None]:
    check_starts(lanes.mdp)
    return _run(lanes, learner, horizon)


def _run(lanes: Lanes, learner: _Learner, horizon: int) -> Generator[Run, None, None]:
    mdp, phi, K = lanes.mdp, lanes.phi, len(lanes.seeds)
    x, every = np.where(mdp.absorbing[:, None], 0, lanes.x), np.arange(K)
    step, start = _kernel(mdp), _starts(mdp)
    numbers = _numbers(lanes)
    s, age, earned, discount = start(next(numbers)[2]), np.zeros(K, dtype=int), np.zeros(K), np.ones(K)
    returns, length, truncated = np.full(K, np.nan), np.zeros(K, dtype=int), np.zeros(K, dtype=bool)
    episodes, steps = np.zeros(K, dtype=int), np.zeros(K, dtype=int)
    for u_a, u_s, u_0 in numbers:
        features = phi[s]
        pi = probabilities(np.einsum("kad,kd->ka", features, learner.theta))
        below = pi.cumsum(axis=1)
        a = (below <= (u_a * below[:, -1])[:, None]).sum(axis=1)
        score = features[every, a] - np.einsum("ka,kad->kd", pi, features)
        r, s_next, over = step(s, a, u_s)

        v, v_next = (np.einsum("km,km->k", x[at], learner.w) for at in (s, s_next))
        learner.learn(r + mdp.gamma * v_next - v, score, x[s], discount)
        for field in ("w", "u", "theta"):  # θ last, which the others make what it is
            check_finite(field, getattr(learner, field), int(steps[0]) + 1, lanes.seeds)

        earned, discount, age, steps = earned + discount * r, discount * mdp.gamma, age + 1, steps + 1
        ended = over | (age >= horizon)
        if ended.any():
            returns, length = np.where(ended, earned, returns), np.where(ended, age, length)
            truncated, episodes = np.where(ended, ~over, truncated), episodes + ended
            s_next = np.where(ended, start(u_0), s_next)
            age, earned, discount = np.where(ended, 0, age), np.where(ended, 0, earned), np.where(ended, 1, discount)
            learner.begin(ended)
        s = s_next
        yield keep(Run(learner.theta, learner.w, learner.u, returns, length, truncated, episodes, steps))


def _numbers(lanes: Lanes) -> Iterator[Array]:
    """Three uniform numbers for each lane, (3, K), step after step: a lane's are its own generator's."""
    while True:
        yield from np.array([rng.random((AHEAD, 3)) for rng in lanes.rngs]).transpose(1, 2, 0)


def _kernel(mdp: FiniteMDP) -> Callable[[Indices, Indices, Array], tuple[Array, Indices, Mask]]:
    """(s, a, u) → r, s', and whether it is over: the joint draws of the A policies that always do the same."""
    always = np.broadcast_to(np.eye(mdp.A)[:, None], (mdp.A, mdp.S, mdp.A))
    table = joint_table(mdp, always)

    def step(s: Indices, a: Indices, u: Array) -> tuple[Array, Indices, Mask]:
        cell = table.draw(table.first[mdp.S * a + s], u.copy())
        _, _, r, s_next = table.transitions(cell)
        return r, s_next, table.over[cell]

    return step


def _starts(mdp: FiniteMDP) -> Callable[[Array], Indices]:
    below = mdp.rho_0.cumsum()
    return lambda u: np.searchsorted(below, u * below[-1], side="right")
