"""A grant: decided, recorded on the audit log, and carried out."""

from brokers.grants.active import ActiveGrant, active_grants_for, active_grants_in
from brokers.grants.decision import Decision, require_entitlement
from brokers.grants.issue import Delivery, GrantRequest, IssuedGrant, grant
from brokers.grants.limits import CEILINGS, Counter, attempts_key, lessons, longest_seconds

__all__ = [
    "CEILINGS",
    "ActiveGrant",
    "Counter",
    "Decision",
    "Delivery",
    "GrantRequest",
    "IssuedGrant",
    "active_grants_for",
    "active_grants_in",
    "attempts_key",
    "grant",
    "lessons",
    "longest_seconds",
    "require_entitlement",
]
