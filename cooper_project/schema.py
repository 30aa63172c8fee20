"""The version of the stored tables: written by the first set-up, raised at the end of an upgrade.

An upgrade expands, then contracts. Set-up by the new cooper adds what is missing beside what is
there, which servers of the version before do not mind. Once all of them are stopped, the version is
raised, and only then is dropped what the new version does without. There is no way back from that:
the version before refuses to start.
"""

import time
from collections.abc import Callable

from core import audit, audit_shards, installation
from core.audit import Event
from core.dynamo import AlreadyExists, Stale, TableMissing, Transaction, tables, transaction
from core.installation import REREAD_SECONDS, SCHEMA_ITEM, Installation

Say = Callable[[str], None]

PAUSE = REREAD_SECONDS + 15.0
"""Seconds after which every server uses what a version brought, and nothing that it drops."""


def _begin_shards(writes: Transaction) -> None:
    writes.create(audit_shards.later_shards(audit.now()).item())


STEPS: dict[int, Callable[[Transaction], None]] = {1: _begin_shards}
"""What is written together with the version after this one."""


def stored_version() -> int:
    """Return the version of the stored tables, 0 when set-up was never completed."""
    item = find_item(SCHEMA_ITEM)
    return int(item.value or 0) if item else 0


def find_item(name: str) -> Installation | None:
    """Return an item of the installation, None while there is none or no table for it."""
    try:
        return Installation.find(name)
    except TableMissing:
        return None


def write_first(changed: list[str]) -> list[str]:
    """Write the version and the event together: without both, nothing is served."""
    version = installation.SCHEMA
    shards = audit_shards.first_shards(audit.now().date())
    try:
        with transaction() as writes:
            writes.create(Installation(SCHEMA_ITEM, value=str(version)))
            writes.create(shards.item())
            writes.create(audit.event(Event.SETUP_DONE, changed=changed, schema=version))
    except AlreadyExists:
        # another run, at the same time, was first
        installation.refuse_other_schema()
        if changed:
            audit.record(Event.SETUP_DONE, changed=changed)
        return changed
    return [*changed, f"version {version}"]


def raise_version(say: Say) -> list[str]:
    """Raise the version to this cooper's, step by step; return what was changed.

    Each step is one transaction with its event.
    """
    changed = []
    for version in range(stored_version(), installation.SCHEMA):
        if _raise_from(version):
            changed.append(f"version {version + 1}")
            say(f"The tables are of version {version + 1} now.")
    return changed


def _raise_from(version: int) -> bool:
    """Raise the version by one; return whether this run did it."""
    item = installation.set_up_item(SCHEMA_ITEM)
    if int(item.value or 0) > version:
        return False

    item.value = str(version + 1)
    try:
        with transaction() as writes:
            writes.save(item)
            STEPS[version](writes)
            writes.create(audit.event(Event.SETUP_DONE, changed=[], schema=version + 1))
    except (Stale, AlreadyExists):
        # another run, at the same time, was first: the next one looks again
        return False
    return True


def drop_what_is_retired(say: Say) -> list[str]:
    """Drop the indexes that this version does without; return what was changed.

    Only for tables of this version.
    """
    if not tables.retired_indexes():
        return []

    say(f"Waiting {PAUSE:.0f} s, until every server does without what is dropped ...")
    time.sleep(PAUSE)
    return tables.drop_retired_indexes(say)
