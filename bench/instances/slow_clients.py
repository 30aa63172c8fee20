"""Clients that send or read a byte a second, or nothing: each holds a connection."""

import asyncio
import itertools
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from bench import load
from bench.instances.browsers import ask_once

BYTE_SECONDS = 1.0

BODY_BYTES = 1_000_000

PIPELINED = 60
"""Files that are asked for at once by a client that hardly reads: more than the buffers hold.

Files and no pages: that many pages at once would be a flood, whoever reads them.
"""

STYLE_SHEET = re.compile(r'"(/static/[^"]+\.css)"')

RECEIVE_BUFFER = 4_096
"""Bytes; without it the system takes megabytes, and the server waits for nobody."""

ESTABLISHED = "01"
"""The state of a connection in proc_net_tcp(5)."""


class SlowClients:
    """Clients of each kind, in a thread of their own; they try for as long as the block lasts."""

    def __init__(self, ports: list[int], of_each: int) -> None:
        self._ports = ports
        self._of_each = of_each
        self._file = load.page(_style_sheet(ports[0]), "")
        self._started = time.monotonic()
        self._is_over = threading.Event()
        self._kind_by_port: dict[int, str] = {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        # all of them are connected before anything is measured
        while len(self._kind_by_port) < self._of_each * len(KINDS):
            time.sleep(0.05)
        self._started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def begun(self) -> int:
        """How many connections there were at the beginning."""
        return len(self._kind_by_port)

    def age(self) -> float:
        """Return the seconds since all of them were connected."""
        return time.monotonic() - self._started

    def still_open(self) -> dict[str, int]:
        """Return how many connections the servers still have, by kind."""
        count = Counter(dict.fromkeys(KINDS, 0))
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            local, remote = (int(address.rpartition(":")[2], 16) for address in fields[1:3])
            if local in self._ports and remote in self._kind_by_port and fields[3] == ESTABLISHED:
                count[self._kind_by_port[remote]] += 1
        return dict(count)

    async def _run(self) -> None:
        kinds = list(KINDS) * self._of_each
        async with asyncio.TaskGroup() as group:
            for kind, port in zip(kinds, itertools.cycle(self._ports), strict=False):
                group.create_task(self._hold(kind, port))

    async def _hold(self, kind: str, port: int) -> None:
        """Hold a connection until it is all over."""
        connected = socket.socket()
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        connected.connect(("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connected, limit=1_024)
        self._kind_by_port[writer.get_extra_info("sockname")[1]] = kind
        with suppress(OSError):
            async for part in KINDS[kind](self._file):
                if self._is_over.is_set() or writer.is_closing():
                    break
                writer.write(part)
                if kind == "read":
                    await reader.read(1)
                await asyncio.sleep(BYTE_SECONDS)
        await asyncio.to_thread(self._is_over.wait)
        writer.close()


def _style_sheet(port: int) -> str:
    """Return the address of a file that every page has."""
    page = ask_once(port, "GET", "/login/", {})
    match = STYLE_SHEET.search(page.text)
    assert match, page.text
    return match[1]


async def _drip_headers(_: bytes) -> AsyncIterator[bytes]:
    yield b"GET /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    while True:
        yield b"x"


async def _drip_body(_: bytes) -> AsyncIterator[bytes]:
    yield (
        b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\nusername=" % BODY_BYTES
    )
    while True:
        yield b"x"


async def _read_slowly(file: bytes) -> AsyncIterator[bytes]:
    yield file * PIPELINED
    while True:
        yield b""


async def _say_nothing(_: bytes) -> AsyncIterator[bytes]:
    while True:
        yield b""


KINDS = {
    "headers": _drip_headers,
    "body": _drip_body,
    "read": _read_slowly,
    "idle": _say_nothing,
}
"""What each sends, a part a second."""
