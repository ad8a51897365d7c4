"""A2C: an actor and a critic, each a small network, learning beside each other from environments in lockstep.

    δ_t = r_t + γ v_w(s_{t+1}) − v_w(s_t)                     no v after a termination; after a time limit there is one
    A_t = Σ_k (γλ)ᵏ δ_{t+k}                                   GAE(λ), to the end of the trajectory or of the batch
    θ   climbs  E[A_t ∇log π_θ(a_t|s_t) + β ∇H(π_θ(s_t))]     the actor
    w   climbs  E[A_t ∇v_w(s_t)]                              the critic: its target is v_w(s_t) + A_t, held fixed

One batch is n steps of each of the N environments; it makes one step of θ and one of w, and is thrown away. After Mnih
et al. 2016 (arXiv 1602.01783), whose environments are not in step (A3C). States are not weighted by γᵗ, as is common
practice: so in general this direction is not the gradient of J.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pgcourse.algorithms.networks import MLP, SoftmaxNetwork, inputs, policy_for
from pgcourse.algorithms.optimisers import FRESH, Memory, Optimiser, rmsprop
from pgcourse.arrays import Array, finite, frozen, number, whole
from pgcourse.environments import play_streams
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
    unit: float = 10.0  # of the critic's outputs: v grows from about 0 to at most 1/(1−γ) = 200
    optimiser: Optimiser = rmsprop  # divides by each parameter's typical gradient, without momentum

    def __post_init__(self) -> None:
        whole("n", self.n)
        for name, most in (("gamma", 1), ("lam", 1), ("alpha_theta", np.inf), ("alpha_w", np.inf)):
            number(name, getattr(self, name), 0, most)
        number("beta", self.beta)
        number("unit", self.unit, above=0)


@dataclass(frozen=True, eq=False)
class Learner:
    """All that A2C knows after `updates` batches; nothing in it changes."""

    policy: SoftmaxNetwork  # the actor: π_θ
    critic: MLP
    w: Array
    memory_theta: Memory = FRESH
    memory_w: Memory = FRESH
    updates: int = 0
    steps: int = 0  # of all environments together
    earned: Array | float = 0.0  # (N,) in the trajectories that are not over
    returns: Array = field(default_factory=lambda: np.zeros(0))  # undiscounted, of those that ended in this batch
    entropy: float = np.nan  # mean H(π(s)) in this batch
    error: float = np.nan  # root mean square of A_t: how far the critic was from its target

    def v(self, obs: Array) -> Array:
        """v_w(s), (N,)."""
        return self.critic.forward(self.w, inputs(obs))[-1][:, 0]


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """A2C on a Gymnasium environment, vectorised or not, with Box observations and Discrete actions; without end.

    Each `next` is one update. The environment is checked and reset at once, with a seed from `seed`: the same seed is
    the same run. To stop, ask no more; a new generator begins anew. One generator an environment at a time.

    TypeError naming the space if one is not supported; ValueError, naming the place, if a reward or an observation is
    not finite.
    """
    settings = settings or Settings()
    rng = np.random.default_rng(whole("seed", seed, 0))
    policy = policy_for(env, settings.hidden, rng)
    critic = MLP((*policy.net.sizes[:-1], 1), settings.unit)
    learner = Learner(policy, critic, w=frozen(critic.initial(rng)))
    return _train(learner, play_streams(env, policy, settings.n, rng), settings)


def _train(
    learner: Learner, batches: Generator[Stream, SoftmaxNetwork | None, None], settings: Settings
) -> Iterator[Learner]:
    batch = next(batches)
    while True:
        learner = update(learner, batch, settings)
        yield learner
        batch = batches.send(learner.policy)


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Stream, settings: Settings) -> Learner:
    """The learner after one more batch (N, n): δ, A, then a step of θ and one of w, as the module's text has them."""
    policy, critic, w = learner.policy, learner.critic, learner.w
    shape, s = batch.r.shape, inputs(batch.s, axes=2)
    h = critic.forward(w, s)
    v, v_next = h[-1].reshape(shape), critic.forward(w, inputs(batch.s_next, axes=2))[-1].reshape(shape)
    delta = td_errors(batch, v, v_next, settings.gamma)
    A = gae(batch, delta, settings.gamma, settings.lam).ravel()

    weight = batch.valid.ravel() / max(1, batch.valid.sum())  # a mean over what is a step at all
    pi_gradient, entropy = policy.gradient(s, batch.a.ravel(), weight * A, settings.beta * weight)
    v_gradient = critic.backward(w, h, (weight * A)[:, None])
    step_theta, memory_theta = settings.optimiser(pi_gradient, learner.memory_theta)
    step_w, memory_w = settings.optimiser(v_gradient, learner.memory_w)
    theta, w = policy.theta + settings.alpha_theta * step_theta, w + settings.alpha_w * step_w
    finite(theta, "theta", alpha_theta=settings.alpha_theta, step=step_theta)
    finite(w, "w", alpha_w=settings.alpha_w, step=step_w)
    returns, earned = finished(batch, learner.earned)
    return Learner(
        policy=replace(policy, theta=frozen(theta)),
        critic=critic,
        w=frozen(w),
        memory_theta=memory_theta,
        memory_w=memory_w,
        updates=learner.updates + 1,
        steps=learner.steps + int(batch.valid.sum()),
        earned=earned,
        returns=returns,
        entropy=float(weight @ entropy),
        error=float(np.sqrt(weight @ A**2)),
    )


def finished(batch: Stream, earned: Array | float) -> tuple[Array, Array]:
    """The undiscounted returns of the trajectories that end in the batch, in order, and (N,) what the others earned.

    `earned` (N,) is what those under way had earned before.
    """
    total = earned + np.cumsum(batch.r * batch.valid, axis=1).T  # (n, N)
    returns, paid = [], np.zeros(len(batch.r))
    for t, n in np.argwhere(batch.ended.T):
        returns.append(total[t, n] - paid[n])
        paid[n] = total[t, n]
    return frozen(np.array(returns)), frozen(total[-1] - paid)
