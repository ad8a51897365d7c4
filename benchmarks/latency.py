"""From a slider's key to painted pixels, in a real JupyterLab in a real Chromium.

One notebook holds four views of the same picture, or of the same number:

    echo       slider → kernel → label, the floor of anything that is computed in the kernel (= 1)
    ours       an Explorer with this course's own picture
    interact   `interact` and `plt.show()`, what everyone writes
    ipympl     the same figure as an ipympl canvas, moved and redrawn with `draw_idle`

The four take turns, a few key presses each, for several rounds: what else the machine does falls on all of them, and
ratios are taken within a round. A fifth view, in the same turns, has a run of many seconds: its button is pressed, and
what counts is when the first result is seen. README.md says what each figure means.

    python -m benchmarks.latency [--quick]     the figures, and the milliseconds behind them
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import psutil
from playwright.async_api import Browser, Locator, Page, async_playwright

from benchmarks import Row

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

QUIET = 150  # ms without a paint: an event has been answered
DRAG_MOVES, DRAG_RATE = 120, 60  # moves, moves per second

# The notebook: a two-parameter softmax on FrozenLake, and four ways to look at it.

SETUP = """
import gymnasium
import ipympl.backend_nbagg
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatSlider, Label, VBox, interact

from pgcourse import Explorer
from pgcourse.lockstep.monte_carlo import reinforce_runs
from pgcourse.bellman import exact, objective
from pgcourse.gradients import policy_gradient
from pgcourse.pictures import GridWorld, Landscape, Part, Picture
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.zoo import frozen_lake, short_corridor

%matplotlib inline
lake = frozen_lake()
desc = gymnasium.make("FrozenLake-v1").unwrapped.desc
row, column = np.divmod(np.arange(16), 4)
progress = np.stack([-1.0 * (column > 0), row < 3, column < 3, -1.0 * (row > 0)], axis=1)  # to the goal, as intended
falling = lake.p[..., desc.ravel() == b"H"].sum(axis=-1)
phi = np.stack([progress, -3 * falling], axis=-1)

def compute(theta_1, theta_2=4.0):
    theta = np.array([theta_1, theta_2])
    pi = softmax(phi, theta)
    v_pi, q_pi, rho_pi, J = exact(lake, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))
    return {"theta": theta, "pi": pi, "v_pi": v_pi, "J": J, "grad_J": grad_J}

compute(1.0)  # what is imported when first needed is imported now
x, y = np.linspace(-2, 4, 61), np.linspace(-2, 12, 61)
J = np.array([[objective(lake, softmax(phi, [a, b])) for a in x] for b in y])

def slider():
    return FloatSlider(1, min=-2, max=4, step=0.05, description="θ₁")

def parts():
    return [Landscape(x, y, J), GridWorld(desc)]
"""

ECHO = """
echo_slider, label = slider(), Label("1.0")
label.add_class("echo")
echo_slider.observe(lambda change: setattr(label, "value", str(change.new)), "value")
VBox([echo_slider, label])
"""

OURS = """
Explorer({"theta_1": slider(), "theta_2": 4.0}, compute, Picture(parts()))
"""

INTERACT = """
@interact(theta_1=slider())
def show(theta_1):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), dpi=100, layout="constrained")
    numbers = compute(theta_1)
    for part, ax in zip(parts(), axes):
        part.draw(ax)
        part.update(numbers)
    plt.show()
"""

IPYMPL = """
picture = Picture(parts())
picture.update(compute(1.0))
for artist in picture.figure.findobj(lambda artist: artist.get_animated()):
    artist.set_animated(False)  # ipympl draws the whole figure
canvas = ipympl.backend_nbagg.Canvas(picture.figure)
manager = ipympl.backend_nbagg.FigureManager(canvas, 0)

def follow(change):
    picture.update(compute(change.new))
    canvas.draw_idle()

ipympl_slider = slider()
ipympl_slider.observe(follow, "value")
VBox([ipympl_slider, canvas])
"""


RUN = """
class Returns(Part):
    def draw(self, ax):
        ax.set(xlim=(0, 1000), ylim=(-100, 0))
        (self.line,) = ax.plot([], [], animated=True)

    def update(self, numbers):
        self.line.set_data(np.arange(1000), numbers["returns"])

    def describe(self, numbers):
        return f"{np.isfinite(numbers['returns']).sum()} episodes."

def learn():  # REINFORCE in 100 lanes, 1000 episodes each (Sutton & Barto, figure 13.1)
    right, returns = np.array([[0.0], [1.0]]) * np.ones((4, 1, 1)), np.full(1000, np.nan)
    how = {'alpha': 2.0**-13, 'seeds': range(100), 'horizon': 10_000}
    lanes = reinforce_runs(short_corridor(), right, [np.log(0.05 / 0.95)], **how)
    for k, state in zip(range(1000), lanes):
        returns[k] = state.returns.mean()
        yield (k + 1) / 1000, {"returns": returns.copy()}

nothing = np.full(1000, np.nan)
Explorer({"returns": nothing}, lambda returns: {"returns": returns}, Picture([Returns()]), run=learn)
"""


class View(NamedTuple):
    """One way to follow the slider: its cell's source, where it paints, and what a paint is there."""

    name: str
    source: str
    target: str  # CSS
    shows: str  # "dom", "img" or "canvas"


VIEWS = (
    View("echo", ECHO, ".echo", "dom"),
    View("ours", OURS, ".live-figure svg", "dom"),
    View("interact", INTERACT, ".widget-interact", "img"),
    View("ipympl", IPYMPL, ".jupyter-matplotlib-canvas-div", "canvas"),
)
CELLS = {view.name: k for k, view in enumerate(VIEWS, start=1)} | {"run": 1 + len(VIEWS)}

# In the page. A paint of the target is: its DOM changed, an image in it was loaded, or a canvas in it has other pixels
# than before; its time is taken right after the browser's rendering step (an animation frame, then a message).

PROBE = r"""
(() => {
  const events = [], handled = [], paints = [], messages = [], drawn = new WeakSet(), pixels = new WeakMap();
  let target = null, shows = "dom", changed = false;

  const drawing = CanvasRenderingContext2D.prototype, read = drawing.getImageData;
  for (const name of ["drawImage", "putImageData", "clearRect", "fillRect"]) {
    const draw = drawing[name];
    drawing[name] = function (...inputs) { drawn.add(this.canvas); return draw.apply(this, inputs); };
  }
  const digest = (canvas) => {
    if (!canvas.width || !canvas.height) return 0;
    const { data } = read.call(canvas.getContext("2d"), 0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((hash, pixel) => (hash * 31 + pixel) | 0, 17);
  };
  const otherPixels = () => [...target.querySelectorAll("canvas")].filter((canvas) => {
    if (!drawn.delete(canvas)) return false;
    const now = digest(canvas), before = pixels.get(canvas);
    pixels.set(canvas, now);
    return now !== before;
  }).length > 0;

  const observer = new MutationObserver((records) => {
    if (shows === "dom") changed = true;
    if (shows !== "img") return;
    for (const img of target.querySelectorAll("img:not([data-probed])")) {
      img.dataset.probed = "";
      if (img.complete && img.naturalWidth) changed = true;
      else img.addEventListener("load", () => { changed = true; });
    }
  });
  const rendered = new MessageChannel();
  rendered.port1.onmessage = () => {
    const now = performance.now();
    if (target && (shows === "canvas" ? otherPixels() : changed)) paints.push(now);
    changed = false;
  };
  const frame = () => { rendered.port2.postMessage(0); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);

  for (const name of ["keydown", "pointermove"]) addEventListener(name, (event) => {
    if (!event.isTrusted || (name === "pointermove" && !event.buttons)) return;
    events.push(event.timeStamp);
    handled.push(performance.now());
  }, true);

  window.WebSocket = class extends WebSocket {
    constructor(...inputs) {
      super(...inputs);
      this.addEventListener("message", ({ data }) => messages.push([performance.now(), data]));
    }
  };
  const said = () => messages.map(([at, data]) => {
    const text = typeof data === "string" ? data : new TextDecoder("latin1").decode(data);
    return [at, text.length, text.includes('"frame"')];
  });

  const forget = () => { for (const list of [events, handled, paints, messages]) list.length = 0; changed = false; };
  window.probe = {
    forget,
    watch: (node, what) => {
      observer.disconnect();
      [target, shows] = [node, what];
      const attributeFilter = ["d", "transform", "fill", "x", "y", "width", "height", "opacity", "visibility"];
      observer.observe(node, { subtree: true, childList: true, characterData: true, attributeFilter });
      for (const canvas of node.querySelectorAll("canvas")) pixels.set(canvas, digest(canvas));
      forget();
    },
    // once nothing has been painted for `quiet` ms, and something has (or `patience` is over)
    settled: (quiet, patience) => new Promise((done) => {
      const start = performance.now();
      const look = () => {
        const now = performance.now(), idle = now - Math.max(start, paints.at(-1) ?? 0);
        if (idle > (paints.length ? quiet : patience)) done({ events, handled, paints, messages: said() });
        else setTimeout(look, 20);
      };
      look();
    }),
  };
})();
"""


@contextmanager
def lab(folder: Path) -> Iterator[tuple[str, int]]:
    """JupyterLab on `folder`, on loopback, at a free port and with settings of its own: its URL and its process."""
    own = {
        name: str(folder / ".own" / name.lower())
        for name in (
            "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR",
            "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
        )
    }  # fmt: skip
    silent = Path(own["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    silent.parent.mkdir(parents=True)
    silent.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    token = secrets.token_hex(16)
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.root_dir=."]
    options += ["--allow-root", "--LabApp.news_url=None", "--LabApp.collaborative=False"]
    environment = {**os.environ, **own, "JUPYTER_TOKEN": token}
    with (folder / ".log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        found: list[Path] = []
        for _ in range(600):
            if found := list(Path(own["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json")):
                break
            if server.poll() is not None:
                break
            time.sleep(0.1)
        if not found:
            raise RuntimeError(f"JupyterLab did not start:\n{(folder / '.log').read_text()}")
        time.sleep(1)
        yield f"{json.loads(found[0].read_text())['url']}lab/tree/views.ipynb?token={token}", server.pid
    finally:
        server.terminate()
        server.wait(30)


def notebook() -> str:
    def cell(k: int, source: str) -> dict[str, Any]:
        text = source.strip()
        return {
            "cell_type": "code",
            "id": f"c{k}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": text,
        }

    cells = [cell(k, source) for k, source in enumerate([SETUP, *(view.source for view in VIEWS), RUN])]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


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


class Bench:
    """The open notebook, and what can be measured in it."""

    def __init__(self, page: Page, server: int) -> None:
        self.page, self.server = page, server

    def cell(self, name: str) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(CELLS[name])

    def slider(self, name: str) -> Locator:
        return self.cell(name).locator(".noUi-handle").first

    def picture(self, name: str) -> Locator:
        target = next((view.target for view in VIEWS if view.name == name), ".live-figure svg")
        return self.cell(name).locator(target).first

    # What the page and the kernel say

    async def watch(self, target: Locator, shows: str = "dom") -> None:
        await target.evaluate("(node, shows) => probe.watch(node, shows)", shows)

    async def settled(self, quiet: float = QUIET, patience: float = 10_000) -> Seen:
        """What has been seen since the last `forget`, once all is quiet."""
        return Seen(**await self.page.evaluate("inputs => probe.settled(...inputs)", [quiet, patience]))

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
        """Milliseconds from Shift+Enter to the picture; the imports are done."""
        await self.run_cell(CELLS[view.name])
        picture = self.picture(view.name)
        within = picture if view.shows == "dom" else picture.locator(view.shows).first
        try:
            await within.wait_for(state="visible", timeout=60_000)
        finally:
            await self.no_error()
        pressed, now = await self.page.evaluate(
            "() => probe.settled(0, 0).then(({ events }) => [events.at(-1), performance.now()])"
        )
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
        return Drag(len(seen.handled), len(frames), queued, seen.paints[-1] - last, right)

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
    tail: float  # milliseconds from the last move to the last paint
    right: bool  # the last frame is that of the same place reached slowly


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


async def measure(browser: Browser, url: str, server: int, quick: bool) -> Figures:
    rounds, presses, drags = (3, 6, 1) if quick else (8, 12, 4)
    page = await browser.new_page(viewport={"width": 1400, "height": 900})
    bench = Bench(page, server)
    await bench.open(url)
    await bench.run_cell(0)
    await asyncio.sleep(1)
    await bench.idle()
    await bench.no_error()
    measured = Figures([], [], [], {view.name: await bench.first_picture(view) for view in VIEWS}, {})
    await bench.run_cell(CELLS["run"])
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
        (folder / "views.ipynb").write_text(notebook())
        with lab(folder) as (url, server):
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                try:
                    return await measure(browser, url, server, quick)
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
    for name in CELLS:
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
