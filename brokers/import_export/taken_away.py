"""From which grants a step of an import takes something away."""

from typing import Any

from brokers.grants.events import SHOWN_ALONE, GrantScope
from brokers.import_export.plan import ChangeKind
from brokers.import_export.steps import Step


def grants_concerned(step: Step) -> GrantScope:
    """Return the grants of what the step stops, removes or changes."""
    stopped = [entry["account_id"] for entry in step["accounts"] if entry["values"].get("stopped")]
    targets = [entry["name"] for entry in step["targets"] if _takes_from_grants(entry)]
    return GrantScope(targets=frozenset(targets), aws_accounts=frozenset(stopped))


def _takes_from_grants(entry: dict[str, Any]) -> bool:
    rules = entry["rules"]
    if entry["how"] == ChangeKind.REMOVE or rules["removed"] or rules["changed"]:
        return True
    return entry["how"] == ChangeKind.CHANGE and bool(entry["changes"].keys() - SHOWN_ALONE)
