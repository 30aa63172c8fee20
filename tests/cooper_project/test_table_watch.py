"""A server that runs on while a table is restored under its own name refuses everything."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from cooper_project import preparation, table_watch
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault
from tests.support.restores import copy_of_tables, restore_tables

CREDENTIALS = "/targets/dev-read/credentials/"


@pytest.fixture(autouse=True)
def _prepared_anew(store: EmbeddedAws) -> Iterator[None]:
    yield
    preparation.worker.finish()


def status_of(alice: Any) -> int:
    return int(alice.post(CREDENTIALS, {"duration": "900"}).status_code)


def test_a_restored_table_ends_grants_at_the_next_look(
    store: EmbeddedAws, client_of: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    alice = client_of("alice")
    table_watch.look(compares=True)
    assert status_of(alice) == 200

    # deleted, as a table has to be before another one has its name
    before = copy_of_tables(store)
    del store.tables["cooper-associations"]
    table_watch.look()
    restore_tables(store, before, "cooper-associations")
    issued = len(store.issued)
    answer = alice.post(CREDENTIALS, {"duration": "900"})
    assert answer.status_code == 503 and len(store.issued) == issued
    assert "replaced while it was running" in answer.text and "associations" not in answer.text
    assert "associations" in caplog.text and "cooper -setup" in caplog.text
    assert alice.get("/readyz").status_code == 503 and alice.get("/healthz").status_code == 200


def test_one_that_was_never_seen_missing_is_found_by_its_identity(
    store: EmbeddedAws, client_of: Callable[..., Client]
) -> None:
    alice = client_of("alice")
    restore_tables(store, copy_of_tables(store), "cooper-people")
    table_watch.look()
    assert status_of(alice) == 200
    table_watch.look(compares=True)
    assert status_of(alice) == 503


@pytest.mark.parametrize("operation", ["BatchGetItem", "DescribeTable"])
def test_an_answer_that_fails_proves_nothing(store: EmbeddedAws, operation: str) -> None:
    denied = Fault("dynamodb", operation, code="AccessDeniedException", status=400)
    with faults.on(denied):
        table_watch.look(compares=operation == "DescribeTable")
    assert preparation.worker.problem == ""
