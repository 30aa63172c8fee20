"""Calls to the embedded AWS of this process without a socket, which costs three tenths of a test.

What botocore would send goes straight to the WSGI application, signed and checked as ever, and the
answer to botocore. conftest.py says for which tests; all others go over the wire, and so do servers
and commands.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from urllib3 import HTTPHeaderDict

from core.aws.tries import note_sending
from embedded_aws import EmbeddedAws

Application = Callable[..., Any]


class _Body(io.BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class StraightCalls:
    """The way to one embedded AWS; pass `wrap` to it, last of all."""

    is_open = False
    """Whether calls go this way; else they go over the wire."""

    def __init__(self, wrap: Callable[[Application], Application], must_wire: Callable[[], bool]):
        self._wrap = wrap
        self._must_wire = must_wire
        self._application: Application | None = None

    def wrap(self, application: Application) -> Application:
        """Remember the application that is served."""
        self._application = self._wrap(application)
        return self._application

    @contextmanager
    def to(self, aws: EmbeddedAws) -> Iterator[None]:
        """Let calls to `aws` go straight within the block."""
        send_over_wire = URLLib3Session.send
        process_id = os.getpid()
        address = f"{aws.endpoint_url}/"

        def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            # a fork has but a copy of this AWS; calls that take time may be given up meanwhile
            is_wired = os.getpid() != process_id or aws.dynamodb_latency_seconds
            if request.url != address or not self.is_open or is_wired or self._must_wire():
                return send_over_wire(session, request)
            return self._answer(request)

        URLLib3Session.send = send
        try:
            yield
        finally:
            URLLib3Session.send = send_over_wire

    def _answer(self, request: AWSPreparedRequest) -> AWSResponse:
        note_sending()
        started = []
        parts = self._application(_environ(request), lambda *status: started.append(status))
        body = _Body(b"".join(parts))

        [(status, headers)] = started
        # as the server of real HTTP adds it
        headers.append(("Date", formatdate(usegmt=True)))
        return AWSResponse(request.url, int(status.split()[0]), HTTPHeaderDict(headers), body)


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    address = urlsplit(request.url)
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()

    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": address.path,
        "QUERY_STRING": address.query,
        "SERVER_NAME": address.hostname,
        "SERVER_PORT": str(address.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": address.scheme,
        "wsgi.input": io.BytesIO(body),
        "HTTP_HOST": address.netloc,
    }
    for name, value in request.headers.items():
        variable = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[f"HTTP_{variable}"] = text
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_CONTENT_LENGTH", None)
    return environ
