"""JupyterLab with our front-end extension, on a copy of the notebooks, with settings of its own.

The extension is written by hand. Its parts are put together here: nothing is bundled, and no network is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classroom.lab import AT_ONCE
from classroom.listing import FOLDER, ROOT, find
from classroom.present import CannotPresent

EXTENSION = Path(__file__).parent / "extension"
PARTS = ("deck.js", "stage.js", "run.js", "second.js", "present.js", "container.js")  # the later ones use the earlier
NAME = "pgcourse-present"
SETTINGS: dict[str, Any] = {
    "@jupyterlab/notebook-extension:tracker": {  # every cell is in the page, and none is written to
        "windowingMode": "none",
        "recordTiming": False,
        "scrollPastEnd": False,
        "codeCellConfig": {"lineNumbers": False, "lineWrap": True},
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


def start(numbers: Sequence[str], options: Sequence[str] = (), folder: Path = FOLDER) -> int:
    """Present the notebooks with these numbers until JupyterLab ends; its `options` come last.

    Raises Unlisted or CannotPresent, with a sentence, before anything is started.
    """
    paths = [find(number, folder) for number in numbers]
    for k, path in enumerate(paths):
        if path in paths[:k]:
            raise CannotPresent(f"{path.name} is named twice, expected each notebook once.")
        check(path)
    try:
        home = tempfile.TemporaryDirectory(prefix="pgcourse-present-", ignore_cleanup_errors=True)
    except OSError as error:
        raise no_room(error) from error
    with home as name:
        try:
            arguments = prepare(paths, Path(name))
        except OSError as error:
            raise no_room(error) from error
        launch([*arguments, *options], own_environment(Path(name)))
    return 0


def no_room(error: OSError) -> CannotPresent:
    return CannotPresent(
        f"What is shown is a copy, which needs a place for temporary files, and the disk said: {error}."
    )


def check(path: Path) -> None:
    """CannotPresent if the file is no notebook, or has no cell to show."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        types = [cell["metadata"].get("slideshow", {}).get("slide_type", "-") for cell in cells]
    except OSError as error:
        raise CannotPresent(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotPresent(f"{path.name} is not a notebook: {error!r}.") from error
    if not set(types) - {"skip", "notes"}:
        raise CannotPresent(f"{path.name} has no cell to show, expected some whose slide type is not skip or notes.")


def prepare(paths: Sequence[Path], home: Path) -> list[str]:
    """Write what JupyterLab needs into `home`; returns the arguments that make it present these notebooks."""
    shown = [f"notebooks/{path.name}" for path in paths]
    shutil.copytree(paths[0].parent, home / "course" / "notebooks")
    write_extension(home / "labextensions" / NAME, shown)
    settings = json.loads((ROOT / "binder" / "overrides.json").read_text(encoding="utf-8")) | SETTINGS
    (home / "overrides.json").write_text(json.dumps(settings), encoding="utf-8")
    return [
        f"--ServerApp.root_dir={home / 'course'}",
        f"--LabApp.default_url=/doc/tree/{shown[0]}",
        f"--LabApp.app_settings_dir={home}",
        f"--LabApp.extra_labextensions_path={home / 'labextensions'}",
        AT_ONCE,
        "--KernelRestarter.time_to_dead=1.0",  # seconds between two looks at the kernel
    ]


def write_extension(folder: Path, notebooks: Sequence[str]) -> None:
    """The prebuilt extension, told which notebooks to show."""
    (folder / "static").mkdir(parents=True)
    shutil.copy(EXTENSION / "package.json", folder)
    style = (EXTENSION / "present.css").read_text(encoding="utf-8")
    known = f"const NOTEBOOKS = {json.dumps(notebooks)};\nconst STYLE = {json.dumps(style)};\n"
    parts = [known, *((EXTENSION / name).read_text(encoding="utf-8") for name in PARTS)]
    # in a function of its own: a name at the top of a classic script would shadow one of the page's, such as CSS
    entry = "(() => {\n" + "\n".join(parts) + "\n})();\n"
    (folder / "static" / "remoteEntry.js").write_text(entry, encoding="utf-8")


def own_environment(home: Path) -> dict[str, str]:
    """What is not the presenter's own: settings, open tabs and progress."""
    return {
        "PGCOURSE_PROGRESS": "off",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }


def launch(arguments: list[str], environment: dict[str, str]) -> None:
    """JupyterLab in this process, until it is stopped."""
    os.environ.update(environment)
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(argv=arguments)
