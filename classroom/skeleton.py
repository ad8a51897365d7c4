"""The beginning of a notebook: one idea, one exercise, and what every notebook has. It runs, and its tests pass.

The texts are in `template/`: there NN stands for the notebook's number, NAME for its name and TITLE for its title.
A notebook costs four files: itself, its exercises, their tests and, only if no shape of `pictures` fits, its pictures.
"""

from __future__ import annotations

import re
from pathlib import Path

from classroom.listing import ROOT, Unlisted

TEMPLATE = Path(__file__).parent / "template"


def write_skeleton(name: str, root: Path = ROOT) -> list[Path]:
    """Write the three files of a notebook such as "09_finite_horizon". Unlisted if its name or number is not free."""
    if not (match := re.fullmatch(r"(\d\d)_([a-z][a-z0-9_]*)", name)):
        raise Unlisted(f"{name!r} is not a notebook's name, expected two digits and small letters: 09_finite_horizon.")
    number, words = match.groups()
    if taken := sorted((root / "notebooks").glob(f"{number}_*.ipynb")):
        raise Unlisted(f"{number} is the number of {taken[0].name}, expected a number that is free.")
    files = {
        "notebook.ipynb": root / "notebooks" / f"{name}.ipynb",
        "exercises.txt": root / "pgcourse" / "exercises" / f"nb{name}.py",
        "tests.txt": root / "tests" / "exercises" / f"test_nb{name}.py",
    }
    if there := [path for path in files.values() if path.exists()]:
        raise Unlisted(f"{there[0].relative_to(root)} is there already, expected a name that is free.")
    title = words.replace("_", " ")
    for template, path in files.items():
        text = (TEMPLATE / template).read_text(encoding="utf-8")
        text = text.replace("NN", number).replace("NAME", words).replace("TITLE", title)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files.values())
