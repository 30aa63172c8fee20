"""A plan in numbered steps, each small enough for one transaction. Pure; a step is plain values, fit for JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, RulesPlan, TargetPlan

MOST_ITEMS = 90
"""Items that a step writes at most, beside the progress, the stamp and the change log (DynamoDB takes 100)."""

MOST_BYTES = 150_000
"""Bytes of a step as JSON at most: it is one item (400 KB), and so are the events that tell of it."""

MORE = "more"
"""What happens to a target whose first part was in an earlier step: more of its associations."""

Step = dict[str, list[dict[str, Any]]]


def steps_of(plan: Plan) -> list[Step]:
    """Return the plan's steps: AWS accounts first, then what goes, then what comes or changes."""
    ordered = sorted(plan.targets, key=lambda each: (each.how != ChangeKind.REMOVE, each.name))
    made: list[Step] = []
    items = size = 0
    for kind, entry, cost in [
        *_accounts(plan.accounts),
        *(part for each in ordered for part in _parts(each)),
    ]:
        length = len(json.dumps(entry))
        if not made or items + cost > MOST_ITEMS or size + length > MOST_BYTES:
            made.append({"accounts": [], "targets": []})
            items = size = 0
        made[-1][kind].append(entry)
        items, size = items + cost, size + length
    return made


def _accounts(accounts: list[AccountPlan]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield AWS accounts, each with its items: itself and its event, and one for a stop."""
    for each in accounts:
        yield "accounts", asdict(each), 3


def _parts(target: TargetPlan) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield a target in parts that a transaction takes, each with its items: itself, two events, associations."""
    first = True
    for rules in _portions(target.rules):
        entry = asdict(
            replace(target, rules=rules)
            if first
            else TargetPlan(target.name, target.how, rules=rules)
        )
        del entry["gains"], entry["loses"]
        if not first:
            entry["how"] = MORE
        yield "targets", entry, 3 + len(rules.added) + len(rules.changed) + len(rules.removed)
        first = False


def _portions(rules: RulesPlan) -> Iterator[RulesPlan]:
    """Yield associations in portions of one transaction; one without any for none."""
    most = MOST_ITEMS - 3
    rows = [
        (name, group) for name in ("removed", "changed", "added") for group in getattr(rules, name)
    ]
    for start in range(0, max(len(rows), 1), most):
        part = rows[start : start + most]
        chosen = {
            name: [group for kind, group in part if kind == name]
            for name in ("removed", "changed", "added")
        }
        yield RulesPlan(
            {group: rules.added[group] for group in chosen["added"]},
            {group: rules.changed[group] for group in chosen["changed"]},
            chosen["removed"],
            {group: rules.versions[group] for group in [*chosen["changed"], *chosen["removed"]]},
        )
