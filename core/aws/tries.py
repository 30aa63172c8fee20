"""How often a call that must not be done twice unnoticed was sent, and whether AWS answered.

botocore repeats what fails. A call of STS whose request was sent, and whose answer was lost, may
have issued a session: within `counted_tries` it is not sent again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

ISSUING = ("AssumeRole", "GetFederationToken")
"""STS's operations that issue credentials, each anew."""

GATEWAY_STATUSES = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""Answers of what stands between cooper and STS: what STS did is not known."""


@dataclass
class Tries:
    """Tries of STS's calls within a block."""

    sent: int = 0
    """Requests that left, or began to."""

    is_unanswered: bool = False
    """Whether the newest of them has no answer yet that could be read: it may have been done."""

    is_sending: bool = False
    """Whether a request is about to leave."""


_tries: ContextVar[Tries | None] = ContextVar("tries", default=None)


@contextmanager
def counted_tries() -> Iterator[Tries]:
    """Count the tries of STS's calls of the block; one whose answer is lost is the last."""
    tries = Tries()
    token = _tries.set(tries)
    try:
        yield tries
    finally:
        _tries.reset(token)


def count_issuing(events: Any) -> None:
    """Let a client of STS count its tries."""
    for operation in ISSUING:
        events.register_last(f"before-send.sts.{operation}", _begin_try)
        events.register_first(f"needs-retry.sts.{operation}", _end_try)


def note_sending() -> None:
    """Note that a connection, which is open, sends a request now."""
    tries = _tries.get()
    if tries and tries.is_sending:
        tries.sent += 1
        tries.is_sending = False
        tries.is_unanswered = True


def _begin_try(**_: Any) -> None:
    tries = _tries.get()
    if tries:
        tries.is_sending = True


def _end_try(
    response: tuple[Any, Any] | None,
    caught_exception: Exception | None,
    operation: Any,
    **_: Any,
) -> None:
    """Raise what a try ended with, which is then not repeated, where AWS may have done the call.

    A handler of botocore's event `needs-retry`.
    """
    tries = _tries.get()
    if not tries:
        return
    tries.is_sending = False

    if caught_exception and tries.is_unanswered:
        raise caught_exception
    if not response:
        return

    http_response, parsed = response
    if http_response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        # whoever reads it says whether it is whole
        return
    if not _is_answer_of_sts(http_response.status_code, parsed):
        raise ClientError(parsed, operation.name)
    # throttled, or a fault that STS itself tells of: no credentials left it
    # https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    tries.is_unanswered = False


def _is_answer_of_sts(status: int, parsed: Any) -> bool:
    """Return whether an error is STS's own: botocore gives another one its status as code."""
    code = parsed.get("Error", {}).get("Code")
    if not isinstance(code, str) or not code or code.isdigit():
        return False
    return status not in GATEWAY_STATUSES
