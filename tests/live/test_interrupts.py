"""Kernel → Interrupt, with a real kernel and no browser: it ends what a view does, and the view says so.

JupyterLab has a subshell for the messages of widgets; other front ends send them to the kernel's main thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from pgcourse.live import interrupts
from pgcourse.live.interrupts import Home, interruptible, pass_on, when_interrupted

pytestmark = pytest.mark.slow

SECONDS = 120  # until a busy machine must have answered

CELL = """
from time import sleep
from ipywidgets import FloatSlider
from matplotlib.figure import Figure
from pgcourse import Explorer

class Point:
    def __init__(self):
        self.figure = Figure(figsize=(2, 2))
        (self.point,) = self.figure.subplots().plot([0], [0], "o", animated=True)

    def update(self, numbers):
        self.point.set_data([numbers["x"]], [0])

def compute(x):
    if x == 2:
        print("begun", flush=True)
        sleep(1000)
    while x == 3:
        if x == 3.0 and not said:
            said.append(print("begun", flush=True))
    return {"x": x}

def run(x):
    yield 0.1, {"x": 1.5}
    print("begun", flush=True)
    while kind == "of short steps":
        yield 0.2, {"x": 1.75}
    while True:
        pass

said, kind = [], ""
slider = FloatSlider(1.0, min=0, max=5, step=0.25)
view = Explorer({"x": slider}, compute, Point(), run=run)
print(slider.comm.comm_id, view._runner.button.comm.comm_id)
"""


class Kernel:
    """A kernel in which a view stands, and what a browser would do with it."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self.client, self.manager = client, manager
        self.slider, self.button = self.run(CELL).split()
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        self.subshell = client.get_control_msg(timeout=SECONDS)["content"]["subshell_id"]

    def run(self, code: str) -> str:
        printed = []

        def hear(message: dict[str, Any]) -> None:
            printed.append(message["content"].get("text") or "".join(message["content"].get("traceback", [])))

        self.client.execute_interactive(code, output_hook=hear, timeout=SECONDS)
        return "".join(printed)

    def set(self, widget: str, value: Any, subshell: bool) -> None:
        data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": widget, "data": data})
        message["header"] |= {"subshell_id": self.subshell} if subshell else {}
        self.client.shell_channel.send(message)

    def interrupt_once_begun(self) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["msg_type"] == "stream" and "begun" in message["content"]["text"]:
                self.manager.interrupt_kernel()
                return


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=dict(os.environ))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("subshell", [True, False], ids=["in a subshell", "in the main thread"])
@pytest.mark.parametrize("x", [2.0, 3.0], ids=["asleep", "busy"])
def test_a_slow_computation_is_interrupted_and_slider_and_picture_agree(
    kernel: Kernel, x: float, subshell: bool
) -> None:
    kernel.run("view.values = {'x': 1.0}; said.clear()")
    kernel.set(kernel.slider, x, subshell)
    kernel.interrupt_once_begun()
    assert kernel.run("print(view.values, slider.value, view.numbers)") == "{'x': 1.0} 1.0 {'x': 1.0}\n"
    assert kernel.run("print(view.live.error)").startswith("Interrupted. The picture shows what was finished before")
    kernel.set(kernel.slider, 4.0, subshell)
    kernel.run("view.values = view.values")
    assert kernel.run("print(repr(view.live.error))") == "''\n"


@pytest.mark.parametrize("subshell", [True, False], ids=["in a subshell", "in the main thread"])
@pytest.mark.parametrize("kind", ["of short steps", "with a step that never ends"])
def test_a_run_is_interrupted_and_what_it_has_shown_stays(kernel: Kernel, kind: str, subshell: bool) -> None:
    kernel.run(f"view.values = {{'x': 1.0}}; kind = {kind!r}")
    kernel.set(kernel.button, True, subshell)
    kernel.interrupt_once_begun()
    tries = iter(range(100))
    while "interrupted: run begins anew" not in kernel.run("print(view._runner.note.value)"):
        next(tries)  # the signal is on its way
    assert kernel.run("print(view._runner.running, view._runner.button.value)") == "False False\n"
    assert kernel.run("print(view.live.error)").startswith("Interrupted. ")
    x = float(kernel.run("print(view.values['x'])"))
    assert x in (1.5, 1.75)
    assert float(kernel.run("print(view.numbers['x'])")) == x


@pytest.fixture
def idle() -> Iterator[None]:
    """As a kernel between two cells: it ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("idle")
def test_only_work_that_may_be_interrupted_is() -> None:
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def interrupt(condition: Callable[[], object]) -> None:
    """The loop is busy until the condition holds, and is then interrupted."""
    while not condition():
        time.sleep(0.001)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)


def work_that_tells(told: list[str]) -> Callable[[], None]:
    def work() -> None:
        try:
            with interruptible():
                told.append("done")
        except KeyboardInterrupt:
            told.append("interrupted")

    return work


@pytest.mark.usefixtures("idle")
def test_an_interrupt_that_is_passed_on_ends_what_another_thread_waits_for_and_nothing_later() -> None:
    told: list[str] = []

    async def main() -> None:
        home = Home()
        for passes_on in (True, False, False):
            thread = threading.Thread(target=home.do, args=[work_that_tells(told)])
            thread.start()
            interrupt(lambda: interrupts._waiting)
            if passes_on:
                await pass_on()
            while thread.is_alive():
                await asyncio.sleep(0.001)

    asyncio.run(main())
    assert told == ["interrupted", "done", "done"]
    assert not interrupts._waiting


@pytest.mark.usefixtures("idle")
def test_an_interrupt_that_is_passed_on_ends_the_work_of_a_message_that_waits_for_the_loop() -> None:
    told: list[str] = []

    async def main() -> None:
        loop, (inside, outside) = asyncio.get_running_loop(), socket.socketpair()

        async def later() -> None:
            await asyncio.sleep(0)
            work_that_tells(told)()

        def hear() -> None:
            inside.recv(1)
            tasks.append(loop.create_task(later()))

        tasks: list[asyncio.Task[None]] = []
        with inside, outside:
            loop.add_reader(inside, hear)
            outside.send(b"1")
            interrupt(lambda: True)
            await pass_on()
            outside.send(b"2")
            while len(told) < 2:
                await asyncio.sleep(0.001)
            loop.remove_reader(inside)

    asyncio.run(main())
    assert told == ["interrupted", "done"]


@pytest.mark.usefixtures("idle")
def test_between_two_steps_of_a_task_an_interrupt_is_told() -> None:
    told = []

    async def task() -> None:
        with when_interrupted(lambda: told.append("stop")):
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)

    asyncio.run(task())
    assert told == ["stop"]


def test_the_handler_of_a_cell_is_left_alone() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_work_is_done_in_the_thread_of_its_home_and_its_result_comes_back() -> None:
    seen: dict[str, Any] = {}

    def work(x: int) -> int:
        if x < 0:
            raise TimeoutError("the work's own")
        seen["loop"] = asyncio.get_running_loop()
        return x + 1

    def another_thread(home: Home) -> None:
        seen["result"] = home.bound(work)(1)
        with pytest.raises(TimeoutError, match="the work's own"):
            home.do(lambda: work(-1))
        seen["done"] = True

    async def main() -> None:
        home = Home()
        assert home.do(lambda: work(4)) == 5
        thread = threading.Thread(target=another_thread, args=[home])
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)
        assert seen == {"loop": asyncio.get_running_loop(), "result": 2, "done": True}

    asyncio.run(main())
    assert Home().do(lambda: 7) == 7, "without a loop, as in a script"


def test_work_that_ends_at_the_very_moment_of_a_look_has_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look comes too early, and before one can ask whether the work is done, it is."""
    waits = concurrent.futures.Future.result

    def too_early(future: concurrent.futures.Future[Any], seconds: float | None = None) -> Any:
        value = waits(future)
        if seconds is not None:
            raise TimeoutError
        return value

    async def kernel() -> list[Any]:
        home, given = Home(), []
        thread = threading.Thread(target=lambda: given.append(home.do(lambda: "done")))
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)
        return given

    monkeypatch.setattr(concurrent.futures.Future, "result", too_early)
    assert asyncio.run(kernel()) == ["done"]
