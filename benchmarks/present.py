"""How long a class waits: for the first live picture, and for the pictures to come back when the kernel has died.

    slider     a bare JupyterLab is started, one notebook with one slider is opened and run, the slider is seen (= 1)
    lab        as `python course.py lab` starts it, on notebook 00: all cells are run, the first live picture is seen
    present    `python course.py present 04`, until the first live picture is in the page
    run        while presenting 04, key R: a new kernel runs all cells, until all pictures are live (= 1)
    killed     the same after the kernel was killed, with the last picture shown: it is back there, in its scene

The browser is running already. In turns; the ratio is the median over the rounds of the ratio within a round.

    python -m benchmarks.present [--quick]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from playwright.sync_api import TimeoutError, sync_playwright

import course
from benchmarks import Row
from classroom.lab import CHROMIUM, FLAGS, ON_FOLDER, start_lab
from classroom.listing import ROOT, find

PATIENCE = 180_000  # ms
SLIDER = "from ipywidgets import FloatSlider\nFloatSlider()"
PICTURE = ".live-figure svg[aria-label]"
SESSION = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session"
CONNECTED = f"() => {SESSION}?.kernel?.connectionStatus === 'connected'"
# all cells have been run, and every picture in the page has its kernel
LIVE = f"""() => !document.querySelector(".pg-news").textContent && !document.querySelector(".live-figure-gone")
    && document.querySelectorAll("{PICTURE}").length >= window.pictures"""
KILL = """() => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    kernel.requestExecute({ code: "import os, signal; os.kill(os.getpid(), signal.SIGKILL)" }).done.catch(() => {});
}"""


def open_lab(browser: Any, folder: Path, command: Sequence[str], page: str, seen: str) -> float:
    """Seconds from the start of JupyterLab until `seen` is, once all cells of a notebook are run."""
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        with start_lab(folder, Path(home), command=command) as lab:
            tab = browser.new_page(viewport={"width": 1400, "height": 900})
            tab.goto(lab.address(f"lab/tree/{page}"))
            tab.wait_for_function(CONNECTED, timeout=PATIENCE)
            tab.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
            tab.wait_for_selector(seen, timeout=PATIENCE)
            seconds = time.perf_counter() - start
            tab.close()
    return seconds


def present(browser: Any) -> tuple[float, float, float]:
    """Seconds to the first live picture; of a whole run; and of one after the kernel was killed."""
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        with start_lab(ROOT, Path(home), command=[*course.COMMANDS["present"], "04"]) as lab:
            tab = browser.new_page(viewport={"width": 1400, "height": 900})
            tab.goto(lab.address(f"doc/tree/notebooks/{find('04').name}"))
            tab.wait_for_selector(PICTURE, state="attached", timeout=PATIENCE)
            first = time.perf_counter() - start
            tab.evaluate("() => { window.pictures = 1; }")
            wait_until_live(tab)
            scene = to_the_last_picture(tab)
            run, killed = (and_back(tab, scene, act) for act in (again, kill))
            tab.close()
    return first, run, killed


def wait_until_live(tab: Any) -> None:
    try:
        tab.wait_for_function(LIVE, timeout=PATIENCE)
    except TimeoutError as error:
        pictures = tab.locator(PICTURE).count()
        raise RuntimeError(f"{pictures} pictures, and it says {tab.inner_text('.pg-news')!r}") from error


def to_the_last_picture(tab: Any) -> str:
    """Show its second scene; returns the selector of what is seen then."""
    shown = '.pg-on .scene-buttons button:nth-of-type(2)[aria-pressed="true"]'
    tab.keyboard.press("End")
    while not tab.locator(".pg-on .scene-buttons").count():
        tab.keyboard.press("p")
    tab.keyboard.press("2")
    tab.wait_for_selector(shown, timeout=PATIENCE)
    tab.evaluate(f"() => {{ window.pictures = document.querySelectorAll('{PICTURE}').length; }}")
    time.sleep(5)  # pictures are made ahead
    return shown


def again(tab: Any) -> None:
    tab.keyboard.press("Shift+R")


def kill(tab: Any) -> None:
    tab.evaluate(KILL)


def and_back(tab: Any, scene: str, act: Any) -> float:
    """Seconds from when `act` has taken the kernel away until all is as it was."""
    start = time.perf_counter()
    act(tab)
    tab.wait_for_selector(".pg-news:not(:empty)", timeout=PATIENCE)
    wait_until_live(tab)
    tab.wait_for_selector(scene, timeout=PATIENCE)
    seconds = time.perf_counter() - start
    time.sleep(5)
    return seconds


def run(quick: bool = False) -> list[Row]:
    """The figures with a bound."""
    if CHROMIUM is None:
        raise SystemExit("no Chromium or Chrome on the PATH: this benchmark needs one")
    rounds = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cell = nbformat.v4.new_code_cell(SLIDER)
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), Path(folder) / "slider.ipynb")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        open_lab(
            browser, Path(folder), ON_FOLDER, "slider.ipynb", ".noUi-handle"
        )  # files and browser are warm after it
        for _ in range(1 if quick else 3):
            slider = open_lab(browser, Path(folder), ON_FOLDER, "slider.ipynb", ".noUi-handle")
            lab = open_lab(browser, ROOT, course.COMMANDS["lab"], f"notebooks/{find('00').name}", PICTURE)
            first, whole, killed = present(browser)
            rounds.append((lab / slider, first / slider, killed / whole))
            times = f"{slider:.2f} slider, {lab:.2f} lab, {first:.2f} present, {whole:.2f} run, {killed:.2f} killed"
            print(f"# seconds: {times}", file=sys.stderr)
        browser.close()
    opened, presented, back = (median(ratios) for ratios in zip(*rounds, strict=True))
    return [
        Row("course.py lab to the first live picture / bare JupyterLab to one slider", opened, 1.3, True),
        Row("course.py present 04 to the first live picture / the same", presented, 1.4, True),
        Row("kernel killed while presenting 04, to live pictures / a whole run", back, 1.2, True),
    ]


if __name__ == "__main__":
    print(*run("--quick" in sys.argv), sep="\n")
