"""What a student does with the first notebooks, in a real JupyterLab in a real Chromium, and an instructor with scenes.

Scenes are clicked, turned over by key, and left again.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from reader import (
    cell_of,
    changed,
    choose_scene,
    click_at,
    grip,
    number_after,
    press,
    said,
    scenes,
    settled,
    view,
    wait_for,
    wait_until_said,
)
from reader import wait_until_present as wait_for_scene

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.exercises import check_best_p
from pgcourse.gradients import policy_gradient, tabular_softmax_gradient
from pgcourse.pictures.part import minus
from pgcourse.policy import grad_log_softmax, softmax, tabular_softmax

LAKE = zoo.frozen_lake()
RIGHT = np.tile([[[0.0], [1.0]]], (4, 1, 1))
FROM_THIRD = replace(zoo.short_corridor(), rho_0=np.eye(4)[2])
CORRIDOR = "J of the short corridor along θ, and the corridor"
LANDSCAPE = "J of FrozenLake over two parameters, and the policy on the lake"
FOUR = "Four ways to the gradient of J"


@pytest.fixture
def start(ran_notebook):
    return ran_notebook("00_start_here.ipynb")


@pytest.fixture
def policies(ran_notebook):
    return ran_notebook("01_policies_and_J.ipynb")


def test_a_student_finds_the_summit_of_the_corridor_by_hand(start):
    picture = view(start, CORRIDOR)
    before = said(picture)
    assert "θ is −1.50" in before

    # by dragging the point: it goes where the hand goes, and the kernel has gone with it
    point = picture.get_by_role("slider", name="θ")
    x, y = grip(point)
    start.page.mouse.move(x + 0.2 * picture.bounding_box()["width"], y, steps=8)
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
    picture = view(policies, LANDSCAPE)
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
    across, down = picture.evaluate(
        """(node) => {
            const [square, card] = ["handle", "card"].map((part) => node.querySelector(`.live-figure-${part}`))
                .map((part) => part.getBoundingClientRect());
            const side = (card.width / 900) * 80;
            return [square.x + square.width / 2 - card.x, square.y + square.height / 2 - side - card.y]
                .map((pixels, k) => pixels / [card.width, card.height][k]);
        }"""
    )
    click_at(picture, across, down)  # state 14 is chosen; the square above is state 10
    wait_until_said(policies, picture, "State 10 is chosen")

    bar = picture.get_by_role("slider", name="θ(s, left)")
    bar.focus()
    assert bar.get_attribute("aria-valuetext") == "0.25"  # and not its place on the axis
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
    third = wait_until_said(policies, picture, r"J is (?!−35\.83)")
    assert number_after("J is", third) == pytest.approx(-25.2, abs=0.1)

    # two steps from −2 along the exact gradient: the slider, which shows steps of 0.05, does not round them
    theta = -2.0
    for _ in range(2):
        pi = softmax(RIGHT, [theta])
        _, q_pi, rho_pi, _ = exact(FROM_THIRD, pi)
        theta += 2**-7 * policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(RIGHT, pi))[0]
        before = said(picture)
        press(policies, picture, "one step")
        wait_until_said(policies, picture, minus(f"θ is {theta:.2f}"))
        assert said(picture) != before
    press(policies, picture, "reset")
    wait_until_said(policies, picture, r"θ is −2\.00.*from cell 1")
    assert policies.errors == []


def test_four_ways_answer_to_their_sliders(policies):
    picture = view(policies, FOUR)
    before = said(picture)
    cell = cell_of(policies, picture)
    cell.locator(".noUi-handle").nth(4).focus()
    policies.page.keyboard.press("End")
    text = wait_until_said(policies, picture, "among 400 random estimates")
    assert text != before
    assert "error" in text
    assert policies.errors == []


# scenes


def present(notebook, picture):
    """The places of the scenes that are shown as present: pressed, and with the sign."""
    buttons = scenes(notebook, picture)
    texts = buttons.evaluate_all("nodes => nodes.map((node) => [node.ariaPressed, node.textContent[0]])")
    assert all((pressed == "true") == (sign == "●") for pressed, sign in texts)
    return [k for k, (pressed, _) in enumerate(texts) if pressed == "true"]


def wait_until_present(notebook, picture, k):
    text = wait_for_scene(notebook, picture, k)
    assert present(notebook, picture) == [k]
    return text


def scrolled(notebook):
    return notebook.evaluate("return panel.content.outerNode.scrollTop")


def test_an_instructor_clicks_and_turns_the_scenes_over(policies):
    page = policies.page
    picture = view(policies, LANDSCAPE)
    names = policies.run("print(*landscape_view._scenes, sep='\\n')").split("\n")[:-1]
    buttons = scenes(policies, picture)
    assert buttons.evaluate_all("nodes => nodes.map((node) => node.lastChild.textContent)") == names
    first = wait_until_present(policies, picture, 0)

    # a click, which keeps the focus on the button; then the keys of a remote, which do not scroll
    page.get_by_role("button", name=names[1]).click()
    second = wait_until_present(policies, picture, 1)
    assert second != first
    assert page.evaluate("document.activeElement.lastChild.textContent") == names[1]
    top = scrolled(policies)
    page.keyboard.press("PageDown")
    wait_until_present(policies, picture, 2)
    assert page.evaluate("document.activeElement.lastChild.textContent") == names[2], "the screen reader is told"
    page.keyboard.press("PageUp")
    assert wait_until_present(policies, picture, 1) == second
    assert scrolled(policies) == top

    # in the picture: a point that the keys have moved is no scene; a page further comes the next one; focus stays
    point = picture.get_by_role("slider", name="θ = (θ₁, θ₂)")
    point.focus()
    point.press("ArrowRight")
    wait_until_said(policies, picture, f"^(?!{re.escape(second)})")
    wait_for(page, "() => !document.querySelector('.scene-view:focus-within [aria-pressed=true]')")
    point.press("PageDown")
    third = wait_until_present(policies, picture, 2)
    point.press("1")
    assert wait_until_present(policies, picture, 0) == first
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "θ = (θ₁, θ₂)"

    # on a slider, too; and beyond the last there is none
    cell = page.locator(".jp-Cell", has=picture)
    cell.locator(".noUi-handle").first.focus()
    for _ in range(len(names) + 1):
        page.keyboard.press("PageDown")
    wait_until_present(policies, picture, len(names) - 1)

    # dragged equals fresh: whatever was done, the scene is the same picture; and play stops
    page.keyboard.press("1")
    wait_until_present(policies, picture, 0)
    cell.get_by_role("button", name="play").click()
    cell.get_by_role("button", name="stop").wait_for()
    page.get_by_role("button", name=names[2]).click()
    cell.get_by_role("button", name="play").wait_for()
    assert wait_until_present(policies, picture, 2) == third
    assert policies.run("print(landscape_view.scene)").strip() == names[2]
    assert scrolled(policies) == top
    assert policies.errors == []


def test_a_scene_set_from_a_cell_and_digits_that_are_written(policies):
    picture = view(policies, FOUR)
    name = policies.run("print(list(four_view._scenes)[1])").strip()
    policies.run(f"four_view.scene = {name!r}")
    wait_until_present(policies, picture, 1)

    # a click beside everything gives the view the keys
    policies.page.locator(".scene-view", has=picture).locator("svg").click(position={"x": 5, "y": 5})
    policies.page.keyboard.press("PageDown")
    wait_until_present(policies, picture, 2)

    # a digit that is typed into a number is no scene
    number = policies.page.locator(".jp-Cell", has=picture).locator(".widget-readout").first
    number.click()
    number.press("Control+a")
    number.press_sequentially("1")
    number.press("Enter")
    wait_for(policies.page, "() => !document.querySelector('.scene-view:focus-within [aria-pressed=true]')")
    assert float(policies.run("print(four_view.values['theta_1'])")) == 1
    assert policies.errors == []
