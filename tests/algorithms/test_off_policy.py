"""What DDPG, TD3 and SAC do alike, run with each of them."""

from __future__ import annotations

import tracemalloc
from itertools import islice

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms import ddpg, sac, td3

ALGORITHMS = {"ddpg": ddpg, "td3": td3, "sac": sac}
M, HIDDEN = 256, 64


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_update_keeps_its_results_alone_and_makes_few_arrays_on_the_way(name):
    """In bytes. Kept: θ, w, the targets, and Adam's two means of each.

    On the way: the layers of the actor and of k critics for one batch, and what a backward pass has in hand, two
    signals of each critic; all else is a tenth of that.
    """
    algorithm = ALGORITHMS[name]
    *_, learner = islice(algorithm.train(gymnasium.make("Pendulum-v1"), algorithm.Settings(warmup=100)), 6)
    batch = type(learner.replay)(*(column[:M].copy() for column in learner.replay))
    rest = (algorithm.Settings(),) if name == "ddpg" else (algorithm.Settings(), np.random.default_rng(0))
    assert learner.updates % 2 == 1  # so that TD3's actor moves, too
    algorithm.update(learner, batch, *rest)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    new = algorithm.update(learner, batch, *rest)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    actors, k = (1 if name == "sac" else 2), len(new.critic.w)
    kept = 8 * ((actors + 2) * new.policy.theta.size + 4 * new.critic.w.size)
    assert after - before == pytest.approx(kept, rel=0.03)
    assert peak - before < kept + 1.1 * 8 * M * HIDDEN * (2 + 2 * k + 2 * k)
