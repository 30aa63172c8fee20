"""A grant: decided, on the audit log, and carried out."""

from brokers.console_signin import form_action_hosts
from brokers.grants.active import LivingGrant, living_for
from brokers.grants.issue import Granted, Way, Wish, decide, grant
from brokers.grants.limits import CEILINGS, longest_seconds

__all__ = [
    "CEILINGS",
    "Granted",
    "LivingGrant",
    "Way",
    "Wish",
    "decide",
    "form_action_hosts",
    "grant",
    "living_for",
    "longest_seconds",
]
