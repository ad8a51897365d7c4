"""Notebook 17 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import cell_of, choose_scene, number_after, press, said, view, wait_until_said


def test_the_states_of_the_buffer_decide_where_the_actor_ends(notebook):
    picture = view(notebook, "An actor climbs a critic, in the states of a buffer")
    assert number_after("J =", said(picture)) < -10
    choose_scene(notebook, picture, 1)
    after = wait_until_said(notebook, picture, "mean q: 1.00 in the buffer")
    assert number_after("J =", after) > -5
    choose_scene(notebook, picture, 4)
    assert "mean q: 0.42 in the buffer" in wait_until_said(notebook, picture, "mean q: 0.42")
    assert notebook.errors == []


def test_the_point_is_dragged_along_the_updates(notebook):
    picture = view(notebook, "A critic forgets where it began")
    before = said(picture)
    point = picture.get_by_role("slider", name="updates")
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "updates is 5100")
    assert number_after("critic says", after) < number_after("critic says", before)
    assert notebook.errors == []


def test_the_pendulum_is_learned_in_the_page_beside_the_truth(notebook):
    picture = view(notebook, "DDPG on Pendulum-v1, and its critic against the truth")
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    after = wait_until_said(notebook, picture, "After \\d+ steps")
    assert number_after("critic − truth:", after) > 50
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("stopped").wait_for()
    assert notebook.errors == []
