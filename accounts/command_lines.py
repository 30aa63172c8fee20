"""Command lines: sessions of the AWS CLI and of SDKs, which their person has allowed in a browser.

One lives until a set time after its person last authenticated, and never beyond: using it does not
make it longer. It ends before that when it is deleted, or with the person's epoch.
"""

import logging
import time
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import NamedTuple

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from accounts.models import Person
from core import audit
from core.audit import Event
from core.dynamo import Document, DocumentKey, Stale, batch_read, transaction
from core.errors import CooperError
from core.retry import retry

MOST = 100
"""Command lines that are listed, the newest: as many as one batched read takes."""

TOUCH_EVERY = 60
"""Seconds after which another use is noted."""

TRIES = 5
"""Times that one is ended when its use is noted at the same moment."""

logger = logging.getLogger(__name__)


class Way(StrEnum):
    """How a person has allowed a command line."""

    BROWSER = "browser"
    """On its own computer, where the answer goes back to it and to nobody else."""

    DEVICE_CODE = "device code"
    """By a code, wherever it is: people can be made to type another one's code."""


class CommandLinesByPerson(GlobalSecondaryIndex["CommandLine"]):  # type: ignore[no-untyped-call]
    """The keys of one person's command lines, for showing."""

    class Meta:
        index_name = "by-person"
        projection = KeysOnlyProjection()

    person = UnicodeAttribute(hash_key=True)
    created_at = NumberAttribute(range_key=True)


class CommandLine(Document):
    """A command line, by an id that is no secret: its tokens are (`sso_portal.tokens`).

    Its times are seconds since the epoch; `ends_at` is its end however it is used. `web_session` is
    the one in which its person has allowed it, by the hash of its key; `targets` are the names of
    those that it became. `address` is where it signed in from, `other_addresses` are those from
    which it was used since.
    """

    purpose = "command lines that people signed in"

    class Meta:
        table = "command-lines"

    session_id = UnicodeAttribute(hash_key=True)
    person = UnicodeAttribute()
    epoch = NumberAttribute()
    client = UnicodeAttribute()
    address = UnicodeAttribute(null=True)
    web_session = UnicodeAttribute()
    authenticated_at = UTCDateTimeAttribute()
    created_at = NumberAttribute()
    touched_at = NumberAttribute()
    ends_at = NumberAttribute()
    way = UnicodeAttribute(null=True)
    targets = UnicodeSetAttribute(null=True)
    kinds = UnicodeSetAttribute(null=True)
    other_addresses = UnicodeSetAttribute(null=True)
    expires = TTLAttribute()
    by_person = CommandLinesByPerson()

    @property
    def is_from_browser(self) -> bool:
        """Return whether it may become what takes a code or a reason: no other one ever may."""
        return bool(self.way == Way.BROWSER)

    @property
    def started(self) -> datetime:
        return datetime.fromtimestamp(float(self.created_at), UTC)

    @property
    def last_used(self) -> datetime:
        """When it was last used, to the minute."""
        return datetime.fromtimestamp(float(self.touched_at), UTC)

    @property
    def in_order(self) -> dict[str, list[str]]:
        """What it has sets of, in order: `targets`, `kinds` and `other_addresses`."""
        return {
            "targets": sorted(self.targets or ()),
            "kinds": sorted(self.kinds or ()),
            "other_addresses": sorted(self.other_addresses or ()),
        }


class ActiveCommandLine(NamedTuple):
    """A command line that may be used now, and its person as stored."""

    command_line: CommandLine
    person: Person


def is_active(command_line: CommandLine, person: Person, now: float) -> bool:
    """Return whether it may still be used by its person; `now` is in seconds since the epoch."""
    return (
        command_line.person == person.person
        and command_line.epoch == person.epoch
        and now < float(command_line.ends_at)
    )


def find_active(session_id: str, now: float) -> ActiveCommandLine | None:
    """Return the command line of an id with its person, None when it is over; raise CooperError.

    `now` is in seconds since the epoch.
    """
    command_line = CommandLine.find(session_id)
    if command_line is None:
        return None

    person = Person.find(str(command_line.person))
    if person is None or person.disabled is not False:
        return None
    if not is_active(command_line, person, now):
        return None
    return ActiveCommandLine(command_line, person)


# -- which there are -------------------------------------------------------------------------------
def active_of(person: Person, now: float) -> list[CommandLine]:
    """Return a person's active command lines, the newest first; raise CooperError.

    An index says what there is to read, and nothing more; `now` is in seconds since the epoch.
    """
    newest = CommandLine.by_person.query(
        str(person.person), scan_index_forward=False, page_size=MOST
    )
    keys: list[DocumentKey] = [(CommandLine, row.session_id) for row in islice(newest, MOST)]
    items = batch_read(keys)

    active = []
    for _, session_id in keys:
        command_line = items.get(CommandLine, session_id)
        if command_line and is_active(command_line, person, now):
            active.append(command_line)
    return active


def note_use(command_line: CommandLine, target: str, kind: str, now: float) -> None:
    """Note that a command line became a target by a kind of program (`core.client_kinds`).

    At most once a minute for the same two; `now` is in seconds since the epoch.

    Nothing rests on it: what fails is left out.
    """
    is_recent = now - float(command_line.touched_at) < TOUCH_EVERY
    is_noted = target in (command_line.targets or ()) and kind in (command_line.kinds or ())
    if is_recent and is_noted:
        return

    try:
        CommandLine.update_item(
            command_line.session_id,
            actions=[
                CommandLine.touched_at.set(int(now)),
                CommandLine.targets.add({target}),
                CommandLine.kinds.add({kind}),
            ],
            condition=CommandLine.session_id.exists(),
        )
    except CooperError as error:
        logger.warning("the use of a command line is not noted: %s", error.detail)


# -- ending them -----------------------------------------------------------------------------------
def end(session_id: str, *, person: str = "", why: str = "") -> bool:
    """End a command line for good, with its event on the audit log.

    Return False for one that has ended before, and just so for one of another person than `person`.
    """
    return retry(partial(_end_once, session_id, person, why), on=Stale, tries=TRIES)


def _end_once(session_id: str, person: str, why: str) -> bool:
    command_line = CommandLine.find(session_id)
    if command_line is None or (person and command_line.person != person):
        return False

    with transaction() as writes:
        writes.delete(command_line)
        writes.create(
            audit.event(
                Event.COMMAND_LINE_ENDED,
                target=str(command_line.person),
                command_line=session_id,
                why=why or None,
            )
        )
    return True


def end_of_web_session(person: Person, key_hash: str) -> int:
    """End the command lines that were allowed in a web session; return how many."""
    ended = 0
    for command_line in active_of(person, time.time()):
        if command_line.web_session == key_hash:
            ended += end(str(command_line.session_id), why="signed out of the web session")

    return ended
