"""Documents of which a test needs one: a command line, an import that has not ended."""

import time
from datetime import UTC, datetime, timedelta

from accounts.command_lines import CommandLine
from accounts.models import Person
from brokers.import_export import jobs
from brokers.models import Import


def command_line_of(person: str) -> CommandLine:
    """Return a command line that a person signed in just now, for an hour."""
    now = int(time.time())
    return CommandLine(
        "c" * 32,
        person=person,
        epoch=Person.find(person).epoch,
        client="botocore-client-cooper",
        web_session="w",
        authenticated_at=datetime.now(UTC),
        created_at=now,
        touched_at=now,
        ends_at=now + 3_600,
        expires=datetime.now(UTC) + timedelta(days=1),
    )


def unfinished_import() -> Import:
    """Return an import of Carol's that is under way."""
    return Import(
        jobs.SLOT,
        number="1",
        state=jobs.RUNNING,
        person="local:carol",
        file_digest="",
        plan_digest="",
        total=2,
        begun=datetime.now(UTC),
    )
