"""One deed over many targets: one form, one preview, one code; done in steps that each hold, with their events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brokers import catalogue
from brokers.admin import target_save
from brokers.admin.impact import all_people, impact_on
from brokers.grants import CEILINGS
from brokers.impact import AccessState, Impact
from brokers.models import Association, Kind, State, Target
from core import admin, audit
from core.audit import AuditEvent, Event
from core.dynamo import Transaction
from core.errors import CooperError, Invalid

IN_ONE = 25
"""Targets in one step: each brings itself, an association, its event and a try's event, in a transaction of 100."""


@dataclass
class Part:
    """What a bulk deed does to one target, as it is now; nothing when it is so already."""

    target: Target
    rules: Mapping[str, Association]
    cleaned: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    put: list[Association] = field(default_factory=list)
    removed: list[Association] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the target's name."""
        return str(self.target.name)

    @property
    def changed(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.changes or self.put or self.removed)


Change = Callable[[Part], None]
"""Puts into a part what the deed changes of its target; may be called again with the target as it is then."""


@dataclass
class Done:
    """How a bulk deed went: targets that were changed, that were so already, and why some were refused."""

    changed: int = 0
    same: int = 0
    refused: list[str] = field(default_factory=list)
    stopped: str = ""


def enabling(wanted: bool) -> Change:
    """Return the deed that enables or disables."""

    def change(part: Part) -> None:
        if part.target.enabled != wanted and (wanted or part.target.state == State.ENABLED):
            part.cleaned["enabled"] = wanted
            part.changes["enabled"] = [not wanted, wanted]

    return change


def setting(name: str, value: Any) -> Change:
    """Return the deed that sets a field."""

    def change(part: Part) -> None:
        before = getattr(part.target, name)
        if before != value:
            setattr(part.target, name, value)
            part.changes[name] = [before, value]

    return change


def associating(group: str, until: Any) -> Change:
    """Return the deed that lets a group become the targets, until a moment or for good."""

    def change(part: Part) -> None:
        found = part.rules.get(group)
        if found is not None and found.until == until:
            return
        rule = Association(part.name, group, until=until)
        if found is not None:
            rule.version = found.version
        part.put.append(rule)

    return change


def dissociating(group: str) -> Change:
    """Return the deed that takes the targets from a group."""

    def change(part: Part) -> None:
        if group in part.rules:
            part.removed.append(part.rules[group])

    return change


def foreseen(targets: Iterable[Target], change: Change) -> list[Impact]:
    """Return what the deed would do to who may become what."""
    effects, held, seen = [], catalogue.current(), all_people()
    for target in targets:
        rules = {str(rule.group): rule for rule in held.rules.get(str(target.name), ())}
        part = Part(_copy(target), rules)
        change(part)
        kept = [
            rule
            for rule in rules.values()
            if rule not in part.removed and rule.group not in _groups(part.put)
        ]
        after = AccessState(bool(part.cleaned.get("enabled", target.enabled)), (*kept, *part.put))
        effects.append(impact_on(target, after, was_enabled=target.enabled, people=seen))
    return effects


def _groups(rules: Iterable[Association]) -> set[str]:
    """Return the groups of associations."""
    return {str(rule.group) for rule in rules}


def _copy(target: Target) -> Target:
    """Return a target that can be changed without the catalogue's being changed."""
    return Target(**target.attribute_values)


def do(names: list[str], change: Change, deed: str, mine: Callable[[Part], list[str]]) -> Done:
    """Do the deed step by step: each is one transaction with its events; stop at the first that cannot be written.

    `mine` says which groups of the administrator's own a part entitles.
    """
    done = Done()
    steps = [names[start : start + IN_ONE] for start in range(0, len(names), IN_ONE)]
    for number, step in enumerate(steps, 1):
        parts = _prepared(step, change, done)
        said: dict[str, Any] = {"deed": deed, "step": f"{number} of {len(steps)}"}
        try:
            _write(parts, said, mine)
        except CooperError as error:
            done.stopped = f"Step {number} of {len(steps)} was not done: {error.message}"
            return done
        done.changed += len(parts)
    return done


def _prepared(names: list[str], change: Change, done: Done) -> list[Part]:
    """Return the parts that change something, tried where that is called for; note the others."""
    parts = []
    for name in names:
        target = Target.find(name)
        if target is None or target.state == State.DELETED:
            done.refused.append(f"{name}: it was deleted meanwhile.")
            continue
        part = Part(target, {str(rule.group): rule for rule in Association.under(name)})
        change(part)
        if not part.changed:
            done.same += 1
            continue
        try:
            _examine(part)
        except CooperError as error:
            done.refused.append(f"{name}: {error.message}")
            continue
        parts.append(part)
    return parts


def _examine(part: Part) -> None:
    """Let a changed target pass what a saved form passes: it is tried where the change calls for it."""
    if not part.changes:
        return
    target, was = part.target, part.target.enabled
    if target.max_seconds > CEILINGS[Kind(target.kind)]:
        raise Invalid(f"AWS gives at most {CEILINGS[Kind(target.kind)]} seconds for this kind.")
    kept = {"federation_keys": "", "target_partition": target.partition, "confirm_keys": False}
    now = {
        "enabled": target.enabled,
        "accept_weaker": target.weaker_mode_accepted and not target.sensitive,
    }
    outcome = admin.FormChanges(
        cleaned_data=kept | now | part.cleaned, before_and_after=part.changes
    )
    waited = target.state == State.PENDING and not outcome.cleaned_data["enabled"]
    prepared = target_save.prepare(target, outcome)
    if waited and target.state == State.ENABLED:
        # whoever looked was told that nobody gains it
        target.state = str(State.PENDING)
        outcome.before_and_after.pop("state", None)
    part.changes = outcome.before_and_after
    if was and outcome.cleaned_data["enabled"] and not target.enabled:
        found = prepared.result.findings if prepared.result else ()
        raise Invalid(" ".join(["Nobody could become it any more, so it stays as it is.", *found]))
    if prepared.result is not None:
        part.events.append(target_save.probe_event(target, prepared.result))


def _write(parts: list[Part], said: dict[str, Any], mine: Callable[[Part], list[str]]) -> None:
    """Write a step."""
    if not parts:
        return

    def build(writes: Transaction) -> None:
        for part in parts:
            writes.save(part.target)
            for row in part.put:
                writes.save(row)
            for row in part.removed:
                writes.delete(row)
            for event in [_event(part, said, mine(part)), *part.events]:
                writes.create(event)

    catalogue.edit(build, *(part.name for part in parts))


def _event(part: Part, said: dict[str, Any], mine: list[str]) -> AuditEvent:
    """Return the event of one target's part."""
    outcome = admin.FormChanges(rows_to_save=[*part.put], rows_to_delete=[*part.removed])
    return audit.event(
        Event.TARGET_CHANGED,
        target=part.name,
        aws_account=part.target.aws_account,
        changes=part.changes,
        associations=target_save.association_changes(outcome),
        self_entitled=mine or None,
        **said,
    )
