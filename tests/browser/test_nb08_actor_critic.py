"""Notebook 08 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

import pytest
from reader import cell_of, choose_scene, number_after, press, said, settled, view, wait_until_said


def test_lambda_is_dragged_and_bias_falls_while_the_spread_rises(notebook):
    picture = view(notebook, "Bias and spread of an actor-critic estimate against λ")
    before = said(picture)
    point = picture.get_by_role("slider", name="λ")
    point.focus()
    point.press("Shift+ArrowRight")
    after = wait_until_said(notebook, picture, "λ is 0.5:")
    assert number_after("bias", after) < number_after("bias", before)
    assert number_after("spread", after) > number_after("spread", before)
    notebook.run("tradeoff_view.values = {'baseline': 'none'}")
    without = wait_until_said(notebook, picture, f"(?!.*spread {number_after('spread', after)})")
    assert number_after("bias", without) == number_after("bias", after)
    assert number_after("spread", without) > number_after("spread", after)


def test_the_best_baseline_is_found_by_dragging_and_v_is_64_times_worse_than_none(notebook):
    picture = view(notebook, "Variance of a bandit's gradient estimate against the baseline")
    none = number_after("variance", said(picture))
    point = picture.get_by_role("slider", name="baseline b")
    point.focus()
    for _ in range(2):
        point.press("ArrowRight")
    assert number_after("variance", wait_until_said(notebook, picture, "baseline b is 0.12")) < none
    choose_scene(notebook, picture, 1)
    assert number_after("variance", wait_until_said(notebook, picture, "baseline b is 0.9:")) == pytest.approx(
        64 * none
    )


def test_a_slow_critic_is_stuck_and_a_fast_one_goes_up(notebook):
    picture = view(notebook, "An actor and its critic on the toll road")
    ends = {}
    for ratio in (0.1, 3.0):
        notebook.run(f"road_view.reset(); road_view.values = {{'ratio': {ratio}}}")
        wait_until_said(notebook, picture, "Nothing has run yet")
        press(notebook, picture, "run")
        ends[ratio] = number_after("mean J", wait_until_said(notebook, picture, "After 3000 steps"))
    assert ends[0.1] < 1
    assert ends[3.0] > 5


def test_cartpole_is_trained_in_the_page(notebook):
    picture = view(notebook, "A2C on CartPole-v1")
    cell = cell_of(notebook, picture)
    assert "Nothing has run yet" in said(picture)
    press(notebook, picture, "run")
    cell.get_by_text("done").wait_for()
    early, late = map(float, notebook.run("print(*cartpole_view.values['looks'][[0, -1], 1])").split())
    assert number_after("100 test games:", settled(notebook, picture)) == round(late) > early


def test_a_perfect_fit_leaves_no_gradient(notebook):
    picture = view(notebook, "A critic fitted to a batch's own returns, more and more perfectly")
    before = number_after("length", said(picture))
    choose_scene(notebook, picture, 3)
    after = wait_until_said(notebook, picture, "one feature a step is 1:")
    assert number_after("length", after) == 0 < before
    assert number_after("critic is", after) == 0
