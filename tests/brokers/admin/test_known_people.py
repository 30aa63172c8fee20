"""Everybody by group, for previews: read once a minute, by one thread, and nothing but that."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from accounts.identity import Identity
from accounts.models import Person
from brokers.admin import known_people
from core.errors import Unavailable
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault

GROUP = "local:developers"


def people_in(group: str = GROUP) -> list[str]:
    return [person.person for person in known_people.known_people().by_group.in_any_of([group])]


@contextmanager
def counting(operation: str = "Scan") -> Iterator[list[int]]:
    before = faults.count("dynamodb", operation)
    counted: list[int] = []
    yield counted
    counted.append(faults.count("dynamodb", operation) - before)


def test_it_names_whoever_is_in_a_group_and_not_disabled(
    store: EmbeddedAws, identity: Callable[[str], Identity]
) -> None:
    identity("alice")
    assert people_in() == ["local:alice"]

    Person.update_item("local:alice", actions=[Person.disabled.set(True)])
    known_people.forget()
    assert people_in() == []


def test_it_is_read_once_a_minute(
    store: EmbeddedAws, identity: Callable[[str], Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity("alice")
    with counting() as counted:
        people_in()
        people_in()
    assert counted == [1]

    monkeypatch.setattr(known_people, "KEPT", 0.0)
    known_people.forget()
    with counting() as counted:
        people_in()
        people_in()
    assert counted == [2]


def test_one_thread_reads_for_all_that_ask_at_once(store: EmbeddedAws) -> None:
    stall = Fault("dynamodb", "Scan", table="people", mode="stall", seconds=0.2, times=1)
    with faults.on(stall), counting() as counted:
        threads = [threading.Thread(target=people_in) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counted == [1]


def test_an_outage_is_kept_for_nobody(
    store: EmbeddedAws, identity: Callable[[str], Identity]
) -> None:
    identity("alice")
    with (
        faults.on(Fault("dynamodb", "Scan", table="people", mode="error")),
        pytest.raises(Unavailable),
    ):
        people_in()
    assert people_in() == ["local:alice"]
