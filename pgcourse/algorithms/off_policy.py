"""What DDPG, TD3 and SAC have in common: they act, remember what happened, and learn from all that they remember.

    act → replay.add → update(replay.sample), one update a transition      interaction
    w climbs  −½ Σ_k E[(Q_k(s, a) − y)²]                                   critic_step: y held fixed
    w' ← w' + τ (w − w')                                                   soft_update

The environment is any with Box observations and Box actions, alone or vectorised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pgcourse.algorithms.bounded import Critics
from pgcourse.algorithms.buffer import Replay, Transitions
from pgcourse.algorithms.networks import MLP, inputs
from pgcourse.algorithms.optimisers import FRESH, Memory, adam
from pgcourse.algorithms.policies import centre_and_half
from pgcourse.algorithms.settings import layers, set_checked
from pgcourse.algorithms.threads import on_one_thread
from pgcourse.arrays import Array, finite, frozen, number, sealed, whole
from pgcourse.environments import Act, EnvironmentLanes, single_space

INSTEAD = "; algorithms for Discrete actions are a2c, ppo and trpo"


@dataclass(frozen=True)
class Shared:
    """What all three need to be told. Raises ValueError naming the field, its value and what was expected."""

    n: int = 50  # steps of each environment from one learner that is handed over to the next
    gamma: float = 0.98  # a horizon of 50 steps, 2.5 seconds of Pendulum
    tau: float = 0.005  # the targets follow within some 200 updates
    batch: int = 256  # transitions for one update
    capacity: int = 100_000  # of the buffer: nothing is forgotten in a short run
    warmup: int = 1000  # steps of uniformly random actions at first
    hidden: tuple[int, ...] = (64, 64)  # of all networks
    alpha_theta: float = 1e-3
    alpha_w: float = 1e-3
    last: float = 0.01  # size of all last layers: at first Q is about 0, and the action in the centre of the Box
    unit: float = 10.0  # of the critics' outputs
    precision: str = "double"  # of all networks; with "single", as in PyTorch, an update takes some 0.7 of the time

    def __post_init__(self) -> None:
        set_checked(self, layers, ["hidden"])
        set_checked(self, whole, ["n", "batch", "capacity"])
        set_checked(self, whole, ["warmup"], 0)
        set_checked(self, number, ["gamma", "tau"], 0, 1)
        set_checked(self, number, ["alpha_theta", "alpha_w", "last"], 0)
        set_checked(self, number, ["unit"], above=0)
        if self.precision not in ("double", "single"):
            raise ValueError(f"precision is {self.precision!r}, expected 'double' or 'single'")
        if self.capacity < self.batch:
            raise ValueError(f"capacity is {self.capacity}, expected at least a batch: {self.batch} transitions")


@dataclass(frozen=True, eq=False)
class OffPolicy:
    """What is known after `updates` updates; nothing in it changes."""

    policy: Any  # the actor
    critic: Critics
    target_critic: Critics  # follows the critic slowly
    memory_theta: Memory = FRESH
    memory_w: Memory = FRESH
    updates: int = 0
    steps: int = 0  # of all environments together
    returns: Array = field(default_factory=lambda: np.zeros(0))  # undiscounted, of what ended in the last n steps
    replay: Transitions | None = None  # all that is remembered, as a view: see `buffer`
    error: float = np.nan  # root mean square of y − Q_w(s, a) in the last update

    def actor(self, obs: NDArray[Any]) -> Array:
        """The action without noise, (N, …), for observations (N, …)."""
        return self.policy(obs, np.random.default_rng(0))

    def q_each(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """Q_w(s, a) of each critic, (k, N), for observations and actions (N, …)."""
        m = self.critic.half.size
        s, a = inputs(obs, self.critic.net.sizes[0] - m), inputs(a, m, field="a")
        if len(a) != len(s):
            raise ValueError(f"a has {len(a)} rows, expected {len(s)}: one action for each observation")
        return self.critic(s, a)

    def q(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """Q_w(s, a) of the first critic, (N,)."""
        return self.q_each(obs, a)[0]


Learner = TypeVar("Learner", bound=OffPolicy)


def box_of_actions(env: Any) -> tuple[int, Array, Array]:
    """How many numbers are seen, and the centre and half of the width of the Box of actions.

    TypeError naming the space if observations or actions are no Box, ValueError if the Box of actions has no bounds.
    """
    actions = single_space(env, "action", ("Box",), INSTEAD)
    observations = single_space(env, "observation", ("Box",))
    return int(np.prod(observations.shape)), *centre_and_half(env, actions)


def new_critics(k: int, n: int, centre: Array, half: Array, settings: Shared, rng: np.random.Generator) -> Critics:
    """k critics with numbers of their own, drawn at random: alike, two of them would be no better than one."""
    net = MLP((n + half.size, *settings.hidden, 1), settings.unit, "relu")
    w = np.array([net.initial(rng, settings.last) for _ in range(k)], settings.precision)
    return Critics(net, sealed(w), centre, half)


def td_target(batch: Transitions, q_next: Array, gamma: float) -> Array:
    """y = r + γ (1 − terminated) Q(s', a'), (M,), for q_next = Q(s', a') (M,). A time limit is no end."""
    return finite(batch.r + gamma * (1 - batch.terminated) * q_next, "y", r=batch.r, q_next=q_next)


def critic_step(
    critic: Critics, memory: Memory, batch: Transitions, y: Array, alpha: float
) -> tuple[Critics, Memory, float]:
    """The critics after one step of Adam towards y (M,), and the root mean square of y − Q before it."""
    h = critic.forward(batch.s, batch.a)
    error = y - h[-1][..., 0]
    step, memory = adam(critic.backward(h, error / len(y)), memory)
    return replace(critic, w=sealed(critic.w + alpha * step)), memory, float(np.sqrt((error**2).mean()))


def soft_update(target: Array, source: Array, tau: float) -> Array:
    """target + τ (source − target), a new array: after 1/τ updates 63 % of the way to a source that stands still."""
    new = source - target
    new *= tau
    new += target
    return sealed(new)


def interaction(
    learner: Learner,
    env: Any,
    settings: Shared,
    rng: np.random.Generator,
    explore: Callable[[Learner], Act],
    update: Callable[[Learner, Transitions], Learner],
) -> Iterator[Learner]:
    """The learner after every n steps, without end; the environment is checked and reset at once.

    It takes `warmup` steps at random, then acts as explore(learner) does. All lanes step together. From the step that
    completes the `warmup` on, that step included, there is an update for each transition, if the buffer holds a batch.
    """
    centre, half = learner.critic.centre, learner.critic.half

    def at_random(obs: NDArray[Any], rng: np.random.Generator) -> Array:
        return centre + half * rng.uniform(-1, 1, (len(obs), *half.shape))

    lanes = EnvironmentLanes(env, rng, clip=True)
    replay = Replay(settings.capacity, learner.critic.net.sizes[0] - half.size, half.size)
    first = at_random if settings.warmup else explore(learner)
    return on_one_thread(_interaction(learner, lanes, first, replay, settings, rng, explore, update))


def _interaction(
    learner: Learner,
    lanes: EnvironmentLanes,
    act: Act,
    replay: Replay,
    settings: Shared,
    rng: np.random.Generator,
    explore: Callable[[Learner], Act],
    update: Callable[[Learner, Transitions], Learner],
) -> Iterator[Learner]:
    earned, steps = np.zeros(lanes.n), 0
    while True:
        returns: list[float] = []
        for _ in range(settings.n):
            s, a, r, s_next, terminated, truncated, real = lanes.step(act)
            earned += r
            if (ended := terminated | truncated).any():
                returns += earned[ended].tolist()
                earned[ended] = 0
            for seen in (s, s_next):  # s may come from a reset
                finite(seen, "an observation", **{f"the observation after {steps} steps": seen})
            replay.add(*(x[real] for x in (s, a, r, s_next, terminated)))
            steps += (new := int(real.sum()))
            if steps >= settings.warmup:
                if len(replay) >= settings.batch:
                    for _ in range(new):
                        learner = update(learner, replay.sample(settings.batch, rng))
                act = explore(learner)
        yield replace(learner, steps=steps, returns=frozen(np.array(returns)), replay=replay.held())
