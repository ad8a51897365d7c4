"""The pages that `python course.py site` writes, in a browser without a network: a view moves, without a kernel.

The pages of the course itself are moved in tests/notebooks/test_views.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pages import Page
from reader import grip, wait_for
from small_course import cell, write_course

from classroom.site.build import build

TWO = """
class Words:
    handles = ()
    def __init__(self):
        self.figure = Figure(figsize=(3, 1))
        self.words = self.figure.subplots().text(0, 0.5, "", animated=True)
    def update(self, numbers):
        if numbers["a"] == 3:
            raise ValueError("three is no number of this picture")
        self.words.set_text(f"a is {numbers['a']}, b is {numbers['b']}")
    def describe(self, numbers):
        return self.words.get_text()

from ipywidgets import IntSlider, Dropdown
controls = {"a": IntSlider(0, 0, 3), "b": IntSlider(0, 0, 4), "kind": Dropdown(options=["one", "two"])}
Explorer(controls, lambda **values: values, Words(), name="two sliders", scenes={"none": {}, "b": {"b": 4}})
"""
COARSE = """
coarse = {"x": FloatSlider(1.0, min=-4, max=4, step=1.0, description="x"), "square": (2.0, 8.0), "scale": 1}
Explorer(coarse, compute, Parabola(), name="whole steps", scenes={"none": {}, "far": {"x": -3.0}})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = write_course(tmp_path_factory.mktemp("course"), cell(TWO, "two"), cell(COARSE, "coarse"))
    assert build(home / "site", notebooks=home) == []
    return home / "site"


@pytest.fixture
def second(browser: Any, folder: Path) -> Any:
    page = Page(browser, folder / "02_second.html")
    yield page
    assert page.errors == []
    page.close()


def test_scenes_and_keys_turn_the_picture(second):
    view = second.view("a parabola")
    second.says(view, "x is 0.00")
    view.get_by_role("button", name="to the left").click()
    second.says(view, "x is -2.00")
    assert view.get_by_role("button", name="to the left").get_attribute("aria-pressed") == "true"
    second.page.keyboard.press("PageDown")
    second.says(view, "x is 2.50")
    second.page.evaluate("window.scrollTo(0, 0)")
    second.page.keyboard.press("PageDown")  # after the last scene the page goes on
    wait_for(second.page, "() => window.scrollY > 0")
    second.says(view, "x is 2.50")
    second.page.keyboard.press("1")
    second.says(view, "x is 0.00")
    slider = view.get_by_role("slider", name="x").first
    slider.focus()
    slider.press("PageDown")  # the scenes' key, on a slider, too
    second.says(view, "x is -2.00")
    slider.press("ArrowRight")
    second.says(view, "x is -1.90")
    assert view.locator('[aria-pressed="true"]').count() == 0
    assert slider.get_attribute("aria-valuetext") == "−1.90"
    spoken = view.locator(".live-figure-spoken", has_text="x is -1.90")
    spoken.wait_for(state="attached")


def test_a_slider_goes_over_its_whole_range_and_a_refused_value_is_told(second):
    view = second.view("a parabola")
    slider = view.get_by_role("slider", name="x").first
    slider.press("Home")
    second.says(view, "x is -4.00")
    assert view.locator(".live-figure-error").is_hidden()
    slider.press("End")
    view.locator(".live-figure-error", has_text="This cannot be drawn: x is too large for this picture.").wait_for()
    second.says(view, "x is -4.00")  # the picture stays, and the slider and its number are where the reader went
    assert view.locator("output").first.text_content() == "4.00"
    slider.press("Home")
    view.locator(".live-figure-error").wait_for(state="hidden")


def test_a_point_goes_with_the_pointer_and_by_keys_and_takes_the_slider_along(second):
    view = second.view("a parabola")
    point = view.locator('.live-figure-handle[aria-label="x"]')
    second.says(view, "x is 0.00")
    x, y = grip(point)
    second.page.mouse.move(x + view.locator(".live-figure-card").bounding_box()["width"] / 8, y, steps=8)
    second.page.mouse.up()
    wait_for(second.page, "() => !document.querySelector('.view svg[aria-label=\"x is 0.00\"]')")
    shown = float(view.locator("svg[role=img]").get_attribute("aria-label").removeprefix("x is "))
    assert 0 < shown < 3
    assert float(view.locator("output").first.text_content()) == shown
    point.press("ArrowRight")
    second.says(view, f"x is {shown + 0.1:.2f}")
    assert float(point.get_attribute("aria-valuenow")) == pytest.approx(shown + 0.1)


def test_a_key_is_heard_within_the_frame_of_another_and_after_a_press_that_never_ended(second):
    view = second.view("whole steps")
    point = view.locator('.live-figure-handle[aria-label="x"]')
    twice = """(node) => ["ArrowRight", "ArrowRight"].forEach((key) => {
        node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    })"""
    point.focus()
    point.evaluate(twice)
    second.says(view, "x is 3.00")
    point.dispatch_event("pointerdown", {"button": 0, "pointerId": 1})  # a menu took the release
    point.press("ArrowLeft")
    second.says(view, "x is 2.00")


def test_a_point_that_no_slider_moves_says_where_it_does(second):
    view = second.view("a parabola")
    view.locator('.live-figure-handle[aria-label="square"]').press("ArrowLeft")
    view.locator(".note", has_text="In this page this point stands still. In the notebook it moves.").wait_for()
    second.says(view, "x is 0.00")


def test_values_that_no_picture_has_together_are_told_and_the_nearest_is_shown(second):
    view = second.view("two sliders")
    a, b = view.get_by_role("slider", name="a").first, view.get_by_role("slider", name="b").first
    a.press("ArrowRight")
    second.says(view, "a is 1, b is 0")
    b.press("ArrowRight")
    said = "This page has no picture for b = 1, a = 1. It shows the nearest: a = 0."
    view.locator(".note", has_text=said).wait_for()
    second.says(view, "a is 0, b is 1")
    assert (a.input_value(), b.input_value()) == ("0", "1")
    a.press("ArrowRight")  # of b = 0 and b = 4, which have pictures with a = 1, the nearer
    second.says(view, "a is 1, b is 0")
    view.get_by_role("button", name="none").click()
    assert view.locator(".note").text_content() == ""
    view.get_by_role("combobox", name="kind").select_option("two")
    assert view.locator(".note").text_content() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_scrolls_only_downwards_in_both_themes(browser, folder, scheme):
    for name in ("index", "01_first", "02_second"):
        context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, offline=True)
        page = context.new_page()
        page.goto((folder / f"{name}.html").as_uri())
        if name == "02_second":
            page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        style = "getComputedStyle(document.body)"
        colours = page.evaluate(f"[{style}.backgroundColor, {style}.color]")
        background, ink = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert (background > ink) == (scheme == "light")
        context.close()


def test_a_picture_whose_code_may_not_be_loaded_says_so_and_the_text_stays(browser, folder, tmp_path):
    text = (folder / "02_second.html").read_text(encoding="utf-8")
    policy = '<meta http-equiv="Content-Security-Policy" content="script-src \'unsafe-inline\'">'
    (tmp_path / "strict.html").write_text(text.replace("<head>", f"<head>{policy}", 1), encoding="utf-8")
    page = Page(browser, tmp_path / "strict.html")
    alerts = page.page.locator(".view [role=alert]")
    assert alerts.count() == page.page.locator(".view").count() > 0
    assert all("This picture cannot be shown in this browser" in said for said in alerts.all_text_contents())
    assert page.page.locator(".controls").count() == 0
    assert page.page.locator("main").is_visible()
    page.close()


def test_a_point_s_ring_is_seen_on_its_white_picture_where_a_reader_forces_colours(browser, folder):
    rings = []
    for forced in ("none", "active"):
        page = Page(browser, folder / "02_second.html", forced_colors=forced, color_scheme="dark")
        point = page.view("a parabola").locator('.live-figure-handle[aria-label="x"]')
        point.press("ArrowRight")
        wait_for(page.page, "() => document.activeElement.matches('.live-figure-handle:focus-visible')")
        rings.append(point.evaluate("(node) => getComputedStyle(node).outlineColor"))
        page.close()
    assert rings[0] == rings[1]
