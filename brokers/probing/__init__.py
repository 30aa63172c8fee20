"""Probes: a target, or a key pair, tried with AWS without granting anything.

The credentials that AWS returns are discarded.
"""

from brokers.probing.apply import apply_result, report
from brokers.probing.key_check import ExaminedKeys, examine_keys
from brokers.probing.probe import is_coopers_own, probe
from brokers.readiness import ProbeResult

__all__ = [
    "ExaminedKeys",
    "ProbeResult",
    "apply_result",
    "examine_keys",
    "is_coopers_own",
    "probe",
    "report",
]
