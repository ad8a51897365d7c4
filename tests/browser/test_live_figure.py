"""What a reader does with a live picture, in a real JupyterLab in a real Chromium.

It is done with mouse, finger and keyboard, and judged by what the page shows. Nothing here sleeps to wait: each step
waits for the condition it needs.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parabola import PARABOLA, SHOWN, handle, words, write
from PIL import Image
from reader import grip, wait_for


@pytest.fixture
def notebook(lab: Any, open_notebook: Callable[..., Any]) -> Callable[..., Any]:
    """notebook(cell, cell, …): written, opened, run and shown, for one test."""

    def make(*cells: str, selector: str = ".live-figure-handle", **context: Any) -> Any:
        write(lab, "live.ipynb", *cells)
        opened = open_notebook("live.ipynb", **{"viewport": {"width": 1600, "height": 1300}} | context)
        opened.run_all()
        opened.page.wait_for_selector(selector)
        return opened

    return make


@pytest.fixture
def parabola(lab: Any, ran_notebook: Callable[..., Any]) -> Any:
    """The parabola, in one notebook for all tests that leave its kernel and its output alone."""
    if not (lab.folder / "parabola.ipynb").exists():
        write(lab, "parabola.ipynb", PARABOLA, SHOWN)
    opened = ran_notebook("parabola.ipynb", viewport={"width": 1600, "height": 1300})
    opened.page.wait_for_selector(".live-figure-handle")
    return opened


@pytest.fixture
def own_parabola(notebook: Callable[..., Any]) -> Any:
    return notebook(PARABOLA, SHOWN)


def stands_at(page: Any, x: float, y: float) -> None:
    """Wait until the point is at x and y of its axes, to within a hundredth of their sides."""
    wait_for(
        page,
        """([x, y]) => {
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            const handle = box('.live-figure-handle[aria-label="x"]'), axes = box(".live-figure-axes");
            const across = (handle.x + handle.width / 2 - axes.x) / axes.width;
            const up = 1 - (handle.y + handle.height / 2 - axes.y) / axes.height;
            return Math.hypot(across - (x + 4) / 8, up - (y + 1) / 11) < 0.01;
        }""",
        [x, y],
    )


def place(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a point of the parabola's axes is on the page."""
    box = page.locator(".live-figure-axes").first.bounding_box()
    return box["x"] + (x + 4) / 8 * box["width"], box["y"] + (1 - (y + 1) / 11) * box["height"]


def drag(page: Any, x: float, y: float) -> None:
    grip(handle(page))
    page.mouse.move(*place(page, x, y), steps=5)
    page.mouse.up()


# moving it


def test_keyboard_mouse_and_finger(notebook: Callable[..., Any]) -> None:
    seen = notebook(PARABOLA, SHOWN, has_touch=True)
    page = seen.page
    words(page, "x = 0.00")

    # the slider by keyboard: JupyterLab's own arrow keys must not take it
    page.locator(".noUi-handle").first.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    words(page, "x = 0.30")

    # the point by keyboard, Shift for more; the slider follows and the screen reader is told
    handle(page).focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    words(page, "x = 1.40")
    page.locator(".widget-readout", has_text="1.40").wait_for()
    assert handle(page).get_attribute("role") == "slider"
    page.locator('.live-figure svg[role=img][aria-label="x is 1.40"]').wait_for()
    page.locator(".live-figure-spoken", has_text="x is 1.40").wait_for(state="attached")
    assert float(handle(page).get_attribute("aria-valuenow")) == pytest.approx(1.4, abs=1e-6)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "x", "the focus stays on the point"

    # Home and End: the least and the greatest of both coordinates
    handle(page, "square").focus()
    page.keyboard.press("Home")
    page.locator('.live-figure-handle[aria-label="square"][aria-valuetext="−4, −1"]').wait_for()
    page.keyboard.press("End")
    page.locator('.live-figure-handle[aria-label="square"][aria-valuetext="4, 10"]').wait_for()
    assert page.locator(".noUi-handle").first.get_attribute("aria-label") == "x"

    # the mouse drags it, held where it was gripped
    grip(handle(page), right=5)
    tx, ty = place(page, -2.0, 4.0)
    page.mouse.move(tx + 5, ty, steps=20)
    page.mouse.up()
    words(page, "x = -2.0")
    stands_at(page, -2, 4)

    # a press beside the points brings the nearest one
    page.mouse.click(*place(page, 2.5, 9.0))
    page.locator('.live-figure-handle[aria-label="square"][aria-valuetext^="2.5"]').wait_for()
    page.mouse.click(*place(page, 0.5, 2.0))
    words(page, "x = 0.50")

    # a tap does, too
    page.touchscreen.tap(*place(page, -1.0, 0.0))
    words(page, "x = -1.0")
    stands_at(page, -1, 1)
    assert seen.errors == []


def test_a_point_moves_at_once_while_the_kernel_is_busy_and_the_last_frame_is_right(lab: Any, parabola: Any) -> None:
    page, gate = parabola.page, lab.folder / "gate"
    parabola.run("computed.clear()")
    gate.touch()
    try:
        grip(handle(page))
        for goal in np.linspace(0, 2, 41):
            page.mouse.move(*place(page, goal, 0))
        stands_at(page, 2, 0)
        assert page.locator(".live-figure svg text").text_content() == "x = 0.00", "the kernel has not answered yet"
        page.mouse.up()
    finally:
        gate.unlink()
    words(page, "x = 2.00")
    stands_at(page, 2, 4)
    assert float(parabola.run("print(explorer.values['x'])")) == pytest.approx(2)
    assert int(parabola.run("print(len(computed))")) == 2, "of all moves the one that was in flight, and the newest"
    assert parabola.errors == []


def test_play_leaves_the_sliders_alive(parabola: Any) -> None:
    page = parabola.page
    page.locator("button", has_text="play").click()
    wait_for(page, "() => parseFloat(document.querySelector('.live-figure svg text').textContent.slice(4)) > 0.05")
    handle(page, "square").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.locator('.live-figure-handle[aria-label="square"][aria-valuetext^="1,"]').wait_for()
    page.locator("button", has_text="stop").click()
    page.locator("button", has_text="play").wait_for()
    assert float(parabola.run("print(explorer.values['x'])")) > 0.05
    assert parabola.errors == []


def test_a_kernel_that_owes_an_answer_is_said_until_it_comes(lab: Any, parabola: Any) -> None:
    page, gate = parabola.page, lab.folder / "gate"
    owed = page.locator(".live-figure-waiting")
    assert not owed.is_visible()
    gate.touch()
    try:
        page.locator(".noUi-handle").first.press("ArrowRight")
        owed.wait_for()
        assert "The kernel is busy" in owed.inner_text()
    finally:
        gate.unlink()
    owed.wait_for(state="hidden")
    words(page, "x = 0.10")
    assert parabola.errors == []


def test_an_error_is_shown_and_goes_and_nan_is_a_place_to_come_back_from(parabola: Any) -> None:
    page = parabola.page
    error = page.locator(".live-figure-error")
    assert not error.is_visible()
    drag(page, 3.5, 0.0)
    error.wait_for()
    assert error.inner_text().startswith(
        "This cannot be drawn: x is too large for this picture. The picture stays as it was."
    )
    python = error.get_by_text("ValueError: x is too large for this picture")
    assert not python.is_visible()
    error.get_by_text("in Python's words").click()
    python.wait_for()
    assert "in compute, line" in python.inner_text()
    handle(page).focus()
    stands_at(page, 3.5, 0)  # where the reader put it
    page.keyboard.press("Shift+ArrowLeft")
    words(page, "x = 2.50")
    error.wait_for(state="hidden")
    drag(page, -3.5, 0.0)
    words(page, "x = -3.5")
    wait_for(page, "() => document.querySelector('.live-figure-handle').getAttribute('aria-valuetext') === 'nowhere'")
    page.keyboard.press("Shift+ArrowRight")
    words(page, "x = -2.5")
    stands_at(page, -2.5, 6.25)
    assert parabola.errors == []


def test_an_error_leaves_the_point_that_led_there_in_sight(parabola: Any) -> None:
    page = parabola.page
    error = page.locator(".live-figure-error")
    for y in (9.9, -0.9):
        drag(page, 3.5, y)
        error.wait_for()
        box, point = error.bounding_box(), handle(page).bounding_box()
        assert point["y"] >= box["y"] + box["height"] or point["y"] + point["height"] <= box["y"]
        handle(page).press("Shift+ArrowLeft")
        error.wait_for(state="hidden")
    assert parabola.errors == []


BARS = """
from matplotlib.figure import Figure
from pgcourse.live import LiveFigure

fig = Figure(figsize=(4, 4), dpi=100)
ax = fig.subplots()
ax.set(xlim=(-0.5, 1.5), ylim=(0, 1))
asked = []
tops = [ax.plot([k], [height], "o", animated=True)[0] for k, height in enumerate((0.95, 0.05))]
live = LiveFigure(fig, "bars")
for k, top in enumerate(tops):
    live.draggable(top, lambda x, y, k=k: asked.append((k, x, y)), f"bar {k}", (1, 0.1), upright=True)
live
"""


def test_a_press_anywhere_in_a_bar_s_column_takes_its_own_top_and_keeps_it_there(notebook: Any) -> None:
    opened = notebook(BARS)
    page = opened.page
    box = page.locator(".live-figure-axes").bounding_box()
    # at (0.2, 0.05), where of the two points that of bar 1 is nearer
    page.mouse.click(box["x"] + 0.35 * box["width"], box["y"] + 0.95 * box["height"])
    wait_for(page, "() => document.activeElement.getAttribute('aria-label') === 'bar 0'")
    k, x, y = eval(opened.run("print(asked[-1])"))
    assert (k, x, y) == (0, pytest.approx(0, abs=0.01), pytest.approx(0.05, abs=0.01))
    spoken = [page.locator(".live-figure-handle").first.get_attribute(f"aria-value{what}") for what in ("min", "max")]
    assert spoken == ["0", "1"], "those of its height"
    page.keyboard.press("ArrowRight")  # more
    wait_for(page, "() => document.querySelector('.live-figure-handle').style.top.startsWith('7')")
    assert opened.errors == []


# living on


def open_beside(page: Any) -> None:
    """A second view of the picture, in a tab of its own."""
    page.locator(".jp-OutputArea-output .live-figure").first.click(button="right", position={"x": 5, "y": 5})
    page.locator(".lm-Menu-item", has_text="Create New View for Cell Output").or_(
        page.locator(".lm-Menu-item", has_text="Create New View for Output")
    ).first.click()
    wait_for(page, "() => document.querySelectorAll('.live-figure').length === 2")


def test_a_slider_that_comes_after_the_picture_has_its_name(own_parabola: Any) -> None:
    page = own_parabola.page
    own_parabola.run(
        """
import ipywidgets as widgets
late = widgets.FloatRangeSlider(description="late")
explorer.widget.children = (*explorer.widget.children, late)
        """
    )
    for name in ("late, from", "late, to"):
        page.locator(f'.noUi-handle[aria-label="{name}"]').wait_for()
    own_parabola.run("late.description = 'later'")
    page.locator('.noUi-handle[aria-label="later, from"]').wait_for()


def test_two_views_keep_in_step_and_a_hidden_one_catches_up(own_parabola: Any) -> None:
    parabola = own_parabola
    page = parabola.page
    open_beside(page)
    texts = "[...document.querySelectorAll('.live-figure svg text')].map((node) => node.textContent)"
    parabola_handle = page.locator('.live-figure-handle[aria-label="x"]').last
    parabola_handle.focus()
    page.keyboard.press("Shift+ArrowRight")
    wait_for(page, f"() => String({texts}) === 'x = 1.00,x = 1.00'")

    parabola.evaluate("panel.content.activeCellIndex = 1")
    parabola.command("notebook:hide-cell-outputs")
    wait_for(page, "() => document.querySelectorAll('.jp-OutputArea .live-figure').length === 1")
    parabola.run("explorer.values = {'x': 2.0}")
    parabola.command("notebook:show-cell-outputs")
    wait_for(page, f"() => String({texts}) === 'x = 2.00,x = 2.00'")
    assert parabola.errors == []


def test_a_scene_is_heard_from_whichever_of_two_views_chooses_it(notebook: Callable[..., Any]) -> None:
    """Each counts its choices by itself, so that their counts may be equal."""
    seen = notebook(PARABOLA, "explorer = view(scenes={'first': {}, 'second': {'x': 1.0}})\nexplorer")
    open_beside(seen.page)
    second = seen.page.locator(".scene-buttons button", has_text="second")
    second.first.click()
    words(seen.page, "x = 1.00")
    handle(seen.page).press("Shift+ArrowRight")
    words(seen.page, "x = 2.00")
    second.last.click()
    words(seen.page, "x = 1.00")
    assert seen.errors == []


def test_fifty_runs_of_a_cell_leave_one_view(own_parabola: Any) -> None:
    parabola = own_parabola
    page = parabola.page
    measure = """
import gc
from ipywidgets.widgets.widget import _instances
from IPython import get_ipython
gc.collect()
figures = sum(isinstance(thing, Figure) for thing in gc.get_objects())
print(len(_instances), len(get_ipython().kernel.comm_manager.comms), figures)
"""
    page.locator(".jp-Notebook").click(position={"x": 300, "y": 5})
    # each run waits for its view, as a reader would; JupyterLab complains of views that are closed while it builds them
    run = """
        const drawn = ".widget-vbox:has(.live-figure-handle[aria-valuenow]):has(.fa-play):has(.noUi-handle)";
        const shown = () => document.querySelectorAll(drawn);
        const [last] = shown();
        await app.commands.execute("notebook:run-cell");
        while (shown().length !== 1 || shown()[0] === last) await new Promise((resolve) => setTimeout(resolve, 10));
    """
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:enter-command-mode')")
    parabola.evaluate("panel.content.activeCellIndex = 1")
    for _ in range(5):
        parabola.evaluate(run)
    before = parabola.run(measure)
    for _ in range(50):
        parabola.evaluate(run)
    assert parabola.run(measure) == before, "widgets, comms and figures"
    wait_for(page, "() => document.querySelectorAll('.live-figure').length === 1")
    page.locator(".live-figure-handle").first.wait_for()
    handle(page).focus()
    page.keyboard.press("Shift+ArrowRight")
    words(page, "x = 1.00")
    assert parabola.errors == []


def test_a_module_that_loads_late_hears_of_its_kernel_all_the_same(notebook: Callable[..., Any]) -> None:
    """anywidget waits for two seconds; here no time at all is always lost, as two seconds are on a busy machine."""
    hurry = """AbortSignal.timeout = () => {
        const controller = new AbortController();
        queueMicrotask(() => controller.abort());
        return controller.signal;
    };"""
    scenes = "explorer = view(scenes={'first': {}, 'second': {'x': 1.0}})\nexplorer.values = {'x': 2.0}\nexplorer"
    seen = notebook(PARABOLA, scenes, prepare=lambda page: page.add_init_script(hurry))
    words(seen.page, "x = 2.00")
    handle(seen.page).focus()
    seen.page.keyboard.press("Shift+ArrowLeft")
    words(seen.page, "x = 1.00")
    seen.page.locator(".scene-buttons [aria-pressed=true]", has_text="second").wait_for()
    seen.run("explorer.values = {'x': 3.0}")
    words(seen.page, "x = 3.00")
    assert seen.errors == []


@pytest.mark.parametrize("control", ["slider", "point"])
def test_a_line_cut_with_an_answer_in_flight_leaves_no_control_mute(notebook: Callable[..., Any], control: str) -> None:
    line = Line()
    seen = notebook(PARABOLA, SHOWN, prepare=line.through)
    page = seen.page
    page.locator(".noUi-handle").first.focus() if control == "slider" else handle(page).focus()
    page.keyboard.press("ArrowRight")
    words(page, "x = 0.10")
    line.deaf = True
    page.keyboard.press("ArrowRight")  # this is lost
    page.keyboard.press("ArrowRight")  # this waits for the answer to that
    owed = page.locator(".live-figure-waiting")
    owed.wait_for()
    line.cut()
    words(page, "x = 0.30")
    owed.wait_for(state="hidden")
    page.keyboard.press("ArrowRight")
    words(page, "x = 0.40")
    page.locator(".widget-readout", has_text="0.40").wait_for()


class Line:
    """The socket between page and kernel: `deaf`, it loses what is sent; `cut`, it is closed, and opens again."""

    def __init__(self) -> None:
        self.deaf = False

    def through(self, page: Any) -> None:
        page.route_web_socket("**/channels**", self._connect)

    def _connect(self, page: Any) -> None:
        server = self.server = page.connect_to_server()
        self.page = page
        page.on_message(lambda message: None if self.deaf else server.send(message))
        server.on_message(lambda message: None if self.deaf else page.send(message))

    def cut(self) -> None:
        self.deaf = False
        self.page.close(code=3001)
        self.server.close(code=3001)


# where it is seen


def test_dark_theme_lecture_hall_and_phone(notebook: Callable[..., Any]) -> None:
    seen = notebook(PARABOLA, SHOWN)
    page = seen.page
    seen.command("apputils:change-theme", theme="JupyterLab Dark")
    wait_for(page, "() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_selector("#jupyterlab-splash", state="detached")  # it takes the mouse while a theme is loaded
    drag(page, 3.5, 0.0)
    page.locator(".live-figure-error").wait_for()
    for selector, ground in ((".live-figure svg text", ".live-figure-card"), (".live-figure-error",) * 2):
        assert contrast(page, selector, ground) >= 4.5, selector
    picture = Image.open(io.BytesIO(page.locator(".live-figure-card").screenshot())).convert("L")
    assert np.median(np.asarray(picture)) == 255, "a light card"
    seen.command("apputils:change-theme", theme="JupyterLab Light")
    wait_for(page, "() => document.body.dataset.jpThemeLight === 'true'")
    page.wait_for_selector("#jupyterlab-splash", state="detached")

    before = page.locator(".live-figure-card").bounding_box()
    seen.run("explorer.live.scale = 1.5")
    wait_for(page, f"() => document.querySelector('.live-figure-card').clientWidth >= {1.4 * before['width']}")
    drag(page, 1.0, 0.0)
    words(page, "x = 1.00")
    stands_at(page, 1, 1)
    seen.run("explorer.live.scale = 1")

    seen.command("application:toggle-left-area")
    page.set_viewport_size({"width": 390, "height": 800})
    wait_for(page, "() => document.querySelector('.live-figure').clientWidth < 400")
    size = page.locator(".live-figure svg text").first.evaluate("node => node.getBoundingClientRect().height")
    assert size > 8, "words that can be read"
    drag(page, 0.5, 0.0)
    words(page, "x = 0.50")
    seen.command("application:toggle-left-area")  # for the tests that have this page next
    assert seen.errors == []


def contrast(page: Any, text: str, ground: str) -> float:
    """WCAG's ratio between a text's colour and what is behind it."""
    colour = "(s, p) => getComputedStyle(document.querySelector(s))[p].match(/[\\d.]+/g).slice(0, 3).map(Number)"
    fill = page.evaluate(
        f"([s]) => ({colour})(s, document.querySelector(s) instanceof SVGElement ? 'fill' : 'color')", [text]
    )
    back = page.evaluate(f"([s]) => ({colour})(s, 'backgroundColor')", [ground])

    def luminance(rgb: list[float]) -> float:
        c = np.array(rgb) / 255
        return float(np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(fill), luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
