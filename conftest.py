"""The course's own tests are nobody's progress, and a busy machine changes no verdict, in kernels, too.

What a test needs is read off its folder: tests/browser is marked `browser`, notebooks and tests/notebooks `notebook`.
"""

import os
from pathlib import Path

import pytest

os.environ["PGCOURSE_PROGRESS"] = "off"
os.environ["PGCOURSE_PATIENCE"] = "60"

ROOT = Path(__file__).parent
MARKED = {
    ROOT / "tests" / "browser": "browser",
    ROOT / "tests" / "notebooks": "notebook",
    ROOT / "notebooks": "notebook",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder, mark in MARKED.items():
            if ROOT / folder in item.path.parents:
                item.add_marker(mark)
