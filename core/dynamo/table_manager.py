"""Changing tables: look, change only what is not right, look again, within a time limit.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/ - CreateTable, UpdateTable,
UpdateTimeToLive, UpdateContinuousBackups and their errors just after a table was made.
"""

import re
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

from core import aws
from core.aws.answers import Answer
from core.dynamo.table_description import Description, table_in
from core.errors import CooperError, NotAllowed, Unavailable
from core.retry import Backoff

Say = Callable[[str], None]

Part = TypeVar("Part")

LIMIT = 900.0
"""Seconds that one run waits for AWS in all.

An index on a large table, or a table's first backup, takes minutes.
"""

BACKOFF = Backoff(first=0.05, longest=5.0)
"""The pauses between two looks."""

TIME_LIMIT = "TimeLimit"
"""The code of the error when LIMIT is over."""

PASSING_CODES = {
    "ResourceInUseException",
    "LimitExceededException",
    "ContinuousBackupsUnavailableException",
    "ThrottlingException",
    "TableNotFoundException",
}
"""Error codes that pass by themselves: the table is being changed right now, or is too young."""

PASSING_TEXTS = ("already enabled", "fixed interval", "already encrypted")
"""Texts of ValidationException when another run was first, or changed the same thing just now."""


class Status(Enum):
    """How far one property of a table is."""

    MISSING = "missing"
    IN_PROGRESS = "in progress"
    DONE = "done"


class TableManager:
    """One run's calls to DynamoDB about tables.

    It says what it does and remembers what it changed.
    """

    def __init__(self, say: Say, limit: float | None = None) -> None:
        """Begin; the run ends `limit` seconds (LIMIT) from now at the latest."""
        self.say = say
        self.limit = limit or LIMIT
        self.end = time.monotonic() + self.limit
        self.changed: list[str] = []

    def call(self, operation: str, **arguments: Any) -> Answer:
        """Call DynamoDB (`CreateTable`, ...); raise CooperError, naming a missing IAM action."""
        method_name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        method = getattr(aws.client("dynamodb"), method_name)
        try:
            return aws.call(method, **arguments)
        except CooperError as error:
            raise _name_missing_permission(error, f"dynamodb:{operation}") from error

    def read(
        self, what: str, operation: str, part_in: Callable[[Answer], Part], **arguments: Any
    ) -> Part:
        """Make a call that changes nothing, again and again while AWS is busy.

        `part_in` reads the answer; it raises Unavailable for one that cannot be read.
        """
        for _ in self._attempts(what):
            try:
                return part_in(self.call(operation, **arguments))
            except CooperError as error:
                if not passes(error):
                    raise
        raise AssertionError("_attempts ends by raising")

    def describe(self, table: str) -> Description | None:
        """Return DynamoDB's description of a table, or None when there is none."""
        try:
            return self.read(table, "DescribeTable", table_in, TableName=table)
        except CooperError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def settle(self, what: str, look: Callable[[], Status], change: Callable[[], object]) -> None:
        """Look, and change what is missing, until it is done.

        Raise CooperError when AWS refuses or time is over.
        """
        announced = False
        for _ in self._attempts(what):
            status = look()
            if status is Status.DONE:
                return

            is_missing = status is Status.MISSING
            if not announced:
                self.say(f"{what} ..." if is_missing else f"{what}: waiting ...")
                announced = True
            # the next look says whether AWS really did it
            if is_missing and self._try_change(change):
                self.changed.append(what)

    def _try_change(self, change: Callable[[], object]) -> bool:
        """Make the change; return False when it has to wait, or another run made it meanwhile."""
        try:
            change()
        except CooperError as error:
            if passes(error):
                return False
            raise
        return True

    def _attempts(self, what: str) -> Iterator[int]:
        """Count attempts, with longer and longer pauses; raise Unavailable when time is over."""
        attempt = 0
        while time.monotonic() < self.end:
            yield attempt
            seconds_left = self.end - time.monotonic()
            time.sleep(max(0.0, min(BACKOFF.seconds(attempt), seconds_left)))
            attempt += 1

        message = (
            f"{what}: not done within {self.limit:.0f} s. "
            "Run cooper -setup again: it goes on where it stopped."
        )
        raise Unavailable(message, code=TIME_LIMIT)


def passes(error: CooperError) -> bool:
    """Return whether the error passes by itself."""
    if isinstance(error, Unavailable):
        return error.code != TIME_LIMIT
    if error.code == "ValidationException":
        return any(text in error.detail for text in PASSING_TEXTS)
    return error.code in PASSING_CODES


def _name_missing_permission(error: CooperError, action: str) -> CooperError:
    """Return the error naming the IAM action that the policy lacks; others as they are.

    AWS's message names it where it is another than `action`: kms:CreateGrant behind CreateTable.
    """
    if not isinstance(error, NotAllowed) or "AccessDenied" not in error.code:
        return error

    named = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)", error.detail)
    missing = named[1] if named else action
    message = (
        f"AWS does not allow this: the IAM policy of whoever runs cooper -setup lacks {missing}."
    )
    return NotAllowed(message, error.detail, code=error.code)
