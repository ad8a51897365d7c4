"""The pictures of notebook 17, and the map of a plane, show the numbers they were last given."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pgcourse.pictures import ActorOnCritic, Picture, PlaneMap

STATES = np.linspace(-1, 1, 5)


def actor():
    return ActorOnCritic("one", "a critic", (-2, 2), (-1, 1), 5)


def actor_numbers(K, slope, best=np.nan):
    s, a = np.linspace(-2, 2, 9), np.linspace(-1, 1, 7)
    numbers = {"q": -((a[:, None] - K * s) ** 2), "s": s, "mu": K * s, "best": best * s, "states": STATES}
    return {"one": numbers | {"actions": K * STATES, "slopes": slope * STATES, "said": f"K = {K}"}}


def plane(lim=(-10, 0)):
    return PlaneMap("says", "a critic", ("angle", np.pi), ("speed", 8), (3, 5), lim, ("hanging", 0, 1))


def plane_numbers(low):
    return {"says": np.linspace(low, 0, 15)}


CASES = {
    "actor": (
        lambda: Picture([actor()]),
        [actor_numbers(0.5, 1.0), actor_numbers(0.5, -1.0), actor_numbers(-0.3, 0.0, best=0.7)],
    ),
    "plane": (lambda: Picture([plane()]), [plane_numbers(-10), plane_numbers(-5), plane_numbers(-1)]),
    "signed plane": (lambda: Picture([plane((-10, 10))]), [plane_numbers(10), plane_numbers(-5), plane_numbers(-1)]),
}


def test_arrows_stand_on_the_actor_and_point_where_q_is_larger():
    part = actor()
    picture = Picture([part])
    picture.update(actor_numbers(0.5, -1.0))
    np.testing.assert_allclose(part.pulls.get_offsets(), np.column_stack([STATES, 0.5 * STATES]))
    assert (np.sign(part.pulls.V) == -np.sign(STATES)).all()
    said = picture.describe(actor_numbers(0.5, -1.0))
    assert "positive in 2 and negative in 2 of them, 1.00 in the leftmost and −1.00 in the rightmost" in said


def test_a_long_arrow_is_shown_shorter():
    part = actor()
    Picture([part])
    lengths = part.lengths(np.array([0.0, 0.01, 1.0, 100.0, -1e6]))
    assert lengths[0] == 0 < lengths[1] < lengths[2] < lengths[3] == -lengths[4] < 0.3 * 2


def test_the_map_tells_the_mean_and_the_place_and_the_largest():
    part = plane()
    picture = Picture([part])
    numbers = {"says": [[-9, -2, -3, -4, -5], [-7, -2, -3, -4, -5], [-9, -2, -3, -4, -1]]}
    part.update(numbers)
    assert part.note.get_text() == "mean −4.2, hanging −7.0"
    assert "from −9.0 to −1.0, largest at angle 3.14 and speed 8.00" in picture.describe(numbers)
    np.testing.assert_array_equal(part.image.get_array(), numbers["says"])


def test_the_states_marks_leave_the_numbers_of_the_axis_free():
    part = actor()
    picture = Picture([part])
    picture.update(actor_numbers(0.5, 1.0))
    FigureCanvasAgg(picture.figure).draw()
    below = part.marks.axes.transData.transform(part.marks.get_xydata())[:, 1] - part.marks.axes.bbox.y0
    assert (below >= part.marks.get_markersize() / 72 * picture.figure.dpi / 2).all()


def test_the_scale_says_that_its_ends_stand_for_more():
    figure = Picture([plane()]).figure
    assert [text.get_text() for text in figure.axes[1].get_xticklabels()] == ["≤ −10", "−5", "≥ 0"]


def test_the_unit_of_an_axis_is_written_and_not_spoken():
    part = PlaneMap("says", "a critic", ("angle (rad)", np.pi), ("speed (rad/s)", 8), (3, 5), (-10, 0))
    picture = Picture([part])
    assert part.image.axes.get_xlabel() == "angle (rad)"
    assert "largest at angle 3.14 and speed 8.00" in picture.describe(plane_numbers(-10))
