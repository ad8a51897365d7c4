"""The picture of notebook 09 shows the numbers it was last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import Picture, PlanBars


def numbers(probs, H):
    slopes = np.linspace(-1, 2, H)
    return {"plan": probs, "H": H, "slopes": slopes, "said": f"J = {sum(probs[:H]):.2f}"}


def bars():
    return PlanBars("plan", 4, "cash")


CASES = {
    "plan": (
        lambda: Picture([bars()]),
        [numbers([0.1, 0.2, 0.3, 0.4], 4), numbers([0.9, 0.2, 0.3, 0.4], 2), numbers([0.5, 0.5, 1, 0], 1)],
    )
}


def test_a_bar_is_dragged_alone_and_stays_a_probability():
    part = bars()
    Picture([part])
    assert part.handles[2].values(0.0, 0.7, {"plan": [0.0, 0.1, 0.2, 0.3]}) == {"plan": [0.0, 0.1, 0.7, 0.3]}
    assert part.handles[0].values(0.0, -3.0, {"plan": [0.5, 0.1, 0.2, 0.3]}) == {"plan": [0.0, 0.1, 0.2, 0.3]}


def test_an_arrow_is_as_long_as_its_slope_and_steps_after_the_end_have_none():
    part = bars()
    Picture([part])
    part.update(numbers([0.1, 0.2, 0.3, 0.4], 3))
    assert np.allclose(part.arrows.V, part.per_slope * np.array([-1, 0.5, 2, 0]))
    assert part.cover.get_x() == 2.5
