"""CartPole-v1 without a gradient: how surely CEM comes to 475, and many rules at once beside a loop of episodes.

ours      `balanced` of `pgcourse.algorithms.cartpole`: one generation of 40 linear rules, one episode each
textbook  the same rules one after the other, each in Gymnasium's own CartPole-v1, step by step

Both score the same generations: those of CEM runs up to 475. Solved is a mean return ≥ 475 of 100 test episodes.

python -m benchmarks.search
"""

from __future__ import annotations

from time import process_time
from typing import Any

import gymnasium
import numpy as np

from benchmarks import Row
from benchmarks.exact import times
from pgcourse.algorithms.cartpole import balanced
from pgcourse.algorithms.search import Generation, cem
from pgcourse.arrays import Array

SEEDS, THRESHOLD, LIMIT = 10, 475, 600  # of episodes: five times what most seeds need
BOUND = 10


def to_475(seed: int) -> tuple[list[Generation], bool]:
    """The generations of one run of CEM, and whether it came to the threshold."""
    rng = np.random.default_rng(seed)
    states = []
    for state in cem(lambda w: balanced(w, rng), np.zeros(4), 1.0, rng):
        states.append(state)
        if balanced(state.mean[None], rng, episodes=100)[0] >= THRESHOLD:
            return states, True
        if state.calls >= LIMIT:
            return states, False
    raise AssertionError("a search has no end")


def textbook(env: Any, w: Array) -> list[float]:
    """The return of one episode for each rule, as most tutorials write it."""
    returns = []
    for rule in w:
        obs, _ = env.reset()
        total, over = 0.0, False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(int(rule @ obs > 0))
            total += reward
            over = terminated or truncated
        returns.append(total)
    return returns


def run(quick: bool = False) -> list[Row]:
    """How many of ten seeds arrive, and the textbook loop's time to ours for their generations."""
    start = process_time()
    runs = [to_475(seed) for seed in range(SEEDS)]
    seconds = (process_time() - start) / SEEDS
    arrived = sum(there for _, there in runs)
    generations = [state.candidates for states, _ in runs[: 3 if quick else 10] for state in states]
    env, rng = gymnasium.make("CartPole-v1"), np.random.default_rng(0)
    env.reset(seed=0)
    ways = {
        "ours": lambda: [balanced(w, rng) for w in generations],
        "textbook": lambda: [textbook(env, w) for w in generations],
    }
    spent = times(ways, rounds=3 if quick else 5, each=1, timer=process_time)  # of this process, whatever others do
    what = f"CartPole-v1 by CEM: of {SEEDS} seeds come to 475, in {seconds:.2f} s each"
    ratio = spent["textbook"] / spent["ours"]
    return [
        Row(what, arrived, SEEDS, False),
        Row("CartPole-v1, a generation of CEM: a textbook loop to ours", ratio, BOUND, False),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
