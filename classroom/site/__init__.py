"""python course.py site                writes the course as web pages into the folder `site`, which is new or empty
python course.py site FOLDER         writes them into another folder, which is new or empty
python course.py site FOLDER 04 07   writes these pages only, and the index
python course.py site --lite         and the notebooks beside them, in JupyterLite: Python in the reader's browser

The pages need no Python and no network: every live view moves as far as its pictures were recorded. JupyterLite must
stand on a web server, and its kernel loads NumPy, SciPy and matplotlib from a network.
"""

from __future__ import annotations

import sys
from pathlib import Path

from classroom.folders import given

LITE = "--lite"


class CannotBuild(Exception):
    """A sentence that says what is in the way, and what to do."""


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    from classroom.site.build import build  # not before: only this command needs its packages

    words = [word for word in arguments if word != LITE]
    if options := [word for word in words if word.startswith("-")]:
        raise CannotBuild(f"{options[0]} is not an option of site, expected {LITE}.")
    folder, *numbers = words or ["site"]
    if folder.isdecimal() and len(folder) <= 2:
        raise CannotBuild(
            f"{folder!r} stands where the folder belongs, expected its name before: site FOLDER {folder}."
        )
    faults = build(given(folder) if words else Path(folder), numbers, has_lite=LITE in arguments)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0
