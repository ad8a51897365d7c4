"""Lengths of trajectories: the corridor's by (I − p^π)⁻¹, small cases by enumeration, the rest by lanes that play."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pgcourse import Policy, zoo
from pgcourse.bellman import transition
from pgcourse.durations import first_to_finish, length_distribution, sum_distribution
from pgcourse.mdp import FiniteMDP
from pgcourse.sampling import rollouts

CORRIDOR = zoo.short_corridor()
HALF = Policy.uniform(CORRIDOR.S, CORRIDOR.A)
LENGTHS = length_distribution(CORRIDOR, HALF, 400)
COIN = np.array([0.0, 0.5, 0.2, 0.3])  # T = 1, 2 or 3


def moments(probs):
    t = np.arange(len(probs))
    return probs @ t, probs @ t**2 - (probs @ t) ** 2


def test_the_corridor_s_mean_is_12_and_its_variance_92():
    """With N = (I − p^π)⁻¹ of the live states: E T = ρ₀ N 1 and E T² = ρ₀ (2N − I) N 1 (Kemeny & Snell 1960)."""
    live = CORRIDOR.live
    N = np.linalg.inv(np.eye(live.sum()) - transition(CORRIDOR, HALF)[np.ix_(live, live)])
    mean = CORRIDOR.rho_0[live] @ N @ np.ones(live.sum())
    second = CORRIDOR.rho_0[live] @ (2 * N - np.eye(live.sum())) @ N @ np.ones(live.sum())
    assert np.allclose([mean, second - mean**2], [12, 92])
    assert np.allclose(moments(LENGTHS), [12, 92], atol=1e-6)


def test_lengths_are_those_of_roll_outs_their_horizon_included():
    tau = rollouts(CORRIDOR, HALF, 20_000, 10, np.random.default_rng(0))
    probs = length_distribution(CORRIDOR, HALF, 10)
    seen = np.bincount(tau.length, minlength=11) / len(tau)
    assert (np.abs(seen - probs) <= 5 * np.sqrt(probs * (1 - probs) / len(tau)) + 1e-12).all()


@pytest.mark.parametrize("n", [1, 2, 16])
def test_a_sum_of_lengths_has_n_times_the_mean_and_the_variance(n):
    assert np.allclose(moments(sum_distribution(LENGTHS, n)), [12 * n, 92 * n], rtol=1e-6)


def test_a_sum_of_two_is_by_enumeration():
    expected = np.zeros(7)
    for one, other in itertools.product(range(4), repeat=2):
        expected[one + other] += COIN[one] * COIN[other]
    assert np.allclose(sum_distribution(COIN, 2), expected)


def by_enumeration(probs, lanes, m):
    """All ways in which so many lanes can play m trajectories each, and the m that finish first."""
    total = 0.0
    for each in itertools.product(range(1, len(probs)), repeat=lanes * m):
        lengths = np.reshape(each, (lanes, m))
        ends = lengths.cumsum(axis=1)
        first = sorted((ends[i, j], i, lengths[i, j]) for i in range(lanes) for j in range(m))[:m]
        total += np.prod(probs[lengths]) * sum(length for *_, length in first) / m
    return total


@pytest.mark.parametrize(("lanes", "m"), [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (3, 2), (4, 2)])
def test_the_first_to_finish_are_those_of_every_way_to_play(lanes, m):
    assert np.isclose(first_to_finish(COIN, lanes, m), by_enumeration(COIN, lanes, m))


def test_one_lane_is_never_biased_and_the_shortest_of_two_is():
    assert np.isclose(first_to_finish(LENGTHS, 1, 5), 12)
    shortest = (LENGTHS[::-1].cumsum()[::-1][1:] ** 2).sum()  # E min = Σ P(T > t)²
    assert np.isclose(first_to_finish(LENGTHS, 2, 1), shortest)


@pytest.mark.parametrize(
    ("lanes", "m", "mean"),
    [(8, 8, 7.017), (16, 16, 6.766), (64, 64, 6.583), pytest.param(16, 160, 11.281, marks=pytest.mark.slow)],
)
def test_on_the_corridor_it_is_what_lanes_that_play_show(lanes, m, mean):
    """The exact number, and the mean over runs of lanes in lockstep."""
    exact = first_to_finish(length_distribution(CORRIDOR, HALF, 150 if lanes < m else 120), lanes, m)
    assert round(exact, 3) == mean
    rng, runs = np.random.default_rng(lanes + m), 300
    lengths = rng.choice(len(LENGTHS), (runs, lanes, 8 * m // lanes + 20), p=LENGTHS / LENGTHS.sum())
    ends = lengths.cumsum(axis=2).reshape(runs, -1)
    first = np.argsort(ends, axis=1, kind="stable")[:, :m]
    means = np.take_along_axis(lengths.reshape(runs, -1), first, axis=1).mean(axis=1)
    assert abs(means.mean() - exact) < 5 * means.std() / np.sqrt(runs)


def test_a_length_of_0_is_refused():
    with pytest.raises(ValueError, match=r"^probs\[0\] is 0.5, expected 0"):
        first_to_finish([0.5, 0.5], 2, 2)


@pytest.mark.parametrize(("name", "arguments"), [("lanes", (0, 1)), ("m", (1, 0)), ("lanes", (1.5, 1))])
def test_a_count_that_is_none_is_named(name, arguments):
    with pytest.raises(ValueError, match=f"^{name} is "):
        first_to_finish(COIN, *arguments)


def test_where_no_trajectory_begins_at_its_end_the_length_0_has_probability_0():
    """The sum of ρ₀ over the states that live is 1 − 1e-16."""
    rho_0 = np.append(np.full(6, 1 / 6), 0)
    assert 1 - rho_0.sum() > 0
    p = np.zeros((7, 1, 7))
    p[:, :, 6] = 1
    mdp = FiniteMDP(p, np.zeros((7, 1)), 0.9, rho_0)
    lengths = length_distribution(mdp, Policy.uniform(7, 1), 5)
    assert lengths[0] == 0
    assert first_to_finish(lengths, 2, 3) == pytest.approx(1)
