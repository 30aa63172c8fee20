"""The one deed: a grant, decided, recorded and done; and trying a target without granting anything."""

from brokers.grants.deed import Granted, Way, Wish, decide, grant
from brokers.grants.keys import ExaminedKeys, examine_keys
from brokers.grants.limits import CEILINGS, longest_seconds
from brokers.grants.living import LivingGrant, living_for
from brokers.grants.probe import ProbeResult, cooper_arn, is_coopers_own, probe
from brokers.signin import form_action_hosts

__all__ = [
    "CEILINGS",
    "ExaminedKeys",
    "Granted",
    "LivingGrant",
    "ProbeResult",
    "Way",
    "Wish",
    "cooper_arn",
    "decide",
    "examine_keys",
    "form_action_hosts",
    "grant",
    "is_coopers_own",
    "living_for",
    "longest_seconds",
    "probe",
]
