"""Which notebooks there are. Each says what it is in its own metadata, under "pgcourse"; nothing is listed twice.

    "pgcourse": {"title": "02 reminders", "able": "improve a policy by …", "chapter": "Reminders", "minutes": 75}

A notebook whose name begins with a number belongs to the course. The others are pages, without these fields.
The tables in README.md and in notebook 00 are made from the fields: `python course.py notebook --tables` writes them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
FIELDS = {"title": str, "able": str, "chapter": str, "minutes": int}
FIRST = "00_start_here"  # this notebook has the students' table, in its cell "map"
BEGIN, END = "<!-- notebooks -->", "<!-- /notebooks -->"  # around the table in README.md


class Unlisted(Exception):
    """A sentence that says which notebook or field is missing, and where."""


class Listed(NamedTuple):
    """A notebook of the course, as its own metadata describe it."""

    path: Path
    title: str  # with its number
    able: str  # "you will be able to …"
    chapter: str  # the headings that it mirrors, "–" if none
    minutes: int  # for a first reading, with all exercises


def listed(folder: Path = FOLDER) -> list[Listed]:
    """The notebooks of the course, in their order. Raises Unlisted where a field is missing or of the wrong kind."""
    return [_described(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]


def find(number: str, folder: Path = FOLDER) -> Path:
    """The notebook with a number such as "05" or 5, or with the beginning of its name."""
    wanted = number.zfill(2) if number.isdecimal() else number.removesuffix(".ipynb")
    paths = sorted(folder.glob("*.ipynb"))
    found = [path for path in paths if wanted and path.stem.startswith(wanted)]
    if len(found) != 1:
        names = ", ".join(path.stem for path in paths)
        raise Unlisted(f"{number!r} names {len(found)} notebooks, expected one of: {names}.")
    return found[0]


def write_tables(root: Path = ROOT) -> list[Path]:
    """Bring the tables of README.md and of notebook 00 up to date; returns the files that have changed."""
    notebooks = listed(root / "notebooks")
    readme, first = root / "README.md", root / "notebooks" / f"{FIRST}.ipynb"
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise Unlisted(f"README.md has no {BEGIN} … {END}, between which the table of the notebooks belongs.")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    changed = _replace(readme, f"{head}{BEGIN}\n\n{readme_table(notebooks)}\n\n{END}{tail}")
    nb = json.loads(first.read_text(encoding="utf-8"))
    cells = [cell for cell in nb["cells"] if cell["id"] == "map"]
    if len(cells) != 1:
        raise Unlisted(f"{first.name} has {len(cells)} cells with the id 'map', expected one: it holds the table.")
    lines = "".join(cells[0]["source"]).split("\n")
    rows = [at for at, line in enumerate(lines) if line.startswith("|")]
    lines[rows[0] : rows[-1] + 1] = map_table(notebooks).split("\n")
    cells[0]["source"] = "\n".join(lines).splitlines(keepends=True)
    return changed + _replace(first, json.dumps(nb, indent=1, ensure_ascii=False) + "\n")


def readme_table(notebooks: list[Listed]) -> str:
    rows = [f"| [{nb.title}](notebooks/{nb.path.name}) | {nb.able} | {nb.chapter} |" for nb in notebooks]
    return "\n".join(["| notebook | you will be able to | chapter |", "|---|---|---|", *rows])


def map_table(notebooks: list[Listed]) -> str:
    """The table for notebook 00, which does not link to itself."""
    names = [nb.title if nb.path.stem == FIRST else f"[{nb.title}]({nb.path.name})" for nb in notebooks]
    rows = [f"| {name} | {nb.able} | {nb.chapter} | {nb.minutes} |" for name, nb in zip(names, notebooks, strict=True)]
    return "\n".join(["| notebook | you will be able to | chapter | minutes |", "|---|---|---|---|", *rows])


def _described(path: Path) -> Listed:
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("pgcourse", {})
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Unlisted(f"{path.name} is not a notebook: {error}.") from error
    for name, kind in FIELDS.items():
        if not isinstance(fields.get(name), kind) or isinstance(fields.get(name), bool):
            raise Unlisted(
                f"{path.name}: its metadata have {fields.get(name)!r} for pgcourse.{name}, expected a {kind.__name__}. "
                "In JupyterLab: Property Inspector, Notebook Metadata."
            )
    if not re.match(rf"{path.stem[:2]} ", fields["title"]):
        raise Unlisted(f"{path.name}: its pgcourse.title is {fields['title']!r}, expected {path.stem[:2]!r} before it.")
    return Listed(path, **{name: fields[name] for name in FIELDS})


def _replace(path: Path, text: str) -> list[Path]:
    if path.read_text(encoding="utf-8") == text:
        return []
    path.write_text(text, encoding="utf-8", newline="\n")
    return [path]
