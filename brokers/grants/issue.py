"""`grant`: lets a person become a target; all credentials and sign-in URLs come from here.

entitlement, and why -> step-up -> intent -> check -> STS -> console URL -> outcome -> hand out
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts import stepup
from accounts.identity import Identity
from brokers import arns, console_signin, permits
from brokers.aws_errors import is_duration_refusal
from brokers.catalogue_rows import AnyTarget
from brokers.catalogue_state import Catalogue
from brokers.choices import ONE_HOUR
from brokers.credentials import Credentials
from brokers.errors import ChangedMeanwhile, ClosedToCommandLines
from brokers.grants import limits
from brokers.grants.basis import Claim
from brokers.grants.check import check
from brokers.grants.decision import Decision, refusals_recorded, require_entitlement
from brokers.grants.intent import Intent, record_intent
from brokers.grants.outcome import failures_recorded, record_outcome, stops_recorded
from brokers.grants.reasons import demanded_reason
from brokers.grants.sts_slots import sts_slot
from brokers.models import Target
from brokers.permits import Permit
from brokers.sts import SessionRequest, broker_for, session_request
from core import audit, aws
from core.audit import Event
from core.errors import CooperError, Invalid
from core.typed_text import sentence

REASON_LIMIT = 500
"""Characters of a person's reason that are kept."""

ONE_HOUR_NOTE = "AWS does not give this target more than one hour, so that is what you got."


class Delivery(StrEnum):
    """How a person uses the target: in the console, with credentials, or by a command line."""

    CONSOLE = "console"
    CREDENTIALS = "credentials"
    COMMAND_LINE = "command line"


@dataclass(frozen=True)
class GrantRequest:
    """What a person asks for: which target, for how many seconds, and how to use it."""

    target: str
    seconds: int
    delivery: Delivery

    destination: str = ""
    """The page of the console to land on; the target's own when empty."""

    region: str = ""
    """The region to land in, where the page names none; the target's own when empty."""

    reason: str = ""
    """Why; where the target demands one, it has to match."""

    issuer: str = ""
    """cooper's address, to which the console sends people when their session is over."""

    code: str = field(default="", repr=False)
    """A one-time code of the person's device, for targets that take one."""

    web_session: str = field(default="", repr=False)
    """The web session that asks, by the hash of its key."""

    command_line: str = ""
    """The command line that asks, by its id. Nothing is granted without one of the two."""

    permit: Permit | None = None
    """The permit of its person, for a command line and a target that takes a code or a reason."""

    attempts: int | None = None
    """The person's grants of this minute as they were read with the request; None: not read."""

    counter: limits.Counter = limits.Counter.ONE_BY_ONE
    """By which limit it counts."""


@dataclass(frozen=True)
class IssuedGrant:
    """A grant that is done: credentials, and the console's sign-in URL if that was asked for."""

    grant_id: str
    target: Target
    credentials: Credentials
    console_url: str = field(default="", repr=False)
    note: str = ""
    """For the person: what is not as asked."""


def grant(
    identity: Identity, request: GrantRequest, now: datetime, catalogue_now: Catalogue
) -> IssuedGrant:
    """Let the identity become the target.

    It is recorded before anything is looked at again and before AWS is asked, and once more before
    anything is handed out.

    Raise TargetNotAccessible (unknown, disabled or not entitled: all the same), Stopped,
    ChangedMeanwhile, TooMany, Invalid (duration, destination, reason), StepUpRequired (a sensitive
    target without a code), Refused, Unavailable, or AwsRefused. Without a durable outcome nothing
    is handed out.
    """
    with aws.deadline(limits.DEADLINE):
        decision = require_entitlement(identity, request.target, now, catalogue_now)
        target = decision.target

        with refusals_recorded(identity, target, way=str(request.delivery)):
            seconds = limits.allowed_seconds(target, decision.entitlement, request.seconds, now)
            destination = _console_destination(target, request)
            reason = demanded_reason(target, request.reason)
            _demand_session(request)
            _demand_permit(decision, identity, request)
            # the code of a permit was used up when it was given
            takes_code = decision.takes_code and not request.permit
            _use_code(identity, request, takes_code=takes_code)

            session = session_request(target, identity, seconds, decision.external_id)
            session = replace(session, reason=reason)
            facts = _facts_of_intent(request, seconds)
            intent = record_intent(
                session,
                target,
                decision.entitlement,
                now,
                facts,
                request.counter,
                request.permit,
            )

        intent = intent.with_facts(checked_at=audit.now().isoformat())
        with stops_recorded(intent), _time_kept_for_outcome():
            confirmed = check(_claim(identity, decision, request))

        # from here on with what the check has read
        if confirmed.target.is_role:
            session = replace(session, external_id=str(confirmed.account.external_id))
        return _issue(intent, confirmed.target, session, destination, request)


def _claim(identity: Identity, decision: Decision, request: GrantRequest) -> Claim:
    return Claim(
        identity,
        decision.target,
        decision.entitlement,
        web_session=request.web_session,
        command_line=request.command_line,
    )


def _issue(
    intent: Intent,
    target: Target,
    session: SessionRequest,
    destination: str,
    request: GrantRequest,
) -> IssuedGrant:
    """Ask AWS, record what comes of it, and return it."""
    with (
        aws.counted_tries() as tries,
        failures_recorded(intent, target, tries),
        _time_kept_for_outcome(),
    ):
        credentials, note = _request_credentials(target, session)
        # whole, and read: what fails from here on is none of STS's
        tries.is_unanswered = False
        console_url = _console_url(credentials, target, destination, request)

    facts = _facts_of_outcome(credentials, note)
    record_outcome(intent, Event.GRANT_DONE, sts_attempts=tries.sent, **facts)
    return IssuedGrant(intent.grant_id, target, credentials, console_url, note)


# -- before the intent -----------------------------------------------------------------------------
def _demand_session(request: GrantRequest) -> None:
    """Refuse what names no session, or two: the check could not look at it."""
    if bool(request.web_session) == bool(request.command_line):
        raise ChangedMeanwhile("You were signed out. Sign in again.", "no session")


def _demand_permit(decision: Decision, identity: Identity, request: GrantRequest) -> None:
    """Demand that a command line has its person's permit where the target takes one."""
    if request.command_line and decision.catalogue.takes_permit(decision.target):
        is_open = decision.catalogue.is_open_with_permit(decision.target)
        if not is_open or not request.permit:
            message = f"{decision.target.name} is closed to command lines. Use it in the portal."
            raise ClosedToCommandLines(message, "closed to command lines")

    if request.permit:
        permits.demand_fits(
            request.permit,
            person=identity.person,
            command_line=request.command_line,
            target=decision.target.name,
            takes_code=decision.takes_code,
        )


def _use_code(identity: Identity, request: GrantRequest, *, takes_code: bool) -> None:
    """Use a sensitive target's code up, after all checks that write nothing."""
    if takes_code or request.attempts is not None:
        limits.demand_attempts_left(identity, request.attempts)
    if takes_code:
        stepup.verify(identity.person, request.code)


# -- what the audit log says -----------------------------------------------------------------------
def _facts_of_intent(request: GrantRequest, seconds: int) -> dict[str, Any]:
    return {
        # stored events say `way` for what the code calls the delivery
        "way": str(request.delivery),
        "one_of_several": request.counter == limits.Counter.SEVERAL or None,
        "seconds": seconds,
        "reason": request.reason[:REASON_LIMIT] or None,
        "command_line": request.command_line or None,
        **_facts_of_permit(request),
    }


def _facts_of_permit(request: GrantRequest) -> dict[str, Any]:
    if not request.permit:
        return {}
    return {
        "permit": request.permit.link_id,
        "permit_address": request.permit.browser_address,
        "step_up": "code" if request.permit.code_given else None,
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


def _console_destination(target: AnyTarget, request: GrantRequest) -> str:
    """Return the console page to land on, "" for credentials; raise Invalid on the field."""
    if request.delivery != Delivery.CONSOLE:
        return ""

    destination = request.destination or str(target.destination or "")
    try:
        return arns.console_destination(
            str(target.partition), request.region or str(target.region or ""), destination
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
