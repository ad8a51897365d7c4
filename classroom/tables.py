"""What README.md and notebook 00 say of the notebooks and of the addresses: `python course.py notebook --tables`.

It is made from the notebooks' metadata (listing.py) and from pyproject.toml (published.py), and typed nowhere.
"""

from __future__ import annotations

import json
from pathlib import Path

from classroom.listing import FIRST, ROOT, Listed, Unlisted, listed
from classroom.published import published

BEGIN, END = "<!-- {} -->", "<!-- /{} -->"  # around what is made, in README.md


def write_tables(root: Path = ROOT) -> list[Path]:
    """Bring README.md and the cell "map" of notebook 00 up to date; returns the files that have changed."""
    notebooks = listed(root / "notebooks")
    readme, first = root / "README.md", root / "notebooks" / f"{FIRST}.ipynb"
    text = _between(readme.read_text(encoding="utf-8"), "notebooks", readme_table(notebooks))
    changed = _replace(readme, _between(text, "links", links()))
    nb = json.loads(first.read_text(encoding="utf-8"))
    cells = [cell for cell in nb["cells"] if cell["id"] == "map"]
    if len(cells) != 1:
        raise Unlisted(f"{first.name} has {len(cells)} cells with the id 'map', expected one: it holds the table.")
    lines = "".join(cells[0]["source"]).split("\n")
    rows = [at for at, line in enumerate(lines) if line.startswith("|")]
    lines[rows[0] : rows[-1] + 1] = map_table(notebooks).split("\n")
    cells[0]["source"] = "\n".join(lines).splitlines(keepends=True)
    return changed + _replace(first, json.dumps(nb, indent=1, ensure_ascii=False) + "\n")


def links() -> str:
    where = published()
    return "\n".join(f"    {address}" for address in (where.site, where.binder()))


def readme_table(notebooks: list[Listed]) -> str:
    rows = [f"| [{nb.title}](notebooks/{nb.path.name}) | {nb.able}. | {nb.chapter} |" for nb in notebooks]
    return "\n".join(["| notebook | you will be able to | chapter |", "|---|---|---|", *rows])


def map_table(notebooks: list[Listed]) -> str:
    """The table for notebook 00, which does not link to itself."""
    names = [nb.title if nb.path.stem == FIRST else f"[{nb.title}]({nb.path.name})" for nb in notebooks]
    rows = [f"| {name} | {nb.able}. | {nb.chapter} | {nb.minutes} |" for name, nb in zip(names, notebooks, strict=True)]
    return "\n".join(["| notebook | you will be able to | chapter | minutes |", "|---|---|---|---|", *rows])


def _between(text: str, name: str, new: str) -> str:
    begin, end = BEGIN.format(name), END.format(name)
    if begin not in text or end not in text:
        raise Unlisted(f"README.md has no {begin} … {end}, between which the {name} belong.")
    return f"{text.split(begin)[0]}{begin}\n\n{new}\n\n{end}{text.split(end)[1]}"


def _replace(path: Path, text: str) -> list[Path]:
    if path.read_text(encoding="utf-8") == text:
        return []
    path.write_text(text, encoding="utf-8", newline="\n")
    return [path]
