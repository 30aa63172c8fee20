"""A day of the audit log lies in several partitions and is read as one: no event lost or twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from core import audit, audit_days, audit_search
from core.audit import AuditEvent, Event
from core.audit_days import newest_first, oldest_first
from core.audit_search import AuditSearch, Search
from core.dynamo import transaction
from embedded_aws import EmbeddedAws

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
DAY = MIDNIGHT.date()
KEYS = [DAY.isoformat(), f"{DAY}#0", f"{DAY}#1", f"{DAY}#2"]
EVENTS = 40
WANTED = 7
"""Each event of this number is of the kind that a search looks for."""


def key(number: int) -> tuple[str, str]:
    """Return the key of an event: runs of different lengths lie in the same partition."""
    _, at = audit.event_key(MIDNIGHT + timedelta(minutes=number), f"n{number:03}")
    return KEYS[number % 11 % len(KEYS)], at


@pytest.fixture
def places(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write the events of a day; return their places, oldest first."""
    monkeypatch.setattr(audit_days, "partitions_of", lambda day: KEYS if day == DAY else [])
    monkeypatch.setattr(audit_days, "FIRST_PAGE_SIZE", 2)
    monkeypatch.setattr(audit_days, "PAGE_SIZE", 5)
    for number in range(EVENTS):
        kind = Event.STOP_SET if number % WANTED == 0 else Event.TARGET_CHANGED
        with transaction() as writes:
            writes.create(audit.event(kind, at=key(number)))
    return [key(number)[1] for number in range(EVENTS)]


def pages(search: Search, size: int) -> Iterator[list[str]]:
    """Yield the places of each page, taken up where the one before ended, as the admin does."""
    while True:
        results = AuditSearch(search)
        page = []
        for event in results:
            page.append(str(event.at))
            if len(page) == size:
                break
        yield page

        before = page[-1] if len(page) == size else results.reached
        if not before:
            return
        search = Search(event=search.event, since=DAY, until=DAY, before=before)


def test_it_reads_them_newest_first_and_oldest_first(places: list[str]) -> None:
    events = [event for _, event in newest_first(DAY) if event is not None]
    assert [str(event.at) for event in events] == places[::-1]
    assert {str(event.day) for event in events} == set(KEYS)

    first = (MIDNIGHT + timedelta(minutes=10)).isoformat(timespec="microseconds")
    last = (MIDNIGHT + timedelta(minutes=30)).isoformat(timespec="microseconds")
    assert [str(event.at) for event in oldest_first(DAY, first, last)] == places[10:30]


def test_its_places_come_in_order_between_the_events(places: list[str]) -> None:
    steps = list(newest_first(DAY))
    assert any(event is None for _, event in steps)
    assert all(newer[0] >= older[0] for newer, older in pairwise(steps))


@pytest.mark.parametrize("event", ["", str(Event.STOP_SET)])
@pytest.mark.parametrize("size", [1, 4, 50])
@pytest.mark.parametrize("patience", [-1.0, 60.0])
def test_a_search_goes_on_and_neither_loses_an_event_nor_shows_one_twice(
    places: list[str], monkeypatch: pytest.MonkeyPatch, event: str, size: int, patience: float
) -> None:
    monkeypatch.setattr(audit_search, "PATIENCE", patience)
    wanted = places[::WANTED] if event else places
    seen = [at for page in pages(Search(event=event, since=DAY, until=DAY), size) for at in page]
    assert seen == wanted[::-1]


def test_the_address_of_an_event_leads_to_it_in_whichever_partition(places: list[str]) -> None:
    for number in range(12):
        event = AuditEvent.find(*key(number))
        assert event is not None
        again = AuditEvent.with_pk(event.pk)
        assert again is not None
        assert again.key == event.key
