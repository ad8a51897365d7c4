"""How a reply shows what the student has given: short, and without tripping over it."""

from __future__ import annotations

import linecache
import reprlib
import sysconfig
from pathlib import Path
from types import TracebackType
from typing import Any

LONGEST = 80  # characters of what is shown
NOT_THE_STUDENTS = (
    *sysconfig.get_paths().values(),
    str(Path(__file__).parent.parent),
    "<__array_function__",
    "<frozen",
    "<string>",  # of dataclasses
    "numpy/",  # its Cython files have no longer path than that,
    "numpy\\",  # nor on Windows
)
PLAIN: dict[type[BaseException], str] = {
    RecursionError: "it calls itself without end",
    MemoryError: "it asks for more memory than there is",
    SystemExit: "it asks Python to stop",
    AssertionError: "an assert in it fails",
}


def shown(answer: Any) -> str:
    """repr(answer), cut if it is long; something else if it has none."""
    try:
        text = answer.__name__ if isinstance(answer, type) else _SHORT.repr(answer)
    except Exception as error:  # of a class of the student's own, or an integer with too many digits
        text = f"a {type(answer).__name__} that cannot be shown ({type(error).__name__})"
    return cut(" ".join(text.split()))


def cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 2] + " …"


class _Short(reprlib.Repr):
    def repr_ndarray(self, answer: Any, level: int) -> str:  # NumPy writes out every number of many short axes
        return repr(answer) if answer.size <= self.maxlist else f"an array of shape {answer.shape}"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = LONGEST
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 8


def apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ, four at least."""
    for digits in range(4, 18):
        first, second = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if first != second:
            break
    return first, second


def told(error: BaseException) -> str:
    """An error in the student's code: its name, the student's own line, and what it says."""
    try:
        said = cut(" ".join(str(error).split()), 4 * LONGEST).rstrip(".")
    except Exception as another:  # of an error class of the student's own
        said = f"(it raises {type(another).__name__} when asked what it says)"
    what = next((words for kind, words in PLAIN.items() if isinstance(error, kind)), "")
    text = "; ".join(part for part in (what, said) if part)
    return type(error).__name__ + line_of(error.__traceback__) + (f": {text}" if text else "")


def line_of(traceback: TracebackType | None) -> str:
    """The innermost line of the student's own, such as " in “return r @ q”"; "" if there is none."""
    found = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(NOT_THE_STUDENTS):
            line = linecache.getline(file, traceback.tb_lineno).strip()
            found = f" in “{cut(line)}”" if line else f" in line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
