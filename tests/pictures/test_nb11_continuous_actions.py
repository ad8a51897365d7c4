"""The pictures of notebook 11 show the numbers they were last given."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse.pictures import Picture, TorqueMap, WalledDensity


def density_numbers(mu, c, piles):
    a = np.linspace(-3, 3, 61)
    density = np.exp(-((a - mu) ** 2))
    said = f"{100 * sum(piles):.1f} % drawn outside"
    return {"a": a, "density": density, "walls": (-c, c), "piles": piles, "outside": said}


def walled():
    return WalledDensity((-3, 3), 0.9, "action a", "a title")


def torques():
    return TorqueMap(("angle", np.pi), ("speed", 8), (9, 9), 2)


CASES = {
    "walls": (
        lambda: Picture([walled()]),
        [
            density_numbers(0.0, 1.0, (0.1, 0.1)),
            density_numbers(1.0, 2.0, (0.0, 0.4)),
            density_numbers(-1, 0.5, (0, 0)),
        ],
    ),
    "torque": (
        lambda: Picture([torques()]),
        [{"torque": np.tile(np.linspace(low, 2, 9), (9, 1))} for low in (-2.0, 0.0, 1.0)],
    ),
}


def test_the_bars_stand_at_the_walls_and_are_as_high_as_what_piles_up():
    part = walled()
    Picture([part])
    part.update(density_numbers(0.5, 1.5, (0.05, 0.3)))
    assert [pile.get_x() + pile.get_width() / 2 for pile in part.piles] == [-1.5, 1.5]
    assert [pile.get_height() for pile in part.piles] == [0.05, 0.3]


def test_a_density_above_the_frame_leaves_it_and_this_is_said():
    part = walled()
    Picture([part])
    numbers = density_numbers(0.0, 1.0, (0, 0))
    part.update(numbers)
    peak = np.max(numbers["density"])
    assert np.max(part.line.get_ydata()) == peak > 0.9
    assert part.note.get_text().endswith("   (peak cut off)")
    part.update(numbers | {"density": 0.5 * numbers["density"] / peak})
    assert "frame" not in part.note.get_text()


def test_the_map_names_the_torque_left_and_right_of_upright_with_its_sign():
    part = torques()
    picture = Picture([part])
    torque = np.tile(np.linspace(-2, 2, 9), (9, 1))
    picture.update({"torque": torque})
    assert part.note.get_text() == "at the crosses −1.00 and +1.00"
    assert "the mean torque is −1.00, with 1.57 it is +1.00" in picture.describe({"torque": torque})


def test_the_crosses_stand_where_the_torque_is_read():
    """A map of the angle itself names the angle of each cross."""
    part = TorqueMap(("angle", np.pi), ("speed", 8.0), (15, 15), 2.0)
    Picture([part])
    angles = np.tile(np.linspace(-np.pi, np.pi, 15), (15, 1))
    left, right = part.at_the_crosses({"probability": angles})
    assert (-left, right) == pytest.approx((part.half, part.half))
    west, east, *_ = part.image.get_extent()
    middles = west + (np.arange(15) + 0.5) * (east - west) / 15
    np.testing.assert_allclose(middles, angles[0], atol=1e-12)
