"""Build the site: run each notebook in a process of its own, and make a page of what it showed.

A notebook that fails loses nothing but what it did not show: its page is written all the same, the other pages too,
and the cell is named at the end.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from classroom.folders import prepare
from classroom.listing import FIRST, FOLDER, ROOT, find, listed, read
from classroom.published import Published, published
from classroom.site import CannotBuild
from classroom.site.lite import add_lite
from classroom.site.page import Page, framed, notebook_page, plain

NO_PAGES = {"progress"}  # notebooks about what a kernel has stored
MOST_SECONDS = 900  # for one notebook
MOST_FAULTS = 5  # told of one notebook
MOST_MEGABYTES = 2.5  # of a page: what a telephone loads in a few seconds
AT_ONCE = min(os.cpu_count() or 1, 4)
LICENCES = (
    'Text: <a href="LICENSE.txt">CC BY-NC-SA 4.0</a>, like the chapter it accompanies, Emmanuel Rachelson\'s '
    '<a href="https://erachelson.github.io/RLclass_MVA/">The policy gradient theorem</a>. Code: BSD-3-Clause.'
)
RUN_HERE = (
    f'<p><a href="lite/lab/index.html?path={FIRST}.ipynb">Run the notebooks in this browser</a>, with nothing '
    "installed. The first cell waits half a minute for Python, then for NumPy, SciPy and matplotlib from the network."
    "</p>\n"
)


class Source(NamedTuple):
    """A notebook of which a page is made."""

    path: Path
    title: str
    about: str  # a line in the index

    @property
    def page(self) -> str:
        return f"{self.path.stem}.html"


def build(folder: Path, numbers: Iterable[str] = (), notebooks: Path = FOLDER, has_lite: bool = False) -> list[str]:
    """Write the pages into `folder`, all or those of `numbers`; returns what went wrong, one sentence each.

    Raises CannotWrite before anything is run if the folder cannot be used, and CannotBuild if the disk refuses a page.
    """
    wanted = [find(number, notebooks) for number in numbers]
    chosen = [source for source in sources(notebooks) if not wanted or source.path in wanted]
    if pageless := [path.name for path in wanted if path.stem in NO_PAGES]:
        raise CannotBuild(f"{pageless[0]} has no page: it shows what a kernel has stored.")
    prepare(folder)
    if has_lite:
        add_lite(folder / "lite", notebooks)
    where, faults = published(), []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for source, (shown, ended) in zip(chosen, pool.map(ran, [one.path for one in chosen]), strict=True):
            page = made(source, chosen, shown, where)
            write(folder / source.page, page.text)
            found = shortened([*ended, *page.faults, *oversize(page)])
            faults += [f"{source.path.name}: {fault}" for fault in found]
            print(f"{source.page}: {megabytes(page):.2f} MB", flush=True)
    write(folder / "index.html", index(chosen, has_lite))
    write(folder / "LICENSE.txt", (FOLDER / "LICENSE").read_text(encoding="utf-8"))
    print(f"Open {folder / 'index.html'} in a browser.")
    return faults


def megabytes(page: Page) -> float:
    return len(page.text.encode()) / 1e6


def oversize(page: Page) -> list[str]:
    size = megabytes(page)
    return [f"its page has {size:.1f} MB, expected at most {MOST_MEGABYTES}"] * (size > MOST_MEGABYTES)


def shortened(faults: list[str]) -> list[str]:
    """The first faults of a notebook: what fails in its imports fails in most of its cells."""
    if len(faults) <= MOST_FAULTS:
        return faults
    return [*faults[: MOST_FAULTS - 1], f"and {len(faults) - MOST_FAULTS + 1} faults more, shown in its page"]


def sources(notebooks: Path = FOLDER) -> list[Source]:
    """The notebooks of the course in their order, then the other pages."""
    course = [
        Source(nb.path, nb.title, f"You will be able to: {nb.able}. {nb.minutes} minutes.") for nb in listed(notebooks)
    ]
    names = {source.path for source in course}
    others = [path for path in sorted(notebooks.glob("*.ipynb")) if path not in names and path.stem not in NO_PAGES]
    return course + [Source(path, _heading(path), "") for path in others]


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CannotBuild(f"{path} cannot be written ({error.strerror}). The pages before it are complete.") from error


def ran(notebook: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The lines of run.py for a notebook, and how its process ended if not well."""
    with tempfile.TemporaryDirectory() as own:
        lines = Path(own) / "shown.jsonl"
        command = [sys.executable, "-m", "classroom.site.run", str(notebook), str(lines)]
        environment = {**os.environ, "PGCOURSE_PROGRESS": "off", "MPLBACKEND": "agg", "IPYTHONDIR": own}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            process = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=MOST_SECONDS
            )
            words = process.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
            ended = [f"its process ended with code {process.returncode}; it said: {words[-1]}"] * bool(
                process.returncode
            )
        except subprocess.TimeoutExpired:
            ended = [f"it was stopped after {MOST_SECONDS} s"]
        text = lines.read_text(encoding="utf-8") if lines.exists() else ""
        whole = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return whole, ended


def made(source: Source, written: list[Source], shown: list[dict[str, Any]], where: Published) -> Page:
    """The page of a notebook. It leads to those that are `written` alone."""
    cells = read(source.path)["cells"]
    at = written.index(source)
    around = [("All pages", "index.html")]
    around += [(f"← {before.title}", before.page) for before in written[max(at - 1, 0) : at]]
    around += [(f"{after.title} →", after.page) for after in written[at + 1 : at + 2]]
    nav = " ".join(f'<a href="{href}">{html.escape(text)}</a>' for text, href in around)
    name = f"<code>{source.path.name}</code>"
    if where.is_known:
        name = f'<a href="{html.escape(where.binder(source.path.stem))}">{name}</a>'
    about = (
        f"This page was made from the notebook {name}. Its pictures move here without Python, as far as they were "
        "recorded. To run or change code, and to have your answers checked, open the notebook in JupyterLab."
    )
    pages = {one.path.name: one.page for one in written}
    return notebook_page(source.title, cells, shown, nav, about, LICENCES, linked(pages))


def linked(pages: dict[str, str]) -> Callable[[str], str | None]:
    """Where a link of a notebook leads in the site; None if it leads nowhere here."""

    def link(url: str) -> str | None:
        path, mark, place = url.partition("#")
        place = mark + place.removeprefix("cell-id=")
        if "://" in path or not path:
            return path + place
        return f"{pages[path]}{place}" if path in pages else {"LICENSE": "LICENSE.txt"}.get(path)

    return link


def index(pages: list[Source], has_lite: bool = False) -> str:
    rows = "\n".join(
        f'<li><a href="{page.page}"><b>{html.escape(page.title)}</b></a><br>{html.escape(page.about)}</li>'
        for page in pages
    )
    main = (
        "<h1>The policy gradient theorem, to move</h1>\n"
        "<p>Move θ, and watch the policy, ρ<sup>π</sup>, v<sup>π</sup>, J(θ) and ∇J(θ) move with your finger. "
        "These pages need no Python and no network. "
        "The notebooks that they are made from compute every picture anew, and check your answers.</p>\n"
        f"{RUN_HERE * has_lite}"
        f'<ul class="pages">\n{rows}\n</ul>'
    )
    return framed("The policy gradient theorem, to move", "<span>pgcourse</span>", main, LICENCES)


def _heading(path: Path) -> str:
    """The first heading of a notebook; the name of its file if it has none."""
    lines = ["".join(cell["source"]).partition("\n")[0] for cell in read(path)["cells"][:1]]
    return plain("".join(lines)) or path.stem
