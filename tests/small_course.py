"""A course of two small notebooks in a folder of its own, for the tests of what is made of notebooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from parabola import KERNEL, PARABOLA

SCENES = '{"at the bottom": {}, "to the left": {"x": -2.0}, "far": {"x": 2.5, "square": (1.0, 1.0)}}'
VIEW = f"explorer = view(scenes={SCENES})\nexplorer"


def view(**options: Any) -> Any:
    """The parabola's view with its scenes, here in this process."""
    names: dict[str, Any] = {}
    exec(PARABOLA, names)
    return names["view"](scenes=eval(SCENES), **options)


def cell(source: str, name: str, **metadata: Any) -> Any:
    kind = nbformat.v4.new_markdown_cell if metadata.pop("text", False) else nbformat.v4.new_code_cell
    return kind(source, id=name, metadata=metadata)


def write_notebook(folder: Path, name: str, *cells: Any) -> Path:
    """A notebook such as "01_first", whose title says so."""
    own = {"title": re.sub("_", " ", name), "able": "move it", "chapter": "–", "minutes": 5}
    book = nbformat.v4.new_notebook(cells=list(cells), metadata={**KERNEL, "pgcourse": own})
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def write_course(folder: Path, *broken: Any) -> Path:
    """`broken` cells come before the view of the second notebook."""
    write_notebook(
        folder,
        "01_first",
        cell("# First\n\nLet $p^2$ be small, as in [the next](02_second.ipynb#cell-id=view).", "title", text=True),
        cell("# What it uses\n1 + 1", "imports", jupyter={"source_hidden": True}),
        cell(
            "## A sum\n\n$$\\sum_a \\pi(a|s) = 1$$\n\nSee [here](#A-sum) and [progress](progress.ipynb).",
            "sum",
            text=True,
        ),
        cell("print('printed')\n[1, 2]", "shown"),
        cell("answer = ...\nprint('no reply')", "exercise-answer", tags=["exercise"]),
        cell("print('the solution')", "exercise-check", tags=["solution"]),
        cell("Say this, then that.", "teaching", text=True, slideshow={"slide_type": "notes"}),
    )
    write_notebook(folder, "02_second", cell(PARABOLA, "imports"), *broken, cell(VIEW, "view"), cell("2 + 2", "after"))
    write_notebook(folder, "progress", cell("1", "one"))
    return folder
