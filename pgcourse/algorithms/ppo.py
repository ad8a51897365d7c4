"""PPO: many small steps from one batch, as long as the policy stays near the one that drew it (Schulman et al. 2017).

    r_n(θ) = π_θ(a_n|s_n) / π_old(a_n|s_n)                                        the ratio, 1 at first
    θ climbs  E[min(r_n A_n, clip(r_n, 1−ε, 1+ε) A_n)] + β E[H(π_θ(s_n))]         L^CLIP: clipped_weights
    w climbs  −½ E[(v_w(s_n) − G_n)²],   G_n = v_old(s_n) + A_n                   the critic; A_n is GAE(λ), kept

One batch is n steps of each of the N environments, whose actions are discrete or a Box. It is passed through `epochs`
times, in minibatches in random order; then it is thrown away. What is drawn outside of a Box is clipped for the
environment, and scored as it was drawn. At a time limit the critic stands in for what was not seen. arXiv 1707.06347.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pgcourse.algorithms.actor_critic import (
    ActorCritic,
    advantages,
    after,
    begin,
    check_minibatch,
    learning,
    minibatches,
    normalised,
)
from pgcourse.algorithms.optimisers import FRESH, Memory, adam, shortened
from pgcourse.algorithms.policies import NetworkPolicy
from pgcourse.algorithms.settings import layers, or_default, set_checked, switch
from pgcourse.arrays import Array, finite, frozen, number, whole
from pgcourse.surrogate import is_outside
from pgcourse.trajectories import Stream


@dataclass(frozen=True)
class Settings:
    """What PPO needs to be told. As they stand: Pendulum-v1 to −200, with 8 environments. CARTPOLE is for CartPole-v1.

    Raises ValueError naming the field, its value and what was expected.
    """

    n: int = 256  # steps of each environment in a batch
    gamma: float = 0.9  # Pendulum: a horizon of 10 steps; 0.99 learns far more slowly
    lam: float = 0.95
    epsilon: float = 0.2  # how far r may go before its pair counts no more; ∞ clips nothing
    epochs: int = 10
    minibatch: int = 128  # at most; all are about equally long
    hidden: tuple[int, ...] = (32, 32)  # of both networks
    alpha: float = 3e-3
    beta: float = 0.0  # weight of the entropy
    most: float = 0.5  # a longer gradient is shortened to this
    last: float = 0.01  # size of the policy's last layer: at first it does almost the same in all states
    log_sigma: float = 0.0  # of a Gaussian policy at first, in half-widths of the Box
    unit: float = 1.0  # of the critic's outputs
    normalise: bool = True  # A − mean, over its deviation, in each minibatch: `most` and β then have no unit
    bootstrap: bool = True  # v at a time limit; without it the limit counts as an end

    def __post_init__(self) -> None:
        set_checked(self, layers, ["hidden"])
        set_checked(self, whole, ["n", "epochs", "minibatch"])
        set_checked(self, number, ["gamma", "lam"], 0, 1)
        set_checked(self, number, ["alpha", "last"], 0)
        set_checked(self, number, ["epsilon", "most"], above=0, limit=True)
        set_checked(self, number, ["unit"], above=0)
        set_checked(self, number, ["beta", "log_sigma"])
        set_checked(self, switch, ["normalise", "bootstrap"])
        if self.normalise and self.minibatch < 3:  # in a batch of 3 steps, one of 2 leaves 1
            raise ValueError(f"minibatch is {self.minibatch}, expected ≥ 3 to normalise A: one number has no deviation")


CARTPOLE = Settings(64, 0.99, epochs=6, minibatch=64, hidden=(64, 64), alpha=1e-3, unit=10.0)  # 8 environments, too


@dataclass(frozen=True, eq=False)
class Learner(ActorCritic):
    """All that PPO knows after `updates` batches; nothing in it changes."""

    memory: Memory = FRESH  # of Adam, for θ and w as one array
    entropy: float = np.nan  # mean H(π(s)) over this batch's minibatches
    outside: float = np.nan  # share of this batch's ratios that are outside 1 ± ε at the end


def clipped_weights(r: Array, A: Array, epsilon: float) -> Array:
    """w with ∇ min(r A, clip(r, 1−ε, 1+ε) A) = w ∇log π: r A, or 0 where the clip has made the minimum flat.

    It is flat where r has gone the way A sends it, by more than ε. Where r is outside on the other side it is not.
    """
    rA = r * A
    return np.where(np.minimum(np.maximum(r, 1 - epsilon), 1 + epsilon) * A < rA, 0.0, rA)


def train(
    env: Any, settings: Settings | None = None, seed: int = 0, policy: NetworkPolicy | None = None
) -> Iterator[Learner]:
    """PPO on a Gymnasium environment, vectorised or not, with Box observations and Discrete or Box actions; no end.

    Each `next` is one batch. The environment is checked and reset at once, with a seed from `seed`: the same seed is
    the same run. To stop, ask no more. `policy`, if given, is the one to begin with. TypeError naming the space if one
    is not supported; ValueError, naming the place, if a reward or an observation is not finite. What was yielded stays.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    learner, batches = begin(Learner, env, settings, rng, policy)
    return learning(learner, batches, partial(update, settings=settings, rng=rng))


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Stream, settings: Settings, rng: np.random.Generator) -> Learner:
    """The learner after one more batch (N, n): A and G once, then `epochs` passes of steps of θ and w."""
    policy, critic, w = learner.policy, learner.critic, learner.w
    check_minibatch(settings.minibatch, batch)
    if not batch.valid.any():  # all lanes were reset: nothing to learn from
        return after(learner, batch, entropy=np.nan, outside=np.nan)
    if not settings.bootstrap:
        batch = replace(batch, terminated=batch.ended, truncated=np.zeros_like(batch.ended))
    s, a, A, G = advantages(learner, batch, settings.gamma, settings.lam)
    log_pi_old = policy.log_prob(s, a)  # once, before any step: recomputed later, all ratios would be 1
    both, memory, d, entropies = np.append(policy.theta, w), learner.memory, len(policy.theta), []
    for _ in range(settings.epochs):
        for s_m, a_m, old, A_m, G_m in minibatches(rng, settings.minibatch, s, a, log_pi_old, A, G[:, None]):
            m, A_m = len(s_m), normalised(A_m) if settings.normalise else A_m

            def weights(log_pi: Array, old: Array = old, A: Array = A_m) -> Array:
                return clipped_weights(np.exp(log_pi - old), A, settings.epsilon) / len(A)

            g, entropy = policy.gradient_of_rows(s_m, a_m, weights, settings.beta / m)
            h = critic.forward(w, s_m)
            g_w = critic.backward(w, h, (G_m - h[-1]) / m)
            g_both = np.concatenate([shortened(g, settings.most), shortened(g_w, settings.most)])
            step, memory = adam(g_both, memory, epsilon=1e-5)  # once for θ and w: half as many operations
            step *= settings.alpha
            both = np.add(both, step, out=step)  # θ, w ← θ, w + α step, in memory that is there
            policy, w = replace(policy, theta=both[:d]), both[d:]
            entropies.append(entropy)
    finite(both, "theta or w", alpha=settings.alpha, advantages=A)
    r = np.exp(policy.log_prob(s, a) - log_pi_old)
    return after(
        learner,
        batch,
        policy=replace(policy, theta=frozen(policy.theta)),
        w=frozen(w),
        memory=memory,
        entropy=float(np.concatenate(entropies).mean()),
        outside=float(np.mean(is_outside(r, settings.epsilon))),
    )
