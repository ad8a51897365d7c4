"""Notebook 16 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import cell_of, choose_scene, number_after, press, said, settled, view, wait_until_said


def test_the_mean_is_dragged_and_the_search_begins_anew_there(notebook):
    picture = view(notebook, "A search without a gradient on two landscapes")
    choose_scene(notebook, picture, 1)
    assert "16 candidates" in said(picture)
    point = picture.get_by_role("slider", name="θ = (progress, caution)")
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "lake: the mean is .* 0 candidates. corridor")
    assert "corridor: the mean is (2.00, −1.00)" in after


def test_a_larger_sigma_lowers_the_smoothed_curve_and_leaves_the_corridor_s_best_where_it_is(notebook):
    picture = view(notebook, "J and J smoothed by an evolution strategy")
    before = said(picture)
    after = choose_scene(notebook, picture, 2)
    assert number_after("smoothed J", after) < number_after("smoothed J", before)
    assert number_after("stands at", after) == number_after("stands at", before)


def test_the_best_of_n_is_dragged_above_every_policy(notebook):
    picture = view(notebook, "The best of n returns on the corridor")
    assert number_after("best of n", said(picture)) < number_after("the best policy's J", said(picture))
    point = picture.get_by_role("slider", name="n, episodes")
    point.focus()
    point.press("ArrowRight")
    after = wait_until_said(notebook, picture, "n, episodes is 2:")
    assert number_after("best of n", after) > number_after("the best policy's J", after)


def test_a_rule_for_cartpole_is_found_in_the_page(notebook):
    picture = view(notebook, "Searching for a rule on CartPole")
    choose_scene(notebook, picture, 2)
    press(notebook, picture, "run")
    cell_of(notebook, picture).get_by_text("done").wait_for()
    assert number_after("the mean's tests", settled(notebook, picture)) >= 475
