"""Notebook 14 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import choose_scene, number_after, press, said, view, wait_until_said


def test_the_action_s_weight_is_cheap_and_the_whole_one_is_right(notebook):
    picture = view(notebook, "Six importance weights, exactly")
    assert "none: 33° off" in said(picture)
    choose_scene(notebook, picture, 2)
    after = wait_until_said(notebook, picture, "the action's: 5° off ∇J, 1.44 times as long")
    assert "whole: angle 0°" in after


def test_L_rises_where_J_falls_and_the_point_is_dragged(notebook):
    picture = view(notebook, "J, L and KL of one step")
    assert number_after("best J shown stands at", said(picture)) == 1
    choose_scene(notebook, picture, 2)
    far = wait_until_said(notebook, picture, "is 2: bound")
    assert number_after("L promises", far) > number_after("J gains", far)
    point = picture.get_by_role("slider", name="log₁₀ δ").first
    point.focus()
    point.press("ArrowLeft")
    nearer = wait_until_said(notebook, picture, "is 1.9: bound")
    assert number_after("J gains", nearer) > number_after("J gains", far)


def test_a_fixed_step_size_crawls_from_a_one_sided_policy(notebook):
    picture = view(notebook, "Three ways up the lake")
    assert "fixed α: J 0.01 → 0.53" in said(picture)
    choose_scene(notebook, picture, 2)
    assert "natural, δ: J 0.00 → 0.53" in wait_until_said(notebook, picture, "fixed α: J 0.00 → 0.00")


def test_trainings_are_added_while_they_run(notebook):
    picture = view(notebook, "TRPO on CartPole with five settings")
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, "plain: 1 seed, mean")
    notebook.run("race_view.reset()")
    wait_until_said(notebook, picture, "Nothing has run yet")
    choose_scene(notebook, picture, 2)
    assert "0.01: 3 seeds" in wait_until_said(notebook, picture, "trainings done: 6")
