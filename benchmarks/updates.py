"""How much of an update is matrix products: one of PPO and one of SAC, networks of 64 and 64.

update     `ppo.update` of ten epochs in minibatches of 64, or `sac.update` of 256 transitions
products   the matrix products that it cannot do without, one after the other into arrays that are there already

One thread, and the processor's time, not that of the clock. They take turns; a ratio is that of medians.

python -m benchmarks.updates
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice, pairwise
from time import process_time

import gymnasium
import numpy as np

from benchmarks import Row
from benchmarks.exact import times
from pgcourse.algorithms import ppo, sac
from pgcourse.algorithms.threads import controller
from pgcourse.environments import play_streams


def products(sizes: tuple[int, ...], k: int, M: int, parts: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Factors and results of the products of k networks, M rows: "forward", "backward" to the weights, or "inputs"."""
    rng = np.random.default_rng(0)

    def factors(a: tuple[int, ...], b: tuple[int, ...], transposed: str = "") -> tuple[np.ndarray, ...]:
        x, y = rng.standard_normal((k, *a)), rng.standard_normal((k, *b))
        x, y = x.mT if transposed == "left" else x, y.mT if transposed == "right" else y
        return x, y, np.empty((k, x.shape[1], y.shape[2]))

    found = []
    for layer, (n, m) in enumerate(pairwise(sizes)):
        if "forward" in parts:
            found.append(factors((M, n), (n, m)))
        if "backward" in parts:
            found.append(factors((M, n), (M, m), "left"))
        if ("backward" in parts and layer) or "inputs" in parts:
            found.append(factors((M, m), (n, m), "right"))
    return found


def update_of_ppo() -> dict[str, Callable[[], object]]:
    """One update of 4 × 256 steps of CartPole, and its bare products."""
    settings = ppo.Settings(n=256, gamma=0.99, epochs=10, minibatch=64, hidden=(64, 64), alpha=1e-3)
    env = gymnasium.make_vec("CartPole-v1", num_envs=4)
    learner = next(ppo.train(env, settings, seed=0))
    batch = next(play_streams(env, learner.policy, settings.n, np.random.default_rng(0)))
    M = int(batch.valid.sum())
    actor, critic = learner.policy.net.sizes, learner.critic.sizes
    once = [*products(critic, 1, batch.r.size, "forward") * 2, *products(actor, 1, M, "forward") * 2]  # v, v'; π, π'
    step = [*products(actor, 1, settings.minibatch, "forward backward")]
    step += products(critic, 1, settings.minibatch, "forward backward")
    bare = once + step * (settings.epochs * -(-M // settings.minibatch))

    def multiply() -> None:
        for x, y, out in bare:
            np.matmul(x, y, out=out)

    return {"update": lambda: ppo.update(learner, batch, settings, np.random.default_rng(1)), "products": multiply}


def update_of_sac() -> dict[str, Callable[[], object]]:
    """One update, and its bare products."""
    run = sac.train(gymnasium.make("Pendulum-v1"), sac.Settings(), seed=0)
    *_, learner = islice(run, 8)
    settings, rng = sac.Settings(), np.random.default_rng(0)
    rows = rng.integers(len(learner.replay.r), size=settings.batch)
    batch = type(learner.replay)(*(column[rows] for column in learner.replay))
    actor, critic, M = learner.policy.net.sizes, learner.critic.net.sizes, settings.batch
    bare = [
        *products(actor, 1, M, "forward"),  # a'
        *products(critic, 2, M, "forward"),  # Q'(s', a')
        *products(critic, 2, M, "forward backward"),  # the critics' step
        *products(actor, 1, M, "forward backward"),  # the actor's
        *products(critic, 2, M, "forward inputs"),  # through ∇_a Q
    ]

    def multiply() -> None:
        for x, y, out in bare:
            np.matmul(x, y, out=out)

    return {"update": lambda: sac.update(learner, batch, settings, rng), "products": multiply}


def run(quick: bool = False) -> list[Row]:
    """Both ratios."""
    with controller().limit(limits=1):
        of_ppo = times(update_of_ppo(), rounds=11 if quick else 31, each=1, timer=process_time)
        of_sac = times(update_of_sac(), rounds=21 if quick else 61, each=5, timer=process_time)
    for name, spent in (("PPO", of_ppo), ("SAC", of_sac)):
        update, bare = (1e3 * spent[way] for way in ("update", "products"))
        print(f"{name}: an update {update:.2f} ms, products {bare:.2f} ms", file=sys.stderr)
    return [
        Row("PPO, an update in minibatches of 64 to its bare matrix products", ratio(of_ppo), 3, True),
        Row("SAC, an update of 256 transitions to its bare matrix products", ratio(of_sac), 3, True),
    ]


def ratio(spent: dict[str, float]) -> float:
    return spent["update"] / spent["products"]


if __name__ == "__main__":
    print(*run(), sep="\n")
