"""A grant's intent: on the audit log before the grant is checked, and before AWS is asked."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from brokers import permits
from brokers.catalogue_rows import AnyTarget
from brokers.entitlements import Entitlement
from brokers.grants import limits
from brokers.permits import Permit
from brokers.sts import SessionRequest
from core import audit
from core.audit import Event
from core.dynamo import transaction


@dataclass(frozen=True)
class Intent:
    """A grant that is on the audit log and has no outcome yet."""

    grant_id: str
    event_key: tuple[str, str]
    facts: dict[str, Any]
    """What its outcome says too."""

    def with_facts(self, **facts: Any) -> "Intent":
        """Return the intent with more facts for its outcome."""
        return replace(self, facts=self.facts | facts)


def record_intent(
    session: SessionRequest,
    target: AnyTarget,
    entitlement: Entitlement,
    now: datetime,
    facts: dict[str, Any],
    counter: limits.Counter = limits.Counter.ONE_BY_ONE,
    permit: Permit | None = None,
) -> Intent:
    """Record the intent, count it as one of the person's grants in this minute, spend its permit.

    Nothing that people share is in this transaction: DynamoDB cancels those that meet on an item.
    Raise TooMany, PermitNotGood or NotRecorded.
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

    with audit.recording(), transaction() as writes:
        limits.count_attempt(writes, session.identity, counter)
        if permit:
            permits.spend(writes, permit)
        writes.create(audit.event(Event.GRANT_INTENDED, at=event_key, **all_facts))
    return Intent(session.grant_id, event_key, all_facts)
