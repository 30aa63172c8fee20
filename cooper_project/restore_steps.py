"""What set-up takes away from restored tables, since nobody can tell what of it still held.

A restore brings back sessions that had ended, codes that were used up, and counts from before. Each
step can be done again: a run that was cut off does it anew. Nobody else writes these tables
meanwhile, for servers refuse them. docs/restore.md goes through the tables one by one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from accounts import notices
from accounts.command_lines import CommandLine
from accounts.end_reasons import EndReason
from accounts.enrolment_codes import STORED_AS
from accounts.models import Attempt, OnceRecord, Person, TotpDevice, WebSession
from accounts.totp.codes import STEP
from accounts.totp.drift import LARGEST_OFFSET, WINDOW
from brokers.import_export import jobs
from brokers.models import Change, ImportPart
from brokers.permits import Permit
from core.dynamo import Document, transaction
from core.errors import Conflict
from sso_portal.models import Token

Item = TypeVar("Item")

AT_ONCE = 40
"""Documents in one transaction; with some, a second item goes along."""

NO_RECOVERY_CODES = (
    "cooper was restored from a backup, so your recovery codes do not work any more. Replace your "
    "device under My access: that gives you new ones."
)

EXPIRING: tuple[type[Document], ...] = (Attempt, OnceRecord, Change, ImportPart)
"""What expires, beside what is dropped as a whole."""


class Step(NamedTuple):
    """Something that is taken away."""

    name: str
    words: str
    """What was done, for the line that says how often."""
    run: Callable[[], int]
    """Does it; returns to how many."""


def end_sessions_of_people() -> int:
    """Begin a new epoch for every person: nothing that was begun before counts."""
    people = Person.everything()
    for some in _batches(people):
        with transaction() as writes:
            for person in some:
                writes.update(
                    Person,
                    str(person.person),
                    actions=[Person.epoch.add(1), Person.epoch_reason.set(str(EndReason.RESTORE))],
                    condition=Person.person.exists(),
                    refusal=_changed(person),
                )
    return len(people)


def drop_web_sessions() -> int:
    """Delete every web session, and the forms that are kept as such."""
    return _delete(WebSession.everything())


def drop_command_lines() -> int:
    """Delete every command line with its tokens, codes and permits."""
    return sum(_delete(model.everything()) for model in (Permit, Token, CommandLine))


def use_up_codes() -> int:
    """Let no one-time code count whose time has come, and no recovery code at all."""
    # as far ahead as a clock may be
    last_step = int(time.time() // STEP) + LARGEST_OFFSET + WINDOW
    devices = TotpDevice.everything()
    for some in _batches(devices):
        with transaction() as writes:
            for device in some:
                newest = max(int(device.last_step), last_step)
                writes.update(
                    TotpDevice,
                    str(device.person),
                    actions=[TotpDevice.last_step.set(newest), TotpDevice.recovery.set([])],
                    condition=TotpDevice.person.exists(),
                    refusal=_changed(device),
                )
                if device.recovery:
                    notices.leave(writes, str(device.person), NO_RECOVERY_CODES)
    return len(devices)


def drop_enrolment_codes() -> int:
    """Delete the enrolment codes: one that was used would be good again."""
    records = OnceRecord.everything()
    return _delete(record for record in records if str(record.what).startswith(STORED_AS))


def give_imports_up() -> int:
    """Give an unfinished import up, and delete the files and steps of all."""
    if jobs.unfinished():
        jobs.give_up()
    return _delete(ImportPart.everything())


def delete_expired() -> int:
    """Delete what has expired: DynamoDB did so once, and begins again only after some days."""
    now = datetime.now(UTC)
    return sum(_delete(_expired(model, now)) for model in EXPIRING)


STEPS: tuple[Step, ...] = (
    Step("epochs", "people: all that they had begun has ended", end_sessions_of_people),
    Step("web-sessions", "web sessions dropped", drop_web_sessions),
    Step("command-lines", "command lines, tokens, codes and permits dropped", drop_command_lines),
    Step("one-time-codes", "devices: codes until now and recovery codes used up", use_up_codes),
    Step("enrolment-codes", "enrolment codes dropped", drop_enrolment_codes),
    Step("imports", "files and steps of imports dropped", give_imports_up),
    Step("expired", "expired items deleted", delete_expired),
)
"""In this order: who may do something comes before what was begun."""


def _expired(model: type[Document], now: datetime) -> Iterator[Document]:
    name = model.ttl_name()
    for document in model.everything():
        expires = getattr(document, name)
        if expires and expires < now:
            yield document


def _delete(documents: Iterable[Document]) -> int:
    """Delete documents as they were read; return how many."""
    count = 0
    for some in _batches(documents):
        with transaction() as writes:
            for document in some:
                writes.delete(document)
        count += len(some)
    return count


def _batches(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    remaining = iter(items)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


def _changed(document: Document) -> Conflict:
    return Conflict(
        "Somebody writes to these tables. Stop every server that uses them, and run this again.",
        f"changed: {document.pk}",
    )
