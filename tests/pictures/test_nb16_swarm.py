"""The picture of notebook 16 shows the numbers it was last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import Picture, Swarm

X = np.linspace(-3, 3, 13)
BOWL = -np.add.outer(X**2, 2 * X**2)


def swarm():
    return Swarm("bowl", X, X, BOWL, ("θ₁", "θ₂"), ("x", "y"))


def numbers(mean, spread, candidates):
    mean = np.array(mean)
    J, grad = -(mean[0] ** 2) - 2 * mean[1] ** 2, np.array([-2, -4]) * mean
    own = {"theta": mean, "J": J, "grad_J": grad, "trail": [[2.0, 2.0]], "spread": np.array(spread)}
    return {"bowl": own | {"candidates": np.array(candidates)}}


CASES = {
    "swarm": (
        lambda: Picture([swarm()]),
        [
            numbers([1.0, 0.5], [[1.0, 0], [0, 0.2]], np.zeros((0, 2))),
            numbers([-0.3, 0.2], [[0.5, 0.1], [0, 0.4]], [[0.1, 0.2], [1, 1]]),
            numbers([0.0, -1.0], [[0.1, 0], [0, 0.1]], [[2.0, -2.0]]),
        ],
    )
}


def test_the_ellipse_is_where_mahalanobis_distance_is_one():
    part = swarm()
    Picture([part])
    spread = np.array([[0.5, 0.3], [0.1, 0.4]])
    part.update(numbers([0.4, -0.2], spread, [[0.0, 0.0]]))
    away = part.ellipse.get_xydata() - [0.4, -0.2]
    distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread @ spread.T), away)
    assert np.allclose(distance, 1)


def test_a_mean_that_is_dragged_begins_the_search_anew():
    part = swarm()
    picture = Picture([part])
    (handle,) = picture.handles
    assert handle.values(0.5, -1.0, {"x": 0, "y": 0, "generation": 7}) == {"x": 0.5, "y": -1.0, "generation": 0}


def test_the_axes_of_the_ellipse_are_told():
    part = swarm()
    Picture([part])
    part.update(numbers([0.0, 0.0], [[0, 0.25], [2, 0]], np.zeros((0, 2))))
    assert "2 and 0.25" in part.note.get_text()
