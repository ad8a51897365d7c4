"""A kernel's answers go to the browser at once: for `python course.py lab`, and for Binder's server.

Jupyter Server leaves its lines to the browser as TCP has them at first: a small message waits until the one before it
has been acknowledged, which a browser's machine does after up to 40 ms (Nagle's algorithm and delayed acknowledgments,
RFC 896 and 1122). While a run reports ten times a second, a slider's answer took twice as long for it.

It is a module for Jupyter Server's option `kernel_websocket_connection_class`, and a file with its settings.
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class AtOnce(ZMQChannelsWebsocketConnection):
    """Jupyter Server's own line between a kernel and a browser, without waiting."""

    async def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return await super().connect()


if "c" in globals():  # where this file is read as settings, they are called so
    globals()["c"].ServerApp.kernel_websocket_connection_class = AtOnce
