"""The notebook of `views`, open in Chromium: it presses keys and drags points, and `probe.js` sees what is painted."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
from playwright.async_api import Locator, Page

from benchmarks.views import VIEWS, View, cells

PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
QUIET = 150  # ms without a paint: an event has been answered
DRAG_MOVES, DRAG_RATE = 120, 60  # moves, moves per second


class Seen(NamedTuple):
    """What the page saw, in milliseconds of its own clock."""

    events: list[float]  # when a key was pressed or the pointer moved, by the browser's own stamp
    handled: list[float]  # when the page was told
    paints: list[float]
    messages: list[tuple[float, int, bool]]  # through the websocket: when, bytes, whether with a LiveFigure's frame

    def answer(self) -> float:
        """Milliseconds from the event to the first paint after it."""
        if answers := [paint - event for event in self.events[:1] for paint in self.paints if paint > event]:
            return answers[0]
        raise RuntimeError("a key was pressed or a point was moved, and nothing was painted")


class Keys(NamedTuple):
    """A few key presses: for each the milliseconds to the first paint and the bytes received, and the kernel's CPU."""

    times: list[float]
    sizes: list[int]
    cpu: float  # milliseconds for one press


class Drag(NamedTuple):
    """A fast drag, and what came of it."""

    moves: int  # that the page was told of: the browser joins those that fall into one of its frames
    frames: int  # from the kernel
    queued: int  # that came after the last move, beyond two: the answer then under way, and the last move's own
    paints: int
    tail: float  # milliseconds from the last move to the last paint
    right: bool  # the last frame is that of the same place reached slowly


class Bench:
    """The open notebook with these views, and what can be measured in it; the kernel is `away` seconds, each way."""

    def __init__(self, page: Page, server: int, views: Sequence[View] = VIEWS, away: float = 0.0) -> None:
        self.page, self.server, self.views, self.cells, self.away = page, server, views, cells(views), away

    def cell(self, name: str) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(self.cells[name])

    def slider(self, name: str) -> Locator:
        return self.cell(name).locator(".noUi-handle").first

    def picture(self, name: str) -> Locator:
        target = next((view.target for view in self.views if view.name == name), ".live-figure svg")
        return self.cell(name).locator(target).first

    # What the page and the kernel say

    async def watch(self, target: Locator, shows: str = "dom") -> None:
        await target.evaluate("(node, shows) => probe.watch(node, shows)", shows)

    async def settled(self, quiet: float = QUIET, patience: float = 10_000) -> Seen:
        """What has been seen since the last `forget`, once all is quiet; far away that takes longer."""
        inputs = [quiet + 4000 * self.away, patience]
        return Seen(**await self.page.evaluate("inputs => probe.settled(...inputs)", inputs))

    def kernel_cpu(self) -> float:
        """Seconds of CPU the kernel has used."""
        if not hasattr(self, "kernel"):
            children = psutil.Process(self.server).children(recursive=True)
            self.kernel = next(child for child in children if "ipykernel_launcher" in " ".join(child.cmdline()))
        times = self.kernel.cpu_times()
        return times.user + times.system

    # Opening

    async def open(self, url: str) -> None:
        await self.page.add_init_script(PROBE)
        await self.page.goto(url)
        await self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
        session = "window.jupyterapp.shell.currentWidget?.sessionContext?.session"
        await self.page.wait_for_function(f"{session}?.kernel?.connectionStatus === 'connected'")
        await self.idle()
        await asyncio.sleep(1)

    async def idle(self) -> None:
        await self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=120_000)

    async def run_cell(self, k: int) -> None:
        """Run cell k as a reader does: click into it, Shift+Enter."""
        await self.page.locator(".jp-Notebook .jp-CodeCell").nth(k).locator(".cm-content").click()
        await asyncio.sleep(0.3)
        await self.page.evaluate("probe.forget()")
        await self.page.keyboard.press("Shift+Enter")

    async def no_error(self) -> None:
        for text in await self.page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").all_inner_texts():
            raise RuntimeError(f"a cell of the benchmark's notebook failed:\n{text}")

    async def first_picture(self, view: View) -> float:
        """Milliseconds from Shift+Enter to the picture, of which none is there; the imports are done."""
        await self.cell(view.name).locator(".cm-content").click()
        await self.page.evaluate("jupyterapp.commands.execute('notebook:clear-cell-output')")
        k = self.cells[view.name]
        selector = view.target if view.shows == "dom" else f"{view.target} {view.shows}"
        appears = asyncio.ensure_future(self.page.evaluate("inputs => probe.appears(...inputs)", [k, selector]))
        await self.run_cell(k)
        try:
            now = await asyncio.wait_for(appears, timeout=60)
        finally:
            await self.no_error()
        pressed = await self.page.evaluate("() => probe.settled(0, 0).then(({ events }) => events.at(-1))")
        await asyncio.sleep(10 * self.away)
        await self.idle()
        await asyncio.sleep(1.5)
        return now - pressed

    # Moving

    async def bring(self, name: str) -> None:
        """Put the view before the reader, its slider focused."""
        await self.cell(name).locator(".jp-OutputArea").first.scroll_into_view_if_needed()
        await self.slider(name).focus()
        await asyncio.sleep(0.3)

    async def keys(self, view: View, presses: int) -> Keys:
        """Press keys, as many there as back, each when the one before has been answered."""
        await self.bring(view.name)
        await self.watch(self.picture(view.name), view.shows)
        times, sizes, before = [], [], 0.0
        for k in range(-2, presses):  # two to warm up; each there is followed by one back
            if k == 0:
                before = self.kernel_cpu()
            await self.page.evaluate("probe.forget()")
            await self.page.keyboard.press("ArrowLeft" if k % 2 else "ArrowRight")
            seen = await self.settled()
            times.append(seen.answer())
            sizes.append(sum(size for _, size, _ in seen.messages))
        return Keys(times[2:], sizes[2:], 1000 * (self.kernel_cpu() - before) / presses)

    async def known(self, name: str) -> None:
        """Wait until no more pictures come that were not asked for."""
        before, now = -1, 0
        while now != before or not now:
            await asyncio.sleep(1 + 10 * self.away)
            before, now = (
                now,
                await self.cell(name).locator(".live-figure").evaluate("node => +node.dataset.ahead || 0"),
            )

    async def scenes(self, name: str, presses: int) -> list[float]:
        """Milliseconds from the click on a scene's button to its picture; two take turns."""
        buttons = self.cell(name).locator(".scene-buttons button")
        await self.watch(self.picture(name))
        times = []
        for k in range(-2, presses):
            box = await buttons.nth(k % 2).bounding_box()
            assert box is not None
            await self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            await self.page.evaluate("probe.forget()")
            await buttons.nth(k % 2).press("Enter")
            times.append((await self.settled()).answer())
        return times[2:]

    async def use(self, name: str, presses: int) -> float:
        """Seconds of the kernel's CPU for a view that is shown and then moved up its range, by two keys a second."""
        before = self.kernel_cpu()
        await self.run_cell(self.cells[name])
        await self.picture(name).wait_for(state="visible")
        await self.idle()
        await self.bring(name)
        await self.page.keyboard.press("Home")
        for _ in range(presses):
            await asyncio.sleep(0.5)
            await self.page.keyboard.press("ArrowRight")
        await self.settled()
        return self.kernel_cpu() - before

    async def press_run(self, name: str) -> None:
        """Press the button of the view's run, which begins it or stops it."""
        button = self.cell(name).locator("button.widget-toggle-button")
        await button.scroll_into_view_if_needed()
        await button.press("Enter")
        await asyncio.sleep(1)

    async def runs(self, name: str) -> bool:
        """Whether the view's run is going on."""
        return await self.cell(name).locator("button.widget-toggle-button").inner_text() == "stop"

    async def first_results(self, times: int) -> list[float]:
        """Milliseconds from pressing run to the first result's paint; each time the run is then stopped and reset."""
        button = self.cell("run").locator("button.widget-toggle-button")
        await self.cell("run").locator(".jp-OutputArea").first.scroll_into_view_if_needed()
        await self.watch(self.picture("run"))
        found = []
        for _ in range(1 + times):  # one to warm up
            await button.focus()
            await asyncio.sleep(0.3)
            await self.page.evaluate("probe.forget()")
            await self.page.keyboard.press("Enter")
            seen = await self.settled(0)  # it is never quiet while it runs
            found.append(seen.answer())
            await button.press("Enter")
            await self.settled(300, 1000)
            await self.cell("run").get_by_role("button", name="reset").click()
            await self.settled(300, 1000)
        return found[1:]

    async def take_point(self) -> tuple[float, float]:
        """Press the mouse on θ in the landscape; where that is."""
        await self.bring("ours")
        box = await self.cell("ours").locator(".live-figure-handle").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await self.page.mouse.move(x, y)
        await self.page.mouse.down()
        return x, y

    async def point(self, moves: int) -> list[float]:
        """Milliseconds from a pointer's move to the dragged point's own paint."""
        x, y = await self.take_point()
        await self.watch(self.picture("ours"))
        times = []
        for k in range(-2, moves):
            await self.page.evaluate("probe.forget()")
            await self.page.mouse.move(x + (0 if k % 2 else 7), y + (0 if k % 2 else 5))
            times.append((await self.settled()).answer())
        await self.page.mouse.up()
        return times[2:]

    async def drag(self, way: list[tuple[float, float]]) -> Drag:
        """Move the pressed mouse along a way at 60 Hz, whatever the page does meanwhile; then go there slowly."""
        await self.watch(self.picture("ours"))
        await self.settled(500, 500)
        await self.page.evaluate("probe.forget()")
        start, moves = time.perf_counter(), []
        for k, (x, y) in enumerate(way):
            await asyncio.sleep(max(0.0, start + k / DRAG_RATE - time.perf_counter()))
            moves.append(asyncio.ensure_future(self.page.mouse.move(x, y)))
        await asyncio.gather(*moves)
        seen = await self.settled(1000)
        fast = await self.stage()
        for x, y in way[-9::2]:
            await self.page.mouse.move(x, y)
            await self.settled(300, 1000)
        right = await self.stage() == fast
        await self.page.mouse.up()
        await self.settled(300, 300)
        last, frames = seen.handled[-1], [at for at, _, is_frame in seen.messages if is_frame]
        queued = max(0, sum(at > last for at in frames) - 2)
        return Drag(len(seen.handled), len(frames), queued, len(seen.paints), seen.paints[-1] - last, right)

    async def stage(self) -> str:
        """All that our view shows, as markup: two equal ones are two equal pictures."""
        return await self.picture("ours").evaluate("svg => svg.outerHTML")

    async def drag_point(self) -> Drag:
        """Across the landscape, up and down."""
        await self.take_point()
        box = await self.cell("ours").locator(".live-figure-axes").first.bounding_box()
        assert box is not None
        way = []
        for k in range(1, DRAG_MOVES + 1):
            along = k / DRAG_MOVES
            across, down = 0.1 + 0.75 * along, 0.5 + 0.35 * math.sin(7 * along)
            way.append((box["x"] + box["width"] * across, box["y"] + box["height"] * down))
        return await self.drag(way)

    async def drag_slider(self) -> Drag:
        """From its left end most of the way."""
        await self.bring("ours")
        await self.page.keyboard.press("Home")
        await self.settled(500, 500)
        slider = self.slider("ours")
        box = await slider.bounding_box()
        width = await slider.evaluate("node => node.closest('.noUi-target').getBoundingClientRect().width")
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await self.page.mouse.move(x, y)
        await self.page.mouse.down()
        return await self.drag([(x + 0.8 * width * k / DRAG_MOVES, y) for k in range(1, DRAG_MOVES + 1)])
