"""The key of a picture: all values of a view, written as one text, alike in Python and in JavaScript (keys.js).

    part_of(0.3)              "300000"          numbers in millionths, rounded
    part_of(True)             "true"            and null for None
    part_of("q")              '"q"'             text as JSON has it
    part_of((1, 0.5))         "[1000000,500000]"
    key_of({"theta": 0.3, "state": 14}, {})     "300000|14000000"

A slider that has come to 0.3 by three steps of 0.1 has the key of 0.3. Two numbers less than a millionth apart may have
one key; `told_apart` says whether all values of a control have keys of their own. Equal keys mean equal pictures, if
`compute` is a pure function of the values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from math import floor
from numbers import Real
from typing import Any

import numpy as np

from pgcourse.live.controls import equal

LARGEST = 1e12  # beyond, millionths are no longer whole numbers of a float
LONGEST = 80  # characters of one value: beyond, a digest stands for it


def part_of(value: Any) -> str:
    """One value as a text, or TypeError or ValueError for a value that has none.

    A control's value is a number, a bool, a text, None or a list of these. What the view keeps beside its controls may
    also be an array, a mapping from texts, or a data class: only Python writes these.
    """
    if value is None:
        return "null"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Real):
        number = float(value)
        if not abs(number) <= LARGEST:
            raise ValueError(f"{number} cannot be a key, expected a number of at most {LARGEST:g}")
        # not 0.5: halves of a millionth, such as those of 2⁻⁷, are not at the edge where the last digit would decide
        return str(floor(number * 1e6 + 0.5001))
    if isinstance(value, np.ndarray):
        return part_of([value.shape, *value.ravel().tolist()]) if value.ndim != 1 else part_of(value.tolist())
    if isinstance(value, list | tuple):
        return f"[{','.join(map(part_of, value))}]"
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{part_of(name)}:{part_of(one)}' for name, one in value.items())}}}"
    raise TypeError(
        f"{value!r:.80} cannot be a key, expected numbers, texts, None, or arrays, lists and mappings of them"
    )


def parts_of(values: Mapping[str, Any], controls: Mapping[str, Any]) -> list[str]:
    """The parts of a key, one for each value: of a choice among options its place, of all else the value."""
    return [_part(name, value, controls.get(name)) for name, value in values.items()]


def key_of(values: Mapping[str, Any], controls: Mapping[str, Any]) -> str:
    return "|".join(parts_of(values, controls))


def told_apart(parts: Iterable[str]) -> bool:
    """Whether no two of a control's values have the same part."""
    parts = list(parts)
    return len(set(parts)) == len(parts)


def has_options(control: Any) -> bool:
    """Whether a control chooses one of several options: its browser side knows the place, and not the value."""
    return control is not None and control.has_trait("index") and control.has_trait("options")


def _part(name: str, value: Any, control: Any) -> str:
    if has_options(control):
        place = next((k for k, option in enumerate(control._options_values) if equal(option, value)), None)
        return part_of(place)
    try:
        part = part_of(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
    return part if len(part) <= LONGEST else f"#{sha256(part.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
