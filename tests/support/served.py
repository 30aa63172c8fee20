"""`cooper_serve` in a process of its own, and a person's tool that speaks HTTP with it."""

import http.cookiejar
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import warm_commands
from tests.support.paths import ROOT

PORTS = range(10_000, 32_768)
"""Below those that Linux gives to outgoing connections: one might take it before a server does."""


def free_port() -> int:
    """Return a port that nobody listens on, another one each time."""
    while True:
        # tests seed `random`, and several processes look for ports
        port = secrets.choice(PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def clean(environment: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with nothing of AWS or cooper in it but what is given."""
    neutral = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "COOPER_"))
    }
    nothing = {
        # whose machine this is must not matter
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # servers of tests run at the same time
        "COOPER_METRICS_BIND": "off",
    }
    return neutral | nothing | environment


def run(words: list[str], environment: dict[str, str], given: str = "", limit: float = 60) -> Any:
    """Run a command at the checkout's root; return it with stdout, stderr and returncode."""
    if warm_commands.can_run(words):
        return warm_commands.run(words, clean(environment), given, limit)
    return subprocess.run(
        words,
        cwd=ROOT,
        env=clean(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )


def manage(*words: str) -> list[str]:
    """Return the command of a management command."""
    return [sys.executable, "manage.py", *words]


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str
    process: "subprocess.Popen[Any]"
    log: Path
    """What it writes to stderr."""

    def worker_pids(self) -> set[int]:
        """Return the process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def get(self, path: str, **headers: str) -> tuple[int, str, list[str]]:
        """GET an address; return status, text and the cookies that are set or deleted."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            response = _opener_without_redirects().open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
        return int(response.status or 0), text, response.headers.get_all("Set-Cookie") or []


@contextmanager
def starting(environment: dict[str, str], folder: Path, *words: str) -> Iterator[Server]:
    """Serve, wait until it answers at all, and end it by SIGTERM; its log goes into the folder."""
    port = free_port()
    command = manage("cooper_serve", "--port", str(port), *words)
    log = folder / "server.log"
    with log.open("w") as stderr:
        environment = clean({"COOPER_WORKERS": "1"} | environment)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/healthz", process)
        yield Server(url, process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.wait(timeout=40) == 0


@contextmanager
def serving(environment: dict[str, str], *words: str) -> Iterator[str]:
    """Serve, wait until it answers, and end it by SIGTERM; yield the address."""
    port = free_port()
    command = manage("cooper_serve", "--port", str(port), *words)
    process = subprocess.Popen(command, cwd=ROOT, env=clean({"COOPER_WORKERS": "1"} | environment))
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/readyz", process)
        yield url
    finally:
        process.terminate()
        assert process.wait(timeout=40) == 0


def wait_until(is_so: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def wait_for(url: str, process: "subprocess.Popen[Any]", seconds: float = 300) -> None:
    """Wait until an address answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener_without_redirects() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect())


class Person:
    """Somebody who signs in and asks, as a browser does."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, _NoRedirect())
        self._token = ""

    def ask(
        self, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """GET, or POST when there are fields; return status, text, and where a redirect leads."""
        data = None
        if fields:
            data = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": self._token}).encode()
            headers = {"Origin": self.url, **headers}
        request = urllib.request.Request(self.url + path, data, headers)

        try:
            response = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error

        with response:
            text = response.read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
        if token:
            self._token = token[1]
        return int(response.status or 0), text, response.headers.get("Location", "")

    def sign_in(self, username: str, password: str) -> int:
        """Sign in by the form; return the status."""
        self.ask("/login/")
        status = self.ask("/login/", {"username": username, "password": password})[0]
        self.ask("/")
        return status
