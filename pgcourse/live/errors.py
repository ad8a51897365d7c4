"""An error in a view: first in the reader's words, then, after an empty line, in Python's."""

from __future__ import annotations

import traceback

import numpy as np

_MEANING: dict[type[BaseException], str] = {
    ZeroDivisionError: "something is divided by zero there",
    FloatingPointError: "a number becomes infinite or undefined there",
    OverflowError: "a number becomes too large there",
    np.linalg.LinAlgError: "its linear equations have no single solution there",
    MemoryError: "it takes more memory than there is",
}


def in_words(error: BaseException, picture: str) -> str:
    """What went wrong, what the picture does now (such as "stays as it was"), and the line of the reader's code."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. The picture shows what was finished before, and so do its controls."
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<ipython")]
    where = f"\nin {own[-1].name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
    return f"{_reason(error, frames)} The picture {picture}.\n\n{type(error).__name__}: {error}{where}"


def _reason(error: BaseException, frames: traceback.StackSummary) -> str:
    if (meaning := _MEANING.get(type(error))) and not _said_on_purpose(frames):
        return f"This cannot be drawn: {meaning}."
    if _said_on_purpose(frames):
        said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        return f"This cannot be drawn: {said.rstrip('.')}."
    return "This cannot be drawn: there is a mistake in the code behind the picture."


def _said_on_purpose(frames: traceback.StackSummary) -> bool:
    """Whether somebody wrote `raise` and chose the words: of the course or the reader, not of a library of arrays."""
    if not frames:
        return True
    last = frames[-1]
    return (last.line or "").startswith("raise") and not {"numpy", "scipy"} & set(
        last.filename.replace("\\", "/").split("/")
    )
