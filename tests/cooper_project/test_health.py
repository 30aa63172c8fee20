"""What `/readyz` notices, and says to whom."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from botocore import auth

from cooper_project import health
from cooper_project.health import check_services
from core.aws import clock
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault


@pytest.mark.parametrize("operation", ["DescribeKey", "Encrypt", "Decrypt"])
def test_it_is_not_ready_without_one_of_the_permissions_on_the_kms_key(
    store: EmbeddedAws, operation: str
) -> None:
    assert check_services().ready
    with faults.on(Fault("kms", operation, code="AccessDeniedException", status=400)):
        problems = check_services().problems
    assert list(problems) == ["KMS"]
    assert operation in problems["KMS"]


@pytest.fixture
def ask(client_of: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], Any]:
    """Return what asks anew for a person of the cast, or for nobody."""
    people = {name: client_of(name) for name in (None, "alice", "carol")}

    def get(username: str | None) -> Any:
        monkeypatch.setattr(health, "watch", health.Watch())
        return people[username].get("/readyz")

    return get


# -- what is away ----------------------------------------------------------------------------------
def test_what_is_away_is_named_within_5_seconds() -> None:
    assert health.FRESH_SECONDS + health.PATIENCE <= 5 and health.STALE_SECONDS <= 5


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault("sts", mode="stall"), "not ready: STS"),
        (Fault("kms", mode="stall"), "not ready: KMS"),
        (Fault("dynamodb", table="audit", mode="stall"), "not ready: audit"),
        (Fault("dynamodb", mode="error"), "not ready: DynamoDB, audit"),
    ],
)
def test_whoever_asks_reads_which_service_is_away(
    ask: Any, monkeypatch: pytest.MonkeyPatch, fault: Fault, line: str
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.5)
    with faults.on(fault):
        answer = ask(None)
    assert (answer.status_code, answer.text) == (HTTPStatus.SERVICE_UNAVAILABLE, line)


# -- the clock -------------------------------------------------------------------------------------
@pytest.fixture
def turn_clock(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what turns this machine's clock, and AWS's not (both are in this process)."""
    signed_at = auth.get_current_datetime

    def turn(seconds: int) -> None:
        off = timedelta(seconds=seconds)
        monkeypatch.setattr(auth, "get_current_datetime", lambda *some: signed_at(*some) + off)
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + off)

    return turn


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_clock_that_aws_refuses_is_named_to_everybody_and_on_every_page(
    ask: Any, client_of: Any, turn_clock: Any, seconds: int
) -> None:
    alice = client_of("alice")
    assert ask(None).text == "ok"
    turn_clock(seconds)
    for person in (None, "carol"):
        lines = ask(person).text.splitlines()
        assert lines[0] == "not ready: clock"
        assert lines[1].startswith("This server's clock is off by ") and "Correct it" in lines[1]
    assert "clock is off by" in alice.get("/").text


def test_a_clock_that_is_four_minutes_off_is_told_to_administrators(
    ask: Any, turn_clock: Any
) -> None:
    turn_clock(-240)
    assert ask("alice").text == "ok"
    answer = ask("carol")
    assert answer.status_code == HTTPStatus.OK
    assert "\nclock: This server's clock is off by 2" in answer.text
    turn_clock(0)
    assert "\nclock: ok\n" in ask("carol").text


def test_the_log_says_once_what_is_wrong(
    store: EmbeddedAws, turn_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    watch = health.Watch()
    caplog.set_level(logging.WARNING, "cooper_project.health")
    for seconds in (0, 400, 400, 401, 0):
        turn_clock(seconds)
        watch._renew(threading.Event())
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2 and "clock is off" in lines[0]
    assert lines[1] == "readiness: everything answers"
