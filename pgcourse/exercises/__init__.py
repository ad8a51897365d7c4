"""Checks that answer back: each names the mistake, and none raises on a wrong or missing answer.

    check_parameter_count(58)      # a Verdict: shown in the notebook, true only if the answer is right

An exercise not answered yet is `...`, Python's own ellipsis, so that "Run all" runs through.
The checks of notebook 05 are in `nb05_greediness`, and so on. All of them can be imported from here.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from pgcourse.exercises.verdict import Verdict
from pgcourse.exercises.watching import watch


def checks_in(module: ModuleType) -> dict[str, Callable[..., Verdict]]:
    """The checks of a module, by name. TypeError for one without @exercise: progress would not know it."""
    found = {name: check for name, check in vars(module).items() if name.startswith("check_") and callable(check)}
    for name, check in found.items():
        if not hasattr(check, "exercise"):
            raise TypeError(f"{name} in {module.__name__} has no @exercise above it: progress would not record it")
    return found


for _module in sorted(module.name for module in iter_modules(__path__) if module.name.startswith("nb")):
    globals().update(checks_in(import_module(f"{__name__}.{_module}")))

__all__ = ["Verdict", *sorted(name for name in globals() if name.startswith("check_"))]

watch()  # here and not in a cell of each notebook, where it would be noise to the reader and could be forgotten
