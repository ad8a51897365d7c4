"""A process that has imported everything, and runs one returned notebook after another, each in a child of its own.

    python -m classroom.mark.server          reads a line of JSON a notebook, and answers with a line
    python -m classroom.mark.server --once   runs one notebook in this very process: on Windows and macOS

The child writes lines of JSON into a file that has no name, each behind a word that the notebook cannot guess.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.metadata
import json
import os
import secrets
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import psutil

from classroom.cells import is_stub, source
from classroom.listing import FOLDER, read
from classroom.mark.limits import Limits, adopt_orphans, limit_myself, watch

CAN_FORK = sys.platform == "linux"  # not on macOS, where NumPy's linear algebra may crash in a child
SHARE = 0.25  # of a notebook's seconds, for one of its cells
READY = "ready\n"  # said when everything is imported
MOST = 1 << 20  # bytes that are read of what a child has told


class Job(NamedTuple):
    """A returned notebook to be run."""

    path: str
    wanted: list[str]  # only if it is one of these notebooks; if there are none, any
    seconds: float


@cache
def references(folder: Path = FOLDER) -> dict[str, Path]:
    """The course's notebooks with exercises, by name. Raises Unlisted if one of the course's cannot be read."""
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    return {path.stem: path for path in found if any(map(is_stub, read(path)["cells"]))}


def import_everything(notebooks: dict[str, Path]) -> None:
    """What the notebooks import, so that no child needs to."""
    import matplotlib.backends.backend_agg
    import matplotlib.font_manager

    import classroom.mark.run

    assert classroom.mark.run, matplotlib.backends.backend_agg
    assert installed()
    assert matplotlib.font_manager.fontManager  # with its fonts
    for path in notebooks.values():
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "code":
                for statement in ast.parse(source(cell)).body:
                    if isinstance(statement, ast.Import | ast.ImportFrom):
                        exec(compile(ast.Module([statement], []), path.name, "exec"), {})


@cache
def installed() -> str:
    """What this environment has, as pip's constraints."""
    found = {one.name: one.version for one in importlib.metadata.distributions() if one.name and one.version}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def run_job(job: Job, notebooks: dict[str, Path], folder: str, tell: Callable[[dict[str, Any]], None]) -> None:
    """In the process of the notebook: limits, then the notebook. Nobody else's folders are named in its environment."""
    from classroom.mark.run import run

    limit_myself(Limits(seconds=job.seconds))
    os.chdir(folder)
    own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "IPYTHONDIR"), folder)
    prefix, pins = Path(folder) / "pip", Path(folder) / "pins.txt"
    site = sysconfig.get_path("purelib", vars={"base": str(prefix), "platbase": str(prefix)})
    Path(site).mkdir(parents=True)  # an import that fails remembers which folders were not there
    pins.write_text(installed(), encoding="utf-8")
    # What is missing goes into a folder of its own; what is there stays: it would be replaced in our environment.
    # pip splits what is no address at its spaces.
    os.environ.update(own | {"PIP_PREFIX": str(prefix), "PIP_CONSTRAINT": pins.as_uri(), "PIP_USER": "0"})
    sys.path.append(site)
    tempfile.tempdir = folder
    try:
        run(Path(job.path), notebooks, job.wanted, tell, SHARE * job.seconds)
    except MemoryError:
        tell({"fault": "there was not enough memory for it"})


def told(report: IO[bytes], word: str) -> list[dict[str, Any]]:
    """The lines that begin with the word. Whatever else is in the file was not told by us."""
    report.seek(0)
    lines = report.read(MOST).decode("utf-8", "replace").splitlines()
    rows = []
    for line in lines:
        with contextlib.suppress(ValueError):  # cut off
            rows += [json.loads(line.removeprefix(word))] * line.startswith(word)
    return rows


def teller(report: int, word: str) -> Callable[[dict[str, Any]], None]:
    def tell(row: dict[str, Any]) -> None:
        os.write(report, f"\n{word}{json.dumps(row)}\n".encode())

    return tell


def forked(job: Job, notebooks: dict[str, Path], word: str) -> dict[str, Any]:
    """Run the notebook in a child, and give all that it has told and how it has ended."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            try:
                os.closerange(3, report.fileno())
                os.closerange(report.fileno() + 1, 1024)
                run_job(job, notebooks, folder, teller(report.fileno(), word))
            except BaseException:
                os._exit(1)
            finally:
                os._exit(0)
        why = watch(psutil.Process(child), psutil.Process(), Limits(seconds=job.seconds))
        return {"rows": told(report, word), "why": why}


def serve() -> None:
    """Until standard input ends. What a notebook prints goes nowhere."""
    jobs, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what imports print is no answer
    adopt_orphans()
    notebooks = references()
    import_everything(notebooks)
    gc.freeze()  # what is shared with the children stays shared
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    answers.write(READY)
    answers.flush()
    for line in jobs:
        answers.write(json.dumps(forked(Job(*json.loads(line)), notebooks, secrets.token_hex(16))) + "\n")
        answers.flush()


def once() -> None:
    """One notebook, in this process: the word comes by standard input, what is told goes to standard output."""
    word, job = json.loads(sys.stdin.readline())
    report = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run_job(Job(*job), references(), folder, teller(report, word))
        os.chdir(Path(folder).parent)  # Windows deletes no folder that is in use
    os._exit(0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        once() if "--once" in sys.argv[1:] else serve()
