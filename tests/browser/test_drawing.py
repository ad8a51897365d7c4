"""The browser's picture is matplotlib's, pixel by pixel, in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import get_data_path
from parabola import write
from PIL import Image, ImageFilter
from reader import wait_for

# One axes for each kind of artist that moves.
KINDS = """
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, PathPatch, Polygon, Wedge
from matplotlib.path import Path
from pgcourse.live import LiveFigure

fig = Figure(figsize=(9, 6), dpi=100, layout="constrained")
axes = dict(zip(("lines", "markers", "quiver", "image", "patches", "text", "log", "far"), fig.subplots(2, 4).ravel()))
for name, ax in axes.items():
    ax.set(xlim=(0, 10), ylim=(0, 10), title=name)
moving = {"animated": True}

x = np.linspace(0, 10, 50)
y = np.where((x > 4) & (x < 5), np.nan, 5 + 3 * np.sin(x))
axes["lines"].plot(x, y, lw=3, **moving)
axes["lines"].plot(x, y - 3, "--", x, y - 5, "-.", lw=2, **moving)
axes["lines"].plot(x, y + 2, ":", lw=2, alpha=0.5, **moving)
for i, marker in enumerate("o.s^vDd<>*pP+xX|_hH8"):
    axes["markers"].plot([1 + 2 * (i % 5)], [1 + 2 * (i // 5)], marker, ms=14, mew=2, mec="k", **moving)
axes["markers"].plot([5, 5.3, 5.6], [9, 9, 9], "o", ms=15, alpha=0.4, **moving)
u, v = np.array([[3, 0.5, 0.1, 2], [2, 0.5, 0, -4]])
arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.02, **moving}
axes["quiver"].quiver(np.full(4, 5), np.full(4, 5), u, v, color="C1", **arrows)
axes["quiver"].quiver([3], [3], [3], [-2], color="C2", alpha=0.5, pivot="mid", **arrows)
z = np.arange(12.0).reshape(3, 4)
z[1, 1] = np.nan
axes["image"].set_facecolor("#eeddcc")
axes["image"].imshow(z, extent=(1, 9, 1, 9), aspect="auto", **moving)
axes["image"].set(xlim=(0, 10), ylim=(0, 10))
axes["image"].plot([0, 10], [5, 5], "w", lw=3)
axes["patches"].bar([1, 2, 3], [2, 3, 4], color="C0", alpha=0.5, **moving)
for patch in (
    Circle((6, 2), 1.5, fc="C1", ec="k", lw=2),
    Ellipse((6, 6), 3, 2, angle=30, fc="none", ec="C2", ls="--", lw=2),
    Wedge((2, 8), 1.5, 20, 200, fc="C3"),
    Polygon([(8, 8), (9.5, 8), (9, 9.5)], fc="C4", ec="k"),
    PathPatch(Path([(7, 5), (8, 9), (9, 5)], [1, 3, 3]), fc="none", ec="C5", lw=3),
):
    patch.set_animated(True)
    axes["patches"].add_patch(patch)
for height, va in enumerate(("top", "center", "bottom", "baseline")):
    axes["text"].text(0.2, 1 + 2 * height, va + " gy", va=va, **moving)
axes["text"].text(9.8, 7, "two\\nlines", ha="right", va="top", **moving)
axes["text"].text(8, 4, "turned", rotation=40, ha="center", va="center", **moving)
axes["text"].text(9.8, 1, "box gy\\nJ = 3", ha="right", va="bottom", bbox={"facecolor": "#ffee00"}, **moving)
axes["log"].set(xscale="log", yscale="log", xlim=(0.01, 100), ylim=(0.1, 1e4))
axes["log"].plot(np.logspace(-2, 2, 30), np.logspace(-2, 2, 30) ** 2, "o-", **moving)
axes["far"].plot([0, 1e12], [0, 0.5e12], [0, np.inf], [5, 5], lw=3, **moving)
axes["far"].bar([5], [1e15], alpha=0.5, **moving)
live = LiveFigure(fig, "every kind")
"""


def test_the_browser_draws_what_matplotlib_draws(lab: Any, open_notebook: Callable[..., Any]) -> None:
    """Every kind of artist, pixel by pixel at the still picture's resolution, with matplotlib's own font.

    Edges are smoothed by two different renderers, and matplotlib snaps some of them to whole pixels: a difference that
    is one pixel thin is forgiven. Of text the glyphs are hinted differently: of those two pixels. Beyond that less
    than 1 pixel in 5000 may differ.
    """
    write(lab, "kinds.ipynb", KINDS, "live")
    seen = open_notebook("kinds.ipynb", viewport={"width": 1600, "height": 1300}, device_scale_factor=2)
    seen.run_all()
    seen.page.wait_for_selector(".live-figure svg text")
    wait_for(seen.page, "() => document.querySelector('.live-figure svg text').textContent")
    font = base64.b64encode((Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf").read_bytes()).decode()
    seen.page.evaluate(
        """async (font) => {
            const own = new FontFace("DejaVu Sans", `url(data:font/ttf;base64,${font})`);
            document.fonts.add(await own.load());
        }""",
        font,
    )
    seen.run("live.redraw()")  # the boxes around words are measured again
    still = seen.run("import base64; print(base64.b64encode(live.still()).decode())")
    boxes = seen.run("print([ax.get_tightbbox().extents.tolist() for ax in fig.axes])")
    expected = Image.open(io.BytesIO(base64.b64decode(still))).convert("RGB")
    card = seen.page.locator(".live-figure-card")
    card.evaluate("node => { node.style = 'position: fixed; top: 0; left: 0; width: 900px; z-index: 9999'; }")
    card.evaluate("node => document.body.append(node.closest('.live-figure'))")  # away from fractions of a pixel
    drawn = Image.open(io.BytesIO(card.screenshot())).convert("RGB")
    assert drawn.size == expected.size
    names = ("lines", "markers", "quiver", "image", "patches", "text", "log", "far")
    wrong = {}
    for name, (x0, y0, x1, y1) in zip(names, eval(boxes), strict=True):
        box = (int(2 * x0), int(1200 - 2 * y1), int(2 * x1), int(1200 - 2 * y0))
        thin = 5 if name == "text" else 3
        wrong[name] = differ(drawn.crop(box), expected.crop(box), thin).mean()
    assert max(wrong.values()) < 2e-4, wrong
    assert seen.errors == []


def differ(one: Image.Image, other: Image.Image, window: int) -> np.ndarray:
    """Where a pixel of the one has no like in the other within the window, nor the other way round."""

    def outside(a: Image.Image, b: Image.Image) -> np.ndarray:
        low, high = (np.asarray(b.filter(f(window)), int) for f in (ImageFilter.MinFilter, ImageFilter.MaxFilter))
        pixels = np.asarray(a, int)
        return ((pixels < low - 40) | (pixels > high + 40)).any(axis=-1)

    return outside(one, other) | outside(other, one)
