"""SAC: a stochastic actor that is paid for its entropy, too (Haarnoja et al. 2018, arXiv 1801.01290, 1812.05905).

    a = c + h tanh u,  u ~ N(μ_θ(s), σ_θ(s)²)                               acts; log π is that of (a − c)/h
    y = r + γ (1 − terminated) (min_k Q_k'(s', a') − T log π_θ(a'|s'))      soft_target: a' ~ π_θ(·|s')
    w climbs  −½ Σ_k E[(Q_k(s, a) − y)²]                                    both towards the same y
    θ climbs  E[min_k Q_k(s, a) − T log π_θ(a|s)],   a = c + h tanh(μ + σ ε)    through a, with ε held fixed
    log T climbs  (H̄ − H) log T,   H = −E[log π_θ(a|s)]                     T rises while the entropy is below H̄
    w' ← w' + τ (w − w')                                                    the targets

T is the temperature: the price of entropy in units of reward. E is the mean over a batch from the buffer, and the
critics are soft: Q says what is still to be earned, entropies at T included. There is no target for the actor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgcourse.algorithms.bounded import SquashedGaussian, bounded_policy
from pgcourse.algorithms.buffer import Transitions
from pgcourse.algorithms.off_policy import (
    OffPolicy,
    Shared,
    box_of_actions,
    critic_step,
    interaction,
    new_critics,
    soft_update,
    td_target,
)
from pgcourse.algorithms.optimisers import FRESH, Memory, adam
from pgcourse.algorithms.settings import or_default, set_checked, switch
from pgcourse.arrays import Array, finite, number, sealed, whole


@dataclass(frozen=True)
class Settings(Shared):
    """What SAC needs to be told besides. As they stand: Pendulum-v1 to −200, with one environment.

    Raises ValueError naming the field, its value and what was expected.
    """

    gamma: float = 0.99
    warmup: int = 100  # the policy itself is almost uniform at first
    temperature: float = 1.0  # T at first
    learned: bool = True  # or T stays as it is
    target_entropy: float = -1.0  # H̄ for each number of the action: about that of σ = 0.09 half-widths
    alpha_temperature: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        set_checked(self, number, ["temperature"], above=0)
        set_checked(self, number, ["target_entropy"])
        set_checked(self, number, ["alpha_temperature"], 0)
        set_checked(self, switch, ["learned"])


@dataclass(frozen=True, eq=False, kw_only=True)
class Learner(OffPolicy):
    """All that SAC knows after `updates` updates; nothing in it changes."""

    policy: SquashedGaussian
    log_temperature: Array  # (1,)
    memory_temperature: Memory = FRESH
    entropy: float = np.nan  # H in the last batch

    @property
    def temperature(self) -> float:
        """T."""
        return float(np.exp(self.log_temperature[0]))

    def actor(self, obs: NDArray[Any]) -> Array:
        """The action without noise, (N, …), for observations (N, …)."""
        return self.policy.greedy(obs, np.random.default_rng(0))

    def q(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """The smaller of both critics, (N,): soft, with entropies at T in it."""
        return self.q_each(obs, a).min(axis=0)


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """SAC on a Gymnasium environment, vectorised or not, with Box observations and bounded Box actions; without end.

    Each `next` is n steps of each environment, and an update for each from the one that completes the `warmup` on, that
    one included, as soon as the buffer holds a batch. The environment is checked and reset at once, with a seed from
    `seed`: the same seed is the same run. To stop, ask no more. TypeError naming the space if one is not supported;
    ValueError, naming the place, if a reward or an observation is not finite, or if the policy saturates. What was
    yielded before stays as it is, but for `replay`: that is a view of the one buffer.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    n, centre, half = box_of_actions(env)
    policy = bounded_policy(SquashedGaussian, n, centre, half, settings.hidden, settings.last, rng, settings.precision)
    critic = new_critics(2, n, centre, half, settings, rng)
    log_temperature = sealed(np.log([settings.temperature]))
    learner = Learner(policy=policy, critic=critic, target_critic=critic, log_temperature=log_temperature)
    return interaction(
        learner, env, settings, rng, lambda learner: learner.policy, partial(update, settings=settings, rng=rng)
    )


def soft_value(q: Array, log_pi: Array, temperature: float) -> Array:
    """min_k Q_k(s, a) − T log π(a|s), (M,), for q (k, M) and log_pi (M,): its mean over a is the soft value of s."""
    return q.min(axis=0) - temperature * log_pi


def soft_target(learner: Learner, batch: Transitions, gamma: float, rng: np.random.Generator) -> Array:
    """y = r + γ (1 − terminated) · soft_value(s', a'), (M,), with Q' and a' ~ π_θ: an end pays no entropy, either."""
    draw = learner.policy.draw(batch.s_next, rng)
    q = learner.target_critic(batch.s_next, learner.policy.actions(draw.tanh))
    return td_target(batch, soft_value(q, draw.log_pi, learner.temperature), gamma)


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Transitions, settings: Settings, rng: np.random.Generator) -> Learner:
    """The learner after one more batch of M transitions: one step of w, one of θ, one of T, one of the targets."""
    policy, temperature, M = learner.policy, learner.temperature, len(batch.r)
    y = soft_target(learner, batch, settings.gamma, rng)
    critic, memory_w, error = critic_step(learner.critic, learner.memory_w, batch, y, settings.alpha_w)

    now = policy.draw(batch.s, rng)
    h = critic.forward(batch.s, policy.actions(now.tanh))
    q = h[-1][..., 0]
    smaller = np.arange(len(q))[:, None] == q.argmin(axis=0)  # the critic that the minimum takes: one in each row
    slope = finite(critic.action_slope(h, smaller / M), "∇_a Q", w=critic.w)
    step, memory_theta = adam(policy.backward(now, slope, np.full((M, 1), -temperature / M)), learner.memory_theta)

    log_temperature, memory_temperature = learner.log_temperature, learner.memory_temperature
    entropy = -float(now.log_pi.mean())
    if settings.learned:
        short = np.array([settings.target_entropy * policy.half.size - entropy])
        step_T, memory_temperature = adam(short, memory_temperature)
        log_temperature = sealed(log_temperature + settings.alpha_temperature * step_T)
    return replace(
        learner,
        policy=replace(policy, theta=sealed(policy.theta + settings.alpha_theta * step)),
        critic=critic,
        target_critic=replace(critic, w=soft_update(learner.target_critic.w, critic.w, settings.tau)),
        log_temperature=log_temperature,
        memory_theta=memory_theta,
        memory_w=memory_w,
        memory_temperature=memory_temperature,
        updates=learner.updates + 1,
        error=error,
        entropy=entropy,
    )
