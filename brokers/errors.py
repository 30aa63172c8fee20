"""What can go wrong at a door."""

from http import HTTPStatus

from core.errors import Conflict, Refused, Unavailable


class TargetNotAccessible(Refused):
    """The target does not exist, is not enabled, or is not for this person: one answer for all three."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, detail: str) -> None:
        """Say the same to everybody; the `detail` goes to the record and the log."""
        super().__init__(
            "There is no such target for you. What you may become is on the first page.", detail
        )


class Stopped(Refused):
    """A stop switch is thrown: for the person, the target, the AWS account or all grants."""


class TooMany(Refused):
    """More tries than a person may have in a minute."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class CatalogueConflict(Conflict):
    """The catalogue was changed by somebody else while this was being written; it is tried again."""


class AwsRefused(Unavailable):
    """AWS said no to becoming the target; `detail` has AWS's words."""
