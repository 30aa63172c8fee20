"""What can go wrong when somebody becomes a target, or changes one."""

from http import HTTPStatus

from core.errors import Conflict, Refused, Unavailable


class TargetNotAccessible(Refused):
    """The target does not exist, is not enabled, or is not for this person.

    One answer for all three.
    """

    status = HTTPStatus.NOT_FOUND

    def __init__(self, detail: str) -> None:
        """Say the same to everybody; the `detail` goes to the audit log and the log."""
        message = "Target not found, or you have no access. Your targets are on the first page."
        super().__init__(message, detail)


class Stopped(Refused):
    """An emergency stop is on: for the AWS account, or for all grants."""


class AllStopped(Stopped):
    """All grants are stopped: nobody becomes anything."""


class ChangedMeanwhile(Refused):
    """What the grant was decided by is different by now: the person, or the target.

    The person was disabled or signed out, or left the group; the target was disabled or edited.
    """


class SignedOut(ChangedMeanwhile):
    """The person was disabled or signed out, or left the group, while this was under way."""


class TooMany(Refused):
    """More requests than a person may make in a minute."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class CatalogueConflict(Conflict):
    """The catalogue was changed by somebody else while this was being written.

    It is tried again.
    """


class AwsRefused(Unavailable):
    """AWS refused the credentials or the sign-in URL; `detail` has AWS's words."""


class MayBeIssued(Unavailable):
    """AWS was asked for a session and its answer was lost: it may have been issued, to nobody."""
