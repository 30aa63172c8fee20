"""A plan in words: what is added, changed and removed, field by field, and who gains and loses what."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from brokers.impact import PeopleByGroup, describe_people
from brokers.import_export.complaints import printable
from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, TargetPlan

MOST = 12
"""Names in one line; more are counted."""

SIGNS = {ChangeKind.ADD: "Add", ChangeKind.CHANGE: "Change", ChangeKind.REMOVE: "Remove"}


class Told(NamedTuple):
    """One thing that would happen, with its particulars."""

    head: str
    lines: list[str]


def told(plan: Plan, crowd: PeopleByGroup) -> Iterator[Told]:
    """Yield what a plan would do: who of the `crowd` gains and loses first, then AWS accounts, then targets."""
    for verb, groups in (("gain", plan.gains()), ("lose", plan.loses())):
        lines = [
            f"{group} ({_people(group, crowd)}): {_names(targets)}"
            for group, targets in groups.items()
        ]
        if lines:
            yield Told(f"People in these groups {verb}", lines)
    for account in plan.accounts:
        yield Told(
            f"{SIGNS[account.how]} AWS account {account.account_id}", list(_account(account))
        )
    for target in plan.targets:
        yield Told(f"{SIGNS[target.how]} target {target.name}", list(_target(target)))


def summed_up(plan: Plan) -> str:
    """Return a plan in one line."""
    counts = plan.counts()
    parts = []
    for noun, verbs in (
        ("targets", ("add", "change", "remove")),
        ("associations", ("added", "changed", "removed")),
    ):
        numbers = [f"{counts[f'{noun} {verb}']:,}" for verb in verbs]
        parts.append(f"{noun}: {numbers[0]} to add, {numbers[1]} to change, {numbers[2]} to remove")
    parts.append(f"AWS accounts: {len(plan.accounts):,} to add or change")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."


def _people(group: str, crowd: PeopleByGroup) -> str:
    """Return who was seen in a group."""
    return describe_people(each.person for each in crowd.in_any_of([group]))


def _names(targets: list[str]) -> str:
    """Return names in a line."""
    more = len(targets) - MOST
    return ", ".join(targets[:MOST]) + (f" and {more:,} more" if more > 0 else "")


def _account(account: AccountPlan) -> Iterator[str]:
    """Yield an AWS account's particulars."""
    yield from _fields(account.changes)
    if account.how == ChangeKind.ADD and "external_id" not in account.values:
        yield "external_id: a new one; the roles in it have to name it"


def _target(target: TargetPlan) -> Iterator[str]:
    """Yield a target's particulars."""
    if target.how == ChangeKind.REMOVE:
        yield "its name is never given again"
    yield from _fields(target.changes)
    rules = target.rules
    for verb, rows in (
        ("may become it", rules.added),
        ("may become it with another end", rules.changed),
    ):
        for group, end in rows.items():
            yield f"{group} {verb}, {f'until {end}' if end else 'for good'}"
    for group in rules.removed:
        yield f"{group} may no longer become it"
    for note in target.notes:
        yield f"note: {note}"


def _fields(changes: dict[str, list[Any]]) -> Iterator[str]:
    """Yield changed fields with before and after."""
    for name, (before, after) in sorted(changes.items()):
        yield (
            f"{name}: {_value(before)} -> {_value(after)}"
            if before not in (None, [])
            else f"{name}: {_value(after)}"
        )


def _value(value: Any) -> str:
    """Return a value in one line."""
    if value in (None, [], ""):
        return "nothing"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return printable({"True": "yes", "False": "no"}.get(text, text))
