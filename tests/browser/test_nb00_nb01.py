"""What a student does with the notebooks, in a real JupyterLab in a real Chromium."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reader import cell_of, changed, choose_scene, number_after, press, said, settled, view, wait_until_said

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.exercises import check_best_p
from pgcourse.gradients import policy_gradient, tabular_softmax_gradient
from pgcourse.policy import grad_log_softmax, softmax, tabular_softmax

LAKE = zoo.frozen_lake()
RIGHT = np.tile([[[0.0], [1.0]]], (4, 1, 1))
FROM_THIRD = replace(zoo.short_corridor(), rho_0=np.eye(4)[2])
CORRIDOR = "J of the short corridor along θ, and the corridor"


@pytest.fixture
def start(ran_notebook):
    return ran_notebook("00_start_here.ipynb")


@pytest.fixture
def policies(ran_notebook):
    return ran_notebook("01_policies_and_J.ipynb")


def test_a_student_finds_the_summit_of_the_corridor_by_hand(start):
    picture = view(start, CORRIDOR)
    before = said(picture)
    assert "θ is -1.50" in before

    # by dragging the point: it goes where the hand goes, and the kernel has gone with it
    point = picture.get_by_role("slider", name="θ")
    box, svg = point.bounding_box(), picture.locator("svg").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    start.page.mouse.move(x, y)
    start.page.mouse.down()
    start.page.mouse.move(x + 0.2 * svg["width"], y, steps=8)
    start.page.mouse.up()
    changed(start, picture, before)
    kept = settled(start, picture)
    assert number_after("θ is", kept) > -1.5
    point.press("ArrowRight")
    assert number_after("θ is", changed(start, picture, kept)) > number_after("θ is", kept)

    # by the slider, with the keyboard, whose 37 steps end where the slope is level
    choose_scene(start, picture, 0)
    slider = cell_of(start, picture).locator(".noUi-handle")
    slider.focus()
    for _ in range(37):
        slider.press("ArrowRight")
    text = wait_until_said(start, picture, r"θ is 0\.35")
    assert check_best_p(1 / (1 + np.exp(-number_after("θ is", text))))
    assert abs(number_after("slope", text)) < 0.1
    assert number_after("J is", text) == pytest.approx(-11.66, abs=0.011)
    assert start.errors == []


def test_a_student_climbs_the_landscape(policies):
    picture = view(policies, "J of FrozenLake over two parameters, and the policy on the lake")
    J = number_after("J is", said(picture))
    assert abs(J - 0.0124) < 1e-4
    press(policies, picture, "one step")
    after_one = number_after("J is", wait_until_said(policies, picture, r", J is (?!0\.0124)"))
    assert after_one > J
    press(policies, picture, "ten steps")
    text = wait_until_said(policies, picture, rf", J is (?!{after_one:.4f})")
    assert number_after("J is", text) > after_one
    press(policies, picture, "play")
    wait_until_said(policies, picture, r"J is 0\.(1|2|3)")
    press(policies, picture, "stop")
    cell_of(policies, picture).get_by_role("button", name="play").wait_for()
    assert policies.errors == []


def test_a_state_is_clicked_and_its_probabilities_dragged_out_of_the_simplex_and_back(policies):
    picture = view(policies, "FrozenLake with a policy written as probabilities")
    square = picture.get_by_role("slider", name="state").bounding_box()
    x, y = square["x"] + square["width"] / 2, square["y"] + square["height"] / 2
    side = picture.locator("svg").bounding_box()["width"] / 900 * 80
    policies.page.mouse.click(x, y - side)  # state 14 is chosen; the square above is state 10
    wait_until_said(policies, picture, "State 10 is chosen")

    bar = picture.get_by_role("slider", name="θ(s, left)")
    bar.focus()
    for _ in range(3):
        bar.press("Shift+ArrowUp")  # up to 1: the four no longer fit
    error = picture.get_by_role("alert")
    error.wait_for()
    assert "theta[s=10]" in error.inner_text()
    assert "sum ≤ 1" in error.inner_text()
    for _ in range(3):
        bar.press("Shift+ArrowDown")  # to 0.17; a fourth would be below 0, and wrong again
    error.wait_for(state="hidden")
    wait_until_said(policies, picture, r"left θ 0\.\d\d")
    assert policies.errors == []


def test_a_preference_of_the_table_is_raised_by_key_and_the_whole_table_steps_uphill(policies):
    picture = view(policies, "FrozenLake with the tabular softmax")
    bar = picture.get_by_role("slider", name="θ(s, down)")
    bar.focus()
    bar.press("ArrowUp")
    text = wait_until_said(policies, picture, r"down θ 0\.50")
    theta = np.eye(16)[:, [14]] * [0, 0.5, 0, 0]
    assert f"down θ 0.50, probability {tabular_softmax(theta).probs[14, 1]:.3f}" in text
    press(policies, picture, "ten steps")
    text = wait_until_said(policies, picture, r"down θ (?!0\.50)")
    for _ in range(10):
        pi = tabular_softmax(theta)
        _, q_pi, rho_pi, _ = exact(LAKE, pi)
        theta = theta + 10 * tabular_softmax_gradient(rho_pi, pi, q_pi)
    assert f"down θ {theta[14, 1]:.2f}" in text
    assert policies.errors == []


def test_the_start_of_the_corridor_moves_the_curve_and_a_step_on_it_works(policies):
    picture = view(policies, "J of the short corridor from each of its cells")
    cell = cell_of(policies, picture)
    cell.get_by_role("combobox").select_option("third")
    third = wait_until_said(policies, picture, r"J is (?!-35\.83)")
    assert number_after("J is", third) == pytest.approx(-25.2, abs=0.1)

    # two steps from −2 along the exact gradient: the slider, which shows steps of 0.05, does not round them
    theta = -2.0
    for _ in range(2):
        pi = softmax(RIGHT, [theta])
        _, q_pi, rho_pi, _ = exact(FROM_THIRD, pi)
        theta += 2**-7 * policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(RIGHT, pi))[0]
        before = said(picture)
        press(policies, picture, "one step")
        wait_until_said(policies, picture, rf"θ is {theta:.2f}")
        assert said(picture) != before
    press(policies, picture, "reset")
    wait_until_said(policies, picture, r"θ is -2\.00.*from cell 1")
    assert policies.errors == []


def test_four_ways_answer_to_their_sliders(policies):
    picture = view(policies, "Four ways to the gradient of J")
    before = said(picture)
    cell = cell_of(policies, picture)
    cell.locator(".noUi-handle").nth(4).focus()
    policies.page.keyboard.press("End")
    text = wait_until_said(policies, picture, "among 400 random estimates")
    assert text != before
    assert "error" in text
    assert policies.errors == []
