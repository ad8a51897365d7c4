"""What a reader can bring a view to: the values of each control, and those of a point that is dragged.

    options(FloatSlider(0, min=-1, max=1, step=0.5))    [-1.0, -0.5, 0.0, 0.5, 1.0]
    options(Dropdown(options={"one": 1, "two": 2}))     [1, 2]

A point has *one* parameter if wherever it is put, one value changes, and always the same. Then it is a control of this
value, and where it stands in each picture says which picture belongs to which place. A point has *two* if always the
same two numbers change: `places_of` says what they are at places all over its axes.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from ipywidgets import Checkbox, FloatLogSlider, IntSlider

from pgcourse.live.controls import Slider, Values, equal, nearest_step
from pgcourse.live.keys import has_options, parts_of, told_apart

if TYPE_CHECKING:
    from pgcourse.live.explorer import Explorer

MOST_PLACES = 40  # along each side of the axes, where a point is tried
MOST_VALUES = 64  # of a point that is no slider's
MOST_STOPS = 15  # of a point with two parameters, along each side: then some stop is never far


def options(control: Any) -> list[Any]:
    """All values that a reader can bring a control to, in their order; none where they cannot be told."""
    if has_options(control):
        return list(control._options_values)
    if isinstance(control, Slider | IntSlider):
        low, high, step = control.min, control.max, control.step
        steps = [low + k * step for k in range(int((high - low) / step + 1e-9) + 1)] if step else []
        if isinstance(control, FloatLogSlider):
            steps = [control.base**step for step in steps]
        return [nearest_step(control, value) for value in steps] if isinstance(control, Slider) else steps
    return [False, True] if isinstance(control, Checkbox) else []


def reach(explorer: Explorer) -> tuple[dict[str, list[Any]], list[Parameter | None]]:
    """The values of each control, and of each value that a dragged point changes; and what each point changes.

    Raises ValueError for a control two of whose values have one key.
    """
    ranges: dict[str, list[Any]] = {}
    points: list[Parameter | None] = []
    for name, control in explorer.controls.items():
        if values := options(control):
            if not told_apart(parts_of({name: value}, explorer.controls)[0] for value in values):
                raise ValueError(f"the steps of {name} are finer than the millionths of a key")
            ranges[name] = values
    for handle in explorer.handles:
        found = parameter(handle, explorer.values)
        points.append(found)
        if found and found.name not in explorer.controls:
            ranges.setdefault(found.name, found.values)
    return ranges, [point if point and point.name in ranges else None for point in points]


def nearest(values: list[Any], value: Any) -> int:
    """The place of `value` among the values of a control, or of the number that is nearest to it."""
    exact = [k for k, other in enumerate(values) if equal(other, value)]
    if exact or not all(isinstance(other, int | float) for other in [*values, value]):
        return exact[0] if exact else 0
    return min(range(len(values)), key=lambda k: abs(values[k] - value))


class Parameter(NamedTuple):
    """The one value that a dragged point changes."""

    name: str
    values: list[Any]  # that it can have
    along_x: bool  # whether it hangs on how far the point is across its axes
    along_y: bool  # and on how far it is up


def parameter(handle: Any, values: Values) -> Parameter | None:
    """What a dragged point changes, if that is one number, text or flag wherever it is put; else None."""
    xs, ys = _places(handle)
    found: dict[tuple[int, int], Any] = {}
    names = set()
    for (i, x), (j, y) in product(enumerate(xs), enumerate(ys)):
        try:
            changed = handle.values(float(x), float(y if len(ys) > 1 else np.interp(x, *_curve(handle))), values)
        except Exception:  # a place where the point cannot be, as the reader would be told
            continue
        names |= set(changed)
        value = next(iter(changed.values()), None)
        if len(names) != 1 or not isinstance(value, int | float | str | np.integer | np.floating):
            return None
        found[i, j] = value
    if not names:
        return None
    across = any(found.get((i + 1, j), value) != value for (i, j), value in found.items())
    up = any(found.get((i, j + 1), value) != value for (i, j), value in found.items())
    return Parameter(names.pop(), sorted(set(found.values())), across, up)


class Places(NamedTuple):
    """The two numbers that a dragged point changes, and what they are at some places all over its axes."""

    names: tuple[str, ...]
    stops: list[tuple[float, ...]]


def places_of(handle: Any, values: Values) -> Places | None:
    """What a dragged point changes, if that is two numbers, the same ones wherever it is put; else None."""
    if handle.along is not None or not handle.line.axes.transScale.is_affine:
        return None
    found: dict[tuple[float, ...], tuple[str, ...]] = {}
    for x, y in product(*_places(handle, MOST_STOPS)):
        try:
            put = handle.values(float(x), float(y), values)
        except Exception:  # a place where the point cannot be, as the reader would be told
            continue
        if len(put) != 2 or not all(isinstance(value, int | float | np.number) for value in put.values()):
            return None
        found[tuple(put.values())] = tuple(put)
    names = set(found.values())
    return Places(names.pop(), list(found)) if len(names) == 1 else None


def changed(handle: Any, values: Values) -> set[str]:
    """The names of the values that a point changes where it is now; none where it stands nowhere, or may not be."""
    place = handle.line.get_xydata()[:1]
    if not np.isfinite(place).all():
        return set()
    try:
        return {name for place_ in place for name in handle.values(*map(float, place_), values)}
    except Exception:  # the reader's own code, which may refuse it
        return set()


def _places(handle: Any, most: int = MOST_PLACES) -> tuple[Any, Any]:
    """Places all over the axes, or along the curve to which the point is bound: across, and up."""
    if handle.along is not None:
        x, _ = _curve(handle)
        return x[:: max(len(x) // MOST_VALUES, 1)], [0.0]
    axes = handle.line.axes
    (left, right), (bottom, top) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    return _along(left, right, handle.step[0], most), _along(bottom, top, handle.step[1], most)


def _curve(handle: Any) -> Any:
    """Its finite points, as x and y."""
    xy = np.asarray(handle.along.get_xydata(), dtype=float)
    return xy[np.isfinite(xy).all(axis=1)].T


def _along(low: float, high: float, step: float, most: int) -> Any:
    """Whole steps within the limits, as a point that snaps takes them, or fewer: about as many as `most`."""
    step = abs(step)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return step * np.arange(first, last + 1, max((last - first) // most, 1))
