"""Firefox as it is installed, driven over WebDriver BiDi: the W3C's protocol, which Firefox speaks by itself.

Playwright drives only a Firefox of its own. The commands are those of the standard (w3.org/TR/webdriver-bidi).
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reader import PATIENCE
from websocket import WebSocket, create_connection

from classroom.lab import end_process, program

FIREFOX = program(
    *("firefox-esr", "firefox"),
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    r"%PROGRAMFILES%\Mozilla Firefox\firefox.exe",
)
KEYS = {"ArrowRight": "\ue014", "PageDown": "\ue00f", "End": "\ue010", "Home": "\ue011"}


class Firefox:
    """One page of a running Firefox. `errors` are what its console has complained of."""

    def __init__(self, line: WebSocket) -> None:
        self._line, self._count = line, 0
        self.errors: list[str] = []
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=["log.entryAdded"])
        self._page = ""

    def command(self, method: str, **params: Any) -> Any:
        """The result of one command; RuntimeError with Firefox's words if it is refused."""
        self._count += 1
        self._line.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while (answer := json.loads(self._line.recv())).get("id") != self._count:
            entry = answer.get("params", {})
            if answer.get("method") == "log.entryAdded" and entry["level"] == "error":
                self.errors.append(entry["text"] or "")
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def open(self, url: str) -> None:
        """In a tab of its own: a notebook with changes would ask before it leaves its tab, and wait for an answer.

        Besides, the first tab has the focus in its address line, and JupyterLab would not know that it is meant.
        """
        before, self._page = self._page, self.command("browsingContext.create", type="tab")["context"]
        if before:
            self.command("browsingContext.close", context=before)
        self.command("browsingContext.setViewport", context=self._page, viewport={"width": 1280, "height": 900})
        self.command("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def evaluate(self, script: str) -> Any:
        """The `return` of an asynchronous script, as JSON; what it throws is an AssertionError."""
        expression = f"(async () => {{ {script} }})().then((found) => JSON.stringify(found ?? null))"
        target = {"context": self._page}
        found = self.command("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"])

    def wait_for(self, condition: str) -> Any:
        """The value of a JavaScript expression, once it is true."""
        end = time.monotonic() + PATIENCE
        while not (found := self.evaluate(f"return {condition}")):
            assert time.monotonic() < end, f"after {PATIENCE} s it is not true that {condition}"
            time.sleep(0.05)
        return found

    def press(self, key: str) -> None:
        steps = [{"type": step, "value": KEYS[key]} for step in ("keyDown", "keyUp")]
        self.command("input.performActions", context=self._page, actions=[{"type": "key", "id": "k", "actions": steps}])

    def drag(self, selector: str, right: int, steps: int = 1) -> None:
        """With the mouse, from the middle of the first node that is found, so often so many pixels to the right.

        JupyterLab goes on to lay out what has come into the window. So the node is waited for until it rests, and
        Firefox looks where it is.
        """
        node, before = f"document.querySelector({json.dumps(selector)})", None
        look = f"{node}.scrollIntoView({{ block: 'center' }}); return {node}.getBoundingClientRect().y;"
        end = time.monotonic() + PATIENCE
        while (now := self.evaluate(look)) != before:
            assert time.monotonic() < end, f"{selector} does not come to rest"
            before = now
            time.sleep(0.15)
        found = self.command("script.evaluate", expression=node, target={"context": self._page}, awaitPromise=False)
        there = {"type": "element", "element": {"sharedId": found["result"]["sharedId"]}}
        start = {"type": "pointerMove", "x": 0, "y": 0, "origin": there}
        way = [{"type": "pointerMove", "x": right, "y": 0, "origin": "pointer"}] * steps
        down, up = ({"type": name, "button": 0} for name in ("pointerDown", "pointerUp"))
        mouse = {"type": "pointer", "id": "m", "parameters": {"pointerType": "mouse"}}
        self.command(
            "input.performActions", context=self._page, actions=[{**mouse, "actions": [start, down, *way, up]}]
        )

    def click(self, selector: str) -> None:
        """On the middle of the first that is found."""
        self.drag(selector, 0)


@contextmanager
def start_firefox(home: Path) -> Iterator[Firefox]:
    """A Firefox with a profile of its own in `home`, without a window, until the block ends."""
    assert FIREFOX is not None
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    options = ["--headless", "--no-remote", "--profile", str(home), "--remote-debugging-port", "0"]
    with log.open("w") as said:
        process = subprocess.Popen([FIREFOX, *options, "about:blank"], stdout=said, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + PATIENCE
        while not (found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Firefox has not started. It said: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        line = create_connection(f"{found[1]}/session", timeout=PATIENCE, suppress_origin=True)
        try:
            yield Firefox(line)
        finally:
            line.close()
    finally:
        end_process(process)
