"""Reading an answer: every form in which the right thing can be said is understood, the same in all checks.

one_number(np.array([20]))                # 20.0; None if it is no number
said_number("a", "a number such as 3")  # a Reply: 'a' is not a number; expected a number such as 3.
numbers([1, 2, 3], "my_rho is")       # an array; a Reply if it is none
entries("DECAB", [2, 3, 4, 5, 6], …)  # {2: "D", 3: "E", …}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.verdict import Reply, waiting, wrong
from pgcourse.exercises.words import shown

MOST_ENTRIES = 100_000  # entries of an answer: who answers range(10**9) would wait for it


def one_number(answer: Any) -> float | None:
    """The real number that an answer is: of any type, in an array or a list of one, too. None if it is none, or NaN."""
    answer = only(answer)
    if not isinstance(answer, Real | Decimal) or isinstance(answer, bool | np.bool_):
        return None
    try:
        value = float(answer)
    except OverflowError:  # such as 10**400
        value = math.copysign(math.inf, 1 if answer > 0 else -1)  # type: ignore[operator]
    return None if math.isnan(value) else value


def said_number(answer: Any, expected: str) -> float:
    """The real number that an answer is, or a Reply that says what was `expected`: "a probability such as 0.5"."""
    if answer is ...:
        raise Reply(waiting("a number"))
    if (value := one_number(answer)) is None:
        raise Reply(wrong(f"{shown(answer)} is not a number; expected {expected}."))
    return value


def only(answer: Any) -> Any:
    """What is in an array or a list of one."""
    for _ in range(4):  # and not while: a list may hold itself
        if isinstance(answer, np.ndarray) and answer.size == 1:
            answer = answer.item()
        elif isinstance(answer, list | tuple) and len(answer) == 1:
            answer = answer[0]
    return answer


def one_whole(answer: Any) -> int | None:
    """The whole number that an answer is, such as a state; None if it is none."""
    value = one_number(answer)
    return int(value) if value is not None and value.is_integer() else None


def truth(answer: Any) -> bool | None:
    """True or False, of Python or NumPy; None if it is neither."""
    answer = only(answer)
    return bool(answer) if isinstance(answer, bool | np.bool_) else None


def numbers(answer: Any, what: str, shape: tuple[int, ...] | None = None) -> Array:
    """A copy of the answer as an array of real numbers, or a Reply that begins with `what`, such as "my_rho is".

    It is of float64, or of float32 if the answer is: then `close` knows how exact it can be. Where it differs from
    `shape` only in axes of length 1, as (d, 1) from (d,), it gets this shape.
    """
    given = answer

    def refused() -> Reply:
        return Reply(wrong(f"{what} {shown(given)}, expected {_array_of(shape)}."))

    if isinstance(answer, Iterator):
        answer = list(islice(answer, MOST_ENTRIES + 1))
    if _size(answer) > MOST_ENTRIES:
        raise Reply(wrong(f"{what} {shown(answer)}: more than {MOST_ENTRIES:,} entries, expected {_array_of(shape)}."))
    try:
        array = np.asarray(answer)
        if array.dtype.kind not in "biufO" or (array.dtype.kind == "O" and any(x is None for x in array.flat)):
            raise refused()
        if array.dtype.kind == "O" and any(x is ... for x in array.flat):
            raise Reply(waiting("numbers"))
        array = np.array(array, dtype=np.float32 if array.dtype in (np.float16, np.float32) else np.float64)
    except (TypeError, ValueError, OverflowError):
        raise refused() from None
    if shape is not None and array.shape != shape and _long(array.shape) == _long(shape):
        array = array.reshape(shape)
    return array


def _array_of(shape: tuple[int, ...] | None) -> str:
    return "numbers" if shape is None else "one number" if shape == () else f"an array of numbers of shape {shape}"


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _size(answer: Any, depth: int = 4) -> int:
    """How many entries, those of lists in lists counted; a little more than MOST_ENTRIES stands for more."""
    if isinstance(answer, str | bytes) or not hasattr(answer, "__len__"):
        return 1
    size = answer.size if isinstance(answer, np.ndarray) else len(answer)
    if size > MOST_ENTRIES or depth == 0 or not isinstance(answer, list | tuple):
        return int(size)
    total = 0
    for part in answer:
        total += _size(part, depth - 1)
        if total > MOST_ENTRIES:
            break
    return total


def letter(answer: Any) -> Any:
    """A text as one writes a letter: "b " is "B". Anything else as it is."""
    return str.upper(str.strip(answer)) if isinstance(answer, str) else answer  # a class of one's own may lie


def word(answer: Any, also: Mapping[Any, str] = {}) -> Any:
    """A text without its spaces and capitals, or the word for which `also` says that it stands. Else as it is.

    `also` may have numbers, too: {"+": "up", 1: "up"} reads " + ", 1 and 1.0 as "up".
    """
    given = str.lower(str.strip(answer)) if isinstance(answer, str) else answer
    is_plain = isinstance(given, str | int | float | np.number) and not isinstance(given, bool)
    return also.get(given, given) if is_plain else given


def entries(answer: Any, keys: Iterable[Any], each: str, absent: str) -> dict[Any, Any]:
    """What the answer says for each of the keys; or a Reply, which asks for `each`, such as "a letter for each line".

    Understood are a dictionary, whose keys may be '1' for 1 and 'a' for "A"; and the bare values in the keys' order,
    as a list or, if they are letters, as a text. A key that is not there is told by `absent`, such as "Line {} has no
    reason".
    """
    if answer is ...:
        raise Reply(waiting(each))
    keys = list(keys)
    answer = list(answer) if isinstance(answer, np.ndarray) and answer.ndim else answer
    values = [sign for sign in answer[:MOST_ENTRIES] if sign.isalnum()] if isinstance(answer, str) else answer
    if isinstance(values, list | tuple) and len(values) == len(keys):
        found = dict(zip(keys, values, strict=True))
    elif not isinstance(answer, Mapping):
        form = ", ".join(f"{key!r}: …" for key in keys)
        raise Reply(wrong(f"{shown(answer)} is not a dictionary; expected {each}: {{{form}}}."))
    else:
        given = {_key(key): value for key, value in answer.items()}
        for key in keys:
            if _key(key) not in given:
                raise Reply(wrong(f"{absent.format(key)}; expected {each}."))
        found = {key: given[_key(key)] for key in keys}
    if all(is_open(value) for value in found.values()):
        raise Reply(waiting(each))
    return found


def is_open(value: Any) -> bool:
    """Whether three dots still stand there, or in the pair or list that is there."""
    return value is ... or (isinstance(value, tuple | list) and any(x is ... for x in value))


def _key(key: Any) -> Any:
    """What two keys have in common that mean the same."""
    text = letter(key)
    return int(text) if isinstance(text, str) and text.isdecimal() else text
