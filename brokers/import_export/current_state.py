"""What the catalogue has, as plain values: for an export, and for an import to compare with."""

import base64
from typing import Any

from accounts.providers import provider_ids
from brokers.catalogue import not_deleted
from brokers.catalogue_state import Catalogue
from brokers.import_export.snapshot import DEFAULTS, CurrentState, Ends, Values, format_end
from brokers.models import AwsAccount, State, Target
from brokers.readiness import NOT_PROBED

TARGET_ATTRIBUTES = (*DEFAULTS, *NOT_PROBED, "state")


def current_state(catalogue: Catalogue) -> CurrentState:
    """Return all that is in the catalogue, deleted targets by their names alone."""
    targets = not_deleted(catalogue.targets.values())
    return CurrentState(
        accounts={name: _account_values(account) for name, account in catalogue.accounts.items()},
        targets={target.name: _target_values(target) for target in targets},
        associations=_ends_by_target(catalogue, targets),
        versions=_versions(catalogue, targets),
        deleted=_deleted_names(catalogue),
        providers=provider_ids(),
    )


def _account_values(account: AwsAccount) -> Values:
    return {
        "name": account.name or None,
        "external_id": account.external_id,
        "stopped": bool(account.stopped),
    }


def _target_values(target: Target) -> Values:
    values: dict[str, Any] = {}
    for name in TARGET_ATTRIBUTES:
        value = getattr(target, name)
        values[name] = None if value == "" else value

    if values["federation_keys"] is not None:
        ciphertext = bytes(values["federation_keys"])
        values["federation_keys"] = base64.b64encode(ciphertext).decode()
    values["labels"] = list(values["labels"])
    values["policy_arns"] = list(values["policy_arns"])
    return values


def _ends_by_target(catalogue: Catalogue, targets: list[Target]) -> dict[str, Ends]:
    """Return when each association ends; targets without any are left out."""
    ends_by_target: dict[str, Ends] = {}
    for target in targets:
        rules = catalogue.associations_by_target.get(target.name, ())
        if rules:
            ends_by_target[target.name] = {rule.group: format_end(rule.until) for rule in rules}
    return ends_by_target


def _versions(catalogue: Catalogue, targets: list[Target]) -> dict[tuple[str, ...], int]:
    versions: dict[tuple[str, ...], int] = {}
    for account_id, account in catalogue.accounts.items():
        versions["account", account_id] = int(account.version or 0)

    for target in targets:
        versions["target", target.name] = int(target.version or 0)
        for rule in catalogue.associations_by_target.get(target.name, ()):
            versions[target.name, rule.group] = int(rule.version or 0)
    return versions


def _deleted_names(catalogue: Catalogue) -> frozenset[str]:
    targets = catalogue.targets.items()
    return frozenset(name for name, target in targets if target.state == State.DELETED)
