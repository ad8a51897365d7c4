"""A JupyterLab and a Chromium of their own, for tests of what a reader sees and for benchmarks.

JupyterLab runs on loopback, at a free port, with settings, runtime files and a token of its own: it neither sees nor
changes what the user has. Chromium is the installed one; nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from classroom.listing import ROOT


def program(*names: str) -> str | None:
    """The first program that there is, by its name on the PATH or by its place, in which %VARIABLES% may stand."""
    return next(filter(None, map(shutil.which, map(os.path.expandvars, names))), None)


CHROMIUM = program(
    *("chromium", "chromium-browser", "google-chrome", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    *(rf"%{folder}%\Google\Chrome\Application\chrome.exe" for folder in ("PROGRAMFILES", "LOCALAPPDATA")),
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

FOLDERS = ["JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"]
FOLDERS += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
OPTIONS = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--allow-root"]
OPTIONS += ["--LabApp.collaborative=False"]
OPTIONS += ["--LabApp.expose_app_in_browser=True"]  # window.jupyterapp: run, restart and change the theme by command
ON_FOLDER = ["-m", "jupyterlab", "--ServerApp.root_dir=."]
ON_FOLDER += [f"--LabApp.app_settings_dir={ROOT / 'binder'}"]  # no question about news
AT_ONCE = "--ServerApp.kernel_websocket_connection_class=binder.at_once.AtOnce"  # as `course.py lab` has it


class Lab(NamedTuple):
    """A running JupyterLab."""

    url: str  # of its first page, with a slash at the end
    token: str
    folder: Path  # whose notebooks it serves
    process: int

    def address(self, path: str) -> str:
        """The URL of a page or of its interface, such as "lab/tree/00_start_here.ipynb" or "api/sessions"."""
        return f"{self.url}{path}?token={self.token}"


@contextmanager
def start_lab(
    folder: Path,
    home: Path,
    seconds: float = 120,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = ON_FOLDER,
) -> Iterator[Lab]:
    """JupyterLab on `folder`, until the block ends; it keeps its own files in `home`.

    RuntimeError with what it said if it has not started after so many `seconds`. `environment` is added to what
    this process has. Python's `command`, started in `folder`, may also be another that starts a JupyterLab.
    """
    own = {name: str(home / name.lower()) for name in FOLDERS}
    token = secrets.token_hex(16)
    everything = {**os.environ, **own, "JUPYTER_TOKEN": token, **(environment or {})}
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    with log.open("w") as words:
        line = [sys.executable, *command, *OPTIONS]
        server = subprocess.Popen(line, cwd=folder, env=everything, stdout=words, stderr=words)
    try:
        url = _wait_for(server, Path(own["JUPYTER_RUNTIME_DIR"]), log, seconds)
        yield Lab(url, token, folder, server.pid)
    finally:
        end_process(server, seconds)


def end_process(process: subprocess.Popen[Any], seconds: float = 30) -> None:
    """End it: it is asked first, and has so many seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(server: subprocess.Popen[Any], runtime: Path, log: Path, seconds: float) -> str:
    """The URL that the server writes into its runtime folder when it listens."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        for found in runtime.glob("jpserver-*.json"):
            if "}" in (text := found.read_text(encoding="utf-8")):  # written to its end
                return str(json.loads(text)["url"])
        time.sleep(0.1)
    ended = server.poll()
    what = f"did not start in {seconds:g} s" if ended is None else f"ended by itself, with code {ended}"
    raise RuntimeError(f"JupyterLab {what}. It said:\n{log.read_text(encoding='utf-8', errors='replace')}")
