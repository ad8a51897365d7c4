"""python course.py notebook 05                      everything about one notebook: it runs, and all its tests
python course.py notebook --new 20_many_states      writes a skeleton: the notebook, its exercises, their tests
python course.py notebook --tables                  writes the tables of the notebooks in README.md and notebook 00

More arguments after a number go to pytest.
"""

from __future__ import annotations

import subprocess
import sys

from classroom.listing import ROOT, Unlisted, find
from classroom.skeleton import write_skeleton
from classroom.tables import write_tables


def main(arguments: list[str]) -> int:
    first, *rest = arguments or [""]
    if first == "--new":
        files = write_skeleton(" ".join(rest))
        print("Written:", *(str(path.relative_to(ROOT)) for path in files), sep="\n  ")
        print(f"Try it: python course.py notebook {files[0].stem[:2]}. CONTRIBUTING.md says how to go on.")
        return 0
    if first == "--tables" and rest:
        raise Unlisted(f"{rest[0]!r} comes after --tables, expected nothing: the tables are of all notebooks.")
    if first == "--tables":
        changed = write_tables()
        print("Written:" if changed else "Nothing to write.", *(path.name for path in changed))
        return 0
    if first in ("-h", "--help"):
        print(__doc__)
        return 0
    if not first:
        print(__doc__, file=sys.stderr)
        return 2
    if first.startswith("-"):
        raise Unlisted(f"{first!r} is not an option of notebook, expected --new or --tables.")
    return test(first, rest)


def test(number: str, arguments: list[str]) -> int:
    """Run the notebook, and every test that has its name: its exercises', its pictures', its views' in the browser."""
    path = find(number)
    named = f"{path.stem} or nb{path.stem[:2]}" if path.stem[:2].isdecimal() else path.stem
    command = [sys.executable, "-m", "pytest", "tests", str(path.relative_to(ROOT)), "-k", named, *arguments]
    return subprocess.run(command, cwd=ROOT).returncode
