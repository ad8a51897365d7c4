"""What a reader sees in a notebook and does to it, for the tests in a browser.

Everything waits for a condition, as long as PATIENCE allows; nothing waits for a time.
"""

from __future__ import annotations

import re
import time
from typing import Any

PATIENCE = 120  # seconds for each thing that is waited for: on a busy machine everything comes, but late


def wait_for(page: Any, condition: str, argument: Any = None, seconds: float = PATIENCE) -> Any:
    """What the JavaScript function `condition` returns, once that is true; if it never is, the error says what is seen.

    It is asked again and again. A promise that is waited for in the page may be lost: Chromium 150 has thrown one away
    that was still to come ("garbage collected").
    """
    from playwright.sync_api import Error

    start, pause = time.monotonic(), 5.0
    while True:
        try:
            if found := page.evaluate(condition, argument):
                return found
        except Error as error:  # the page goes elsewhere just now
            if "context was destroyed" not in str(error):
                raise
        waited = time.monotonic() - start
        if waited > seconds:
            seen = page.evaluate("document.querySelector('.jp-Dialog')?.innerText ?? document.body.innerText")
            raise AssertionError(f"{condition} does not hold for {argument!r}. The page shows:\n{seen}")
        page.wait_for_timeout(pause)
        pause = min(2 * pause, max(50.0, 50 * waited), 500.0)  # who has waited long can wait a little longer


def view(notebook: Any, name: str) -> Any:
    """The live picture that says it is `name`, scrolled to.

    JupyterLab takes out of the page what is far from what is seen, and scrolls by itself after "run all": so its cell
    is asked for until the picture is there.
    """
    notebook.evaluate(
        """
        const cells = panel.content.widgets;
        const at = cells.findIndex((cell) => cell.model.sharedModel.getSource().includes(argument));
        if (at < 0) throw new Error("no cell speaks of " + argument);
        panel.content.activeCellIndex = at;
        const picture = `.live-figure[aria-label="${CSS.escape(argument)}"] svg[aria-label]`;
        while (!panel.node.querySelector(picture)?.getClientRects().length) {
            await panel.content.scrollToItem(at, "start");
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        """,
        name,
    )
    picture = notebook.page.locator(f'.live-figure[aria-label="{name}"]')
    picture.scroll_into_view_if_needed()
    box, end = None, time.monotonic() + PATIENCE  # JupyterLab goes on to lay out: until the picture rests
    while box != (now := picture.bounding_box()):
        assert time.monotonic() < end, f"{name} does not come to rest"
        box = now
        notebook.page.wait_for_timeout(150)
    return picture


BY_THEME = ("color-contrast", "link-in-text-block")  # the rules of axe-core that speak of colours


def barriers(page: Any, *parts: str, besides: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> list[str]:
    """What axe-core calls serious or critical in these parts of the page, and where; in the whole page without any.

    `besides` are axe-core's rules that are left out, `only` those that are tried, if not all are.
    """
    from axe_playwright_python.sync_playwright import Axe  # here, because only a browser test needs it

    context = {"include": [[part] for part in parts]} if parts else None
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in besides}}
    options["preload"] = False  # what sounds and films need, which the course has not: a second for each page
    if only:
        options["runOnly"] = {"type": "rule", "values": [*only]}
    found = Axe().run(page, context=context, options=options).response["violations"]
    return [
        f"{barrier['id']}: {node['html'][:200]}"
        for barrier in found
        for node in barrier["nodes"]
        if node["impact"] in ("serious", "critical")
    ]


def cell_of(notebook: Any, picture: Any) -> Any:
    return notebook.page.locator(".jp-Cell", has=picture)


def said(picture: Any) -> str:
    """The picture in words, as a screen reader has it."""
    return picture.locator("svg").get_attribute("aria-label")


def wait_until_said(notebook: Any, picture: Any, pattern: str) -> str:
    """What the picture says, once the regular expression is found in it; an error says what it said instead."""
    label = f'.live-figure[aria-label="{picture.get_attribute("aria-label")}"] svg'
    try:
        return wait_for(
            notebook.page,
            """([label, pattern]) => {
                const said = document.querySelector(label)?.getAttribute("aria-label");
                return new RegExp(pattern).test(said) && said;
            }""",
            [label, pattern],
        )
    except AssertionError as error:
        raise AssertionError(f"{pattern!r} is not found in {said(picture)!r}") from error


def settled(notebook: Any, picture: Any) -> str:
    """What the picture says, once that is what the kernel has last said of it.

    The kernel is asked again and again: it may hear of the reader's last move after it was asked.
    """
    name = picture.get_attribute("aria-label")
    lives = "[view.live for view in list(globals().values()) if type(view).__name__ == 'Explorer']"
    chosen = f"live.comm and live.name == {name!r}"  # of the cell's last run: the earlier ones are closed
    end = time.monotonic() + PATIENCE
    while True:
        last = notebook.run(f"print(next(live.frame['description'] for live in {lives} if {chosen}))").strip()
        if said(picture).strip() == last:
            return last
        assert time.monotonic() < end, f"the picture says {said(picture)!r}, and the kernel {last!r}"


def changed(notebook: Any, picture: Any, text: str) -> str:
    """What is said once it is no longer this text."""
    return wait_until_said(notebook, picture, f"^(?!{re.escape(text)}$)")


def number_after(words: str, text: str) -> float:
    return float(re.search(words + r" ([−+-]?[\d.]*\d)", text)[1].replace("−", "-"))


def grip(point: Any, right: float = 0) -> tuple[float, float]:
    """Press the mouse on a point of a live picture, `right` pixels beside its middle; where on the page that is.

    JupyterLab may yet move what it lays out, and a press would then fall beside the point: it is tried again.
    """
    page, end = point.page, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        point.evaluate("(node) => node.blur()")
        point.hover()  # once it rests, and nothing lies over it
        box = point.bounding_box()
        x, y = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        if point.evaluate("(node) => node === document.activeElement") and point.bounding_box() == box:
            return x, y
        page.mouse.up()
    raise AssertionError("the point cannot be taken: the page does not rest")


def click_at(picture: Any, across: float, down: float) -> None:
    """Click into a live picture, at these parts of its width and height, once it rests."""
    card = picture.locator(".live-figure-card")
    box = card.bounding_box()
    card.click(position={"x": across * box["width"], "y": down * box["height"]})


def press(notebook: Any, picture: Any, name: str) -> None:
    """A click on the button of this name beside the picture; an icon stands before some names."""
    cell_of(notebook, picture).get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}\W*$")).click()


def scenes(notebook: Any, picture: Any) -> Any:
    """The scene buttons of the view with this picture, in their order, once they are there."""
    buttons = notebook.page.locator(".scene-view", has=picture).locator(".scene-buttons button")
    buttons.first.wait_for()
    return buttons


def wait_until_present(notebook: Any, picture: Any, k: int) -> str:
    """What the picture says, once the button of scene k is shown as pressed and the kernel has drawn."""
    expected = f'.scene-buttons button:nth-of-type({k + 1})[aria-pressed="true"]'
    notebook.page.locator(".scene-view", has=picture).locator(expected).wait_for()
    return settled(notebook, picture)


def choose_scene(notebook: Any, picture: Any, k: int) -> str:
    """A click on the button of scene k, which is chosen by its place: its name may be improved."""
    scenes(notebook, picture).nth(k).click()
    return wait_until_present(notebook, picture, k)
