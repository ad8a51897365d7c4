"""The pictures of notebook 06 show the numbers they were last given."""

from __future__ import annotations

import numpy as np

from pgcourse.gradients import angle
from pgcourse.pictures import (
    ActionSlice,
    GainMap,
    NoisyLine,
    Picture,
    Spread,
    StableCurve,
    StatesAndSlopes,
    Trajectory,
    TwoArrows,
)
from pgcourse.pictures.notebooks.nb06_control import as_on_slider

ACROSS = np.linspace(-2, 2, 41)
SIGMAS = np.geomspace(0.01, 0.5, 20)
GAINS = np.linspace(-2, 0, 21)


def slice_numbers(K, sigma, s):
    drawn = K * s + sigma * np.array([-1.0, 0.5, 1.0])
    numbers = {"K": K, "sigma": sigma, "s": s, "mu": K * s, "q_mu": -s, "slope": K + 0.1}
    return numbers | {"actions": ACROSS, "q": -(ACROSS**2) - s, "drawn": drawn, "q_drawn": -(drawn**2) - s}


def spread_numbers(sigma, which, target):
    deviations = {"q": 3 / SIGMAS, "slope": SIGMAS}
    estimates = target + sigma * np.linspace(-40, 40, 9)
    numbers = {"sigmas": SIGMAS, "mean": target * np.exp(-SIGMAS), "target": target, "deviations": deviations}
    numbers |= {"sigma": sigma, "estimates": estimates, "which": which}
    return numbers | {"mean_now": target * np.exp(-sigma), "deviation_now": 3 / sigma}


def curve_numbers(K, J):
    bell = np.exp(-((ACROSS - K) ** 2))
    numbers = {"K": K, "J": J, "grad_J": np.array([[2 * K]]), "x": ACROSS, "density": bell}
    return numbers | {"other_density": bell[::-1], "slopes": K * ACROSS, "said": f"G = {K:.2f}"}


def map_numbers(theta, direction):
    path = np.linspace(1, theta[0], 30)
    grad_J = np.array([1.0, 0.5])
    numbers = {"theta": np.array(theta), "J": -(theta[0] ** 2), "grad_J": grad_J, "trail": []}
    numbers["angle"] = angle(grad_J, np.array(direction))
    rides = {"position": path, "action": -path, "best_position": path / 2, "best_action": -path / 2}
    return numbers | {"direction": np.array(direction)} | rides


def cart_numbers(theta, trail):
    return map_numbers(theta, [0, 1]) | {"trail": trail, "best": 0.5}


def gain_map():
    return GainMap(GAINS, GAINS, -np.add.outer(GAINS**2, GAINS**2), ("K₁", "K₂"), ("K_1", "K_2"))


def two_arrows():
    return TwoArrows(GAINS, GAINS, -np.add.outer(GAINS**2, GAINS**2), ("K", "k"), ("K", "k"))


CASES = {
    "one state": (
        lambda: Picture([NoisyLine((0, 1.6), (-2, 2)), ActionSlice((-2, 2), (-6, 0))]),
        [slice_numbers(-0.5, 0.3, 1.2), slice_numbers(-1.0, 0.02, 0.4), slice_numbers(0.4, 0.5, 1.0)],
    ),
    "spread": (
        lambda: Picture([Spread((0.01, 0.5), {"q": "-", "slope": ":"}, (-8, 8), (1e-3, 1e3))]),
        [spread_numbers(0.02, "q", 1.0), spread_numbers(0.4, "slope", -2.0), spread_numbers(0.1, "q", 0.0)],
    ),
    "curve": (
        lambda: Picture(
            [
                StableCurve(GAINS, -(GAINS**2), (-4, 1), (-2.2, 0.2), name="K", xlabel="K"),
                StatesAndSlopes((-2, 2), 1.2, 4),
            ]
        ),
        [curve_numbers(-0.5, -0.25), curve_numbers(-1.5, -2.25), curve_numbers(-0.1, -0.01)],
    ),
    "two states": (
        lambda: Picture([StatesAndSlopes((-2, 2), 1.2, 4, other=True)]),
        [curve_numbers(-0.5, -0.25), curve_numbers(-1.5, -2.25), curve_numbers(-0.1, -0.01)],
    ),
    "gain map": (
        lambda: Picture([gain_map()]),
        [cart_numbers([-1, -1], []), cart_numbers([-0.5, -1.5], [[-1, -1]]), cart_numbers([-1.2, -0.4], [])],
    ),
    "two arrows": (
        lambda: Picture([two_arrows(), Trajectory(30, 2)]),
        [map_numbers([-1, -1], [0, 1]), map_numbers([-0.5, -1.5], [-1, 0]), map_numbers([-1.2, -0.4], [1, 1])],
    ),
}


def test_estimates_beyond_the_frame_are_counted_and_lie_at_its_edge():
    part = Spread((0.01, 0.5), {"q": "-", "slope": ":"}, (-8, 8), (1e-3, 1e3))
    Picture([part])
    part.update(spread_numbers(0.4, "q", 0.0))  # ±16, every 4: four lie beyond ±8, two upon it
    assert np.sum(np.abs(part.cloud.get_ydata()) > 7) == 6
    assert np.abs(part.cloud.get_ydata()).max() < 8
    assert "6 of 9 dots are farther out" in part.note.get_text()
    part.update(spread_numbers(0.02, "q", 0.0))
    assert "farther out" not in part.note.get_text()


def test_one_dot_beyond_the_frame_is_farther_out():
    part = Spread((0.01, 0.5), {"q": "-", "slope": ":"}, (-8, 8), (1e-3, 1e3))
    Picture([part])
    part.update(spread_numbers(0.4, "q", 0.0) | {"estimates": np.array([0.0, 1.0, 9.0])})
    assert "1 of 3 dots is farther out" in part.note.get_text()


def test_sigma_is_rounded_as_its_slider_rounds():
    assert [as_on_slider(2.0**-k) for k in (5, 6, 1)] == ["0.0313", "0.0156", "0.5"]


def test_states_beyond_the_picture_are_counted():
    part = StatesAndSlopes((-2, 2), 1.2, 4, other=True)
    Picture([part])
    bell = np.exp(-(ACROSS**2) / 0.02) / np.sqrt(0.02 * np.pi)
    half = np.exp(-((ACROSS + 2) ** 2) / 0.02) / np.sqrt(0.02 * np.pi)  # around the picture's left edge
    numbers = {"x": ACROSS, "density": bell, "other_density": half, "slopes": ACROSS, "said": "so"}
    part.update(numbers)
    assert part.note.get_text() == "so"
    said = part.describe(numbers)
    assert said.startswith("The policy's states lie around 0.00. The behaviour's states in the picture lie around −1.9")
    assert said.endswith("; 50 % are outside; so.")
    part.update(numbers | {"density": half})
    assert part.note.get_text() == "so     50 % of its states are outside"


def test_a_deviation_of_zero_is_not_drawn_on_a_logarithmic_axis():
    part = Spread((0.01, 0.5), {"q": "-", "slope": ":"}, (-8, 8), (1e-3, 1e3))
    Picture([part])
    numbers = spread_numbers(0.4, "q", 0.0)
    part.update(numbers | {"deviations": {"q": 3 / SIGMAS, "slope": 0 * SIGMAS}})
    assert np.isnan(part.lines["slope"].get_ydata()).all()


def test_downhill_is_said_from_ninety_degrees_on():
    part = two_arrows()
    Picture([part])
    for direction, word in (([1.0, 0.0], "uphill"), ([-1.0, 0.0], "downhill")):
        part.update(numbers := map_numbers([-1, -1], direction))
        assert word in part.note.get_text()
        assert word in part.describe(numbers)
    part.update(map_numbers([-1, -1], [0.0, 0.0]))
    assert "no direction left" in part.note.get_text()


def test_dragging_a_state_changes_s_alone_and_a_gain_starts_a_new_trail():
    line, arrows = NoisyLine((0, 1.6), (-2, 2)), two_arrows()
    Picture([line, arrows])
    assert line.handles[0].values(0.7, 5.0, {"s": 1.0, "K": -0.5}) == {"s": 0.7}
    assert arrows.handles[0].values(-0.7, -0.3, {"trail": [1]}) == {"K": -0.7, "k": -0.3, "trail": []}


def test_a_map_of_gains_hides_no_corner_and_counts_the_steps():
    part = gain_map()
    Picture([part])
    for trail, words in (([], "0 steps"), ([[-1, -1]], "1 step:"), ([[-1, -1], [-0.7, -1]], "2 steps")):
        part.update(cart_numbers([-0.5, -1.0], trail))
        assert words in part.note.get_text()
        assert "J is 0.75 below the best" in part.note.get_text()
    assert part.note.get_position()[1] > 1  # in the axes' own units: above them
    assert part.note.get_verticalalignment() == "bottom"


def test_the_best_gain_is_said_to_be_level():
    part = StableCurve(GAINS, -(GAINS**2), (-4, 1), (-2.2, 0.2), name="K", xlabel="K")
    Picture([part])
    for slope, word in ((0.004, "is level"), (-0.004, "is level"), (0.02, "rises"), (-0.02, "falls")):
        assert word in part.describe({"K": -1.0, "J": -1.0, "grad_J": slope})


def test_a_slice_calls_its_quantity_by_its_label():
    numbers = slice_numbers(-1.0, 0.2, 0.5)
    for label, title in (("q(s, a)", "q(s, ·)"), ("q(s, a) − v(s)", "q(s, ·) − v(s)")):
        part = ActionSlice((-2, 2), (-6, 0), label)
        ax = Picture([part]).figure.axes[0]
        assert ax.get_title() == f"{title} and its slope at μ(s)\n"
        assert part.describe(numbers) == f"At the mean action -0.50 {label} is -0.50 and its slope -0.90."


def test_state_and_action_of_both_controllers_can_be_told_apart_without_colour():
    part = Trajectory(30, 2)
    Picture([part])
    looks = {(line.get_linestyle(), line.get_marker()) for line in part.lines.values()}
    assert len(looks) == len(part.lines) == 4
