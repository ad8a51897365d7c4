"""What is in a .zip: notebooks and progress, also those of a .zip in it. A .zip in a .zip is taken for a folder.

Whatever is wrong with one file, the others are unpacked.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from pgcourse.exercises.progress import FILE
from pgcourse.exercises.progress_page import HAND_IN

MOST = 200 << 20  # bytes of a file in a .zip, and of all its files together
DEEPEST = 2  # how many .zip may lie around one that is opened


class Unpacked:
    """The files of a .zip, by the path that each claims. Each lies in a folder of its own, below the folder `own`."""

    def __init__(self, path: Path, own: Path) -> None:
        self.files: dict[str, Path] = {}
        self.failed: dict[str, str] = {}  # path → why it was not unpacked
        self.paths: list[str] = []  # of all that is in it, also of what is of no use here
        self._left = MOST
        self._add(path, own, "", 0)

    def _add(self, path: Path, own: Path, before: str, depth: int) -> None:
        with zipfile.ZipFile(path) as packed:
            for k, info in enumerate(packed.infolist()):
                at, name = f"{before}{info.filename}", info.filename.replace("\\", "/").split("/")[-1]
                if info.is_dir() or _is_hidden(info.filename):
                    continue
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
        data = b""
        if info.file_size <= self._left:
            with packed.open(info) as file:
                data = file.read(self._left + 1)  # and not as long as it says that it is
        if max(info.file_size, len(data)) > self._left:
            raise ValueError(f"its files have more than {MOST >> 20} MB")
        self._left -= len(data)
        to.parent.mkdir()
        to.write_bytes(data)
        if is_zip(to.name):
            self._add(to, to.parent, f"{at}/", depth + 1)
        else:
            self.files[at] = to


def is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_hidden(path: str) -> bool:
    """Whether a file, or a folder in which it lies, is a system's own or a copy that Jupyter keeps."""
    return any(part.startswith((".", "__MACOSX")) for part in re.split(r"[/\\]", path) if part not in (".", ".."))
