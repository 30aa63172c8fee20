"""A grant: decided, recorded on the audit log, and carried out."""

from brokers.console_signin import form_action_hosts
from brokers.grants.active import ActiveGrant, active_grants_for
from brokers.grants.issue import Delivery, GrantRequest, IssuedGrant, decide, grant
from brokers.grants.limits import CEILINGS, longest_seconds

__all__ = [
    "CEILINGS",
    "ActiveGrant",
    "Delivery",
    "GrantRequest",
    "IssuedGrant",
    "active_grants_for",
    "decide",
    "form_action_hosts",
    "grant",
    "longest_seconds",
]
