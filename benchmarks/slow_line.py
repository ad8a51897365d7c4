"""A line to a server on loopback that keeps every byte back for a while, each way, in order.

async with slow_line("http://127.0.0.1:8888/lab?token=…", 0.1) as address:
    ...                                     # the same server, 100 ms away
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK = 65536  # bytes that are read at once


@asynccontextmanager
async def slow_line(url: str, seconds: float) -> AsyncIterator[str]:
    """The URL at which the server of `url` answers so many seconds late, each way."""
    there = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward, back = await asyncio.open_connection(there.hostname, there.port)
        except OSError:  # the server is gone: the browser finds the line closed
            writer.close()
            return
        for end in (writer, back):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_carry(reader, back, seconds), _carry(onward, writer, seconds))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield there._replace(netloc=f"127.0.0.1:{port}").geturl()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """From one end to the other until one of them closes; what has been read is written when its time has come."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                return
            writer.write(data)
            await writer.drain()

    task = asyncio.create_task(write())
    try:
        while data := await reader.read(CHUNK):
            waiting.put_nowait((loop.time() + seconds, data))
        waiting.put_nowait((loop.time() + seconds, b""))
        await task
    except ConnectionError:  # the other end has closed
        task.cancel()
    finally:
        writer.close()
