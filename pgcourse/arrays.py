"""Arrays as the package keeps them: real numbers, float64, checked once where they come in.

Every message names the field, the place, the value and what was expected.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]  # float64 throughout; np.linalg promises its type checker no more than this
Kind = TypeVar("Kind", bound=np.generic)

TOLERANCE = 1e-9  # how far from 1 the sum of a distribution may be


def real_array(field: str, value: ArrayLike, axes: str) -> Array:
    """`value` as a float64 array with the named axes ("S A S'"), or ValueError naming the field, place and value."""
    try:
        array = np.asarray(value)
        if array.ndim == 0 or array.dtype.kind not in "biufO":  # O: fractions, or rubbish that float() will refuse
            raise TypeError(f"not an array of real numbers but {array.dtype}")
        array = np.asarray(array, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        expected = f"real numbers of shape {_shape(axes)}"
        raise ValueError(f"{field} is {reprlib.repr(value)}, expected {expected}: {error}") from None
    if array.ndim != len(axes.split()) or array.size == 0:
        raise ValueError(f"{field} has shape {array.shape}, expected {_shape(axes)}")
    if not (finite := np.isfinite(array)).all():
        index = np.argwhere(~finite)[0]
        raise ValueError(f"{_place(field, axes, index)} is {array[tuple(index)]}, expected a finite number")
    return array


def check_distributions(field: str, array: Array, axes: str) -> None:
    """Each row along the last axis is a probability distribution, or ValueError says which one is not."""
    if not (fine := (array >= 0) & (array <= 1 + TOLERANCE)).all():
        index = np.argwhere(~fine)[0]
        raise ValueError(f"{_place(field, axes, index)} is {array[tuple(index)]}, expected a probability in [0, 1]")
    total = array.sum(axis=-1)
    if (wrong := np.abs(total - 1) > TOLERANCE).any():
        index = np.argwhere(wrong)[0]
        raise ValueError(f"{_place(field, axes, index)} sums to {total[tuple(index)]:.12g}, expected 1")


def frozen(array: NDArray[Kind]) -> NDArray[Kind]:
    """A read-only copy."""
    array = array.copy()
    array.setflags(write=False)
    return array


def whole(field: str, value: object, least: int = 1) -> int:
    """`value` as an int of at least `least`, or ValueError naming the field."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{field} is {value!r}, expected an integer ≥ {least}")
    return int(value)


def environment_name(env: Any) -> str:
    """What a message calls a Gymnasium environment, vectorised or not: its id, or its class."""
    return getattr(getattr(env, "spec", None), "id", None) or type(getattr(env, "unwrapped", env)).__name__


def _shape(axes: str) -> str:
    names = axes.split()
    return f"({', '.join(names)})" if len(names) > 1 else f"({axes},)"


def _place(field: str, axes: str, index: Iterable[int]) -> str:
    """`p[s=3, a=1]` for the indices (3, 1); the bare field for no index."""
    places = ", ".join(f"{axis}={i}" for axis, i in zip(axes.lower().split(), index, strict=False))
    return f"{field}[{places}]" if places else field
