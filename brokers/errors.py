"""What can go wrong when somebody becomes a target, or changes one."""

from http import HTTPStatus

from core.errors import Conflict, CooperError, Refused, Unavailable


class TargetNotAccessible(Refused):
    """The target does not exist, is not enabled, or is not for this person.

    One answer for all three.
    """

    status = HTTPStatus.NOT_FOUND

    def __init__(self, detail: str, where: str = "Your targets are on the first page.") -> None:
        """Say the same to everybody; the `detail` goes to the audit log and the log.

        `where` is a sentence that leads on.
        """
        super().__init__(f"Target not found, or you have no access. {where}", detail)


class _RefusedForNow(Refused):
    def __init__(self, message: str, detail: str = "", *, concerns_all: bool = False) -> None:
        """Keep both texts, and whether every other target would be refused as well."""
        super().__init__(message, detail)
        self.concerns_all = concerns_all


class Stopped(_RefusedForNow):
    """An emergency stop is on: for the AWS account, or for all grants."""


class ChangedMeanwhile(_RefusedForNow):
    """What the grant was decided by is different by now: the person, or the target.

    The person was disabled or signed out, or left the group; the target was disabled or edited.
    """


class ClosedToCommandLines(Refused):
    """The target takes a code or a reason, and this command line never becomes it."""


class PermitNeeded(Refused):
    """A command line becomes the target once its person has permitted it at `link`."""

    def __init__(self, message: str, link: str) -> None:
        """Keep the message, which names the link too."""
        super().__init__(message, "no permit")
        self.link = link


class PermitNotGood(Refused):
    """The permit is over, was spent before, or is none for this."""

    def __init__(self, detail: str) -> None:
        """Say the same whatever is wrong with it."""
        super().__init__("This permit is not good any more. Run the command again.", detail)


class TooMany(Refused):
    """More requests than a person may make in a minute."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, detail: str, *, retry_after: int) -> None:
        """Keep both texts, and after how many seconds there are requests left again."""
        super().__init__(message, detail)
        self.retry_after = retry_after


class CatalogueConflict(Conflict):
    """The catalogue was changed by somebody else while this was being written.

    It is tried again.
    """


class AwsRefused(Unavailable):
    """AWS refused the credentials or the sign-in URL; `detail` has AWS's words."""


class MayBeIssued(Unavailable):
    """AWS was asked for a session and its answer was lost: it may have been issued, to nobody."""


def concerns_all_targets(error: CooperError) -> bool:
    """Return whether the person would be refused every other target as well, for now."""
    if isinstance(error, _RefusedForNow):
        return error.concerns_all
    return isinstance(error, TooMany)
