"""Pictures made ahead: a slider's key, a scene and a fast drag where the picture is known, near and 100 ms away.

Views of one picture take turns in one notebook: the bare echo, ours, ours without pictures made ahead, `interact`. Then
the same notebook is opened anew through a line that is 100 ms long each way (`slow_line`).

    python -m benchmarks.known [--quick]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

import nbformat
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from benchmarks import Row
from benchmarks.page import Bench, Drag, Keys
from benchmarks.slow_line import slow_line
from benchmarks.views import KNOWN, notebook
from classroom.lab import CHROMIUM, FLAGS, Lab, start_lab

FAR = 0.1  # seconds each way
FRESH = 5  # pages in which first pictures are timed
SIZE: ViewportSize = {"width": 1400, "height": 900}
USE = 60  # key presses, two a second, as of somebody who looks at each picture


class Figures(NamedTuple):
    """What was measured at one length of the line."""

    rounds: list[dict[str, Keys]]  # by view
    scenes: list[list[float]]  # milliseconds from a scene's button to its picture, by round
    drags: list[Drag]  # of the slider whose range is known

    def ratio(self, one: str, other: str) -> float:
        """Of the times from key to picture: the median over the rounds of the ratio of a round's medians."""
        return median(median(keys[one].times) / median(keys[other].times) for keys in self.rounds)

    def scene_ratio(self) -> float:
        pairs = zip(self.scenes, self.rounds, strict=True)
        return median(median(times) / median(keys["echo"].times) for times, keys in pairs)


async def measure(page: Page, lab: Lab, url: str, delay: float, quick: bool) -> tuple[Figures, Bench]:
    rounds, presses, drags = (2, 6, 1) if quick else (6, 12, 4)
    bench = Bench(page, lab.process, KNOWN, away=delay)
    await bench.open(url)
    await bench.run_cell(0)
    await asyncio.sleep(1 + 10 * delay)
    await bench.idle()
    await bench.no_error()
    measured = Figures([], [], [])
    for view in KNOWN:
        await bench.first_picture(view)
    for k in range(rounds):
        turn = (*KNOWN[k % 4 :], *KNOWN[: k % 4])
        await bench.known("ours")
        measured.rounds.append({view.name: await bench.keys(view, presses) for view in turn})
        measured.scenes.append(await bench.scenes("ours", presses))
    for _ in range(drags):
        await bench.bring("ours")
        await bench.known("ours")
        measured.drags.append(await bench.drag_slider())
    return measured, bench


def alone(lab: Lab, name: str) -> str:
    """The address of a notebook, without the tabs of an earlier page."""
    return lab.address(f"lab/tree/{name}") + "&reset"


async def first_pictures(browser: Browser, lab: Lab, times: int) -> tuple[list[float], list[float]]:
    """First pictures / the echo's first labels: each cell run for the first time in a fresh page, and run again."""
    first, again = [], []
    for k in range(times):
        nbformat.write(notebook(KNOWN), lab.folder / f"first_{k}.ipynb")
        page = await browser.new_page(viewport=SIZE)
        bench = Bench(page, lab.process, KNOWN)
        await bench.open(alone(lab, f"first_{k}.ipynb"))
        await bench.run_cell(0)
        await asyncio.sleep(1)
        for ratios in (first, again):
            echo, ours = [await bench.first_picture(view) for view in KNOWN[:2]]
            ratios.append(ours / echo)
        await page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        await page.close()
    return first, again


class All(NamedTuple):
    """Whatever has a row."""

    near: Figures
    far: Figures
    used: dict[str, float]  # the kernel's seconds of CPU in half a minute of use, by view
    first: list[float]  # first pictures / first labels
    again: list[float]  # the same of cells that are run again


async def figures(quick: bool = False) -> All:
    if CHROMIUM is None:
        raise SystemExit("no Chromium or Chrome on the PATH: this benchmark needs one")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nbformat.write(notebook(KNOWN), folder / "views.ipynb")
        with start_lab(folder, folder / ".own") as lab:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                try:
                    first, again = await first_pictures(browser, lab, 1 if quick else FRESH)
                    url = alone(lab, "views.ipynb")
                    page = await browser.new_page(viewport=SIZE)
                    near, bench = await measure(page, lab, url, 0.0, quick)
                    used = {name: await bench.use(name, USE // 3 if quick else USE) for name in ("alone", "ours")}
                    await page.close()
                    async with slow_line(url, FAR) as distant:
                        page = await browser.new_page(viewport=SIZE)
                        far, _ = await measure(page, lab, distant, FAR, quick)
                    return All(near, far, used, first, again)
                finally:
                    await browser.close()


def rows(near: Figures, far: Figures, used: dict[str, float], first: list[float], again: list[float]) -> list[Row]:
    painted = median(drag.paints / drag.moves for drag in far.drags)
    slow = near.ratio("interact", "ours")
    return [
        Row("picture known: slider key to painted picture / bare echo", near.ratio("ours", "echo"), 0.6, True),
        Row("the same at 100 ms each way", far.ratio("ours", "echo"), 0.12, True),
        Row("slider drag at 100 ms each way, range known: pictures painted / moves", painted, 0.8, False),
        Row("scene button to painted picture / bare echo", near.scene_ratio(), 0.6, True),
        Row("picture known: slider key to painted picture: `interact` / ours", slow, 10, False),
        Row("kernel's CPU in use, with pictures made ahead / without", used["ours"] / used["alone"], 1.5, True),
        Row("first picture after its cell is run, in a fresh page / the echo's first label", median(first), 2.5, True),
        Row("first picture after its cell is run again / the echo's label", median(again), 2.5, True),
        Row("frames queued after a fast drag at 100 ms each way", max(drag.queued for drag in far.drags), 0, True),
        Row("fast drags at 100 ms each way, last frame wrong", sum(not drag.right for drag in far.drags), 0, True),
    ]


def run(quick: bool = False) -> list[Row]:
    """The figures with a bound."""
    return rows(*asyncio.run(figures(quick)))


if __name__ == "__main__":
    print(*run("--quick" in sys.argv), sep="\n")
