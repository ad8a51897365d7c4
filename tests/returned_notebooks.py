"""Notebooks as students return them, and what `mark` makes of them."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from classroom.mark import pool, returned
from classroom.mark.pool import Marked
from pgcourse.exercises.progress import FORMAT

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals, no fork and no limits")
NAME = "00_start_here"  # one exercise, best_p
P = "2 - 2**0.5"
IMPORTS = "import os, sys, time, subprocess\nimport numpy as np\nfrom pgcourse.exercises import check_best_p"
CHECK = "check_best_p(my_p)"


def book(*cells: str, **metadata: Any) -> Any:
    """A returned notebook 00 with these cells after the imports."""
    made = nbformat.v4.new_notebook(metadata={"pgcourse": {"title": "00 start here"}, **metadata})
    made.cells = [nbformat.v4.new_code_cell(text) for text in (IMPORTS, *cells)]
    made.cells[-1].id = "exercise-best-p-answer"
    return made


def put(folder: Path, who: str, *cells: str) -> Path:
    path = folder / f"{who}_{NAME}.ipynb"
    nbformat.write(book(*cells), path)
    return path


def mark(folder: Path, seconds: float = 60.0, at_once: int = 2) -> dict[str, Marked]:
    """Who → what became of the notebook."""
    (own := folder / ".own").mkdir(exist_ok=True)
    found = returned.find_returned(folder, own)
    marked, was_stopped = pool.mark_all(found.notebooks, [], seconds, at_once)
    assert not was_stopped
    assert len(marked) == len(found.notebooks)
    return {one.returned.who: one for one in marked}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def entry(exercise: str, **more: Any) -> str:
    reply = {
        "attempts": 3,
        "passed": "2026-01-31T12:00:00Z",
        "tried": "2026-01-31T12:00:00Z",
        "last": "right",
        "said": "",
    }
    return json.dumps({"format": FORMAT, "exercises": {exercise: reply}, **more})
