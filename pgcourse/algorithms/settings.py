"""What a `Settings` keeps is what was checked: floats, ints, tuples and switches, whatever type they came in.

So equal settings are equal runs: a step size of np.float64 would turn single precision into double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from pgcourse.arrays import whole

Settings = TypeVar("Settings")


def set_checked(settings: Any, check: Callable[..., Any], fields: Iterable[str], *args: Any, **bounds: Any) -> None:
    """settings.field ← check(field, settings.field, …) for each of the fields; ValueError as `check` has it."""
    for field in fields:
        object.__setattr__(settings, field, check(field, getattr(settings, field), *args, **bounds))


def layers(field: str, value: Any) -> tuple[int, ...]:
    """The sizes of hidden layers as a tuple, which may be empty, or ValueError."""
    if not isinstance(value, tuple | list):
        raise ValueError(f"{field} is {value!r}, expected a tuple of integers ≥ 1, one for each hidden layer")
    return tuple(whole(f"{field}[{k}]", size) for k, size in enumerate(value))


def switch(field: str, value: Any) -> bool:
    """True or False, or ValueError: "no" would count as True."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{field} is {value!r}, expected True or False")
    return bool(value)


def function(field: str, value: Any) -> Any:
    """What can be called, or ValueError."""
    if not callable(value):
        raise ValueError(f"{field} is {value!r}, expected a function")
    return value


def or_default(kind: type[Settings], settings: Settings | None) -> Settings:
    """`settings`, or those that stand if there are none; TypeError if they are of another kind, such as a seed."""
    if settings is None:
        return kind()
    if not isinstance(settings, kind):
        place = f"{kind.__module__.rpartition('.')[2]}.Settings"
        raise TypeError(f"settings is {settings!r}, expected {place}(…): a seed goes by its name, seed=0")
    return settings
