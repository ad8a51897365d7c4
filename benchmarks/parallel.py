"""Sixty-four learners on two processes, beside the same one after another: REINFORCE on CartPole, a seed each.

alone    the plain loop, in this process (= 1)
two      `in_order` with n_jobs = 2, its processes started and warm: what a second run costs

Each learner takes some tenths of a second, long beside the milliseconds that a task takes to be sent. Two idle cores
would halve the time; the memory that they share, and the turbo of one core alone, cost the rest. On a busy machine the
first figure says nothing, and there it is near 1. The second holds there, too: the processor's time of all three
processes. It is 2 × the first where two cores are idle, and what exceeds 1 is the cost of sending, waiting and sharing.

python -m benchmarks.parallel
"""

from __future__ import annotations

from itertools import islice
from statistics import median
from time import perf_counter, process_time

import gymnasium
import numpy as np
from numpy.random import SeedSequence

from benchmarks import Row
from pgcourse.algorithms import reinforce
from pgcourse.parallel import in_order, spawn

LEARNERS, UPDATES = 64, 20


def learn(seed: SeedSequence) -> list[float]:
    """The mean returns of a learner's batches."""
    envs = gymnasium.make_vec("CartPole-v1", num_envs=8)
    learners = reinforce.train(envs, reinforce.Settings(episodes=8), int(seed.generate_state(1)[0]))
    return [float(learner.returns.mean()) for learner in islice(learners, UPDATES)]


def timed(seed: SeedSequence) -> tuple[list[float], float]:
    """The learner, and the seconds of the processor that it took, wherever it ran."""
    start = process_time()
    returns = learn(seed)
    return returns, process_time() - start


def run(quick: bool = False) -> list[Row]:
    """The medians over rounds of the ratios within a round, after one that is not timed and starts the processes."""
    seeds = spawn(0, LEARNERS // (4 if quick else 1))
    in_order(timed, seeds[:4], n_jobs=2)
    ratios, costs = [], []
    for _ in range(1 if quick else 3):
        start, here = perf_counter(), process_time()
        alone = [learn(seed) for seed in seeds]
        half_way, half_here = perf_counter(), process_time()
        two = in_order(timed, seeds, n_jobs=2)
        ratios.append((perf_counter() - half_way) / (half_way - start))
        busy = process_time() - half_here + sum(took for _, took in two)
        costs.append(busy / (half_here - here))
        if not np.array_equal(alone, [returns for returns, _ in two]):
            raise AssertionError("the learners of two processes are not those of one")
    what = f"{LEARNERS} CartPole learners, two processes to one after another"
    return [Row(what, median(ratios), 0.65, True), Row(f"{what}, the processors' time", median(costs), 1.3, True)]


if __name__ == "__main__":
    print(*run(), sep="\n")
