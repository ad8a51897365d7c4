"""What a student does with the notebooks, in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import TimeoutError

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.exercises import check_best_p
from pgcourse.gradients import policy_gradient, tabular_softmax_gradient
from pgcourse.policy import grad_log_softmax, softmax, tabular_softmax

LAKE = zoo.frozen_lake()
RIGHT = np.tile([[[0.0], [1.0]]], (4, 1, 1))
FROM_THIRD = replace(zoo.short_corridor(), rho_0=np.eye(4)[2])
MOVING = ".live-figure svg"


def view(notebook, name):
    """The live picture that says it is `name`, scrolled to."""
    picture = notebook.page.locator(f'.live-figure[aria-label="{name}"]')
    for _ in range(20):  # after "run all" JupyterLab scrolls to the end, and takes out of the page what is far from it
        notebook.evaluate(
            """
            const cells = panel.content.widgets;
            const at = cells.findIndex((cell) => cell.model.sharedModel.getSource().includes(argument));
            panel.content.activeCellIndex = at;
            await panel.content.scrollToItem(at, "start");
            """,
            name,
        )
        try:
            picture.locator("svg").wait_for(timeout=1_000)
            picture.scroll_into_view_if_needed(timeout=1_000)
            return picture
        except TimeoutError:
            continue
    raise AssertionError(f"no picture called {name}")


def said(picture):
    """The picture in words, as a screen reader has it."""
    return picture.locator("svg").get_attribute("aria-label")


def wait_until_said(notebook, picture, pattern):
    label = f'.live-figure[aria-label="{picture.get_attribute("aria-label")}"] svg'
    notebook.page.wait_for_function(
        "([label, pattern]) => new RegExp(pattern).test(document.querySelector(label)?.getAttribute('aria-label'))",
        arg=[label, pattern],
        timeout=20_000,
    )
    return said(picture)


def number_after(words, text):
    return float(re.search(words + r" (−?-?[\d.]+\d)", text)[1])


@pytest.fixture
def start(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    return notebook


@pytest.fixture
def policies(open_notebook):
    notebook = open_notebook("01_policies_and_J.ipynb")
    notebook.run_all()
    return notebook


def test_a_student_finds_the_summit_of_the_corridor_by_hand(start):
    picture = view(start, "J of the short corridor along θ, and the corridor")
    assert "θ is -1.50" in said(picture)

    # by the slider, with the keyboard
    slider = start.page.locator(".noUi-handle").first
    slider.focus()
    slider.press("ArrowRight")
    wait_until_said(start, picture, r"θ is -1\.45")

    # by dragging the point along the curve, until the slope is level
    point = picture.get_by_role("slider", name="θ")
    box, svg = point.bounding_box(), picture.locator("svg").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    start.page.mouse.move(x, y)
    start.page.mouse.down()
    start.page.mouse.move(x + 0.2 * svg["width"], y, steps=8)
    start.page.mouse.up()
    start.run("")  # returns when the kernel has answered to all of the drag
    wait_until_said(start, picture, r"θ is (?!-1)")

    # and to the end with the arrow keys
    point.focus()
    for _ in range(60):
        slope = number_after("slope", said(picture))
        if abs(slope) < 0.08:
            break
        before = said(picture)
        point.press("ArrowRight" if slope > 0 else "ArrowLeft")
        start.page.wait_for_function(
            "([selector, before]) => document.querySelector(selector).getAttribute('aria-label') !== before",
            arg=[MOVING, before],
        )
    theta = number_after("θ is", said(picture))
    assert check_best_p(1 / (1 + np.exp(-theta)))
    assert number_after("J is", said(picture)) == pytest.approx(-11.66, abs=0.011)
    assert start.errors == []


def test_the_kernel_is_restarted_and_everything_runs_again(start):
    picture = view(start, "J of the short corridor along θ, and the corridor")
    start.restart()
    picture.get_by_text("kernel").wait_for()  # a stale picture says so
    start.run_all()
    picture = view(start, "J of the short corridor along θ, and the corridor")
    start.page.locator(".noUi-handle").first.press("ArrowRight")
    wait_until_said(start, picture, r"θ is -1\.45")
    assert not picture.locator(".live-figure-stale").is_visible()
    assert start.errors == []


def test_a_student_climbs_the_landscape(policies):
    picture = view(policies, "J of FrozenLake over two parameters, and the policy on the lake")
    J = number_after("J is", said(picture))
    assert abs(J - 0.0124) < 1e-4
    page = policies.page
    cell = page.locator(".jp-Cell", has=picture)
    cell.get_by_role("button", name="one step").click()
    after_one = number_after("J is", wait_until_said(policies, picture, r", J is (?!0\.0124)"))
    assert after_one > J
    cell.get_by_role("button", name="ten steps").click()
    text = wait_until_said(policies, picture, rf", J is (?!{after_one:.4f})")
    assert number_after("J is", text) > after_one
    cell.get_by_role("button", name="play").click()
    wait_until_said(policies, picture, r"J is 0\.(1|2|3)")
    cell.get_by_role("button", name="stop").click()
    cell.get_by_role("button", name="play").wait_for()
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
    policies.page.locator(".jp-Cell", has=picture).get_by_role("button", name="ten steps").click()
    text = wait_until_said(policies, picture, r"down θ (?!0\.50)")
    for _ in range(10):
        pi = tabular_softmax(theta)
        _, q_pi, rho_pi, _ = exact(LAKE, pi)
        theta = theta + 10 * tabular_softmax_gradient(rho_pi, pi, q_pi)
    assert f"down θ {theta[14, 1]:.2f}" in text
    assert policies.errors == []


def test_the_start_of_the_corridor_moves_the_curve_and_a_step_on_it_works(policies):
    picture = view(policies, "J of the short corridor from each of its cells")
    cell = policies.page.locator(".jp-Cell", has=picture)
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
        cell.get_by_role("button", name="one step").click()
        wait_until_said(policies, picture, rf"θ is {theta:.2f}")
        assert said(picture) != before
    cell.get_by_role("button", name="reset").click()
    wait_until_said(policies, picture, r"θ is -2\.00.*from cell 1")
    assert policies.errors == []


def test_four_ways_answer_to_their_sliders(policies):
    picture = view(policies, "Four ways to the gradient of J")
    before = said(picture)
    cell = policies.page.locator(".jp-Cell", has=picture)
    cell.locator(".noUi-handle").nth(4).focus()
    policies.page.keyboard.press("End")
    text = wait_until_said(policies, picture, "among 400 random estimates")
    assert text != before
    assert "error" in text
    assert policies.errors == []
