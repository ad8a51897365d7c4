"""What a cell of a notebook is for. It is read off its tags, its slide or its text here, and nowhere else.

An exercise is four cells: its box, its stub, the folded answer and the folded solution, which the course's tests run.
"""

from __future__ import annotations

from typing import Any

ANSWER = "<summary><b>Answer</b>"  # how a folded answer begins


def source(cell: dict[str, Any]) -> str:
    """The text of a cell, which a notebook's file may keep line by line."""
    return "".join(cell["source"])


def is_stub(cell: dict[str, Any]) -> bool:
    """Whether a student's answer belongs there."""
    return cell["cell_type"] == "code" and "exercise" in cell["metadata"].get("tags", [])


def is_answer(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "markdown" and ANSWER in source(cell)


def is_solution(cell: dict[str, Any]) -> bool:
    """Whether it is the course's own answer, for the course's own tests."""
    return "solution" in cell["metadata"].get("tags", [])


def is_for_instructors(cell: dict[str, Any]) -> bool:
    """*Teaching this*, and how to present the course."""
    return bool(cell["metadata"].get("slideshow", {}).get("slide_type") == "notes")
