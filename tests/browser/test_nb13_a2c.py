"""Notebook 13 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import choose_scene, number_after, press, said, view, wait_until_said


def test_a_longer_window_has_less_bias_and_a_constant_error_has_none(notebook):
    picture = view(notebook, "The bias of a window over n, exactly")
    before = said(picture)
    assert number_after("n = 5: bias", before) == 0.168
    point = picture.get_by_role("slider", name="steps n").first
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "n = 6: bias")
    assert number_after("n = 6: bias", after) < 0.168
    assert point.get_attribute("aria-valuetext") == "6"  # the picture says how high the curve is, and in which units
    choose_scene(notebook, picture, 5)
    assert "0° off ∇J" in wait_until_said(notebook, picture, "n = 1: bias 0.000")


def test_a_larger_batch_wants_longer_windows_unless_the_critic_is_exact(notebook):
    picture = view(notebook, "A batch of B steps as windows of n, exactly")
    assert number_after("best stands at", said(picture)) == 1
    choose_scene(notebook, picture, 2)
    assert number_after("best stands at", wait_until_said(notebook, picture, "16,384 lanes × 4 steps")) == 6
    choose_scene(notebook, picture, 4)
    assert number_after("best stands at", wait_until_said(notebook, picture, "256 lanes × 4 steps: bias 0.00")) == 0


def test_a_bonus_leaves_the_plateau_and_costs(notebook):
    picture = view(notebook, "What an entropy bonus costs, and what it is for")
    assert "no bonus: J 0.74 → 7.44" in said(picture)
    choose_scene(notebook, picture, 4)
    assert "this β: J −3.66 → 4.32" in wait_until_said(notebook, picture, "no bonus: J −3.66 → −3.63")


def test_trainings_are_added_while_they_run(notebook):
    picture = view(notebook, "A2C with N lanes on three games")
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, "lanes 16: 1 seed, mean")
    notebook.run("race_view.reset()")
    wait_until_said(notebook, picture, "Nothing has run yet")
    choose_scene(notebook, picture, 2)
    assert "lanes 64: 3 seeds" in wait_until_said(notebook, picture, "lanes 16: 3 seeds")
