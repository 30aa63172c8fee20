"""A grant's outcome, whatever it is: on the audit log once, and before anything is handed out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brokers.aws_errors import explain
from brokers.errors import MayBeIssued
from brokers.grants.intent import Intent
from brokers.models import Target
from core import audit, metrics
from core.audit import Event
from core.aws import Tries
from core.dynamo import put_once
from core.errors import CooperError, Unavailable

OUTCOMES = {
    Event.GRANT_DONE: "done",
    Event.GRANT_FAILED: "failed",
    Event.GRANT_STOPPED: "stopped",
}
"""What metrics call them; one that cannot be recorded has failed."""


def record_outcome(intent: Intent, kind: Event, **facts: Any) -> None:
    """Record the outcome beside its intent, once.

    Raise NotRecorded when it cannot be, and then hand nothing out.
    """
    day, at = intent.event_key
    outcome = "failed"
    try:
        with audit.recording():
            put_once(audit.event(kind, at=(day, f"{at}#outcome"), **{**intent.facts, **facts}))
        outcome = OUTCOMES[kind]
    finally:
        is_one_of_several = bool(intent.facts.get("one_of_several"))
        metrics.count_grant(outcome, intent.facts["way"], is_one_of_several=is_one_of_several)


@contextmanager
def stops_recorded(intent: Intent) -> Iterator[None]:
    """Record a check that refuses, or that cannot be made, as the intent's outcome."""
    try:
        yield
    except CooperError as error:
        record_outcome(intent, Event.GRANT_STOPPED, why=error.detail, answer=error.message)
        raise
    except Exception as error:  # such as a TypeError for an item that lacks a part
        # whatever it was, an intent must not stay without an outcome
        why = type(error).__name__
        record_outcome(intent, Event.GRANT_STOPPED, why=why)
        message = "What this rests on could not be read. Nothing was handed out; try again."
        raise Unavailable(message, why) from error


@contextmanager
def failures_recorded(intent: Intent, target: Target, tries: Tries) -> Iterator[None]:
    """Record AWS's failure as the intent's outcome, and tell the person in words what it means."""
    try:
        yield
    except CooperError as error:
        _record_failure(intent, error.detail, tries)
        raise _with_doubt(explain(error, target), tries) from error
    except Exception as error:  # such as a KeyError for an answer that lacks a part
        # whatever it was, an intent must not stay without an outcome
        why = type(error).__name__
        _record_failure(intent, why, tries)
        unexpected = Unavailable("AWS answered something unexpected. Nothing was handed out.", why)
        raise _with_doubt(unexpected, tries) from error


def _record_failure(intent: Intent, why: str, tries: Tries) -> None:
    facts: dict[str, Any] = {"why": why, "sts_attempts": tries.sent}
    if tries.is_unanswered:
        facts["may_have_been_issued"] = True
    record_outcome(intent, Event.GRANT_FAILED, **facts)


def _with_doubt(error: CooperError, tries: Tries) -> CooperError:
    """Return the error, which says so where AWS may have issued the session all the same."""
    if not tries.is_unanswered:
        return error
    message = (
        f"{error.message} AWS may have issued the session all the same; the audit log says so."
    )
    return MayBeIssued(message, error.detail, code=error.code)
