"""A plan cut into numbered steps, each small enough for one transaction. Pure."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, RulesPlan, TargetPlan

MOST_ITEMS = 90
"""Items that a step writes at most, beside the progress, the stamp and the change log.

DynamoDB takes 100 in a transaction.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

MOST_BYTES = 150_000
"""Bytes of a step as JSON at most: it is one item (400 KB), and so is each of its events."""

CONTACT_ITEMS = 2
"""Items of the default contact: itself and its event."""

ACCOUNT_ITEMS = 3
"""Items of an AWS account: itself, its event, and one more event for a stop."""

TARGET_ITEMS = 3
"""Items of a target without its associations: itself and two events."""

MORE = "more"
"""What happens to a target whose first part was in an earlier step: more of its associations."""

Step = dict[str, list[dict[str, Any]]]
"""Entries under "accounts" and "targets": the fields of AccountPlan and TargetPlan, fit for JSON.

The first may have one under "contact": the default contact, `before` and `after`.

A target has neither `gains` nor `loses`, and its `how` may be MORE.
"""


@dataclass
class _Part:
    """One entry of a step; `items` is how many items it writes at most."""

    section: str
    entry: dict[str, Any]
    items: int


def steps_of(plan: Plan) -> list[Step]:
    """Return the plan's steps: AWS accounts first, then what goes, then what comes or changes."""
    steps: list[Step] = []
    items = 0
    size = 0

    for part in _parts(plan):
        part_size = len(json.dumps(part.entry))
        fits = items + part.items <= MOST_ITEMS and size + part_size <= MOST_BYTES
        if not steps or not fits:
            steps.append({"accounts": [], "targets": []})
            items = 0
            size = 0

        steps[-1].setdefault(part.section, []).append(part.entry)
        items += part.items
        size += part_size
    return steps


def _parts(plan: Plan) -> Iterator[_Part]:
    if plan.contact:
        before, after = plan.contact
        yield _Part("contact", {"before": before, "after": after}, CONTACT_ITEMS)

    # before the targets that are in them
    for account in plan.accounts:
        yield _account_part(account)

    # an import that stops halfway leaves people too little access rather than too much
    removed = [target for target in plan.targets if target.how == ChangeKind.REMOVE]
    others = [target for target in plan.targets if target.how != ChangeKind.REMOVE]
    for targets in (removed, others):
        for target in sorted(targets, key=lambda target: target.name):
            yield from _target_parts(target)


def _account_part(account: AccountPlan) -> _Part:
    return _Part("accounts", asdict(account), ACCOUNT_ITEMS)


def _target_parts(target: TargetPlan) -> Iterator[_Part]:
    """Yield a target in parts of one transaction each; all but the first only bring rules."""
    for number, rules in enumerate(_portions(target.rules)):
        if number == 0:
            entry = asdict(replace(target, rules=rules))
        else:
            entry = asdict(TargetPlan(target.name, target.how, rules=rules))
            entry["how"] = MORE

        # these are for people who look at the plan
        del entry["gains"]
        del entry["loses"]
        yield _Part("targets", entry, TARGET_ITEMS + len(rules))


def _portions(rules: RulesPlan) -> Iterator[RulesPlan]:
    """Yield associations in portions of one transaction each; one empty portion for none at all."""
    portion_size = MOST_ITEMS - TARGET_ITEMS
    rows = [
        *(("removed", group) for group in rules.removed),
        *(("changed", group) for group in rules.changed),
        *(("added", group) for group in rules.added),
    ]

    yield _portion(rules, rows[:portion_size])
    for start in range(portion_size, len(rows), portion_size):
        yield _portion(rules, rows[start : start + portion_size])


def _portion(rules: RulesPlan, rows: list[tuple[str, str]]) -> RulesPlan:
    portion = RulesPlan()
    for change, group in rows:
        if change == "added":
            portion.added[group] = rules.added[group]
            continue

        portion.versions[group] = rules.versions[group]
        if change == "changed":
            portion.changed[group] = rules.changed[group]
        else:
            portion.removed.append(group)
    return portion
