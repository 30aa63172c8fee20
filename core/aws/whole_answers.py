"""Connections whose time to read is for a whole answer: status line, headers and body.

A socket's own time limit is for each read, so that an answer which comes byte by byte would take
minutes and hold a worker's thread all the while. urllib3 sets that limit on the socket before it
reads an answer; here the answer's end follows from it.
"""

import io
import time
from http.client import HTTPResponse
from socket import socket
from typing import Any

import urllib3
from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3.connection import HTTPConnection, HTTPSConnection

from core.aws.deadlines import seconds_left
from core.aws.tries import note_sending


class _TimedReader(io.RawIOBase):
    """Reads a socket until `end` (time.monotonic); raises TimeoutError after it."""

    def __init__(self, reader: io.RawIOBase, connected: socket, end: float) -> None:
        self._reader = reader
        self._socket = connected
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the answer did not come whole in time")
        self._socket.settimeout(seconds)
        return self._reader.readinto(buffer)

    def close(self) -> None:
        # it counts as one of the socket's users, without which the socket is not closed
        self._reader.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer that has to come whole within the time that its socket has for a read."""

    def __init__(self, sock: socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        seconds = sock.gettimeout()
        if seconds:
            reader = self.fp.detach()
            timed_reader = _TimedReader(reader, sock, time.monotonic() + seconds)
            self.fp = io.BufferedReader(timed_reader)


class _Timed:
    """A connection that is opened, and answers, within what the deadline leaves."""

    timeout: float | None
    sock: socket | None
    response_class: Any = _TimedResponse

    def connect(self) -> None:
        if self.timeout:
            self.timeout = seconds_left(self.timeout)
        super().connect()  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if not self.sock:
            # http.client would do it as part of sending: what cannot connect has sent nothing
            self.connect()
        note_sending()
        super().send(data)  # type: ignore[misc]


class _AwsConnection(_Timed, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _AwsTlsConnection(_Timed, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _AwsPool(AWSHTTPConnectionPool):
    ConnectionCls = _AwsConnection


class _AwsTlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _AwsTlsConnection


class _Connection(_Timed, HTTPConnection):
    pass


class _TlsConnection(_Timed, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def demand_whole_answers(client: Any) -> None:
    """Let a client of botocore take only answers that come whole within its time to read."""
    # botocore has no public way to its HTTP session; a test notices when these names go
    http_session = client._endpoint.http_session
    http_session._pool_classes_by_scheme.update(http=_AwsPool, https=_AwsTlsPool)


def pool_manager(**options: Any) -> urllib3.PoolManager:
    """Return urllib3's PoolManager with these options, which takes only such answers, too."""
    pools = urllib3.PoolManager(**options)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pools
