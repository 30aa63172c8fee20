"""gunicorn's worker as cooper needs it: what it does at its end, and with slow clients."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from gevent import socket as gevent_socket
from gunicorn.config import Config
from gunicorn.glogging import Logger

from cooper_project.serving.worker import SEND_BUFFER, CooperWorker, _stop_taking

REQUEST = b"GET /?%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
FORM = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nnot all of it"

MORE_THAN_BUFFERS = 50_000_000
"""Bytes of an answer that no buffer takes in while nobody reads it."""

SECONDS = 1
"""In which a request has to be over, in these tests."""


def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Take the whole form, and answer as many bytes as the address says."""
    environ["wsgi.input"].read()
    body = b"." * int(environ["QUERY_STRING"] or 0)
    start_response("200 OK", [("Content-Length", str(len(body))), ("Connection", "close")])
    return [body]


class Worker(CooperWorker):
    """A worker in this process."""

    def __init__(self, listener: gevent_socket.socket) -> None:
        config = Config()
        config.set("keepalive", SECONDS)
        super().__init__(0, 0, [listener], None, 30, config, Logger(config))
        self.wsgi = answer


@pytest.fixture
def worker() -> Iterator[Worker]:
    listener = gevent_socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    worker = Worker(listener)
    yield worker
    worker.tmp.close()
    worker._shared_stage.close()


def asking(worker: Worker, request: bytes = REQUEST % 9) -> socket.socket:
    """Return a connection on which a request was sent."""
    address = worker.sockets[0].getsockname()
    with ExitStack() as exits:
        connection = exits.enter_context(socket.create_connection(address, timeout=30))
        connection.sendall(request)
        # it stays open for whoever asked
        exits.pop_all()
    return connection


def is_answered(connection: socket.socket) -> bool:
    text = b""
    while part := connection.recv(1_000):
        text += part
    return text.startswith(b"HTTP/1.1 200 OK\r\n") and text.endswith(b"." * 9)


def test_a_connection_that_was_taken_just_before_the_end_is_answered(worker):
    server = worker._start_server(worker.sockets[0])
    with asking(worker) as connection:
        # it is taken, and what it sends is looked at when its turn comes
        server.do_handle(*server.do_read())
        server.close()
        assert server.pool.join(timeout=30)
        assert is_answered(connection)


def test_connections_that_wait_to_be_taken_are_answered_at_the_end(worker):
    server = worker._start_server(worker.sockets[0])
    with ExitStack() as exits:
        connections = [exits.enter_context(asking(worker)) for _ in range(20)]
        _stop_taking(server)
        assert server.pool.join(timeout=30)
        assert all(is_answered(connection) for connection in connections)


def test_who_takes_no_answer_holds_little_memory(worker):
    server = worker._start_server(worker.sockets[0])
    with asking(worker):
        connection, _ = server.do_read()
        size = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        connection.close()
    assert size == 2 * SEND_BUFFER
    server.close()


@pytest.mark.parametrize("request_", [FORM, REQUEST % MORE_THAN_BUFFERS], ids=["form", "answer"])
def test_who_never_sends_the_form_or_takes_the_answer_is_cut_off(worker, request_, capfd):
    server = worker._start_server(worker.sockets[0])
    with asking(worker, request_):
        _stop_taking(server)
        assert server.pool.join(timeout=30)
    # that is nothing to report
    assert "Traceback" not in capfd.readouterr().err
