"""What the list of people shows: as of when, filtered by what, as stored now."""

from collections.abc import Iterable
from typing import Any

from accounts.models import Person, TotpDevice
from core import admin
from core.dynamo import batch_read

FRESH = 15.0
"""Seconds for which a list goes by who everybody was: to read them all takes long.

The people that a page shows are read anew.
"""

READ_AT_ONCE = 50
"""People that one read takes: a person and a device each, and DynamoDB takes a hundred keys."""


class ProviderFilter(admin.ValuesFilter):
    """Filters by provider."""

    title = "provider"
    parameter_name = "provider"


class GroupsFilter(admin.ValuesFilter):
    """Filters by group."""

    title = "group"
    parameter_name = "groups"


class DisabledFilter(admin.ValuesFilter):
    """Filters by whether they may come in."""

    title = "disabled"
    parameter_name = "disabled"


def as_stored(people: Iterable[Any]) -> list[Any]:
    """Return these people as they are now, each with whether they have a device."""
    keys = [str(person.person) for person in people]
    stored: list[Any] = []
    for start in range(0, len(keys), READ_AT_ONCE):
        batch = keys[start : start + READ_AT_ONCE]
        items = batch_read([(model, key) for key in batch for model in (Person, TotpDevice)])
        for key in batch:
            person: Any = items.get(Person, key)
            # nobody is ever deleted: one that is not there was not read
            if person:
                person.has_device = bool(items.get(TotpDevice, key))
                stored.append(person)
    return stored
