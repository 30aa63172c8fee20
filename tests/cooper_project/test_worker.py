"""gunicorn's worker as cooper needs it: what it does with connections at its end."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from gevent import socket as gevent_socket
from gunicorn.config import Config

from cooper_project.serving.worker import CooperWorker, _stop_taking

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n"


class Worker(CooperWorker):
    """A worker in this process that answers every request the same."""

    def __init__(self, listener: gevent_socket.socket) -> None:
        logger = SimpleNamespace(debug=print, exception=print, warning=print)
        super().__init__(0, 0, [listener], None, 30, Config(), logger)

    def handle_request(self, listener_name, req, sock, addr):
        sock.sendall(ANSWER)
        raise StopIteration


@pytest.fixture
def worker() -> Iterator[Worker]:
    listener = gevent_socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    worker = Worker(listener)
    yield worker
    worker.tmp.close()
    worker._shared_stage.close()


def asking(worker: Worker) -> socket.socket:
    """Return a connection on which a request was sent."""
    connection = socket.create_connection(worker.sockets[0].getsockname(), timeout=30)
    connection.sendall(REQUEST)
    return connection


def test_a_connection_that_was_taken_just_before_the_end_is_answered(worker):
    server = worker._start_server(worker.sockets[0])
    with asking(worker) as connection:
        # it is taken, and what it sends is looked at when its turn comes
        server.do_handle(*server.do_read())
        server.close()
        assert server.pool.join(timeout=30)
        assert connection.recv(1_000) == ANSWER


def test_connections_that_wait_to_be_taken_are_answered_at_the_end(worker):
    server = worker._start_server(worker.sockets[0])
    with ExitStack() as exits:
        connections = [exits.enter_context(asking(worker)) for _ in range(20)]
        _stop_taking(server)
        assert server.pool.join(timeout=30)
        assert [connection.recv(1_000) for connection in connections] == [ANSWER] * 20
