"""Processes that are measured: servers, the stub of AWS; their CPU and memory as Linux counts."""

import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

START_SECONDS = 180.0
"""In which a server has to be ready."""


AWS_COMMAND = ("manage.py", "cooper_demo", "--aws-only", "--seed", "--with-parent")


@contextmanager
def embedded_aws() -> Iterator[dict[str, str]]:
    """Run the embedded AWS, seeded, in a process of its own; yield the environment that uses it."""
    process = subprocess.Popen(
        [sys.executable, *AWS_COMMAND],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _printed_environment(process)
    finally:
        process.terminate()
        process.wait(20)


def _printed_environment(aws: "subprocess.Popen[str]") -> dict[str, str]:
    """Return the environment that the embedded AWS prints, and an empty line, when it is up."""
    environment = {}
    for line in aws.stdout or ():
        if not line.strip():
            return environment
        name, _, value = line.strip().partition("=")
        environment[name] = "".join(shlex.split(value))
    raise SystemExit("The embedded AWS did not start; see its output above.")


@dataclass(frozen=True)
class Stub:
    """A running stub of AWS."""

    environment: dict[str, str]
    cookies: list[str]
    """Cookie headers of people who are signed in."""

    def control(self, **settings: Any) -> dict[str, Any]:
        """Set latencies (seconds) and conflicts; return what was counted since the last time."""
        address = self.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=60)
        try:
            connection.request("POST", "/stub/", json.dumps(settings))
            return dict(json.loads(connection.getresponse().read()))
        finally:
            connection.close()

    def set_milliseconds(self, dynamodb: float, sts: float) -> None:
        """Set what a call takes."""
        self.control(latency={"dynamodb": dynamodb / 1000, "sts": sts / 1000, "signin": sts / 1000})


@contextmanager
def stub_aws(people: int) -> Iterator[Stub]:
    """Run the stub in a process of its own, with so many people signed in."""
    command = [sys.executable, "-m", "bench.stub_aws", "--people", str(people)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("The stub of AWS did not start; see its output above.")
        yield Stub(**json.loads(line))
    finally:
        process.stdin.close()
        process.wait(20)


@dataclass(frozen=True)
class Server:
    """A running cooper."""

    port: int
    process: "subprocess.Popen[bytes]"

    def pids(self) -> list[int]:
        """Return the process ids of the main process, its workers and the metrics page."""
        return [self.process.pid, *self._children()]

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers: the main process forks them."""
        command = _command(self.process.pid)
        return [pid for pid in self._children() if _command(pid) == command]

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of all of its processes so far."""
        return sum(_cpu_seconds(pid) for pid in self.pids())

    def memory_mebibytes(self) -> list[float]:
        """Return what each worker has in memory now (VmRSS)."""
        return [_memory_mebibytes(pid) for pid in self.worker_pids()]


@contextmanager
def serving(environment: dict[str, str], workers: int = 1) -> Iterator[Server]:
    """Serve in processes of their own, and yield the server once it is ready."""
    server = start_server(environment, workers, free_port())
    try:
        wait_until_ready(server, workers)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(40)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_server(
    environment: dict[str, str], workers: int, port: int, log: Path | None = None
) -> Server:
    """Start a server on a port; what it writes to stderr goes to the end of the log."""
    command = [sys.executable, "manage.py", "cooper_serve", "--port", str(port)]
    settings = {
        "COOPER_EMBEDDED": "1",
        "COOPER_WORKERS": str(workers),
        "COOPER_GRANTS_PER_MINUTE": "10000",
        "COOPER_LOG_LEVEL": "ERROR",
        # one address, and several servers of one machine
        "COOPER_METRICS_BIND": "off",
    }
    with (log or Path(os.devnull)).open("a") as stderr:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **settings, **environment},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    return Server(port, process)


def wait_until_ready(server: Server, workers: int) -> None:
    """Wait until a server is ready, and all of its workers have started."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            is_ready = _status(server.port, "/readyz") == 200
        except OSError:
            is_ready = False
        if is_ready and len(server.worker_pids()) == workers:
            # the other workers may still be warming up
            time.sleep(workers - 1)
            return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _command(pid: int) -> bytes:
    """Return the command line of a process; that of one that has ended is empty."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def _cpu_seconds(pid: int) -> float:
    """Return user and system time of a process; see proc_pid_stat(5)."""
    text = Path(f"/proc/{pid}/stat").read_text()
    # the second field is a name in parentheses, which may have blanks in it
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mebibytes(pid: int) -> float:
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) / 1024 if match else 0.0
