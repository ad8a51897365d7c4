"""Notebook 11 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

import pytest
from reader import cell_of, changed, choose_scene, number_after, press, said, view, wait_until_said

NOISE = "J of a Gaussian policy over its gain and its noise"
WALLS = "The mean score of a clipped action, where the reward is constant"
SQUASH = "A squashed Gaussian and its entropy"
PENDULUM = "A Gaussian policy on Pendulum-v1"


def test_a_step_along_the_gradient_takes_noise_away(notebook):
    picture = view(notebook, NOISE)
    before = said(picture)
    press(notebook, picture, "one step")
    after = changed(notebook, picture, before)
    assert notebook.run("print(noise_view.values['log_sigma'] < -0.2)").strip() == "True"
    assert "J is" in after
    assert notebook.errors == []


def test_the_push_turns_round_with_the_reward(notebook):
    picture = view(notebook, WALLS)
    choose_scene(notebook, picture, 3)
    good = wait_until_said(notebook, picture, "push −0.798")
    choose_scene(notebook, picture, 4)
    bad = wait_until_said(notebook, picture, "push \\+0.798")
    assert number_after("in μ", good) == pytest.approx(-number_after("in μ", bad))
    assert notebook.errors == []


def test_the_entropy_of_a_squashed_action_falls_while_the_other_rises(notebook):
    picture = view(notebook, SQUASH)
    choose_scene(notebook, picture, 1)
    top = wait_until_said(notebook, picture, "log σ is 0")
    choose_scene(notebook, picture, 2)
    far = wait_until_said(notebook, picture, "log σ is 1.1")
    assert number_after("of u", far) > number_after("of u", top)
    assert number_after("of a", far) < number_after("of a", top)
    assert notebook.errors == []


def test_the_pendulum_is_learned_in_the_page(notebook):
    picture = view(notebook, PENDULUM)
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    assert number_after("σ:", wait_until_said(notebook, picture, "After \\d+ steps")) > 0
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("stopped").wait_for()
    assert notebook.errors == []
