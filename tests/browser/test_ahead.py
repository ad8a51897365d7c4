"""Pictures made ahead, as a reader meets them: at once where the kernel is busy, and after it is gone; never stale."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from parabola import PARABOLA, handle, words, write
from reader import cell_of, choose_scene, scenes, settled, view, wait_for, wait_until_said

import pgcourse.live
from pgcourse.live.keys import part_of

# `shift` is what the notebook has defined, and no value of the view; nor is it whether there is a file `beside`
SHIFTED = """
shift, plain = 0.0, compute
def compute(x, square, scale):
    numbers = plain(x, square, scale)
    return {**numbers, "x": numbers["x"] + shift + Path("beside").exists()}
explorer = view(scenes={"zero": {}, "two": {"x": 2.0}, "minus one": {"x": -1.0, "scale": 2}})
explorer
"""
KNOWN = 72  # pictures of x from −4 to 3, beyond which it is refused, and one more scene


@pytest.fixture
def fresh(lab: Any, open_notebook: Callable[..., Any]) -> Any:
    write(lab, "fresh.ipynb", PARABOLA, SHIFTED)
    notebook = open_notebook("fresh.ipynb")
    notebook.run_all()
    return notebook


@pytest.fixture
def parabola(lab: Any, ran_notebook: Callable[..., Any]) -> Any:
    if not (lab.folder / "ahead.ipynb").exists():
        write(lab, "ahead.ipynb", PARABOLA, SHIFTED)
    return ran_notebook("ahead.ipynb")


@pytest.fixture
def gate(lab: Any) -> Iterator[Path]:
    """A file: while it is there, `compute` waits."""
    yield lab.folder / "gate"
    for name in ("gate", "beside", "hold"):
        (lab.folder / name).unlink(missing_ok=True)


def ready(notebook: Any, source: str = "") -> Any:
    """The view, once the page has all the pictures that it was not asked for, made anew after a cell has run."""
    picture, page = view(notebook, "a parabola"), notebook.page
    wait_for(page, f"() => document.querySelector('.live-figure').dataset.ahead >= {KNOWN}")
    page.evaluate(
        """() => {
            const root = document.querySelector(".live-figure");
            window.forgotten = false;  // until the page hears that those it has are none any more
            const note = (records) => { forgotten ||= records.some(({ oldValue }) => oldValue === "0"); };
            new MutationObserver(note).observe(root, { attributeFilter: ["data-ahead"], attributeOldValue: true });
        }"""
    )
    notebook.run(source)
    wait_for(page, f"() => forgotten && document.querySelector('.live-figure').dataset.ahead == {KNOWN}")
    return picture


def slider(notebook: Any) -> Any:
    return notebook.page.locator(".noUi-handle").first


def remember(page: Any) -> None:
    """Keep all that the picture's words say from now on."""
    page.evaluate(
        """() => {
            const svg = document.querySelector(".live-figure svg"), said = () => svg.querySelector("text").textContent;
            window.remembered = [said()];
            const note = () => { if (said() !== remembered.at(-1)) remembered.push(said()); };
            new MutationObserver(note).observe(svg, { subtree: true, childList: true, characterData: true });
        }"""
    )


def test_known_pictures_are_drawn_while_the_kernel_is_busy_and_no_older_answer_comes_between(
    parabola: Any, gate: Path
) -> None:
    page, picture = parabola.page, ready(parabola)
    remember(page)
    gate.touch()
    slider(parabola).focus()
    for text in ("x = 0.10", "x = 0.20", "x = 0.30"):
        page.keyboard.press("ArrowRight")
        words(page, text)
    page.locator(".live-figure-waiting", has_text="The kernel is busy").wait_for()
    gate.unlink()
    page.locator(".live-figure-waiting").wait_for(state="hidden")
    assert settled(parabola, picture) == "x is 0.30"
    assert page.evaluate("remembered") == ["x = 0.00", "x = 0.10", "x = 0.20", "x = 0.30"]
    assert float(parabola.run("print(explorer.values['x'])")) == pytest.approx(0.3)
    assert parabola.errors == []


def test_what_depends_on_a_point_follows_it_while_the_kernel_is_busy(parabola: Any, gate: Path) -> None:
    page, picture = parabola.page, ready(parabola)
    gate.touch()
    handle(page).focus()
    for key, text in (("ArrowRight", "x = 0.10"), ("Shift+ArrowRight", "x = 1.10"), ("ArrowLeft", "x = 1.00")):
        page.keyboard.press(key)
        words(page, text)
    gate.unlink()
    page.locator(".live-figure-waiting").wait_for(state="hidden")
    assert settled(parabola, picture) == "x is 1.00"
    assert parabola.errors == []


# steps finer than the pictures made ahead; `hold` is a file: while it is there, a move is answered, and not yet ended
def test_an_answer_that_is_an_error_replaces_a_picture_made_ahead(parabola: Any, gate: Path) -> None:
    """And with it goes that of the value before."""
    page, alert = parabola.page, parabola.page.locator(".live-figure-error")
    ready(parabola)
    slider(parabola).press("End")
    alert.wait_for()
    gate.touch()
    handle(page).focus()  # it stands where it was
    page.keyboard.press("ArrowRight")
    words(page, "x = 0.10")
    alert.wait_for(state="hidden")
    gate.unlink()
    page.locator(".widget-readout", has_text="0.10").wait_for()  # the kernel has answered: the slider is there, too
    assert not alert.is_visible()
    slider(parabola).press("End")
    alert.wait_for()
    words(page, "x = 0.10")
    assert parabola.errors == []


def test_a_value_is_written_alike_in_python_and_in_javascript(parabola: Any) -> None:
    values = [
        0,
        -0.0,
        0.1 + 0.2,
        1 / 3,
        -2.5e-7,
        5e-7,
        1e9 + 0.5,
        -1e12,
        True,
        False,
        None,
        "θ",
        'a "b"\\\n\u2028',
        "|",
    ]
    values += [2.0**-k for k in range(40)] + [-1.5 * 2**-k for k in range(40)] + [[1, 2.5, "a"], []]
    values += [k / 20 * 10**n for k in range(-60, 60) for n in (-3, 0, 3)]
    source = (Path(pgcourse.live.__file__).parent / "keys.js").read_text(encoding="utf-8")
    written, read = parabola.page.evaluate(
        f"(values) => {{ {source} const parts = values.map(partOf); return [parts, parts.map(valueOf)]; }}", values
    )
    assert written == [part_of(value) for value in json.loads(json.dumps(values))]
    assert read[8:14] == values[8:14]
    assert read[14:54] == pytest.approx(values[14:54], abs=1e-6)


FINE = """
explorer = view()
explorer._picture.handles[0].step = (0.03, 0.1)
explorer.live._draggable[0] = explorer.live._draggable[0]._replace(step=(0.03, 0.1))
explorer.live.redraw()
def held(change):
    while Path("hold").exists():
        time.sleep(0.01)
explorer.live.observe(held, "drag")
explorer
"""


def test_a_point_goes_on_from_its_place_and_not_from_that_of_a_picture_made_ahead(
    lab: Any, open_notebook: Callable[..., Any], gate: Path
) -> None:
    """The kernel has said where it is, and the line is still busy: the next key is no step from a picture near by."""
    write(lab, "fine.ipynb", PARABOLA, FINE)
    notebook = open_notebook("fine.ipynb")
    notebook.run_all()
    page, hold = notebook.page, gate.with_name("hold")
    picture = view(notebook, "a parabola")
    wait_for(page, f"() => document.querySelector('.live-figure').dataset.ahead >= {KNOWN - 2}")
    hold.touch()
    point = handle(page)
    point.press("ArrowRight")
    wait_for(page, "(point) => Math.abs(point.ariaValueNow - 0.03) < 1e-6", point.element_handle())
    point.press("ArrowRight")
    hold.unlink()
    wait_until_said(notebook, picture, "x is 0.06")
    assert settled(notebook, picture) == "x is 0.06"
    assert notebook.errors == []


# a point that moves two numbers, on axes from −4 to 4 and from −1 to 10: its places are 0.5 and 0.7 apart
PLANE = """
import pgcourse.live.ahead
pgcourse.live.ahead.ALLOWANCE = 100  # seconds: a slow machine shall make all of them, too

class Plane(Parabola):
    def __init__(self):
        super().__init__()
        self.handles = [SimpleNamespace(line=self.point, label="x and y", values=lambda x, y, values: {"x": x, "y": y},
                                        step=(0.1, 0.1), along=None, snap=True)]
    def update(self, numbers):
        self.point.set_data([numbers["x"]], [numbers["y"]])
        self.words.set_text(self.describe(numbers))
    def describe(self, numbers):
        return f"x is {numbers['x']:.1f} and y is {numbers['y']:.1f}"

def compute_plane(x, y):
    while gate.exists():
        time.sleep(0.01)
    return {"x": x, "y": y}

plane = Explorer({"x": FloatSlider(0.0, min=-4, max=4, step=0.1), "y": 0.0}, compute_plane, Plane(), name="a plane")
plane
"""
STOPS = 17 * 16


def test_a_point_with_two_numbers_shows_its_nearest_known_place_while_the_kernel_is_busy(
    lab: Any, open_notebook: Callable[..., Any], gate: Path
) -> None:
    write(lab, "plane.ipynb", PARABOLA, PLANE)
    notebook = open_notebook("plane.ipynb")
    notebook.run_all()
    page, picture = notebook.page, view(notebook, "a plane")
    wait_for(page, f"() => document.querySelector('.live-figure').dataset.ahead >= {STOPS}")
    point = handle(page, "x and y")
    remember(page)
    for tenths in (1, 2, 3):
        point.press("ArrowRight")
        wait_until_said(notebook, picture, f"x is 0.{tenths} and y is 0.0")
    asked = [f"x is 0.{tenths} and y is 0.0" for tenths in range(4)]
    assert page.evaluate("remembered") == asked, "where the kernel keeps up, it alone is seen"
    gate.touch()
    point.press("Shift+ArrowRight")
    for keys, text in (
        (["ArrowLeft"] * 3, "x is 1.0 and y is -0.3"),  # y is 0, between two places
        (["ArrowUp"] * 4, "x is 1.0 and y is 0.4"),
        (["Shift+ArrowLeft"] * 2, "x is -1.0 and y is 0.4"),
    ):
        for key in keys:
            point.press(key)
        words(page, text)
    point.press("ArrowUp")
    gate.unlink()
    wait_until_said(notebook, picture, "x is -1.0 and y is 0.5")
    assert settled(notebook, picture) == "x is -1.0 and y is 0.5"
    assert notebook.run("print(round(plane.values['x'], 9), round(plane.values['y'], 9))").split() == ["-1.0", "0.5"]
    assert notebook.errors == []


def test_scenes_turn_while_the_kernel_is_busy_and_after_it_is_gone(fresh: Any, gate: Path) -> None:
    page, picture = fresh.page, ready(fresh)
    gate.touch()
    slider(fresh).press("End")  # unknown: the picture waits
    page.locator(".live-figure-waiting", has_text="The kernel is busy").wait_for()
    words(page, "x = 0.00")
    for k, said in ((1, "x is 2.00"), (2, "x is -1.00"), (0, "x is 0.00"), (1, "x is 2.00")):
        scenes(fresh, picture).nth(k).click()
        wait_until_said(fresh, picture, said)
        pressed(fresh, picture, k)
    gate.unlink()
    page.locator(".live-figure-waiting").wait_for(state="hidden")
    assert settled(fresh, picture) == "x is 2.00"
    page.locator(".widget-readout", has_text="2.00").wait_for()

    ready(fresh)
    fresh.restart()
    stale = picture.locator(".live-figure-stale")
    stale.wait_for()
    assert "Its scenes can still be chosen" in stale.inner_text()
    assert "Kernel → Restart Kernel and Run All Cells" in stale.inner_text()
    for k, said, shown in ((2, "x is -1.00", "−1.00"), (1, "x is 2.00", "2.00")):
        scenes(fresh, picture).nth(k).click()
        wait_until_said(fresh, picture, said)
        pressed(fresh, picture, k)
        page.locator(".widget-readout", has_text=shown).wait_for()
    scenes(fresh, picture).nth(1).press("PageUp")
    wait_until_said(fresh, picture, "x is 0.00")
    for part in (slider(fresh), handle(page)):
        assert part.evaluate("node => node.closest('[inert]') !== null")
    fresh.run_all()
    picture = view(fresh, "a parabola")
    assert choose_scene(fresh, picture, 1) == "x is 2.00"
    assert fresh.errors == []


def pressed(notebook: Any, picture: Any, k: int) -> None:
    button = f'.scene-buttons button:nth-of-type({k + 1})[aria-pressed="true"]'
    cell_of(notebook, picture).locator(button).wait_for()


def test_what_a_cell_has_changed_is_seen_in_every_picture(fresh: Any, gate: Path) -> None:
    page, picture = fresh.page, ready(fresh)
    ready(fresh, "shift = 0.5")
    gate.touch()
    slider(fresh).press("ArrowRight")
    words(page, "x = 0.60")
    scenes(fresh, picture).nth(1).click()
    words(page, "x = 2.50")
    gate.unlink()
    page.locator(".live-figure-waiting").wait_for(state="hidden")
    assert settled(fresh, picture) == "x is 2.50"
    assert fresh.errors == []


def test_a_view_that_hangs_on_more_than_its_values_is_drawn_ahead_no_more(fresh: Any, gate: Path) -> None:
    picture = ready(fresh)
    (gate.parent / "beside").touch()
    slider(fresh).press("ArrowRight")
    wait_until_said(fresh, picture, "x is 1.10")
    wait_for(fresh.page, "() => document.querySelector('.live-figure').dataset.ahead == 0")
    slider(fresh).press("ArrowRight")
    wait_until_said(fresh, picture, "x is 1.20")
    assert fresh.errors == []
