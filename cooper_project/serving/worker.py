"""gunicorn's worker with gevent, as cooper needs it: it starts, serves and stops without a gap.

The main process imports this module, so that nothing of Django or AWS is imported at its top: a
reload would then load no new code, and gevent patches only what is imported after it.
"""

import mmap
import os
import signal
import socket
import time
from contextlib import suppress
from enum import IntEnum
from functools import partial
from typing import Any

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker

LAST_REQUEST_SECONDS = 1.0
"""Seconds in which a connection that came just before the end has to send its request."""

MOST_AT_THE_END = 100
"""Connections that were waiting to be taken, and that are still taken at the end.

At a stop the system would reset them, and a proxy does not send a grant a second time. More than
these could not be answered in the grace period.
"""

SEND_BUFFER = 131_072
"""Bytes of an answer that wait in the system for a client to take them; Linux doubles it.

Left to itself it grows to 4 MB for whoever takes nothing, in memory that counts as the server's
(tcp(7), socket(7)).
"""

LOOK_EVERY = 1.0
"""Seconds between signs of life; the main process misses them after REQUEST_TIMEOUT."""


class Stage(IntEnum):
    """How far a worker is, and how good a replacement it makes."""

    STARTING = 0
    ANSWERING = 1
    """It answers, but cannot serve yet (cooper_project.preparation)."""
    SERVING = 2


class _ListenerName:
    """What gunicorn asks a listener for, which may be closed by then."""

    def __init__(self, listener: Any) -> None:
        self._name = listener.getsockname()

    def getsockname(self) -> Any:
        return self._name


class CooperWorker(GeventWorker):  # type: ignore[misc]
    """Takes its place once it can serve; at the end it closes the connections that are idle.

    gunicorn's own worker keeps them until their client closes them, or until the grace period is
    over.
    """

    may_wait = False
    """Whether others can serve meanwhile, so that this one need not answer before it can."""

    is_ending = False
    """Whether the main process has asked it to end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # made before the fork: the main process reads in it what the worker writes
        self._shared_stage = mmap.mmap(-1, 1)
        self._idle_sockets: set[Any] = set()
        self._stop = Event()

    @property
    def stage(self) -> Stage:
        return Stage(self._shared_stage[0])

    @stage.setter
    def stage(self, stage: Stage) -> None:
        self._shared_stage[0] = stage

    # -- starting and stopping

    def init_signals(self) -> None:
        """Let SIGTERM end a worker at once that has nothing under way yet."""
        super().init_signals()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def handle_exit(self, sig: int, frame: object) -> None:
        super().handle_exit(sig, frame)
        self._stop.set()

    def run(self) -> None:
        """Serve until SIGTERM; then let what is under way end, for `graceful-timeout` seconds."""
        from cooper_project.preparation import worker  # noqa: PLC0415 - not in the main process

        while self.may_wait and not worker.is_done:
            gevent.sleep(LOOK_EVERY)

        signal.signal(signal.SIGTERM, self.handle_exit)
        servers = [self._start_server(listener) for listener in self.sockets]
        while self.alive:
            self.notify()
            self.stage = Stage.SERVING if worker.is_done else Stage.ANSWERING
            self._stop.wait(LOOK_EVERY)

        for server in servers:
            _stop_taking(server)
        self._close_idle_connections()
        self._wait_for_requests([server.pool for server in servers])

    def _start_server(self, listener: Any) -> StreamServer:
        listener.setblocking(1)
        # each connection inherits it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        pool = Pool(self.worker_connections)
        handle = partial(self.handle, _ListenerName(listener))
        server = StreamServer(listener, handle=handle, spawn=pool)
        if self.cfg.workers > 1:
            # so that one worker does not take all that come at once
            server.max_accept = 1
        server.start()
        return server

    def _close_idle_connections(self) -> None:
        for idle_socket in list(self._idle_sockets):
            # what was sent before is still read and answered
            _end(idle_socket, socket.SHUT_RD)

    def _wait_for_requests(self, pools: list[Pool]) -> None:
        end = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < end:
            self.notify()
            if all(pool.join(timeout=LOOK_EVERY) for pool in pools):
                return

        self.log.warning("Worker graceful timeout (pid:%s)", self.pid)
        for pool in pools:
            pool.kill(timeout=LOOK_EVERY)

    # -- connections

    def timeout_ctx(self) -> gevent.Timeout:
        seconds = self.cfg.keepalive if self.alive else LAST_REQUEST_SECONDS
        return gevent.Timeout(seconds, False)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        self._idle_sockets.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle_sockets.discard(client)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        self._idle_sockets.discard(sock)
        # a client may send its form, or take the answer, a byte at a time
        cut = gevent.spawn_later(self.cfg.keepalive, _end, sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            cut.kill(block=False)

        if not self.alive:
            # by this gunicorn knows that the connection ends
            raise StopIteration
        self._idle_sockets.add(sock)


def _stop_taking(server: StreamServer) -> None:
    """Take the connections that wait to be taken, and no more after them."""
    for _ in range(MOST_AT_THE_END):
        connection = server.do_read()
        if not connection:
            # nobody waits
            break
        server.do_handle(*connection)
    server.close()


def _end(connected: Any, how: int = socket.SHUT_RDWR) -> None:
    """Let whoever reads from a socket come to its end, as if the other side had closed it.

    And whoever writes. gevent's own `shutdown` would break that off, which gunicorn reports as an
    error.
    """
    plain_socket = monkey.get_original("socket", "socket")
    # the client may have closed it just now
    with suppress(OSError), plain_socket(fileno=os.dup(connected.fileno())) as same_connection:
        same_connection.shutdown(how)
