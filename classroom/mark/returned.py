"""What students have returned: notebooks and hand-ins in a folder, with names and histories.

FOLDER/04_the_theorem_ada.ipynb          all in one folder: the rest of the file's name is the student's
FOLDER/Ada Lovelace/04_the_theorem.ipynb a folder for each student, at any depth; its progress.json is the history
FOLDER/hand-in-ada.zip                   what a student's progress page has written, with name and history
FOLDER/all.zip                           what Moodle has packed: a folder for each student, with any of these

Where Moodle has named a folder or a file, at any depth, that name is the student's. Where two students have one name,
what tells them apart stands behind it: Moodle's number, or the file in which a student has typed the name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from unicodedata import normalize

from classroom.folders import CannotWrite
from classroom.listing import PAGES
from classroom.mark.packed import MOODLE, Unpacked, is_notebook, is_zip
from classroom.mark.server import references
from pgcourse.exercises.progress import FILE, Entries, NotProgress, parse
from pgcourse.exercises.progress_page import HAND_IN, name_in

MOST_HISTORY = 4 << 20  # bytes
MOST_NAMES = 5  # of files, in a note


class _Student(NamedTuple):
    name: str  # "" if none is known
    origin: PurePosixPath = PurePosixPath()  # in which folder Moodle has named it, and by which number


class Returned(NamedTuple):
    """A notebook that a student has returned, or a file of which there is only a note."""

    who: str
    path: Path
    shown: str  # the path as it stands in the folder
    history: Entries  # exercise → what the student's own progress says of it
    note: str = ""  # what could not be read
    origin: PurePosixPath = PurePosixPath()  # where the name comes from; its last part tells namesakes apart


class Found(NamedTuple):
    notebooks: list[Returned]
    other: str  # a sentence on the files that are neither notebooks nor hand-ins; "" if there are none


def find_returned(folder: Path, own: Path) -> Found:
    """All notebooks in the folder; hand-ins are unpacked into the folder `own`. CannotWrite if it cannot be read."""
    try:
        paths = [folder] if folder.is_file() else sorted(_files(folder))
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be read ({error.strerror}): name a folder with notebooks.") from error
    all_shown = [path.relative_to(folder.parent if folder.is_file() else folder) for path in paths]
    search = _Search(own, one_for_all=len({shown.parts[0] for shown in all_shown if len(shown.parts) > 1}) == 1)
    for path, shown in zip(paths, all_shown, strict=True):
        search.look_at(path, shown, path.is_symlink() and path != folder)
    rows = _told_apart(search.rows + search.without_a_row())
    return Found(rows, _others([plain(name) for name in search.other]))


def _told_apart(rows: list[Returned]) -> list[Returned]:
    """No two students are shown by one name. In another folder a name may be the same student's, who returns more."""
    namesakes: defaultdict[tuple[str, PurePosixPath], set[str]] = defaultdict(set)
    for row in rows:
        namesakes[row.who, row.origin.parent].add(row.origin.name)
    return [
        row._replace(who=f"{row.who} ({row.origin.name})")
        if row.origin.name and len(namesakes[row.who, row.origin.parent]) > 1
        else row
        for row in rows
    ]


class _Search:
    """What was found until now. A student is known by a path.

    one_for_all   there is a single folder at the top: then it may be the class's, and not a student's
    """

    def __init__(self, own: Path, one_for_all: bool) -> None:
        self.one_for_all = one_for_all
        self.rows: list[Returned] = []
        self.other: list[str] = []
        self._folders = (own / f"{k}" for k in count())
        self._with_a_row: set[_Student] = set()
        self._useless: dict[_Student, list[tuple[Path, str]]] = {}  # student → files, and how they are shown

    def look_at(self, path: Path, shown: Path, is_link: bool) -> None:
        student = _moodle(shown)
        if not student.name and (len(shown.parts) > 1 or (path.is_dir() and not is_link)):
            student = _Student(_composed(shown.parts[0]))
        if is_link:
            self._leave_out(student, path, f"{shown} (a link)")
        elif path.is_dir() and _can_be_read(path):
            self._useless.setdefault(student, []).append((path, f"{shown} (an empty folder)"))
        elif path.is_dir():
            self._add(student, Returned(student.name, path, str(shown), {}, "this folder cannot be read"))
        elif is_notebook(path.name) and path.stem not in PAGES:
            beside = [path.parent / name for name in (HAND_IN, FILE) if len(shown.parts) > 1]
            history, note = _history(next((file for file in beside if file.exists()), None))
            note = "; ".join(filter(None, [note, self._named_inside(shown, student)]))
            self._add(student, Returned(student.name or _name_in_file(path), path, str(shown), history, note))
        elif is_zip(path.name):
            self._look_into(path, shown, student)
        elif is_notebook(path.name) or path.name in (HAND_IN, FILE):
            self._useless.setdefault(student, []).append((path, str(shown)))
        elif not _is_ours(path.name):
            self._leave_out(student, path, str(shown))

    def without_a_row(self) -> list[Returned]:
        """A row for each student of whom there is nothing to mark."""
        rows = []
        for student, files in self._useless.items():
            if student.name and student not in self._with_a_row:
                note = f"nothing in it can be marked: {_some(files)}"
                rows.append(Returned(student.name, files[0][0].parent, files[0][1], {}, note, student.origin))
        return rows

    def _named_inside(self, shown: Path, student: _Student) -> str:
        """A note where a name comes from within a folder that seems to be a student's, who may have typed it."""
        above = len(shown.parts) > 1 and not MOODLE.search(shown.parts[0]) and not self.one_for_all
        return f"named by what lies in {shown.parts[0]}" if above and student.origin.name else ""

    def _add(self, student: _Student, row: Returned) -> None:
        self.rows.append(row if row.origin.name else row._replace(origin=student.origin))
        self._with_a_row.add(student)

    def _leave_out(self, student: _Student, path: Path, shown: str) -> None:
        self.other.append(shown)
        self._useless.setdefault(student, []).append((path, shown))

    def _look_into(self, path: Path, shown: Path, student: _Student) -> None:
        """A .zip: a row for each notebook, and for what cannot be unpacked; one with a note if there is neither."""
        who = student.name or _name_in_file(path)
        (own := next(self._folders)).mkdir()
        try:
            packed = Unpacked(path, own)
        except Exception as error:  # zipfile lets those of zlib, lzma and struct through
            return self._add(student, Returned(who, path, str(shown), {}, f"it cannot be unpacked: {error}"))
        named, has_none = _moodle(shown), True
        for at in packed.paths:
            inside = _moodle(PurePosixPath(shown.as_posix(), _claimed(at)))
            if at in packed.failed:
                row = Returned(inside.name or who, path, f"{shown}: {at}", {}, packed.failed[at])
            elif at in packed.files and is_notebook(packed.files[at].name) and packed.files[at].stem not in PAGES:
                name, where, history, note = _told(at, packed.files)
                note = "; ".join(filter(None, [note, self._named_inside(shown, inside)]))
                row = Returned(inside.name or name or who, packed.files[at], f"{shown}: {at}", history, note)
                if name and not inside.name:  # two students may have typed the same
                    row = row._replace(origin=PurePosixPath(shown.as_posix(), where))
            else:
                self._useless.setdefault(inside, []).append((path, f"{shown}: {at}"))
                has_none = has_none and inside == named
                continue
            self._add(inside if inside.name else student, row)
            has_none = False
        if has_none:
            self._add(student, Returned(who, path, str(shown), {}, "it has no notebooks"))
        return None


OURS = ("marks.csv", "replies.csv", "marks.txt")


def _is_ours(name: str) -> bool:
    """Whether it is the name of a table of ours, or of an earlier one that was kept."""
    return name in OURS or bool(re.fullmatch(r"(marks|replies)-\d{4}-.*\.(csv|txt)", name))


def plain(text: str) -> str:
    """Without signs that do something to a terminal or a line."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, links, which are not followed, and folders that are empty or cannot be read."""
    for path in folder.iterdir():
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir() and not path.is_symlink():
            try:
                yield from list(_files(path)) or [path]
            except OSError:
                yield path
        else:
            yield path


def _can_be_read(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except OSError:
        return False
    return True


def _moodle(path: Path | PurePosixPath) -> _Student:
    """Whom Moodle has named in a path. The first counts: those after it are the student's own."""
    parts = [_composed(part) for part in path.parts]
    for k, part in enumerate(parts):
        if found := MOODLE.search(part):
            return _Student(part[: found.start()].strip(), PurePosixPath(*parts[:k], found[1]))
    return _Student("")


def _name_in_file(path: Path) -> str:
    """What a file's name has besides the notebook's."""
    name = _composed(path.stem)
    for stem in references():
        name = name.replace(stem, "")
    return " ".join(name.strip(" _-.").split()) or path.stem


def _composed(name: str) -> str:
    """A letter with its accent as one sign. macOS may write two, and the name would be another one for a computer."""
    return normalize("NFC", name)


def _claimed(at: str) -> PurePosixPath:
    """A path in a .zip, which may have been written by Windows."""
    return PurePosixPath(at.replace("\\", "/").lstrip("/"))


def _told(at: str, files: dict[str, Path]) -> tuple[str, PurePosixPath, Entries, str]:
    """Of a notebook in a .zip: the name that lies with it, in which folder, the history, and what cannot be read."""
    if hand_in := _with(at, HAND_IN, files):
        where = next(_claimed(path).parent for path, file in files.items() if file == hand_in)
        return _name(hand_in), where, *_history(hand_in)
    return "", PurePosixPath(), *_history(_with(at, FILE, files))


def _with(at: str, name: str, files: dict[str, Path]) -> Path | None:
    """The file of that name in the folder of a notebook, or above it: there, if it is the only one that lies below."""
    there = {_claimed(path): file for path, file in files.items() if _claimed(path).name == name}
    for folder in _claimed(at).parents:
        below = [path for path in there if folder in path.parents]
        if folder / name in there and (folder == _claimed(at).parent or len(below) == 1):
            return there[folder / name]
        if MOODLE.search(folder.name):
            return None
    return None


def _history(path: Path | None) -> tuple[Entries, str]:
    if path is None:
        return {}, ""
    try:
        return parse(_text(path)), ""
    except (OSError, ValueError) as error:
        return {}, f"its {path.name} cannot be read: {error}"


def _name(hand_in: Path) -> str:
    try:
        return _composed(name_in(_text(hand_in)))
    except (OSError, ValueError, RecursionError):  # `_history` says it
        return ""


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_HISTORY:
        raise NotProgress(f"it has more than {MOST_HISTORY >> 20} MB")
    return path.read_text(encoding="utf-8-sig")  # an editor of Windows puts a mark before the text


def _some(files: list[tuple[Path, str]]) -> str:
    names = [re.split(r"[/\\]", shown)[-1] for _, shown in files]
    return ", ".join(names[:MOST_NAMES]) + f" and {len(names) - MOST_NAMES} more" * (len(names) > MOST_NAMES)


def _others(names: list[str]) -> str:
    return f"Left out, since they are neither notebooks nor hand-ins: {', '.join(names)}." if names else ""
