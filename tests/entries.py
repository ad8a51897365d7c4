"""What progress.json has of an exercise, for the tests of what is recorded and of the page that shows it."""

from __future__ import annotations

from typing import Any

T = [f"2026-01-0{day}T12:00:00Z" for day in range(1, 10)]


def entry(
    attempts: int = 1, passed: str | None = None, tried: str = T[0], last: str = "wrong", said: str = "no"
) -> dict[str, Any]:
    return {"attempts": attempts, "passed": passed, "tried": tried, "last": last, "said": said}
