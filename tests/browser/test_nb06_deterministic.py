"""Notebook 06 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import cell_of, changed, number_after, press, said, view, wait_until_said


def test_K_is_dragged_to_the_best_gain_and_pushed_over_the_border(notebook):
    picture = view(notebook, "J of the boat along its gain, and the states and slopes that make its gradient")
    assert number_after("slope", said(picture)) > 5
    point = picture.get_by_role("slider", name="K")
    point.focus()
    for _ in range(3):
        point.press("Shift+ArrowRight")
    assert number_after("slope", wait_until_said(notebook, picture, "K is −1.2")) < 3
    notebook.run("J_view.values = {'K': -4.08}")
    slider = cell_of(notebook, picture).locator(".noUi-handle").first
    slider.focus()
    slider.press("ArrowLeft")
    picture.get_by_text("This cannot be drawn: J is −∞").wait_for()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    wait_until_said(notebook, picture, "K is −4.05")


def test_as_sigma_shrinks_the_deviation_grows_without_a_baseline_and_stays_with_one(notebook):
    picture = view(notebook, "The stochastic gradient in one state as the noise goes away")
    cell = cell_of(notebook, picture)
    first = said(picture)
    sigma = cell.locator(".noUi-handle").first
    sigma.focus()
    sigma.press("ArrowLeft")
    second = changed(notebook, picture, first)
    assert number_after("standard deviation", second) > number_after("standard deviation", first)
    notebook.run("limit_view.values = {'sigma': 0.02}")
    assert number_after("standard deviation", changed(notebook, picture, second)) > 200
    cell.get_by_role("combobox").select_option("q − v")
    assert number_after("standard deviation", wait_until_said(notebook, picture, "One estimate, q − v")) < 5


def test_a_behaviour_on_the_other_side_turns_the_arrow_and_steps_lead_down_then_up(notebook):
    picture = view(notebook, "On-policy and off-policy directions over the gain and the constant")
    assert ": uphill" in said(picture)
    notebook.run("off_policy_view.values = {'k_b': 2.0}")
    J = [number_after("J is", wait_until_said(notebook, picture, ": downhill"))]
    for _ in range(4):
        text = said(picture)
        press(notebook, picture, "ten steps")
        J.append(number_after("J is", changed(notebook, picture, text)))
    assert min(J) < J[0] < J[-1]


def test_the_cart_climbs_with_an_exact_and_with_a_learned_critic(notebook):
    picture = view(notebook, "Deterministic policy gradient on a cart with two gains")
    cell = cell_of(notebook, picture)
    for how in ("natural, exact critic", "natural, learned critic"):
        notebook.run("cart_view.reset()")
        wait_until_said(notebook, picture, r"θ is \(−0\.30, −0\.30\)")
        cell.get_by_role("combobox").select_option(how)
        press(notebook, picture, "ten steps")
        text = wait_until_said(notebook, picture, r"θ is \(−[1-3]")
        assert number_after("J is", text) > -7


def test_two_values_of_a_log_slider_in_one_cell_end_at_the_second(notebook):
    """The slider's answer to the first comes after the second, and is no move of the reader."""
    picture = view(notebook, "The stochastic gradient in one state as the noise goes away")
    notebook.run("limit_view.values = {'sigma': 2**-6}")
    wait_until_said(notebook, picture, "σ is 0.0156")
    notebook.run("limit_view.reset(); limit_view.values = {'sigma': 0.5}")
    wait_until_said(notebook, picture, "σ is 0.5")
    for _ in range(2):  # what the page has answered has come by then
        notebook.run("")
    assert notebook.run("print(limit_view.values['sigma'])").strip() == "0.5"
