"""A live view of a parabola, in a notebook of its own, for the tests in a browser."""

from __future__ import annotations

from typing import Any

import nbformat

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}

# One picture, moved by a slider and by its point: y = x² with words, on axes from -4 to 4. Points stay on whole steps:
# nothing depends on the pixel where a drag ends. While the file `gate` exists, `compute` waits.
PARABOLA = """
import time, numpy as np
from pathlib import Path
from types import SimpleNamespace
from ipywidgets import FloatSlider
from matplotlib.figure import Figure
from pgcourse import Explorer

class Parabola:
    def __init__(self):
        self.figure = Figure(figsize=(6, 3), dpi=100)
        ax = self.figure.subplots()
        ax.set(xlim=(-4, 4), ylim=(-1, 10))
        (self.point,) = ax.plot([0], [0], "o", ms=12, animated=True)
        (self.still_there,) = ax.plot([2], [8], "s", ms=12, animated=True)
        self.words = ax.text(-3.8, 9, "", va="top", animated=True)
        handle = lambda line, label, values: SimpleNamespace(
            line=line, label=label, values=values, step=(0.1, 0.1), along=None, snap=True)
        self.handles = [handle(self.point, "x", lambda x, y, values: {"x": x}),
                        handle(self.still_there, "square", lambda x, y, values: {"square": (x, y)})]
    def update(self, numbers):
        self.point.set_data([numbers["x"]], [numbers["y"]])
        self.still_there.set_data(*np.reshape(numbers["square"], (2, 1)))
        self.words.set_text(f"x = {numbers['x']:.2f}")
    def describe(self, numbers):
        return f"x is {numbers['x']:.2f}"

gate, computed = Path("gate"), []
def compute(x, square, scale):
    computed.append(x)
    while gate.exists():
        time.sleep(0.01)
    if x > 3:
        raise ValueError("x is too large for this picture")
    return {"x": x, "y": x**2 if x > -3 else np.nan, "square": square}

def step(values, numbers):
    return {"x": values["x"] + 0.01}

def view(**options):
    controls = {"x": FloatSlider(0.0, min=-4, max=4, step=0.1, description="x"), "square": (2.0, 8.0), "scale": 1}
    return Explorer(controls, compute, Parabola(), step=step, name="a parabola", **options)
"""

SHOWN = "explorer = view(ahead=False)\nexplorer"  # what the kernel says, when it says it


def write(lab: Any, name: str, *cells: str) -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=KERNEL)
    nbformat.write(book, lab.folder / name)


def words(page: Any, text: str) -> None:
    """Wait until the picture's moving text says so: the kernel has computed and the browser has drawn."""
    page.locator(".live-figure svg text", has_text=text).first.wait_for()


def handle(page: Any, label: str = "x") -> Any:
    return page.locator(f'.live-figure-handle[aria-label="{label}"]').first
