"""What a grant rests on, as it is at one moment: whether all of it is there and says yes.

Pure: documents and the time come in, the answer goes out. What is absent never says yes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from accounts import command_lines, sessions
from accounts.command_lines import CommandLine
from accounts.identity import Identity
from accounts.models import Person, WebSession
from brokers.catalogue_rows import AnyTarget
from brokers.entitlements import NEVER, Entitlement, is_active
from brokers.errors import ChangedMeanwhile, Stopped, TargetNotAccessible
from brokers.models import Association, AwsAccount, State, Target
from core.emergency_stop import stop_in
from core.installation import Installation


@dataclass(frozen=True)
class Claim:
    """What was decided, and is looked at once more: who becomes what, and through which group."""

    identity: Identity
    target: AnyTarget
    entitlement: Entitlement
    web_session: str = ""
    """The web session that asks, by the hash of its key."""

    command_line: str = ""
    """The command line that asks, by its id, where it is no web session."""


@dataclass(frozen=True)
class Basis:
    """The documents as stored, all of one moment; None where there is none."""

    stop_switch: Installation | None
    account: AwsAccount | None
    person: Person | None
    target: Target | None
    association: Association | None
    session: WebSession | CommandLine | None
    """The one that asks."""


class Confirmed(NamedTuple):
    """The target and its AWS account as they are now."""

    target: Target
    account: AwsAccount


def confirm(basis: Basis, claim: Claim, now: datetime) -> Confirmed:
    """Return what the grant goes on with, when all that it rests on still holds at `now`.

    Raise Stopped, ChangedMeanwhile or TargetNotAccessible.
    """
    _demand_running(basis.stop_switch, now)
    account = _running_account(basis.account, claim)
    person = _unchanged_person(basis.person, claim)
    target = _unchanged_target(basis.target, claim)
    _demand_association(basis.association, claim, now)
    _demand_session(basis.session, person, claim, now)
    return Confirmed(target, account)


def _demand_running(stop_switch: Installation | None, now: datetime) -> None:
    stop = stop_in(stop_switch)
    if stop:
        raise Stopped(
            f"All grants are stopped by an administrator of cooper{stop.facts(now)}. "
            "Ask them when it ends.",
            "all grants stopped",
            concerns_all=True,
        )


def _running_account(account: AwsAccount | None, claim: Claim) -> AwsAccount:
    if not account or account.stopped is not False:
        raise Stopped(
            "Grants in this AWS account are stopped by an administrator of cooper. "
            "Ask them when it ends.",
            f"AWS account {claim.target.aws_account} stopped",
        )
    return account


def _unchanged_person(person: Person | None, claim: Claim) -> Person:
    """Demand that the person is enabled, in the same epoch, and in the group that entitles."""
    group = str(claim.entitlement.last_group)
    if (
        not person
        or person.disabled is not False
        or person.epoch != claim.identity.epoch
        or group not in (person.groups or [])
    ):
        raise _signed_out("person disabled, or in a new epoch or group")
    return person


def _unchanged_target(target: Target | None, claim: Claim) -> Target:
    """Demand that the target is enabled and the one that was decided on."""
    is_same = target and target.version and target.version == claim.target.version
    if not target or not is_same or target.state != State.ENABLED:
        raise ChangedMeanwhile(
            "This target was changed or disabled a moment ago. Look at it again.",
            "target changed meanwhile",
        )
    return target


def _demand_association(association: Association | None, claim: Claim, now: datetime) -> None:
    """Demand that the association is there, active, and ends no earlier than was decided by."""
    group = str(claim.entitlement.last_group)
    if not association or not is_active(association.until, now):
        raise TargetNotAccessible(f"association of {group} removed meanwhile")

    # the session may be as long as the end that was decided by allows
    if _end(association.until) < _end(claim.entitlement.until):
        raise ChangedMeanwhile(
            "Your access to this target was shortened a moment ago. Look at it again.",
            f"end of the association of {group} changed meanwhile",
        )


def _end(until: datetime | None) -> datetime:
    return until or NEVER


def _demand_session(
    session: WebSession | CommandLine | None, person: Person, claim: Claim, now: datetime
) -> None:
    """Demand that the session that asks is there, active, and this person's."""
    if claim.command_line:
        _demand_command_line(session, person, now)
    else:
        _demand_web_session(session, claim, now)


def _demand_web_session(
    session: WebSession | CommandLine | None, claim: Claim, now: datetime
) -> None:
    if (
        not isinstance(session, WebSession)
        or session.person != claim.identity.person
        or not sessions.is_active(session, now.timestamp())
    ):
        raise _signed_out("web session ended")


def _demand_command_line(
    session: WebSession | CommandLine | None, person: Person, now: datetime
) -> None:
    if not isinstance(session, CommandLine) or not command_lines.is_active(
        session, person, now.timestamp()
    ):
        raise _signed_out("command line ended")


def _signed_out(detail: str) -> ChangedMeanwhile:
    message = "You were signed out or disabled meanwhile. Sign in again."
    return ChangedMeanwhile(message, detail, concerns_all=True)
