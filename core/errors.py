"""What can go wrong, in two voices: `message` for the person, `detail` for the log."""

from http import HTTPStatus


class CooperError(Exception):
    """An error that a person may read: what happened and what to do; `detail` goes to the log only."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str, detail: str = "", *, code: str = "") -> None:
        """Keep the person's `message`, the engineer's `detail` and AWS's error `code`, if there is one."""
        super().__init__(message)
        self.message = message
        self.detail = detail or message
        self.code = code


class Unavailable(CooperError):
    """A service that cooper needs did not answer, or not in time; nothing was handed out."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class NotAllowed(CooperError):
    """AWS refused cooper's own credentials; an administrator of cooper has to mend its IAM policy."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class Refused(CooperError):
    """cooper decided no; the person is told why and what to do."""

    status = HTTPStatus.FORBIDDEN


class Conflict(CooperError):
    """Somebody else changed the same thing meanwhile; look at it again."""

    status = HTTPStatus.CONFLICT


class Invalid(CooperError):
    """What was given cannot be used; `field` names the form field to show it on."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, detail: str = "", *, field: str = "", code: str = "") -> None:
        """Keep the field's name beside both messages."""
        super().__init__(message, detail, code=code)
        self.field = field


class StepUpRequired(CooperError):
    """The operation needs a fresh one-time code that did not come with it; `code` says why (enrol, missing)."""

    field = "code"

    status = HTTPStatus.FORBIDDEN
