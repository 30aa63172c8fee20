"""The stub's HTTP server: one thread, and a call takes as long as was set.

`POST /stub/` sets latencies and conflicts, and answers what was counted since the last time.
"""

import asyncio
import io
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bench.stub_aws import sts
from bench.stub_aws.conflicts import Conflicts
from bench.stub_aws.dynamodb import Database, Document
from bench.stub_aws.errors import StubError
from bench.stub_aws.units import Units

CONTROL_PATH = "/stub/"
SIGNIN_PATH = "/federation"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


@dataclass
class Call:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What a call is answered."""

    status: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Latency:
    """Seconds that a call takes, by service."""

    dynamodb: float = 0.0
    sts: float = 0.0
    signin: float = 0.0


class StubAws:
    """Answers calls; those that it does not know go to `fallback`, a WSGI application."""

    def __init__(self, database: Database, fallback: WsgiApp) -> None:
        self.database = database
        self.conflicts = Conflicts()
        self.latency = Latency()
        self.calls: Counter[str] = Counter()
        self._fallback = fallback

    async def answer(self, call: Call) -> Answer:
        """Answer a call once its time is over."""
        if call.path == CONTROL_PATH:
            return self._control(json.loads(call.body))

        service, _, operation = call.headers.get("x-amz-target", "").partition(".")
        if service.startswith("DynamoDB") and operation in self.database.operations:
            self.calls[operation] += 1
            return await self._answer_dynamodb(operation, json.loads(call.body))
        if call.path == SIGNIN_PATH and call.method == "POST":
            self.calls["getSigninToken"] += 1
            await asyncio.sleep(self.latency.signin)
            return _json("200 OK", {"SigninToken": sts.token()})

        action = sts.action_of(call.body)
        if action:
            self.calls[action] += 1
            await asyncio.sleep(self.latency.sts)
            return Answer("200 OK", sts.answer(action, call.body), {"Content-Type": "text/xml"})

        self.calls[operation or call.path] += 1
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._pass_on, call)

    async def _answer_dynamodb(self, operation: str, request: Document) -> Answer:
        end = time.monotonic() + self.latency.dynamodb
        try:
            keys = self.database.item_keys(operation, request)
            with self.conflicts.under_way(operation, keys):
                document = self.database.operations[operation](request)
                await _sleep_until(end)
        except StubError as error:
            await _sleep_until(end)
            return _json("400 Bad Request", error.document)
        except (KeyError, ValueError) as error:
            # an expression that is not known here, a key of another table
            return _json("400 Bad Request", StubError("ValidationException", repr(error)).document)
        return _json("200 OK", document)

    def _control(self, settings: dict[str, Any]) -> Answer:
        """Take settings, and return what was counted since the last time."""
        latency = settings.get("latency")
        if latency is not None:
            self.latency = Latency(**latency)
        self.conflicts.are_modelled = settings.get("conflicts", self.conflicts.are_modelled)

        counted = {
            "calls": dict(self.calls),
            "units": asdict(self.database.units),
            "conflicts": self.conflicts.count,
        }
        self.calls.clear()
        self.database.units = Units()
        self.conflicts.count = 0
        return _json("200 OK", counted)

    def _pass_on(self, call: Call) -> Answer:
        started: list[Any] = []
        path, _, query = call.path.partition("?")
        environ = {
            "REQUEST_METHOD": call.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": call.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(call.body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": call.headers["host"].rpartition(":")[2],
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(call.body),
        }
        for name, value in call.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value

        body = b"".join(self._fallback(environ, lambda *start: started.extend(start)))
        status, headers = started[:2]
        return Answer(status, body, dict(headers))


async def _sleep_until(end: float) -> None:
    seconds = end - time.monotonic()
    if seconds > 0:
        await asyncio.sleep(seconds)


def _json(status: str, document: Document) -> Answer:
    body = json.dumps(document).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        # cooper takes no answer of DynamoDB without it
        "x-amz-crc32": str(zlib.crc32(body)),
    }
    return Answer(status, body, headers)


class Connection(asyncio.Protocol):
    """One connection of a client: a request after the other."""

    def __init__(self, stub: StubAws) -> None:
        self._stub = stub
        self._received = bytearray()
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin to answer when a request is whole."""
        self._received += data
        call = self._take_call()
        if call is not None:
            # the event loop keeps no task alive by itself
            task = asyncio.get_running_loop().create_task(self._respond(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take_call(self) -> Call | None:
        """Return the request that was received, or None while it is not whole."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None

        first_line, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()

        whole = end + 4 + int(headers.get("content-length", 0))
        if len(self._received) < whole:
            return None

        method, path, _ = first_line.split(" ")
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        return Call(method, path, headers, body)

    async def _respond(self, call: Call) -> None:
        answer = await self._stub.answer(call)
        headers = answer.headers | {"Content-Length": str(len(answer.body))}
        lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {headers[name]}" for name in headers)]
        self._transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)


async def serve(stub: StubAws, ready: Callable[[int], None]) -> None:
    """Serve on a free port of loopback, for ever; `ready` is called with the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=2_048)
    ready(int(server.sockets[0].getsockname()[1]))
    await server.serve_forever()
