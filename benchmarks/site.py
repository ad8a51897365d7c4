"""What a page without a kernel costs: how long it takes to make, beside its notebook's own run, and how large it is.

    own     a kernel is started and runs all cells of the notebook, one after the other (= 1)
    page    `classroom.site` runs them, records every view, and writes the page

Both are measured in processor time, with that of their processes: other work on the machine does not count. In turns;
the ratio is the median over the rounds of the ratio within a round. The start of `python course.py site` itself, once
for all pages, is left out. Notebook 04 has the most pictures, 00 the least to do beside them, and the page of 01 costs
most beside its notebook.

    python -m benchmarks.site
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from jupyter_client.manager import start_new_kernel

from benchmarks import Row
from classroom.listing import find
from classroom.site.build import MOST_MEGABYTES, build

NUMBERS = "00", "01", "04"


def run(quick: bool = False) -> list[Row]:
    """The time of each page to that of its notebook, and the size of the larger."""
    rows, size = [], 0.0
    for number in NUMBERS:
        path, ratios = find(number), []
        for _ in range(1 if quick else 3):
            own = seconds_of_run(path)
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
                start = seconds()
                faults = build(Path(folder), [number])
                ratios.append((seconds() - start) / own)
                assert not faults, faults
                size = max(size, (Path(folder) / f"{path.stem}.html").stat().st_size / 1e6)
        rows.append(Row(f"{number} as a page, to the notebook's own run", median(ratios), 1.5, True))
    return [*rows, Row("the larger of these pages, in MB", size, MOST_MEGABYTES, True)]


def seconds_of_run(path: Path) -> float:
    """The processor time of a kernel that runs all cells of the notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    environment = {**os.environ, "PGCOURSE_PROGRESS": "off"}
    start = seconds()
    manager, client = start_new_kernel(cwd=str(path.parent), env=environment)
    try:
        for cell in cells:
            if cell["cell_type"] == "code":
                reply: dict[str, Any] = client.execute_interactive("".join(cell["source"]), output_hook=lambda _: None)
                tags = cell["metadata"].get("tags", [])
                assert reply["content"]["status"] == "ok" or "raises-exception" in tags, cell["id"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel()  # and waits for its end: its time is known then
    return seconds() - start


def seconds() -> float:
    """Processor time of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    print(*run(), sep="\n")
