"""TD3: DDPG with three ideas against a critic that says too much (Fujimoto et al. 2018, arXiv 1802.09477).

    a' = μ_θ'(s') + h clip(σ̃ ε, −c, c),  back inside the Box         target_actions: noise for each row by itself
    y  = r + γ (1 − terminated) min_k Q_k'(s', a')                   the smaller of two critics
    w climbs   −½ Σ_k E[(Q_k(s, a) − y)²]                            both towards the same y
    θ climbs   E[Q₁(s, μ_θ(s))]                                      every `delay` updates only, and with it
    w' ← w' + τ (w − w'),   θ' ← θ' + τ (θ − θ')                     the targets

All else is as in `ddpg`. With `critics` = 1, `delay` = 1 and `smoothing` = 0 it is DDPG: each idea can be switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pgcourse.algorithms import ddpg
from pgcourse.algorithms.bounded import TanhNetwork
from pgcourse.algorithms.buffer import Transitions
from pgcourse.algorithms.ddpg import Learner, actor_step, noisy
from pgcourse.algorithms.off_policy import critic_step, interaction, soft_update, td_target
from pgcourse.algorithms.settings import or_default, set_checked
from pgcourse.arrays import Array, generator, number, whole


@dataclass(frozen=True)
class Settings(ddpg.Settings):
    """What TD3 needs to be told besides. As they stand: Pendulum-v1 to −200, with one environment.

    Raises ValueError naming the field, its value and what was expected.
    """

    critics: int = 2  # 1: the maximum over actions takes one critic's errors for values
    delay: int = 2  # updates of the critics for one of the actor: it climbs what has settled a little
    smoothing: float = 0.2  # σ̃, in half-widths of the Box; 0: the target believes a narrow peak
    clip: float = 0.5  # c, in half-widths: no noise takes a' farther away

    def __post_init__(self) -> None:
        super().__post_init__()
        set_checked(self, whole, ["critics", "delay"])
        set_checked(self, number, ["smoothing", "clip"], 0)


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """TD3 on a Gymnasium environment: arguments, learners and errors as of `ddpg.train`; `q` is the first critic."""
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    learner = ddpg.untrained(settings.critics, env, settings, rng)
    explore = partial(noisy, noise=settings.noise)
    return interaction(learner, env, settings, rng, explore, partial(update, settings=settings, rng=rng))


def target_actions(policy: TanhNetwork, s: Array, settings: Settings, rng: np.random.Generator) -> Array:
    """μ_θ(s) + h clip(σ̃ ε, −c, c), or the nearest action inside the Box, (M, m), for states s (M, n)."""
    unit = policy.forward(s)[-1]  # in half-widths, from the centre
    if settings.smoothing:
        noise = settings.smoothing * generator(rng).standard_normal(unit.shape)
        unit = (unit + noise.clip(-settings.clip, settings.clip)).clip(-1, 1)
    return policy.actions(unit)


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, batch: Transitions, settings: Settings, rng: np.random.Generator) -> Learner:
    """The learner after one more batch of M transitions: a step of all w and, if it is time, of θ and the targets."""
    a_next = target_actions(learner.target_policy, batch.s_next, settings, rng)
    y = td_target(batch, learner.target_critic(batch.s_next, a_next).min(axis=0), settings.gamma)
    critic, memory_w, error = critic_step(learner.critic, learner.memory_w, batch, y, settings.alpha_w)
    learner = replace(learner, critic=critic, memory_w=memory_w, updates=learner.updates + 1, error=error)
    if learner.updates % settings.delay:
        return learner

    q_1 = replace(critic, w=critic.w[:1])
    policy, memory_theta = actor_step(learner.policy, learner.memory_theta, q_1, batch.s, settings.alpha_theta)
    w = soft_update(learner.target_critic.w, critic.w, settings.tau)
    theta = soft_update(learner.target_policy.theta, policy.theta, settings.tau)
    return replace(
        learner,
        policy=policy,
        memory_theta=memory_theta,
        target_policy=replace(policy, theta=theta),
        target_critic=replace(critic, w=w),
    )
