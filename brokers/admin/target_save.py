"""What saving and deleting a target comes to: keys examined, the role tried, everything in one transaction."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from brokers import arns, catalogue, readiness
from brokers.impact import AccessState
from brokers.models import Association, AwsAccount, State, Target
from brokers.probing import (
    ProbeResult,
    apply_result,
    examine_keys,
    is_coopers_own,
    probe,
)
from core import admin, audit, aws
from core.audit import AuditEvent, Event
from core.dynamo import Transaction
from core.errors import Conflict, Invalid

IN_ONE = 90
"""Associations that are deleted together with their target; the rest, which no longer entitle, after it."""


@dataclass
class Prepared:
    """What preparing found out: the try's result, if there was one, and what was confirmed of the keys."""

    result: ProbeResult | None = None
    weaker_accepted: bool = False
    keys: dict[str, Any] | None = None
    account: AwsAccount | None = None
    """The target's AWS account; one without a version is made together with the target."""


def prepare(target: Target, outcome: admin.FormChanges) -> Prepared:
    """Examine what was typed with AWS and set the target's state; raise Invalid on the field, or Unavailable.

    Nothing is written.
    """
    prepared, was = Prepared(), State(target.state)
    if target.is_role:
        _examine_role(target)
    else:
        prepared.keys = _examine_keys(target, outcome)
    prepared.account = (
        catalogue.account_for(str(target.aws_account)) if target.aws_account else None
    )
    wanted = bool(outcome.cleaned.get("enabled"))
    accepted = bool(outcome.cleaned.get("accept_weaker"))
    prepared.weaker_accepted = accepted and not target.weaker_mode_accepted
    target.weaker_mode_accepted = accepted
    if _needs_probe(outcome, was, wanted):
        prepared.result = probe(
            target, str(prepared.account.external_id) if prepared.account else ""
        )
        apply_result(target, prepared.result, before=was, enable=wanted)
    elif was == State.ENABLED and not wanted:
        target.state = str(State.DISABLED)
    if target.state != was:
        outcome.before_and_after["state"] = [str(was), str(target.state)]
    return prepared


def standing_after(target: Target, outcome: admin.FormChanges) -> AccessState:
    """Return how a target will stand once the form is saved and its try, if there is one, has succeeded."""
    rules = {str(rule.group): rule for rule in catalogue.current().rules.get(str(target.name), ())}
    rules |= {str(row.group): row for row in outcome.put if isinstance(row, Association)}
    for row in outcome.removed:
        rules.pop(str(row.key[1]), None)
    was, wanted = State(target.state), bool(outcome.cleaned.get("enabled"))
    waits = was == State.PENDING and _needs_probe(outcome, was, wanted)
    return AccessState(wanted or waits, tuple(rules.values()))


def _needs_probe(outcome: admin.FormChanges, was: State, wanted: bool) -> bool:
    """Return whether what was typed calls for a new probe."""
    changes = dict(outcome.before_and_after)
    if "accept_weaker" in changes:
        changes["weaker_mode_accepted"] = changes.pop("accept_weaker")
    enabling = wanted and was != State.ENABLED
    return readiness.needs_probe(changes, adding=outcome.adding, enabling=enabling)


def _examine_role(target: Target) -> None:
    """Set what the ARN says; raise Invalid for cooper's own role."""
    arn = arns.role_arn(str(target.role_arn))
    if is_coopers_own(arn, aws.caller_identity().arn):
        message = "This is the role that cooper itself runs as. It may become every target, so it is never one."
        raise Invalid(message, field="role_arn")
    target.partition, target.aws_account = arn.partition, arn.account_id


def _examine_keys(target: Target, outcome: admin.FormChanges) -> dict[str, Any] | None:
    """Try Federation Keys and seal them for the target; return what the record says of new ones. Raise Invalid."""
    typed, partition = outcome.cleaned["federation_keys"], outcome.cleaned["target_partition"]
    if not typed:
        if partition != target.partition:
            raise Invalid(
                "Give the Federation Keys of that partition too.", field="federation_keys"
            )
        return None
    examined = examine_keys(typed, partition, str(target.name))
    odd = _to_confirm(examined.without_context, examined.also_used_by)
    if odd and not outcome.cleaned["confirm_keys"]:
        raise Invalid(
            f"{odd} Tick this to use them all the same; it is recorded.", field="confirm_keys"
        )
    target.federation_keys = examined.sealed.ciphertext
    target.federation_keys_kms_arn = examined.sealed.key_arn
    target.access_key_id, target.aws_account = examined.access_key_id, examined.account_id
    target.partition = examined.partition
    return {"access_key_id": examined.access_key_id, "confirmed": odd or None}


def _to_confirm(without_context: bool, also_used_by: tuple[str, ...]) -> str:
    """Return what an administrator has to confirm of keys."""
    said = []
    if also_used_by:
        said.append(
            f"These keys are those of {', '.join(also_used_by)} too, so AWS cannot tell them apart."
        )
    if without_context:
        said.append(
            "They were encrypted without cooper's encryption context: anything with this KMS key reads them."
        )
    return " ".join(said)


def write_account(writes: Transaction, outcome: admin.FormChanges, prepared: Prepared) -> None:
    """Make the target's AWS account if it is new; give it its name, if that was changed."""
    name, made = outcome.cleaned.get("account_name") or None, prepared.account
    if made is not None and made.version is None:
        made.name = name
        writes.create(
            made, refusal=Conflict("Somebody else added this AWS account meanwhile. Save again.")
        )
        writes.create(audit.event(Event.ACCOUNT_ADDED, aws_account=made.account_id))
        return
    account = AwsAccount.find(outcome.document.aws_account) if name else None  # type: ignore[attr-defined]
    if account is not None and account.name != name:
        account.name = name
        writes.save(account)


def associations(outcome: admin.FormChanges) -> dict[str, list[str]] | None:
    """Return what changed in the associations, for the record."""

    def said(row: Any) -> str:
        return f"{row.group} until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else str(row.group)

    groups = {
        "added": [said(row) for row in outcome.put if row.version is None],
        "changed": [said(row) for row in outcome.put if row.version is not None],
        "removed": [said(row) for row in outcome.removed],
    }
    return {name: rows for name, rows in groups.items() if rows} or None


def events(
    kind: Event, outcome: admin.FormChanges, prepared: Prepared, mine: list[str]
) -> list[AuditEvent]:
    """Return what is recorded of a saved target."""
    target = outcome.document
    facts: dict[str, Any] = {"target": target.name, "aws_account": target.aws_account}  # type: ignore[attr-defined]
    made = [
        audit.event(
            kind,
            changes=outcome.before_and_after,
            associations=associations(outcome),
            self_entitled=mine or None,
            federation_keys=prepared.keys,
            **facts,
        )
    ]
    if prepared.result is not None:
        made.append(try_event(target, prepared.result))  # type: ignore[arg-type]
    if prepared.weaker_accepted and target.weaker_mode_accepted:  # type: ignore[attr-defined]
        made.append(audit.event(Event.TARGET_MODE_ACCEPTED, **facts))
    return made


def try_event(target: Target, result: ProbeResult) -> AuditEvent:
    """Return the event of a try."""
    kind = Event.TARGET_TRIED if result.works else Event.TARGET_TRY_FAILED
    facts: dict[str, Any] = {
        "target": target.name,
        "aws_account": target.aws_account,
        "state": target.state,
    }
    return audit.event(kind, **facts, **result.stored())


def delete(target: Target) -> None:
    """Empty a target and keep its name; its associations go with it, many of them in steps that each hold."""
    rules = list(Association.under(target.name))
    facts: dict[str, Any] = {"target": target.name, "aws_account": target.aws_account}

    def build(writes: Transaction) -> None:
        for name, value in Target.emptied().items():
            setattr(target, name, value)
        writes.save(target)
        for rule in rules[:IN_ONE]:
            writes.delete(rule)
        gone = [str(rule.group) for rule in rules]
        writes.create(
            audit.event(
                Event.TARGET_DELETED, associations={"removed": gone} if gone else None, **facts
            )
        )

    catalogue.edit(build, str(target.name))
    for start in range(IN_ONE, len(rules), IN_ONE):
        catalogue.edit(partial(_delete_all, rules[start : start + IN_ONE]), str(target.name))


def _delete_all(rules: list[Association], writes: Transaction) -> None:
    """Delete these associations."""
    for rule in rules:
        writes.delete(rule)
