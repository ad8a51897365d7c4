"""A picture shows the numbers it was last given, whatever it showed before; and it says them in words."""

from __future__ import annotations

import numpy as np
import pytest
from lake import ACTIONS, DESC, LAKE
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pgcourse import pictures, zoo
from pgcourse.bellman import exact
from pgcourse.gradients import policy_gradient, tabular_softmax_gradient
from pgcourse.pictures import (
    ActionBars,
    Corridor,
    Curve,
    GradientCloud,
    GridWorld,
    Landscape,
    Picture,
    ProbabilityBars,
    Tradeoff,
    WaysTable,
)
from pgcourse.pictures.part import few, minus
from pgcourse.policy import Policy, direct, grad_log_softmax, softmax, tabular_softmax

CORRIDOR = zoo.short_corridor()
FEATURES = zoo.lake_features()
RIGHT = np.tile([[[0.0], [1.0]]], (4, 1, 1))


def corridor_numbers(theta):
    pi = softmax(RIGHT, [theta])
    v_pi, q_pi, rho_pi, J = exact(CORRIDOR, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(RIGHT, pi))
    return {"theta": theta, "pi": pi, "v_pi": v_pi, "rho_pi": rho_pi, "J": J, "grad_J": grad_J}


def landscape_numbers(theta, trail=()):
    pi = softmax(FEATURES, theta)
    v_pi, q_pi, rho_pi, J = exact(LAKE, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(FEATURES, pi))
    return {"theta": np.array(theta), "trail": trail, "pi": pi, "v_pi": v_pi, "J": J, "grad_J": grad_J}


def tabular_numbers(seed, state):
    theta = np.random.default_rng(seed).normal(size=(16, 4))
    pi = tabular_softmax(theta)
    v_pi, q_pi, rho_pi, J = exact(LAKE, pi)
    grad_J = tabular_softmax_gradient(rho_pi, pi, q_pi)
    return {"theta": theta, "state": state, "pi": pi, "v_pi": v_pi, "J": J, "grad_J": grad_J}


def direct_numbers(seed, state):
    theta = np.random.default_rng(seed).dirichlet(np.ones(4), size=16)[:, :3]
    pi = direct(theta)
    return {"theta": theta, "state": state, "pi": pi, "v_pi": exact(LAKE, pi).v_pi}


def ways_numbers(seed):
    rng = np.random.default_rng(seed)
    ways = {way: 0.1 * rng.normal(size=2) for way in pictures.WAYS}
    calls = dict.fromkeys(pictures.WAYS, 7)
    return {"ways": ways, "estimates": 0.1 * rng.normal(size=(20, 2)), "calls": calls}


AXIS = np.linspace(-4, 6, 11)
TABLE = np.add.outer(AXIS, AXIS**2) / 100
CASES = {  # how to make the picture, and three sets of numbers for it
    "corridor": (
        lambda: Picture([Curve(AXIS, AXIS**2, ylim=(-60, -4)), Corridor()]),
        [corridor_numbers(theta) for theta in (-2.0, 0.0, 2.5)],
    ),
    "landscape": (
        lambda: Picture([Landscape(AXIS, AXIS, TABLE), GridWorld(DESC)]),
        [landscape_numbers([0, 0]), landscape_numbers([1, 5], [[0, 0], [1, 2]]), landscape_numbers([5, -2])],
    ),
    "tabular": (
        lambda: Picture([GridWorld(DESC, selects="state"), ActionBars(ACTIONS, low=-4, high=4)]),
        [tabular_numbers(seed, state) for seed, state in ((0, 14), (1, 0), (2, 6))],
    ),
    "direct": (
        lambda: Picture([GridWorld(DESC, selects="state"), ProbabilityBars(ACTIONS)]),
        [direct_numbers(seed, state) for seed, state in ((0, 14), (1, 0), (2, 6))],
    ),
    "ways": (
        lambda: Picture([GradientCloud((-0.13, 0.13), (-0.04, 0.22)), WaysTable()]),
        [ways_numbers(seed) for seed in range(3)],
    ),
}


def test_the_tangent_has_the_slope_of_J():
    curve = Curve(AXIS, AXIS**2, ylim=(-60, -4))
    Picture([curve])
    for theta in (-2.0, 0.5, 2.5):
        numbers = corridor_numbers(theta)
        curve.update(numbers)
        (x0, y0), (x1, y1) = curve.tangent.get_xydata()
        assert (y1 - y0) / (x1 - x0) == pytest.approx(numbers["grad_J"][0], rel=1e-9)
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((theta, numbers["J"]))


def test_the_arrow_points_along_the_gradient_and_crosses_contours_squarely():
    landscape = Landscape(AXIS, AXIS, TABLE)
    picture = Picture([landscape])
    numbers = landscape_numbers([0.5, 3.0])
    landscape.update(numbers)
    arrow, grad = np.array([landscape.arrow.U[0], landscape.arrow.V[0]]), numbers["grad_J"]
    assert arrow / np.linalg.norm(arrow) == pytest.approx(grad / np.linalg.norm(grad))
    assert picture.figure.axes[0].get_aspect() == 1
    landscape.update(numbers | {"grad_J": np.zeros(2)})
    assert landscape.arrow.U[0] == landscape.arrow.V[0] == 0


def test_the_gradient_s_arrow_keeps_its_head_inside_the_landscape():
    landscape = Landscape(AXIS, AXIS, TABLE)
    Picture([landscape])
    steep = {"J": 0.0, "grad_J": np.array([0.0, 1.0])}
    landscape.update(steep | {"theta": np.array([0.0, AXIS[0]])})
    whole = landscape.arrow.V[0]
    landscape.update(steep | {"theta": np.array([0.0, AXIS[-1] - 0.8 * whole])})
    assert landscape.arrow.V[0] == pytest.approx(0.8 * whole)
    landscape.update(steep | {"theta": np.array([0.0, AXIS[-1]])})
    assert landscape.arrow.V[0] == pytest.approx(whole / 3), "at the frame it still shows where it goes"


def test_a_map_says_from_where_on_it_is_white_and_what_is_below():
    steep = -np.add.outer(AXIS**4, AXIS**4)
    steep[0, 0] = -np.inf
    cut, whole = Landscape(AXIS, AXIS, steep, least=-20), Landscape(AXIS, AXIS, TABLE, least=-20)
    scales = [Picture([part]).figure.axes[1] for part in (cut, whole)]
    assert [scale.get_ylabel() for scale in scales] == ["J(θ), white: −20 or less", "J(θ)"]
    assert min(scales[0].get_ylim()) == -20
    layers = cut.fill(Figure().subplots())
    np.testing.assert_array_equal(layers.get_facecolor()[0], [1, 1, 1, 1])
    assert layers.levels[0] == -20
    assert layers.get_paths()[0].contains_point((AXIS[0] + 0.1, AXIS[-1] - 0.1)), "the corners are white, not a hole"
    below, above = (cut.describe({"theta": [0, 0], "J": J, "grad_J": [0, 0]}) for J in (-20.5, -19.5))
    assert "J is -20.50, below the scale, the gradient" in below
    assert "below" not in above


def test_a_policy_s_arrows_are_as_long_as_its_probabilities():
    grid = GridWorld(DESC)
    Picture([grid])
    numbers = landscape_numbers([1.0, 4.0])
    grid.update(numbers)
    length = np.hypot(grid.arrows.U, grid.arrows.V).reshape(-1, 4)
    assert length / length.sum(axis=1, keepdims=True) == pytest.approx(numbers["pi"].probs[LAKE.live])
    assert [text.get_text() for text in grid.values] == [f"{v:.3f}" for v in numbers["v_pi"][LAKE.live]]


def test_a_grid_where_all_values_are_alike_has_no_best_state():
    numbers = landscape_numbers([1.0, 4.0])
    assert "the best in state 14" in GridWorld(DESC).describe(numbers)
    assert GridWorld(DESC).describe(numbers | {"v_pi": np.zeros(16)}) == "The grid: all values are 0.000."


def test_bars_speak_theta_only_where_there_is_a_parameter_and_j_where_it_is_shown():
    theta = np.full((16, 3), 0.25)
    numbers = {"theta": theta, "state": 0, "pi": Policy(np.full((16, 4), 0.25))}
    assert ProbabilityBars(ACTIONS).describe(numbers).endswith(f"; {ACTIONS[-1]} probability 0.250.")
    told = ProbabilityBars(ACTIONS).describe(numbers | {"J": 0.5, "grad_J": np.eye(16, 3)})
    assert told.endswith("probability 0.250. J 0.5000, |∇J| 1.7321.")
    assert f"{ACTIONS[0]} θ 0.25, probability 0.250" in told


def test_dragging_a_handle_gives_the_values_it_stands_for():
    curve, landscape = Curve(AXIS, AXIS), Landscape(AXIS, AXIS, TABLE)
    grid, bars = GridWorld(DESC, selects="state"), ActionBars(ACTIONS, low=-4, high=4)
    Picture([curve, landscape, grid, bars])
    assert curve.handles[0].values(0.7, -99, {}) == {"theta": 0.7}
    assert landscape.handles[0].values(1.0, 2.0, {}) == {"theta_1": 1.0, "theta_2": 2.0}
    ran = landscape.handles[0].values(1.0, 2.0, {"trail": [1], "returns": [2], "line": [3], "seed": 4})
    assert ran == {"theta_1": 1.0, "theta_2": 2.0, "trail": [], "returns": [], "line": []}, "a way begins anew"
    assert grid.handles[0].values(2.0, 1.0, {}) == {"state": 6}
    before = np.zeros((16, 4))
    after = bars.handles[3].values(0.0, 1.5, {"theta": before, "state": 6})["theta"]
    assert after[6, 3] == 1.5
    assert np.count_nonzero(after) == 1
    assert not before.any(), "the earlier values are not written over"


def test_an_arrow_at_a_bar_has_its_head_inside_the_picture_and_a_small_one_shows():
    bars = ActionBars(ACTIONS, low=-4, high=4)
    axes = Picture([bars]).figure.axes[0]
    theta = np.tile([-4.0, 4.0, 0.0, 1.0], (16, 1))
    grad_J = np.tile([-1.0, 1.0, 0.01, 0.0], (16, 1))
    bars.update({"theta": theta, "state": 0, "pi": tabular_softmax(theta), "J": 0.0, "grad_J": grad_J})
    tips = theta[0] + bars.arrows.V
    assert axes.get_ylim()[0] < tips.min() < -4 < 4 < tips.max() < axes.get_ylim()[1]
    assert list(np.sign(bars.arrows.V)) == [-1, 1, 1, 0]
    assert bars.arrows.V[2] == pytest.approx(bars.arrows.V[1] / 10)
    assert bars.handles[0].values(0.0, 5.0, {"theta": theta, "state": 0})["theta"][0, 0] == 4


@pytest.mark.parametrize("desc", [["SFFF", "FHFH", "FFFH", "HFFG"], np.array(DESC, dtype="S1")], ids=["texts", "bytes"])
def test_a_map_is_taken_in_each_form_that_gymnasium_has(desc):
    assert GridWorld(desc).desc.tolist() == DESC


@pytest.mark.parametrize("desc", ["SFFF", ["SFF", "FHFH"], 3])
def test_what_is_no_map_is_refused_by_name(desc):
    with pytest.raises(ValueError, match=r"desc is .*, expected a text for each row"):
        GridWorld(desc)


def test_more_states_than_cells_are_refused_by_their_number():
    """`from_gymnasium` may add a state for the endings."""
    grid = GridWorld(DESC)
    Picture([grid])
    with pytest.raises(ValueError, match="the numbers are of 17 states, expected 16, one for each cell"):
        grid.update({"pi": Policy.uniform(17, 4), "v_pi": np.zeros(17)})


def test_each_cell_of_the_grid_bears_the_number_of_its_state():
    axes = Picture([GridWorld(DESC)]).figure.axes[0]
    places = {text.get_text(): text.get_position() for text in axes.texts if text.get_text().isdigit()}
    assert {name: (round(x), round(y)) for name, (x, y) in places.items()} == {
        str(s): (s % 4, s // 4) for s in range(16)
    }


def test_the_direct_parametrisation_s_last_bar_is_not_a_parameter():
    assert len(handles := Picture([ProbabilityBars(ACTIONS)]).handles) == 3
    assert "up" not in " ".join(handle.label for handle in handles)


@pytest.mark.parametrize(("name", "least"), [("POLICY", 4.5), ("VALUE", 4.5), ("OCCUPANCY", 4.5), ("GRADIENT", 3)])
def test_colours_stand_out_from_white(name, least):
    """WCAG 2.1: 4.5 : 1 for what writes words, 3 : 1 for what only draws, as the gradient's colour does."""
    assert contrast_with_white(getattr(pictures, name)) >= least


def contrast_with_white(color):
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("J = -0.39", "J = −0.39"),
        ("(0.15, -.2)", "(0.15, −.2)"),
        ("2.5e-10", "2.5e−10"),
        ("-∞", "−∞"),
        ("q - v", "q − v"),
        ("γᵗ G_t, reward-to-go: bias 0", "γᵗ G_t, reward-to-go: bias 0"),
        ("10-90 %", "10-90 %"),
        ("slope -0.00, -0.05 and -0", "slope 0.00, −0.05 and 0"),
        ("its slope -0.00.", "its slope 0.00."),
        ("-0.0004, -0e-3", "−0.0004, −0e−3"),
    ],
)
def test_a_minus_sign_stands_before_numbers_and_a_hyphen_stays_between_words(text, shown):
    assert minus(text) == shown


@pytest.mark.parametrize(
    ("x", "written"),
    [(-0.001, "+0.00"), (8.856, "+8.86"), (-999.5, "-999.50"), (26530.9, "+26,531"), (-2.5e7, "-2.5e+07")],
)
def test_a_large_number_has_few_digits(x, written):
    assert few(x, "+") == written


def test_a_point_that_leaves_its_map_or_curve_stays_at_the_frame_and_this_is_said():
    numbers = {"theta": np.array([3.0, 0.5]), "J": 1.0, "grad_J": np.array([1.0, 0.0])}
    landscape = Landscape(AXIS, AXIS, np.add.outer(AXIS, AXIS))
    picture = Picture([landscape])
    picture.update(numbers | {"theta": np.array([AXIS[-1] + 1, 0.5])})
    assert landscape.point.get_data() == ([AXIS[-1]], [0.5])
    assert "(θ is outside)" in landscape.note.get_text()
    assert "outside of the map" in picture.describe(numbers | {"theta": np.array([AXIS[-1] + 1, 0.5])})
    picture.update(numbers | {"theta": np.array([0.5, 0.5])})
    assert "outside" not in landscape.note.get_text()

    curve = Curve(AXIS, AXIS**2, ylim=(0, 4))
    Picture([curve])
    for J, shown, word in ((-1.0, 0, "(below)"), (5.0, 4, "(above)"), (2.0, 2, "J = 2.00   ")):
        curve.update({"theta": 0.5, "J": J, "grad_J": 1.0})
        assert curve.point.get_ydata() == [shown]
        assert word in curve.note.get_text()


def test_a_tradeoff_says_what_is_off_its_scale_and_names_no_mark_beyond_it():
    part = Tradeoff("n", "n", "y", (0, 1), (0, 1), {"one": ("-", "C0"), "two": ("--", "C1")}, marks=("best",))
    Picture([part])
    numbers = {"x": [0, 1], "curves": {"one": [0, 1], "two": [0, 1]}, "at": 0.5, "said": "so"}
    part.update(numbers | {"now": {"one": 2.0, "two": 3.0}, "marked": {"best": 1.5}})
    assert np.isnan(part.points["one"].get_ydata()).all()
    assert np.isnan(part.points["two"].get_ydata()).all()
    assert part.point.get_ydata() == [1]
    assert part.note.get_text() == "so   (off the scale)"
    assert part.rules["best"][1].get_text() == ""
    assert "best" not in part.describe(numbers | {"now": {"one": 2.0, "two": 3.0}, "marked": {"best": 1.5}})
    part.update(numbers | {"now": {"one": 0.2, "two": 0.3}, "marked": {"best": 0.5}})
    assert "; best stands at 0.5." in part.describe(
        numbers | {"now": {"one": 0.2, "two": 0.3}, "marked": {"best": 0.5}}
    )
    assert part.note.get_text() == "so"
    assert part.rules["best"][1].get_text() == "best"


def test_the_point_of_a_tradeoff_runs_along_the_chosen_curve_and_has_its_colour():
    part = Tradeoff("n", "n", "y", (0, 1), (0, 1), {"one": ("-", "#D55E00"), "two": ("--", "#0072B2")})
    Picture([part])
    (handle,) = part.handles
    numbers = {"x": [0, 1], "curves": {"one": [0, 1], "two": [1, 0]}, "at": 0.2, "said": "so"}
    numbers |= {"now": {"one": 0.2, "two": 0.8}, "marked": {}}
    for chosen, height, color in (("one", 0.2, "#D55E00"), ("two", 0.8, "#0072B2"), (None, 0.8, "#0072B2")):
        part.update(numbers | ({"chosen": chosen} if chosen else {}))
        assert handle.line.get_data() == ([0.2], [height])
        assert handle.line.get_markerfacecolor() == color
        assert list(handle.along.get_ydata()) == list(part.lines[chosen or "two"].get_ydata())


def test_the_frame_of_the_chosen_cell_fits_the_cell_as_it_is_drawn_beside_other_parts():
    world = GridWorld(["SFFF", "FHFH", "FFFH", "HFFG"], selects="state")
    picture = Picture([world, Curve(AXIS, AXIS**2)], ratios=(1, 1.2))
    picture.figure.draw_without_rendering()
    ax = world.image.axes
    (left, _), (right, _) = ax.transData.transform([(0, 0), (1, 0)])
    points = (right - left) * 72 / picture.figure.dpi
    assert world.chosen.get_markersize() == pytest.approx(points + 1, abs=0.6)
