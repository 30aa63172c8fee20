"""One request as a tool sends it, straight to an address; what fails is told in a sentence.

No redirect is followed, and no proxy of this machine's environment is used.
"""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from core.errors import CooperError

PATIENCE = 10.0
"""Seconds for connecting, and for each part of the answer."""

LONGEST_BODY = 65_536
"""Bytes of an answer that are looked at."""

OWN_CA = "Where its CA is one of your own, name its file: SSL_CERT_FILE=/path/to/ca.pem"

_TITLE = re.compile(r"<title>([^<]{1,200})</title>", re.IGNORECASE)


class NoAnswer(CooperError):
    """No HTTP answer came; the message says at which step it failed, and what to look at."""


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Message
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, "" without it; it is a stranger's text."""
        return str(self.headers.get(name) or "")[:200]

    @property
    def members(self) -> dict[str, Any]:
        """The members of a JSON object, none when the body is anything else."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def described(self) -> str:
        """Return what it is, for people: status, kind, title, and who says that it answers."""
        parts = [_status_line(self.status)]
        content_type = self.header("Content-Type").partition(";")[0]
        if content_type:
            parts.append(content_type)

        title = _TITLE.search(self.body.decode(errors="replace"))
        if title:
            parts.append(f'titled "{title[1].strip()}"')
        if self.header("Server"):
            parts.append(f"Server: {self.header('Server')}")
        return ", ".join(parts)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def get(address: str, path: str, headers: Mapping[str, str]) -> Answer:
    """Return the answer to a GET; raise NoAnswer."""
    connection = _connection(address)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        body = response.read(LONGEST_BODY)
        return Answer(response.status, response.headers, body)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(_sentence(address, error), repr(error)) from error
    finally:
        connection.close()


def _connection(address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=PATIENCE, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=PATIENCE)


def _sentence(address: str, error: Exception) -> str:
    """Return what went wrong, at this address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {address} is not trusted: {error.verify_message}. {OWN_CA}"
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence.format(address=address, host=urlsplit(address).hostname, error=error)
    return f"{address} cannot be reached: {error}."


_SENTENCES: dict[type[Exception], str] = {
    ssl.SSLError: "No https is spoken at {address} ({error.reason}).",
    socket.gaierror: "The name {host} is not known on this machine ({error.strerror}).",
    TimeoutError: f"No answer from {{address}} within {PATIENCE:.0f} seconds. "
    "A firewall or a security group may be in the way.",
    ConnectionRefusedError: "Nobody listens at {address}.",
    ConnectionResetError: "{address} closed the connection without an answer. "
    "Is it http or https there?",
    http.client.HTTPException: "What answers at {address} does not speak HTTP.",
}
"""What to say of each class of errors: `RemoteDisconnected` is of both of the last ones."""
