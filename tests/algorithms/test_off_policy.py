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


def updated(name, precision):
    """A learner after its first update, from random actions."""
    algorithm = ALGORITHMS[name]
    settings = algorithm.Settings(warmup=1000, n=200, precision=precision)
    learner = next(algorithm.train(gymnasium.make("Pendulum-v1"), settings, seed=3))
    assert learner.updates == 0
    return algorithm.update(learner, learner.replay, settings, *[np.random.default_rng(0)] * (name != "ddpg"))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_in_single_precision_all_networks_are_single_and_make_the_same_gradients(name):
    """To five of seven digits; the actor of TD3 does not move at its first update."""
    double, single = updated(name, "double"), updated(name, "single")
    for part in ("policy.theta", "critic.w", "target_critic.w", "memory_w.m", "memory_w.s", "memory_theta.m"):
        whole, own = part.split(".")
        one, other = (getattr(getattr(learner, whole), own) for learner in (double, single))
        if np.ndim(one):
            assert (one.dtype, other.dtype) == (np.float64, np.float32), part
            if own == "m":  # a tenth of the gradient
                assert np.linalg.norm(one - other) < 1e-5 * np.linalg.norm(one), part
    assert single.error == pytest.approx(double.error, rel=1e-5)
    assert (np.ndim(double.memory_theta.m) == 0) == (name == "td3")


def test_what_the_critics_are_asked_must_fit_and_the_message_names_it():
    """An observation too wide with an action too narrow would be as many inputs; one action would serve all states."""
    learner = next(td3.train(gymnasium.make("Pendulum-v1"), td3.Settings(n=1, hidden=(8,))))
    s, a = np.zeros((5, 3)), np.zeros((5, 1))
    assert learner.q_each(s, a).shape == (2, 5)
    for ask in (learner.q_each, learner.q):
        for obs, action, told in [
            (np.zeros((5, 4)), a, r"obs has shape \(5, 4\), expected \(N, …\), each row of size 3"),
            (s, np.zeros((5, 2)), r"a has shape \(5, 2\), expected \(N, …\), each row of size 1"),
            (s, np.zeros((1, 1)), "a has 1 rows, expected 5: one action for each observation"),
            (s, np.full((5, 1), np.nan), r"a\[0, 0\] is nan, expected a finite number"),
        ]:
            with pytest.raises(ValueError, match=f"^{told}"):
                ask(obs, action)


@pytest.mark.parametrize("warmup", [0, 2])
@pytest.mark.parametrize("name", ["ddpg", "td3"])
def test_from_the_warmup_on_actions_are_the_policy_s_own_though_there_is_no_batch_yet(name, warmup):
    algorithm = ALGORITHMS[name]
    settings = algorithm.Settings(n=6, warmup=warmup, noise=0.0, batch=50)
    learner = next(algorithm.train(gymnasium.make("Pendulum-v1"), settings, seed=1))
    a, own = learner.replay.a, learner.actor(learner.replay.s)
    assert learner.updates == 0
    np.testing.assert_allclose(a[warmup:], own[warmup:], rtol=1e-9)
    assert (np.abs(a[:warmup] - own[:warmup]) > 1e-3).all()
