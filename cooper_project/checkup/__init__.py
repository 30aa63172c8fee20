"""Everything that serving needs, tried without serving: `cooper -check`.

A check is a function that yields its findings, a line each: `ok`, `note`, `warning`, `unknown` or
`problem` of cooper_project.checkup.report, with what to do. `CHECKS` is the list of all, in the
order in which they are run. Those marked `at_start` the server runs before it starts
(cooper_project.checkup.startup), and it refuses to start in the same words.
"""

from cooper_project.checkup import (
    backups,
    credentials,
    local,
    memory,
    permissions,
    public_address,
    sign_in,
    sinks,
    stored,
)
from cooper_project.checkup.report import Check, Finding, Level, can_run, has_failed, run

__all__ = ["CHECKS", "Check", "Finding", "Level", "can_run", "has_failed", "run"]

ASKS_MUCH = 30.0
"""Seconds for what takes more than a few calls."""

CHECKS: tuple[Check, ...] = (
    # -- this machine
    Check(
        "settings",
        local.check_settings,
        at_start=True,
    ),
    Check(
        "address",
        local.check_address,
    ),
    Check(
        "metrics",
        local.check_metrics,
        needs=("settings",),
        at_start=True,
    ),
    Check(
        "open-files",
        local.check_open_files,
        at_start=True,
    ),
    Check(
        "memory",
        memory.check_memory,
    ),
    Check(
        "memory-limit",
        memory.check_limit,
        at_start=True,
    ),
    Check(
        "temporary-files",
        local.check_temporary_files,
        at_start=True,
    ),
    Check(
        "static-files",
        local.check_static_files,
    ),
    # -- AWS, and what cooper may do there
    Check(
        "clients",
        stored.check_clients,
        needs=("settings",),
        at_start=True,
    ),
    Check(
        "clock",
        credentials.check_clock,
        needs=("clients",),
        at_start=True,
    ),
    Check(
        "credentials",
        credentials.check_credentials,
        needs=("clients", "clock"),
    ),
    Check(
        "tables",
        stored.check_tables,
        needs=("clients", "clock"),
        at_start=True,
    ),
    Check(
        "installation",
        stored.check_installation,
        needs=("tables",),
        at_start=True,
    ),
    Check(
        "kms-key",
        stored.check_kms_key,
        needs=("installation",),
        at_start=True,
    ),
    Check(
        "permissions",
        permissions.check_permissions,
        needs=("clients", "clock"),
        patience=ASKS_MUCH,
    ),
    Check(
        "table-settings",
        stored.check_table_settings,
        needs=("tables",),
        patience=ASKS_MUCH,
    ),
    # -- what is stored, and who gets in
    Check(
        "stored",
        stored.check_what_is_stored,
        needs=("tables",),
        at_start=True,
        patience=ASKS_MUCH,
    ),
    Check(
        "administrators",
        sign_in.check_administrators,
        needs=("tables",),
    ),
    Check(
        "console-sign-in",
        sign_in.check_console_sign_in,
        needs=("settings",),
    ),
    Check(
        "saml",
        sign_in.check_saml,
        needs=("tables", "kms-key"),
    ),
    Check(
        "backups",
        backups.check_backups,
        needs=("tables",),
        patience=ASKS_MUCH,
    ),
    # -- what is before cooper, and where its events go
    Check(
        "header",
        public_address.check_header,
    ),
    Check(
        "sinks",
        sinks.check_sinks,
        needs=("clients",),
        patience=ASKS_MUCH,
    ),
    Check(
        "signing-key",
        sinks.check_signing_key,
        needs=("clients", "clock"),
    ),
)
