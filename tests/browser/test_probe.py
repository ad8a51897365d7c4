"""The benchmarks' eyes in a page: when a picture has appeared."""

from __future__ import annotations

import pytest

from benchmarks.page import PROBE

CELL = '<div class="jp-Notebook"><div class="jp-CodeCell"></div><div class="jp-CodeCell"></div></div>'
# An empty drawing comes first; frames are counted from when it has a size.
DRAWING = """(node) => {
  const count = () => { window.frames_since += 1; requestAnimationFrame(count); };
  const after = (wait, act) => setTimeout(act, wait);
  after(300, () => {
    node.innerHTML = '<svg class="seen" width="0" height="0"></svg>';
    after(300, () => {
      node.firstChild.setAttribute("width", 20);
      node.firstChild.setAttribute("height", 20);
      window.there_at = performance.now();
      window.frames_since = 0;
      count();
    });
  });
}"""


@pytest.mark.browser
def test_a_picture_is_seen_within_a_few_frames_and_not_before_it_has_a_size(browser):
    """Whoever asks the page from time to time, as Playwright does twice a second in the end, is told late."""
    page = browser.new_page()
    try:
        page.add_init_script(PROBE)
        page.goto("about:blank")
        page.evaluate("cells => { document.body.innerHTML = cells; }", CELL)
        page.locator(".jp-CodeCell").nth(1).evaluate(DRAWING)
        seen, there, frames = page.evaluate(
            "async () => { const at = await probe.appears(1, '.seen'); return [at, there_at, frames_since]; }"
        )
        assert seen > there
        assert frames <= 6
    finally:
        page.close()
