"""The beginning of a notebook: one idea, one exercise, and what every notebook has. It runs, and its tests pass.

The texts are in `template/`: there NN stands for the notebook's number, NAME for its name and TITLE for its title.
A notebook costs four files: itself, its exercises, their tests and, only if no shape of `pictures` fits, its pictures.
The notebook before it leads on to it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from classroom.listing import ROOT, Unlisted

TEMPLATE = Path(__file__).parent / "template"
BACK = "Back to [the map](00_start_here.ipynb)"  # in the cell "licence"; what comes after it leads to the next notebook


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
    for path in sorted((root / "pgcourse" / "exercises").glob("nb*.py")):
        if re.search(rf"^def check_{words}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            raise Unlisted(f"check_{words} is an exercise of {path.name}, expected a name that is free.")
    _place_in_the_one_before(files["notebook.ipynb"])
    title = words.replace("_", " ")
    for template, path in files.items():
        text = (TEMPLATE / template).read_text(encoding="utf-8")
        text = text.replace("NN", number).replace("NAME", words).replace("TITLE", title)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [*files.values(), *_lead_on_to(files["notebook.ipynb"])]


def _lead_on_to(new: Path) -> list[Path]:
    """Let the notebook before lead to the new one, and the new one to where that led; returns the one before."""
    if (place := _place_in_the_one_before(new)) is None:
        return []
    before, old, onwards = place
    here = f"{BACK}, on to [{new.name[:2]}]({new.name})"
    for path, was, now in ((before, old, here), (new, BACK, BACK + onwards)):
        text = path.read_text(encoding="utf-8").replace(was, now)
        json.loads(text)  # still a notebook
        path.write_text(text, encoding="utf-8", newline="\n")
    return [before]


def _place_in_the_one_before(new: Path) -> tuple[Path, str, str] | None:
    """The notebook before, its text that leads back and on, and of that the part that leads on; None for the first."""
    earlier = [path for path in sorted(new.parent.glob("[0-9][0-9]_*.ipynb")) if path.name < new.name]
    if not earlier:
        return None
    before = earlier[-1]
    onwards = r"((, on to \[\d\d\]\(\w+\.ipynb\))?)"
    found = re.search(re.escape(BACK) + onwards, before.read_text(encoding="utf-8"))
    if found is None:
        raise Unlisted(f"{before.name} has no {BACK!r}, expected it at the end: there it leads on to {new.name}.")
    return before, found[0], found[1]
