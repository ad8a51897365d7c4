"""Notebook 10's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from right_answers import Asked

from pgcourse.durations import first_to_finish, length_distribution
from pgcourse.exercises import check_break_even, check_false_spread, check_first_begun, check_own_seeds
from pgcourse.exercises.nb10_parallel_rollouts import games
from pgcourse.parallel import spawn
from pgcourse.policy import Policy
from pgcourse.zoo import short_corridor


def seeds(seed, n):
    """62 bits for each: a list of them is an array of whole numbers."""
    return [int(child.generate_state(1, np.uint64)[0] >> 2) for child in np.random.SeedSequence(seed).spawn(n)]


LEGACY = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="default_rng takes no RandomState there"
)


def first_begun(finished, n):
    kept = []
    for k, G in finished:
        if k < n:
            kept.append(G)
        if len(kept) == n:
            break
    return np.mean(kept)


RIGHT = {  # test_fair.py tries them in every form, and what is hostile
    "own_seeds": Asked(check_own_seeds, seeds),
    "first_begun": Asked(check_first_begun, first_begun),
    "false_spread": Asked(check_false_spread, "B"),
    "break_even": Asked(check_break_even, 0.125),
}


@pytest.mark.parametrize(
    "answer",
    [
        lambda seed, n: np.random.SeedSequence(seed).spawn(n),
        lambda seed, n: np.random.default_rng(seed).spawn(n),
        lambda seed, n: [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(n)],
        lambda seed, n: [np.random.PCG64(child) for child in np.random.SeedSequence(seed).spawn(n)],
        lambda seed, n: [[seed, k] for k in range(n)],
        lambda seed, n: ((seed, k) for k in range(n)),
        lambda seed, n: [np.random.SeedSequence((seed, k)) for k in range(n)],
        lambda seed, n: np.random.default_rng(seed).integers(2**62, size=n),
        lambda seed, n: range(10**12 * seed, 10**12 * seed + n),
        lambda seed, n: [np.array([seed, k]) for k in range(n)],
        lambda seed, n: np.random.SeedSequence(seed).generate_state(4 * n).reshape(n, 4),
        lambda seed, n: [(seed + 1) * 10**18 + k for k in range(n)],
        lambda seed, n: [int(f"1{seed:010d}{k:010d}") for k in range(n)],
        lambda seed, n: [int.from_bytes(f"run {seed} worker {k}".encode(), "big") for k in range(n)],
        lambda seed, n: [list(f"worker {k} of run {seed}".encode()) for k in range(n)],
        pytest.param(
            lambda seed, n: [np.random.RandomState((seed, k)) for k in range(n)], marks=[LEGACY, pytest.mark.slow]
        ),
        pytest.param(
            lambda seed, n: [int(s.generate_state(1)[0]) for s in np.random.SeedSequence(seed).spawn(n)],
            marks=pytest.mark.slow,  # numbers so small are drawn 200,000 times: do they meet?
        ),
        lambda seed, n: np.random.RandomState(seed).randint(0, 2**62, size=n, dtype=np.int64).tolist(),
        spawn,
    ],
    ids=[
        "spawn",
        "generators",
        "made",
        "bits",
        "lists",
        "tuples",
        "entropy",
        "drawn",
        "range",
        "arrays",
        "rows",
        "beyond 2**53",
        "written",
        "from bytes",
        "long lists",
        "RandomState",
        "spawned numbers",
        "its numbers",
        "the course's",
    ],
)
def test_streams_of_their_own_are_right_however_they_are_made(answer):
    assert check_own_seeds(answer)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (lambda seed, n: [seed] * n, "wrong", "All 16 tasks draw the same"),
        (lambda seed, n: [np.random.default_rng(seed)] * n, "wrong", "arrives as a copy"),
        (lambda seed, n: [seed + k // 2 for k in range(n)], "wrong", "only 8 have"),
        (lambda seed, n: np.random.SeedSequence().spawn(n), "wrong", "no run can be repeated"),
        (lambda seed, n: list(range(n)), "wrong", "`seed` is not used"),
        (lambda seed, n: [seed + k for k in range(n)], "nearly", "share 15 of 16"),
        (lambda seed, n: range(seed, seed + n), "nearly", "share 15 of 16"),
        (lambda seed, n: [seed + 1000 * k for k in range(n)], "nearly", "Seeds 0 and 1000 share 15 of 16"),
        (lambda seed, n: [seed + 3 * k for k in range(n)], "nearly", "Seeds 0 and 3 share 15 of 16"),
        (lambda seed, n: [int(f"{seed}{k}") for k in range(n)], "nearly", "share 6 of 16"),
        (lambda seed, n: [seed * n + k for k in range(n)], "nearly", "Seed 1 with n = 16 and seed 2 with n = 8"),
        (lambda seed, n: [1000 * seed + k for k in range(n)], "nearly", "Seed 0 with n = 2000 and seed 1"),
        (lambda seed, n: [10_000 * seed + k for k in range(n)], "nearly", "Seed 0 with n = 10,001 and seed 1 share"),
        (lambda seed, n: 10**6 * seed + np.arange(n), "nearly", "Seed 0 with n = 1,000,001 and seed 1 share"),
        (lambda seed, n: np.random.default_rng(seed).integers(10**9, size=n), "nearly", "meet by chance"),
        (lambda seed, n: np.random.SeedSequence(seed).generate_state(n), "nearly", "meet by chance"),
        (lambda seed, n: np.random.default_rng(seed).choice(10**6, n, replace=False), "nearly", "meet by chance"),
        (lambda seed, n: np.random.SeedSequence(seed), "wrong", "expected a list of 16 seeds"),
        (lambda seed, n: np.random.SeedSequence(seed).spawn(n - 1), "wrong", "15 seeds for n = 16"),
        (lambda seed, n: [-1 - k for k in range(n)], "wrong", "-1 is not a seed"),
        (lambda seed, n: ["a"] * n, "wrong", "is not a seed; expected a SeedSequence"),
        (lambda seed, n: [None] * n, "wrong", "None is not a seed"),
        (lambda seed, n: 1e6 * seed + np.arange(n), "wrong", "is not a seed; expected a SeedSequence"),
        (lambda seed, n: [[1e6 * seed, k] for k in range(n)], "wrong", "is not a seed"),
        (lambda seed, n: [(seed, k % 1000) for k in range(n)], "wrong", "Of 2000 tasks only 1000 have"),
        (lambda seed, n: np.random.default_rng(seed).integers(2 * 10**6, size=n), "wrong", "Of 2000 tasks only 199"),
        (lambda seed, n: [range(10**9)] * n, "wrong", "too long for a seed"),
        (lambda seed, n: [[[range(10**9)]]] * n, "wrong", "too long for a seed"),
        (lambda seed, n: [[[[[range(10**9)]]]]] * n, "wrong", "too long for a seed"),
        (lambda seed, n: [1 << 10**6] * n, "wrong", "too long for a seed"),
        (lambda seed, n: ["0x" + "1" * 10**6] * n, "wrong", "too long for a seed"),
    ],
    ids=[
        "one",
        "a copy",
        "twos",
        "no seed",
        "ignored",
        "plus",
        "range",
        "thousands",
        "threes",
        "digits",
        "times n",
        "times 1000",
        "times 10000",
        "times a million",
        "a thousand million",
        "32 bits",
        "a million",
        "parent",
        "few",
        "minus",
        "text",
        "None",
        "floats",
        "floats in lists",
        "modulo",
        "too few to draw from",
        "huge",
        "huge within",
        "nested",
        "a large number",
        "a long text",
    ],
)
def test_seeds_that_meet_are_told_where(answer, tone, said):
    verdict = check_own_seeds(answer)
    assert verdict.tone == tone
    assert said in verdict.message


def stops(when, keep=lambda k, n: k < n):
    """my_mean with another end: when(how many came, kept, k, n)."""

    def my_mean(finished, n):
        kept = []
        for came, (k, G) in enumerate(finished, start=1):
            if keep(k, n):
                kept.append(G)
            if when(came, kept, k, n):
                break
        return np.mean(kept)

    return my_mean


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (lambda finished, n: np.mean([G for _, G in islice(finished, n)]), "nearly", "the first n that *finish*"),
        (stops(lambda came, kept, k, n: k == n - 1), "nearly", "may still be under way"),
        (stops(lambda came, kept, k, n: came == n), "nearly", "missing altogether"),
        (stops(lambda came, kept, k, n: k == n - 1, lambda k, n: True), "nearly", "until number n − 1 has come"),
        (stops(lambda came, kept, k, n: len(kept) == n + 1, lambda k, n: k <= n), "nearly", "One too many"),
        (stops(lambda came, kept, k, n: len(kept) == n, lambda k, n: k <= n), "nearly", "You keep number n, too"),
        (stops(lambda came, kept, k, n: len(kept) == n - 1, lambda k, n: k < n - 1), "nearly", "One is missing"),
        (lambda finished, n: np.mean([G for _, G in finished]), "nearly", "All that finished"),
        (lambda finished, n: n * first_begun(finished, n), "nearly", "the sum"),
        (lambda finished, n: (n - 1) / 2, "nearly", "the mean of k"),
        (lambda finished, n: -first_begun(finished, n), "nearly", "The sign"),
        (lambda finished, n: np.mean([G for k, G in finished if k < n]), "nearly", "keep you for ever"),
        (lambda finished, n: -12.0, "wrong", "you have -12"),
        (lambda finished, n: [G for _, G in finished], "wrong", "expected one number"),
    ],
    ids=[
        "finish",
        "last",
        "both",
        "until",
        "more",
        "n too",
        "less",
        "all",
        "sum",
        "k",
        "sign",
        "goes on",
        "12",
        "list",
    ],
)
def test_each_way_to_count_has_its_own_answer(answer, tone, said):
    verdict = check_first_begun(answer)
    assert verdict.tone == tone
    assert said in verdict.message


def test_a_mean_next_to_the_right_one_is_shown_with_its_difference():
    said = check_first_begun(lambda finished, n: first_begun(finished, n) - 1e-3).message
    right_one, yours = said.split("mean return is ")[1].rstrip(".").split("; you have ")
    assert float(yours) < float(right_one)


def test_in_every_game_all_ways_to_count_differ():
    """Or a mistake would pass by luck: the last to begin is not the last to finish, nor are the first n the right n."""
    for game, n in games():
        order = [k for k, _ in game]
        assert order.index(n - 1) < max(order.index(k) for k in range(n))
        assert set(order[:n]) != set(range(n))


def test_the_bias_that_is_told_is_the_exact_one():
    corridor = short_corridor()
    lengths = length_distribution(corridor, Policy.uniform(corridor.S, corridor.A), 120)
    said = check_first_begun(lambda finished, n: np.mean([G for _, G in islice(finished, n)])).message
    assert f"−{first_to_finish(lengths, 16, 16):.2f}" in said


def test_the_spread_that_is_told_is_that_of_neighbours_that_share():
    """Of R = 5 runs with seeds 0 … 4 and N = 16 workers: E s² = Var/N · (mean distance of two runs)/N = Var/N · 2/N."""
    distance = np.mean([abs(i - j) for i in range(5) for j in range(5) if i != j])
    assert f"{np.sqrt(distance / 16):.2f}" in check_false_spread("B").message


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (1 / 16, "nearly", "only half"),
        (4, "nearly", "start alone"),
        (1 / 32, "nearly", "solve for d"),
        (8.0, "nearly", "one of the 64"),
        (125, "nearly", "In seconds"),
        (1.0, "wrong", "two take 36 s"),
        ("0.125", "wrong", "is not a number"),
    ],
)
def test_each_wrong_length_has_its_own_answer(answer, tone, said):
    verdict = check_break_even(answer)
    assert verdict.tone == tone
    assert said in verdict.message
