"""What saving and deleting a target comes to: keys examined, a probe, one transaction."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from brokers import arns, aws_accounts, catalogue, readiness
from brokers.entitlements import Rule
from brokers.grants.events import SHOWN_ALONE
from brokers.impact import AccessState
from brokers.models import Association, AwsAccount, State, Target
from brokers.probing import (
    ExaminedKeys,
    ProbeResult,
    apply_result,
    examine_keys,
    is_coopers_own,
    probe,
)
from core import audit, aws
from core.admin import AdminOperation, FormChanges
from core.audit import AuditEvent, Event
from core.dynamo import Transaction
from core.errors import Conflict, Invalid

ASSOCIATIONS_PER_STEP = 90
"""Associations that are deleted together with their target; the rest goes after it.

Without its target an association entitles nobody. DynamoDB takes 100 writes a transaction; the
others are the target, its event and the change log.
"""

NAMED_GROUPS_BYTES = 200_000
"""Bytes of the groups that the event of a deletion names; an item of DynamoDB has 400 KB."""

COOPERS_OWN_ROLE = (
    "This is the role that cooper itself runs as. It can become every target, so it cannot be one."
)


@dataclass
class PreparedTarget:
    """What `prepare` has settled, for the hooks that write and record it."""

    result: ProbeResult | None = None
    """The probe's result, if there was a probe."""

    weaker_accepted: bool = False
    """Whether the administrator has accepted a weaker mode by this very form."""

    keys: dict[str, Any] | None = None
    """What the audit log says of new Federation Keys."""

    account: AwsAccount | None = None
    """The target's AWS account; one without a version is made together with the target."""

    account_changes: dict[str, list[str | None]] = field(default_factory=dict)
    """What the form changes of the AWS account: name of the attribute -> [before, after]."""


# -- before it is written --------------------------------------------------------------------------
def prepare(target: Target, changes: FormChanges, *, adding: bool = False) -> PreparedTarget:
    """Examine what was typed with AWS; set the target's state and what its role or keys say.

    The state's change is added to `changes`, for the audit log. Raises Invalid on the field, or
    Unavailable. Nothing is written.
    """
    prepared = PreparedTarget()
    state_before = State(target.state)
    account_before = target.aws_account
    enable = bool(changes.cleaned_data.get("enabled"))

    if target.is_role:
        _examine_role(target)
    else:
        prepared.keys = _examine_keys(target, changes)
    if target.aws_account:
        prepared.account = aws_accounts.account_for(str(target.aws_account))
        is_moved = target.aws_account != account_before
        prepared.account_changes = _name_account(prepared.account, changes, is_moved=is_moved)

    accept_weaker = bool(changes.cleaned_data.get("accept_weaker"))
    prepared.weaker_accepted = accept_weaker and not target.weaker_mode_accepted
    target.weaker_mode_accepted = accept_weaker

    if _needs_probe(changes, state_before, enable=enable, adding=adding):
        external_id = ""
        if prepared.account is not None:
            external_id = prepared.account.external_id
        prepared.result = probe(target, external_id)
        apply_result(target, prepared.result, before=state_before, enable=enable)
    elif state_before == State.ENABLED and not enable:
        target.state = str(State.DISABLED)

    if target.state != state_before:
        changes.before_and_after["state"] = [str(state_before), str(target.state)]
    return prepared


def _name_account(
    account: AwsAccount, changes: FormChanges, *, is_moved: bool
) -> dict[str, list[str | None]]:
    """Give a target's AWS account the name that was typed; return what that changes of it.

    A name that was left as the form showed it counts for nothing: it is that of the AWS account
    which the target was in before.
    """
    if "account_name" not in changes.before_and_after:
        return {}

    name = changes.cleaned_data["account_name"] or None
    if is_moved and name is None:
        # what was cleared is the name of the AWS account before, which is none of ours any more
        del changes.before_and_after["account_name"]
        return {}

    name_before = account.name
    if name == name_before:
        return {}
    account.name = name
    return {"name": [name_before, name]}


def access_after(
    target: Target,
    rules_before: Iterable[Rule],
    changes: FormChanges,
    *,
    adding: bool = False,
) -> AccessState:
    """Return who may become a target once the form is saved and its probe has succeeded."""
    rules = {str(rule.group): rule for rule in rules_before}
    for row in changes.rows_to_save:
        if isinstance(row, Association):
            rules[row.group] = row
    for row in changes.rows_to_delete:
        rules.pop(str(row.key[1]), None)

    state = State(target.state)
    enable = bool(changes.cleaned_data.get("enabled"))
    # a pending target is enabled by a probe that finds nothing lacking
    enabled_by_probe = state == State.PENDING and _needs_probe(
        changes, state, enable=enable, adding=adding
    )
    return AccessState(enable or enabled_by_probe, tuple(rules.values()))


def _needs_probe(changes: FormChanges, state: State, *, enable: bool, adding: bool) -> bool:
    """Return whether what was typed calls for a new probe."""
    changed_attributes = dict(changes.before_and_after)
    if "accept_weaker" in changed_attributes:
        changed_attributes["weaker_mode_accepted"] = changed_attributes.pop("accept_weaker")

    enabling = enable and state != State.ENABLED
    return readiness.needs_probe(changed_attributes, adding=adding, enabling=enabling)


def _examine_role(target: Target) -> None:
    """Set what the ARN says; raise Invalid for cooper's own role."""
    arn = arns.role_arn(str(target.role_arn))
    if is_coopers_own(arn, aws.caller_identity().arn):
        raise Invalid(COOPERS_OWN_ROLE, field="role_arn")

    target.partition = arn.partition
    target.aws_account = arn.account_id


def _examine_keys(target: Target, changes: FormChanges) -> dict[str, Any] | None:
    """Try new Federation Keys and encrypt them for the target; raise Invalid.

    Returns what the audit log says of them, None when none were typed.
    """
    typed = changes.cleaned_data["federation_keys"]
    partition = changes.cleaned_data["target_partition"]
    if not typed:
        if partition != target.partition:
            message = "Give the Federation Keys of that partition too."
            raise Invalid(message, field="federation_keys")
        return None

    keys = examine_keys(typed, partition, target.name)
    concerns = _concerns_about(keys)
    if concerns and not changes.cleaned_data["confirm_keys"]:
        message = f"{concerns} Tick this to use them anyway; it is recorded."
        raise Invalid(message, field="confirm_keys")

    target.federation_keys = keys.ciphertext.blob
    target.federation_keys_kms_arn = keys.ciphertext.key_arn
    target.access_key_id = keys.access_key_id
    target.aws_account = keys.account_id
    target.partition = keys.partition
    return {"access_key_id": keys.access_key_id, "confirmed": concerns or None}


def _concerns_about(keys: ExaminedKeys) -> str:
    """Return what an administrator has to confirm of keys; "" for nothing."""
    concerns = []
    if keys.also_used_by:
        others = ", ".join(keys.also_used_by)
        concerns.append(f"The same keys are used by {others}, so AWS cannot tell them apart.")
    if keys.without_context:
        concerns.append(
            "They were encrypted without cooper's encryption context: whoever can use this KMS key "
            "can read them."
        )
    return " ".join(concerns)


def takes_from_grants(changes: FormChanges) -> bool:
    """Return whether what was typed may take something from grants of the target."""
    changed_rules = [row for row in changes.rows_to_save if row.version]
    changed_attributes = changes.before_and_after.keys() - SHOWN_ALONE
    return bool(changed_attributes or changed_rules or changes.rows_to_delete)


# -- in the transaction ----------------------------------------------------------------------------
def write_account(writes: Transaction, prepared: PreparedTarget) -> None:
    """Make the target's AWS account if it is new, or write what the form changes of it."""
    account = prepared.account
    if account is None:
        return

    if account.version is None:
        refusal = Conflict("Somebody else added this AWS account meanwhile. Save again.")
        writes.create(account, refusal=refusal)
        writes.create(audit.event(Event.ACCOUNT_ADDED, aws_account=account.account_id))

    elif prepared.account_changes:
        changes = prepared.account_changes
        writes.save(account)
        writes.create(
            audit.event(Event.ACCOUNT_CHANGED, aws_account=account.account_id, changes=changes)
        )


def audit_events(
    kind: Event, operation: AdminOperation[Target], self_entitled: list[str]
) -> list[AuditEvent]:
    """Return what is recorded of a saved target: the change, its probe, and what was accepted."""
    target = operation.document
    prepared: PreparedTarget = operation.prepared
    facts: dict[str, Any] = {"target": target.name, "aws_account": target.aws_account}

    events = [
        audit.event(
            kind,
            changes=operation.changes.before_and_after,
            associations=association_changes(operation.changes),
            self_entitled=self_entitled or None,
            federation_keys=prepared.keys,
            **facts,
        )
    ]
    if prepared.result is not None:
        events.append(probe_event(target, prepared.result))
    if prepared.weaker_accepted and target.weaker_mode_accepted:
        events.append(audit.event(Event.TARGET_MODE_ACCEPTED, **facts))
    return events


def association_changes(changes: FormChanges) -> dict[str, list[str]] | None:
    """Return what changed in the associations, for the audit log."""
    rows: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    for row in changes.rows_to_save:
        verb = "changed"
        if row.version is None:
            verb = "added"
        rows[verb].append(_describe_association(row))
    for row in changes.rows_to_delete:
        rows["removed"].append(_describe_association(row))

    return {name: descriptions for name, descriptions in rows.items() if descriptions} or None


def _describe_association(row: Any) -> str:
    if row.until is None:
        return str(row.group)
    return f"{row.group} until {row.until:%Y-%m-%d %H:%M} UTC"


def probe_event(target: Target, result: ProbeResult) -> AuditEvent:
    """Return the event of a probe."""
    kind = Event.TARGET_TRIED
    if not result.works:
        kind = Event.TARGET_TRY_FAILED
    facts: dict[str, Any] = {
        "target": target.name,
        "aws_account": target.aws_account,
        "state": target.state,
    }
    return audit.event(kind, **facts, **result.stored())


# -- deleting --------------------------------------------------------------------------------------
def delete(target: Target) -> None:
    """Empty a target and keep its name; its associations go with it.

    Many associations take several transactions, each complete in itself.
    """
    associations = list(Association.under(target.name))
    removed = None
    if associations:
        removed = {"removed": _names_for_event(associations)}
    facts: dict[str, Any] = {"target": target.name, "aws_account": target.aws_account}

    def build(writes: Transaction) -> None:
        for name, value in Target.emptied().items():
            setattr(target, name, value)
        writes.save(target)
        for association in associations[:ASSOCIATIONS_PER_STEP]:
            writes.delete(association)
        writes.create(audit.event(Event.TARGET_DELETED, associations=removed, **facts))

    catalogue.edit(build, target.name)

    # if cooper dies here the rest stays, and entitles nobody: its target is gone
    for start in range(ASSOCIATIONS_PER_STEP, len(associations), ASSOCIATIONS_PER_STEP):
        step = associations[start : start + ASSOCIATIONS_PER_STEP]
        catalogue.edit(partial(_delete_all, step), target.name)


def _names_for_event(associations: list[Association]) -> list[str]:
    """Return the groups that the event of a deletion names; what does not fit is counted."""
    names: list[str] = []
    size = 0
    for association in associations:
        # as the event has it, with escapes
        size += len(json.dumps(association.group))
        if size > NAMED_GROUPS_BYTES:
            names.append(f"and {len(associations) - len(names)} more")
            break
        names.append(str(association.group))
    return names


def _delete_all(associations: list[Association], writes: Transaction) -> None:
    for association in associations:
        writes.delete(association)
