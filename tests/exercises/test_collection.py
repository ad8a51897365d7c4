"""The package finds the checks itself; nobody lists them."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from pgcourse import exercises


def test_every_check_of_every_module_can_be_imported_from_the_package():
    texts = [path.read_text(encoding="utf-8") for path in Path(exercises.__file__).parent.glob("nb*.py")]
    named = {name for text in texts for name in re.findall(r"^(?:def )?(check_\w+)(?:\(| = )", text, re.MULTILINE)}
    assert named == {name for name in exercises.__all__ if name != "Verdict"}
    assert len(named) >= 35


def test_a_check_that_progress_would_not_know_is_refused_by_name():
    module = ModuleType("nb99_new")
    vars(module)["check_forgotten"] = lambda answer: None
    with pytest.raises(TypeError, match="check_forgotten in nb99_new has no @exercise"):
        exercises.checks_in(module)
