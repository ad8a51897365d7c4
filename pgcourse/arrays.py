"""Numbers and arrays as the package keeps them: real, finite, float64, checked once where they come in.

    number, whole, discount          one number
    real_array                       an array of finite numbers, by the names of its axes
    distributions                    rows that sum to 1, as exactly as float64 can
    shaped                           an array of one given shape; its numbers are not looked at
    check_unmasked                   nothing in an array is masked
    generator                        where random numbers come from
    finite                           a result that must be numbers, or the argument that is to blame

Every message names the field, the place, the value and what was expected.
"""

from __future__ import annotations

import contextlib
import reprlib
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]  # float64 throughout; np.linalg promises its type checker no more than this
Kind = TypeVar("Kind", bound=np.generic)
Shape = Sequence[int | None]  # None for an axis of any length

TOLERANCE = 1e-9  # how far from 1 the sum of a distribution may be
ROUNDINGS = 16  # and how many last digits of its own type, float32 or so
LARGEST = 1e50  # of rewards, features and the like: products and sums of a few stay among the floats
LARGEST_FLOAT = float(np.finfo(float).max)
COUNTABLE = 2**63  # integers from here on are none of NumPy's
NEAREST = 1e-12  # how near γ may come to 1 without being 1: p itself is only known to some 1e-15


def number(
    field: str, value: Any, least: float = -np.inf, most: float = np.inf, above: float = -np.inf, limit: bool = False
) -> float:
    """`value` as a finite float in [least, most] and > above, or ValueError. With `limit`, ∞ is a number, too."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and not np.ma.isMaskedArray(value):
        value = value[()]
    try:
        x = float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan
    except OverflowError:
        x = np.nan
    if least <= x <= most and x > above and (limit or np.isfinite(x)):
        return x
    bounds = [f"≥ {least:g}"] * (least > -np.inf) + [f"> {above:g}"] * (above > -np.inf)
    bounds += [f"≤ {most:g}"] * (most < np.inf)
    kind = "a number" if limit else "a finite number"
    raise ValueError(f"{field} is {reprlib.repr(value)}, expected {' '.join([kind, ' and '.join(bounds)]).strip()}")


def whole(field: str, value: Any, least: int = 1) -> int:
    """`value` as an int of at least `least`, or ValueError naming the field."""
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= (count := int(value)) < COUNTABLE:
        return count
    most = " and < 2**63" if isinstance(value, Integral) and int(value) >= COUNTABLE else ""
    raise ValueError(f"{field} is {reprlib.repr(value)}, expected an integer ≥ {least}{most}")


def discount(value: object, one: str = "") -> float:
    """γ as a float, or ValueError. `one` says when γ = 1 is allowed; without it, it is not."""
    expected = "expected a number 0 ≤ γ < 1" + f", or γ = 1 {one}" * bool(one)
    try:
        gamma = number("gamma", value, 0, 1)
    except ValueError:
        raise ValueError(f"gamma is {reprlib.repr(value)}, {expected}") from None
    if 1 - NEAREST < gamma < 1 or (gamma == 1 and not one):
        raise ValueError(f"gamma is {value}, {expected}, and not between 1 − {NEAREST} and 1: p is not so exact")
    return gamma


def real_array(
    field: str, value: ArrayLike, axes: str, most: float = np.inf, shape: Shape | None = None, why: str = ""
) -> Array:
    """`value` as a float64 array with the named axes ("S A S'"), or ValueError naming the field, place and value.

    Axes "…" are any, none included. No number may be larger than `most`. A masked array is taken only if nothing in it
    is masked. With `shape`, as `shaped`. An empty array is taken only if `shape` says each length, and so asks for it.
    """
    array = _real(field, value, axes) if shape is None else shaped(field, value, axes, shape, why)
    empty = array.size == 0 and (shape is None or None in shape)
    if (axes != "…" and array.ndim != len(axes.split())) or empty:
        expected = "at least one number" if axes == "…" else _shape(axes)
        raise ValueError(f"{field} has shape {array.shape}, expected {expected}")
    if not (fine := np.abs(array) <= min(most, LARGEST_FLOAT)).all():  # NaN is not, either
        index = np.argwhere(~fine)[0]
        expected = f"a size of at most {most:g}" if np.isfinite(array[tuple(index)]) else "a finite number"
        raise ValueError(f"{_place(field, axes, index)} is {array[tuple(index)]}, expected {expected}")
    return array


def distributions(field: str, value: ArrayLike, axes: str) -> Array:
    """`value` as float64 rows along the last axis, each a probability distribution, or ValueError says which is not.

    The rounding of the value's own type is allowed for: a float32 row sums to 1 within some 1e-7. What is more than
    float64's own rounding is then taken out, by dividing the row by its sum.
    """
    array = real_array(field, value, axes)
    rounding = slack(value)
    allowed = max(TOLERANCE, rounding)
    if not (fine := (array >= -rounding) & (array <= 1 + allowed)).all():
        index = np.argwhere(~fine)[0]
        raise ValueError(f"{_place(field, axes, index)} is {array[tuple(index)]}, expected a probability in [0, 1]")
    total = array.sum(axis=-1)
    if (wrong := np.abs(total - 1) > allowed).any():
        index = np.argwhere(wrong)[0]
        raise ValueError(f"{_place(field, axes, index)} sums to {total[tuple(index)]:.12g}, expected 1")
    array = array.clip(min=0)
    total = array.sum(axis=-1, keepdims=True)
    off = np.abs(total - 1) > ROUNDINGS / 2 * np.finfo(float).eps  # others stay as they are, to the last digit
    return np.divide(array, total, out=array, where=off)


def weights(field: str, value: ArrayLike, shape: Shape, why: str = "") -> Array:
    """`value` as weights ≥ 0 of states, (S,), which need not sum to 1."""
    array = real_array(field, value, "S", LARGEST, shape, why)
    if (array < 0).any():
        s = int((array < 0).argmax())
        raise ValueError(f"{field}[s={s}] is {array[s]}, expected a weight ≥ 0")
    return array


def slack(value: ArrayLike) -> float:
    """What the rounding of its own type may do to numbers near 1: some 4e-15, or 2e-6 if `value` is float32."""
    kind = np.asarray(value).dtype
    last_digit = np.finfo(kind).eps if kind.kind == "f" else 0
    return ROUNDINGS * float(max(last_digit, np.finfo(float).eps))


def shaped(field: str, value: ArrayLike, axes: str, shape: Shape, why: str = "") -> Array:
    """`value` as a float64 array of this very shape, so that nothing is broadcast in silence; None is any length."""
    array = _real(field, value, axes)
    if array.shape == shape:
        return array
    if len(shape) != array.ndim or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        lengths = ", ".join(name if n is None else str(n) for name, n in zip(axes.split(), shape, strict=True))
        expected = f"{_shape(axes)} = ({lengths}{',' * (len(shape) == 1)})" if shape != (None,) else _shape(axes)
        raise ValueError(f"{field} has shape {array.shape}, expected {expected}{why}")
    return array


def number_or_each(field: str, value: ArrayLike, axes: str, shape: Shape) -> Array | float:
    """One number for all, or an array of this very shape: what a baseline may be."""
    if isinstance(value, Real) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return number(field, value, -LARGEST, LARGEST)
    return real_array(field, value, axes, LARGEST, shape, ", or one number")


def at_least(ndim: int, value: ArrayLike) -> ArrayLike:
    """`value` with so many axes, ones in front; what is ragged stays as it is, for `real_array` to refuse."""
    with contextlib.suppress(ValueError):
        return np.array(value, ndmin=ndim, copy=None, subok=True)
    return value


def generator(rng: Any) -> np.random.Generator:
    """`rng` itself, or TypeError: a bare seed would give the same numbers at every call."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {reprlib.repr(rng)}, expected a NumPy generator, such as np.random.default_rng(0)")
    return rng


def fitting(**arguments: Array) -> None:
    """ValueError, with their names and shapes, unless these arrays can be broadcast against each other."""
    try:
        np.broadcast_shapes(*(array.shape for array in arguments.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arguments.items())
        raise ValueError(f"shapes do not fit together: {shapes}; expected the same lengths, or 1") from None


def finite(result: Array, field: str, **arguments: Any) -> Array:
    """`result` if it is made of numbers; else ValueError, naming the argument that is not, or that all is too large."""
    if np.isfinite(result).all():
        return result
    for name, argument in arguments.items():
        array = np.asarray(argument, dtype=float)
        if not (fine := np.isfinite(array)).all():
            index = tuple(np.argwhere(~fine)[0].tolist())
            raise ValueError(f"{name}{list(index) or ''} is {array[index]}, expected a finite number")
    sizes = ", ".join(
        f"{name} up to {np.abs(np.asarray(x, float)).max(initial=0):.3g}" for name, x in arguments.items()
    )
    raise ValueError(f"{field} is out of the range of floats, with {sizes}; expected smaller numbers")


def frozen(array: NDArray[Kind]) -> NDArray[Kind]:
    """A read-only copy."""
    array = array.copy()
    array.setflags(write=False)
    return array


def sealed(array: NDArray[Kind]) -> NDArray[Kind]:
    """The array itself, read-only from now on: for what was made just now, and nobody else writes to."""
    array.setflags(write=False)
    return array


class ReadOnly:
    """What is pickled or copied keeps its arrays read-only, which they forget by themselves: other things follow them.

    `absorbing` of an MDP follows p and r, and is kept, so that nobody may write to them.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        for value in state.values():
            for array in value if isinstance(value, tuple) else (value,):
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)
        self.__dict__.update(state)


def environment_name(env: Any) -> str:
    """What a message calls a Gymnasium environment, vectorised or not: its id, or its class."""
    return getattr(getattr(env, "spec", None), "id", None) or type(getattr(env, "unwrapped", env)).__name__


def _real(field: str, value: ArrayLike, axes: str) -> Array:
    """`value` as a float64 array of some shape, or ValueError: masked, text, complex, ragged or no array at all."""
    if type(value) is np.ndarray and value.dtype == np.float64 and value.ndim:  # as nearly always: at once
        return np.asarray(value, order="C")
    check_unmasked(field, value, axes)
    try:
        array = np.asarray(value)
        if (
            array.ndim == 0 and axes != "…"
        ) or array.dtype.kind not in "biufO":  # O: fractions, or rubbish that float() will refuse
            raise TypeError(f"not an array of real numbers but {array.dtype}")
        if array.dtype.kind == "O" and any(isinstance(x, (str, bytes)) for x in array.flat):  # float("0.5") is a number
            raise TypeError("not an array of real numbers but one with text")
        with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes ∞, which is refused by its place
            return np.asarray(array, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        expected = f"real numbers of shape {_shape(axes)}"
        raise ValueError(f"{field} is {reprlib.repr(value)}, expected {expected}: {error}") from None


def check_unmasked(field: str, value: Any, axes: str = "…") -> None:
    """ValueError naming the place if something in an array is masked: NumPy would drop the mask in silence."""
    if np.ma.isMaskedArray(value) and (masked := np.ma.getmaskarray(value)).any():
        place = _place(field, axes, np.argwhere(masked)[0])
        raise ValueError(
            f"{place} is masked, expected real numbers of shape {_shape(axes)}: fill or drop what is masked"
        )


def _shape(axes: str) -> str:
    names = axes.split()
    return "(…)" if axes == "…" else f"({', '.join(names)})" if len(names) > 1 else f"({axes},)"


def _place(field: str, axes: str, index: Iterable[int]) -> str:
    """`p[s=3, a=1]` for the indices (3, 1); the bare field for no index."""
    names = [] if axes == "…" else [f"{axis}=" for axis in axes.lower().split()]
    places = ", ".join(f"{name}{i}" for name, i in zip_longest(names, index, fillvalue="") if i != "")
    return f"{field}[{places}]" if places else field
