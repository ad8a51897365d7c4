"""From a slider's key to painted pixels while the same kernel trains DDPG, in a real JupyterLab in a real Chromium.

    echo       slider → kernel → label, nothing else being done (= 1)
    learning   the picture of `latency`, in a view whose run is DDPG on Pendulum, and goes on: see `views.LEARNING`

JupyterLab is started as `python course.py lab` starts it, whose server sends answers at once. They take turns, a dozen
key presses each. The slider is no input of the run, so that its picture is painted by the key alone.

    python -m benchmarks.meanwhile [--quick]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat
from playwright.async_api import Browser, async_playwright

from benchmarks import Row
from benchmarks.page import Bench
from benchmarks.views import MEANWHILE, notebook
from classroom.lab import AT_ONCE, CHROMIUM, FLAGS, ON_FOLDER, Lab, start_lab
from classroom.listing import ROOT


async def measure(browser: Browser, lab: Lab, quick: bool) -> dict[str, list[list[float]]]:
    """Milliseconds from key to picture, by view and round."""
    rounds, presses = (3, 6) if quick else (8, 12)
    bench = Bench(await browser.new_page(viewport={"width": 1400, "height": 900}), lab.process, MEANWHILE)
    await bench.open(lab.address("lab/tree/views.ipynb"))
    await bench.run_cell(0)
    await asyncio.sleep(1)
    await bench.idle()
    await bench.no_error()
    echo, learning = MEANWHILE
    for view in MEANWHILE:
        await bench.first_picture(view)
    times: dict[str, list[list[float]]] = {"echo": [], "learning": [], "at rest": []}
    for _ in range(rounds):
        times["echo"].append((await bench.keys(echo, presses)).times)
        times["at rest"].append((await bench.keys(learning, presses)).times)
        await bench.press_run("learning")
        times["learning"].append((await bench.keys(learning, presses)).times)
        if not await bench.runs("learning"):
            raise RuntimeError("the run had ended before the last key was answered")
        await bench.press_run("learning")
        await bench.no_error()
    return times


async def figures(quick: bool = False) -> dict[str, list[list[float]]]:
    if CHROMIUM is None:
        raise SystemExit("no Chromium or Chrome on the PATH: this benchmark needs one")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nbformat.write(notebook(MEANWHILE), folder / "views.ipynb")
        as_the_course = {"command": [*ON_FOLDER, AT_ONCE], "environment": {"PYTHONPATH": str(ROOT)}}
        with start_lab(folder, folder / ".own", **as_the_course) as lab:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                try:
                    return await measure(browser, lab, quick)
                finally:
                    await browser.close()


def run(quick: bool = False) -> list[Row]:
    """The median over the rounds of the ratio of a round's medians."""
    times = asyncio.run(figures(quick))
    print({view: f"{median(map(median, found)):.1f} ms" for view, found in times.items()}, file=sys.stderr)
    ratios = [median(busy) / median(bare) for busy, bare in zip(times["learning"], times["echo"], strict=True)]
    return [Row("slider key to painted picture while DDPG learns / bare echo", median(ratios), 2, True)]


if __name__ == "__main__":
    print(*run("--quick" in sys.argv), sep="\n")
