"""As many servers as there are cores; each marks one returned notebook after another."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import psutil

from classroom.listing import ROOT
from classroom.mark import CannotMark
from classroom.mark.limits import Limits, adopt_orphans, end_all, watch
from classroom.mark.packed import is_notebook
from classroom.mark.questions import questions
from classroom.mark.returned import Returned, plain
from classroom.mark.server import CAN_FORK, READY, Job, references, told

GRACE = 120.0  # seconds that a server may take to import everything, or beyond those of its notebook
SECRET = "PGCOURSE_MARKING"
TONES = ["right", "nearly", "wrong", "error", "waiting", "none"]  # the best first


class Reply(NamedTuple):
    """What is known of an exercise."""

    exercise: str
    tone: str  # right, nearly, wrong or waiting; error, or none if its check was not asked
    message: str


class Marked(NamedTuple):
    """A returned notebook, and what its checks have said."""

    returned: Returned
    notebook: str  # which of the course's, "" if that is not known
    replies: list[Reply]  # of every exercise of the course's notebook
    note: str  # what went wrong, "" if nothing

    @property
    def passed(self) -> int:
        return sum(reply.tone == "right" for reply in self.replies)


def mark_all(
    notebooks: Sequence[Returned], wanted: list[str], seconds: float, at_once: int = os.cpu_count() or 1
) -> tuple[list[Marked], bool]:
    """Mark them all, and whether Ctrl-C has stopped that. If some are `wanted`, the others are left out."""
    secret = secrets.token_hex(16)
    to_do: queue.SimpleQueue[Returned] = queue.SimpleQueue()
    done: queue.SimpleQueue[Marked | None] = queue.SimpleQueue()
    for notebook in notebooks:
        to_do.put(notebook)
    failed: list[tuple[Returned, str]] = []
    servers = [_Server(secret) for _ in range(min(at_once, len(notebooks)))]

    def work(server: _Server) -> None:
        try:
            while True:
                one = to_do.get_nowait()
                answer: dict[str, Any] = {"rows": [], "why": ""}
                if is_notebook(one.path.name):  # and not a hand-in that could not be unpacked
                    try:
                        answer = server.answer(Job(str(one.path), wanted, seconds))
                    except (CannotMark, OSError) as reason:  # the latter, where no process more can be started
                        failed.append((one, str(reason)))
                        return
                done.put(_marked(one, answer))
        except queue.Empty:
            server.end()
        finally:
            done.put(None)

    marked, was_stopped, busy, began = [], False, len(servers), time.monotonic()
    others = set(psutil.Process().children())
    adopt_orphans()  # of a server that a notebook has ended
    try:
        for server in servers:
            threading.Thread(target=work, args=(server,), daemon=True).start()
        while busy:
            try:
                one = done.get(timeout=0.5)  # Ctrl-C is heard in between: Windows does not hear it while it waits
            except queue.Empty:
                continue
            if one is None:
                busy -= 1
            else:
                marked.append(one)
                _progress(one, len(marked), len(notebooks), time.monotonic() - began)
    except KeyboardInterrupt:
        was_stopped = True
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # another one must not stop the tables from being written
        with contextlib.suppress(queue.Empty):
            while True:
                to_do.get_nowait()
        for server in servers:
            server.kill()
    finally:
        _end_marked_with(secret)
        _end_all_but(others)
        adopt_orphans(False)
        if sys.stdout.isatty():
            print("\r" + 78 * " ", end="\r")
    if failed and not was_stopped:
        if not marked:
            raise CannotMark(failed[0][1])
        left = [one for one, _ in failed]
        while not to_do.empty():
            left.append(to_do.get())
        marked += [Marked(one, "", [], f"it was not marked: {failed[0][1]}") for one in left]
    return [one for one in marked if not wanted or one.notebook in ("", *wanted)], was_stopped


def _marked(returned: Returned, answer: dict[str, Any]) -> Marked:
    """Of several replies to an exercise the best counts."""
    rows, notes = answer["rows"], [answer["why"]]
    notebook = next((row["notebook"] for row in rows if "notebook" in row), "")
    exercises = [exercise for row in rows for exercise in row.get("of", ())]
    if not rows and (notebook := next((stem for stem in references() if stem in returned.path.stem), "")):
        exercises = [question.exercise for question in questions(references()[notebook])]  # all told is lost
    replies = {exercise: Reply(exercise, "none", "") for exercise in exercises}
    for row in rows:
        new = Reply(row["exercise"], row["tone"], row["message"]) if "exercise" in row else None
        if new and new.exercise in replies and TONES.index(new.tone) <= TONES.index(replies[new.exercise].tone):
            replies[new.exercise] = new
        notes += [row.get("fault", "")]
        notes += [f"it replaces parts of the course, which were put back: {', '.join(row.get('changed', ()))}"] * (
            "changed" in row
        )
    reading = {row["exercise"] for row in rows if row.get("reads")}
    notes += [
        f"the answer of {reply.exercise} reads a view, which stands at its opening values here"
        for reply in replies.values()
        if reply.exercise in reading and reply.tone != "right"
    ]
    ended = answer["why"] or not notebook or any("done" in row for row in rows) or not rows
    notes += ["it ended Python before its last cell"] * (not ended)
    return Marked(returned, notebook, list(replies.values()), "; ".join(filter(None, [*notes, returned.note])))


class _Server:
    """A process that marks. A new one takes its place if a notebook has ended it."""

    def __init__(self, secret: str) -> None:
        self._environment = _environment(secret)
        self._process: subprocess.Popen[bytes] | None = None

    def answer(self, job: Job) -> dict[str, Any]:
        if not CAN_FORK:
            return self._in_a_new_process(job)
        if self._process is None:
            self._process = self._start_and_wait()
        assert self._process.stdin
        assert self._process.stdout
        line = b""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
            line = _line(self._process.stdout.fileno(), job.seconds + GRACE)
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self.end()
        return {"rows": [], "why": "it ended the process that marks it"}

    def kill(self) -> None:
        """From another thread: whoever waits for an answer gets none."""
        if process := self._process:
            process.kill()

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _start_and_wait(self) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as words:
            process = self._start(stderr=words)
            assert process.stdout
            if _line(process.stdout.fileno(), GRACE).decode() != READY:
                process.kill()
                words.seek(0)
                said = words.read().decode("utf-8", "replace").strip().splitlines() or ["nothing"]
                raise CannotMark(f"The course itself does not run here: try `course.py test`. It said: {said[-1]}")
        return process

    def _start(
        self, *options: str, stdout: Any = subprocess.PIPE, stderr: Any = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "classroom.mark.server", *options],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for this process alone; on Windows, by the group
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def _in_a_new_process(self, job: Job) -> dict[str, Any]:
        word = secrets.token_hex(16)
        with tempfile.TemporaryFile() as report:
            process = self._start("--once", stdout=report)
            assert process.stdin
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps([word, job]).encode() + b"\n")
                process.stdin.close()
            own = psutil.Process(process.pid)
            why = watch(own, own, Limits(seconds=job.seconds))
            process.wait()
            return {"rows": told(report, word), "why": why}


def _line(file: int, seconds: float) -> bytes:
    """A line from a pipe, or b"" if it ends or the time is up."""
    end, line = time.monotonic() + seconds, b""
    while not line.endswith(b"\n"):
        if not select.select([file], [], [], max(end - time.monotonic(), 0))[0] or not (part := os.read(file, 1 << 16)):
            return b""
        line += part
    return line


def _environment(secret: str) -> dict[str, str]:
    """What a notebook may know of this computer: nothing of the user's own, such as a password to somewhere."""
    kept = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "VIRTUAL_ENV", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR"]
    kept += ["USERPROFILE", "MPLCONFIGDIR", "PYTHONPYCACHEPREFIX"]
    threads = dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
    )
    own = {
        "PGCOURSE_PROGRESS": "off",
        "PGCOURSE_PATIENCE": os.environ.get("PGCOURSE_PATIENCE", "10"),
        "MPLBACKEND": "agg",
        "PYTHONUTF8": "1",
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: os.environ[name] for name in kept if name in os.environ} | threads | own | {
        SECRET: secret, "PYTHONPATH": path
    }  # fmt: skip


def _end_marked_with(secret: str) -> None:
    """End what has outlived its server: it has the secret in its environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(SECRET) == secret:
                end_all(process, {process})


def _end_all_but(others: set[psutil.Process]) -> None:
    """End the children of this process that were not there before, adopted ones, too, and what is below them."""
    for process in set(psutil.Process().children()) - others:
        end_all(process, {process})


def _progress(one: Marked, done: int, of: int, seconds: float) -> None:
    """A bar on a terminal, which stays in its line; elsewhere a line a notebook."""
    if not sys.stdout.isatty():
        print(f"{done} of {of}: {plain(one.returned.shown)}", flush=True)
        return
    bar = "#" * (20 * done // of)
    left = seconds / done * (of - done)
    words = f"[{bar:.<20}] {done} of {of}, {left:.0f} s to go: {plain(one.returned.who)}"
    print(f"\r{words:78.78}", end="", flush=True)
