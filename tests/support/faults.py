"""Faults of AWS, injected before the embedded AWS.

    with faults.on(Fault(service="dynamodb", table="audit", mode="stall")):
        ...

Pass `wrap` to EmbeddedAws. Every call is counted in the journal, whether a fault met it or not.
"""

import io
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from embedded_aws.calls import read_call
from embedded_aws.errors import AwsError
from embedded_aws.s3.addresses import Address, read_address

MODES = {
    "error": "answer AWS's error `code` with `status`; nothing is done",
    "deny": "answer that IAM does not allow it; nothing is done",
    "throttle": "answer that it is throttled; nothing is done",
    "gone": "answer that the table, key or region is not there; nothing is done",
    "stall": "wait `seconds`, then do it and answer",
    "hang": "wait `seconds`, then close the connection; nothing is done",
    "reset": "close the connection at once; nothing is done",
    "lost": "do it, then close the connection without an answer",
    "lost-error": "do it, then answer the error",
    "cut": "do it, then answer 200 with half of the body; DynamoDB's checksum stays",
    "cut-unchecked": "the same without the checksum",
    "torn": "do it, then close the connection in the middle of the body",
    "garbled": "do it, then answer 200 with bytes changed; DynamoDB's checksum stays",
    "garbled-unchecked": "the same without the checksum",
    "empty": "do it, then answer 200 with nothing",
    "absent": "do it, then answer 200 with a checksum that there is no such item, in `{}`; "
    "a batch lacks the items of `table` alone",
    "bare": "do it, then answer 200 with an empty document, without the checksum",
    "changed": "do it, then answer 200 with what `change` makes of the body, unchecked",
    "signed": "the same with DynamoDB's checksum",
    "unprocessed": "answer that none of a batch's keys were processed, with DynamoDB's checksum",
    "drip": "do it, then answer a byte each `seconds`",
}
UNCHECKED = {"cut-unchecked", "garbled-unchecked", "empty", "bare", "changed"}
"""The modes whose answers have no checksum."""

CONNECTED = {"stall", "hang", "reset", "lost", "torn", "drip"}
"""The modes that are about a connection; the others are about answers."""

THROTTLES = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "sts": ("Throttling", 400),
    "kms": ("ThrottlingException", 400),
    "iam": ("Throttling", 400),
    "s3": ("SlowDown", 503),
    "signin": ("Throttling", 429),
}
GONE = {
    "sts": ("RegionDisabledException", 403),
    "dynamodb": ("ResourceNotFoundException", 400),
    "kms": ("NotFoundException", 400),
}
DENIALS = {
    "dynamodb": ("AccessDeniedException", 400),
    "kms": ("AccessDeniedException", 400),
}


S3_SETTINGS = {"object-lock": "ObjectLockConfiguration", "versioning": "BucketVersioning"}
"""What a bucket is set to, by the parameter of a query that asks for it."""


@dataclass(frozen=True)
class Fault:
    """Which calls fail, and how. "" stands for any; `table` is the name with or without the prefix.

    `after`: so many matching calls succeed first; `times`: so many fail then (None: all);
    `when` looks at the body, `calls` at the whole call.
    """

    service: str = ""
    operation: str = ""
    table: str = ""
    mode: str = "error"
    code: str = "InternalServerError"
    status: int = 500
    message: str = "injected"
    seconds: float = 30.0
    after: int = 0
    times: int | None = None
    more: dict[str, Any] = field(default_factory=dict, hash=False)
    when: Callable[[bytes], bool] | None = None
    calls: "Callable[[Call], bool] | None" = None
    change: Callable[[bytes], bytes] = bytes

    def __post_init__(self) -> None:
        assert self.mode in MODES, f"{self.mode} is none of {', '.join(MODES)}"

    def meets(self, call: "Call") -> bool:
        """Return whether the call is one of those meant."""
        return (
            self.service in ("", call.service)
            and self.operation in ("", call.operation)
            and (not self.table or any(_is_table(self.table, name) for name in call.tables))
            and (self.when is None or self.when(call.body))
            and (self.calls is None or self.calls(call))
        )


@dataclass(frozen=True)
class Call:
    """A call as it came in."""

    service: str
    operation: str
    tables: tuple[str, ...]
    body: bytes
    at: float
    resource: str = ""
    """Of S3 the bucket, or the bucket and the key: `bucket/key`."""

    @property
    def document(self) -> dict[str, Any]:
        """What the body says, for services that speak JSON."""
        return dict(json.loads(self.body))


def _is_table(wanted: str, name: str) -> bool:
    """Return whether a table is meant, with or without the prefix."""
    return re.search(rf"(^|[-_.]){re.escape(wanted)}$", name) is not None


class _Active:
    """A fault that is on: how many calls it has met."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.met = 0
        self.hit = 0

    def strikes(self, call: Call) -> bool:
        """Count the call if it is meant, and return whether it fails."""
        if not self.fault.meets(call):
            return False

        self.met += 1
        if self.met <= self.fault.after:
            return False
        if self.fault.times is not None and self.hit >= self.fault.times:
            return False
        self.hit += 1
        return True


_lock = threading.Lock()
_active: list[_Active] = []
_journal: list[Call] = []
_released = [threading.Event()]
_idle = threading.Condition()
_met_now = [0]
"""Calls that a fault holds up now."""


@contextmanager
def on(*faults: Fault, may_miss: bool = False) -> Iterator[list[_Active]]:
    """Let these faults happen within the block; yield them with their counts (`met`, `hit`).

    Each has to happen, unless it `may_miss`: a test whose fault meets no call shows nothing.
    """
    added = [_Active(fault) for fault in faults]
    with _lock:
        _active.extend(added)
    try:
        yield added
    finally:
        with _lock:
            for active in added:
                if active in _active:
                    _active.remove(active)

    missed = [active.fault for active in added if not active.hit]
    assert may_miss or not missed, f"these faults met no call: {missed}"


def need_connections() -> bool:
    """Return whether a fault is on that is about a connection."""
    return any(active.fault.mode in CONNECTED for active in _active)


def clear() -> None:
    """End all faults, wake what stalls, and empty the journal."""
    with _lock:
        _active.clear()
        _journal.clear()
        _released[0].set()
        _released[0] = threading.Event()


def journal() -> list[Call]:
    """Return the calls since `clear`, oldest first."""
    with _lock:
        return list(_journal)


def count(service: str = "", operation: str = "", table: str = "") -> int:
    """Return how many calls there were since `clear`."""
    pattern = Fault(service=service, operation=operation, table=table)
    return sum(pattern.meets(call) for call in journal())


def counts() -> Counter[tuple[str, str]]:
    """Return the number of calls by (service, operation)."""
    return Counter((call.service, call.operation) for call in journal())


def wrap(app: Any) -> Any:
    """Put the faults before a WSGI application served by waitress."""

    def faulty(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = _read(environ)
        with _lock:
            _journal.append(call)
            fault = next((active.fault for active in _active if active.strikes(call)), None)
        if fault is None:
            return app(environ, start_response)
        with _under_way():
            return _strike(fault, call, app, environ, start_response)

    return faulty


@contextmanager
def _under_way() -> Iterator[None]:
    """Count a call that a fault meets for as long as it may still be done."""
    with _idle:
        _met_now[0] += 1
    try:
        yield
    finally:
        with _idle:
            _met_now[0] -= 1
            _idle.notify_all()


def settle() -> None:
    """End all faults, and wait until what was held up is done: its client may have given up."""
    clear()
    with _idle:
        assert _idle.wait_for(lambda: not _met_now[0], timeout=60)


def _read(environ: dict[str, Any]) -> Call:
    """Read what is called; leave the body to be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    if environ.get("PATH_INFO") == "/federation":
        fields = parse_qs(body.decode("utf-8", "replace") or environ.get("QUERY_STRING", ""))
        return Call("signin", fields.get("Action", [""])[0], (), body, time.monotonic())
    if "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
        return _read_s3(environ, body)
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    service = scope[1] if scope else ""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    operation = target or parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    return Call(
        service,
        operation,
        _tables_in(body) if service == "dynamodb" else (),
        body,
        time.monotonic(),
    )


def _read_s3(environ: dict[str, Any], body: bytes) -> Call:
    """Read a call of S3, whose operation is in its method, path and query."""
    request = read_call({**environ, "wsgi.input": io.BytesIO(body)})
    try:
        address = read_address(request)
    except AwsError:
        # a name that no bucket has: the embedded S3 refuses it
        address = Address("", "")
    names = set(parse_qs(request.query, keep_blank_values=True)) & S3_SETTINGS.keys()
    what = S3_SETTINGS[names.pop()] if names else ("Object" if address.key else "Bucket")
    operation = f"{request.method.title()}{what}"
    resource = "/".join(filter(None, address))
    return Call("s3", operation, (), body, time.monotonic(), resource)


def _tables_in(body: bytes) -> tuple[str, ...]:
    """Return the names of all tables in a request, those within transactions and batches too."""
    try:
        request = json.loads(body)
    except ValueError:
        return ()

    names = [request.get("TableName", ""), *request.get("RequestItems", {})]
    for item in request.get("TransactItems", []):
        names += [action.get("TableName", "") for action in item.values()]
    return tuple(filter(None, names))


def _strike(
    fault: Fault, call: Call, app: Any, environ: dict[str, Any], start_response: Any
) -> Iterable[bytes]:
    """Let a call fail."""
    if fault.mode in ("stall", "hang"):
        _released[0].wait(fault.seconds)
    if fault.mode == "stall":
        return app(environ, start_response)
    if fault.mode in ("hang", "reset"):
        return _close(environ, start_response)
    if fault.mode in ("error", "throttle", "deny", "gone"):
        return _error(call, fault, start_response)

    # the others are done first
    response = _done(app, environ)
    if fault.mode == "lost":
        return _close(environ, start_response)
    if fault.mode == "lost-error":
        return _error(call, fault, start_response)
    return _spoilt(fault, call, response, environ, start_response)


def _spoilt(
    fault: Fault,
    call: Call,
    response: tuple[str, dict[str, str], bytes],
    environ: dict[str, Any],
    start_response: Any,
) -> Iterable[bytes]:
    """Answer what was done, but not as it is."""
    status, headers, body = response
    if fault.mode == "drip":
        start_response(status, list(headers.items()))
        return _dripping(body, fault.seconds)
    if fault.mode == "torn":
        start_response(status, list(headers.items()))
        return _tearing(body[: len(body) // 2], environ)

    body = _changed(fault, call, body)
    if fault.mode in ("absent", "signed", "unprocessed"):
        headers["x-amz-crc32"] = str(zlib.crc32(body) & 0xFFFFFFFF)
    if fault.mode in UNCHECKED:
        headers.pop("x-amz-crc32", None)
    start_response(status, list({**headers, "Content-Length": str(len(body))}.items()))
    return [body]


def _changed(fault: Fault, call: Call, body: bytes) -> bytes:
    """Return what a body becomes."""
    if fault.mode in ("changed", "signed"):
        return fault.change(body)
    if fault.mode == "unprocessed":
        return _json({"Responses": {}, "UnprocessedKeys": call.document["RequestItems"]})
    if fault.mode == "absent":
        return _without_items(fault, call, body)
    if fault.mode in ("empty", "bare"):
        return _empty(fault, body)
    if fault.mode.startswith("garbled"):
        return bytes(byte ^ 1 if number % 7 == 3 else byte for number, byte in enumerate(body))
    return body[: len(body) // 2]


def _empty(fault: Fault, body: bytes) -> bytes:
    if fault.mode == "empty":
        return b""
    return b"<Answer/>" if body.startswith(b"<") else b"{}"


def _without_items(fault: Fault, call: Call, body: bytes) -> bytes:
    """Return an answer by which what was read is not there; of a batch, what is in the table."""
    if call.operation != "BatchGetItem":
        return b"{}"

    answer = json.loads(body)
    for name in answer["Responses"]:
        if not fault.table or _is_table(fault.table, name):
            answer["Responses"][name] = []
    return _json(answer)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _done(app: Any, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    """Do what was asked for and return the answer."""
    kept: list[Any] = []
    body = b"".join(
        app(environ, lambda status, headers, _=None: kept.extend((status, dict(headers))))
    )
    return kept[0], kept[1], body


def _error(call: Call, fault: Fault, start_response: Any) -> Iterable[bytes]:
    """Answer an error in the service's protocol."""
    code = fault.code
    status = fault.status
    if fault.mode == "throttle":
        code, status = THROTTLES.get(call.service, ("Throttling", 400))
    if fault.mode == "gone":
        code, status = GONE.get(call.service, ("NoSuchEntity", 404))
    if fault.mode == "deny":
        code, status = DENIALS.get(call.service, ("AccessDenied", 403))

    if call.service in ("sts", "iam"):
        body, headers = _xml_error(code, fault.message)
    elif call.service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{fault.message}</Message></Error>"
        body, headers = text.encode(), {"Content-Type": "application/xml"}
    elif call.service == "signin":
        body = fault.message.encode()
        headers = {"Content-Type": "text/plain"}
    else:
        body, headers = _json_error(code, fault)

    headers |= {"Content-Length": str(len(body)), "x-amzn-RequestId": "injected"}
    start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
    return [body]


def _xml_error(code: str, message: str) -> tuple[bytes, dict[str, str]]:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>injected</RequestId></ErrorResponse>"
    )
    return body.encode(), {"Content-Type": "text/xml"}


def _json_error(code: str, fault: Fault) -> tuple[bytes, dict[str, str]]:
    document = {
        "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
        "message": fault.message,
        **fault.more,
    }
    body = json.dumps(document).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amz-crc32": str(zlib.crc32(body) & 0xFFFFFFFF),
    }
    return body, headers


def _hang_up(environ: dict[str, Any]) -> None:
    """Reset the TCP connection under waitress's hands."""
    channel = environ["waitress.client_disconnected"].__self__
    channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    channel.socket.shutdown(socket.SHUT_RDWR)


def _close(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer nothing and close the connection."""
    _hang_up(environ)
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def _tearing(part: bytes, environ: dict[str, Any]) -> Iterator[bytes]:
    """Send a part of the body, then close the connection."""
    yield part
    time.sleep(0.05)
    _hang_up(environ)


def _dripping(body: bytes, seconds: float) -> Iterator[bytes]:
    """Send a byte at a time."""
    released = _released[0]
    for number in range(len(body)):
        yield body[number : number + 1]
        released.wait(seconds)
