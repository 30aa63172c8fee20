"""One step of an import as the writes of a transaction.

Each write is on condition that what it builds on still is as it was when the import was planned.
"""

import base64
from typing import Any

from pynamodb.expressions.update import Action

from brokers import catalogue
from brokers.contacts import write_contact
from brokers.import_export.plan import ChangeKind
from brokers.import_export.snapshot import parse_end
from brokers.import_export.steps import MORE, Step
from brokers.models import Association, AwsAccount, Target
from brokers.role_names import others_called, place_of
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.errors import Conflict

Entry = dict[str, Any]
"""An AWS account's or a target's part in a step."""

EVENTS = {
    ChangeKind.ADD: Event.TARGET_ADDED,
    ChangeKind.CHANGE: Event.TARGET_CHANGED,
    ChangeKind.REMOVE: Event.TARGET_DELETED,
    MORE: Event.TARGET_CHANGED,
}


def write_step(step: Step, facts: dict[str, Any], writes: Transaction) -> None:
    """Put a step's writes and events into a transaction; `facts` join each event."""
    # steps that an earlier cooper stored have none
    for entry in step.get("contact", []):
        write_contact(entry["before"], entry["after"], writes, **facts)

    for entry in step["accounts"]:
        _write_account(entry, facts, writes)

    for entry in step["targets"]:
        _demand_free_name(entry)
        _write_target(entry, writes)
        _write_rules(entry, writes)
        for event in _target_events(entry, facts):
            writes.create(event)


def _overtaken(what: str) -> Conflict:
    """Return the refusal for something that is not as it was planned."""
    return Conflict(
        f"{what} was changed by somebody else after this import was planned, so it stops here. "
        "Give it up and import the file again: what is applied already stays.",
        f"moved: {what}",
    )


def _set_actions(model: type[Document], values: dict[str, Any]) -> list[Action]:
    """Return the updates that set values; None is stored as no attribute at all."""
    actions = []
    for name, value in values.items():
        attribute = getattr(model, name)
        if value is None:
            actions.append(attribute.remove())
        else:
            actions.append(attribute.set(value))
    return actions


# -- AWS accounts ----------------------------------------------------------------------------------
def _write_account(entry: Entry, facts: dict[str, Any], writes: Transaction) -> None:
    account_id = entry["account_id"]
    values = entry["values"]
    refusal = _overtaken(f"AWS account {account_id}")

    if entry["how"] == ChangeKind.ADD:
        writes.create(AwsAccount(account_id, **values), refusal=refusal)
        event = Event.ACCOUNT_ADDED
    else:
        writes.update(
            AwsAccount,
            account_id,
            actions=_set_actions(AwsAccount, values),
            condition=AwsAccount.version == entry["version"],
            refusal=refusal,
        )
        event = Event.ACCOUNT_CHANGED

    changes = entry["changes"]
    writes.create(audit.event(event, aws_account=account_id, changes=changes, **facts))
    if values.get("stopped"):
        writes.create(audit.event(Event.STOP_SET, aws_account=account_id, **facts))


# -- targets ---------------------------------------------------------------------------------------
def _write_target(entry: Entry, writes: Transaction) -> None:
    """Add, change or empty a target.

    Its version moves whenever its associations do, so that open forms of it become stale.
    """
    name = entry["name"]
    refusal = _overtaken(name)

    if entry["how"] == ChangeKind.ADD:
        writes.create(Target(name, **_stored(entry["values"])), refusal=refusal)
        return
    if entry["how"] == MORE:
        _move_version(entry, writes)
        return

    if entry["how"] == ChangeKind.REMOVE:
        values = Target.emptied()
    else:
        values = _stored(entry["values"])
    writes.update(
        Target,
        name,
        actions=_set_actions(Target, values),
        condition=Target.version == entry["version"],
        refusal=refusal,
    )


def _demand_free_name(entry: Entry) -> None:
    """Raise Conflict when links call another target so by now."""
    role_name = entry["values"].get("role_name")
    if not role_name:
        return

    # it has every change before this step, and one that is written meanwhile makes it begin again
    rows = catalogue.current().targets
    aws_account = entry["values"].get("aws_account")
    if not aws_account and entry["name"] in rows:
        aws_account = rows[entry["name"]].aws_account

    place = place_of(aws_account, role_name)
    holders = set(others_called(rows.values(), place, but=entry["name"]))
    if holders - set(entry.get("named_after", ())):
        raise _overtaken(f"The role name {role_name}")


def _move_version(entry: Entry, writes: Transaction) -> None:
    """Move the version of a target that gets more associations; its first part demanded it."""
    rules = entry["rules"]
    if not rules["added"] and not rules["changed"]:
        # a target that is being removed is deleted by now
        return
    writes.update(
        Target,
        entry["name"],
        actions=[],
        condition=Target.still_exists(),
        refusal=_overtaken(entry["name"]),
    )


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    """Return a target's values as its document has them."""
    if not values.get("federation_keys"):
        return values
    return {**values, "federation_keys": base64.b64decode(values["federation_keys"])}


# -- associations ----------------------------------------------------------------------------------
def _write_rules(entry: Entry, writes: Transaction) -> None:
    name = entry["name"]
    rules = entry["rules"]
    refusal = _overtaken(f"An association of {name}")

    for group, end in rules["added"].items():
        writes.create(Association(name, group, until=parse_end(end)), refusal=refusal)

    for group, end in rules["changed"].items():
        writes.update(
            Association,
            name,
            group,
            actions=_set_actions(Association, {"until": parse_end(end)}),
            condition=Association.version == rules["versions"][group],
            refusal=refusal,
        )

    # a deletion carries its condition on the version in the document
    for group in rules["removed"]:
        association = Association(name, group, version=rules["versions"][group])
        writes.delete(association, refusal=refusal)


# -- events ----------------------------------------------------------------------------------------
def _target_events(entry: Entry, facts: dict[str, Any]) -> list[AuditEvent]:
    """Return what is put on the audit log of a target, just as by its form."""
    values = entry["values"]
    target_facts = {"target": entry["name"], "aws_account": values.get("aws_account"), **facts}

    events = [
        audit.event(
            EVENTS[entry["how"]],
            **target_facts,
            changes=entry["changes"] or None,
            associations=_shown_rules(entry["rules"]) or None,
            notes=entry["notes"] or None,
            self_entitled=entry["self_entitled"] or None,
        )
    ]
    if values.get("weaker_mode_accepted"):
        events.append(audit.event(Event.TARGET_MODE_ACCEPTED, **target_facts))
    return events


def _shown_rules(rules: Entry) -> dict[str, list[str]]:
    """Return the associations that change as the audit log shows them."""
    rows = {
        "added": [_shown_rule(group, end) for group, end in rules["added"].items()],
        "changed": [_shown_rule(group, end) for group, end in rules["changed"].items()],
        "removed": rules["removed"],
    }
    return {change: shown for change, shown in rows.items() if shown}


def _shown_rule(group: str, end: str | None) -> str:
    if end is None:
        return group
    return f"{group} until {end}"
