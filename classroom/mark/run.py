"""Run a returned notebook in this process, and tell what the course's own checks say to it.

Told are a line of JSON each: {"notebook": its name, "of": its exercises}, then a reply for each answer that a cell
shows, {"exercise", "tone", "message", "reads"}, or "error" as the tone where the cell for the answer failed; "reads" is
whether that cell reads a view, or what a cell above has taken from one. {"changed": names} if the notebook has replaced
a part of the course; {"done": true} at the end. {"fault": words} if it is no notebook, or a cell was stopped.

A reply counts if a cell shows what the installed check itself has returned: not a verdict of another make, not a check
of the student's own, and not a check that was only called, in a loop over all answers for instance. A cell shows the
value of its last line; if that is no reply, the last one that it displays.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import pgcourse.exercises as course
from classroom.cells import is_solution, source
from classroom.mark.pristine import Pristine
from classroom.mark.questions import Question, fixed_values, made_and_used, questions
from pgcourse.exercises.patience import TooLong, at_most
from pgcourse.exercises.read import MOST_ENTRIES
from pgcourse.exercises.verdict import Verdict
from pgcourse.exercises.words import cut, told

LONGEST = 1000  # characters of a reply
VIEW = "_view"  # how the names of views end
Tell = Callable[[dict[str, Any]], None]


class _Results(DisplayHook):
    """Keeps the value of a cell's last line, and draws nothing of it: no view, no picture."""

    shell: Any
    text = ""  # of the cell

    def quiet(self) -> bool:
        """A semicolon at the end shows nothing. IPython looks for it in its history, which is off."""
        return bool(self.semicolon_at_end_of_expression(self.shell.transform_cell(self.text)))

    def compute_format_data(self, result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}

    def write_output_prompt(self) -> None:
        pass

    def finish_displayhook(self) -> None:
        pass


class _Nothing(DisplayFormatter):
    """What is displayed on the way is not drawn, either; the last of it is kept."""

    displayed: Any = None

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.displayed = obj if isinstance(obj, Verdict) else self.displayed
        return {}, {}


class _Nowhere(DisplayPublisher):
    """What is published as data goes nowhere."""

    def publish(self, *args: Any, **kwargs: Any) -> None:
        pass


class Shell(InteractiveShell):
    """IPython that draws nothing and writes nothing down."""

    displayhook_class = _Results

    def init_display_formatter(self) -> None:
        self.display_formatter = _Nothing(parent=self)

    def init_display_pub(self) -> None:
        self.display_pub = _Nowhere(parent=self)

    def enable_gui(self, gui: Any = None) -> None:
        pass

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        pass  # the error is in the cell's result

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        pass


def make_shell() -> Any:
    return Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def run(path: Path, references: dict[str, Path], wanted: Iterable[str], tell: Tell, seconds: float) -> None:
    """Run the notebook, each cell for at most so many `seconds`, if it is one of the `references`."""
    try:
        cells, name = read(path, references)
    except ValueError as error:
        return tell({"fault": str(error)})
    asked = questions(references[name])
    tell({"notebook": name, "of": [question.exercise for question in asked]})
    if wanted and name not in wanted:
        return None
    shell, stubs = make_shell(), {question.stub: question for question in asked}
    marking, from_views = Marking(asked), set[str]()
    for cell in cells:
        if cell["cell_type"] != "code" or is_solution(cell):
            continue
        marking.install(shell.user_ns)
        reads = reads_a_view(cell, from_views)
        try:
            with at_most(seconds):
                shell.displayhook.text, shell.display_formatter.displayed = source(cell), None
                result = shell.run_cell(source(cell))
        except BaseException as error:  # of a student's own that IPython lets through
            result = None
            failed: BaseException | None = error
        else:
            failed = result.error_before_exec or result.error_in_exec
        shown = (getattr(result, "result", None), shell.display_formatter.displayed)
        verdict = next((one for one in map(marking.issued, shown) if one is not None), None)
        if verdict is not None:
            message = cut(verdict.message, LONGEST)
            tell({"exercise": verdict.exercise, "tone": verdict.tone, "message": message, "reads": reads})
        elif failed is not None and (question := stubs.get(str(cell.get("id")))):
            words = f"Still at work after {seconds:g} s, and stopped" if isinstance(failed, TooLong) else told(failed)
            message = cut(words, LONGEST)
            tell({"exercise": question.exercise, "tone": "error", "message": message, "reads": reads})
        if isinstance(failed, TooLong):
            tell({"fault": f"a cell was stopped after {seconds:g} s"})
    if marking.changed:
        tell({"changed": sorted(marking.changed)[:5]})
    tell({"done": True})
    return None


def reads_a_view(cell: dict[str, Any], from_views: set[str]) -> bool:
    """Whether its code names a view, such as corridor_view, or one of the names that were made `from_views` above.

    The names that this cell makes so are added to these. Comments are left out; what is no Python names none.
    """
    reads = False
    try:
        for statement in ast.parse(TransformerManager().transform_cell(source(cell))).body:
            made, used = made_and_used(statement)
            changed = [node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)]
            used |= {target.id for target in changed if isinstance(target, ast.Name)}  # q += … uses q, too
            if used & from_views or any(name.endswith(VIEW) for name in used):
                reads = True
                from_views |= made
            else:  # a name that is given another value, or deleted
                from_views -= made - used
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return reads
    return reads


def read(path: Path, references: dict[str, Path]) -> tuple[list[dict[str, Any]], str]:
    """The cells of a returned notebook, and which of the course's it is; a ValueError says what is wrong with it."""
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        cells = [dict(cell) for cell in book["cells"]]
        for cell in cells:
            source(cell)
            is_solution(cell)
            cell["cell_type"]
        title = str(book["metadata"].get("pgcourse", {}).get("title", ""))
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no notebook ({cut(f'{type(error).__name__}: {error}')})") from error
    numbers = {stem[:2]: stem for stem in references}
    stem = next((stem for stem in references if stem in path.stem), "") or numbers.get(title[:2], "")
    if not stem:
        raise ValueError("it is none of the course's notebooks with exercises, by its name and its metadata")
    return cells, stem


class Marking:
    """The checks of a notebook, which remember their verdicts. They take from the student the answer alone."""

    def __init__(self, asked: list[Question]) -> None:
        self.changed: set[str] = set()
        self._verdicts: list[tuple[Verdict, Callable[[], Verdict]]] = []
        fixed = fixed_values(asked)
        checks = {name: getattr(course, name) for name in course.__all__ if name.startswith("check_")}
        self._checks = {name: self._remembering(check, fixed.get(name, {})) for name, check in checks.items()}
        self.install({})
        self._pristine = Pristine()

    def install(self, names: dict[str, Any]) -> None:
        """Before a cell: wherever it may find a check, it finds the genuine one."""
        for name, check in self._checks.items():
            setattr(course, name, check)
            setattr(sys.modules[check.__module__], name, check)
            if name in names:
                names[name] = check

    def issued(self, shown: Any) -> Verdict | None:
        """The verdict on what a cell has shown, if that is a verdict of these checks."""
        return next((judge() for verdict, judge in self._verdicts if verdict is shown), None)

    def _remembering(self, check: Callable[..., Verdict], fixed: dict[str, Any]) -> Callable[..., Verdict]:
        parameters = signature(check)

        @wraps(check)
        def asked(*args: Any, **kwargs: Any) -> Verdict:
            self.changed.update(self._pristine.restore())
            args, kwargs = tuple(map(_listed, args)), {name: _listed(value) for name, value in kwargs.items()}
            verdict = check(*args, **kwargs)
            self._verdicts.append((verdict, partial(judge, verdict, *args, **kwargs)))
            return verdict

        def judge(verdict: Verdict, /, *args: Any, **kwargs: Any) -> Verdict:
            if not fixed:
                return verdict
            given = parameters.bind(*args, **kwargs)
            given.arguments.update(fixed)
            self.changed.update(self._pristine.restore())
            return check(*given.args, **given.kwargs)

        return asked


def _listed(answer: Any) -> Any:
    """What an iterator gives, as a list, up to what a check reads: it is asked for twice. Anything else as it is."""
    return list(islice(answer, MOST_ENTRIES + 1)) if isinstance(answer, Iterator) else answer
