"""The values of a view: some stand in widgets, some are plain state; all of them change together or not at all.

values = Controls({"theta": FloatSlider(0, min=-3, max=3), "state": 14})
values.set({"theta": 0.789})        # the slider shows 0.8, the nearest of its steps
values.now                          # {"theta": 0.789, "state": 14}
values.between()                    # "theta is 0.789; its slider shows the nearest step, 0.8."
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from itertools import combinations
from math import floor, isclose, log
from numbers import Real
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from ipywidgets import FloatLogSlider, FloatSlider, Widget
from traitlets import CInt

Values = dict[str, Any]
Slider: TypeAlias = FloatSlider | FloatLogSlider

_all: WeakSet[Controls] = WeakSet()
_stated: WeakKeyDictionary[Widget, Any] = WeakKeyDictionary()  # control → its value before any view had it


class Controls:
    """Name → value; `widgets` are those that the reader sees, `stated` are the values that the notebook states.

    A widget in the controls of several views has one stated value: the one it had before the first of them.
    """

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self.widgets = {key: control for key, control in controls.items() if isinstance(control, Widget)}
        for key, control in self.widgets.items():
            if not control.has_trait("value"):
                raise TypeError(f"control {key!r} is a {type(control).__name__}, expected a widget with a value")
        if twice := [(a, b) for a, b in combinations(self.widgets, 2) if self.widgets[a] is self.widgets[b]]:
            first, second = twice[0]
            raise TypeError(f"control {second!r} is the widget of {first!r}, expected one of its own")
        self._order = list(controls)
        self._state = {key: value for key, value in controls.items() if key not in self.widgets}
        self._between: Values = {}  # key → where a slider stands for, between two of its steps
        self._deaf = False
        self.stated = {
            key: _stated.setdefault(control, control.value) if isinstance(control, Widget) else control
            for key, control in controls.items()
        }
        _all.add(self)

    @property
    def now(self) -> Values:
        shown = {key: control.value for key, control in self.widgets.items()}
        known = {**shown, **self._state, **self._between}
        return {key: known[key] for key in self._order}

    def set(self, values: Values) -> None:
        """Change some values, all or none of them, unheard; the widgets clip to their own ranges."""
        if unknown := sorted(set(values) - set(self._order)):
            raise KeyError(f"{unknown[0]!r} is not a control of this view, expected one of {', '.join(self._order)}")
        before = self.now
        self._deaf = True
        try:
            self._assign(values)
        except BaseException:
            self._assign(before)
            raise
        finally:
            self._deaf = False

    def _assign(self, values: Values) -> None:
        for key, value in values.items():
            control = self.widgets.get(key)
            if control is None:
                self._state[key] = value
                continue
            self._between.pop(key, None)
            if isinstance(control, Slider) and control.step:
                if not isinstance(value, Real) or value != value:
                    raise TypeError(f"{key} is {value!r}, expected a number")
                low, high = _ends(control)
                self._between[key] = min(max(float(value), low), high)
                value = nearest_step(control, self._between[key])
            elif (
                isinstance(control.traits()["value"], CInt)
                and isinstance(value, Real)
                and not float(value).is_integer()
            ):
                raise TypeError(f"{key} is {value!r}, expected a whole number")
            control.value = value

    def is_between(self, values: Values) -> bool:
        """Whether a slider has no step for one of these values."""
        sliders = [(values[key], control) for key, control in self.widgets.items() if isinstance(control, Slider)]
        return any(control.step and _seen_beside(control, v) for v, control in sliders)

    def between(self) -> str:
        """In words, which values no slider can show, since they lie between two of its steps."""
        return " ".join(
            f"{control.description or key} is {digits(value)}; "
            f"its slider shows the nearest step, {digits(nearest_step(control, value))}."
            for key, value in self._between.items()
            if _seen_beside(control := self.widgets[key], value)
        )

    def moved(self, change: Any) -> str | None:
        """Which control the reader has moved, if it was the reader."""
        if self._deaf:
            return None
        key = next(key for key, control in self.widgets.items() if control is change["owner"])
        if _rounded(change["old"], change["new"]):
            self._between.setdefault(key, change["old"])
            return None
        self._between.pop(key, None)
        return key

    def observe(self, heard: Callable[[Any], None]) -> None:
        for control in self.widgets.values():
            control.observe(heard, "value")

    def unobserve(self, heard: Callable[[Any], None]) -> None:
        for control in self.widgets.values():
            control.unobserve(heard, "value")

    def lay(self, scenes: Mapping[str, Values]) -> dict[str, Values]:
        """All values of each scene, which the controls must take as they are: clipped, it would be another picture."""
        full: dict[str, Values] = {}
        for name, values in scenes.items():
            with self._tried():
                try:
                    self.set(self.stated | values)
                except Exception as error:
                    raise ValueError(f"scene {name!r}: {error.args[0] if error.args else error}") from error
                full[name] = self.now
            for key, value in values.items():
                if not equal(value, full[name][key]):
                    raise ValueError(
                        f"scene {name!r}: {key} is {value!r}, but its control makes {full[name][key]!r} of it"
                    )
            if same := [other for other in full if other != name and equal(full[other], full[name])]:
                raise ValueError(f"scene {name!r} is the same as {same[0]!r}")
        return full

    @contextmanager
    def _tried(self) -> Iterator[None]:
        """Values are put back, and other views, which may have these controls, too, do not hear of it."""
        now, others = self.now, list(_all)
        for other in others:
            other._deaf = True
        try:
            yield
        finally:
            self.set(now)
            for other in others:
                other._deaf = False


def _ends(slider: Slider) -> tuple[float, float]:
    """The least and the largest value of a slider; a logarithmic one has their exponents as min and max."""
    low, high = float(slider.min), float(slider.max)
    return (slider.base**low, slider.base**high) if isinstance(slider, FloatLogSlider) else (low, high)


def nearest_step(slider: Slider, value: float) -> float:
    """As the browser rounds, to the bit: another value would come back from there as if the reader had moved it."""
    width, place = slider.max - slider.min, slider.min
    if width:
        share, grid = (_place(slider, value) - slider.min) * 100 / width, slider.step * 100 / width
        place = min(max(floor(share / grid + 0.5) * grid, 0), 100) * width / 100 + slider.min
    return float(slider.base**place) if isinstance(slider, FloatLogSlider) else place


def _place(slider: Slider, value: float) -> float:
    """Where a value is on the slider's scale: for a logarithmic one, its exponent."""
    return log(value) / log(slider.base) if isinstance(slider, FloatLogSlider) else value


def _seen_beside(slider: Slider, value: float) -> bool:
    """Whether a reader could tell the value from the nearest step: 0 may stand at a step of 9e−16."""
    step = nearest_step(slider, value)
    return digits(value) != digits(step) and abs(_place(slider, value) - _place(slider, step)) > slider.step / 10_000


def digits(value: Any) -> str:
    """A value in few digits, with the minus sign that sliders have."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("-", "−") if isinstance(value, Real) else text


def _rounded(old: Any, new: Any) -> bool:
    """A number that comes back from the browser in its last digits, as 10 ** log10 x does: nobody has moved it."""
    return isinstance(old, float) and isinstance(new, float) and isclose(old, new, rel_tol=1e-12)


def equal(one: Any, other: Any) -> bool:
    """Equal, and of the same shape, down to the arrays in dictionaries, lists and data classes."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if is_dataclass(one) and type(one) is type(other):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return np.array_equal(one, other)
