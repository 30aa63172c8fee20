"""The stub's HTTP server: one thread, and a call takes as long as was set.

`POST /stub/` sets latencies and conflicts, and answers what was counted since the last time.
"""

import asyncio
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.utils import formatdate
from typing import Any

from bench.stub_aws import sts
from bench.stub_aws.conflicts import Conflicts
from bench.stub_aws.dynamodb import Database, Document
from bench.stub_aws.errors import StubError
from bench.stub_aws.units import Units

CONTROL_PATH = "/stub/"
SIGNIN_PATH = "/federation"

_TARGET = re.compile(rb"\r\nx-amz-target: *([\w.]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Call:
    """One HTTP request."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self._head = head
        self.body = body
        self.method, self.path, _ = head[: head.index(b"\r\n")].decode().split(" ")
        match = _TARGET.search(head)
        self.target = match[1].decode() if match else ""
        """Of services that speak JSON: the API, a dot, the operation."""

    @property
    def headers(self) -> dict[str, str]:
        """All headers, by their names in lower case."""
        headers = {}
        for line in self._head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers


@dataclass
class Answer:
    """What a call is answered."""

    status: str
    body: bytes
    headers: dict[str, str]


Respond = Callable[[Answer], None]
"""Sends an answer."""


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
        self.are_conflicts_modelled = False
        self.latency = Latency()
        self.calls: Counter[str] = Counter()
        self._fallback = fallback

    def answer(self, call: Call, respond: Respond) -> None:
        """Answer a call once its time is over."""
        if call.path == CONTROL_PATH:
            respond(self._control(json.loads(call.body)))
            return

        service, _, operation = call.target.partition(".")
        if service.startswith("DynamoDB") and operation in self.database.operations:
            self.calls[operation] += 1
            self._answer_dynamodb(operation, json.loads(call.body), respond)
            return
        if call.path == SIGNIN_PATH and call.method == "POST":
            self.calls["getSigninToken"] += 1
            answer = _json("200 OK", {"SigninToken": sts.token()})
            _later(self.latency.signin, respond, answer)
            return

        action = sts.action_of(call.body)
        if action:
            self.calls[action] += 1
            answer = Answer("200 OK", sts.answer(action, call.body), {"Content-Type": "text/xml"})
            _later(self.latency.sts, respond, answer)
            return

        self.calls[operation or call.path] += 1
        # STS's other calls take as long
        seconds = self.latency.sts if b"Action=GetCallerIdentity" in call.body else 0.0
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(None, self._pass_on, call)
        future.add_done_callback(lambda done: _later(seconds, respond, done.result()))

    def _answer_dynamodb(self, operation: str, request: Document, respond: Respond) -> None:
        keys = []
        try:
            if self.are_conflicts_modelled:
                keys = self.database.item_keys(operation, request)
                self.conflicts.begin(operation, keys)
            answer = self._do(operation, request)
        except StubError as error:
            # what is refused is not under way
            keys = []
            answer = _json("400 Bad Request", error.document)

        def finish(answer: Answer) -> None:
            self.conflicts.end(operation, keys)
            respond(answer)

        _later(self.latency.dynamodb, finish, answer)

    def _do(self, operation: str, request: Document) -> Answer:
        """Do an operation; one that is refused is answered at its end, too."""
        try:
            return _json("200 OK", self.database.operations[operation](request))
        except StubError as error:
            return _json("400 Bad Request", error.document)
        except (KeyError, ValueError) as error:
            # an expression that is not known here, a key of another table
            return _json("400 Bad Request", StubError("ValidationException", repr(error)).document)

    def _control(self, settings: dict[str, Any]) -> Answer:
        """Take settings, and return what was counted since the last time."""
        latency = settings.get("latency")
        if latency is not None:
            self.latency = Latency(**latency)
        self.are_conflicts_modelled = settings.get("conflicts", self.are_conflicts_modelled)

        counted = {
            "calls": dict(self.calls),
            "units": asdict(self.database.units),
            "conflicts": self.conflicts.count,
        }
        self.calls.clear()
        self.database.units = Units(are_counted=bool(settings.get("units")))
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


def _later(seconds: float, respond: Respond, answer: Answer) -> None:
    if seconds:
        asyncio.get_running_loop().call_later(seconds, respond, answer)
    else:
        respond(answer)


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
        self._received = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin to answer when a request is whole."""
        self._received += data
        call = self._take_call()
        if call is not None:
            self._stub.answer(call, self._respond)

    def _take_call(self) -> Call | None:
        """Return the request that was received, or None while it is not whole."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None

        head = self._received[:end]
        match = _LENGTH.search(head)
        whole = end + 4 + int(match[1] if match else 0)
        if len(self._received) < whole:
            return None

        body = self._received[end + 4 : whole]
        self._received = self._received[whole:]
        return Call(head, body)

    def _respond(self, answer: Answer) -> None:
        lines = [
            f"HTTP/1.1 {answer.status}",
            f"Content-Length: {len(answer.body)}",
            # cooper's /readyz compares its clock with it
            f"Date: {formatdate(usegmt=True)}",
        ]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self._transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)


async def serve(stub: StubAws, ready: Callable[[int], None]) -> None:
    """Serve on a free port of loopback, for ever; `ready` is called with the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=2_048)
    ready(int(server.sockets[0].getsockname()[1]))
    await server.serve_forever()
