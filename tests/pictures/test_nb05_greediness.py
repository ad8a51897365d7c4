"""The pictures of notebook 05 show the numbers they were last given: arrows, angles, falls and step sizes."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse.gradients import angle
from pgcourse.pictures import (
    GRADIENT,
    POLICY,
    Climbs,
    Directions,
    Hops,
    Ingredients,
    Picture,
    Plane,
    StateArrows,
    StepSizes,
)
from pgcourse.pictures.notebooks.nb05_directions import arc, judged
from pgcourse.pictures.notebooks.nb05_steps import falls

X, WIDE = np.linspace(-6, 6, 13), np.linspace(-8, 8, 13)
PLANES = {
    "table": Plane(X, X, X[:, None] - X**2 / 6, ("θ₁", "θ₂"), np.eye(2)),
    "shared": Plane(WIDE, WIDE, WIDE[:, None] + 0 * WIDE, ("both", "one"), np.array([[1.0, 0.0], [1.0, 0.5]])),
}
WAYS = {"q": (np.linspace(0.1, 0.5, 20), POLICY, "-"), "∇J": (np.linspace(0.1, 0.3, 20), GRADIENT, "--")}


def direction_numbers(parameters, theta, degrees, length=1.0):
    radians = np.radians(degrees)
    numbers = {"parameters": parameters, "theta": np.array(theta), "grad_J": np.array([1.0, 0.0]), "angle": degrees}
    numbers["g"] = length * np.array([np.cos(radians), np.sin(radians)])
    return numbers | {name: np.array([theta, np.add(theta, 1)]) for name in ("way_J", "way_g")}


def ingredient_numbers(x):
    q = np.array([[1.0, -2], [3, 0], [0, 0]])
    return {"rho": np.array([1 - x, x, 0]), "rho_pi": np.array([1.0, 0.5, 0]), "q": q + x, "q_pi": q}


def climb_numbers(end):
    return {"climbs": {"along ∇J": np.linspace(0, 1, 11), "along g": np.array([0, 0.4, end, end + 0.5])}}


def hop_numbers(theta, alpha):
    J = -(theta**2)
    hops = np.array([[theta, J], [theta - 2 * alpha * theta, -((theta - 2 * alpha * theta) ** 2)]])
    return {"theta": theta, "J": J, "grad_J": -2 * theta, "hops": hops}


def arrow_numbers(hall, room, grad_J):
    g = np.add(hall, room)
    return {"arrows": np.array([hall, room]), "g": g, "grad_J": np.array(grad_J), "angle": angle(g, np.array(grad_J))}


CASES = {
    "directions": (
        lambda: Picture([Directions(PLANES)]),
        [direction_numbers("table", (1, 2), 30), direction_numbers("shared", (0, 2), 131, 4.0),
         direction_numbers("table", (-3, 1), 179, 0.1)],
    ),
    "ingredients": (
        lambda: Picture([Ingredients(["hall", "room"], ["a", "b"])]),
        [ingredient_numbers(x) for x in (0, 0.5, 0.9)],
    ),
    "climbs": (
        lambda: Picture([Climbs({"along ∇J": GRADIENT, "along g": "black"}, 10, (-1, 1))]),
        [climb_numbers(end) for end in (0.5, 0.1, -0.9)],
    ),
    "hops": (
        lambda: Picture([Hops(X, -(X**2))]),
        [hop_numbers(-2.0, 0.1), hop_numbers(-2.0, 0.9), hop_numbers(3.0, 0.6)],
    ),
    "state arrows": (
        lambda: Picture([StateArrows(("hall", "room"))]),
        [arrow_numbers((-1.0, 0.0), (0.0, 0.5), (-1.0, 2.0)), arrow_numbers((-3.0, 0.0), (0.1, 0.05), (2.0, 1.0)),
         arrow_numbers((0.1, 0.1), (0.2, 0.3), (0.3, -0.4))],
    ),
    "step sizes": (
        lambda: Picture([StepSizes(np.logspace(-1, 5, 20), WAYS, 0.12, 0.53, 0.7)]),
        [{"alpha": alpha, "way": way, "J": J} for alpha, way, J in ((3, "q", 0.2), (1e3, "q", 0.5), (1e3, "∇J", 0.05))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("degrees", "words"),
    [(0.0, "angle 0°: the same direction"), (54.7, "angle 55°: uphill"), (131.0, "angle 131°: downhill"),
     (180.0, "angle 180°: downhill"), (np.nan, "one of them is 0: no direction")],
)  # fmt: skip
def test_an_angle_says_whether_it_is_uphill(degrees, words):
    assert judged(degrees) == words


@pytest.mark.parametrize("degrees", [0.0, 45.0, 131.0, -100.0, 179.0])
def test_both_arrows_start_at_theta_and_the_arc_joins_them(degrees):
    part = Directions(PLANES)
    Picture([part])
    part.update(direction_numbers("table", (1.0, 2.0), degrees))
    for arrow in (part.wide, part.thin):
        assert arrow.get_offsets().tolist() == [[1.0, 2.0]]
    assert pytest.approx([0]) == part.wide.V
    assert np.degrees(np.arctan2(part.thin.V, part.thin.U)) == pytest.approx([degrees])
    directions = np.degrees(np.arctan2(*(part.arc.get_xydata() - [1.0, 2.0]).T[::-1]))
    assert directions[[0, -1]] == pytest.approx([0, degrees], abs=1e-9)
    assert np.abs(np.diff(directions)).max() < 10  # by the shorter way


def test_the_dashed_line_is_level_for_J():
    part = Directions(PLANES)
    Picture([part])
    numbers = direction_numbers("table", (1.0, 2.0), 30) | {"grad_J": np.array([3.0, 4.0])}
    part.update(numbers)
    one, other = part.level.get_xydata()
    assert (other - one) @ numbers["grad_J"] == pytest.approx(0, abs=1e-12)
    assert (one + other) / 2 == pytest.approx([1, 2])


def test_the_states_arrows_add_up_to_g_on_the_scale_of_the_longest():
    part = StateArrows(("hall", "room"))
    Picture([part])
    part.update(arrow_numbers((-3.0, 0.0), (0.0, 4.0), (1.0, 2.0)))  # g is the longest, 5
    assert np.sum([part.shafts.U, part.shafts.V], axis=1) == pytest.approx([part.thin.U[0], part.thin.V[0]])
    assert np.hypot(part.thin.U, part.thin.V) == pytest.approx([1])
    assert (part.wide.U[0], part.wide.V[0]) == pytest.approx((0.2, 0.4))
    assert [tip.get_xydata()[0].tolist() for tip in part.tips] == [[-0.6, 0], [0, 0.8]]
    assert np.diff(part.level.get_xydata(), axis=0)[0] @ [1, 2] == pytest.approx(0)
    assert part.sides.get_xydata()[1] == pytest.approx([-0.6, 0.8])


def test_nothing_is_drawn_for_a_gradient_of_nothing():
    assert np.isnan(arc(np.zeros(2), np.ones(2))).all()
    part = Directions(PLANES)
    Picture([part])
    part.update(direction_numbers("table", (1, 2), 30) | {"g": np.zeros(2), "angle": np.nan})
    assert (part.thin.U, part.thin.V) == ([0], [0])
    assert "no direction" in part.note.get_text()


def test_a_drag_sets_preferences_which_are_the_policy_in_either_plane():
    part = Directions(PLANES)
    Picture([part])
    (handle,) = part.handles
    assert handle.values(1.0, 2.0, {"parameters": "table"}) == {"preferences": (1.0, 2.0)}
    assert handle.values(1.0, 2.0, {"parameters": "shared"}) == {"preferences": (1.0, 2.0)}
    assert handle.values(1.0, 4.0, {"parameters": "shared"}) == {"preferences": (1.0, 3.0)}


def test_a_theta_that_the_plane_does_not_reach_is_said_to_be_outside():
    part = Directions(PLANES)
    Picture([part])
    for theta, outside in (((6.0, -6.0), False), ((6.1, 0.0), True), ((0.0, -7.0), True)):
        part.update(direction_numbers("table", theta, 131.0))
        assert part.note.get_text() == "angle 131°: downhill" + outside * " (θ is outside)"
        assert np.abs(part.point.get_xydata()).max() <= 6, "the point stays at the frame"


def test_another_parametrisation_is_another_plane():
    part = Directions(PLANES)
    Picture([part])
    seen = []
    for name in ("table", "shared", "table"):
        part.update(direction_numbers(name, (1, 2), 30))
        shown = [key for key, drawn in part.backgrounds.items() if all(x.get_visible() for x in drawn)]
        seen.append((shown, part.ax.get_xlim(), part.ax.get_xlabel()))
    assert seen[0] == seen[2] == (["table"], (-6, 6), "θ₁")
    assert seen[1] == (["shared"], (-8, 8), "both")


def test_a_step_that_lowers_J_has_a_triangle_and_rounding_has_none():
    assert falls(np.array([1.0, 2.0, 1.5, 1.5 - 1e-13, 3.0])).tolist() == [False, True, False, False]
    part = Climbs({"along ∇J": GRADIENT, "along g": "black"}, 10, (-1, 1))
    Picture([part])
    part.update(climb_numbers(0.1))
    assert part.falls["along ∇J"].get_xydata().size == 0
    assert part.falls["along g"].get_xydata().tolist() == [[2, 0.1]]
    assert part.notes["along ∇J"].get_text() == "━ along ∇J: J 0.00 → 1.00 in 10 steps, never falls"
    assert part.notes["along g"].get_text() == "— along g: J 0.00 → 0.60 in 3 steps, 1 fall"


def test_no_climb_is_told_by_its_colour_alone():
    for names in ("a", "ab", "abc"):
        part = Climbs(dict.fromkeys(names, "black"), 10, (-1, 1))
        Picture([part])
        part.update({"climbs": {name: np.array([0.0, 1.0]) for name in names}})
        assert len({(line.get_linestyle(), line.get_linewidth()) for line in part.lines.values()}) == len(names)
        signs = {part.notes[name].get_text().split(name)[0] for name in names}
        assert len(signs) == len(names)


def test_the_bars_are_what_is_used_and_the_dashes_what_is_right():
    part = Ingredients(["hall", "room"], ["a", "b"])
    Picture([part])
    part.update(ingredient_numbers(0.25))
    assert [bar.get_height() for bar in part.rho_bars] == [0.75, 0.25]
    assert part.rho_right.get_ydata().tolist() == [1.0, 0.5]
    assert [bar.get_height() for bar in part.q_bars] == [1.25, -1.75, 3.25, 0.25]
    assert part.q_right.get_ydata().tolist() == [1, -2, 3, 0]
