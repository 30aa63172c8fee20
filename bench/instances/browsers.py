"""Browsers and command lines that ask whichever server they are told to."""

import http.client
import time
import urllib.parse
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from bench.load import CSRF_TOKEN

TIMEOUT = 60.0

FORM = "application/x-www-form-urlencoded"

REDIRECTS = 3
"""Redirects that are followed, one after the other."""


@dataclass(frozen=True)
class Answer:
    """What came back, and when it was asked for (seconds of the monotonic clock)."""

    status_code: int
    text: str
    headers: http.client.HTTPMessage = field(repr=False)
    started: float
    seconds: float


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    address: str,
    headers: dict[str, str],
    body: bytes | None = None,
) -> Answer:
    """Send a request and read its answer; raise OSError or HTTPException when it breaks."""
    start = time.monotonic()
    connection.request(method, address, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    seconds = time.monotonic() - start
    return Answer(response.status, text, response.headers, start, seconds)


def ask_once(
    port: int, method: str, address: str, headers: dict[str, str], body: bytes | None = None
) -> Answer:
    """Ask on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        return ask(connection, method, address, headers, body)
    finally:
        connection.close()


class Browser:
    """A browser in which somebody is signed in; forms of `tests.support.forms` are filled in it."""

    def __init__(self, port: int, username: str, cookie: str) -> None:
        self.port = port
        self.username = username
        self._jar = SimpleCookie(f"{cookie}; cooper-csrf={CSRF_TOKEN}")

    @property
    def headers(self) -> dict[str, str]:
        """What it sends with each request."""
        pairs = [f"{cookie.key}={cookie.value}" for cookie in self._jar.values()]
        return {"Cookie": "; ".join(pairs), "X-CSRFToken": CSRF_TOKEN}

    def get(self, address: str) -> Answer:
        """GET a page."""
        return self._keep(ask_once(self.port, "GET", address, self.headers))

    def post(self, address: str, fields: dict[str, Any], *, follow: bool = False) -> Answer:
        """POST a form, and follow its redirects if asked to."""
        body = urllib.parse.urlencode(fields, doseq=True).encode()
        headers = self.headers | {"Content-Type": FORM}
        answer = self._keep(ask_once(self.port, "POST", address, headers, body))
        for _ in range(REDIRECTS):
            if not follow or answer.status_code not in (302, 303):
                break
            answer = self.get(urllib.parse.urljoin(address, answer.headers["Location"]))
        return answer

    def _keep(self, answer: Answer) -> Answer:
        for line in answer.headers.get_all("Set-Cookie", []):
            self._jar.load(line)
        return answer
