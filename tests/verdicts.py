"""What a check says to an answer, for the tests of exercises."""

from __future__ import annotations

from pgcourse.exercises import Verdict


def says(verdict: Verdict, tone: str, words: str) -> None:
    """Assert that the check replies in this tone and with these words."""
    assert verdict.tone == tone, verdict
    assert words in verdict.message, verdict
