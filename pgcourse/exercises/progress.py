"""What a student has answered so far: one file beside the notebooks, and no account.

    record("best_p", "right", "The summit is at …", folder)   # the reply to an answer
    load(folder)                                              # exercise → Entry

The file, progress.json, is for people to read, too. It is replaced whole and under a lock, so that two kernels which
write at once lose nothing. Neither threads nor fcntl are needed: it does the same on a Pyodide kernel.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

FILE = "progress.json"
FORMAT = "pgcourse progress 1"
STALE = 2.0  # seconds: writing takes milliseconds, so a lock of that age was left by a kernel that is gone
WINDOWS = os.name == "nt"
HELD = 1.0  # seconds that another program may keep a file there, before it counts as refused


class Entry(TypedDict):
    """One exercise. Times are UTC, such as 2026-01-31T12:00:00Z."""

    attempts: int  # up to the first that passed; the same reply twice in a row is one, so that "Run all" adds nothing
    passed: str | None  # when first
    tried: str  # when last
    last: str  # the tone of the last reply: right, nearly or wrong
    said: str  # and its words


Entries = dict[str, Entry]


class NotProgress(ValueError):
    """What a file holds is not a progress, or no longer."""


def record(name: str, tone: str, said: str, folder: Path) -> str:
    """Note the reply to an exercise. Returns what the student should be told, mostly ""; an OSError if it fails."""
    with _alone(folder):
        entries, note = _loaded_or_set_aside(folder)
        before = entries.get(name)
        if before is None or (before["last"], before["said"]) != (tone, said):
            entries[name] = _with_reply(before, tone, said)
            _save(entries, folder)
    return note


def load(folder: Path) -> Entries:
    """What progress.json says, {} if there is none. Raises NotProgress, and OSError if it cannot be read."""
    try:
        return parse((folder / FILE).read_text(encoding="utf-8-sig"))  # Windows' editors may put a mark in front
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise NotProgress("it is not text") from error


def parse(text: str) -> Entries:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotProgress(f"it is not JSON ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NotProgress(f'its "format" is not "{FORMAT}"')
    entries = data.get("exercises")
    if not isinstance(entries, dict) or not all(_is_entry(entry) for entry in entries.values()):
        raise NotProgress('its "exercises" are not as this course writes them')
    return entries


def written(entries: Entries) -> str:
    """The text of the file."""
    return json.dumps({"format": FORMAT, "exercises": entries}, ensure_ascii=False, indent=2) + "\n"


def merge(entries: Entries, folder: Path) -> str:
    """Bring in entries of an earlier file: of two dates of passing the earlier, of two replies the later."""
    with _alone(folder):
        present, note = _loaded_or_set_aside(folder)
        _save(merged(present, entries), folder)
    return note


def merged(one: Entries, other: Entries) -> Entries:
    both = {**one, **other}
    for name in one.keys() & other.keys():
        first, second = sorted((one[name], other[name]), key=lambda entry: entry["tried"])
        dates = [entry["passed"] for entry in (first, second) if entry["passed"]]
        attempts = max(first["attempts"], second["attempts"])
        both[name] = {**second, "attempts": attempts, "passed": min(dates, default=None)}
    return both


def set_aside(folder: Path, kind: str = "") -> str:
    """Move progress.json to a name with the time in it, which is returned; nothing is ever deleted."""
    stamp, count = now().replace(":", ""), 1
    while (aside := folder / f"progress-{stamp}{f'-{count}' if count > 1 else ''}{kind}.json").exists():
        count += 1
    _patiently(lambda: (folder / FILE).replace(aside))
    return aside.name


def begin_anew(folder: Path) -> str | None:
    """Begin anew. Returns the name under which the old file is kept, None if there was none."""
    with _alone(folder):
        return set_aside(folder) if (folder / FILE).exists() else None


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_reply(before: Entry | None, tone: str, said: str) -> Entry:
    attempts, passed, tried = (before["attempts"], before["passed"], now()) if before else (0, None, now())
    return {
        "attempts": attempts + (passed is None),
        "passed": passed or (tried if tone == "right" else None),
        "tried": tried,
        "last": tone,
        "said": said,
    }


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("attempts"), int)
        and (entry.get("passed", "") is None or _is_time(entry.get("passed")))
        and _is_time(entry.get("tried"))
        and entry.get("last") in ("right", "nearly", "wrong")
        and isinstance(entry.get("said"), str)
    )


def _is_time(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) is not None


def _loaded_or_set_aside(folder: Path) -> tuple[Entries, str]:
    try:
        return load(folder), ""
    except NotProgress as error:
        kept = set_aside(folder, "-broken")
        return {}, f"{FILE} could not be read: {error}. It is kept as {kept}, and a new one is begun."


def _save(entries: Entries, folder: Path) -> None:
    unfinished = folder / f".{FILE}.new"
    unfinished.write_text(written(entries), encoding="utf-8")
    _patiently(lambda: unfinished.replace(folder / FILE))  # whole or not at all


def _patiently(act: Callable[[], object]) -> None:
    """On Windows nobody can move or delete a file while a virus scanner or OneDrive reads it, which takes moments."""
    end = time.monotonic() + HELD
    while True:
        try:
            act()
            return
        except PermissionError:
            if not WINDOWS or time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One kernel at a time: it has the lock who makes the file."""
    lock = folder / f".{FILE}.lock"
    while True:
        try:
            _patiently(lambda: os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)))
            break
        except FileExistsError:
            _patiently(lambda: _remove_if_stale(lock))
            time.sleep(0.005)
    try:
        yield
    finally:
        with suppress(PermissionError):  # held for longer: whoever comes next finds it stale
            _patiently(lambda: lock.unlink(missing_ok=True))


def _remove_if_stale(lock: Path) -> None:
    """Another kernel may do the same at this moment, and have made a lock of its own: that one is put back."""
    aside = lock.with_name(f"{lock.name}.{secrets.token_hex(4)}")
    try:
        if not _is_stale(lock):
            return
        lock.rename(aside)
        if _is_stale(aside):
            aside.unlink()
        else:
            aside.replace(lock)
    except FileNotFoundError:
        pass  # just released


def _is_stale(lock: Path) -> bool:
    return abs(time.time() - lock.stat().st_mtime) > STALE  # in the future, too: a file server's clock may be ahead
