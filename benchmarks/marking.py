"""How long sixty returned notebooks take to mark, beside as many bare runs of the notebook, one after the other.

    bare    nbclient runs the notebook: a kernel starts, runs all cells, and ends
    mark    `python -m classroom mark` of 60 copies, each with all answers, its own start included

Both are in seconds on the clock: the promise is about two cores, of which a bare run uses little more than one. Half of
the bare runs come before `mark`, half after it; their median is multiplied by 60. A quick run has 6 copies, among which
the start weighs more.

    python -m benchmarks.marking
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import nbformat
from nbclient import NotebookClient

from benchmarks import Row
from classroom.cells import is_solution
from classroom.listing import ROOT, find

COPIES, QUICK = 60, 6


def run(quick: bool = False) -> list[Row]:
    """The time of marking to that of bare runs."""
    path, copies = find("04"), QUICK if quick else COPIES
    os.environ.update({"PGCOURSE_PROGRESS": "off", "PGCOURSE_PATIENCE": "60"})  # for a machine with other work, too
    with tempfile.TemporaryDirectory() as folder:
        book = nbformat.read(path, as_version=4)
        for cell in book.cells:  # a student with all answers: the checks have most to do
            if is_solution(cell):
                call = next(line for line in cell.source.splitlines() if line.startswith("assert check_"))
                cell.source, cell.metadata = f"{cell.source}\n{call.removeprefix('assert ')}", {}
        for k in range(copies):
            nbformat.write(book, Path(folder) / f"{path.stem}_{k}.ipynb")
        bare = [_bare(path) for _ in range(2)]
        start = perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "classroom", "mark", folder]
        told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
        seconds = perf_counter() - start
        assert told.count(" 4 of 4 ") == copies, told
        bare += [_bare(path) for _ in range(2)]
    return [Row(f"{COPIES} copies of 04 marked, to {COPIES} bare runs", seconds / copies / median(bare), 0.8, True)]


def _bare(path: Path) -> float:
    start = perf_counter()
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    return perf_counter() - start


if __name__ == "__main__":
    print(*run("--quick" in sys.argv[1:]), sep="\n")
