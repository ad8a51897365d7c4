"""A verdict that a cell shows is the student's progress; one that is only computed is not.

The solution cells of the notebooks assert their verdicts, and "Run all" runs them: so it is not the check that records,
nor the verdict, but IPython, which says after each cell what it has shown: the value of its last line or, if that is no
reply, the last one that it has displayed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from IPython import get_ipython

from pgcourse.exercises.progress import FILE, record
from pgcourse.exercises.verdict import Verdict

SWITCH = "PGCOURSE_PROGRESS"  # in the environment: "off" records nothing, as for the course's own tests


def watch() -> None:
    """Record from now on, beside the notebook; nothing outside a kernel."""
    shell: Any = get_ipython()
    if getattr(shell, "kernel", None) is None or os.environ.get(SWITCH) == "off":
        return
    folder, told = Path.cwd(), []  # as the kernel was started: in the notebook's folder, wherever its cells go later
    displayed: list[Verdict] = []  # by the cell that runs

    def on_displayed(verdict: Verdict) -> str:
        displayed.append(verdict)
        return verdict._repr_html_()

    def on_shown(result: Any) -> None:
        shown = [*displayed, result.result] if isinstance(result.result, Verdict) else displayed
        note = recorded(shown[-1], folder) if shown else ""
        if note and note not in told:
            told.append(note)
            print(note)
        elif shown and not note:
            told.clear()  # it works again: should it fail once more, that is news

    shell.display_formatter.formatters["text/html"].for_type(Verdict, on_displayed)
    shell.events.register("pre_run_cell", lambda *_: displayed.clear())
    shell.events.register("post_run_cell", on_shown)


def recorded(shown: Any, folder: Path) -> str:
    """Record it if it is the reply to an exercise; returns what the student should be told, mostly ""."""
    if not isinstance(shown, Verdict) or not shown.exercise or shown.tone == "waiting":
        return ""
    try:
        return record(shown.exercise, shown.tone, shown.message, folder)
    except OSError as error:
        return f"(Your progress cannot be saved in {FILE}: {error.strerror or error}. The checks work all the same.)"
