"""What students have returned: notebooks and hand-ins in a folder, with names and histories.

FOLDER/04_the_theorem_ada.ipynb          all in one folder: the rest of the file's name is the student's
FOLDER/Ada Lovelace/04_the_theorem.ipynb a folder for each student, at any depth; its progress.json is the history
FOLDER/hand-in-ada.zip                   what a student's progress page has written, with name and history
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from classroom.folders import CannotWrite
from classroom.listing import PAGES
from classroom.mark.server import references
from pgcourse.exercises.progress import FILE, Entries, NotProgress, parse
from pgcourse.exercises.progress_page import HAND_IN, name_in

MOST = 200 << 20  # bytes of a file in a .zip, and of all its files together
MOST_HISTORY = 4 << 20  # bytes
# Moodle's names of folders and files: “Ada Lovelace_1234_assignsubmission_file_04_the_theorem.ipynb”
MOODLE = re.compile(r"_\d+_assignsubmission_(file|onlinetext)_?")


class Returned(NamedTuple):
    """A notebook that a student has returned."""

    who: str
    path: Path
    shown: str  # the path as it stands in the folder
    history: Entries  # exercise → what the student's own progress says of it
    note: str = ""  # what could not be read


class Found(NamedTuple):
    notebooks: list[Returned]
    other: str  # a sentence on the files that are neither notebooks nor hand-ins; "" if there are none


def find_returned(folder: Path, own: Path) -> Found:
    """All notebooks in the folder; hand-ins are unpacked into the folder `own`. CannotWrite if it cannot be read."""
    found: list[Returned] = []
    other: list[str] = []
    try:
        paths = [folder] if folder.is_file() else sorted(_files(folder))
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be read ({error.strerror}): name a folder with notebooks.") from error
    top = folder.parent if folder.is_file() else folder
    for path in paths:
        shown = path.relative_to(top)
        if path.is_symlink() and path != folder:
            other.append(f"{shown} (a link)")
        elif path.is_dir():
            found.append(Returned(MOODLE.sub("", shown.parts[0]), path, str(shown), {}, "this folder cannot be read"))
        elif path.suffix == ".ipynb":
            if path.stem not in PAGES:
                found.append(_lying(path, shown))
        elif path.suffix == ".zip":
            found += _packed(path, shown, own / f"{len(found)}")
        elif path.name != FILE and not _is_ours(path.name):
            other.append(str(shown))
    return Found(found, _others([plain(name) for name in other]))


OURS = ("marks.csv", "replies.csv", "marks.txt")


def _is_ours(name: str) -> bool:
    """Whether it is the name of a table of ours, or of an earlier one that was kept."""
    return name in OURS or bool(re.fullmatch(r"(marks|replies)-\d{4}-.*\.(csv|txt)", name))


def plain(text: str) -> str:
    """Without signs that do something to a terminal or a line."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, links, which are not followed, and folders that cannot be read."""
    for path in folder.iterdir():
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir() and not path.is_symlink():
            try:
                yield from _files(path)
            except OSError:
                yield path
        else:
            yield path


def _lying(path: Path, shown: Path) -> Returned:
    own = MOODLE.sub("", shown.parts[0]) if len(shown.parts) > 1 else ""
    history, note = _history(path.parent / FILE) if own else ({}, "")
    return Returned(own or _name_in_file(path), path, str(shown), history, note)


def _name_in_file(path: Path) -> str:
    """What a file's name has besides the notebook's."""
    name = MOODLE.sub("_", path.stem)
    for stem in references():
        name = name.replace(stem, "")
    return " ".join(name.strip(" _-.").split()) or path.stem


def _history(path: Path) -> tuple[Entries, str]:
    try:
        if path.stat().st_size > MOST_HISTORY:
            raise NotProgress(f"it has more than {MOST_HISTORY >> 20} MB")
        return parse(path.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"its {FILE} cannot be read: {error}"


def _packed(path: Path, shown: Path, own: Path) -> list[Returned]:
    """The notebooks in a .zip; one line with a note if it cannot be unpacked."""
    lying = _lying(path, shown)
    own.mkdir()
    try:
        files = _unpack(path, own)
        hand_ins, histories = ([files[at] for at in files if _last(at) == name] for name in (HAND_IN, FILE))
        text = hand_ins[0].read_text(encoding="utf-8") if hand_ins else ""
        who = (name_in(text) if text else "") or lying.who
        history, note = _history([*hand_ins, *histories, own / FILE][0])
    except Exception as error:  # zipfile lets those of zlib, lzma and struct through
        return [Returned(lying.who, path, str(shown), {}, f"it cannot be unpacked: {error}")]
    books = [(at, file) for at, file in files.items() if file.suffix == ".ipynb" and file.stem not in PAGES]
    if not books:
        return [Returned(who, path, str(shown), history, "it has no notebooks")]
    return [Returned(who, file, f"{shown}: {at}", history, note) for at, file in books]


def _unpack(path: Path, own: Path) -> dict[str, Path]:
    """Files of a .zip by the path that each claims. Each lies in a folder of its own, below the folder `own`."""
    files, left = {}, MOST
    with zipfile.ZipFile(path) as packed:
        for k, info in enumerate(packed.infolist()):
            name = _last(info.filename)
            wanted = name.endswith(".ipynb") or name in (HAND_IN, FILE)
            if info.is_dir() or not wanted or _is_hidden(info.filename):
                continue
            with packed.open(info) as file:
                data = file.read(left + 1)  # and not as long as it says that it is
            if len(data) > left:
                raise ValueError(f"its files have more than {MOST >> 20} MB")
            left -= len(data)
            files[info.filename] = own / f"{k}" / re.sub(r"[^\w. -]", "_", name)
            files[info.filename].parent.mkdir()
            files[info.filename].write_bytes(data)
    return files


def _last(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _is_hidden(path: str) -> bool:
    """Whether a file, or a folder in which it lies, is a system's own or a copy that Jupyter keeps."""
    return any(part.startswith((".", "__MACOSX")) for part in re.split(r"[/\\]", path) if part not in (".", ".."))


def _others(names: list[str]) -> str:
    if not names:
        return ""
    some = ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)
    return f"Left out, since they are neither notebooks nor hand-ins: {some}."
