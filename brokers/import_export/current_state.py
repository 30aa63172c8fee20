"""What the catalogue has, as plain values: what is exported, and what an import is compared with."""

import base64
from typing import Any

from brokers import catalogue
from brokers.catalogue import Catalogue
from brokers.import_export.snapshot import DEFAULTS, CurrentState, format_end
from brokers.models import AwsAccount, State, Target
from brokers.readiness import NOT_PROBED

TARGET_ATTRIBUTES = (*DEFAULTS, *NOT_PROBED, "state")


def current_state(known: Catalogue) -> CurrentState:
    """Return all that is in the catalogue, deleted targets by their names alone."""
    accounts: dict[str, Any] = {}
    targets: dict[str, Any] = {}
    associations: dict[str, dict[str, str | None]] = {}
    versions: dict[tuple[str, ...], int] = {}

    for account_id, account in known.accounts.items():
        accounts[account_id] = _account_values(account)
        versions["account", account_id] = int(account.version or 0)

    for target in catalogue.not_deleted(known.targets.values()):
        name = str(target.name)
        targets[name] = _target_values(target)
        versions["target", name] = int(target.version or 0)

        for rule in known.rules.get(name, ()):
            group = str(rule.group)
            associations.setdefault(name, {})[group] = format_end(rule.until)
            versions[name, group] = int(rule.version or 0)

    deleted = {name for name, target in known.targets.items() if target.state == State.DELETED}
    return CurrentState(
        accounts, targets, associations, versions=versions, deleted=frozenset(deleted)
    )


def _account_values(account: AwsAccount) -> dict[str, Any]:
    return {
        "name": account.name or None,
        "external_id": account.external_id,
        "stopped": bool(account.stopped),
    }


def _target_values(target: Target) -> dict[str, Any]:
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
