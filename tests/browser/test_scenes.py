"""The scenes of a view in a real JupyterLab in a real Chromium: clicked, turned over by key, and left again."""

from __future__ import annotations

import re

import pytest
from reader import scenes, view, wait_until_said
from reader import wait_until_present as wait_for_scene

LANDSCAPE = "J of FrozenLake over two parameters, and the policy on the lake"
FOUR = "Four ways to the gradient of J"


@pytest.fixture
def policies(ran_notebook):
    return ran_notebook("01_policies_and_J.ipynb")


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
    page.wait_for_function("() => !document.querySelector('.scene-view:focus-within [aria-pressed=true]')")
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
    policies.page.wait_for_function("() => !document.querySelector('.scene-view:focus-within [aria-pressed=true]')")
    assert float(policies.run("print(four_view.values['theta_1'])")) == 1
    assert policies.errors == []
