"""binder/at_once.py: the line to the browser is told not to wait, by `course.py lab`, in class and on Binder."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from traitlets.config.loader import PyFileConfigLoader

import course
from binder.at_once import AtOnce
from classroom.lab import AT_ONCE

ROOT = Path(__file__).parents[2]


def test_a_line_is_told_not_to_wait_before_anything_is_sent(monkeypatch):
    done = []

    async def connect(self):
        done.append("connected")
        return "what the server's own class returns"

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connect)
    line = AtOnce.__new__(AtOnce)
    line._trait_values["websocket_handler"] = SimpleNamespace(set_nodelay=lambda value: done.append(value))
    assert asyncio.run(line.connect()) == "what the server's own class returns"
    assert done == [True, "connected"]


@pytest.mark.parametrize("how", ["course.py lab", "Binder"])
def test_the_server_is_given_it(how):
    if how == "Binder":
        server = ServerApp(config=PyFileConfigLoader("at_once.py", str(ROOT / "binder")).load_config())
    else:
        assert AT_ONCE in course.COMMANDS["lab"]
        server = ServerApp()
        server.parse_command_line([AT_ONCE])
    assert server.kernel_websocket_connection_class.__name__ == "AtOnce"
    assert issubclass(server.kernel_websocket_connection_class, ZMQChannelsWebsocketConnection)


def test_a_server_that_is_started_in_the_course_s_folder_finds_it():
    program = "from traitlets.utils.importstring import import_item; import_item('binder.at_once.AtOnce')"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
