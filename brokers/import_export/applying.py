"""One step of an import as actions of a transaction, each on condition that what it builds on is as it was planned."""

import base64
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from brokers.import_export.plan import ChangeKind
from brokers.import_export.steps import MORE, Step
from brokers.models import Association, AwsAccount, State, Target
from core import audit
from core.audit import Event
from core.dynamo import Transaction
from core.errors import Conflict

EVENTS = {
    ChangeKind.ADD: Event.TARGET_ADDED,
    ChangeKind.CHANGE: Event.TARGET_CHANGED,
    ChangeKind.REMOVE: Event.TARGET_DELETED,
    MORE: Event.TARGET_CHANGED,
}


def changed(what: str) -> Conflict:
    """Return the refusal for something that is not as it was planned."""
    message = f"{what} was changed by somebody else after this import was planned, so it stops here. Give it up and "
    return Conflict(
        f"{message}import the file again: what is applied already is no change any more.",
        f"moved: {what}",
    )


def put(step: Step, said: dict[str, Any], writes: Transaction) -> None:
    """Put a step's writes and events into a transaction; `said` joins each event."""
    for each in step["accounts"]:
        _account(each, said, writes)
    for each in step["targets"]:
        _target(each, writes)
        _rules(each, writes)
        for event in _events(each, said):
            writes.create(event)


def _account(entry: dict[str, Any], said: dict[str, Any], writes: Transaction) -> None:
    """Add or change an AWS account."""
    number, values = entry["account_id"], entry["values"]
    refusal = changed(f"AWS account {number}")
    if entry["how"] == ChangeKind.ADD:
        writes.create(AwsAccount(number, **values), refusal=refusal)
        kind = Event.ACCOUNT_ADDED
    else:
        here = AwsAccount.version == entry["version"]
        writes.update(
            AwsAccount,
            number,
            actions=_actions(AwsAccount, values),
            condition=here,
            refusal=refusal,
        )
        kind = Event.ACCOUNT_CHANGED
    writes.create(audit.event(kind, aws_account=number, changes=entry["changes"], **said))
    if values.get("stopped"):
        writes.create(audit.event(Event.STOP_SET, aws_account=number, **said))


def _actions(model: Any, values: dict[str, Any]) -> list[Action]:
    """Return the updates that set values; nothing is removed, not stored."""
    return [
        getattr(model, name).remove() if value is None else getattr(model, name).set(value)
        for name, value in values.items()
    ]


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as documents have them."""
    keys = values.get("federation_keys")
    return values | ({"federation_keys": base64.b64decode(keys)} if keys else {})


def _target(entry: dict[str, Any], writes: Transaction) -> None:
    """Add, change or empty a target; its version moves whenever its associations do."""
    name, how = entry["name"], entry["how"]
    refusal = changed(name)
    if how == ChangeKind.ADD:
        writes.create(Target(name, **_stored(entry["values"])), refusal=refusal)
        return
    if how == MORE:
        # its first part demanded the version; a target that is being removed is deleted by now
        if entry["rules"]["added"] or entry["rules"]["changed"]:
            there = Target.state != str(State.DELETED)
            writes.update(Target, name, actions=[], condition=there, refusal=refusal)
        return
    values = Target.emptied() if how == ChangeKind.REMOVE else _stored(entry["values"])
    here = Target.version == entry["version"]
    writes.update(Target, name, actions=_actions(Target, values), condition=here, refusal=refusal)


def _rules(entry: dict[str, Any], writes: Transaction) -> None:
    """Add, change and remove a target's associations."""
    name, rules = entry["name"], entry["rules"]
    refusal = changed(f"An association of {name}")
    for group, end in rules["added"].items():
        writes.create(Association(name, group, until=_moment(end)), refusal=refusal)
    for group, end in rules["changed"].items():
        here = Association.version == rules["versions"][group]
        actions = _actions(Association, {"until": _moment(end)})
        writes.update(Association, name, group, actions=actions, condition=here, refusal=refusal)
    for group in rules["removed"]:
        writes.delete(Association(name, group, version=rules["versions"][group]), refusal=refusal)


def _moment(text: str | None) -> datetime | None:
    """Return a moment from a step."""
    return datetime.fromisoformat(text) if text else None


def _events(entry: dict[str, Any], said: dict[str, Any]) -> list[audit.AuditEvent]:
    """Return what is recorded of a target, as its form would."""
    rules, values = entry["rules"], entry["values"]
    groups = {
        "added": [_ends(group, end) for group, end in rules["added"].items()],
        "changed": [_ends(group, end) for group, end in rules["changed"].items()],
        "removed": rules["removed"],
    }
    facts: dict[str, Any] = {
        "target": entry["name"],
        "aws_account": values.get("aws_account"),
        **said,
    }
    told: dict[str, Any] = {
        "changes": entry["changes"] or None,
        "associations": {name: rows for name, rows in groups.items() if rows} or None,
        "notes": entry["notes"] or None,
        "self_entitled": entry["self_entitled"] or None,
    }
    made = [audit.event(EVENTS[entry["how"]], **facts, **told)]
    if values.get("weaker_mode_accepted"):
        made.append(audit.event(Event.TARGET_MODE_ACCEPTED, **facts))
    return made


def _ends(group: str, end: str | None) -> str:
    """Return an association in words."""
    return f"{group} until {end}" if end else group
