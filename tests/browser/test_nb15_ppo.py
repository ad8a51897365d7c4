"""Notebook 15 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import choose_scene, number_after, press, said, view, wait_until_said


def test_a_pair_is_flat_on_one_side_and_its_point_is_dragged(notebook):
    picture = view(notebook, "The clipped objective of one pair")
    assert "A = 1: pushed up" in said(picture)
    choose_scene(notebook, picture, 1)
    assert "A = −1: pushed down" in wait_until_said(notebook, picture, "A = 1: flat, not pushed")
    point = picture.get_by_role("slider", name="ratio r").first
    point.focus()
    point.press("ArrowLeft")
    wait_until_said(notebook, picture, "ratio r is 1.48")


def test_ratios_leave_the_clip_and_come_to_rest(notebook):
    picture = view(notebook, "A hundred steps on one batch")
    assert "15 inside" in said(picture)
    choose_scene(notebook, picture, 2)
    after = wait_until_said(notebook, picture, "ratios from 0.32 to 1.87")
    assert "15 outside, flat" in after
    assert number_after("J:", after) == 3.23
    choose_scene(notebook, picture, 4)
    wait_until_said(notebook, picture, "4 inside, 7 outside, on its way back, 4 outside, flat")


def test_a_training_grows_while_it_runs(notebook):
    picture = view(notebook, "PPO on CartPole")
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, r"After \d+ steps of all environments, return")
    notebook.run("pole_view.reset()")
    wait_until_said(notebook, picture, "Nothing has run yet")


def test_trainings_are_added_to_the_race(notebook):
    picture = view(notebook, "PPO on Pendulum with eight settings")
    assert "Nothing has run yet" in said(picture)
    choose_scene(notebook, picture, 2)
    assert "γ 0.99: 1 seed" in wait_until_said(notebook, picture, "trainings done: 3")
