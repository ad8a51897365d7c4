"""python -m classroom COMMAND …, as `course.py` calls it; a mistake is one sentence and exit code 2, Ctrl-C is 130."""

from __future__ import annotations

import io
import sys

from classroom import mark, notebook, present, site, student
from classroom.folders import CannotWrite
from classroom.listing import Unlisted

COMMANDS = {
    "notebook": notebook.main,
    "present": present.main,
    "site": site.main,
    "student": student.main,
    "mark": mark.main,
}


def main(arguments: list[str]) -> int:
    command, *rest = arguments or [""]
    if command in ("-h", "--help"):
        print(f"python course.py COMMAND --help says more; COMMAND is one of: {', '.join(COMMANDS)}")
        return 0
    if command not in COMMANDS:
        print(f"{command!r} is not a command, expected one of: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name in letters that it has not
    try:
        return COMMANDS[command](rest)
    except (Unlisted, CannotWrite, present.CannotPresent, site.CannotBuild, mark.CannotMark) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
