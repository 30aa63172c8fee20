"""A plan in words: what is added, changed and removed, and who gains and loses what. Pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from brokers.impact import PeopleByGroup, describe_people
from brokers.import_export.complaints import printable
from brokers.import_export.plan import AccountPlan, ChangeKind, Changes, Plan, TargetPlan

MOST_NAMES = 12
"""Names in one line; more are counted."""

VERBS = {ChangeKind.ADD: "Add", ChangeKind.CHANGE: "Change", ChangeKind.REMOVE: "Remove"}


class PlannedChange(NamedTuple):
    """One thing that would happen, with its particulars."""

    head: str
    lines: list[str]


def describe(plan: Plan, people: PeopleByGroup) -> Iterator[PlannedChange]:
    """Yield what a plan would do: who gains and loses first, then AWS accounts, then targets."""
    for verb, targets_by_group in (("gain", plan.gains()), ("lose", plan.loses())):
        if targets_by_group:
            lines = list(_group_lines(targets_by_group, people))
            yield PlannedChange(f"People in these groups {verb}", lines)

    if plan.contact:
        lines = list(_change_lines({"default_contact": list(plan.contact)}))
        yield PlannedChange("Change the default contact", lines)

    for account in plan.accounts:
        head = f"{VERBS[account.how]} AWS account {account.account_id}"
        yield PlannedChange(head, list(_account_lines(account)))

    for target in plan.targets:
        head = f"{VERBS[target.how]} target {target.name}"
        yield PlannedChange(head, list(_target_lines(target)))


def count_changes(plan: Plan) -> str:
    """Return in one line how much a plan would add, change and remove."""
    counts = plan.counts()
    targets = (
        f"Targets: {counts['targets add']:,} to add, "
        f"{counts['targets change']:,} to change, {counts['targets remove']:,} to remove"
    )
    associations = (
        f"associations: {counts['associations added']:,} to add, "
        f"{counts['associations changed']:,} to change, "
        f"{counts['associations removed']:,} to remove"
    )
    accounts = f"AWS accounts: {len(plan.accounts):,} to add or change"
    return f"{targets}; {associations}; {accounts}."


def _group_lines(targets_by_group: dict[str, list[str]], people: PeopleByGroup) -> Iterator[str]:
    for group, targets in targets_by_group.items():
        names = describe_people(person.person for person in people.in_any_of([group]))
        yield f"{group} ({names}): {_names(targets)}"


def _names(targets: list[str]) -> str:
    names = ", ".join(targets[:MOST_NAMES])
    if len(targets) > MOST_NAMES:
        names += f" and {len(targets) - MOST_NAMES:,} more"
    return names


def _account_lines(account: AccountPlan) -> Iterator[str]:
    yield from _change_lines(account.changes)
    if account.how == ChangeKind.ADD and "external_id" not in account.values:
        yield "external_id: a new one; the trust policies of its roles have to name it"


def _target_lines(target: TargetPlan) -> Iterator[str]:
    if target.how == ChangeKind.REMOVE:
        yield "its name can never be used again"
    yield from _change_lines(target.changes)

    for group, end in target.rules.added.items():
        yield f"{group} may become it, {_end(end)}"
    for group, end in target.rules.changed.items():
        yield f"{group} may become it with another end, {_end(end)}"
    for group in target.rules.removed:
        yield f"{group} may no longer become it"

    for note in target.notes:
        yield f"note: {note}"


def _end(end: str | None) -> str:
    if end is None:
        return "for good"
    return f"until {end}"


def _change_lines(changes: Changes) -> Iterator[str]:
    for name, (before, after) in sorted(changes.items()):
        if before in (None, []):
            yield f"{name}: {_value(after)}"
        else:
            yield f"{name}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    """Return a value in one line, without characters that would control a terminal."""
    if value in (None, [], ""):
        return "nothing"
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, list):
        return printable(", ".join(map(str, value)))
    return printable(str(value))
