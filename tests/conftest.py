"""A real JupyterLab in a real Chromium, for the tests of what a reader sees.

Where there is no Chromium these tests skip, with the reason; in CI a missing browser is an error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


class Lab(NamedTuple):
    """A running JupyterLab: where it answers, and the folder whose notebooks it serves."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks, with settings of its own, on loopback."""
    home = tmp_path_factory.mktemp("lab")
    folder = Path(shutil.copytree(ROOT / "notebooks", home / "notebooks"))
    own = {
        name: str(home / name.lower())
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.root_dir=."]
    options += ["--IdentityProvider.token=", "--allow-root", "--LabApp.news_url=None", "--LabApp.collaborative=False"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], cwd=home, env={**os.environ, **own}, stdout=log, stderr=log
        )
    try:
        found: list[Path] = []
        for _ in range(300):
            if found := list(Path(own["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json")):
                break
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        assert found, f"JupyterLab did not start in 30 s:\n{(home / 'log').read_text()}"
        yield Lab(json.loads(found[0].read_text())["url"], folder)
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def browser():  # type: ignore[no-untyped-def]
    """Chromium as it is installed; Playwright downloads none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on the PATH, and CI may not skip what a reader sees")
        pytest.skip("no Chromium or Chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
