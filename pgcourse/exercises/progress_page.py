"""The student's own page: which exercises have been passed, to keep, to take along and to begin anew.

The exercises are those of the notebooks in the folder: nothing is listed twice, and a new notebook is on the page.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from IPython.display import HTML, Markdown

from pgcourse.exercises.progress import FILE, Entries, Entry, NotProgress, load, merge, now, parse, written
from pgcourse.exercises.progress import reset as begin_anew
from pgcourse.exercises.verdict import TONES, Verdict, nearly, right, waiting, wrong

LONGEST = 90  # characters of a question


class Exercise(NamedTuple):
    name: str  # of its check, without "check_"
    notebook: str  # file
    title: str  # of the notebook
    cell: str  # id of its box
    section: str  # the heading above it
    question: str  # how it begins


def exercises(folder: Path) -> list[Exercise]:
    """The exercises of the notebooks in the folder, in their order."""
    found = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        try:
            found += list(_exercises_of(path))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # what is no notebook has no exercises
    return found


def _exercises_of(path: Path) -> Iterator[Exercise]:
    title = section = path.stem
    for box, stub in pairwise(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        text, tags = "".join(box["source"]), box["metadata"].get("tags", [])
        if box["cell_type"] == "markdown" and (headings := re.findall(r"^(#+) (.+)", text, re.M)):
            section = headings[-1][1]
            title = f"{path.stem[:2]} {section}" if headings[-1][0] == "#" else title
        check = re.search(r"^check_(\w+)\(", "".join(stub["source"]), re.M)
        if "exercise" in tags and "**Exercise.**" in text and check:
            yield Exercise(check[1], path.name, title, box["id"], section, _beginning(text))


def _beginning(text: str) -> str:
    """How the text of an exercise's box begins, in a line."""
    words = " ".join(re.sub(r"<[^>]+>", "", text.split("**Exercise.**")[1]).split())
    if len(words) <= LONGEST:
        return words
    cut = words[:LONGEST].rsplit(" ", 1)[0]
    for mark in "$`":
        if cut.count(mark) % 2:  # not inside a formula or code
            cut = cut.rsplit(mark, 1)[0].rstrip()
    return cut + " …"


# The page


def page() -> Markdown:
    """How far one has come: a sum, and a table for each notebook."""
    folder = Path.cwd()
    entries, note = _known(folder)
    return Markdown(summary(exercises(folder), entries, note))


def summary(listed: list[Exercise], entries: Entries, note: str = "") -> str:
    """The page as Markdown."""
    if not listed:
        return "There are no notebooks of the course in this folder."
    passed = sum(_has_passed(entries.get(one.name)) for one in listed)
    lines = [note, "", f"**{passed} of {len(listed)}** exercises passed."]
    for notebook in dict.fromkeys(one.notebook for one in listed):
        here = [one for one in listed if one.notebook == notebook]
        done = sum(_has_passed(entries.get(one.name)) for one in here)
        lines += ["", f"**[{here[0].title}]({notebook})**: {done} of {len(here)}", ""]
        lines += ["| | exercise | attempts |", "|:---|:---|---:|"]
        for one in here:
            entry = entries.get(one.name)
            state = _state(entry).replace(" ", "\u00a0")  # no break in it,
            if entry and entry["passed"]:
                state += " " + entry["passed"][:10].replace("-", "\u2011")  # nor in the date
            what = f"[{_in_table(one.section)}]({notebook}#cell-id={one.cell}): {_in_table(one.question)}"
            lines.append(f"| {state} | {what} | {entry['attempts'] if entry else 0} |")
    return "\n".join(lines).strip()


def _state(entry: Entry | None) -> str:
    """A sign and a word: never a colour alone."""
    if entry is None:
        return "○ open"
    word, sign, *_ = TONES["right" if _has_passed(entry) else entry["last"]]
    return f"{sign} {'passed' if _has_passed(entry) else 'tried: ' + word.lower()}"


def _has_passed(entry: Entry | None) -> bool:
    return entry is not None and entry["passed"] is not None


def _in_table(text: str) -> str:
    """Outside of formulas a bar would end the table's cell, and a bracket the link."""
    parts = text.split("$")
    parts[::2] = [re.sub(r"[|\[\]]", lambda sign: f"&#{ord(sign[0])};", part) for part in parts[::2]]
    return "$".join(parts)


def _known(folder: Path) -> tuple[Entries, str]:
    try:
        return load(folder), ""
    except (NotProgress, OSError) as error:
        return {}, f"**{FILE} cannot be read**: {error}. The next answer begins a new one, and the old one is kept."


# Taking it along


def export() -> HTML:
    """Links that download the progress: as data (which `restore` reads), as a table, and to be read."""
    folder = Path.cwd()
    listed, (entries, note) = exercises(folder), _known(folder)
    name = f"pgcourse-progress-{now()[:10]}"
    files = {
        f"{name}.json": ("application/json", written(entries), "everything, to bring back later"),
        f"{name}.csv": ("text/csv", table(listed, entries), "a table for a spreadsheet"),
        f"{name}.md": ("text/markdown", summary(listed, entries) + "\n", "a summary to read or to hand in"),
    }
    links = "".join(f"<li>{_link(file, *rest)}</li>" for file, rest in files.items())
    return HTML(f"<p>{html.escape(note)}</p>" * bool(note) + f"<ul>{links}</ul>")


def table(listed: list[Exercise], entries: Entries) -> str:
    """The progress as CSV, a line for each exercise."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["notebook", "exercise", "section", "question", "state", "attempts", "passed", "tried"])
    for one in listed:
        entry = entries.get(one.name)
        state = _state(entry).split(" ", 1)[1]
        known = (entry["attempts"], entry["passed"] or "", entry["tried"]) if entry else (0, "", "")
        lines.writerow([one.notebook, one.name, one.section, one.question, state, *known])
    return text.getvalue()


def _link(file: str, kind: str, text: str, what: str) -> str:
    data = base64.b64encode(text.encode()).decode()
    return f'<a download="{file}" href="data:{kind};charset=utf-8;base64,{data}">{file}</a>: {what}'


# Beginning anew, and bringing back


def reset(sure: Any) -> Verdict:
    """Begin anew if `sure` is "yes"; the old file is kept under another name."""
    if sure is ...:
        return waiting('"yes", if you mean it,')
    if not isinstance(sure, str) or sure.strip().lower() != "yes":
        return wrong(f'{sure!r} is not "yes": nothing has been changed.')
    try:
        kept = begin_anew(Path.cwd())
    except OSError as error:
        return wrong(f"The file cannot be moved: {error.strerror or error}. Nothing has been changed.")
    if kept is None:
        return nearly("There is nothing to reset yet.")
    return right(f'All exercises are open again. To undo this, restore("{kept}") below.')


def restore(file: Any) -> Verdict:
    """Bring in what an exported (or reset) file says; what is known here stays."""
    if file is ...:
        return waiting('the name of a file, such as "pgcourse-progress-2026-01-31.json",')
    folder = Path.cwd()
    try:
        entries = parse((folder / str(file)).read_text(encoding="utf-8"))
        note = merge(entries, folder)
    except NotProgress as error:
        return wrong(f"{file} is not a progress of this course: {error}.")
    except (OSError, ValueError) as error:  # ValueError: no text, or no name of a file
        return wrong(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.")
    passed = sum(_has_passed(entry) for entry in entries.values())
    return right(f"{len(entries)} exercises are brought in, {passed} of them passed. Run the page's cell again. {note}")
