"""What this machine may lack: no grant without its event, no crash, and somebody is told.

64 files a process: the server does not start (test_refusals). A read-only root: the image runs so
(tests/deploy/test_image.py). No room for workers' numbers: test_metrics_files.
"""

import errno
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from saml2 import sigver

from cooper_project import health
from cooper_project.checkup import Level
from cooper_project.checkup.local import check_temporary_files
from cooper_project.outside import Addresses
from core import aws
from core.audit import AuditEvent, Event
from core.aws import clients
from embedded_aws import EmbeddedAws
from tests.support.paths import ROOT
from tests.support.saml_kit import OKTA
from tests.support.saml_stage import post_response, start_sign_in
from tests.support.served import Person, clean, free_port, wait_for

GRANTED = str(Event.GRANT_DONE)


def grants() -> int:
    """Return how many grants the audit log has that were handed out."""
    return sum(event.event == GRANTED for event in AuditEvent.everything())


# -- no room ---------------------------------------------------------------------------------------
def test_with_a_full_log_and_full_temporary_files_it_serves_and_grants_with_its_event(
    store: EmbeddedAws, tmp_path: Path
) -> None:
    port = free_port()
    words = [sys.executable, "manage.py", "cooper_serve", "--port", str(port)]
    fill = 'mount -t tmpfs -o size=16k none "$TMPDIR" && cat /dev/zero >"$TMPDIR/filler"; exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", fill, "sh", *words]
    own = {"COOPER_EMBEDDED": "1", "COOPER_WORKERS": "1", "TMPDIR": str(tmp_path)}
    environment = store.environment() | own
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean(environment), stdout=full, stderr=full
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", process)
        workers = children_of(process)
        alice = Person(url)
        assert alice.sign_in("alice", "cooper-demo") == 302
        for count in (1, 2):
            form = {"duration": "900"}
            assert alice.ask("/targets/dev-read/credentials/", form)[0] == 200
            assert grants() == count
        assert alice.ask("/nowhere/")[0] == 404
        assert children_of(process) == workers, "no worker ended"
    finally:
        process.terminate()
        assert process.wait(timeout=40) == 0


def children_of(process: "subprocess.Popen[bytes]") -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_saml_sign_in_without_room_is_told_plainly(
    connected: EmbeddedAws, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_of(None)
    asked = start_sign_in(browser, OKTA)
    monkeypatch.setattr(sigver, "NamedTemporaryFile", no_space)
    answer = post_response(browser, asked)
    assert answer.status_code == 503 and "no room for temporary files" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_that_there_is_no_room_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = check_temporary_files(Addresses())
    assert found.level is Level.OK
    monkeypatch.setattr("tempfile.TemporaryFile", no_space)
    [found] = check_temporary_files(Addresses())
    assert found.level is Level.WARNING and "TMPDIR" in found.text


# -- no names --------------------------------------------------------------------------------------
@pytest.fixture
def without_dns(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what ends the looking up of names, and all connections that there are."""

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    def end() -> None:
        aws.forget_clients()
        monkeypatch.setattr(socket, "getaddrinfo", unknown)

    return end


def test_without_dns_nothing_is_granted_and_it_says_what_is_away(
    store: EmbeddedAws, client_of: Any, without_dns: Callable[[], None], monkeypatch: Any
) -> None:
    alice = client_of("alice")
    monkeypatch.setattr(health, "watch", health.Watch())
    with monkeypatch.context() as context:
        context.setattr(clients, "_clients", {})
        without_dns()
        page = alice.get("/")
        refused = alice.post("/targets/dev-read/credentials/", {"duration": "900"})
        ready = alice.get("/readyz")
        assert [page.status_code, refused.status_code, ready.status_code] == [503] * 3
        assert ready.text == "not ready: DynamoDB, KMS, STS, audit"
        assert alice.get("/healthz").status_code == 200
    monkeypatch.undo()
    assert grants() == 0 and alice.get("/").status_code == 200
