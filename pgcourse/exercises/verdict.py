"""What a check says, and in which tone."""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable
from functools import wraps
from typing import NamedTuple, ParamSpec

import numpy as np

from pgcourse.exercises.patience import OwnTime, TooLong, at_most
from pgcourse.exercises.words import line_of, told

TONES = {  # word, sign, and two colours with a contrast of more than 7 : 1
    "right": ("Right", "✔", "#DAFBE1", "#0B4A1E"),
    "nearly": ("Nearly", "◐", "#FFF8C5", "#4D2D00"),
    "wrong": ("Not yet", "✘", "#FFEBE9", "#6E011A"),
    "waiting": ("Waiting for your answer", "…", "#EAEEF2", "#1F2328"),
}
PATIENCE = float(os.environ.get("PGCOURSE_PATIENCE", "4.5"))  # seconds of work; a right answer takes less than three


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


class Reply(BaseException):
    """A verdict found on the way, where nothing is left to be judged. No Exception: a student's code lets it pass."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


Parameters = ParamSpec("Parameters")


def exercise(check: Callable[Parameters, Verdict]) -> Callable[Parameters, Verdict]:
    """The check, whose verdicts say which exercise they are of. Whatever the answer does, there is a verdict, in time.

    Only KeyboardInterrupt is passed on: it is the student who interrupts.
    """
    name = check.__name__.removeprefix("check_")

    @wraps(check)
    def named(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Verdict:
        began = time.monotonic()
        try:
            with np.errstate(all="ignore"), at_most(PATIENCE, of=OwnTime):  # infinities are told in the verdict
                verdict = check(*args, **kwargs)
        except Reply as reply:
            verdict = reply.verdict
        except TooLong as stopped:
            where = line_of(stopped.__traceback__)
            waited = f"{time.monotonic() - began:.2g} seconds"  # by the clock
            verdict = wrong(f"Still at work after {waited}, and stopped{where}. Does a loop never end?")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of a class of the student's own, when it is looked at
            verdict = wrong(f"Your answer cannot be read: {told(error)}.")
        return verdict._replace(exercise=name)

    named.exercise = name  # type: ignore[attr-defined]
    return named


def right(message: str) -> Verdict:
    return Verdict("right", message)


def nearly(message: str) -> Verdict:
    return Verdict("nearly", message)


def wrong(message: str) -> Verdict:
    return Verdict("wrong", message)


def waiting(what: str) -> Verdict:
    return Verdict("waiting", f"Put {what} in place of the three dots, and run the cell again.")
