"""The pictures of notebook 11 show the numbers they were last given."""

from __future__ import annotations

import numpy as np

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


def test_a_density_above_the_frame_stands_at_its_edge():
    part = walled()
    Picture([part])
    part.update(density_numbers(0.0, 1.0, (0, 0)))
    assert np.max(part.line.get_ydata()) == 0.9


def test_the_map_names_the_torque_left_and_right_of_upright_with_its_sign():
    part = torques()
    picture = Picture([part])
    torque = np.tile(np.linspace(-2, 2, 9), (9, 1))
    picture.update({"torque": torque})
    assert part.note.get_text() == "at the crosses −1.00 and +1.00"
    assert "the mean torque is −1.00, with 1.6 it is +1.00" in picture.describe({"torque": torque})
