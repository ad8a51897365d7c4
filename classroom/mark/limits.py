"""Limits for a process that runs somebody else's notebook, and an end for all that it has started.

A process limits itself before it runs anything (`limit_myself`, not on Windows). Another one watches it (`watch`):
its time, and how much memory and how many processes it and its descendants have together.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from typing import NamedTuple

import psutil

MEGABYTE = 1 << 20
OTHERS = 2000  # threads that this user may start while a notebook runs
LOOK = 0.2  # seconds between two looks at a process


class Limits(NamedTuple):
    """What a returned notebook may use."""

    seconds: float = 120.0
    memory: int = 2048  # megabytes, of all its processes together
    processes: int = 32  # at once
    file: int = 50  # megabytes, each
    open_files: int = 256


def adopt_orphans(adopts: bool = True) -> None:
    """Let this process become the parent of all its descendants whose parent ends. Linux alone has this."""
    if sys.platform == "linux":
        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)


def limit_myself(limits: Limits) -> None:
    """As far as this system can: Windows cannot, and macOS does not keep the limit on memory."""
    if sys.platform == "win32":
        return
    import resource

    if os.getsid(0) != os.getpid():
        os.setsid()
    now = psutil.Process().memory_info().vms  # shared with the process that has imported everything
    seconds = int(limits.seconds) + 1
    wanted = [
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, now + limits.memory * MEGABYTE),
        (resource.RLIMIT_FSIZE, limits.file * MEGABYTE),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ]
    if os.getuid() != 0:  # root's processes are not counted, so that `watch` must do
        # the system counts all threads of this user, also those of other programs: `watch` counts the notebook's alone
        wanted.append((resource.RLIMIT_NPROC, _threads_of_mine() + OTHERS))
    for what, most in wanted:
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # a limit that this system does not know
            resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError):
        os.nice(5)  # the process that watches goes first


def _threads_of_mine() -> int:
    count, me = 0, os.getuid()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            count += process.num_threads() if process.uids().real == me else 0
    return count


def watch(process: psutil.Process, root: psutil.Process, limits: Limits) -> str:
    """Wait until the process ends. Then, or when it breaks a limit, end it and all below `root`; "" or the reason.

    `root` is the process itself, or its parent where that adopts orphans.
    """
    end, seen = time.monotonic() + limits.seconds, {process}
    while True:
        try:
            code = process.wait(LOOK)
            why = _ended(code) if code else ""
            break
        except psutil.TimeoutExpired:
            below = _below(root)
            seen.update(below)
            if why := _too_much(below, limits) or f"stopped after {limits.seconds:g} s" * (time.monotonic() > end):
                break
    end_all(root, seen)
    return why


def _too_much(processes: list[psutil.Process], limits: Limits) -> str:
    if len(processes) > limits.processes:
        return f"stopped: it had {len(processes)} processes, and {limits.processes} are allowed"
    memory = sum(map(_memory, processes)) / MEGABYTE
    if memory > limits.memory and (memory := sum(map(_own_memory, processes)) / MEGABYTE) > limits.memory:
        return f"stopped: it had taken {memory:.0f} MB of memory, and {limits.memory} are allowed"
    return ""


def end_all(root: psutil.Process, seen: set[psutil.Process]) -> None:
    """End what was seen, and all that is below `root`. First they are all stopped, so that none starts another."""
    while True:
        for process in seen:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        if not (new := set(_below(root)) - seen):
            break
        seen |= new
    for process in seen:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(list(seen), timeout=5)
    if sys.platform != "win32" and root.pid == os.getpid():
        with contextlib.suppress(ChildProcessError):  # those that it has adopted
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _below(root: psutil.Process) -> list[psutil.Process]:
    """Its descendants; and itself, unless it is this process."""
    try:
        own = [] if root.pid == os.getpid() else [root]
        found = own + root.children(recursive=True)
    except psutil.Error:
        return []
    return [process for process in found if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _own_memory(process: psutil.Process) -> int:
    """What is shared with others is counted once, where the system says it. It takes longer."""
    try:
        found = process.memory_full_info()
        return int(getattr(found, "pss", found.uss))
    except psutil.Error:
        return 0


def _ended(code: int) -> str:
    """Why a process has ended early."""
    import signal

    if code > 0:
        return f"ended by itself, with code {code}"
    names: dict[int, str] = {
        signal.SIGSEGV: "it crashed",
        signal.SIGKILL: "it was killed, or the computer had no more memory",
    }
    if sys.platform != "win32":
        names[signal.SIGXCPU] = "stopped: its time was up"
    return names.get(-code, f"ended by signal {-code}")
