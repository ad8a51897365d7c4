"""What a check says, and in which tone."""

from __future__ import annotations

import html
import numbers
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

import numpy as np

TONES = {  # word, sign, and two colours with a contrast of more than 7 : 1
    "right": ("Right", "✔", "#DAFBE1", "#0B4A1E"),
    "nearly": ("Nearly", "◐", "#FFF8C5", "#4D2D00"),
    "wrong": ("Not yet", "✘", "#FFEBE9", "#6E011A"),
    "waiting": ("Waiting for your answer", "…", "#EAEEF2", "#1F2328"),
}


class Verdict(NamedTuple):
    """What a check says; true only if the answer is right."""

    tone: str
    message: str
    exercise: str = ""  # which one it judges: the check's name without "check_"

    def __bool__(self) -> bool:
        return self.tone == "right"

    def __repr__(self) -> str:
        word, sign, *_ = TONES[self.tone]
        return f"{sign} {word}. {self.message}"

    def _repr_html_(self) -> str:
        word, sign, back, ink = TONES[self.tone]
        style = f"background:{back};color:{ink};border-left:5px solid {ink};padding:8px 12px;border-radius:4px"
        return f'<div role="status" style="{style}"><b>{sign} {word}.</b> {html.escape(self.message)}</div>'


Parameters = ParamSpec("Parameters")


def exercise(check: Callable[Parameters, Verdict]) -> Callable[Parameters, Verdict]:
    """The check, whose verdicts say which exercise they are of."""
    name = check.__name__.removeprefix("check_")

    @wraps(check)
    def named(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Verdict:
        return check(*args, **kwargs)._replace(exercise=name)

    return named


def right(message: str) -> Verdict:
    return Verdict("right", message)


def nearly(message: str) -> Verdict:
    return Verdict("nearly", message)


def wrong(message: str) -> Verdict:
    return Verdict("wrong", message)


def is_number(answer: Any) -> bool:
    return isinstance(answer, numbers.Real) and not isinstance(answer, bool | np.bool_) and answer == answer


def waiting(what: str) -> Verdict:
    return Verdict("waiting", f"Put {what} in place of the three dots, and run the cell again.")


def accused(answer: Any, culprit: str, why: str, innocent: Mapping[str, str]) -> Verdict:
    """Which of a few functions is biased: its letter, or the function itself. `innocent`: letter → why it is not."""
    if answer is ...:
        return waiting("a letter")
    letters = sorted([culprit, *innocent])
    name = getattr(answer, "__name__", answer) if callable(answer) else answer
    letter = name.strip().upper() if isinstance(name, str) else name
    if not isinstance(letter, str) or letter not in letters:
        named = ", ".join(map(repr, letters[:-1]))
        return wrong(f"{answer!r} is not one of them; expected {named} or {letters[-1]!r}.")
    if letter in innocent:
        return wrong(f"{innocent[letter]} Look at z_scores({letter}), and at those of the others.")
    return right(why)
