"""An answer has to come whole in its time, and all of a request's within one deadline."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
import urllib3

from brokers import catalogue, console_signin
from core import aws
from core.errors import Unavailable
from tests.support import faults
from tests.support.faults import Fault

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + b"x" * 400
PAUSE = 0.05
"""Seconds between two bytes: far less than a read may take, and the whole would take 20 s."""

DOWN = 503


@pytest.fixture
def short(monkeypatch):
    """Give each answer a second, and each call one try."""
    monkeypatch.setattr("core.aws.clients.LIMITS", dict.fromkeys(aws.LIMITS, (1.0, 1.0, 1)))
    aws.forget_clients()
    yield
    aws.forget_clients()


@contextlib.contextmanager
def dripping(beginning: int) -> Iterator[str]:
    """Serve one answer whose first bytes come at once and whose others drip; yield its address."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(ANSWER[:beginning])
                    for number in range(beginning, len(ANSWER)):
                        if stopped.wait(PAUSE):
                            break
                        connection.sendall(ANSWER[number : number + 1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        stopped.set()
        thread.join()


@pytest.mark.parametrize("service", ["sts", "dynamodb", "kms"])
def test_it_gives_an_answer_up_that_drips(store, short, service):
    operation = {
        "sts": "get_caller_identity",
        "dynamodb": "list_tables",
        "kms": "list_aliases",
    }[service]
    with faults.on(Fault(service, mode="drip", seconds=PAUSE)), pytest.raises(Unavailable):
        aws.call(getattr(aws.client(service), operation))


@pytest.mark.parametrize("beginning", [0, 17, 60], ids=["status line", "headers", "body"])
def test_it_gives_up_wherever_it_drips(beginning):
    with (
        dripping(beginning) as address,
        pytest.raises((urllib3.exceptions.ReadTimeoutError, urllib3.exceptions.ProtocolError)),
    ):
        aws.pool_manager(retries=False).request("GET", address, timeout=1.0)


def test_it_asks_again_on_the_same_connection(store):
    pools = aws.pool_manager(retries=False)
    for _ in range(3):
        assert pools.request("GET", store.endpoint_url, timeout=5.0).status
    [pool] = [pools.connection_from_url(store.endpoint_url)]
    assert (pool.num_connections, pool.num_requests) == (1, 3)


def test_it_takes_only_whole_answers_from_every_service(store):
    for service in aws.LIMITS:
        http_session = aws.client(service)._endpoint.http_session
        pools = http_session._manager.pool_classes_by_scheme.values()
        pools_of_proxies = http_session._get_proxy_manager("http://127.0.0.1:1")
        for pool in (*pools, *pools_of_proxies.pool_classes_by_scheme.values()):
            assert pool.ConnectionCls.response_class.__name__ == "_TimedResponse"
    pools = console_signin._pool().pool_classes_by_scheme.values()
    assert all(pool.ConnectionCls.response_class.__name__ == "_TimedResponse" for pool in pools)


def test_it_opens_no_connection_after_the_deadline(store):
    with aws.deadline(0.0), pytest.raises(Unavailable):
        aws.pool_manager(retries=False).request("GET", store.endpoint_url, timeout=5.0)


@pytest.mark.parametrize("table", ["web-sessions", "people", "changes", "attempts"])
def test_it_counts_a_request_from_its_first_read(client_of, store, monkeypatch, table):
    monkeypatch.setattr("core.middleware.DEADLINE", 0.8)
    alice = client_of("alice")
    issued = len(store.issued)
    slow = Fault("dynamodb", table=table, mode="stall", seconds=1.0, times=1)
    with faults.on(slow):
        answer = alice.post("/targets/dev-read/credentials/", {"duration": 900})
    assert answer.status_code == DOWN and len(store.issued) == issued


def test_it_counts_many_slow_answers_together(client_of, store, monkeypatch):
    monkeypatch.setattr("core.middleware.DEADLINE", 1.0)
    alice = client_of("alice")
    # a cold one waits for the catalogue instead
    catalogue.current()
    with faults.on(Fault("dynamodb", mode="stall", seconds=0.3)):
        answer = alice.post("/targets/dev-read/credentials/", {"duration": 900})
    assert answer.status_code == DOWN and "Nothing was handed out" in answer.text


def test_it_extends_a_deadline_to_the_end_of_the_request():
    with aws.deadline(1.0):
        with contextlib.nullcontext():
            aws.extend_deadline(50.0)
        assert 40.0 < aws.seconds_left(100.0) <= 50.0
        aws.extend_deadline(5.0)
        assert aws.seconds_left(100.0) > 40.0


def test_it_makes_no_deadline_where_there_is_none():
    aws.extend_deadline(5.0)
    assert aws.seconds_left(60.0) == 60.0


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/admin/brokers/target/import/", {}),
        ("/admin/brokers/target/", {"action": "disable", "_selected_action": "dev-read"}),
    ],
)
def test_it_gives_imports_and_bulk_actions_longer(client_of, monkeypatch, address, typed):
    extended = []
    monkeypatch.setattr("core.aws.extend_deadline", lambda: extended.append(1))
    client_of("carol").post(address, typed)
    assert extended
