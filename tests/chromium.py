"""A real Chromium. Where there is none its tests skip, with the reason; in CI a missing browser is an error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
from reader import PATIENCE

from classroom.lab import CHROMIUM, FLAGS


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium as it is installed; Playwright downloads none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on the PATH, and CI may not skip what a reader sees")
        pytest.skip("no Chromium or Chrome on the PATH")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


_kept: dict[Callable[[], Any], Any] = {}
_open = ExitStack()


def kept(make: Callable[[], AbstractContextManager[Any]]) -> Any:
    """What `make()` gives, the same for all tests of this process until `put_away`."""
    if make not in _kept:
        _kept[make] = _open.enter_context(make())
    return _kept[make]


def put_away() -> None:
    """Close what is kept. While Playwright is open, asyncio.run is refused in this thread, and other tests need it."""
    _kept.clear()
    _open.close()
