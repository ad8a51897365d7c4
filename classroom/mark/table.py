"""The tables: marks.csv, a line a notebook; replies.csv, a line an exercise; marks.txt, to be read."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from classroom.folders import CannotWrite
from classroom.mark.pool import Marked
from classroom.mark.returned import OURS as FILES
from classroom.mark.returned import plain

STAMP = "%Y-%m-%dT%H%M%S"
WORDS = {"none": "–"}  # for a tone; the others are words already
RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take what begins so for a formula


def prepare(into: Path) -> None:
    """Make the folder, and see whether the tables can be written there: before anything is run."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=into):
            pass
    except OSError as error:
        raise CannotWrite(
            f"{into} cannot be written to ({error.strerror}): name a folder for the tables by --into."
        ) from error


def write(marked: Sequence[Marked], into: Path) -> list[str]:
    """Write the three files, and give their names. Earlier ones are kept under another name.

    On Windows nobody can move a file that a spreadsheet shows: then it is the new one that has another name.
    """
    names = []
    for name, text in zip(FILES, (marks(marked), replies(marked), summary(marked) + details(marked)), strict=True):
        path = into / name
        if path.exists():
            try:
                path.replace(_free(path, time.strftime(STAMP, time.localtime(path.stat().st_mtime))))
            except PermissionError:
                path = _free(path, time.strftime(STAMP))
        unfinished = into / f".{path.name}.new"
        encoding = "utf-8-sig" if path.suffix == ".csv" else "utf-8"  # by which a spreadsheet knows the letters
        unfinished.write_text(text, encoding=encoding, newline="")
        unfinished.replace(path)
        names.append(path.name)
    return names


def _free(path: Path, stamp: str) -> Path:
    names = (path.with_stem(f"{path.stem}-{stamp}{f'-{k}' * (k > 1)}") for k in count(1))
    return next(name for name in names if not name.exists())


def ordered(marked: Iterable[Marked]) -> list[Marked]:
    return sorted(marked, key=lambda one: (one.notebook, one.returned.who.casefold(), one.returned.shown))


# For a spreadsheet


def marks(marked: Iterable[Marked]) -> str:
    head = ["who", "notebook", "passed", "of", "note", "file"]
    return _csv(
        head,
        (
            [one.returned.who, one.notebook, one.passed, len(one.replies), one.note, one.returned.shown]
            for one in ordered(marked)
        ),
    )


def replies(marked: Iterable[Marked]) -> str:
    head = ["who", "notebook", "exercise", "reply", "message", "attempts", "first passed", "last tried", "file"]
    lines = []
    for one in ordered(marked):
        for reply in one.replies:
            known = one.returned.history.get(reply.exercise)
            history = [known["attempts"], known["passed"] or "", known["tried"]] if known else ["", "", ""]
            lines.append([one.returned.who, one.notebook, *reply, *history, one.returned.shown])
    return _csv(head, lines)


def _csv(head: list[str], lines: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([[_harmless(value) for value in line] for line in lines])
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet takes for a text, also one that begins a new cell behind each semicolon."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"""([;\t][\s"]*)(?=[=+\-@])""", r"\1'", plain(value))
    return f"'{text}" if text.lstrip().startswith(RISKY) or value.startswith(RISKY) else text


# To be read


def summary(marked: Iterable[Marked]) -> str:
    """A line a notebook, under the names of its exercises."""
    rows, text = ordered(marked), []
    for notebook in dict.fromkeys(one.notebook for one in rows):
        here = [one for one in rows if one.notebook == notebook]
        exercises = [reply.exercise for reply in here[0].replies]
        lines = [[notebook or "not marked", "passed", *exercises, ""]]
        for one in here:
            tones = [WORDS.get(reply.tone, reply.tone) for reply in one.replies]
            of = f"{one.passed} of {len(one.replies)}" if notebook else ""
            lines.append([plain(one.returned.who), of, *tones, plain(one.note)])
        text += [_columns(lines), ""]
    return "\n".join(text)


def details(marked: Iterable[Marked]) -> str:
    """What was said to each exercise, and what the student's progress says of it."""
    lines = []
    for one in ordered(marked):
        lines += ["", f"{plain(one.returned.who)}, {one.notebook or 'not marked'} ({plain(one.returned.shown)})"]
        lines += [f"  {plain(one.note)}"] * bool(one.note)
        for reply in one.replies:
            known = one.returned.history.get(reply.exercise)
            history = ""
            if known:
                attempts = "1 attempt" if known["attempts"] == 1 else f"{known['attempts']} attempts"
                history = f" [{attempts}, passed: {known['passed'] or 'never'}]"
            lines.append(f"  {reply.exercise}: {WORDS.get(reply.tone, reply.tone)}{history} {plain(reply.message)}")
    return "\n".join(lines) + "\n"


def _columns(lines: list[list[str]]) -> str:
    widths = [min(max(len(line[k]) for line in lines), 120) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(f"{text:{width}.{width}}" if k < len(widths) - 1 else text for k, (text, width) in
                  enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    )  # fmt: skip
