"""A page of the site in a browser, for the tests of what it shows and does."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

from reader import BY_THEME, PATIENCE, barriers


class Page:
    """A page of the site, open from the disk without a network; `errors` are what it complained of or asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "offline": True} | context)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("body[data-ready]")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "blob:", "data:")):
            self.errors.append(f"asked for {request.url}")

    def view(self, name: str) -> Any:
        return self.page.locator(f'.view[aria-label="{name}"]')

    def says(self, view: Any, words: str) -> None:
        """Wait until the picture's description is this."""
        view.locator(f'svg[role=img][aria-label="{words}"]').wait_for()

    def close(self) -> None:
        self.context.close()


def recordings(path: Path) -> list[dict[str, Any]]:
    """The JSON of each view's recording in a page, in their order."""
    found = re.findall(r'octet-stream">([^<]+)<', path.read_text(encoding="utf-8"))
    whole = [zlib.decompress(b64decode(data)) for data in found]
    return [json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")]) for data in whole]


# Press the button of each scene and wait until the picture says its label: what it says, and how it looks then.
SCENES = """async (view, [labels, seconds]) => {
    const svg = view.querySelector("svg[role=img]"), seen = [], end = performance.now() + 1000 * seconds;
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    for (const [k, button] of view.querySelectorAll(".scene-buttons button").entries()) {
        button.click();
        do await frame(); while (svg.ariaLabel !== labels[k] && performance.now() < end);
        seen.push([button.ariaPressed, svg.ariaLabel, svg.innerHTML]);
    }
    return seen;
}"""
# Of the words in code and the signs in formulas, those that look in both themes as one before them does, which is kept:
# without them axe-core is done in a third of the time.
LOOKS = """() => {
    const leaves = "pre span:not(:has(*)), math *:not(:has(*))";
    window.looks ??= [...document.querySelectorAll(leaves)].map((node) => [node]);
    const ground = (node) => node && `${getComputedStyle(node).backgroundColor} ${ground(node.parentElement)}`;
    for (const look of looks) {
        const { color, fontSize, fontWeight } = getComputedStyle(look[0]);
        look.push(color, fontSize, fontWeight, ground(look[0]));
    }
}"""
WITHOUT_LIKES = """() => {
    const seen = new Set();
    for (const [node, ...look] of looks) {
        if (seen.has(look.join())) node.remove();
        seen.add(look.join());
    }
}"""


def leave_one_of_each_look(page: Any) -> None:
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        page.evaluate(LOOKS)
    page.evaluate(WITHOUT_LIKES)


def move_all(browser: Any, path: Path, formulas: bool) -> None:
    """Each scene of each view is a picture of its own, which says what was recorded; each slider goes to its ends.

    And nothing in the page is a serious barrier, in both themes.
    """
    page = Page(browser, path)
    assert page.page.locator("math").count() > 0 or not formulas
    leave_one_of_each_look(page.page)
    assert not (found := barriers(page.page)), "light: " + "\n".join(found)
    for view, data in zip(page.page.locator(".view").all(), recordings(path), strict=True):
        said = {row[0]: data["strings"][row[4]] for row in data["frames"]}
        labels = [said["|".join(scene["parts"])] or data["name"] for scene in data["scenes"]]
        seen = view.evaluate(SCENES, [labels, PATIENCE])
        assert [(pressed, label) for pressed, label, _ in seen] == [("true", label) for label in labels]
        assert len({drawn for _, _, drawn in seen}) == len(seen), f"{data['name']}: two scenes look alike"
        for slider in view.locator("input[type=range]").all():
            for key in ("Home", "End"):
                slider.press(key)
        assert view.locator("[role=alert]").count() == 1  # the picture's own
    page.page.emulate_media(color_scheme="dark")
    assert not (found := barriers(page.page, only=BY_THEME)), "dark: " + "\n".join(found)
    assert page.errors == []
    page.close()
