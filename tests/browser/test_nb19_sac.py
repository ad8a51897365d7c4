"""Notebook 19 in a real JupyterLab: its live views are driven."""

from __future__ import annotations

from reader import cell_of, changed, choose_scene, number_after, press, said, view, wait_until_said

LAKE = "The soft Bellman equation on the lake"
ACTOR = "An actor on two hills"
PENDULUM = "SAC on Pendulum-v1"


def test_the_soft_value_rises_and_j_falls_with_the_temperature(notebook):
    picture = view(notebook, LAKE)
    low = said(picture)
    choose_scene(notebook, picture, 2)
    high = wait_until_said(notebook, picture, "log₁₀ τ is −1")
    assert number_after("soft value", high) > number_after("soft value", low)
    assert number_after(" J", high) < number_after(" J", low)
    assert notebook.errors == []


def test_ten_steps_of_the_actor_earn_more(notebook):
    picture = view(notebook, ACTOR)
    choose_scene(notebook, picture, 0)
    before = wait_until_said(notebook, picture, "log σ is −1:")
    press(notebook, picture, "ten steps")
    after = changed(notebook, picture, before)
    assert number_after("sum", after) > number_after("sum", before)
    assert notebook.errors == []


def test_the_pendulum_is_learned_in_the_page(notebook):
    picture = view(notebook, PENDULUM)
    choose_scene(notebook, picture, 0)
    wait_until_said(notebook, picture, "Nothing has run yet")
    press(notebook, picture, "run")
    assert number_after("H:", wait_until_said(notebook, picture, "After \\d+ steps")) > 0
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("stopped").wait_for()
    assert notebook.errors == []
