"""Command lines: sessions of the AWS CLI and of SDKs, which their person has allowed in a browser.

One lives until a set time after its person last authenticated, and never beyond: using it does not
make it longer. It ends before that when it is deleted, or with the person's epoch.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from accounts.models import Person
from core import audit
from core.audit import Event
from core.dynamo import Document, transaction


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
    the one in which its person has allowed it, by the hash of its key.
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
    expires = TTLAttribute()
    by_person = CommandLinesByPerson()

    @property
    def started(self) -> datetime:
        return datetime.fromtimestamp(float(self.created_at), UTC)

    @property
    def last_used(self) -> datetime:
        """When it was last used, to the minute."""
        return datetime.fromtimestamp(float(self.touched_at), UTC)


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


def end(session_id: str, why: str = "") -> bool:
    """End a command line for good, with its event; return False for one that has ended before."""
    command_line = CommandLine.find(session_id)
    if command_line is None:
        return False

    with transaction() as writes:
        writes.delete(command_line)
        writes.create(
            audit.event(
                Event.COMMAND_LINE_ENDED,
                person=str(command_line.person),
                target=str(command_line.person),
                command_line=session_id,
                why=why or None,
            )
        )
    return True
