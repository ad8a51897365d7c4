"""Run a notebook once, and write down what each cell shows: python -m classroom.site.run NOTEBOOK FILE

FILE gets one line of JSON a cell, as soon as the cell has run, so that what is done stays when a later cell ends the
process: {"cell": id, "outputs": [data by media type, …], "error": words or null}. A live view is an output of the type
VIEW, {"view": its number}. When all cells have run the views are recorded, a line each: {"view": number, "name": …}
with "recording", or with "still" and the "reason" why it cannot be recorded.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from time import process_time
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from pgcourse import Explorer
from pgcourse.live.recording import Unrecordable, record_view

VIEW = "application/vnd.pgcourse.view+json"
SHARE = 0.5  # of the time that the notebook itself takes, for recording its views
STARTED = 1.5  # seconds of that time before its first cell


def run(notebook: Path, tell: Callable[[dict[str, Any]], None], share: float = SHARE) -> dict[str, Any]:
    """Run all code cells in this process, in the notebook's folder, then record the views; `tell` is given each line.

    Recording takes about `share` of the time of the cells; with 0, it takes the fewest values of each control. Returns
    what the cells have defined.
    """
    began = process_time()
    shell = quiet_shell()
    views: list[Explorer] = []

    def show(view: Explorer) -> None:
        views.append(view)
        shell.display_pub.publish({VIEW: {"view": len(views) - 1}})

    # instead of the widget itself, which needs a kernel
    shell.display_formatter.ipython_display_formatter.for_type(Explorer, show)
    try:
        with chdir(notebook.parent):
            for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    outputs, error = ran(shell, "".join(cell["source"]))
                    tell({"cell": cell["id"], "outputs": outputs, "error": error})
            left = share * (process_time() - began + STARTED)  # seconds
            for k, view in enumerate(views):
                before = process_time()
                tell({"view": k, **recorded(view, left / (len(views) - k))})
                left = max(left - (process_time() - before), 0.0)
    finally:
        shell.restore_sys_module_state()
        QuietShell.clear_instance()
    hidden = shell.user_ns_hidden
    return {name: thing for name, thing in shell.user_ns.items() if name not in hidden and name[0] != "_"}


class _Results(DisplayHook):
    """The value of a cell's last line is an output like any other."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        self.shell.display_pub.publish(format_dict)

    def finish_displayhook(self) -> None:
        pass


class QuietShell(InteractiveShell):
    """IPython that keeps what is shown, and prints nothing of it."""

    displayhook_class = _Results
    display_pub_class = CapturingDisplayPublisher


def quiet_shell() -> Any:
    """The shell that `run` takes, and then gives up."""
    return QuietShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))


def ran(shell: Any, source: str) -> tuple[list[dict[str, Any]], str | None]:
    """What a cell shows, and what it says if it fails."""
    shell.display_pub.outputs.clear()
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(StringIO()):
        result = shell.run_cell(source, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    outputs = [output["data"] for output in shell.display_pub.outputs if output["data"]]
    if printed.getvalue() and not error:  # IPython prints its traceback there
        outputs.insert(0, {"text/plain": printed.getvalue().rstrip()})
    return outputs, None if error is None else f"{type(error).__name__}: {error}"


def recorded(view: Explorer, seconds: float) -> dict[str, Any]:
    """The recording of a view, as rich as so many seconds allow, or why there is none, with its still picture."""
    name = view.live.name
    try:
        recording = record_view(view, most_seconds=seconds)
    except Exception as reason:  # the code behind the view runs here
        still = base64.b64encode(view.live.still()).decode()
        said = view.live.frame["description"] or name
        words = str(reason) if isinstance(reason, Unrecordable) else f"{name}: {type(reason).__name__}: {reason}"
        return {"name": name, "still": still, "width": view.live.size[0], "alt": said, "reason": words}
    return {"name": name, "recording": {**recording, "widgets": list(view.controls)}, "more": _more(view)}


def _more(view: Any) -> str:
    """What a view can do in its notebook alone, in words."""
    buttons = [button for button in ("run", "one step") if button in _descriptions(view.widget)]
    if not buttons:
        return ""
    here = " and ".join(["its scenes"] * bool(view.scenes) + ["its sliders"] * bool(view.controls)) or "its picture"
    verb = "is" if here == "its picture" else "are"
    return f"In the notebook this view has a button “{buttons[0]}”, too. Here {verb} {here}."


def _descriptions(widget: Any) -> list[str]:
    own = [getattr(widget, "description", "")]
    return own + [text for child in getattr(widget, "children", ()) for text in _descriptions(child)]


def main(notebook: Path, file: Path) -> None:
    with file.open("w", encoding="utf-8") as lines:

        def tell(line: dict[str, Any]) -> None:
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            lines.flush()

        run(notebook.resolve(), tell)


if __name__ == "__main__":
    os.environ.setdefault("PGCOURSE_PROGRESS", "off")
    main(*map(Path, sys.argv[1:]))
