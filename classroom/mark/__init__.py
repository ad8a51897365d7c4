"""python course.py mark FOLDER            runs the checks of every returned notebook in FOLDER, and writes tables there
python course.py mark FOLDER 04 07      only those of these notebooks

    --into ANOTHER    writes the tables into another folder, which is made if it is not there
    --seconds 300     lets each notebook run so long (120 if nothing is said), and each of its cells a quarter of it

FOLDER holds notebooks, hand-ins (.zip), or a folder for each student, which may hold several of both.
The tables are marks.csv (a line a notebook), replies.csv (a line an exercise) and marks.txt, to be read.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from classroom.folders import CannotWrite, given
from classroom.listing import find


class CannotMark(Exception):
    """A sentence that says what is in the way, and what to do."""


def main(arguments: list[str]) -> int:
    if not arguments or {"-h", "--help"} & set(arguments):
        print(__doc__, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    try:
        from classroom.mark import pool, returned, server, table  # not before: only this command needs them
    except Exception as error:  # such as a check without @exercise, in a notebook that is being written
        said = f"{type(error).__name__}: {error}"
        raise CannotMark(f"The course itself does not run here: try `course.py test`. It said: {said}") from error

    options = _options(arguments)
    folder = given(options.folder)
    into = given(options.into) if options.into else folder if folder.is_dir() else folder.parent
    wanted = [find(number).stem for number in options.numbers]
    server.references()  # Unlisted, before anything is run
    with tempfile.TemporaryDirectory(prefix="pgcourse-mark-", ignore_cleanup_errors=True) as own:
        found = returned.find_returned(folder, Path(own))
        if not found.notebooks:
            none = f"{folder} has no notebooks and no hand-ins, expected files .ipynb or .zip."
            raise CannotMark(f"{none} {found.other}".rstrip())
        table.prepare(into)
        marked, was_stopped = pool.mark_all(found.notebooks, wanted, options.seconds)
    text = table.summary(marked)
    print(text, found.other, sep="\n")
    try:
        names = table.write(marked, into)
    except OSError as error:
        print(table.details(marked), table.marks(marked), table.replies(marked), sep="\n")
        raise CannotWrite(f"{into} cannot be written to ({error.strerror}): the tables are above.") from error
    print(f"Written: {', '.join(names)} in {into}.")
    for name in [name for name in table.FILES if name not in names]:
        print(f"{name} is as it was: another program holds it.")
    if was_stopped:
        print("Stopped: the tables have what was marked until then.", file=sys.stderr)
    return 130 if was_stopped else 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotMark(f"{message}. See `python course.py mark --help`.")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser("course.py mark", add_help=False, allow_abbrev=False)
    parser.add_argument("folder")
    parser.add_argument("numbers", nargs="*")
    parser.add_argument("--into")
    parser.add_argument("--seconds", default="120")
    options = parser.parse_intermixed_args(arguments)
    with suppress(ValueError):
        seconds = float(options.seconds)
        if 1 <= seconds <= 86_400:
            options.seconds = seconds
            return options
    raise CannotMark(f"--seconds is {options.seconds!r}, expected a number from 1 to 86,400.")
