"""Two notebooks in Firefox: a slider's key, a drag, a scene and a page key do what they do in Chromium."""

from __future__ import annotations

import os

import pytest
from firefox import FIREFOX, start_firefox

PANEL = "window.jupyterapp.shell.currentWidget"
SAID = "document.querySelector('.live-figure svg')?.getAttribute('aria-label')"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    if FIREFOX is None:
        if os.environ.get("CI"):
            pytest.fail("no Firefox on the PATH, and CI may not skip what a reader sees")
        pytest.skip("no Firefox on the PATH")
    with start_firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.mark.parametrize("name", ["00_start_here", "04_the_theorem"])
def test_the_first_view_follows_keys_mouse_and_scenes(lab, firefox, name):
    firefox.errors.clear()
    firefox.open(f"{lab.address(f'lab/tree/{name}.ipynb')}&reset")
    firefox.wait_for("!!document.querySelector('.jp-Notebook .jp-MarkdownCell')")
    firefox.click(".jp-Notebook .jp-MarkdownCell")  # from then on JupyterLab knows which notebook is meant
    firefox.wait_for(f"{PANEL}?.sessionContext?.session?.kernel?.connectionStatus === 'connected'")
    firefox.evaluate("await window.jupyterapp.commands.execute('notebook:run-all-cells')")
    firefox.evaluate(
        """
        const content = window.jupyterapp.shell.currentWidget.content;
        const outputs = content.widgets.flatMap((cell) => cell.model.toJSON().outputs ?? []);
        const failed = outputs.filter((one) => one.output_type === "error");
        if (failed.length) throw new Error(failed[0].traceback.join("\\n"));
        const at = content.widgets.findIndex((cell) => cell.model.sharedModel.getSource().includes("Explorer("));
        content.activeCellIndex = at;
        await content.scrollToItem(at, "start");
        """
    )
    first = firefox.wait_for(SAID)

    def changed(before: str) -> str:
        return firefox.wait_for(f"{SAID} !== {before!r} && {SAID}")

    firefox.evaluate("document.querySelector('.jp-Cell:has(.live-figure) .noUi-handle').focus()")
    firefox.press("ArrowRight")
    by_key = changed(first)

    firefox.drag(".live-figure-handle", 12, steps=10)
    changed(by_key)

    firefox.click(".scene-buttons button:nth-of-type(1)")
    firefox.wait_for(f"{SAID} === {first!r}")
    firefox.press("PageDown")
    changed(first)
    firefox.wait_for("document.querySelector('.scene-buttons button:nth-of-type(2)').ariaPressed === 'true'")
    assert firefox.errors == []
