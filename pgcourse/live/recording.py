"""A view without its kernel: the pictures of all its scenes, and of every control over its whole range from each scene.

    recording = record_view(explorer)
    json.dumps(recording)

A recording is plain data, for whoever draws it (figure.js can):

    name, scale     as of the figure
    controls        [{name, label, parts, texts}]: each control's values as parts of a key, and as a reader is told them
    scenes          [{name, parts, at}]: the values of each scene, as the parts of its key, one a value and in the order
                    of `order`; `at` is the place among its values where each control then stands, or next to it
    points          for each point that can be dragged, the name of the one value it changes, or null
    ways            and whether that hangs on how far the point is across its axes, and on how far it is up
    grids           for each point that moves two sliders, [[name, parts], [name, parts]]: from a scene there are
                    pictures of each with each, as far as they are in `frames`
    order           the names of all values: a key is their parts joined by "|"
    frames          key → frame: `numbers` in base64 of float32, `counts`, `texts`, `at`, `description`, `scenery` (a
                    place in `sceneries`) and `looks` (of some artists, each a place in `looks`)
    sceneries       size, papers, artists, handles, and `background`, a place in `backgrounds`
    backgrounds     PNGs in base64
    looks           how artists look that do not look as `artists` says
    refused         key → words: what `compute` said of values that it refused

The kernel works for it; what is recorded is what would be shown.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import product
from math import inf, prod
from time import process_time
from typing import Any

import numpy as np
from ipywidgets import FloatLogSlider, FloatSlider, IntSlider

from pgcourse.live.controls import Values
from pgcourse.live.errors import in_words
from pgcourse.live.explorer import Explorer
from pgcourse.live.figure import Glimpse
from pgcourse.live.keys import key_of, parts_of
from pgcourse.live.ranges import changed, nearest, reach

MOST_BYTES = 4_000_000  # of numbers, texts and backgrounds, before they are compressed
MOST_FRAMES = 4000
FEW = 12  # values of a control: they are never thinned out to fewer


class Unrecordable(ValueError):
    """A view whose pictures do not follow from its values, or cannot be told apart by them."""


def record_view(
    explorer: Explorer, most_bytes: int = MOST_BYTES, most_frames: int = MOST_FRAMES, most_seconds: float = inf
) -> dict[str, Any]:
    """All scenes, and each control's range from each of them.

    Of a view with a run, its inputs are left out: their pictures come from the run. Where all would be more than
    `most_bytes`, `most_frames`, or `most_seconds` of processor time, every second value of a long range is left out,
    or more; where this is not enough, the ranges from the last scenes. Raises Unrecordable, with the view's name.
    """
    scenes = explorer.scenes or {"": explorer.values}
    with explorer.glimpses() as glimpse:
        walk = _Walk(explorer, glimpse)
        if explorer.run_inputs is not None and not explorer.scenes:
            raise walk.error("it has a run and no scenes, expected scenes that show what the run comes to")
        for name, values in scenes.items():
            walk.twice(name, values)
        ranges = {name: range_ for name, range_ in walk.ranges.items() if name not in (explorer.run_inputs or ())}
        sweeps = [_Sweep(explorer, {name: range_}) for name, range_ in ranges.items()]
        sweeps += [_Sweep(explorer, {name: ranges[name] for name in pair}) for pair in _pairs(explorer, ranges)]
        walk.along(sweeps, [*scenes.values()], np.array([most_bytes, most_frames, most_seconds]))
    ranges.update((name, sweep.kept(name)) for sweep in sweeps for name in sweep.ranges if len(sweep.ranges) == 1)
    keys = [walk.key(values) for scene in scenes.values() for sweep in sweeps for values in sweep.from_(scene)]
    frames = {key: walk.frames[key] for key in [*map(walk.key, scenes.values()), *keys] if key in walk.frames}
    if walk.size > 2 * most_bytes:
        raise walk.error(f"its pictures take {walk.size:,} bytes, expected at most {2 * most_bytes:,}")
    controls = explorer.controls
    points = [point if point and point.name in ranges else None for point in walk.points]
    return {
        "name": explorer.live.name,
        "scale": explorer.live.scale,
        "order": list(explorer.values),
        "controls": [
            {
                "name": name,
                "label": getattr(controls.get(name), "description", "") or name,
                "parts": [walk.part(name, value) for value in range_],
                "texts": _texts(controls.get(name), range_),
            }
            for name, range_ in ranges.items()
        ],
        "scenes": [
            {
                "name": name,
                "parts": parts_of(values, controls),
                "at": [nearest(range_, values[control]) for control, range_ in ranges.items()],
            }
            for name, values in scenes.items()
        ],
        "points": [point and point.name for point in points],
        "ways": [point and [point.along_x, point.along_y] for point in points],
        "grids": [
            [[name, [walk.part(name, value) for value in sweep.kept(name)]] for name in sweep.ranges]
            for sweep in sweeps
            if len(sweep.ranges) == 2
        ],
        "frames": frames,
        "sceneries": walk.sceneries.all,
        "backgrounds": walk.backgrounds.all,
        "looks": walk.looks.all,
        "refused": walk.refused,
    }


class _Pool:
    """Equal things, kept once; `place` of each."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._places: dict[str, int] = {}

    def place(self, thing: Any) -> int:
        text = json.dumps(thing, sort_keys=True)
        if text not in self._places:
            self._places[text] = len(self.all)
            self.all.append(thing)
        return self._places[text]


class _Sweep:
    """A control over its range, or two of them over a grid: every `stride`-th value of a slider."""

    def __init__(self, explorer: Explorer, ranges: dict[str, list[Any]]) -> None:
        self.ranges = ranges
        few = {name: len(ranges[name]) // FEW if _is_slider(explorer, name) else 1 for name in ranges}
        self.coarsest = {name: 2 ** max(most.bit_length() - 1, 0) for name, most in few.items()}
        self.stride = max(self.coarsest.values())
        self.cost = np.zeros(3)  # of the frames that were made last
        self.added = 0  # so many in each scene

    def kept(self, name: str, stride: int = 0) -> list[Any]:
        last, step = len(self.ranges[name]) - 1, min(stride or self.stride, self.coarsest[name])
        return [value for k, value in enumerate(self.ranges[name]) if k % step == 0 or k == last]

    def size(self, stride: int = 0) -> int:
        return prod(len(self.kept(name, stride)) for name in self.ranges)

    def from_(self, scene: Values) -> Iterator[Values]:
        for values in product(*map(self.kept, self.ranges)):
            yield {**scene, **dict(zip(self.ranges, values, strict=True))}

    def next_cost(self) -> np.ndarray:
        """Of half the stride, from what the last frames took."""
        return self.cost * (self.size(self.stride // 2) - self.size()) / max(self.added, 1)


class _Walk:
    """What has been recorded so far."""

    def __init__(self, explorer: Explorer, glimpse: Callable[[Values, bool], Glimpse | None]) -> None:
        self.explorer, self.size, self._glimpse, self._start = explorer, 0, glimpse, process_time()
        self.frames: dict[str, dict[str, Any]] = {}
        self.refused: dict[str, str] = {}
        self.sceneries, self.backgrounds, self.looks = _Pool(), _Pool(), _Pool()
        live = explorer.live
        self._shown = {name: getattr(live, name) for name in ("size", "papers", "background", "artists", "handles")}
        self._last: tuple[dict[str, Any], int] = {}, 0  # scenery, and its place
        try:
            self.ranges, self.points = reach(explorer)
        except (TypeError, ValueError) as error:
            raise self.error(str(error)) from error

    def error(self, words: str) -> Unrecordable:
        return Unrecordable(f"the view {self.explorer.live.name!r} cannot be recorded: {words}")

    def part(self, name: str, value: Any) -> str:
        return parts_of({name: value}, self.explorer.controls)[0]

    def key(self, values: Values) -> str:
        return key_of(values, self.explorer.controls)

    def spent(self) -> np.ndarray:
        """Bytes, frames and seconds."""
        return np.array([self.size, len(self.frames), process_time() - self._start])

    def along(self, sweeps: list[_Sweep], scenes: list[Values], most: np.ndarray) -> None:
        """Few values from each scene, then finer and finer, the coarsest first, as long as there is enough left."""
        for scene in scenes:
            before = self.spent()
            for sweep in sweeps:
                self._make(sweep, [scene])
                sweep.added = sweep.size()
            if (2 * self.spent() - before > most).any():
                return
        while finer := [one for one in sweeps if one.stride > 1 and (self.spent() + one.next_cost() <= most).all()]:
            sweep = max(finer, key=lambda one: one.stride)
            sweep.added, sweep.cost = sweep.size(sweep.stride // 2) - sweep.size(), np.zeros(3)
            sweep.stride //= 2
            self._make(sweep, scenes)

    def _make(self, sweep: _Sweep, scenes: list[Values]) -> None:
        before = self.spent()
        for values in (values for scene in scenes for values in sweep.from_(scene)):
            self.take(values)
        sweep.cost += self.spent() - before

    def twice(self, name: str, values: Values) -> None:
        """A scene: looked at a second time it must be the same."""
        try:
            self.take(values, refuse=False)
            key = self.key(values)
        except (TypeError, ValueError) as error:
            raise self.error(str(error)) from error
        first = self.frames.pop(key)
        self.take(values, refuse=False)
        if self.frames[key] != first:
            raise self.error(f"scene {name!r} looks otherwise the second time, expected a pure `compute`")

    def take(self, values: Values, refuse: bool = True) -> None:
        """Record the picture of these values, or the words in which it is refused."""
        key = self.key(values)
        if key in self.frames or key in self.refused:
            return
        try:
            glimpse = self._glimpse(values, True)
        except Exception as error:  # the reader's own code runs here
            if not refuse:
                raise
            self.refused[key] = in_words(error, "stays as it was").split("\n\n")[0]
            return
        assert glimpse is not None  # it may have another background
        frame, scenery = glimpse
        looks = {artist: self.looks.place(look) for artist, look in frame["looks"].items()}
        shown = {name: frame[name] for name in ("counts", "texts", "at", "description")}
        numbers = {"numbers": b64encode(frame["numbers"]).decode()}
        self.frames[key] = {**shown, **numbers, "looks": looks, "scenery": self._scenery(scenery or self._shown)}
        self.size += len(json.dumps(self.frames[key]))

    def _scenery(self, scenery: dict[str, Any]) -> int:
        """Its place; most frames have that of the frame before."""
        if scenery is not self._last[0]:
            known = len(self.backgrounds.all)
            background = self.backgrounds.place(b64encode(scenery["background"]).decode())
            self.size += len(scenery["background"]) * (len(self.backgrounds.all) - known)
            self._last = scenery, self.sceneries.place({**scenery, "background": background})
        return self._last[1]


def _pairs(explorer: Explorer, ranges: dict[str, list[Any]]) -> list[list[str]]:
    """The two sliders that a point moves, of each that moves two."""
    moved = [changed(handle, explorer.values) for handle in explorer.handles]
    sliders = [[name for name in ranges if name in names and _is_slider(explorer, name)] for names in moved]
    return [names for names in sliders if len(names) == 2]


def _is_slider(explorer: Explorer, name: str) -> bool:
    return isinstance(explorer.controls.get(name), FloatSlider | FloatLogSlider | IntSlider)


def _texts(control: Any, values: list[Any]) -> list[str]:
    """A control's values as its own browser side shows them."""
    if hasattr(control, "_options_labels"):
        labels = dict(zip(map(id, control._options_values), control._options_labels, strict=True))
        return [labels[id(value)] for value in values]
    form = getattr(control, "readout_format", "")
    return [format(value, form) if form and isinstance(value, float) else str(value) for value in values]
