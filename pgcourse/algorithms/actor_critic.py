"""What A2C, PPO and TRPO have in common: a policy and a critic v_w that learn from batches of n steps of N lanes.

begin        what they know before the first batch, and the batches
advantages   s, a, A = GAE(λ) and the critic's targets G = v_w(s) + A of a batch, as rows. A2C has its own lines for
             this, since it needs the critic's layers too
learning     one update a batch, without end
finished     the returns of the trajectories that ended in a batch
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pgcourse.algorithms.networks import MLP, inputs
from pgcourse.algorithms.policies import GaussianNetwork, NetworkPolicy, policy_for
from pgcourse.algorithms.threads import on_one_thread
from pgcourse.arrays import Array, frozen, generator
from pgcourse.environments import play_streams, single_space
from pgcourse.returns import gae, td_errors
from pgcourse.trajectories import Stream


@dataclass(frozen=True, eq=False)
class ActorCritic:
    """What is known after `updates` batches; nothing in it changes."""

    policy: NetworkPolicy  # the actor: π_θ
    critic: MLP
    w: Array
    updates: int = 0
    steps: int = 0  # of all environments together
    earned: Array | float = 0.0  # (N,) in the trajectories that are not over
    returns: Array = field(default_factory=lambda: np.zeros(0))  # undiscounted, of those that ended in this batch

    def v(self, obs: NDArray[Any]) -> Array:
        """v_w(s), (N,)."""
        return self.critic.forward(self.w, inputs(obs, self.critic.sizes[0]))[-1][:, 0]


Learner = TypeVar("Learner", bound=ActorCritic)


def begin(
    kind: type[Learner], env: Any, settings: Any, rng: np.random.Generator, policy: NetworkPolicy | None = None
) -> tuple[Learner, Generator[Stream, Any, None]]:
    """The learner before the first batch, its weights drawn at random unless there is a policy, and the batches.

    The environment is checked and reset at once. What the policy draws outside of a Box is clipped for it. TypeError
    or ValueError if a policy is given that does not fit the environment's observations or actions.
    """
    if policy is None:
        policy = policy_for(env, settings.hidden, rng, last=settings.last, log_sigma=settings.log_sigma)
    x = int(np.prod(single_space(env, "observation", ("Box",)).shape))
    if not (isinstance(policy, NetworkPolicy) and policy.net.sizes[0] == x):
        sizes = f" of {policy.net.sizes[0]} inputs" if isinstance(policy, NetworkPolicy) else f": {policy!r}"
        kind_of = type(policy).__name__
        raise TypeError(f"policy is a {kind_of}{sizes}, expected one of {x} inputs, such as policy_for(env, …) makes")
    _check_actions(policy, policy_for(env, (), np.random.default_rng(0)))
    critic = MLP((policy.net.sizes[0], *settings.hidden, 1), settings.unit)
    learner = kind(policy, critic, frozen(critic.initial(rng)))
    return learner, play_streams(env, policy, settings.n, rng, clip=True)


def _check_actions(policy: NetworkPolicy, own: NetworkPolicy) -> None:
    """ValueError unless it has the environment's own actions; if they are numbers, other units will do."""
    if isinstance(policy, GaussianNetwork) and isinstance(own, GaussianNetwork):
        fits = policy.centre.shape == own.centre.shape
    else:
        fits = policy.possible == own.possible
    if not fits:
        raise ValueError(
            f"policy is one for {policy.possible}, expected one for {own.possible}, as the environment has"
        )


class Advantages(NamedTuple):
    """The M steps of a batch as rows: s (M, k), a (M, …), A (M,) and G (M,)."""

    s: Array
    a: NDArray[Any]
    A: Array
    G: Array


def advantages(learner: ActorCritic, batch: Stream, gamma: float, lam: float) -> Advantages:
    """A = GAE(λ) with the learner's critic, and G = v_w(s) + A, of all that is a step in the batch."""
    n, shape = learner.critic.sizes[0], batch.r.shape
    s, s_next = (inputs(x, n, axes=2, field=name) for name, x in (("s", batch.s), ("s_next", batch.s_next)))
    v, v_next = (learner.critic.forward(learner.w, x)[-1].reshape(shape) for x in (s, s_next))
    A = gae(batch, td_errors(batch, v, v_next, gamma), gamma, lam)
    real = batch.valid.ravel()
    return Advantages(s[real], batch.a.reshape(-1, *batch.a.shape[2:])[real], A.ravel()[real], (A + v).ravel()[real])


def check_minibatch(minibatch: int, batch: Stream) -> None:
    """ValueError if a minibatch is larger than a batch (N, n). Some of its steps may be resets, and teach nothing."""
    if minibatch > batch.r.size:
        raise ValueError(f"minibatch is {minibatch}, expected at most the batch's {batch.r.size} steps")


def normalised(A: Array) -> Array:
    """(A − mean) / deviation, (M,); zeros where all A are equal, since then no action is better than another."""
    if (A[:1] == A).all():  # their deviation may be a rounding error
        return np.zeros_like(A)
    centred = A - A.sum() / len(A)
    centred /= np.sqrt(centred @ centred / len(A))
    return centred


def minibatches(rng: np.random.Generator, size: int, *columns: NDArray[Any]) -> Iterator[list[NDArray[Any]]]:
    """All M rows of the columns once, in random order, in parts of at most `size` that are about equally long."""
    M = len(columns[0])
    order, parts = generator(rng).permutation(M), -(-M // size)
    mixed = [column[order] for column in columns]  # once a pass: then each part is a slice
    for j in range(parts):
        rows = slice(j * M // parts, (j + 1) * M // parts)
        yield [column[rows] for column in mixed]


def learning(
    learner: Learner, batches: Generator[Stream, Any, None], update: Callable[[Learner, Stream], Learner]
) -> Iterator[Learner]:
    """The learner after each batch, without end. The next batch is drawn with the new policy."""
    return on_one_thread(_learning(learner, batches, update))


def _learning(
    learner: Learner, batches: Generator[Stream, Any, None], update: Callable[[Learner, Stream], Learner]
) -> Iterator[Learner]:
    batch = next(batches)
    while True:
        learner = update(learner, batch)
        yield learner
        batch = batches.send(learner.policy)


def after(learner: Learner, batch: Stream, **changes: Any) -> Learner:
    """The learner one batch later: it has counted the batch's steps and returns, and `changes` are what it learnt."""
    returns, earned = finished(batch, learner.earned)
    steps = learner.steps + int(batch.valid.sum())
    return replace(learner, updates=learner.updates + 1, steps=steps, earned=earned, returns=returns, **changes)


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
