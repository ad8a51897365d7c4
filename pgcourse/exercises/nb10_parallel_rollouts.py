"""The exercises of notebook 10: seeds, counting by begin, the spread that is too small, when processes pay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np
from numpy.random import Generator

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, named, run
from pgcourse.exercises.choices import accusation
from pgcourse.exercises.read import numbers, one_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown

# A seed for each task

N, SMALL, LARGE, MANY = 16, 8, 2000, 100_000  # tasks of a run
FAR = 10**6  # from one seed to another
FEW = 2**40  # of so many numbers, two in 200,000 meet with a chance of 2 %
MOST = 200  # numbers of 32 bits in one seed: NumPy takes milliseconds for more


def _seeds(my_seeds: Any, seed: int, n: int) -> list[Any] | tuple[Any, ...]:
    """What the answer gives for a run, or a Reply if these are not n things."""
    answer = run(my_seeds, "seed, n", seed, n)
    if isinstance(answer, Iterator | np.ndarray | range):
        answer = list(islice(answer, n + 1))
    if not isinstance(answer, list | tuple):
        raise Reply(wrong(f"{RETURNED} {shown(answer)}, expected a list of {n} seeds."))
    if len(answer) != n:
        raise Reply(wrong(f"{RETURNED} {len(answer)} seeds for n = {n}."))
    return answer


def _streams(my_seeds: Any, seed: int, n: int) -> list[tuple[int, ...]]:
    """The first numbers of each task's stream. A process gets a copy of its seed, so each is copied here, too."""
    return [tuple(_rng(one).integers(2**62, size=2).tolist()) for one in _seeds(my_seeds, seed, n)]


def _rng(one: Any) -> Generator:
    """What `default_rng` makes of a copy of this seed, or a Reply if it takes no such thing."""
    if one is ...:
        raise Reply(waiting("a list of seeds"))
    try:
        if _parts(one) > MOST:
            raise Reply(wrong(f"{shown(one)} is too long for a seed; a few whole numbers are enough."))
        if one is not None:  # without a seed no run can be repeated
            return np.random.default_rng(deepcopy(one))
    except (TypeError, ValueError, RecursionError):
        pass
    raise Reply(
        wrong(f"{shown(one)} is not a seed; expected a SeedSequence, a Generator or a whole number ≥ 0 for each.")
    )


def _parts(one: Any, depth: int = 3) -> int:
    """How many numbers of 32 bits a seed has; what is nested too deeply counts as more than MOST."""
    if isinstance(one, int):
        return one.bit_length() // 32 + 1
    length = len(one) if hasattr(one, "__len__") else 1
    if length > MOST or not isinstance(one, list | tuple | np.ndarray):
        return length
    return sum(_parts(part, depth - 1) for part in one) if depth else MOST + 1


@exercise
def check_own_seeds(my_seeds: Any) -> Verdict:
    """my_seeds(seed, n) must give n seeds: a stream of its own for every task of every run, the same when run again."""
    runs = {(seed, n): _streams(my_seeds, seed, n) for seed, n in ((0, N), (1, N), (2, N), (2, SMALL), (0, LARGE))}
    first, second = runs[0, N], runs[1, N]
    if len(set(first)) == 1:
        return wrong(
            f"All {N} tasks draw the same numbers: they are one roll-out, {N} times. The spread of their mean stays "
            "9.59, whatever n is. (A generator that is sent to a process arrives as a copy.)"
        )
    for (_, n), streams in runs.items():
        if (own := len(set(streams))) < n:
            return wrong(f"Of {n} tasks only {own} have a stream of their own.")
    if _streams(my_seeds, 0, N) != first:
        return wrong("Called again with the same seed it gives other streams: no run can be repeated.")
    if first == second:
        return wrong("Seeds 0 and 1 give the same streams: `seed` is not used.")
    if shared := len(set(first) & set(second)):
        return nearly(
            f"Seeds 0 and 1 share {shared} of {N} streams, so their runs are not independent. Within a run all is "
            "well, and that is why nobody notices."
        )
    for one, other in (((1, N), (2, SMALL)), ((0, LARGE), (1, N)), ((0, LARGE), (2, N))):
        if set(runs[one]) & set(runs[other]):
            (seed, n), (also, m) = one, other
            return nearly(
                f"Seed {seed} with n = {n} and seed {also} with n = {m} share streams. Let NumPy do it: spawn."
            )
    if (seed_of_1 := _second_seed(my_seeds)) and (shared := len(set(first) & _streams_of(my_seeds, seed_of_1))):
        return nearly(
            f"Seeds 0 and {seed_of_1} share {shared} of {N} streams: a larger step between workers only moves the "
            "fault to another seed. Let NumPy do it: spawn."
        )
    if enough := _reaches(my_seeds):
        return nearly(f"Seed 0 with n = {enough:,} and seed 1 share streams. Let NumPy do it: spawn.")
    if shared := _meet_by_chance(my_seeds):
        return nearly(
            f"With n = {MANY:,}, {shared} of the seeds are drawn twice, in one run or in the runs 0 and 1: so few "
            "numbers meet by chance. Let NumPy do it: spawn."
        )
    return right("Every task of every run has a stream of its own, and it is the same tomorrow.")


def _second_seed(my_seeds: Any) -> int | None:
    """The seed of the second task of seed 0, if it is a whole number: somebody's run may have this very seed."""
    _, second, *_ = my_seeds(0, N)
    return int(second) if isinstance(second, Integral) else None


def _meet_by_chance(my_seeds: Any) -> int:
    """Of the seeds of two large runs, how many have come before; 0 if they are no small numbers."""
    if not all(isinstance(one, Integral) and one < FEW for one in _seeds(my_seeds, 0, LARGE)):
        return 0
    with suppress(Reply):  # it takes no run so large, which is not asked for
        both = [one for seed in (0, 1) for one in _seeds(my_seeds, seed, MANY)]
        return len(both) - len(set(both))
    return 0


def _reaches(my_seeds: Any) -> int | None:
    """With how many tasks seed 0 comes to the first stream of seed 1, if it counts up to it, and not too far."""
    (one,), (other,) = _seeds(my_seeds, 0, 1), _seeds(my_seeds, 1, 1)
    if not (isinstance(one, Integral) and isinstance(other, Integral)):
        return None
    if not LARGE <= (step := int(other) - int(one)) <= FAR:
        return None
    with suppress(Reply):  # it takes no run so large, which is not asked for
        return step + 1 if _seeds(my_seeds, 0, step + 1)[step] == other else None
    return None


def _streams_of(my_seeds: Any, seed: int) -> set[tuple[int, ...]]:
    """The streams of a run with this seed; none if the answer takes no seeds so large, which is not asked for."""
    try:
        return set(_streams(my_seeds, seed, N))
    except Reply:
        return set()


# The first to begin

LANES = 6


def _play(seed: int) -> list[tuple[int, float]]:
    """(number in the order of beginning, return) of trajectories of lanes in lockstep, in the order of finishing."""
    rng = np.random.default_rng(seed)
    ends, begun, finished = rng.integers(1, 30, LANES), np.arange(LANES), list[tuple[int, int, int]]()
    length = ends.copy()
    for following in range(LANES, 20 * LANES):
        lane = int(ends.argmin())
        finished.append((int(ends[lane]), int(begun[lane]), int(length[lane])))
        begun[lane], length[lane] = following, rng.integers(1, 30)
        ends[lane] += length[lane]
    return [(k, -float(steps)) for _, k, steps in finished]


@lru_cache(maxsize=1)
def games() -> list[tuple[list[tuple[int, float]], int]]:
    """What each of four games shows, and how many trajectories count."""
    return [(_play(seed), n) for seed, n in ((0, 6), (1, 6), (3, 9), (5, 14))]


def _first_begun(game: list[tuple[int, float]], n: int) -> float:
    return float(np.mean([G for k, G in game if k < n]))


def _until(game: list[tuple[int, float]], last: int) -> list[tuple[int, float]]:
    """Up to the one that began as number `last`."""
    at = [k for k, _ in game].index(last)
    return game[: at + 1]


MEANS: list[tuple[str, Callable[[list[tuple[int, float]], int], float]]] = [
    (
        "These are the first n that *finish*. The short ones finish first: on the corridor their mean return is −6.77 "
        "instead of −12, with 16 lanes.",
        lambda game, n: float(np.mean([G for _, G in game[:n]])),
    ),
    (
        "You stop when the last one to begin has finished. Those that began before it may still be under way, and they "
        "are the long ones.",
        lambda game, n: float(np.mean([G for k, G in _until(game, n - 1) if k < n])),
    ),
    (
        "Of the first n that finish you keep those that began early. The long ones are then missing altogether.",
        lambda game, n: float(np.mean([G for k, G in game[:n] if k < n])),
    ),
    (
        "You count all that come until number n − 1 has come: only those with k < n belong to the mean.",
        lambda game, n: float(np.mean([G for _, G in _until(game, n - 1)])),
    ),
    ("One too many: the first n have the numbers 0 … n − 1.", lambda game, n: _first_begun(game, n + 1)),
    (
        "You keep number n, too: the first n have the numbers 0 … n − 1.",
        lambda game, n: float(np.mean([G for k, G in game if k <= n][:n])),
    ),
    ("One is missing: the first n have the numbers 0 … n − 1.", lambda game, n: _first_begun(game, n - 1)),
    (
        "All that finished are in it: only those with k < n belong to the mean.",
        lambda game, n: _first_begun(game, 9999),
    ),
    ("This is the sum: divide by n.", lambda game, n: n * _first_begun(game, n)),
    (
        "This is the mean of k: the return is the second of the pair.",
        lambda game, n: float(np.mean([k for k, _ in game if k < n])),
    ),
    ("The sign is turned round.", lambda game, n: -_first_begun(game, n)),
]


@exercise
def check_first_begun(my_mean: Any) -> Verdict:
    """my_mean(finished, n): the mean return of the n that began first, from pairs (k, G) in the order of finishing."""
    values: list[Array] = []
    too_far = False
    for game, n in games():
        asked = iter(game)
        values.append(numbers(run(my_mean, "finished, n", asked, n), RETURNED, ()))
        if values[-1].shape != ():
            return wrong(f"{RETURNED} shape {values[-1].shape}, expected one number, the mean return.")
        left = len(list(asked))
        too_far |= len(game) - left > max(at for at, (k, _) in enumerate(game) if k < n) + 1
    value, expected = np.stack(values), np.array([_first_begun(game, n) for game, n in games()])
    if close(value, expected):
        if too_far:
            return nearly(
                "The mean is right. But you go on when all n have come: lanes that never stop would keep you for ever."
            )
        return right("The mean of the first n to begin, and you stop when the last of them has finished.")
    mistakes = [Mistake(np.array([mean(game, n) for game, n in games()]), message) for message, mean in MEANS]
    if (verdict := named(value, mistakes)) is not None:
        return verdict
    at = int(np.abs(value - expected).argmax())
    yours, right_one = apart(value[at], expected[at])
    return wrong(f"Of n = {games()[at][1]} trajectories the mean return is {right_one}; you have {yours}.")


# The spread that is too small

FALSE_SPREAD = {
    "A": "A is innocent: spawn gives every worker of every run a stream of its own.",
    "B": "B has seed + worker: run 0 has the seeds 0 … 15, run 1 has 1 … 16. Neighbours share 15 of 16 roll-outs, and "
    "the spread between five runs is √(2/16) = 0.35 of what it should be. Each run alone is faultless.",
    "C": "C is innocent: all pairs (run, worker) differ, and a SeedSequence mixes such lists well.",
}
check_false_spread = accusation(
    __name__, "check_false_spread", "B", FALSE_SPREAD, "The letter of the function whose runs are not independent."
)


# When processes pay


@exercise
def check_break_even(answer: Any) -> Verdict:
    """s/(n (1 − 1/P)) = 0.125 s: how long a job must be for n = 64 of them to pay a start of s = 4 s on P = 2."""
    start, n, P = 4.0, 64, 2
    if answer is ...:
        return waiting("a number of seconds")
    if (d := one_number(answer)) is None:
        return wrong(f"{shown(answer)} is not a number; expected seconds, such as 0.25.")
    if close(d, start / (n * (1 - 1 / P))):
        return right("64 jobs of 0.125 s: 8 s one after another, and 4 + 4 s on two processes. Longer jobs pay.")
    known = {
        start / n: "With two processes only half of the work is saved. Set start + n d/2 equal to n d.",
        start: "That is the start alone. It is paid once, for all 64 jobs together.",
        start / (n * P): "Set start + n d/2 equal to n d, and solve for d.",
        start * P: "That is all the work together. How long is one of the 64 jobs?",
        1000 * start / (n * (1 - 1 / P)): "In seconds, please.",
    }
    for value, message in known.items():
        if close(d, value):
            return nearly(message)
    one, two = n * d, start + n * d / P
    return wrong(f"With d = {d:.4g} s one process takes {one:.4g} s, and two take {two:.4g} s: make them equal.")
