"""TRPO: along the natural gradient, as far as the policy may differ from the one that drew the batch.

    g  = E[A ∇log π_θ(a|s)]                          ∇ of  L(θ') = E[A π_θ'(a|s)/π_θ(a|s)]  at θ' = θ
    F  = E[∇log π_θ ∇log π_θᵀ]                       the Hessian of  E[KL(π_θ(·|s) ‖ π_θ'(·|s))]  at θ' = θ
    x  ≈ (F + damping)⁻¹ g                           conjugate gradients: products F u only, no matrix
    θ' = θ + κʲ √(2δ / xᵀFx) x                       line_search: the first j with L(θ') > L(θ) and KL ≤ δ, or θ' = θ
    w climbs  −½ E[(v_w(s_n) − G_n)²],   G_n = v_old(s_n) + A_n

One batch is n steps of each of the N environments, whose actions are discrete or a Box. It makes one step of θ and
`epochs` passes of steps of w, and is thrown away. A_n is GAE(λ), with mean 0 and deviation 1 over the batch; where all
A_n are equal, θ stays.
Nothing here makes sure that J rises: L and KL are estimates, and the step is far longer than any theorem allows.
Schulman et al. 2015, arXiv 1502.05477.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from pgcourse.algorithms.optimisers import FRESH, Memory, adam
from pgcourse.algorithms.policies import NetworkPolicy
from pgcourse.algorithms.settings import layers, or_default, set_checked
from pgcourse.arrays import finite, frozen, number, whole
from pgcourse.surrogate import conjugate_gradient, longest_step
from pgcourse.trajectories import Stream


@dataclass(frozen=True)
class Settings:
    """What TRPO needs to be told. As they stand: CartPole-v1 to 475, with 8 environments.

    Raises ValueError naming the field, its value and what was expected.
    """

    n: int = 128  # steps of each environment in a batch
    gamma: float = 0.99
    lam: float = 0.97
    delta: float = 0.01  # how large the mean KL may become in one step
    damping: float = 0.01  # added to F: what the batch says little about is not taken for free
    products: int = 10  # products F u for one x
    shrink: float = 0.8  # κ
    tries: int = 10  # of shorter and shorter steps; then θ stays
    hidden: tuple[int, ...] = (32,)  # of both networks
    epochs: int = 10  # passes of the critic through the batch
    minibatch: int = 128
    alpha_w: float = 3e-3
    last: float = 0.01  # size of the policy's last layer: at first it does almost the same in all states
    log_sigma: float = 0.0  # of a Gaussian policy at first, in half-widths of the Box
    unit: float = 10.0  # of the critic's outputs

    def __post_init__(self) -> None:
        set_checked(self, layers, ["hidden"])
        set_checked(self, whole, ["n", "products", "tries", "epochs", "minibatch"])
        set_checked(self, number, ["gamma", "lam"], 0, 1)
        set_checked(self, number, ["damping", "alpha_w", "last"], 0)
        set_checked(self, number, ["delta", "unit"], above=0)
        set_checked(self, number, ["shrink"], above=0, most=0.99)
        set_checked(self, number, ["log_sigma"])


@dataclass(frozen=True, eq=False)
class Learner(ActorCritic):
    """All that TRPO knows after `updates` batches; nothing in it changes."""

    memory_w: Memory = FRESH
    kl: float = np.nan  # mean KL of this batch's step
    gain: float = np.nan  # L(θ') − L(θ), in deviations of A
    shorter: int = 0  # j: how often the step was shortened; `tries` if none was taken


def line_search(
    measures: Callable[[float], tuple[float, float]], delta: float, shrink: float, tries: int
) -> tuple[int, float, float]:
    """The first j = 0, 1, … of `tries` for which the step times κʲ has L(θ') > L(θ) and KL ≤ δ: j, the gain and KL.

    `measures(c)` gives both for c times the step. If none passes, j = tries, and gain and KL are 0: no step.
    """
    for j in range(tries):
        gain, kl = measures(shrink**j)
        if gain > 0 and kl <= delta:
            return j, gain, kl
    return tries, 0.0, 0.0


def train(
    env: Any, settings: Settings | None = None, seed: int = 0, policy: NetworkPolicy | None = None
) -> Iterator[Learner]:
    """TRPO on a Gymnasium environment, vectorised or not, with Box observations and Discrete or Box actions; no end.

    Each `next` is one batch. The environment is checked and reset at once, with a seed from `seed`: the same seed is
    the same run. To stop, ask no more. `policy`, if given, is the one to begin with. TypeError naming the space if one
    is not supported; ValueError, naming the place, if a reward or an observation is not finite. What was yielded before
    stays as it is.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    learner, batches = begin(Learner, env, settings, rng, policy)
    return learning(learner, batches, partial(update, settings=settings, rng=rng))


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Stream, settings: Settings, rng: np.random.Generator) -> Learner:
    """The learner after one more batch (N, n): A and G once, one step of θ, then `epochs` passes of steps of w."""
    policy, critic, w, memory_w = learner.policy, learner.critic, learner.w, learner.memory_w
    check_minibatch(settings.minibatch, batch)
    if not batch.valid.any():  # all lanes were reset: nothing to learn from
        return after(learner, batch, kl=0.0, gain=0.0, shorter=settings.tries)
    s, a, A, G = advantages(learner, batch, settings.gamma, settings.lam)
    A = normalised(A)

    g, _ = policy.gradient(s, a, A / len(A))
    Fu, log_pi_old = policy.fisher_products(s), policy.log_prob(s, a)
    x = conjugate_gradient(lambda u: Fu(u) + settings.damping * u, g, settings.products)
    Fx = Fu(x)
    moves = float(x @ Fx) > np.finfo(float).tiny  # else no step along x changes a policy that is as good as certain
    step = longest_step(x, Fx, settings.delta) if moves else np.zeros_like(x)

    def at(c: float) -> NetworkPolicy:
        return replace(policy, theta=frozen(policy.theta + c * step))

    def measures(c: float) -> tuple[float, float]:
        new = at(c)
        ratio = np.exp(new.log_prob(s, a) - log_pi_old)
        return float(((ratio - 1) * A).mean()), float(policy.divergence(new, s).mean())

    j, gain, kl = line_search(measures, settings.delta, settings.shrink, settings.tries)
    for _ in range(settings.epochs):
        for seen, target in minibatches(rng, settings.minibatch, s, G[:, None]):
            h = critic.forward(w, seen)
            step_w, memory_w = adam(critic.backward(w, h, (target - h[-1]) / len(seen)), memory_w)
            w = w + settings.alpha_w * step_w
    finite(w, "w", alpha_w=settings.alpha_w, targets=G)
    new = at(settings.shrink**j) if j < settings.tries else policy
    return after(learner, batch, policy=new, w=frozen(w), memory_w=memory_w, kl=kl, gain=gain, shorter=j)
