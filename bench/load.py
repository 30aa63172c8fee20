"""Requests to a server from one thread: lean, so that the client takes little of the processors."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

CSRF_TOKEN = "bench" * 6 + "ab"
"""The same in the cookie and in the header, which is what Django compares."""


LOOPBACK = "http://127.0.0.1"


@dataclass
class Run:
    """What came of the requests: seconds that each took, and the status of each answer."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    """How long it took all in all."""

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return len(self.times) / self.seconds

    @property
    def errors(self) -> int:
        """Answers of the server that are not 2xx or 3xx; 0 is a connection that broke."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 400)

    def percentile(self, percent: float) -> float:
        """Return the seconds within which so many percent of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def become(
    target: str, cookie: str, delivery: str = "credentials", *, url: str = LOOPBACK
) -> bytes:
    """Return the request that becomes a target."""
    headers = {
        "Cookie": f"{_sent(cookie, url)}; {_sent('cooper-csrf', url)}={CSRF_TOKEN}",
        "X-CSRFToken": CSRF_TOKEN,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": url,
    }
    return request("POST", f"{url}/targets/{target}/{delivery}/", headers, b"duration=900")


def page(path: str, cookie: str = "", *, url: str = LOOPBACK) -> bytes:
    """Return the request for a page."""
    headers = {"Cookie": _sent(cookie, url)} if cookie else {}
    return request("GET", url + path, headers, b"")


def _sent(cookie: str, url: str) -> str:
    """Return a cookie as it is named where cooper is reached by https."""
    return f"__Host-{cookie}" if url.startswith("https://") else cookie


def request(method: str, address: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return a request for an address."""
    host, _, path = address.partition("://")[2].partition("/")
    lines = [f"{method} /{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(port: int, requests: list[bytes], at_once: int, *, seconds: float, most: int) -> Run:
    """Send requests from so many connections at once, until the time or `most` is over.

    Each connection sends one of the requests again and again.
    """
    run = Run()
    asyncio.run(_send(port, requests, at_once, time.monotonic() + seconds, most, run))
    return run


async def _send(
    port: int, requests: list[bytes], at_once: int, end: float, most: int, run: Run
) -> None:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(at_once)]
    start = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, (reader, writer) in enumerate(connections):
            request = requests[number % len(requests)]
            group.create_task(_repeat(reader, writer, request, end, most, run))
    run.seconds = time.monotonic() - start

    for _, writer in connections:
        writer.close()


async def _repeat(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: bytes,
    end: float,
    most: int,
    run: Run,
) -> None:
    while time.monotonic() < end and len(run.times) < most:
        start = time.perf_counter()
        writer.write(request)
        try:
            status = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            run.statuses[0] += 1
            return
        run.times.append(time.perf_counter() - start)
        run.statuses[status] += 1


async def read_answer(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end; return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    if headers.get("transfer-encoding") == "chunked":
        while await _read_chunk(reader):
            pass
    else:
        await reader.readexactly(int(headers.get("content-length", 0)))
    return int(lines[0].split(" ")[1])


async def _read_chunk(reader: asyncio.StreamReader) -> int:
    """Read a chunk and the line end behind it; return its size."""
    size = int(await reader.readline(), 16)
    await reader.readexactly(size + 2)
    return size
