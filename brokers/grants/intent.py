"""The intent and the outcome of a grant, on record before AWS is asked and before anything is handed out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.identity import Identity
from accounts.models import Person
from brokers.entitlements import Entitlement
from brokers.errors import Stopped, TargetNotAccessible
from brokers.models import Association, AwsAccount, State, Target
from brokers.sts import names
from brokers.sts.names import new_grant_id
from core import audit
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.installation import GRANTS, Installation

NO = False


@dataclass(frozen=True)
class Intent:
    """A grant that is on record and not done yet: its id, its event's key and what all its events say."""

    grant_id: str
    at: tuple[str, str]
    facts: dict[str, Any]


def begin(
    identity: Identity,
    target: Target,
    entitlement: Entitlement,
    now: datetime,
    facts: dict[str, Any],
) -> Intent:
    """Record the intent and check everything that it rests on, in one transaction; raise Stopped or NotYours."""
    grant_id = new_grant_id()
    known = facts | {
        "person": identity.person,
        "target": target.name,
        "aws_account": target.aws_account,
        "grant": grant_id,
        "through": [str(group) for group in entitlement.through],
        **_names(identity, target, grant_id),
    }
    intent = Intent(grant_id, audit.place(now, grant_id), known)
    with transaction() as writes:
        _check_switches(writes, target)
        _check_person(writes, identity, entitlement)
        _check_target(writes, target, entitlement, now)
        writes.create(audit.event(Event.GRANT_INTENDED, at=intent.at, **known))
    return intent


def _names(identity: Identity, target: Target, grant_id: str) -> dict[str, Any]:
    """Return the names by which AWS will know the session: what a revocation goes by, even without an outcome."""
    name = (
        names.session_name(identity, grant_id) if target.is_role else names.federated_name(identity)
    )
    lasting = names.source_identity(identity) if target.is_role and target.source_identity else None
    return {"target_kind": str(target.kind), "session_name": name, "source_identity": lasting}


def _check_switches(writes: Transaction, target: Target) -> None:
    """Demand that neither all grants nor the AWS account are stopped; what is absent stops too."""
    all_stopped = Stopped(
        "All grants are stopped by an administrator of cooper. Ask them when it ends.",
        "all grants stopped",
    )
    writes.check(Installation, GRANTS, condition=Installation.stopped == NO, refusal=all_stopped)
    message = "Grants in this AWS account are stopped by an administrator of cooper. Ask them when it ends."
    account_stopped = Stopped(message, f"AWS account {target.aws_account} stopped")
    writes.check(
        AwsAccount, target.aws_account, condition=AwsAccount.stopped == NO, refusal=account_stopped
    )


def _check_person(writes: Transaction, identity: Identity, entitlement: Entitlement) -> None:
    """Demand that the person is enabled, in the same epoch, and still in the group that entitles."""
    gone = Stopped(
        "You were signed out or disabled meanwhile. Sign in again.",
        "person disabled, or in a new epoch or group",
    )
    same = (Person.disabled == NO) & (Person.epoch == identity.epoch)
    in_group = Person.groups.contains(str(entitlement.last_group))
    writes.check(Person, identity.person, condition=same & in_group, refusal=gone)


def _check_target(
    writes: Transaction, target: Target, entitlement: Entitlement, now: datetime
) -> None:
    """Demand that the target is enabled and unchanged, and that the association is there and has not ended."""
    same = (Target.state == str(State.ENABLED)) & (Target.version == target.version)
    changed = Stopped(
        "This target was changed or disabled a moment ago. Look at it again.",
        "target changed meanwhile",
    )
    writes.check(Target, target.name, condition=same, refusal=changed)
    # as brokers.entitlements.is_active has it, and the association has to be there
    holds = Association.group.exists() & (
        Association.until.does_not_exist() | (Association.until > now)
    )
    removed = TargetNotAccessible(f"association of {entitlement.last_group} removed meanwhile")
    writes.check(
        Association, target.name, str(entitlement.last_group), condition=holds, refusal=removed
    )


def conclude(intent: Intent, kind: Event, **facts: Any) -> None:
    """Record the outcome beside its intent, once; raise CooperError when it cannot be, and then hand nothing out."""
    day, at = intent.at
    with transaction() as writes:
        writes.create(audit.event(kind, at=(day, f"{at}#outcome"), **{**intent.facts, **facts}))
