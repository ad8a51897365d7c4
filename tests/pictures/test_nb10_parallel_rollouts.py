"""The pictures of notebook 10 show the numbers they were last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import LaneBars, MeanReturn, Picture, Throughput

WAYS = {"a loop": ("o", "#0072B2"), "own class": ("s", "#D55E00")}


def lanes_numbers(seed, counted):
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 9, (4, 3))
    end = length.cumsum(axis=1)
    numbers = {"lane": np.repeat(np.arange(4), 3), "begin": (end - length).ravel(), "end": end.ravel()}
    return numbers | {"counted": np.arange(12) < counted, "stop": end.ravel()[:counted].max()}


def mean_numbers(spread):
    x = np.linspace(-30, 0, 61)
    density = np.exp(-(((x + 12) / spread) ** 2) / 2) / spread / np.sqrt(2 * np.pi)
    return {"returns": x, "density": density, "mean": -12.0, "spread": spread}


def speed_numbers(n, loop=1e4):
    x = 4.0 ** np.arange(n)
    return {"speeds": {"a loop": ([1], [loop]), "own class": (x, 1e4 * x)}, "said": f"{n} points"}


CASES = {
    "lanes": (lambda: Picture([LaneBars(4, 20)]), [lanes_numbers(0, 4), lanes_numbers(1, 7), lanes_numbers(2, 12)]),
    "mean": (lambda: Picture([MeanReturn((-30, 0), 0.5)]), [mean_numbers(9.0), mean_numbers(3.0), mean_numbers(1.0)]),
    "speed": (
        lambda: Picture([Throughput(WAYS, (0.8, 2000), (1e3, 1e8))]),
        [speed_numbers(5), speed_numbers(2), speed_numbers(0, 3e4)],
    ),
}


def test_counted_and_other_trajectories_are_all_of_them():
    part = LaneBars(4, 20)
    Picture([part])
    part.update(lanes_numbers(0, 5))
    bars = [np.isnan(line.get_ydata()).sum() for line in (part.counted, part.others)]
    assert bars == [5, 7]
    assert "counted: 5" in part.note.get_text()


def test_the_area_is_that_of_the_density():
    part = MeanReturn((-30, 0), 0.5)
    Picture([part])
    for spread in (3.0, 1.0):
        part.update(mean_numbers(spread))
        x, y = part.area.get_xy()[1:-2].T
        assert np.isclose(np.trapezoid(y, x), 1, atol=1e-3)


def test_what_is_not_measured_is_not_drawn_and_not_said():
    part = Throughput(WAYS, (0.8, 2000), (1e3, 1e8))
    Picture([part])
    numbers = {"speeds": {"a loop": ([1], [1e4])}, "said": "measured"}
    part.update(numbers)
    assert len(part.lines["own class"].get_xdata()) == 0
    assert "own class" not in part.describe(numbers)
    assert "nothing measured yet" in part.describe({"speeds": {}, "said": ""})
