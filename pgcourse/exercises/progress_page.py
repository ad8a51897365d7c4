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
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from IPython.display import HTML, Markdown

import pgcourse.exercises as course
from pgcourse.exercises.progress import FILE, Entries, Entry, NotProgress, begin_anew, load, merge, now, parse, written
from pgcourse.exercises.verdict import TONES, Verdict, nearly, right, waiting, wrong
from pgcourse.exercises.words import shown

LONGEST = 90  # characters of a question


class Exercise(NamedTuple):
    """One exercise. It is known by its check's name, wherever its cells stand and whatever its notebook is called."""

    name: str  # of its check, without "check_"
    notebook: str  # file, "" if no notebook in the folder has it any more
    title: str  # of the notebook
    cell: str  # id of its box
    section: str  # the heading above it
    question: str  # how it begins


def exercises(folder: Path, known: Iterable[str] = ()) -> list[Exercise]:
    """The exercises of the notebooks in the folder, each once, in the course's order.

    A notebook has all its exercises, also those whose cells a student has deleted; so has a notebook that is gone, if
    one of its exercises is `known`.
    """
    found: dict[str, Exercise] = {}
    paths = sorted(folder.glob("*.ipynb"), key=lambda path: (len(path.name), path.name))  # before their duplicates
    read = [one for path in paths for one in _exercises_of(path)]
    for _, one in sorted(read, key=lambda ranked: ranked[0]):  # stubs first, then other cells that call a check
        found.setdefault(one.name, one)
    modules = _modules()
    titles = {modules[one.name]: one.title for one in reversed(found.values()) if one.name in modules}
    places = {name: place for place, name in enumerate(found)}
    present = {modules[name] for name in (*found, *known) if name in modules}
    for name, module in modules.items():
        if module in present and name not in found:
            title = titles.get(module, module.replace("_", " "))
            found[name] = Exercise(name, "", title, "", "", name.replace("_", " "))
    return sorted(found.values(), key=lambda one: (modules.get(one.name, "99"), places.get(one.name, len(places))))


def _modules() -> dict[str, str]:
    """The course's exercises, and for each the module that it is in, such as "05_greediness"."""
    checks = [getattr(course, name) for name in course.__all__ if name.startswith("check_")]
    return {check.exercise: check.__module__.rpartition(".")[2].removeprefix("nb") for check in checks}


def _exercises_of(path: Path) -> list[tuple[bool, Exercise]]:
    """The exercises whose checks a notebook calls, each with whether that is in another cell than its stub."""
    try:
        nb = json.loads(path.read_text(encoding="utf-8"))
        return list(_calls(nb["cells"], path, nb["metadata"].get("pgcourse", {}).get("title", path.stem)[:2]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # what is no notebook has no exercises


def _calls(cells: list[dict[str, Any]], path: Path, number: str) -> Iterator[tuple[bool, Exercise]]:
    boxes = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"}
    boxes = {id: text for id, text in boxes.items() if "**Exercise.**" in text}
    modules, sections, box = _modules(), {}, ""
    title = section = path.stem
    for cell in cells:
        text, tags, id = "".join(cell["source"]), cell["metadata"].get("tags", []), cell["id"]
        if cell["cell_type"] == "markdown" and (headings := re.findall(r"^(#+) (.+)", text, re.M)):
            section = headings[-1][1]
            title = f"{number} {section}" if headings[-1][0] == "#" else title
        sections[id], box = section, id if id in boxes else box
        if cell["cell_type"] != "code" or "solution" in tags:
            continue
        for name in re.findall(r"\bcheck_(\w+)\s*\(", text):
            if "exercise" in tags or name in modules:
                own = id.removesuffix("-answer")  # a copy of the stub has a name of its own
                at = own if own in boxes else box if own == id and box in sections else ""
                question = _beginning(boxes[at]) if at else name.replace("_", " ")
                place = at or id
                one = Exercise(name, path.name, title, place, sections.get(place, section), question)
                yield "exercise" not in tags, one


def _beginning(text: str) -> str:
    """How the text of an exercise's box begins, in a line."""
    plain = re.sub(r"</?[A-Za-z][^>]*>", "", text.split("**Exercise.**")[1])  # without tags; a < b is none
    before_code, fence, _ = plain.partition("```")
    words = " ".join(before_code.split())
    if len(words) <= LONGEST:
        return words + " …" * bool(fence)
    whole = re.sub(r"\$[^$]*\$|`[^`]*`", lambda found: found[0].replace(" ", "\0"), words)  # formulas and code
    cut = whole[: LONGEST + 1].rpartition(" ")[0]
    return f"{cut} …".replace("\0", " ").strip()


# The page


def page() -> Markdown:
    """How far one has come: a sum, and a table for each notebook."""
    folder = Path.cwd()
    entries, note = _known(folder)
    return Markdown(summary(exercises(folder, entries), entries, note))


def summary(listed: list[Exercise], entries: Entries, note: str = "") -> str:
    """The page as Markdown."""
    if not listed:
        return "There are no notebooks of the course in this folder."
    passed = sum(_has_passed(entries.get(one.name)) for one in listed)
    lines = [note, "", f"## {passed} of {len(listed)} exercises passed"]
    for title in dict.fromkeys(one.title for one in listed):
        here = [one for one in listed if one.title == title]
        done = sum(_has_passed(entries.get(one.name)) for one in here)
        notebook = next((one.notebook for one in here if one.notebook), "")
        lines += ["", f"### {f'[{title}]({notebook})' if notebook else title}: {done} of {len(here)}", ""]
        lines += ["| state | exercise | attempts |", "|:---|:---|---:|"]
        for one in here:
            entry = entries.get(one.name)
            state = _state(entry).replace(" ", "\u00a0")  # no break in it,
            if entry and entry["passed"]:
                state += " " + entry["passed"][:10].replace("-", "\u2011")  # nor in the date
            what = f"[{_in_table(one.section)}]({one.notebook}#cell-id={one.cell}): {_in_table(one.question)}"
            what = what if one.notebook else f"{one.question} (its cells are gone)"
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
    entries, note = _known(folder)
    listed = exercises(folder, entries)
    name = f"pgcourse-progress-{now()[:10]}"
    files = {
        f"{name}.json": ("application/json", written(entries), "everything, to bring back later"),
        f"{name}.csv": ("text/csv", table(listed, entries), "a table for a spreadsheet"),
        f"{name}.md": ("text/markdown", summary(listed, entries) + "\n", "a summary to read"),
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
        entries = parse((folder / str(file)).read_text(encoding="utf-8-sig"))
        note = merge(entries, folder)
    except NotProgress as error:
        return wrong(f"{file} is not a progress of this course: {error}.")
    except (OSError, ValueError) as error:  # ValueError: no text, or no name of a file
        return wrong(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.")
    passed = sum(_has_passed(entry) for entry in entries.values())
    return right(f"{len(entries)} exercises are brought in, {passed} of them passed. Run the page's cell again. {note}")


# Handing in

HAND_IN = "hand-in.json"  # in the .zip: the progress, with the student's name
MOST_IN_NAME = 50  # letters of a file's name: of any alphabet, these are fewer bytes than a disk allows


def hand_in(name: Any) -> Verdict:
    """Pack the notebooks in which an exercise was tried, with the student's name and the progress, into a file."""
    if name is ...:
        return waiting('your name, in quotes, such as "Ada Lovelace",')
    if not isinstance(name, str) or not any(sign.isalnum() for sign in name) or len(name) > LONGEST:
        return wrong(f'{shown(name)} is not a name; expected a text such as "Ada Lovelace".')
    folder = Path.cwd()
    entries, note = _known(folder)
    read = [one for path in folder.glob("*.ipynb") for _, one in _exercises_of(path)]  # all copies of a notebook, too
    books = sorted({one.notebook for one in read if one.name in entries})
    if not books:
        return nearly(f"No exercise has been answered yet, so that there is nothing to hand in. {note}")
    words = re.sub(r"[\W_]+", "-", normalize("NFC", name)).strip("-").lower()
    file = f"hand-in-{words[:MOST_IN_NAME]}.zip"
    try:
        with zipfile.ZipFile(folder / file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(HAND_IN, json.dumps({"name": name, **json.loads(written(entries))}, ensure_ascii=False))
            for book in books:
                packed.write(folder / book, book)
    except OSError as error:
        return wrong(f"{file} cannot be written: {error.strerror or error}.")
    return right(f"{file} is in the folder of the notebooks, with {', '.join(books)} as they were last saved. Send it.")


def name_in(text: str) -> str:
    """The student's name in a hand-in's progress, "" if there is none."""
    data = json.loads(text)
    name = data.get("name", "") if isinstance(data, dict) else ""
    return name[:LONGEST] if isinstance(name, str) else ""
