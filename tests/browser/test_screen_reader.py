"""What a screen reader, a keyboard and a magnifier find in a view, beyond what axe-core can judge."""

from __future__ import annotations

from typing import Any

import pytest
from parabola import PARABOLA, handle, write
from reader import wait_for

RUN = """
from ipywidgets import SelectionSlider
controls = {"x": FloatSlider(-0.5, min=-4, max=4, step=0.1, description="x"), "square": (2.0, 8.0),
            "scale": SelectionSlider(options=[0.01, 0.1, 1.0], value=0.01, description="scale")}
explorer = Explorer(controls, compute, Parabola(), name="a parabola", scenes={"first": {}, "second": {"x": 2.0}},
                    run=lambda: ((k / 3, {"x": k / 2}) for k in range(1, 4)))
explorer
"""


FULL = """
class Full(Parabola):
    def __init__(self):
        super().__init__()
        self.figure.axes[0].set_position([0, 0, 1, 1])
full = Explorer({"x": FloatSlider(-0.5, min=-4, max=4, step=0.1), "square": (2.0, 8.0), "scale": 1}, compute, Full(),
                name="up to its edges")
full
"""


@pytest.fixture
def page(lab: Any, ran_notebook: Any) -> Any:
    write(lab, "screen_reader.ipynb", PARABOLA, RUN, FULL)
    notebook = ran_notebook("screen_reader.ipynb")
    yield notebook.page
    assert notebook.errors == []


def test_a_point_at_the_picture_s_edge_leaves_the_picture_where_it_is(page):
    view = page.locator('.live-figure[aria-label="up to its edges"]')
    point = view.locator('.live-figure-handle[aria-label="square"]')
    point.press("End")
    page.locator('.live-figure-handle[aria-label="square"][aria-valuetext="4, 10"]').wait_for()
    card = view.locator(".live-figure-card")
    assert card.evaluate("(node) => [node.scrollLeft, node.scrollTop]") == [0, 0]


def slider(page: Any, name: str) -> Any:
    return page.locator(f'.noUi-handle[aria-label="{name}"]')


def test_a_slider_says_the_value_that_stands_beside_it(page):
    assert slider(page, "x").get_attribute("aria-valuetext") == "−0.50"
    scale = slider(page, "scale")
    assert scale.get_attribute("aria-valuetext") == "0.01"  # of three options the first
    scale.press("ArrowRight")
    page.locator('.noUi-handle[aria-label="scale"][aria-valuetext="0.1"]').wait_for()
    assert page.locator('.widget-readout[role="textbox"][aria-label="x, a number to type"]').count() == 1
    assert page.locator('.widget-label[title="null"]').count() == 0


def test_it_is_heard_that_a_run_has_come_to_its_end(page):
    page.locator("button", has_text="run").click()
    page.locator(".live-figure-spoken", has_text="x is 1.50 done").wait_for(state="attached")


def test_a_point_whose_new_place_is_refused_says_so(page):
    point = handle(page)
    point.press("End")
    page.locator(".live-figure-error", has_text="x is too large").wait_for()
    page.locator('.live-figure-handle[aria-label="x"][aria-valuetext$="its new place is refused"]').wait_for()
    point.press("Home")
    page.locator('.live-figure-handle[aria-label="x"]:not([aria-valuetext*="refused"])').wait_for()


def test_in_a_narrow_window_the_picture_scrolls_by_keys_and_a_point_stays_in_sight(page):
    view = page.locator('.live-figure[aria-label="a parabola"]')
    box, point = view.locator(".live-figure-scroll"), handle(view, "square")
    assert box.get_attribute("tabindex") is None
    page.set_viewport_size({"width": 700, "height": 800})
    box.and_(page.locator('.live-figure-wide [tabindex="0"][aria-label*="scrolls sideways"]')).wait_for()
    assert box.evaluate("(node) => node.scrollLeft") == 0
    point.press("End")  # into the right corner, which is not in sight
    wait_for(page, "() => document.querySelector('.live-figure-scroll').scrollLeft > 0")
    across, seen = point.bounding_box(), box.bounding_box()
    assert seen["x"] <= across["x"]
    assert across["x"] + across["width"] <= seen["x"] + seen["width"] + 1
    page.set_viewport_size({"width": 1280, "height": 900})
    wait_for(page, "() => !document.querySelector('.live-figure-wide')")
    assert box.get_attribute("tabindex") is None
