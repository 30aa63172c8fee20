"""Which calls of tests go straight to the embedded AWS, and which go over the wire."""

import os
from collections.abc import Callable

import pytest

from brokers.models import Target
from core import aws
from core.aws import whole_answers
from embedded_aws import EmbeddedAws
from tests.conftest import ON_THE_WIRE, STRAIGHT, straight_calls
from tests.support import faults
from tests.support.faults import Fault
from tests.support.paths import ROOT


@pytest.fixture
def wired(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return what counts the requests that were sent over a connection."""
    sent = []
    send = whole_answers._Timed.send

    def count(connection: object, data: object) -> None:
        sent.append(data)
        send(connection, data)

    monkeypatch.setattr(whole_answers._Timed, "send", count)
    return lambda: len(sent)


def test_a_call_goes_straight(wired: Callable[[], int]) -> None:
    assert Target.find("dev-read") is not None and aws.caller_identity().account_id
    assert wired() == 0


def test_it_goes_over_the_wire_while_a_fault_of_connections_is_on(
    wired: Callable[[], int],
) -> None:
    with faults.on(Fault("dynamodb", "GetItem", code="ThrottlingException", status=400, times=1)):
        assert Target.find("dev-read") is not None
    assert wired() == 0
    with faults.on(Fault("dynamodb", "GetItem", mode="reset", times=1)):
        assert Target.find("dev-read") is not None
    assert wired() > 1


def test_it_goes_over_the_wire_where_calls_take_time(
    store: EmbeddedAws, wired: Callable[[], int]
) -> None:
    store.dynamodb_latency_seconds = 0.001
    try:
        assert Target.find("dev-read") is not None
    finally:
        store.dynamodb_latency_seconds = 0.0
    assert wired() > 0


def test_it_goes_over_the_wire_in_all_other_tests(wired: Callable[[], int]) -> None:
    straight_calls.is_open = False
    assert Target.find("dev-read") is not None
    assert wired() > 0
    assert all((ROOT / path).exists() for path in (*STRAIGHT, *ON_THE_WIRE))


def test_what_a_fork_writes_is_in_the_tables_of_this_process(store: EmbeddedAws) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            aws.forget_clients()
            Target.find("dev-read").delete()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert Target.find("dev-read") is None
