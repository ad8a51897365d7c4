"""The course's own tests are nobody's progress, and a busy machine changes no verdict, in kernels, too.

What a test needs is read off its folder: tests/browser is marked `browser`, notebooks and tests/notebooks `notebook`.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import chromium
import processor
import pytest

from classroom.lab import CHROMIUM

os.environ["PGCOURSE_PROGRESS"] = "off"
os.environ["PGCOURSE_PATIENCE"] = "60"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each core has a worker: threads that wait for others cost time
# Tests start hundreds of kernels. Where the environment forbids bytecode, each would compile the whole course anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parent
MARKED = {
    ROOT / "tests" / "browser": "browser",
    ROOT / "tests" / "notebooks": "notebook",
    ROOT / "notebooks": "notebook",
}
FIRST = ["notebook", "browser", "slow"]  # files with such tests, in this order: test_views.py takes longest
processor.do_without_avx512()


@cache
def mark_of(file: Path) -> str | None:
    return next((mark for folder, mark in MARKED.items() if folder in file.parents), None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """A notebook's first cell starts its kernel, which has all that the processor has.

    The browser that the tests of tests/browser share is closed before another test begins.
    """
    if mark_of(item.path) != "browser":
        chromium.put_away()
    with processor.own() if item.path.suffix == ".ipynb" else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark the tests, and let the files that take longest begin: at the end, no core waits for the other.

    A notebook whose tests in the browser are chosen, too, runs there, where no cell may fail: nbval leaves it out.
    """
    for item in items:
        if mark := mark_of(item.path):
            item.add_marker(mark)
    yield  # -m and -k choose
    in_browser = {item.path.stem for item in items if CHROMIUM and item.get_closest_marker("browser")}
    run_there = {name for stem in in_browser for name in re.findall(r"(?<=nb)\d\d|progress", stem)}
    again = {item for item in items if item.path.suffix == ".ipynb" and item.path.stem.split("_")[0] in run_there}
    config.hook.pytest_deselected(items=[*again])
    items[:] = [item for item in items if item not in again]
    turns: dict[Path, int] = {}
    for item in items:
        turn = min((k for k, mark in enumerate(FIRST) if item.get_closest_marker(mark)), default=len(FIRST))
        turns[item.path] = min(turn, turns.get(item.path, turn))
    items.sort(key=lambda item: turns[item.path])
