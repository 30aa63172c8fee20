"""Everybody who has signed in, by group, as previews and lists show them: kept for a minute.

With 50,000 people a read of all takes seconds of CPU, and an administrator at work asks for it with
each page. Nothing is decided by it: it says who a change concerns, before it is made.
"""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.models import Person
from brokers.impact import KnownPerson, PeopleByGroup
from core.dynamo import RawItem, scan_pages

KEPT = 60.0
"""Seconds."""

ATTRIBUTES = ("person", "groups", "disabled")


@dataclass(frozen=True)
class KnownPeople:
    """Everybody who has signed in and was not disabled, as read at a moment."""

    by_group: PeopleByGroup
    read_at: datetime
    ends: float
    """When it is kept no longer (time.monotonic)."""


class _Cache:
    def __init__(self) -> None:
        self.people: KnownPeople | None = None
        self.lock = threading.Lock()
        """Held while they are read, so that one thread alone does it."""


_cache = _Cache()


def known_people() -> KnownPeople:
    """Return everybody, read at most a minute ago; raise CooperError when they cannot be read."""
    with _cache.lock:
        people = _cache.people
        if people and time.monotonic() < people.ends:
            return people

        read_at = datetime.now(UTC)
        ends = time.monotonic() + KEPT
        people = KnownPeople(PeopleByGroup(_read_people()), read_at, ends)
        _cache.people = people
        return people


def people_at_hand() -> PeopleByGroup:
    """Return whoever was read last, however long ago, without asking AWS: perhaps nobody."""
    people = _cache.people
    return people.by_group if people else PeopleByGroup(())


def forget() -> None:
    """Let the next one who asks read them."""
    _cache.people = None


def _read_people() -> Iterator[KnownPerson]:
    for page in scan_pages(Person, ATTRIBUTES):
        for item in page:
            if not _is_disabled(item):
                yield _known_person(item)


def _is_disabled(item: RawItem) -> bool:
    return bool(item.get("disabled", {}).get("BOOL"))


def _known_person(item: RawItem) -> KnownPerson:
    """Return the person with their groups, whose names many share: each is kept once."""
    groups = item.get("groups", {}).get("L", [])
    names = tuple(sys.intern(group["S"]) for group in groups)
    return KnownPerson(item["person"]["S"], names)
