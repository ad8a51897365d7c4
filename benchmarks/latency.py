"""From a slider's key to painted pixels, in a real JupyterLab in a real Chromium.

One notebook holds four views of the same picture, or of the same number:

    echo       slider → kernel → label, the floor of anything that is computed in the kernel (= 1)
    ours       an Explorer with this course's own picture; none is made ahead, which is the matter of `known`
    interact   `interact` and `plt.show()`, what everyone writes
    ipympl     the same figure as an ipympl canvas, moved and redrawn with `draw_idle`

The four take turns, a few key presses each, for several rounds: what else the machine does falls on all of them, and
ratios are taken within a round. A fifth view, in the same turns, has a run of many seconds: its button is pressed, and
what counts is when the first result is seen. README.md says what each figure means.

    python -m benchmarks.latency [--quick]     the figures, and the milliseconds behind them
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import nbformat
from playwright.async_api import Browser, async_playwright

from benchmarks import Row
from benchmarks.page import Bench, Drag, Keys
from benchmarks.views import VIEWS, notebook
from classroom.lab import CHROMIUM, FLAGS, Lab, start_lab


class Figures(NamedTuple):
    """What was measured."""

    rounds: list[dict[str, Keys]]  # by view
    points: list[list[float]]  # the dragged point's milliseconds, by round
    runs: list[list[float]]  # from pressing run to the first result, by round
    first: dict[str, float]  # milliseconds to the first picture, by view
    drags: dict[str, list[Drag]]  # of the point and of the slider

    def ratio(self, one: str, other: str) -> float:
        """Of the times: the median over the rounds of the ratio of a round's medians."""
        return median(median(keys[one].times) / median(keys[other].times) for keys in self.rounds)

    def to_echo(self, times: list[list[float]]) -> float:
        """The same, of times that were not measured with the slider's key."""
        pairs = zip(times, self.rounds, strict=True)
        return median(median(some) / median(keys["echo"].times) for some, keys in pairs)

    def time(self, name: str) -> float:
        return median(time for keys in self.rounds for time in keys[name].times)

    def cpu(self, name: str) -> float:
        """A mean, since the kernel's clock ticks in steps of 10 ms."""
        return mean(keys[name].cpu for keys in self.rounds)

    def received(self, name: str) -> float:
        return median(size for keys in self.rounds for size in keys[name].sizes)


async def measure(browser: Browser, lab: Lab, quick: bool) -> Figures:
    rounds, presses, drags = (3, 6, 1) if quick else (8, 12, 4)
    page = await browser.new_page(viewport={"width": 1400, "height": 900})
    bench = Bench(page, lab.process)
    await bench.open(lab.address("lab/tree/views.ipynb"))
    await bench.run_cell(0)
    await asyncio.sleep(1)
    await bench.idle()
    await bench.no_error()
    measured = Figures([], [], [], {view.name: await bench.first_picture(view) for view in VIEWS}, {})
    await bench.run_cell(bench.cells["run"])
    await bench.picture("run").wait_for(state="visible")
    await bench.idle()
    await bench.no_error()
    for k in range(rounds):
        turn = (*VIEWS[k % 4 :], *VIEWS[: k % 4])  # each comes first in turn
        measured.rounds.append({view.name: await bench.keys(view, presses) for view in turn})
        measured.points.append(await bench.point(presses))
        measured.runs.append(await bench.first_results(presses // 3))
    measured.drags["point"] = [await bench.drag_point() for _ in range(drags)]
    measured.drags["slider"] = [await bench.drag_slider() for _ in range(drags)]
    return measured


async def figures(quick: bool = False) -> Figures:
    if CHROMIUM is None:
        raise SystemExit("no Chromium or Chrome on the PATH: the latency benchmark needs one")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nbformat.write(notebook(), folder / "views.ipynb")
        with start_lab(folder, folder / ".own") as lab:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                try:
                    return await measure(browser, lab, quick)
                finally:
                    await browser.close()


def rows(measured: Figures) -> list[Row]:
    ratio, cpu = measured.ratio, measured.cpu
    drags = [drag for drags in measured.drags.values() for drag in drags]
    return [
        Row("slider key to painted picture: ours / bare echo", ratio("ours", "echo"), 1.3, True),
        Row("pointer's move to painted point / bare echo", measured.to_echo(measured.points), 0.6, True),
        Row("pressing run to the first result painted / bare echo", measured.to_echo(measured.runs), 10, True),
        Row("slider key to painted picture: `interact` / ours", ratio("interact", "ours"), 5, False),
        Row("kernel's CPU for a slider key: `interact` / ours", cpu("interact") / cpu("ours"), 20, False),
        Row(f"frames queued after a fast drag, the most in {len(drags)}", max(drag.queued for drag in drags), 0, True),
        Row(f"fast drags of {len(drags)} whose last frame is wrong", sum(not drag.right for drag in drags), 0, True),
    ]


def run(quick: bool = False) -> list[Row]:
    """The figures with a bound."""
    return rows(asyncio.run(figures(quick)))


def main() -> None:
    measured = asyncio.run(figures("--quick" in sys.argv))
    print(*rows(measured), sep="\n")
    print("\n           key → paint  / echo  kernel CPU  received  first picture")
    for name in measured.first:
        print(
            f"{name:9}  {measured.time(name):8.1f} ms  {measured.ratio(name, 'echo'):6.2f}"
            f"  {measured.cpu(name):7.1f} ms  {measured.received(name) / 1000:5.1f} kB  {measured.first[name]:10.0f} ms"
        )
    print(f"{'point':9}  {median(chain(*measured.points)):8.1f} ms  {measured.to_echo(measured.points):6.2f}")
    print(f"{'run':9}  {median(chain(*measured.runs)):8.1f} ms  {measured.to_echo(measured.runs):6.2f}")
    print("\nfast drag  moves  frames  queued  last move → last paint")
    for name, drags in measured.drags.items():
        for drag in drags:
            right = "right" if drag.right else "WRONG"
            print(f"{name:9}  {drag.moves:5}  {drag.frames:6}  {drag.queued:6}  {drag.tail:7.0f} ms, {right}")


if __name__ == "__main__":
    main()
