"""ruff and mypy, run with the tests, so that there is one command to know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.pinned


@pytest.mark.parametrize(
    "tool", [["ruff", "check"], ["ruff", "format", "--check", "--diff"], ["mypy"]], ids=lambda tool: " ".join(tool)
)
def test_the_code_passes(tool):
    result = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr
