"""What goes wrong around a notebook, and how it ends: right, or in words that say what to do, which then works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reader import (
    cell_of,
    changed,
    said,
    scenes,
    settled,
    view,
)

CORRIDOR = "J of the short corridor along θ, and the corridor"


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
    for part in (slider(start, picture), scenes(start, picture).first, picture.get_by_role("slider", name="θ")):
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
    assert not still.is_visible()
    start.command("docmanager:save")
    start.restart()
    start.page.reload()
    start.page.wait_for_selector(".jp-Notebook .jp-Cell")
    start.evaluate("await panel.context.ready; await panel.sessionContext.ready")
    still.locator("img").wait_for()
    assert "To make it live, use the menu: Run → Run All Cells." in still.inner_text()
    start.page.get_by_text("model not found").wait_for(state="hidden")
    start.page.get_by_role("menuitem", name="Run", exact=True).click()
    start.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    still.wait_for(state="hidden")
    move(start, view(start, CORRIDOR))
