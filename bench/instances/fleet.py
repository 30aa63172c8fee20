"""Three servers on one store: started, stopped, and every one of their workers asked by itself."""

import http.client
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.processes import Server, free_port, start_server, wait_until_ready

INSTANCES = 3
WORKERS = 2
"""Of each server."""

STOP_SECONDS = 40.0

LOG_SHOWN = 4_000
"""Characters of the log that are shown when something went wrong."""

CONNECT_SECONDS = 20.0
"""In which each worker has to take a connection."""


class Fleet:
    """The servers, by number."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self.log = log
        """What all of them write to stderr."""
        self.ports = [free_port() for _ in range(INSTANCES)]
        self.metrics_ports = [free_port() for _ in range(INSTANCES)]
        self.servers = [self.start(number) for number in range(INSTANCES)]

    def start(self, number: int) -> Server:
        """Start a server, which need not be ready yet."""
        bind = {"COOPER_METRICS_BIND": f"127.0.0.1:{self.metrics_ports[number]}"}
        return start_server(self._environment | bind, WORKERS, self.ports[number], self.log)

    def restart(self, number: int) -> float:
        """Stop a server and start it anew, as an upgrade does; return the seconds of its stop."""
        start = time.monotonic()
        self.servers[number].process.terminate()
        self.servers[number].process.wait(STOP_SECONDS)
        seconds = time.monotonic() - start

        self.servers[number] = self.start(number)
        wait_until_ready(self.servers[number], WORKERS)
        return seconds

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.process.terminate()
        for server in self.servers:
            server.process.wait(STOP_SECONDS)

    def show_log(self) -> None:
        """Print the end of what the servers have written."""
        print(self.log.read_text()[-LOG_SHOWN:], file=sys.stderr)

    def tracebacks(self) -> int:
        """Return how many tracebacks the servers have written."""
        return self.log.read_text().count("Traceback")


@contextmanager
def running(**environment: str) -> Iterator[Fleet]:
    """Run the servers in this process's environment, and yield them once each is ready."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(environment, Path(folder) / "servers.log")
        try:
            for server in fleet.servers:
                wait_until_ready(server, WORKERS)
            yield fleet
        except BaseException:
            fleet.show_log()
            raise
        finally:
            fleet.stop()
            if fleet.tracebacks():
                fleet.show_log()


# -- every worker by itself ------------------------------------------------------------------------
@contextmanager
def lines_to_workers(servers: list[Server]) -> Iterator[list[http.client.HTTPConnection]]:
    """Yield kept connections, one to each worker of these servers.

    Which worker has taken a connection, Linux tells: see proc_pid_fd(5) and proc_net_tcp(5).
    """
    lines = {}
    try:
        for server in servers:
            lines |= _lines_to(server)
        yield list(lines.values())
    finally:
        for line in lines.values():
            line.close()


def _lines_to(server: Server) -> dict[int, http.client.HTTPConnection]:
    lines: dict[int, http.client.HTTPConnection] = {}
    pids = server.worker_pids()
    end = time.monotonic() + CONNECT_SECONDS
    while len(lines) < len(pids):
        assert time.monotonic() < end, "a worker takes no connection"
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        pid = _owner(pids, _inode(server.port, connection.sock.getsockname()[1]))
        if pid in lines:
            connection.close()
        else:
            lines[pid] = connection
    return lines


def _inode(local_port: int, remote_port: int) -> str:
    """Return the inode of a server's end of a connection."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        if ports == [local_port, remote_port]:
            return fields[9]
    raise AssertionError("the connection is not there")


def _owner(pids: list[int], inode: str) -> int:
    """Return the process that has a socket open."""
    for pid in pids:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            # it may be closed meanwhile
            with suppress(OSError):
                if str(file.readlink()) == f"socket:[{inode}]":
                    return pid
    raise AssertionError("no worker has the connection")
