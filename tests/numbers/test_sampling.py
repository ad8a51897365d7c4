"""Drawing pairs is exact in distribution, and impossible outcomes are never drawn."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.policy import Policy, softmax
from pgcourse.sampling import _draw, _draw_rows, sample_pairs

N = 200_000


def z_scores(counts, expected):
    """How many standard deviations each count of N draws is away from its probability `expected`."""
    sure = (expected <= 0) | (expected >= 1)
    assert np.array_equal(counts[sure], N * expected[sure])
    p = expected[~sure]
    return (counts[~sure] - N * p) / np.sqrt(N * p * (1 - p))


def test_pairs_follow_the_occupancy_and_the_policy():
    lake = zoo.frozen_lake()
    pi = softmax(zoo.lake_features(), [0.5, 2])
    rho_pi = exact(lake, pi).rho_pi
    s, a = sample_pairs(rho_pi, pi, N, np.random.default_rng(0))
    counts = np.zeros((16, 4))
    np.add.at(counts, (s, a), 1)
    expected = (1 - lake.gamma) * rho_pi[:, None] * pi.probs
    assert np.abs(z_scores(counts, expected)).max() < 4.5


def test_rows_are_drawn_each_from_its_own_distribution():
    probs = np.array([[1.0, 0, 0], [0, 0.25, 0.75], [0.5, 0, 0.5]])
    rows = np.random.default_rng(1).integers(3, size=N)
    drawn = _draw_rows(probs, rows, np.random.default_rng(2))
    for row in range(3):
        here = drawn[rows == row]
        frequencies = np.bincount(here, minlength=3) / len(here)
        possible = (probs[row] > 0) & (probs[row] < 1)
        spread = np.sqrt(probs[row] * (1 - probs[row]) / len(here))
        assert np.array_equal(frequencies[~possible], probs[row][~possible])
        assert (np.abs(frequencies - probs[row])[possible] < 4.5 * spread[possible]).all()


class Largest:
    """A generator of one number, the largest below 1."""

    def random(self, shape):
        return np.full(shape, np.nextafter(1, 0))


@pytest.mark.parametrize("probs", [np.full(10, 0.1), np.array([0.1] * 10 + [0.0]), np.array([0.5, 0.5 - 1e-10, 0.0])])
def test_rounding_draws_nothing_impossible(probs):
    """Ten times 0.1 sum up to less than 1: the last outcome that is possible gets the rest."""
    last = int(np.flatnonzero(probs)[-1])
    assert _draw(probs, 3, Largest()).tolist() == [last] * 3
    assert _draw_rows(np.array([probs]), np.zeros(2, int), Largest()).tolist() == [last] * 2


def test_the_same_seed_draws_the_same():
    pi, rho = Policy.uniform(4, 3), np.array([1.0, 2, 3, 4])
    one, other = (sample_pairs(rho, pi, 50, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, other)
