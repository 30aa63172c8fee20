"""Trying a target, or a key pair, without granting anything: the credentials that AWS returns are discarded."""

from brokers.probing.key_check import ExaminedKeys, examine_keys
from brokers.probing.probe import ProbeResult, cooper_arn, is_coopers_own, probe

__all__ = ["ExaminedKeys", "ProbeResult", "cooper_arn", "examine_keys", "is_coopers_own", "probe"]
