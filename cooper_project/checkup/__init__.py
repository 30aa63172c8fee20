"""Everything that serving needs, tried without serving: `cooper -check`.

A check is a function that yields its findings, a line each: `ok`, `note`, `warning`, `unknown` or
`problem` of cooper_project.checkup.report, with what to do. `CHECKS` is the list of all, in the
order in which they are run. Those marked `at_start` the server runs before it starts
(cooper_project.checkup.startup), and it refuses to start in the same words.
"""

from cooper_project.checkup import local, public_address, stored
from cooper_project.checkup.report import Check, Finding, Level, can_run, has_failed, run

__all__ = ["CHECKS", "Check", "Finding", "Level", "can_run", "has_failed", "run"]

CHECKS: tuple[Check, ...] = (
    Check("settings", local.check_settings, at_start=True),
    Check("address", local.check_address),
    Check("metrics", local.check_metrics, needs=("settings",), at_start=True),
    Check("clients", stored.check_clients, needs=("settings",), at_start=True),
    Check("installation", stored.check_installation, needs=("clients",), at_start=True),
    Check("kms-key", stored.check_kms_key, needs=("clients",), at_start=True),
    Check("stored", stored.check_what_is_stored, needs=("installation",), at_start=True),
    Check("header", public_address.check_header),
)
