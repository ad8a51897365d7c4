"""Answers that are chosen from a few: a letter, or a letter or word for each of several questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pgcourse.exercises.read import letter, only
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import shown


def first_wrong(
    given: Mapping[Any, Any],
    solution: Mapping[Any, str],
    choices: Collection[str],
    question: str,
    why_not: Callable[[Any, str], str],
) -> Verdict | None:
    """The verdict on the first choice that is open, none of the `choices` or not the solution's; None if all are right.

    A question is called by its key: "line" makes "line 3", and a phrase is quoted. `why_not(key, choice)` says why a
    choice is wrong. If half of them or more are right, this is "nearly".
    """
    called = {key: repr(key) if isinstance(key, str) and " " in key else key for key in solution}
    done = sum(isinstance(given[key], str) and given[key] == expected for key, expected in solution.items())
    so_far = f"{done} of {len(solution)} are right"
    for key, expected in solution.items():
        own = given[key]
        if own is ...:
            return waiting(f"an answer for {question} {called[key]} (so far {so_far})")
        if not isinstance(own, str) or own not in choices:
            of = ", ".join(choices)
            return wrong(f"{question.capitalize()} {called[key]} has {shown(own)}, expected one of {of}.")
        if own != expected:
            text = why_not(key, own)
            return nearly(f"{so_far}. {text}") if 2 * done >= len(solution) else wrong(text)
    return None


def accused(answer: Any, culprit: str, why: str, innocent: Mapping[str, str], look: str = "") -> Verdict:
    """Which of a few functions is biased: its letter, or the function itself. `innocent`: letter → why it is not.

    `look` says what convicts the culprit, if it is not what z_scores of the letter alone gives.
    """
    if answer is ...:
        return waiting("a letter")
    letters = sorted([culprit, *innocent])
    answer = only(list(answer) if isinstance(answer, set | frozenset) else answer)
    given = letter(getattr(answer, "__name__", answer) if callable(answer) else answer)
    if not isinstance(given, str) or given not in letters:
        named = ", ".join(map(repr, letters[:-1]))
        return wrong(f"{shown(answer)} is not one of them; expected {named} or {letters[-1]!r}.")
    if given in innocent:
        return wrong(f"{innocent[given]} {look or f'Look at z_scores({given}), and at those of the others.'}")
    return right(why)


def accusation(
    module: str, check: str, culprit: str, texts: Mapping[str, str], question: str, look: str = ""
) -> Callable[[Any], Verdict]:
    """The exercise of this name, such as "check_silent_bug", which asks only for the culprit; letter → what is said.

    `module` is the __name__ of the module that asks: by it the progress page knows the notebook. `look` as above.
    """

    def asked(answer: Any) -> Verdict:
        innocent = {letter: text for letter, text in texts.items() if letter != culprit}
        return accused(answer, culprit, texts[culprit], innocent, look)

    asked.__module__, asked.__name__, asked.__doc__ = module, check, question
    return exercise(asked)
