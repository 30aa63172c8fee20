"""One change of many targets: previewed, then done in steps of one transaction each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from brokers import catalogue
from brokers.admin import target_save
from brokers.admin.impact import all_people, impact_on
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.grants import CEILINGS
from brokers.impact import AccessState, Impact
from brokers.models import Association, Kind, State, Target
from core import audit
from core.admin import FormChanges
from core.audit import AuditEvent, Event
from core.dynamo import OutcomeUnknown, Transaction
from core.errors import CooperError, Invalid

IN_ONE = 25
"""Targets in one step.

Each brings itself, an association, its event and a probe's event; a transaction takes 100 writes.
"""


@dataclass
class TargetChange:
    """What a bulk change does to one target, as it is now; nothing when it needs no change."""

    target: Target
    rules: Mapping[str, Association]
    """Its associations, by group."""

    changes: FormChanges = field(default_factory=FormChanges)
    """What a form would change that was filled in so."""

    events: list[AuditEvent] = field(default_factory=list)
    """Events beside the one of the change, such as a probe's."""


BulkChange = Callable[[TargetChange], None]
"""Puts into `changes` what is to change; called for the preview, and again when it is done."""

OwnGroups = Callable[[Iterable[str]], list[str]]
"""Returns which of some groups the administrator is in."""


@dataclass
class BulkResult:
    """How a bulk change went: targets that were changed, that needed no change, and refusals."""

    changed: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    taken_from: list[str] = field(default_factory=list)
    """The targets whose grants it may have taken something from."""

    stopped: str = ""
    """Why it stopped before its end."""


# -- the changes -----------------------------------------------------------------------------------
def set_enabled(enable: bool) -> BulkChange:
    """Return the change that enables or disables."""

    def change(target_change: TargetChange) -> None:
        if target_change.target.enabled == enable:
            return
        target_change.changes.cleaned_data["enabled"] = enable
        target_change.changes.before_and_after["enabled"] = [not enable, enable]

    return change


def set_attribute(name: str, value: Any) -> BulkChange:
    """Return the change that sets an attribute."""

    def change(target_change: TargetChange) -> None:
        before = getattr(target_change.target, name)
        if before == value:
            return
        setattr(target_change.target, name, value)
        target_change.changes.before_and_after[name] = [before, value]

    return change


def demand_reason(pattern: str, example: str) -> BulkChange:
    """Return the change that demands a reason of a pattern; of none any more by ""."""

    def change(target_change: TargetChange) -> None:
        set_attribute("reason_pattern", pattern or None)(target_change)
        set_attribute("reason_example", example or None)(target_change)

    return change


def associate(group: str, until: datetime | None) -> BulkChange:
    """Return the change that lets a group become the targets, until a moment or for good."""

    def change(target_change: TargetChange) -> None:
        current = target_change.rules.get(group)
        if current is not None and current.until == until:
            return

        rule = Association(target_change.target.name, group, until=until)
        if current is not None:
            rule.version = current.version
        target_change.changes.rows_to_save.append(rule)

    return change


def dissociate(group: str) -> BulkChange:
    """Return the change that takes the targets from a group."""

    def change(target_change: TargetChange) -> None:
        if group in target_change.rules:
            target_change.changes.rows_to_delete.append(target_change.rules[group])

    return change


# -- before it is done -----------------------------------------------------------------------------
def preview(
    current: Catalogue, targets: Iterable[CatalogueTarget], bulk_change: BulkChange
) -> list[Impact]:
    """Return who gains and who loses what by the change, target by target."""
    people = all_people()

    impacts = []
    for target in targets:
        rules_before = current.associations_by_target.get(target.name, ())
        # documents of their own: what the change makes of them is shown, and saved nowhere
        rules = {rule.group: rule.to_document() for rule in rules_before}
        target_change = TargetChange(target.to_document(), rules)
        bulk_change(target_change)

        after = _access_after(target, target_change)
        impact = impact_on(target, rules_before, after, was_enabled=target.enabled, people=people)
        impacts.append(impact)
    return impacts


def _access_after(target: CatalogueTarget, target_change: TargetChange) -> AccessState:
    changes = target_change.changes
    rules: dict[str, Any] = dict(target_change.rules)
    for rule in changes.rows_to_save:
        rules[str(rule.key[1])] = rule
    for rule in changes.rows_to_delete:
        del rules[str(rule.key[1])]

    enabled = changes.cleaned_data.get("enabled", target.enabled)
    return AccessState(bool(enabled), tuple(rules.values()))


# -- doing it --------------------------------------------------------------------------------------
def run(
    names: list[str], bulk_change: BulkChange, operation: str, own_groups: OwnGroups
) -> BulkResult:
    """Change the targets step by step; stop at the first step that cannot be written."""
    result = BulkResult()
    steps = [names[start : start + IN_ONE] for start in range(0, len(names), IN_ONE)]

    for number, step in enumerate(steps, 1):
        target_changes = _prepare_step(step, bulk_change, result)
        # the audit log has called it so from the beginning
        facts = {"deed": operation, "step": f"{number} of {len(steps)}"}
        result.taken_from += [
            target_change.target.name
            for target_change in target_changes
            if target_save.takes_from_grants(target_change.changes)
        ]
        try:
            _write_step(target_changes, facts, own_groups)
        except OutcomeUnknown as error:
            result.stopped = f"It is not known whether step {number} was done: {error.message}"
            return result
        except CooperError as error:
            result.stopped = f"Step {number} of {len(steps)} was not done: {error.message}"
            return result
        result.changed += len(target_changes)
    return result


def _prepare_step(
    names: list[str], bulk_change: BulkChange, result: BulkResult
) -> list[TargetChange]:
    """Return the changes that are to be written, and note in `result` why the others are not."""
    target_changes = []
    for name in names:
        target = Target.find(name)
        if target is None or target.state == State.DELETED:
            result.refused.append(f"{name}: it was deleted meanwhile.")
            continue

        rules = {rule.group: rule for rule in Association.under(name)}
        target_change = TargetChange(target, rules)
        bulk_change(target_change)
        if not target_change.changes:
            result.unchanged += 1
            continue

        try:
            _apply_form_rules(target_change)
        except CooperError as error:
            result.refused.append(f"{name}: {error.message}")
            continue
        target_changes.append(target_change)
    return target_changes


def _apply_form_rules(target_change: TargetChange) -> None:
    """Check a changed target as its form does, and probe it where the change calls for that.

    Raise Invalid, or Unavailable.
    """
    changes = target_change.changes
    if not changes.before_and_after:
        return

    target = target_change.target
    _check_longest_session(target)

    was_enabled = target.enabled
    was_pending = target.state == State.PENDING
    changes.cleaned_data = {**_form_values(target), **changes.cleaned_data}
    enable = changes.cleaned_data["enabled"]
    prepared = target_save.prepare(target, changes)

    if was_pending and not enable and target.state == State.ENABLED:
        # the preview showed that nobody gains it
        target.state = str(State.PENDING)
        changes.before_and_after.pop("state", None)

    if was_enabled and enable and not target.enabled:
        findings = prepared.result.findings if prepared.result else ()
        message = "Then nobody could become it, so it was not changed."
        raise Invalid(" ".join([message, *findings]))

    if prepared.result is not None:
        target_change.events.append(target_save.probe_event(target, prepared.result))


def _check_longest_session(target: Target) -> None:
    ceiling = CEILINGS[Kind(target.kind)]
    if target.max_seconds > ceiling:
        raise Invalid(f"AWS gives at most {ceiling} seconds for this kind.")


def _form_values(target: Target) -> dict[str, Any]:
    """Return what the target's form would send if nothing in it were changed."""
    return {
        "federation_keys": "",
        "target_partition": target.partition,
        "confirm_keys": False,
        "enabled": target.enabled,
        # a target that becomes sensitive can no longer be used in weaker mode
        "accept_weaker": target.weaker_mode_accepted and not target.sensitive,
    }


def _write_step(
    target_changes: list[TargetChange], facts: dict[str, Any], own_groups: OwnGroups
) -> None:
    if not target_changes:
        return

    def build(writes: Transaction) -> None:
        for target_change in target_changes:
            _write(target_change, facts, own_groups, writes)

    names = [target_change.target.name for target_change in target_changes]
    catalogue.edit(build, *names)


def _write(
    target_change: TargetChange,
    facts: dict[str, Any],
    own_groups: OwnGroups,
    writes: Transaction,
) -> None:
    changes = target_change.changes
    writes.save(target_change.target)
    for rule in changes.rows_to_save:
        writes.save(rule)
    for rule in changes.rows_to_delete:
        writes.delete(rule)

    entitled = own_groups(str(rule.key[1]) for rule in changes.rows_to_save)
    event = audit.event(
        Event.TARGET_CHANGED,
        target=target_change.target.name,
        aws_account=target_change.target.aws_account,
        changes=changes.before_and_after,
        associations=target_save.association_changes(changes),
        self_entitled=entitled or None,
        **facts,
    )
    writes.create(event)
    for further_event in target_change.events:
        writes.create(further_event)
