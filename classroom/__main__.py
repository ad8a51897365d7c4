"""python -m classroom COMMAND …, as `course.py` calls it; a mistake is one sentence and exit code 2."""

from __future__ import annotations

import sys

from classroom import notebook
from classroom.listing import Unlisted

COMMANDS = {"notebook": notebook.main}


def main(arguments: list[str]) -> int:
    command, *rest = arguments or [""]
    if command not in COMMANDS:
        print(f"{command!r} is not a command, expected one of: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[command](rest)
    except Unlisted as reason:
        print(reason, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
