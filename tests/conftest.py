"""What holds for all tests: a busy machine changes no verdict."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pgcourse.exercises import verdict


@pytest.fixture(scope="session", autouse=True)
def patient_checks() -> Iterator[None]:
    """No right answer is stopped on a busy machine; the tests of what never ends set a time of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "PATIENCE", 20)
        yield
