"""What the catalogue has, as plain values: for an export, and for an import to compare with."""

import base64
from collections.abc import Iterable
from typing import Any

from accounts.providers import provider_ids
from brokers.catalogue_reads import whole_targets
from brokers.catalogue_state import Catalogue
from brokers.import_export.snapshot import DEFAULTS, CurrentState, Ends, Values, format_end
from brokers.models import AwsAccount, State
from brokers.readiness import NOT_PROBED
from core.installation import STOP_SWITCH_ITEM, Installation


def current_state(catalogue: Catalogue) -> CurrentState:
    """Return all that there is, deleted targets by their names alone.

    The catalogue lacks some of what a target has: targets are read from their table.
    """
    targets: dict[str, Values] = {}
    versions = _versions_of_rules(catalogue)
    deleted = set()
    for stored in whole_targets():
        name = stored["name"]
        if stored.get("state") == State.DELETED:
            deleted.add(name)
            continue
        targets[name] = _target_values(stored)
        versions["target", name] = stored.get("version", 0)

    return CurrentState(
        accounts={name: _account_values(account) for name, account in catalogue.accounts.items()},
        targets=targets,
        associations=_ends_by_target(catalogue, targets),
        versions=versions,
        deleted=frozenset(deleted),
        providers=provider_ids(),
        default_contact=_stored_contact(),
    )


def _stored_contact() -> str:
    switch = Installation.find(STOP_SWITCH_ITEM)
    if not switch:
        return ""
    return str(switch.default_contact or "")


def _account_values(account: AwsAccount) -> Values:
    return {
        "name": account.name or None,
        "external_id": account.external_id,
        "stopped": bool(account.stopped),
    }


def _target_values(stored: Values) -> Values:
    """Return a target's settings and what is known of its probe, with defaults for the rest."""
    values: dict[str, Any] = {**DEFAULTS, **NOT_PROBED, "state": str(State.PENDING)}
    for name, default in values.items():
        value = stored.get(name, default)
        values[name] = None if value == "" else value

    if values["federation_keys"] is not None:
        values["federation_keys"] = base64.b64encode(values["federation_keys"]).decode()
    values["labels"] = list(values["labels"])
    values["policy_arns"] = list(values["policy_arns"])
    return values


def _ends_by_target(catalogue: Catalogue, names: Iterable[str]) -> dict[str, Ends]:
    """Return when each association ends; targets without any are left out."""
    ends_by_target: dict[str, Ends] = {}
    for name in names:
        rules = catalogue.associations_by_target.get(name, ())
        if rules:
            ends_by_target[name] = {rule.group: format_end(rule.until) for rule in rules}
    return ends_by_target


def _versions_of_rules(catalogue: Catalogue) -> dict[tuple[str, ...], int]:
    """Return the versions of all AWS accounts and associations."""
    versions: dict[tuple[str, ...], int] = {}
    for account_id, account in catalogue.accounts.items():
        versions["account", account_id] = int(account.version or 0)
    for name, rules in catalogue.associations_by_target.items():
        for rule in rules:
            versions[name, rule.group] = rule.version or 0
    return versions
