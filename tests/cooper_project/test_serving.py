"""A real server while AWS is away, while its workers end, and while it is reloaded or stopped."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from core import __version__, installation, secret_keys
from core.errors import CooperError
from core.installation import Installation
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.served import Server, free_port, manage, run, starting, wait_until

AWS_IS_AWAY = [Fault(service, mode="error", status=503) for service in ("dynamodb", "kms", "sts")]
KMS_IS_AWAY = Fault("kms", mode="error", status=503)
DOWN = 503


@pytest.fixture
def environment(store: EmbeddedAws) -> dict[str, str]:
    return store.environment() | {"COOPER_EMBEDDED": "1"}


@pytest.fixture
def old_cookies(client_of: Callable[..., Client]) -> dict[str, str]:
    """Return what the browser of Alice sends, who signed in before."""
    session_key = client_of("alice").cookies[settings.SESSION_COOKIE_NAME].value
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}; cooper-csrf={'c' * 32}"}


def knows(server: Server, cookies: dict[str, str]) -> bool:
    """Return whether the server lets the browser in."""
    return server.get("/", **cookies)[0] == 200


def idle_connection(server: Server) -> socket.socket:
    """Return a connection that has had its answer and is kept open."""
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with ExitStack() as exits:
        connection = exits.enter_context(socket.create_connection(address, timeout=30))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok"):
            part = connection.recv(65_536)
            assert part, answer
            answer += part
        # it stays open for whoever asked
        exits.pop_all()
    return connection


# -- while AWS is away -----------------------------------------------------------------------------
def test_without_kms_it_touches_no_cookie_and_goes_on_when_kms_is_back(
    environment: dict[str, str], old_cookies: dict[str, str], tmp_path: Path
) -> None:
    with faults.on(KMS_IS_AWAY), starting(environment, tmp_path) as server:
        assert server.get("/healthz", **old_cookies)[:2] == (200, f"cooper {__version__} ok")
        for path in ("/", "/login/", "/readyz", "/admin/", "/saml2/metadata/"):
            status, _, cookies = server.get(path, **old_cookies)
            assert (path, status, cookies) == (path, DOWN, [])
        assert "AWS KMS is busy or has a fault" in server.get("/")[1]

        faults.clear()
        wait_until(lambda: knows(server, old_cookies))


def test_it_starts_without_aws_and_puts_its_start_on_the_audit_log_once_it_is_back(
    environment: dict[str, str], tmp_path: Path
) -> None:
    away = faults.on(*AWS_IS_AWAY, may_miss=True)
    with away, starting(environment, tmp_path) as server:
        assert "DynamoDB is busy or has a fault" in server.get("/")[1]
        faults.clear()
        wait_until(lambda: server.get("/login/")[0] == 200)

    events = [event for event in all_events() if event.event == "serve:start:done"]
    assert len(events) == 1
    assert '"os_user"' in events[0].details


def test_a_worker_that_cannot_reach_aws_ends_neither_the_master_nor_its_sibling(
    environment: dict[str, str], old_cookies: dict[str, str], tmp_path: Path
) -> None:
    two_workers = environment | {"COOPER_WORKERS": "2"}
    with starting(two_workers, tmp_path) as server:
        wait_until(lambda: len(server.worker_pids()) == 2)
        wait_until(lambda: all(knows(server, old_cookies) for _ in range(20)))
        # the main process learns within a second that both serve
        time.sleep(2)
        sibling, ended = sorted(server.worker_pids())
        with faults.on(KMS_IS_AWAY):
            os.kill(ended, signal.SIGKILL)
            wait_until(lambda: len(server.worker_pids() - {ended}) == 2)
            wait_until(lambda: "goes on trying" in server.log.read_text())
            # the sibling has its key open, and the new one leaves all requests to it
            wait_until(lambda: all(knows(server, old_cookies) for _ in range(10)))
            assert sibling in server.worker_pids()


# -- what no waiting mends -------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["absent", "empty", "error"])
def test_an_answer_without_items_does_not_make_a_real_installation_of_the_demo(
    store: EmbeddedAws, mode: str
) -> None:
    assert installation.is_demo()
    with (
        faults.on(Fault("dynamodb", table="installation", mode=mode)),
        pytest.raises((CooperError, KeyError)),
    ):
        installation.is_demo()


@pytest.mark.parametrize("stored", ["", "[{", "{}", "7", "[7]", "[{}]", '[{"ciphertext": "?"}]'])
def test_stored_secret_keys_that_cannot_be_read_are_one_line(
    store: EmbeddedAws, stored: str
) -> None:
    item = Installation.find(secret_keys.ITEM)
    assert item
    item.value = stored
    item.save()
    with pytest.raises(CooperError, match="secret key"):
        secret_keys.use()


WRONG_SETTINGS = [
    ({"COOPER_SECRET_KEY_FILE": "/nowhere/key"}, "COOPER_SECRET_KEY_FILE names '/nowhere/key'"),
    ({"COOPER_ADMIN_GROUPS": ","}, "COOPER_ADMIN_GROUPS is empty"),
]

STARTS = {
    "cooper": ["./cooper"],
    "manage.py": manage("cooper_serve"),
    "gunicorn": [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", "cooper_project.wsgi"],
    "another server": [sys.executable, "-c", "import cooper_project.wsgi"],
}


@pytest.mark.parametrize(("setting", "text"), WRONG_SETTINGS)
@pytest.mark.parametrize("start", STARTS)
def test_a_wrong_setting_is_one_line_however_it_is_started(
    environment: dict[str, str], start: str, setting: dict[str, str], text: str
) -> None:
    address = {"COOPER_BIND": f"127.0.0.1:{free_port()}"}
    done = run(STARTS[start], environment | address | setting)
    assert done.returncode != 0
    # what gunicorn says of its own begins with the time
    others = ("[", "warning: ")
    lines = [line for line in done.stderr.splitlines() if not line.startswith(others)]
    assert len(lines) == 1, done.stderr
    assert text in lines[0]


# -- reloading and stopping ------------------------------------------------------------------------
def test_a_reload_keeps_the_old_worker_until_the_new_one_can_serve(
    environment: dict[str, str], old_cookies: dict[str, str], tmp_path: Path
) -> None:
    with starting(environment, tmp_path) as server:
        wait_until(lambda: knows(server, old_cookies))
        [old] = server.worker_pids()
        with faults.on(KMS_IS_AWAY):
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(server.worker_pids()) == 2)
            wait_until(lambda: "goes on trying" in server.log.read_text())
            assert all(knows(server, old_cookies) for _ in range(5))
            assert old in server.worker_pids()

        wait_until(lambda: server.worker_pids().isdisjoint({old}))
        assert len(server.worker_pids()) == 1
        assert knows(server, old_cookies)


def test_a_stop_ends_idle_connections_and_lets_a_request_under_way_end(
    environment: dict[str, str], old_cookies: dict[str, str], tmp_path: Path
) -> None:
    slow = Fault("dynamodb", "BatchGetItem", table="web-sessions", mode="stall", seconds=1.0)
    with (
        starting(environment, tmp_path) as server,
        idle_connection(server) as connection,
        ThreadPoolExecutor() as pool,
    ):
        wait_until(lambda: knows(server, old_cookies))
        with faults.on(slow) as [active]:
            answer = pool.submit(knows, server, old_cookies)
            wait_until(lambda: active.hit > 0)
            server.process.terminate()
            assert answer.result(timeout=40)
        server.process.wait(timeout=40)
        assert connection.recv(1) == b""
    # gunicorn says so when it had to end a connection by force, or could not read from one
    log = server.log.read_text()
    assert "graceful timeout" not in log and "Socket error" not in log and "Traceback" not in log
