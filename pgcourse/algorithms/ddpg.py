"""DDPG: a deterministic actor that climbs its critic, from a replay buffer (Lillicrap et al. 2015, arXiv 1509.02971).

    a = μ_θ(s) + h σ ε,  ε ~ N(0, I)                                  acts, inside the Box; h is half of its width
    y = r + γ (1 − terminated) Q_w'(s', μ_θ'(s'))                     td_target: a time limit is no end
    w climbs   −½ E[(Q_w(s, a) − y)²]                                 critic_step
    θ climbs   E[Q_w(s, μ_θ(s))]:   E[∇_θ μ_θ(s) ∇_a Q_w(s, a)]       actor_step: at a = μ_θ(s)
    w' ← w' + τ (w − w'),   θ' ← θ' + τ (θ − θ')                      the targets

E is the mean over a batch from the buffer: so ρ^b of all policies so far stands in the place of ρ^μ of the chapter's
deterministic policy gradient. There is one update for each step of an environment. The noise ε is new at each step; the
paper's is an Ornstein–Uhlenbeck process, whose values at neighbouring steps are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgcourse.algorithms.bounded import Critics, TanhNetwork, bounded_policy
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
from pgcourse.algorithms.optimisers import Memory, adam
from pgcourse.algorithms.settings import or_default, set_checked
from pgcourse.arrays import Array, finite, number, sealed, whole
from pgcourse.environments import Act


@dataclass(frozen=True)
class Settings(Shared):
    """What DDPG needs to be told besides. As they stand: Pendulum-v1 to −200, with one environment.

    Raises ValueError naming the field, its value and what was expected.
    """

    noise: float = 0.1  # σ, in half-widths of the Box

    def __post_init__(self) -> None:
        super().__post_init__()
        set_checked(self, number, ["noise"], 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Learner(OffPolicy):
    """All that DDPG knows after `updates` updates; nothing in it changes."""

    policy: TanhNetwork
    target_policy: TanhNetwork


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """DDPG on a Gymnasium environment, vectorised or not, with Box observations and bounded Box actions; without end.

    Each `next` is n steps of each environment, and an update for each from the one that completes the `warmup` on, that
    one included, as soon as the buffer holds a batch. The environment is checked and reset at once, with a seed from
    `seed`: the same seed is the same run. To stop, ask no more. TypeError naming the space if one is not supported;
    ValueError, naming the place, if a reward or an observation is not finite, or if the policy saturates. What was
    yielded before stays as it is, but for `replay`: that is a view of the one buffer.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    explore = partial(noisy, noise=settings.noise)
    return interaction(
        untrained(1, env, settings, rng), env, settings, rng, explore, partial(update, settings=settings)
    )


def untrained(k: int, env: Any, settings: Settings, rng: np.random.Generator) -> Learner:
    """The learner before the first step, with k critics; the targets begin where their networks do."""
    n, centre, half = box_of_actions(env)
    policy = bounded_policy(TanhNetwork, n, centre, half, settings.hidden, settings.last, rng, settings.precision)
    critic = new_critics(k, n, centre, half, settings, rng)
    return Learner(policy=policy, target_policy=policy, critic=critic, target_critic=critic)


def noisy(learner: OffPolicy, noise: float) -> Act:
    """An `act`: μ_θ(s) + h σ ε, or the nearest action inside the Box. It is this that the buffer remembers."""
    policy = learner.policy
    low, high = policy.centre - policy.half, policy.centre + policy.half

    def act(obs: NDArray[Any], rng: np.random.Generator) -> Array:
        a = policy(obs, rng)
        a += noise * policy.half * rng.standard_normal(a.shape)
        return a.clip(low, high, out=a)

    return act


def actor_step(
    policy: TanhNetwork, memory: Memory, critic: Critics, s: Array, alpha: float
) -> tuple[TanhNetwork, Memory]:
    """The policy after one step of Adam up E[∇_θ μ_θ(s) ∇_a Q_w(s, a)] at a = μ_θ(s), for states s (M, n)."""
    h = policy.forward(s)
    slope = critic.action_slope(critic.forward(s, policy.actions(h[-1])), np.full((1, 1), 1 / len(s)))
    step, memory = adam(policy.backward(h, finite(slope, "∇_a Q", w=critic.w)), memory)
    return replace(policy, theta=sealed(policy.theta + alpha * step)), memory


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Transitions, settings: Settings) -> Learner:
    """The learner after one more batch of M transitions: one step of w, one of θ, one of the targets."""
    a_next = learner.target_policy.actions(learner.target_policy.forward(batch.s_next)[-1])
    (q_next,) = learner.target_critic(batch.s_next, a_next)
    y = td_target(batch, q_next, settings.gamma)
    critic, memory_w, error = critic_step(learner.critic, learner.memory_w, batch, y, settings.alpha_w)
    policy, memory_theta = actor_step(learner.policy, learner.memory_theta, critic, batch.s, settings.alpha_theta)
    w = soft_update(learner.target_critic.w, critic.w, settings.tau)
    theta = soft_update(learner.target_policy.theta, policy.theta, settings.tau)
    return replace(
        learner,
        policy=policy,
        critic=critic,
        target_policy=replace(policy, theta=theta),
        target_critic=replace(critic, w=w),
        memory_theta=memory_theta,
        memory_w=memory_w,
        updates=learner.updates + 1,
        error=error,
    )
