"""REINFORCE with a network, or with no hidden layer a linear softmax, on any Gymnasium environment (Williams 1992).

    θ climbs  E[Σ_t (G_t − b_t) ∇log π_θ(a_t|s_t)],   G_t = r_t + γ G_{t+1}

from batches of whole trajectories. With γ = 1, the default, this is the gradient of the mean return up to the time
limit. With γ < 1 we omit γᵗ, as is common practice, so it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pgcourse.algorithms.networks import inputs
from pgcourse.algorithms.optimisers import FRESH, Memory, Optimiser, adam
from pgcourse.algorithms.policies import NetworkPolicy, policy_for
from pgcourse.algorithms.settings import function, layers, or_default, set_checked
from pgcourse.algorithms.threads import on_one_thread
from pgcourse.arrays import Array, finite, frozen, number, shaped, whole
from pgcourse.environments import play
from pgcourse.returns import returns_to_go
from pgcourse.trajectories import Trajectories

Baseline = Callable[[Trajectories, Array], Array]


# Baselines: what is taken off G_t (M,), one number for each step or for all


def no_baseline(tau: Trajectories, G: Array) -> Array:
    """b = 0."""
    return np.zeros(1)


def mean(tau: Trajectories, G: Array) -> Array:
    """b = the mean of G_t over the batch's steps.

    Each G_t is in it: on the short corridor half of ∇J is lost with one trajectory a batch, a tenth or less with 16.
    """
    return G.mean(keepdims=True)


@dataclass(frozen=True)
class Settings:
    """What REINFORCE needs to be told. As they stand they take a linear softmax to 475 on CartPole-v1.

    Raises ValueError naming the field, its value and what was expected.
    """

    episodes: int = 16  # a batch; with one at a time a single bad one can undo many good ones
    horizon: int = 500  # as CartPole-v1's own time limit
    gamma: float = 1.0
    hidden: tuple[int, ...] = ()  # none: a linear softmax, (inputs + 1) · actions numbers
    alpha: float = 0.1
    optimiser: Optimiser = adam  # angles are small numbers, speeds large ones: to each parameter a step of its own
    baseline: Baseline = mean  # every G_t is positive here: without one, whatever was done is made more probable

    def __post_init__(self) -> None:
        set_checked(self, layers, ["hidden"])
        set_checked(self, whole, ["episodes", "horizon"])
        set_checked(self, number, ["gamma"], 0, 1)
        set_checked(self, number, ["alpha"], 0)
        set_checked(self, function, ["optimiser", "baseline"])


@dataclass(frozen=True, eq=False)
class Learner:
    """All that REINFORCE knows after `updates` batches; nothing in it changes."""

    policy: NetworkPolicy
    memory: Memory = FRESH
    updates: int = 0
    steps: int = 0  # of all environments together
    returns: Array = field(default_factory=lambda: np.zeros(0))  # (N,) undiscounted, of the trajectories of this batch


def train(env: Any, settings: Settings | None = None, seed: int = 0) -> Iterator[Learner]:
    """REINFORCE on a Gymnasium environment, vectorised or not, with Box observations and Discrete actions; without end.

    Each `next` is one batch of trajectories and one step of θ. The environment is checked at once, and reset for every
    batch, with seeds from `seed`: the same seed gives the same run. To stop, ask no more.

    TypeError naming the space if one is not supported; ValueError, naming the place, if a reward or an observation is
    not finite.
    """
    settings = or_default(Settings, settings)
    rng = np.random.default_rng(whole("seed", seed, 0))
    return on_one_thread(_train(env, Learner(policy_for(env, settings.hidden, rng, ("Discrete",))), settings, rng))


def _train(env: Any, learner: Learner, settings: Settings, rng: np.random.Generator) -> Iterator[Learner]:
    while True:
        learner = update(learner, play(env, learner.policy, settings.episodes, settings.horizon, rng), settings)
        yield learner


@np.errstate(over="ignore", invalid="ignore")  # what leaves the range of floats is refused by name
def update(learner: Learner, tau: Trajectories, settings: Settings) -> Learner:
    """The learner after one more batch of trajectories: a step along (1/N) Σ_t (G_t − b_t) ∇log π(a_t|s_t)."""
    policy, steps = learner.policy, tau.steps
    # No use is made of the last observation of all, but it, too, must be made of numbers.
    inputs(steps.s_next, policy.net.sizes[0], field="s_next")
    G = returns_to_go(steps, settings.gamma)
    b = np.atleast_1d(settings.baseline(tau, G))
    b = b if b.shape == (1,) else shaped("the baseline", b, "M", G.shape, ", or one number")
    gradient, _ = policy.gradient(steps.s, steps.a, (G - b) / len(tau))
    step, memory = settings.optimiser(gradient, learner.memory)
    theta = policy.theta + settings.alpha * step
    return Learner(
        policy=replace(policy, theta=frozen(finite(theta, "theta", alpha=settings.alpha, step=step))),
        memory=memory,
        updates=learner.updates + 1,
        steps=learner.steps + len(steps.r),
        returns=frozen(tau.sums(steps.r)),
    )
