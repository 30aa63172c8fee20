"""A real server: its first requests, requests during a reload, and how long a stop takes."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from bench.web import sign_in

WORKERS = 2

RELOAD_SECONDS = 20.0
"""Seconds in which requests are sent one after the other around a reload."""

PAGES = ("/login/", "/", "/targets/dev-read/", "/admin/", "/admin/brokers/target/dev-read/change/")
"""Asked in this order of a worker that has just started."""


def measure() -> None:
    """Measure and print each."""
    cookie = _cookie("carol")
    _measure_first_requests(cookie)
    _measure_reload(cookie)
    _measure_stop()


def _cookie(username: str) -> str:
    browser = sign_in(username)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def _measure_first_requests(cookie: str) -> None:
    with _serving(workers=1) as (port, _):
        for page in PAGES:
            first = _milliseconds(port, page, cookie)
            later = min(_milliseconds(port, page, cookie) for _ in range(5))
            print(f"first request of {page:<42} {first:7.0f} ms, later {later:.0f} ms")


def _measure_reload(cookie: str) -> None:
    times: list[float] = []
    with _serving(workers=WORKERS) as (port, server):
        old_pids = _worker_pids(server)
        end = time.monotonic() + RELOAD_SECONDS

        def ask() -> None:
            while time.monotonic() < end:
                times.append(_milliseconds(port, "/", cookie))

        clients = [threading.Thread(target=ask) for _ in range(2)]
        for client in clients:
            client.start()
        time.sleep(2)
        server.send_signal(signal.SIGHUP)
        for client in clients:
            client.join()
        left = len(old_pids & _worker_pids(server))

    slow = sum(milliseconds > 1_000 for milliseconds in times)
    print(f"reload under load: {len(times)} requests, longest {max(times):.0f} ms, {slow} over 1 s")
    print(f"old workers left after the reload: {left} of {len(old_pids)}")


def _measure_stop() -> None:
    with _serving(workers=WORKERS) as (port, server):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/healthz")
        connection.getresponse().read()

        start = time.monotonic()
        server.terminate()
        server.wait()
        print(f"stop with one idle connection: {time.monotonic() - start:.1f} s")
        connection.close()


def _worker_pids(server: "subprocess.Popen[bytes]") -> set[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return {int(pid) for pid in children.read_text().split()}


def _milliseconds(port: int, page: str, cookie: str) -> float:
    """GET a page on a connection of its own; return how long it took."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", page, headers={"Cookie": cookie})
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status < 500, (page, response.status)
    return (time.monotonic() - start) * 1000


@contextmanager
def _serving(workers: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Serve, and yield the port and the process once it is ready."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])

    command = [sys.executable, "manage.py", "cooper_serve", "--port", str(port)]
    environment = os.environ | {"COOPER_EMBEDDED": "1", "COOPER_WORKERS": str(workers)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_until_healthy(port)
        yield port, server
    finally:
        server.terminate()
        server.wait()


def _wait_until_healthy(port: int) -> None:
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
