"""What a request asks AWS, call by call: a page is one round trip."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.support import faults
from tests.support.codes import give_device

READ = ("BatchGetItem", "changes", "installation", "once", "people", "web-sessions")
"""The first read of a request: who asks, what they prefer, and how things stand."""

NEW_ADMINISTRATORS = ("Query", "audit")
"""What is new on the audit log, for administrators."""

OPEN_CONSOLE = ("Query", "audit")
"""The newest events of a person, by an index."""

ClientOf = Callable[..., Client]


def calls_of(ask: Callable[[], Any]) -> list[tuple[str, ...]]:
    """Return the AWS calls of what is asked a second time: the first one warms the process.

    Each as its operation and its tables, without the prefix.
    """
    ask()
    faults.clear()
    assert ask().status_code in (200, 303)
    return [
        (call.operation, *sorted(table.removeprefix("cooper-") for table in call.tables))
        for call in faults.journal()
    ]


@pytest.mark.parametrize("page", ["/?q=dev"])
def test_a_page_is_one_round_trip(client_of: ClientOf, page: str) -> None:
    alice = client_of("alice")
    assert calls_of(lambda: alice.get(page)) == [READ]


def test_home_reads_what_the_person_became_lately_too(client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert calls_of(lambda: alice.get("/")) == [READ, ("Query", "audit")]


def test_a_targets_page_looks_for_the_persons_open_console_too(client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert calls_of(lambda: alice.get("/targets/dev-read/")) == [READ, OPEN_CONSOLE]


def test_a_page_that_asks_for_a_code_asks_no_more(client_of: ClientOf) -> None:
    give_device("alice")
    alice = client_of("alice")
    page = "/targets/prod-admin/"
    read, *others = calls_of(lambda: alice.get(page))
    assert "totp-devices" in read and others == [OPEN_CONSOLE]
    assert "One-time code" in alice.get(page).text


@pytest.mark.parametrize("page", ["/admin/brokers/target/", "/admin/brokers/awsaccount/"])
def test_a_list_of_the_admin_reads_the_audit_log_too(client_of: ClientOf, page: str) -> None:
    carol = client_of("carol")
    read, *others = calls_of(lambda: carol.get(page))
    assert read == READ
    assert others == [NEW_ADMINISTRATORS]


def test_the_first_page_of_the_admin_reads_the_import_under_way_too(client_of: ClientOf) -> None:
    """What else it counts costs calls once a minute."""
    carol = client_of("carol")
    read, *others = calls_of(lambda: carol.get("/admin/"))
    assert read == READ
    assert sorted(others) == [("GetItem", "imports"), NEW_ADMINISTRATORS]


GRANT = [
    ("BatchGetItem", "attempts", "changes", "installation", "once", "people", "web-sessions"),
    ("TransactWriteItems", "attempts", "audit"),
    (
        "TransactGetItems",
        *("associations", "aws-accounts", "installation", "people", "targets", "web-sessions"),
    ),
    ("AssumeRole",),
]
OUTCOME = ("PutItem", "audit")


def test_credentials_are_five_calls(client_of: ClientOf) -> None:
    alice = client_of("alice")
    calls = calls_of(lambda: alice.post("/targets/dev-read/credentials/", {"duration": "900"}))
    assert calls == [*GRANT, OUTCOME]


def test_the_console_is_one_call_more(client_of: ClientOf) -> None:
    alice = client_of("alice")
    calls = calls_of(lambda: alice.post("/targets/dev-read/console/", {"duration": "900"}))
    assert calls == [*GRANT, ("getSigninToken",), OUTCOME]
