"""A steady load: so many requests a second, whether the answers come or not."""

import asyncio
import itertools
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from bench.load import read_answer

PATIENCE = 60.0
"""Seconds in which an answer has to be there."""

OK = 200

BROKEN = 0
"""The status of a request whose connection broke, or that was never answered."""


@dataclass(frozen=True)
class Request:
    """A request, as bytes; `kind` tells which figures it belongs to."""

    kind: str
    content: bytes
    port: int


@dataclass(frozen=True)
class Outcome:
    """What came of a request; times are seconds of the monotonic clock."""

    kind: str
    started: float
    ended: float
    status: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.started


@dataclass
class Load:
    """The load while it runs, and what came of it."""

    rate: float
    requests: Iterator[Request]
    tls: ssl.SSLContext | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def failed(self) -> list[Outcome]:
        """Return the requests that were not answered as they should have been."""
        return [outcome for outcome in self.outcomes if outcome.status != OK]

    def of(self, kind: str) -> list[Outcome]:
        """Return the outcomes of one kind."""
        return [outcome for outcome in self.outcomes if outcome.kind == kind]

    def longest_gap(self) -> float:
        """Return the longest time (s) in which no request ended well."""
        ends = sorted(outcome.ended for outcome in self.outcomes if outcome.status == OK)
        return max(later - earlier for earlier, later in itertools.pairwise(ends))

    def longest(self, kind: str) -> float:
        """Return the longest time (s) that an answer took."""
        return max(outcome.seconds for outcome in self.of(kind))

    def p95(self, kind: str) -> float:
        """Return the seconds within which 95 % of the answers came."""
        return percentile([outcome.seconds for outcome in self.of(kind)], 95)

    async def run(self) -> None:
        """Send until it is over, then wait for the answers that are due."""
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                due = start + number / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self.is_over.is_set():
                    break
                group.create_task(self._send(next(self.requests)))

    async def _send(self, request: Request) -> None:
        start = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self._exchange(request)
        except (OSError, EOFError, TimeoutError):
            status = BROKEN
        self.outcomes.append(Outcome(request.kind, start, time.monotonic(), status))

    async def _exchange(self, request: Request) -> int:
        """Send a request on a connection of its own; return the status of its answer."""
        name = "localhost" if self.tls else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", request.port, ssl=self.tls, server_hostname=name
        )
        try:
            writer.write(request.content)
            return await read_answer(reader)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@contextmanager
def loaded(
    requests: Iterator[Request], rate: float, tls: ssl.SSLContext | None = None
) -> Iterator[Load]:
    """Send so many requests a second within the block; all are answered at its end."""
    load = Load(rate, requests, tls)
    thread = threading.Thread(target=lambda: asyncio.run(load.run()))
    thread.start()
    try:
        yield load
    finally:
        load.is_over.set()
        thread.join()


def percentile(values: list[float], percent: float) -> float:
    """Return the value within which so many percent of the values are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
