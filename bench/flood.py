"""A flood of wrong passwords against a running server, and what a signed-in person notices of it.

Measured: how long a page takes alone and during the flood, what the flood is answered, and the
memory that each worker has at most. The server runs in processes of its own.
"""

import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from http.cookies import SimpleCookie
from pathlib import Path

ROOT = Path(__file__).parent.parent

PORT = 8765
"""Where the measured server listens, on loopback."""

GUESSERS = 40
"""Wrong passwords that are on their way at the same moment."""

SECONDS = 10
"""How long the pages are measured, without the flood and with it."""

PAUSE = 0.1
"""Seconds between two pages of the signed-in person."""

PASSWORD = "cooper-demo"  # noqa: S105 - the demo's, which everybody knows

Headers = dict[str, str]


def measure() -> None:
    """Start a server, measure it, and print a line for each figure."""
    environment = {
        **os.environ,
        "COOPER_TRUSTED_PROXIES": "127.0.0.1",
        "COOPER_EMBEDDED": "1",
    }
    command = [sys.executable, "manage.py", "cooper_serve", "--port", str(PORT)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for_server()
        _measure_pages(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)


def _wait_for_server() -> None:
    for _ in range(300):
        try:
            _request("GET", "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start; see its output above.")


def _measure_pages(server: int) -> None:
    headers = _sign_in("alice")
    _page_times(headers, 2)

    quiet = _page_times(headers, SECONDS)
    print(f"{'a page, nobody else there':<44} {_summary(quiet)}")

    answers: Counter[int] = Counter()
    is_over = threading.Event()
    guessers = [
        threading.Thread(target=_guess, args=(number, answers, is_over))
        for number in range(GUESSERS)
    ]
    for guesser in guessers:
        guesser.start()

    busy = _page_times(headers, SECONDS)
    is_over.set()
    for guesser in guessers:
        guesser.join()

    print(f"{f'a page, {GUESSERS} wrong passwords at once':<44} {_summary(busy)}")
    print(f"{'answers to the wrong passwords':<44} {dict(answers)}")
    print(f"{'memory of each worker at most, in MiB':<44} {_peak_memory(server)}")


def _page_times(headers: Headers, seconds: float) -> list[float]:
    """Return the milliseconds that each page took."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        status, _, _ = _request("GET", "/", headers=headers)
        times.append((time.perf_counter() - start) * 1000)
        assert status == 200, status
        time.sleep(PAUSE)
    return times


def _summary(times: list[float]) -> str:
    ordered = sorted(times)
    worst_of_twenty = ordered[len(ordered) * 95 // 100]
    return (
        f"median {statistics.median(ordered):.0f} ms, 95 % within {worst_of_twenty:.0f} ms, "
        f"longest {ordered[-1]:.0f} ms"
    )


def _guess(number: int, answers: "Counter[int]", is_over: threading.Event) -> None:
    """Send one wrong password after the other, each from an address that never guessed before."""
    headers, token = _form()
    attempt = 0
    while not is_over.is_set():
        attempt += 1
        headers["X-Forwarded-For"] = f"10.{number}.{attempt // 250}.{attempt % 250}"
        fields = {"username": f"guess-{number}-{attempt}", "password": "wrong"}
        status, _, _ = _post_form(headers, token, fields)
        answers[status] += 1


def _sign_in(username: str) -> Headers:
    """Return the headers of a browser that is signed in."""
    headers, token = _form()
    fields = {"username": username, "password": PASSWORD}
    status, _, response_headers = _post_form(headers, token, fields)
    assert status == 302, status
    return _with_cookies(headers, response_headers)


def _form() -> tuple[Headers, str]:
    """Return the headers and the CSRF token of the sign-in page."""
    _, text, response_headers = _request("GET", "/login/")
    match = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
    assert match, text
    headers = {"Origin": f"http://127.0.0.1:{PORT}"}
    return _with_cookies(headers, response_headers), match[1]


def _post_form(
    headers: Headers, token: str, fields: dict[str, str]
) -> tuple[int, str, http.client.HTTPMessage]:
    body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token})
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return _request("POST", "/login/", body, headers | form_type)


def _request(
    method: str, path: str, body: str | None = None, headers: Headers | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers
    finally:
        connection.close()


def _with_cookies(headers: Headers, response_headers: http.client.HTTPMessage) -> Headers:
    jar = SimpleCookie(headers.get("Cookie", ""))
    for line in response_headers.get_all("Set-Cookie", []):
        jar.load(line)
    pairs = [f"{cookie.key}={cookie.value}" for cookie in jar.values()]
    return headers | {"Cookie": "; ".join(pairs)}


def _peak_memory(server: int) -> list[int]:
    """Return what each worker had in memory at most (MiB), as Linux counts it (VmHWM)."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    peaks = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        if match:
            peaks.append(int(match[1]) // 1024)
    return peaks
