"""`grant`: lets a person become a target; all credentials and sign-in URLs come from here.

entitlement, and why -> step-up -> intent -> STS -> console URL -> outcome -> hand out
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts import stepup
from accounts.identity import Identity
from brokers import arns, console_signin
from brokers.aws_errors import explain, is_duration_refusal
from brokers.choices import ONE_HOUR
from brokers.credentials import Credentials
from brokers.form_fields import sentence
from brokers.grants import limits
from brokers.grants.decision import refusals_recorded, require_entitlement
from brokers.grants.intent import Intent, record_intent, record_outcome
from brokers.grants.sts_slots import sts_slot
from brokers.models import Target
from brokers.sts import SessionRequest, broker_for, session_request
from core import aws
from core.audit import Event
from core.errors import CooperError, Invalid, Unavailable

REASON_LIMIT = 500
"""Characters of a person's reason that are kept."""

ONE_HOUR_NOTE = "AWS does not give this target more than one hour, so that is what you got."


class Delivery(StrEnum):
    """How a person uses the target: in the console, or with credentials."""

    CONSOLE = "console"
    CREDENTIALS = "credentials"


@dataclass(frozen=True)
class GrantRequest:
    """What a person asks for: which target, for how many seconds, and how to use it."""

    target: str
    seconds: int
    delivery: Delivery

    destination: str = ""
    """The page of the console to land on; the target's own when empty."""

    reason: str = ""
    issuer: str = ""
    """cooper's address, to which the console sends people when their session is over."""

    code: str = field(default="", repr=False)
    """A one-time code of the person's device, for targets that take one."""


@dataclass(frozen=True)
class IssuedGrant:
    """A grant that is done: credentials, and the console's sign-in URL if that was asked for."""

    grant_id: str
    target: Target
    credentials: Credentials
    console_url: str = field(default="", repr=False)
    note: str = ""
    """For the person: what is not as asked."""


def grant(identity: Identity, request: GrantRequest, now: datetime) -> IssuedGrant:
    """Let the identity become the target.

    It is recorded before AWS is asked, and again before anything is handed out.

    Raise TargetNotAccessible (unknown, disabled or not entitled: all the same), Stopped,
    ChangedMeanwhile, TooMany, Invalid (duration, destination), StepUpRequired (a sensitive target
    without a code), Refused, Unavailable, or AwsRefused. Without a durable outcome nothing is
    handed out.
    """
    with aws.deadline(limits.DEADLINE):
        decision = require_entitlement(identity, request.target, now)
        target = decision.target

        with refusals_recorded(identity, target):
            seconds = limits.allowed_seconds(target, decision.entitlement, request.seconds, now)
            destination = _console_destination(target, request)
            limits.count_attempt(identity)
            if decision.takes_code:
                # after all checks that write nothing, since it uses the code up
                stepup.verify(identity.person, request.code)

            session = session_request(target, identity, seconds, decision.external_id)
            facts = _facts_of_intent(request, seconds)
            intent = record_intent(session, target, decision.entitlement, now, facts)

        with _failures_recorded(intent, target), _time_kept_for_outcome():
            credentials, note = _request_credentials(target, session)
            console_url = _console_url(credentials, target, destination, request)

        record_outcome(intent, Event.GRANT_DONE, **_facts_of_outcome(credentials, note))
        return IssuedGrant(intent.grant_id, target, credentials, console_url, note)


# -- what the audit log says -----------------------------------------------------------------------
def _facts_of_intent(request: GrantRequest, seconds: int) -> dict[str, Any]:
    return {
        # stored events say `way` for what the code calls the delivery
        "way": str(request.delivery),
        "seconds": seconds,
        "reason": request.reason[:REASON_LIMIT] or None,
    }


def _facts_of_outcome(credentials: Credentials, note: str) -> dict[str, Any]:
    """Return what is recorded of the credentials: nothing that is secret."""
    return {
        "access_key_id": credentials.access_key_id,
        "session_name": credentials.session_name,
        "session_arn": credentials.arn,
        "expires_at": credentials.expires_at.isoformat(),
        "sts_request_id": credentials.request_id,
        "packed_policy_percent": credentials.packed_percent,
        "note": note or None,
    }


# -- AWS -------------------------------------------------------------------------------------------
@contextmanager
def _failures_recorded(intent: Intent, target: Target) -> Iterator[None]:
    """Record AWS's failure as the intent's outcome, and tell the person in words what it means."""
    try:
        yield
    except CooperError as error:
        record_outcome(intent, Event.GRANT_FAILED, why=error.detail)
        raise explain(error, target) from error
    except Exception as error:  # such as a KeyError for an answer that lacks a part
        # whatever it was, an intent must not stay without an outcome
        why = type(error).__name__
        record_outcome(intent, Event.GRANT_FAILED, why=why)
        message = "AWS answered something unexpected. Nothing was handed out."
        raise Unavailable(message, why) from error


@contextmanager
def _time_kept_for_outcome() -> Iterator[None]:
    """Give AWS's part up so early that its outcome can be recorded within the grant's deadline."""
    seconds = aws.seconds_left(limits.DEADLINE, spare=limits.TIME_FOR_OUTCOME)
    with aws.deadline(seconds):
        yield


def _request_credentials(target: Target, session: SessionRequest) -> tuple[Credentials, str]:
    """Return credentials and a note.

    When AWS refuses the duration alone, ask once more for an hour.
    """
    broker = broker_for(target)
    with sts_slot():
        try:
            return broker(target, session), ""
        except CooperError as error:
            if session.seconds <= ONE_HOUR or not is_duration_refusal(error):
                raise

        limits.remember_longest(target, ONE_HOUR)
        one_hour = replace(session, seconds=ONE_HOUR)
        return broker(target, one_hour), ONE_HOUR_NOTE


def _console_destination(target: Target, request: GrantRequest) -> str:
    """Return the console page to land on, "" for credentials; raise Invalid on the field."""
    if request.delivery != Delivery.CONSOLE:
        return ""

    destination = request.destination or str(target.destination or "")
    try:
        return arns.console_destination(
            str(target.partition), str(target.region or ""), destination
        )
    except ValueError as error:
        raise Invalid(sentence(error), field="destination") from error


def _console_url(
    credentials: Credentials, target: Target, destination: str, request: GrantRequest
) -> str:
    """Return the console's sign-in URL, "" when credentials are asked for."""
    if request.delivery != Delivery.CONSOLE:
        return ""
    return console_signin.console_url(
        credentials, str(target.partition), destination, request.issuer
    )
