"""A grant's intent and outcome.

On the audit log before AWS is asked, and before anything is handed out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.identity import Identity
from accounts.models import Person
from brokers.entitlements import Entitlement
from brokers.errors import ChangedMeanwhile, Stopped, TargetNotAccessible
from brokers.models import Association, AwsAccount, State, Target
from brokers.sts import SessionRequest
from core import audit
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.installation import STOP_SWITCH_ITEM, Installation

FALSE = False
"""For conditions: `attribute == False` is PynamoDB's way to write one, and to linters a mistake."""


@dataclass(frozen=True)
class Intent:
    """A grant that is on the audit log and has no outcome yet."""

    grant_id: str
    event_key: tuple[str, str]
    facts: dict[str, Any]
    """What both of its events say."""


def record_intent(
    session: SessionRequest,
    target: Target,
    entitlement: Entitlement,
    now: datetime,
    facts: dict[str, Any],
) -> Intent:
    """Record the intent and check everything that it rests on, in one transaction.

    Either a check sees that an administrator took something away, or the intent was on the audit
    log first. Raise Stopped, ChangedMeanwhile or TargetNotAccessible.
    """
    all_facts = {
        **facts,
        "person": session.identity.person,
        "target": target.name,
        "aws_account": target.aws_account,
        "grant": session.grant_id,
        "through": [str(group) for group in entitlement.through],
        # a revocation goes by these, even without an outcome
        "target_kind": str(target.kind),
        "session_name": session.session_name,
        "source_identity": session.source_identity,
    }
    event_key = audit.event_key(now, session.grant_id)

    with transaction() as writes:
        _check_switches(writes, target)
        _check_person(writes, session.identity, entitlement)
        _check_target(writes, target)
        _check_association(writes, target, entitlement, now)
        writes.create(audit.event(Event.GRANT_INTENDED, at=event_key, **all_facts))
    return Intent(session.grant_id, event_key, all_facts)


def record_outcome(intent: Intent, kind: Event, **facts: Any) -> None:
    """Record the outcome beside its intent, once.

    Raise CooperError when it cannot be, and then hand nothing out.
    """
    day, at = intent.event_key
    event = audit.event(kind, at=(day, f"{at}#outcome"), **{**intent.facts, **facts})
    with transaction() as writes:
        writes.create(event)


# -- conditions: what is absent never holds --------------------------------------------------------
def _check_switches(writes: Transaction, target: Target) -> None:
    """Demand that neither all grants nor those of the AWS account are stopped."""
    all_stopped = Stopped(
        "All grants are stopped by an administrator of cooper. Ask them when it ends.",
        "all grants stopped",
    )
    writes.check(
        Installation,
        STOP_SWITCH_ITEM,
        condition=Installation.stopped == FALSE,
        refusal=all_stopped,
    )

    account_stopped = Stopped(
        "Grants in this AWS account are stopped by an administrator of cooper. "
        "Ask them when it ends.",
        f"AWS account {target.aws_account} stopped",
    )
    writes.check(
        AwsAccount,
        target.aws_account,
        condition=AwsAccount.stopped == FALSE,
        refusal=account_stopped,
    )


def _check_person(writes: Transaction, identity: Identity, entitlement: Entitlement) -> None:
    """Demand that the person is enabled, in the same epoch, and in the group that entitles."""
    is_signed_in = (Person.disabled == FALSE) & (Person.epoch == identity.epoch)
    is_in_group = Person.groups.contains(str(entitlement.last_group))
    refusal = ChangedMeanwhile(
        "You were signed out or disabled meanwhile. Sign in again.",
        "person disabled, or in a new epoch or group",
    )
    writes.check(Person, identity.person, condition=is_signed_in & is_in_group, refusal=refusal)


def _check_target(writes: Transaction, target: Target) -> None:
    """Demand that the target is enabled and the one that was decided on."""
    is_enabled = Target.state == str(State.ENABLED)
    is_unchanged = Target.version == target.version
    refusal = ChangedMeanwhile(
        "This target was changed or disabled a moment ago. Look at it again.",
        "target changed meanwhile",
    )
    writes.check(Target, target.name, condition=is_enabled & is_unchanged, refusal=refusal)


def _check_association(
    writes: Transaction, target: Target, entitlement: Entitlement, now: datetime
) -> None:
    """Demand that the association is there and active."""
    exists = Association.group.exists()
    # the same as brokers.entitlements.is_active
    is_active = Association.until.does_not_exist() | (Association.until > now)

    group = str(entitlement.last_group)
    refusal = TargetNotAccessible(f"association of {group} removed meanwhile")
    writes.check(Association, target.name, group, condition=exists & is_active, refusal=refusal)
