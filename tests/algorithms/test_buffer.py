"""The replay buffer keeps the last transitions, each of them whole, and draws them evenly."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pgcourse.algorithms.buffer import Replay, Transitions


def numbered(start, N):
    """N transitions, whose numbers all tell which one it is; states of two numbers, actions of shape (1, 3)."""
    i = np.arange(start, start + N, dtype=float)
    return i[:, None] + [0.0, 0.25], np.tile(i[:, None, None], (1, 1, 3)), -i, i[:, None] + [0.5, 0.75], i % 3 == 0


def numbers_of(batch):
    """Which ones they are; each must be whole."""
    i = batch.s[:, 0]
    assert np.array_equal(batch.s[:, 1], i + 0.25)
    assert np.array_equal(batch.a, np.tile(i[:, None], (1, 3)))
    assert np.array_equal(batch.r, -i)
    assert np.array_equal(batch.s_next, i[:, None] + [0.5, 0.75])
    assert np.array_equal(batch.terminated, i % 3 == 0)
    return i.astype(int)


@pytest.mark.parametrize("N", [1, 3, 4, 10, 25])
def test_the_last_ones_stay_and_each_is_whole(N):
    """N at a time into a buffer of 10, also more than there is room for."""
    replay = Replay(10, 2, 3)
    for start in range(0, 5 * N, N):
        replay.add(*numbered(start, N))
        added = start + N
        assert len(replay) == min(10, added)
        assert sorted(numbers_of(replay.held())) == list(range(max(0, added - 10), added))


def test_draws_are_even_and_with_replacement():
    """z-scores of how often each was drawn; a batch as large as the buffer leaves some out."""
    replay, rng, M, draws = Replay(20, 2, 3), np.random.default_rng(0), 8, 4000
    replay.add(*numbered(0, 8))
    drawn = np.array([numbers_of(replay.sample(M, rng)) for _ in range(draws)])
    counts, p = np.bincount(drawn.ravel(), minlength=M), 1 / M
    assert np.abs((counts - draws * M * p) / np.sqrt(draws * M * p * (1 - p))).max() < 4
    assert len(set(drawn[0])) < M


def test_what_was_drawn_stays_and_what_is_held_cannot_be_written_to():
    replay = Replay(4, 2, 3)
    replay.add(*numbered(0, 4))
    batch, held = replay.sample(4, np.random.default_rng(0)), replay.held()
    before = numbers_of(batch)
    replay.add(*numbered(4, 4))
    assert np.array_equal(numbers_of(batch), before)
    assert sorted(numbers_of(held)) == [4, 5, 6, 7]
    with pytest.raises(ValueError, match="read-only"):
        held.r[0] = 0.0


@pytest.mark.parametrize(
    ("field", "shape", "size"),
    [("s", (2, 3), 2), ("s", (6,), 2), ("a", (3, 1), 3), ("s_next", (3, 4), 2), ("terminated", (2,), 1)],
)
def test_a_column_that_does_not_fit_is_named_and_nothing_is_added(field, shape, size):
    """Two states of three numbers would be three of two, their numbers mixed."""
    replay, columns = Replay(10, 2, 3), Transitions(*numbered(0, 3))
    told = f"{field} has shape {shape}, expected (3, …), each row of size {size}"
    with pytest.raises(ValueError, match=re.escape(told)):
        replay.add(*columns._replace(**{field: np.zeros(shape)}))
    assert len(replay) == 0


def test_a_batch_larger_than_what_is_there_is_refused():
    replay = Replay(10, 2, 3)
    replay.add(*numbered(0, 3))
    with pytest.raises(ValueError, match="M is 4, expected at most the 3 transitions in the buffer"):
        replay.sample(4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="capacity is 0, expected an integer ≥ 1"):
        Replay(0, 2, 3)
