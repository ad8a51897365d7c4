"""Notebook 18 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import cell_of, choose_scene, number_after, press, said, view, wait_until_said


def test_two_critics_that_agree_are_one(notebook):
    picture = view(notebook, "Two critics, and the action that the first likes best")
    assert "on average: the smaller −0.068" in said(picture)
    choose_scene(notebook, picture, 5)
    wait_until_said(notebook, picture, "on average: the smaller \\+1.000")
    assert notebook.errors == []


def test_the_point_is_dragged_along_the_actions_and_the_ripple_shrinks(notebook):
    picture = view(notebook, "What a loop makes of the largest of k errors")
    before = said(picture)
    point = picture.get_by_role("slider", name="actions k")
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "actions k is 4")
    assert number_after("one critic", after) > number_after("one critic", before)
    picture = view(notebook, "What noise on the target action leaves of a ripple")
    assert "the ripple times 1.000" in said(picture)
    choose_scene(notebook, picture, 1)
    wait_until_said(notebook, picture, "the ripple times 0.131")
    assert notebook.errors == []


def test_both_learn_in_the_page(notebook):
    picture = view(notebook, "DDPG and TD3 on Pendulum-v1, each critic against the truth")
    assert said(picture).count("Nothing has run yet") == 2
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, "After \\d+ steps.*After \\d+ steps")
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("stopped").wait_for()
    assert notebook.errors == []
