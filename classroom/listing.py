"""Which notebooks there are. Each says what it is in its own metadata, under "pgcourse"; nothing is listed twice.

    "pgcourse": {"title": "02 reminders", "able": "improve a policy by …", "chapter": "Reminders", "minutes": 75}

A notebook whose name begins with a number belongs to the course. The others are pages, without these fields.
What is written elsewhere from these fields, tables.py writes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from classroom.cells import is_for_instructors, is_stub, source

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
FIELDS = {"title": str, "able": str, "chapter": str, "minutes": int}
KINDS = {str: "a text", int: "a whole number"}  # as a message says it
FIRST = "00_start_here"
PAGES = ("progress", "errata")  # notebooks without exercises, which come along with the course


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


def read(path: Path) -> dict[str, Any]:
    """What is in a notebook's file. Raises Unlisted if it cannot be read, or is no notebook with ids for its cells."""
    try:
        book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        book["metadata"].get("pgcourse", {}).get("title")
        for cell in book["cells"]:
            source(cell), cell["id"], is_stub(cell), is_for_instructors(cell)
    except OSError as error:
        raise Unlisted(f"{path.name} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unlisted(f"{path.name} is not a notebook: {error!r}.") from error
    return book


def find(number: str, folder: Path = FOLDER) -> Path:
    """The notebook with a number such as "05" or 5, or with the beginning of its name."""
    wanted = number.zfill(2) if number.isdecimal() else number.removesuffix(".ipynb")
    paths = sorted(folder.glob("*.ipynb"))
    found = [path for path in paths if wanted and path.stem.startswith(wanted)]
    if len(found) != 1:
        names = ", ".join(path.stem for path in paths)
        raise Unlisted(f"{number!r} names {len(found)} notebooks, expected one of: {names}.")
    return found[0]


def _described(path: Path) -> Listed:
    fields = read(path)["metadata"].get("pgcourse", {})
    for name, kind in FIELDS.items():
        if not isinstance(fields.get(name), kind) or isinstance(fields.get(name), bool):
            raise Unlisted(
                f"{path.name}: its metadata have {fields.get(name)!r} for pgcourse.{name}, expected {KINDS[kind]}. "
                "In JupyterLab: Property Inspector, Notebook Metadata."
            )
    if not re.match(rf"{path.stem[:2]} ", fields["title"]):
        raise Unlisted(f"{path.name}: its pgcourse.title is {fields['title']!r}, expected {path.stem[:2]!r} before it.")
    return Listed(path, **{name: fields[name] for name in FIELDS})
