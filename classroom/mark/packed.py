"""What is in a .zip: notebooks and progress, also those of a .zip in it. A .zip in a .zip is taken for a folder.

Whatever is wrong with one file, the others are unpacked.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from pgcourse.exercises.progress import FILE
from pgcourse.exercises.progress_page import HAND_IN

MOST = 200 << 20  # bytes of all files of a student in a .zip
MOST_OF_ALL = 4 << 30  # bytes of all students' files in it
# Moodle's names of folders and files: “Ada Lovelace_1234_assignsubmission_file_04_the_theorem.ipynb”
MOODLE = re.compile(r"_(\d+)_assignsubmission_(file|onlinetext)_?")
DEEPEST = 2  # how many .zip may lie around one that is opened


class Unpacked:
    """The files of a .zip, by the path that each claims. Each lies in a folder of its own, below the folder `own`."""

    def __init__(self, path: Path, own: Path) -> None:
        self.files: dict[str, Path] = {}
        self.failed: dict[str, str] = {}  # path → why it was not unpacked
        self.paths: list[str] = []  # of all that is in it, also of what is of no use here
        self._left: defaultdict[str, int] = defaultdict(lambda: MOST)  # by what Moodle has named
        self._left_of_all = MOST_OF_ALL
        self._add(path, own, "", 0)

    def _add(self, path: Path, own: Path, before: str, depth: int) -> None:
        with zipfile.ZipFile(path) as packed:
            for k, info in enumerate(packed.infolist()):
                inside = _name(info)
                at, name = f"{before}{inside}", inside.replace("\\", "/").split("/")[-1]
                if info.is_dir() or _is_hidden(inside):
                    continue
                if at in self.paths:
                    at = f"{at} ({k})"  # another file with the same path
                self.paths.append(at)
                if not (is_notebook(name) or is_zip(name) or name in (HAND_IN, FILE)):
                    continue
                if is_zip(name) and depth == DEEPEST:
                    self.failed[at] = f"{name} in it was not opened"
                else:
                    try:
                        self._keep(at, packed, info, own / f"{k}" / re.sub(r"[^\w. -]", "_", name), depth)
                    except Exception as error:  # zipfile lets those of zlib, lzma and struct through
                        self.failed[at] = f"it cannot be unpacked: {error}"

    def _keep(self, at: str, packed: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, depth: int) -> None:
        student = found[0] if (found := re.match(f".*?{MOODLE.pattern}", at)) else ""
        left = min(self._left[student], self._left_of_all)
        data = b""
        if info.file_size <= left:
            with packed.open(info) as file:
                data = file.read(left + 1)  # and not as long as it says that it is
        if max(info.file_size, len(data)) > left:
            raise ValueError(f"its files have more than {MOST >> 20} MB")
        to.parent.mkdir()
        to.write_bytes(data)
        if is_zip(to.name):  # its files are counted
            return self._add(to, to.parent, f"{at}/", depth + 1)
        self._left[student] -= len(data)
        self._left_of_all -= len(data)
        self.files[at] = to
        return None


def _name(info: zipfile.ZipInfo) -> str:
    """macOS's Finder writes names as UTF-8 and does not say so: zipfile then takes them for the letters of DOS."""
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


def is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_hidden(path: str) -> bool:
    """Whether a file, or a folder in which it lies, is a system's own or a copy that Jupyter keeps."""
    return any(part.startswith((".", "__MACOSX")) for part in re.split(r"[/\\]", path) if part not in (".", ".."))
