"""What goes wrong around a notebook, and how it ends: right, or in words that say what to do, which then works."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from parabola import PARABOLA, handle, write
from reader import (
    cell_of,
    changed,
    choose_scene,
    grip,
    press,
    said,
    scenes,
    settled,
    view,
    wait_until_present,
    wait_until_said,
)

CORRIDOR = "J of the short corridor along θ, and the corridor"

# this run stays at its first third while the file `barrier` is there
RUN = """
def run(x):
    for k in range(1, 4):
        yield k / 3, {"x": x + k / 10}
        while Path("barrier").exists():
            if "short steps" in kind:
                yield k / 3, {"x": x + k / 10}
explorer = view(run=run, scenes={"zero": {}, "two": {"x": 2.0}, "minus one": {"x": -1.0}})
explorer
"""


@pytest.fixture
def start(open_notebook: Callable[..., Any]) -> Any:
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    return notebook


def slider(notebook: Any, picture: Any) -> Any:
    return cell_of(notebook, picture).locator(".noUi-handle").first


def move(notebook: Any, picture: Any) -> None:
    """One step of the slider is followed by the picture."""
    before = said(picture)
    slider(notebook, picture).press("ArrowRight")
    changed(notebook, picture, before)
    settled(notebook, picture)


def test_after_a_restart_the_view_is_grey_and_the_command_it_names_brings_it_back(start: Any) -> None:
    picture = view(start, CORRIDOR)
    stale = picture.locator(".live-figure-stale")
    assert not stale.is_visible()
    start.restart()
    stale.wait_for()
    assert "Kernel → Restart Kernel and Run All Cells" in stale.inner_text()
    for part in (slider(start, picture), picture.get_by_role("slider", name="θ")):
        assert part.evaluate("node => node.closest('[inert]') !== null")
    assert not stale.evaluate("node => node.closest('[inert]') !== null"), "a screen reader says it"

    # the menu has that command, by that name
    start.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    start.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
    start.page.get_by_role("button", name="Confirm Kernel Restart").click()
    stale.wait_for(state="detached")
    picture = view(start, CORRIDOR)
    move(start, picture)
    assert start.errors == []


def test_keys_that_jupyterlab_knows_do_nothing_to_the_notebook_from_within_a_view(start: Any) -> None:
    picture = view(start, CORRIDOR)
    notebook = "return [...panel.content.model.cells].map((cell) => cell.toJSON().cell_type).join()"
    before = start.evaluate(notebook)
    for part in (picture.get_by_role("slider", name="θ"), slider(start, picture), scenes(start, picture).first):
        part.focus()
        for key in "bamyxdd":
            start.page.keyboard.press(key)
        assert start.evaluate(notebook) == before
        assert part.evaluate("node => node === document.activeElement")
    move(start, picture)
    assert start.errors == []


def test_a_notebook_reopened_without_its_kernel_shows_still_pictures_and_how_to_make_them_live(start: Any) -> None:
    view(start, CORRIDOR)
    still = start.page.locator(".live-still")
    image = start.page.locator(".jp-OutputArea:has(.live-still) .jp-RenderedImage img")
    for part in (still, image):
        part.wait_for(state="attached")
        assert not part.is_visible()
    start.command("docmanager:save")
    start.restart()
    start.page.reload()
    start.page.wait_for_selector(".jp-Notebook .jp-Cell")
    start.evaluate("await panel.context.ready; await panel.sessionContext.ready")
    for part in (still, image):
        part.wait_for()
    assert "This is a still picture: θ" in still.inner_text()
    assert "To make it live, use the menu: Run → Run All Cells." in still.inner_text()
    beside = start.page.locator(".jp-OutputArea:has(.live-still)").get_by_text(re.compile("Loading|not found"))
    beside.first.wait_for(state="attached")
    assert not any(words.is_visible() for words in beside.all())
    start.page.get_by_role("menuitem", name="Run", exact=True).click()
    start.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    for part in (still, image):
        part.wait_for(state="hidden")
    move(start, view(start, CORRIDOR))


def menu(page: Any, *names: str) -> None:
    for name in names:
        page.get_by_role("menuitem", name=re.compile(rf"^{name}( I, I)?$")).click()


@pytest.fixture
def runs(lab: Any, ran_notebook: Callable[..., Any]) -> Any:
    """The parabola with a run, in one notebook for the tests that interrupt its kernel."""
    if not (lab.folder / "runs.ipynb").exists():
        write(lab, "runs.ipynb", PARABOLA, RUN)
    return ran_notebook("runs.ipynb")


@pytest.fixture
def closed(lab: Any) -> Iterator[Callable[[str], Path]]:
    """closed("barrier"): the run waits for this file to go. It is opened after the test, and so is `compute`'s gate."""
    yield lambda name: (lab.folder / name).touch() or lab.folder / name  # type: ignore[func-returns-value]
    for name in ("gate", "barrier"):
        (lab.folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize("busy", ["with the slider's move", "with a picture made ahead"])
@pytest.mark.usefixtures("closed")
def test_a_slow_computation_is_interrupted_and_the_view_goes_back_and_works(runs: Any, lab: Any, busy: str) -> None:
    picture, page = view(runs, "a parabola"), runs.page
    gate = lab.folder / "gate"
    # after these lines, as after any, pictures are made ahead again, if they are at all: behind the gate
    runs.run(f"explorer._ahead._possible = {busy == 'with a picture made ahead'}; gate.touch()")
    slider(runs, picture).press("ArrowRight")
    page.locator(".live-figure-waiting", has_text="The kernel is busy").wait_for()
    menu(page, "Kernel", "Interrupt Kernel")
    page.get_by_role("alert").get_by_text("Interrupted. The picture shows what was finished before").wait_for()
    page.locator(".widget-readout", has_text="0.00").wait_for()
    assert said(picture) == "x is 0.00"
    gate.unlink()
    slider(runs, picture).press("ArrowRight")
    wait_until_said(runs, picture, r"x is 0\.10")
    page.get_by_role("alert").wait_for(state="hidden")
    runs.run("explorer._ahead._possible = True")
    assert runs.errors == []


@pytest.mark.parametrize("kind", ["of short steps", "with a step that does not return"])
def test_a_run_is_interrupted_and_can_be_run_again(runs: Any, closed: Callable[[str], Path], kind: str) -> None:
    picture, page = view(runs, "a parabola"), runs.page
    runs.run(f"kind = {kind!r}")
    barrier = closed("barrier")
    press(runs, picture, "run")
    wait_until_said(runs, picture, r"x is 0\.10")
    menu(page, "Kernel", "Interrupt Kernel")
    cell_of(runs, picture).get_by_text("interrupted: run begins anew").wait_for()
    page.get_by_role("alert").get_by_text("Interrupted. The picture shows what was finished before").wait_for()
    barrier.unlink()
    press(runs, picture, "reset")
    wait_until_said(runs, picture, r"x is 0\.00")
    press(runs, picture, "run")
    cell_of(runs, picture).get_by_text("done").wait_for()
    wait_until_said(runs, picture, r"x is 0\.30")
    assert runs.errors == []


def test_a_point_dragged_out_of_the_picture_stays_in_its_axes(runs: Any) -> None:
    picture, page = view(runs, "a parabola"), runs.page
    grip(handle(page))
    card = page.locator(".live-figure-card").bounding_box()
    page.mouse.move(card["x"] + card["width"] / 2 + 50, card["y"] + card["height"] / 2, steps=5)
    page.mouse.move(card["x"] + card["width"] / 2 + 50, card["y"] + card["height"] + 200, steps=5)
    page.mouse.up()
    dropped = settled(runs, picture)
    assert re.fullmatch(r"x is [0-3]\.\d0", dropped)
    page.keyboard.press("ArrowLeft")  # it has the focus, and its keys work
    assert changed(runs, picture, dropped) < dropped
    assert runs.errors == []


def test_a_half_written_answer_stops_no_cell_and_says_what_is_wrong(open_notebook: Callable[..., Any]) -> None:
    notebook = open_notebook("00_start_here.ipynb")
    page, stub = notebook.page, "check_best_p(my_p)"
    find = """
        const at = panel.content.widgets.findIndex((cell) => cell.model.sharedModel.getSource().includes(argument));
        panel.content.activeCellIndex = at;
        await panel.content.scrollToItem(at);
        return at;
    """
    at = notebook.evaluate(find, stub)
    output = page.locator(f'.jp-Cell[data-windowed-list-index="{at}"] .jp-OutputArea')

    def answer(text: str) -> None:
        notebook.evaluate(find, stub)
        page.locator(f'.jp-Cell[data-windowed-list-index="{at}"] .cm-line').first.click()
        page.keyboard.press("Home")
        page.keyboard.press("Shift+End")
        page.keyboard.insert_text(text)

    answer("my_p = ")
    menu(page, "Run", "Run All Cells")
    view(notebook, CORRIDOR)
    notebook.run("")  # once all cells have run
    code = "[...panel.content.model.cells].filter((cell) => cell.type === 'code')"
    assert notebook.evaluate(f"return {code}.every((cell) => cell.executionCount)")
    notebook.evaluate(find, stub)
    output.get_by_text("SyntaxError: invalid syntax").wait_for()
    answer("my_p = 2 - 2 ** 0.5")
    page.keyboard.press("Shift+Enter")
    output.get_by_text("Right").wait_for()
    assert notebook.errors == []


def test_two_pages_on_one_notebook_hear_each_other_s_scenes(lab: Any, open_notebook: Callable[..., Any]) -> None:
    write(lab, "two_pages.ipynb", PARABOLA, RUN)
    pages = [open_notebook("two_pages.ipynb")]
    pages[0].run_all()
    view(pages[0], "a parabola")
    pages[0].command("docmanager:save")
    pages.append(open_notebook("two_pages.ipynb"))
    for k, chooser in ((1, 0), (2, 1), (0, 0), (1, 1)):  # each is the first, or the second, choice of its page
        picture = view(pages[chooser], "a parabola")
        choose_scene(pages[chooser], picture, k)
        for page in pages:
            wait_until_present(page, view(page, "a parabola"), k)


def test_a_kernel_restarted_in_another_window_is_said_in_this_one(lab: Any, open_notebook: Callable[..., Any]) -> None:
    write(lab, "two_windows.ipynb", PARABOLA, RUN)
    one = open_notebook("two_windows.ipynb")
    one.run_all()
    view(one, "a parabola")
    one.command("docmanager:save")
    other = open_notebook("two_windows.ipynb")
    picture = view(other, "a parabola")
    move(other, picture)
    one.restart()
    picture.locator(".live-figure-stale", has_text="Restart Kernel and Run All Cells").wait_for()
    other.run_all()
    move(other, view(other, "a parabola"))
    assert other.errors == []
