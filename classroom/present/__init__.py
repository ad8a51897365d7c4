"""python course.py present 04      shows a notebook in class, one idea or one picture a screen
python course.py present 03 04   several notebooks, in this order

PageDown and PageUp, which a presenter's remote sends, turn everything over. README.md has the other keys.
Words from the first with a dash on go to JupyterLab: --no-browser. What is shown is a copy: the notebooks stay as they
are, and no progress is recorded.
"""

from __future__ import annotations

import sys


class CannotPresent(Exception):
    """A sentence that says what is in the way, and what to do."""


def main(arguments: list[str]) -> int:
    options = next((k for k, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    numbers, more = arguments[:options], arguments[options:]
    if more[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if more and not numbers:
        raise CannotPresent(f"{more[0]!r} is not the number of a notebook, expected one such as 04 before it.")
    if not numbers:
        print(__doc__, file=sys.stderr)
        return 2
    from classroom.present.start import start  # not before: only this command needs JupyterLab

    return start(numbers, more)
