"""Folders and files that a command is given, and that it writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FROM = "PGCOURSE_FROM"  # in the environment: the folder in which course.py was started, which goes on in another


class CannotWrite(Exception):
    """A sentence that says what is in the way, and what to do."""


def given(path: str) -> Path:
    """A path as it was typed. CannotWrite for none, which would be the folder where the user is."""
    if not path.strip():
        raise CannotWrite(f"{path!r} is not the name of a folder, expected one such as OUT.")
    if os.name == "nt" and '"' in path:  # PowerShell writes it for the end of '.\my folder\', and takes in what follows
        raise CannotWrite(f"{path} has a quote in it: leave out the backslash at the end of the folder's name.")
    return Path(os.environ.get(FROM, ""), path).absolute()


def prepare(folder: Path) -> None:
    """An empty folder that can be written to, or CannotWrite with what to do."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.iterdir())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written to ({error.strerror}): name a folder of your own.") from error
    if there:
        raise CannotWrite(f"{folder} is not empty, {there[0]} is in it: name a new folder, or delete this one first.")
