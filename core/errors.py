"""Errors with two texts: `message` for the person, `detail` for the log and the audit log."""

from enum import StrEnum
from http import HTTPStatus


class CooperError(Exception):
    """An error that a person may read: what happened and what to do.

    `code` is AWS's code of the error that it comes from, if any; never a one-time code.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    """What is known, such as a key or table that AWS says is gone, is never a fault inside cooper:
    500 is for that alone."""

    retry_after = 0
    """Seconds after which it may be tried again, for tools too (Retry-After); 0: nobody knows."""

    service = ""
    """The AWS service whose call failed, as botocore names it (`sts`), if it was one."""

    contact = ""
    """Whom to ask about it, where that is not the installation's contact: a target's owner."""

    lacks_owner = False
    """Whether it is about a target of the person's own for which nobody is named."""

    def __init__(self, message: str, detail: str = "", *, code: str = "") -> None:
        """Keep the person's `message`, the log's `detail` and AWS's error `code`, if any."""
        super().__init__(message)
        self.message = message
        self.detail = detail or message
        self.code = code

    @property
    def line(self) -> str:
        """The message, and the detail where it adds to it: for the host's terminal and log."""
        if self.detail == self.message:
            return self.message
        return f"{self.message} [{self.detail}]"


class Unavailable(CooperError):
    """A service that cooper needs did not answer, or not in time; nothing was handed out."""


class NotAllowed(CooperError):
    """AWS refused cooper's own credentials; an administrator has to correct its IAM policy."""


class Refused(CooperError):
    """cooper decided against it; the message says why and what to do."""

    status = HTTPStatus.FORBIDDEN


class Conflict(CooperError):
    """Somebody else changed the same thing meanwhile; look at it again."""

    status = HTTPStatus.CONFLICT


class Invalid(CooperError):
    """The input cannot be used; `field` names the form field to show the message on."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, detail: str = "", *, field: str = "", code: str = "") -> None:
        super().__init__(message, detail, code=code)
        self.field = field


class StepUpReason(StrEnum):
    """Why an operation that needs a one-time code came without one."""

    NO_DEVICE = "no device"
    NO_CODE = "no code"


class StepUpRequired(CooperError):
    """The operation needs a fresh one-time code that did not come with it; `reason` says why."""

    status = HTTPStatus.FORBIDDEN

    field = "code"
    """The form field to show the message on."""

    def __init__(self, message: str, detail: str = "", *, reason: StepUpReason) -> None:
        super().__init__(message, detail)
        self.reason = reason
