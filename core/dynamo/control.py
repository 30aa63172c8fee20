"""Changing tables: look, change only what is not so, look again, with patience and a time limit.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/ - CreateTable, UpdateTable, UpdateTimeToLive,
UpdateContinuousBackups and their errors just after a table was made.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from core import aws
from core.errors import CooperError, NotAllowed, Unavailable

Say = Callable[[str], None]

LIMIT = 900.0
"""Seconds that one run waits for AWS in all: an index on a large table, or a table's first backup, takes minutes."""

LONGEST_PAUSE = 5.0
"""Seconds between two looks at most."""

PATIENT = {
    "ResourceInUseException",
    "LimitExceededException",
    "ContinuousBackupsUnavailableException",
    "ThrottlingException",
    "TableNotFoundException",
}
"""Error codes that pass by themselves: somebody changes the table right now, or it is too young."""

PASSING_TEXTS = ("already enabled", "fixed interval", "already encrypted")
"""What ValidationException says when another run was first, or changed the same thing too lately."""


class Status(Enum):
    """Where one wanted thing stands."""

    WANTED = "not there"
    UNDER_WAY = "AWS is at it"
    DONE = "there"


def permission_lacking(error: CooperError, action: str) -> CooperError:
    """Return the error with the IAM action that the policy lacks (as AWS names it, else `action`), or as it is."""
    if not isinstance(error, NotAllowed) or "AccessDenied" not in error.code:
        return error
    named = re.search(r"not authorized to perform: ([a-z0-9-]+:\w+)", error.detail)
    lacks = named[1] if named else action
    message = f"AWS does not allow this: the IAM policy of whoever runs cooper_setup lacks {lacks}."
    return NotAllowed(message, error.detail, code=error.code)


class TableManager:
    """One run's dealings with DynamoDB's tables: says what it does, remembers whether it changed anything."""

    def __init__(self, say: Say, limit: float = 0.0) -> None:
        """Begin; the run ends `limit` (LIMIT) seconds from now at the latest."""
        self.say = say
        self.limit = limit or LIMIT
        self.end = time.monotonic() + self.limit
        self.changed: list[str] = []

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call DynamoDB (`CreateTable`, ...); raise CooperError, naming the IAM action when that is what lacks."""
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            return dict(aws.call(getattr(aws.client("dynamodb"), method), **arguments))
        except CooperError as error:
            raise permission_lacking(error, f"dynamodb:{operation}") from error

    def describe(self, table: str) -> dict[str, Any] | None:
        """Return DynamoDB's description of a table, or None."""
        try:
            return dict(self.patiently(table, "DescribeTable", TableName=table)["Table"])
        except CooperError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def patiently(self, what: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make a call that only looks, again and again while AWS is busy."""
        for _ in self._pauses(what):
            try:
                return self.call(operation, **arguments)
            except CooperError as error:
                if not passes(error):
                    raise
        raise AssertionError("pauses end by raising")

    def settle(self, what: str, look: Callable[[], Status], change: Callable[[], object]) -> None:
        """Look, and change what is wanted, until it is done; raise CooperError when AWS refuses or time is over."""
        said = False
        for _ in self._pauses(what):
            stand = look()
            if stand is Status.DONE:
                return
            if not said:
                self.say(f"{what} ..." if stand is Status.WANTED else f"{what}: waiting ...")
                said = True
            if stand is Status.WANTED and self._changes(change):
                self.changed.append(what)

    def _changes(self, change: Callable[[], object]) -> bool:
        """Make the change; return False when it has to wait, or was made by another run meanwhile."""
        try:
            change()
        except CooperError as error:
            if passes(error):
                return False
            raise
        return True

    def _pauses(self, what: str) -> Iterator[int]:
        """Yield until time is over, with longer and longer pauses (with jitter); then raise Unavailable."""
        number = 0
        while time.monotonic() < self.end:
            yield number
            pause = min(0.05 * 2**number, LONGEST_PAUSE) * random.uniform(0.7, 1)  # noqa: S311 - jitter, not a secret
            time.sleep(max(0.0, min(pause, self.end - time.monotonic())))
            number = min(number + 1, 16)
        message = f"{what}: not done within {self.limit:.0f} s. Run cooper_setup again: it goes on where it stopped."
        raise Unavailable(message, code="TimeLimit")


def passes(error: CooperError) -> bool:
    """Return whether the error passes by itself."""
    if isinstance(error, Unavailable):
        return error.code != "TimeLimit"
    if error.code == "ValidationException":
        return any(text in error.detail for text in PASSING_TEXTS)
    return error.code in PATIENT
