"""Asking the student's function, and knowing a usual mistake by the numbers it gives.

value = numbers(run(my_T, "pi, p, r, gamma, q", pi, p, r, gamma, q), RETURNED)
if close(value, expected): …
verdict = named(value, [Mistake(r + p @ (pi @ q), "γ is missing.")])
verdict = mistaken(value, expected, mistakes, lambda yours, right, s: f"v^π({s}) is {right}; you have {yours}.")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.patience import TooLong
from pgcourse.exercises.verdict import Reply, Verdict, nearly, waiting, wrong
from pgcourse.exercises.words import apart, shown, told

RETURNED = "Your function returned"
EXACT, ROUGH = 1e-6, 2e-4  # relative: float64 and float32, of which every operation may lose a digit


def run(function: Any, signature: str, *arguments: Any, pure: bool = False) -> Any:
    """What the student's function gives for the arguments, whose names are the signature, or a Reply if it is nothing.

    Every call gets fresh copies of arrays, so that a function that works in place spoils nothing. If it must be
    `pure`, such as an operator, which is applied again and again, writing into its arguments is told.
    """
    if function is ...:
        raise Reply(waiting("a function"))
    if not callable(function):
        raise Reply(wrong(f"{shown(function)} is not a function; expected a function of ({signature})."))
    given = [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]
    try:
        with np.errstate(divide="warn", over="warn", invalid="warn"):
            value = function(*given)
    except (Reply, TooLong, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit, too
        raise Reply(_raised(error, signature, arguments)) from None
    if value is None:
        raise Reply(wrong(f"{RETURNED} None: is the `return` missing?"))
    if value is ... or (isinstance(value, tuple | list) and any(x is ... for x in value)):
        raise Reply(waiting("what the function returns"))
    if pure:
        for name, before, after in zip(signature.split(", "), arguments, given, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after):
                text = f"Your function writes over {name}, which it was given. Whoever calls it may need that again"
                raise Reply(nearly(f"{text}: leave it as it is, and return a new array."))
    return value


def _raised(error: BaseException, signature: str, arguments: tuple[Any, ...]) -> Verdict:
    if isinstance(error, TypeError) and "ellipsis" in str(error):
        return waiting("what the function needs")
    shapes = [
        f"{name} {x.shape}"
        for name, x in zip(signature.split(", "), arguments, strict=True)
        if isinstance(x, np.ndarray)
    ]
    call = f" The shapes: {', '.join(shapes)}." if shapes and isinstance(error, ValueError | IndexError) else ""
    if isinstance(error, TypeError):
        call = f" It is called with ({signature})."
    return wrong(f"Your function raised {told(error)}.{call}")


class Mistake(NamedTuple):
    """A usual mistake: the value it gives, and what to say then."""

    value: Any
    message: str
    tone: str = "nearly"


def named(value: Array, mistakes: Iterable[Mistake], rtol: float = EXACT) -> Verdict | None:
    """The verdict on the first of the mistakes that gives this value; None if none does."""
    for mistake in mistakes:
        if np.shape(mistake.value) == value.shape and close(value, mistake.value, rtol):
            return Verdict(mistake.tone, mistake.message)
    return None


def mistaken(value: Array, expected: Array, mistakes: Iterable[Mistake], text: Callable[..., str]) -> Verdict:
    """The verdict on a wrong array: the mistake that gives it; else `text(yours, right, *where)` of its worst entry."""
    if (verdict := named(value, mistakes)) is not None:
        return verdict
    where = furthest(value, expected)
    return wrong(text(*apart(value[where], expected[where]), *where))


def close(value: Any, expected: Any, rtol: float = EXACT) -> bool:
    """Equal up to rounding, which is that of the value's own type and in parts of the largest number expected."""
    rough = np.asarray(value).dtype in (np.float16, np.float32)
    with np.errstate(all="ignore"):
        distance = np.abs(np.asarray(value, dtype=float) - expected)
        return bool((distance <= max(rtol, ROUGH * rough) * max(np.abs(expected).max(), 1e-9)).all())


def furthest(value: Array, expected: Array) -> tuple[int, ...]:
    """Where the value is furthest from what was expected; the first that is not finite, if there is one."""
    with np.errstate(all="ignore"):
        distance = np.array(np.abs(value - expected))  # of a single number, too
    distance[~np.isfinite(distance)] = np.inf
    return tuple(int(i) for i in np.unravel_index(distance.argmax(), distance.shape))
