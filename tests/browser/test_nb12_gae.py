"""Notebook 12 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import choose_scene, number_after, press, said, view, wait_until_said


def test_more_samples_move_the_best_lambda_and_the_point_is_dragged(notebook):
    picture = view(notebook, "Bias and spread of one estimate over λ, exactly")
    assert number_after("best λ stands at", said(picture)) == 0.13
    choose_scene(notebook, picture, 2)
    before = wait_until_said(notebook, picture, "N = 10,000")
    assert number_after("best λ stands at", before) == 0.96
    point = picture.get_by_role("slider", name="λ")
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "λ is 0.51:")
    assert number_after("bias", after) < number_after("bias", before)
    assert number_after("spread", after) > number_after("spread", before)


def test_the_exact_critic_is_blind_to_a_missing_reset(notebook):
    picture = view(notebook, "Mean advantages with a bug, beside the exact ones")
    assert number_after("The samples are off by", said(picture)) < 0.1
    choose_scene(notebook, picture, 1)
    assert number_after("off by", wait_until_said(notebook, picture, "left in 0 has the advantage −2.6")) > 1
    choose_scene(notebook, picture, 2)
    assert number_after("off by", wait_until_said(notebook, picture, "left in 0 has the advantage −0.5")) < 0.1


def test_trainings_are_added_while_they_run(notebook):
    picture = view(notebook, "A2C on CartPole with five values of λ")
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, "λ 0.5: 1 seed")
    notebook.run("race_view.reset()")
    wait_until_said(notebook, picture, "Nothing has run yet")
    choose_scene(notebook, picture, 3)
    assert "λ 0.98: 10 seeds" in wait_until_said(notebook, picture, "trainings done: 20")
