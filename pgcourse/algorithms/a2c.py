"""A2C: an actor and a critic, each a small network, learning beside each other from environments in lockstep.

    δ_t = r_t + γ v_w(s_{t+1}) − v_w(s_t)                     no v after a termination; after a time limit there is one
    A_t = Σ_k (γλ)ᵏ δ_{t+k}                                   GAE(λ), to the end of the trajectory or of the batch
    θ   climbs  E[A_t ∇log π_θ(a_t|s_t) + β ∇H(π_θ(s_t))]     the actor
    w   climbs  E[A_t ∇v_w(s_t)]                              the critic: its target is v_w(s_t) + A_t, held fixed

One batch is n steps of each of the N environments, whose actions are discrete or a Box; it makes one step of θ and one
of w, and is thrown away. With λ = 1, A_t is the n-step window's: all its rewards, then v (Mnih et al. 2016, arXiv
1602.01783, whose environments are not in step: A3C). States are not weighted by γᵗ, as is common practice: so in
general this direction is not the gradient of J.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pgcourse.algorithms.actor_critic import ActorCritic, after, begin, learning
from pgcourse.algorithms.networks import inputs
from pgcourse.algorithms.optimisers import FRESH, Memory, Optimiser, rmsprop
from pgcourse.algorithms.policies import policy_for
from pgcourse.algorithms.settings import function, layers, or_default, set_checked
from pgcourse.arrays import finite, frozen, number, whole
from pgcourse.returns import gae, td_errors
from pgcourse.trajectories import Stream


@dataclass(frozen=True)
class Settings:
    """What A2C needs to be told. As they stand most runs take CartPole-v1 to 475, with 16 environments.

    Raises ValueError naming the field, its value and what was expected.
    """

    n: int = 16  # steps of each environment in a batch
    gamma: float = 0.995  # a horizon of 200 steps
    lam: float = 0.98  # close to 1: the critic is young, rewards are right
    hidden: tuple[int, ...] = (32, 32)  # of both networks
    alpha_theta: float = 3e-3
    alpha_w: float = 1e-2  # the critic follows v^π while π moves: with 3e-4 far fewer runs reach 475
    beta: float = 0.0  # weight of the entropy
    log_sigma: float = 0.0  # of a Gaussian policy at first, in half-widths of the Box
    unit: float = 10.0  # of the critic's outputs: v grows from about 0 to at most 1/(1−γ) = 200
    optimiser: Optimiser = rmsprop  # divides by each parameter's typical gradient, without momentum

    def __post_init__(self) -> None:
        set_checked(self, layers, ["hidden"])
        set_checked(self, whole, ["n"])
        set_checked(self, number, ["gamma", "lam"], 0, 1)
        set_checked(self, number, ["alpha_theta", "alpha_w"], 0)
        set_checked(self, number, ["beta", "log_sigma"])
        set_checked(self, number, ["unit"], above=0)
        set_checked(self, function, ["optimiser"])


@dataclass(frozen=True, eq=False)
class Learner(ActorCritic):
    """All that A2C knows after `updates` batches; nothing in it changes."""

    memory_theta: Memory = FRESH
    memory_w: Memory = FRESH
    entropy: float = np.nan  # mean H(π(s)) in this batch
    error: float = np.nan  # root mean square of A_t: how far the critic was from its target


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """A2C on a Gymnasium environment, vectorised or not, with Box observations and Discrete or Box actions; no end.

    Each `next` is one update. The environment is checked and reset at once, with a seed from `seed`: the same seed is
    the same run. To stop, ask no more; a new generator begins anew. One generator an environment at a time. An action
    drawn outside of a Box is clipped for the environment, and scored as it was drawn.

    TypeError naming the space if one is not supported; ValueError, naming the place, if a reward or an observation is
    not finite.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    policy = policy_for(env, settings.hidden, rng, log_sigma=settings.log_sigma)
    learner, batches = begin(Learner, env, settings, rng, policy)
    return learning(learner, batches, partial(update, settings=settings))


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Stream, settings: Settings) -> Learner:
    """The learner after one more batch (N, n): δ, A, then a step of θ and one of w, as the module's text has them."""
    policy, critic, w = learner.policy, learner.critic, learner.w
    shape, a, n = batch.r.shape, batch.a.reshape(-1, *batch.a.shape[2:]), critic.sizes[0]
    s, s_next = (inputs(x, n, axes=2, field=name) for name, x in (("s", batch.s), ("s_next", batch.s_next)))
    h = critic.forward(w, s)
    v, v_next = h[-1].reshape(shape), critic.forward(w, s_next)[-1].reshape(shape)
    delta = td_errors(batch, v, v_next, settings.gamma)
    A = gae(batch, delta, settings.gamma, settings.lam).ravel()

    weight = batch.valid.ravel() / max(1, batch.valid.sum())  # a mean over what is a step at all
    pi_gradient, entropy = policy.gradient(s, a, weight * A, settings.beta * weight)
    v_gradient = critic.backward(w, h, (weight * A)[:, None])
    step_theta, memory_theta = settings.optimiser(pi_gradient, learner.memory_theta)
    step_w, memory_w = settings.optimiser(v_gradient, learner.memory_w)
    theta, w = policy.theta + settings.alpha_theta * step_theta, w + settings.alpha_w * step_w
    finite(theta, "theta", alpha_theta=settings.alpha_theta, step=step_theta)
    finite(w, "w", alpha_w=settings.alpha_w, step=step_w)
    return after(
        learner,
        batch,
        policy=replace(policy, theta=frozen(theta)),
        w=frozen(w),
        memory_theta=memory_theta,
        memory_w=memory_w,
        entropy=float(weight @ entropy),
        error=float(np.sqrt(weight @ A**2)),
    )
