"""JupyterLite, as `course.py site --lite` builds it: its kernel starts, a slider moves, and the course is found.

It takes npm, the extra `lite` and a network to build. Where one of them is missing the test skips, and says which.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from reader import PATIENCE
from small_course import cell, write_notebook

from classroom.site import CannotBuild
from classroom.site.lite import ADDRESS, add_lite

SLIDER = """from ipywidgets import IntSlider, Label, VBox
slider, label = IntSlider(3, max=9), Label("n is 3")
slider.observe(lambda change: setattr(label, "value", f"n is {change.new}"), "value")
VBox([slider, label])"""
IMPORT = "import pgcourse\nprint('imported')"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *words: Any) -> None:
        """Nothing for the terminal."""


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """Where a web server on loopback shows it."""
    pytest.importorskip("jupyterlite_pyodide_kernel", reason="the extra `lite` is not installed")
    if shutil.which("npm") is None:
        pytest.skip("no npm on the PATH")
    (tmp_path / "course").mkdir()
    write_notebook(
        tmp_path / "course",
        "01_first",
        cell("import sys\nprint(sys.platform)", "platform"),
        cell(SLIDER, "slider"),
        cell(IMPORT, "course"),
    )
    try:
        add_lite(tmp_path / "lite", tmp_path / "course")
    except CannotBuild as reason:
        if "is there a network?" not in str(reason):
            raise
        pytest.skip(str(reason))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "lite"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def test_a_kernel_in_the_browser_has_live_sliders_and_finds_the_course(browser, address):
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(f"{address}lab/index.html?path=01_first.ipynb")
    page.locator(".jp-CodeCell").nth(2).wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    outputs = page.locator(".jp-CodeCell .jp-OutputArea")
    outputs.nth(0).get_by_text("emscripten").wait_for()
    end = outputs.nth(2).get_by_text(re.compile(r"^imported|No module named 'numpy'$", re.MULTILINE)).first
    end.wait_for()  # without a network, the course is loaded up to its first use of NumPy
    handle = page.locator(".noUi-handle")
    handle.wait_for()
    handle.press("ArrowRight")
    page.get_by_text("n is 4", exact=True).wait_for()
    elsewhere = [url for url in asked if url.startswith("http") and not url.startswith(address)]
    assert any(url.startswith(f"{ADDRESS}numpy-2") for url in elsewhere)
    assert not [url for url in elsewhere if not re.fullmatch(re.escape(ADDRESS) + r"\S+_wasm32\.whl", url)]
    context.close()
