"""What importing a file would do, decided from the file and what is held. Pure: it has no clock, no Django, no AWS."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from brokers import readiness
from brokers.entitlements import is_active
from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, Problem, RulesPlan, TargetPlan
from brokers.import_export.snapshot import (
    DEFAULTS,
    KEYS,
    Contents,
    CurrentState,
    Values,
)
from brokers.readiness import NOT_PROBED, PROBE_FLAGS

PENDING, ENABLED, DISABLED = "pending", "enabled", "disabled"

SECRET = ("(secret)", "(changed)")
"""How changed Federation Keys are shown, and recorded."""


def plan(wanted: Contents, held: CurrentState, now: datetime, *, prune: bool = False) -> Plan:
    """Return what makes `held` what the file says at `now`; `prune` removes what the file's sections lack."""
    problems = [*_account_problems(wanted, held), *_target_problems(wanted, held, prune)]
    if problems:
        return Plan(problems=problems)
    gone = (
        sorted(set(held.targets) - set(wanted.targets))
        if prune and "targets" in wanted.sections
        else []
    )
    names = sorted(
        {*wanted.targets, *wanted.associations, *(held.associations if prune else ())} - {*gone}
    )
    planned = [*(_removed(name, held, now) for name in gone)]
    planned += [
        each
        for each in (_planned(name, wanted, held, now, prune) for name in names)
        if each is not None
    ]
    return Plan(_accounts(wanted, held), planned)


# -- what cannot be ---------------------------------------------------------------------------------------------------
def _account_problems(wanted: Contents, held: CurrentState) -> Iterator[Problem]:
    """Yield why an AWS account cannot be what the file says."""
    for number, said in wanted.accounts.items():
        here = held.accounts.get(number)
        if here is not None and said.get("external_id") not in (None, here["external_id"]):
            message = "This AWS account has another ExternalId here, which trust policies in it name; it is for ever."
            yield Problem(("accounts", number, "external_id"), message)


def _target_problems(wanted: Contents, held: CurrentState, prune: bool) -> Iterator[Problem]:
    """Yield why targets and associations cannot be what the file says."""
    for name, said in wanted.targets.items():
        here = held.targets.get(name)
        if name in held.deleted:
            yield Problem(
                ("targets", name), f"{name} was deleted once, and names are never given twice."
            )
        elif here is not None:
            yield from _kind_problems(name, said, here)
    removing = prune and "targets" in wanted.sections
    living = set(wanted.targets) if removing else {*wanted.targets, *held.targets}
    for name in wanted.associations:
        if name not in living:
            yield Problem(("associations", name), f"There is no target {name}.")


def _kind_problems(name: str, said: Values, here: Values) -> Iterator[Problem]:
    """Yield why a target that exists cannot become what the file says."""
    if said["kind"] != here["kind"]:
        yield Problem(
            ("targets", name, "kind"),
            f"{name} is of the kind {here['kind']} here; that never changes.",
        )
    elif here["federation_keys"] and not said["federation_keys"]:
        for attribute in ("aws_account", "partition"):
            if said[attribute] not in (None, here[attribute]):
                message = (
                    f"The Federation Keys of {name} are of {here[attribute]}; they decide this."
                )
                yield Problem(("targets", name, attribute), message)


# -- AWS accounts -----------------------------------------------------------------------------------------------------
def _accounts(wanted: Contents, held: CurrentState) -> list[AccountPlan]:
    """Return what happens to AWS accounts: those of new targets too. A stop is set, never lifted."""
    used = {str(each["aws_account"]) for each in wanted.targets.values() if each["aws_account"]}
    found = (
        _account(number, wanted.accounts.get(number, {}), held)
        for number in sorted({*wanted.accounts, *used})
    )
    return [each for each in found if each is not None]


def _account(number: str, said: Values, held: CurrentState) -> AccountPlan | None:
    """Return what happens to one AWS account."""
    here = held.accounts.get(number)
    if here is None:
        values = {name: value for name, value in said.items() if value}
        return AccountPlan(
            number, ChangeKind.ADD, values, {name: [None, value] for name, value in values.items()}
        )
    values = {}
    if "name" in said and said["name"] != here["name"]:
        values["name"] = said["name"]
    if said.get("stopped") and not here["stopped"]:
        values["stopped"] = True
    changes = {name: [here[name], value] for name, value in values.items()}
    return (
        AccountPlan(number, ChangeKind.CHANGE, values, changes, held.versions["account", number])
        if values
        else None
    )


# -- targets ----------------------------------------------------------------------------------------------------------
def _planned(
    name: str, wanted: Contents, held: CurrentState, now: datetime, prune: bool
) -> TargetPlan | None:
    """Return what happens to a target that the file names, or that has associations which it lacks."""
    here, said = held.targets.get(name), wanted.targets.get(name)
    notes: list[str] = []
    after = _after(said, here, _is_known(said, wanted, held), notes) if said else here
    if after is None:
        return None
    rules = _rules(name, wanted, held, prune and "associations" in wanted.sections)
    before = here or {**DEFAULTS, **NOT_PROBED, "state": PENDING}
    values = {
        attribute: value for attribute, value in after.items() if value != before.get(attribute)
    }
    if here is not None and not values and not rules:
        return None
    gains, loses = _gains_and_losses(name, here, after, rules, held, now)
    return TargetPlan(
        name,
        ChangeKind.CHANGE if here is not None else ChangeKind.ADD,
        {attribute: after[attribute] for attribute in after} if here is None else values,
        _changes(before, values, new=here is None),
        rules,
        gains,
        loses,
        notes,
        held.versions["target", name] if here is not None else None,
    )


def _after(said: Values, here: Values | None, known: bool, notes: list[str]) -> dict[str, Any]:
    """Return the target as it will be; `known`: what the file tells of a try can be believed."""
    after = {name: said[name] for name in DEFAULTS}
    if here is not None and here["federation_keys"] and not said["federation_keys"]:
        after |= {name: here[name] for name in (*KEYS, "aws_account", "partition")}
    if here is None:
        after |= said.get("facts") or NOT_PROBED if known else NOT_PROBED
    else:
        after |= (
            NOT_PROBED
            if _invalidates_probe(after, here)
            else {name: here[name] for name in NOT_PROBED}
        )
    if _known_result(after).complete:
        after["weaker_mode_accepted"] = False
    after["state"] = _state(said["state"], after, here)
    asked = said["state"] or (here["state"] if here is not None else PENDING)
    if asked != after["state"]:
        notes.append(f"{after['state']}, not {asked}: {_why(after, here)}")
    elif here is None and asked == ENABLED:
        notes.append("enabled as the file says, by the try that it tells of; it was not tried here")
    return after


def _is_known(said: Values | None, wanted: Contents, held: CurrentState) -> bool:
    """Return whether a try that the file tells of was made with the ExternalId that the target will have here."""
    if said is None or said["kind"] != "role":
        return True
    told = wanted.accounts.get(str(said["aws_account"]), {}).get("external_id")
    here = held.accounts.get(str(said["aws_account"]))
    return told is not None and (here is None or here["external_id"] == told)


def _changed_attributes(after: Values, here: Values) -> dict[str, tuple[Any, Any]]:
    """Return what changes of a target's settings: (before, after) by name."""
    return {name: (here[name], after[name]) for name in DEFAULTS if after[name] != here[name]}


def _invalidates_probe(after: Values, here: Values) -> bool:
    """Return whether what a probe found is no longer true."""
    return readiness.invalidates_probe(_changed_attributes(after, here))


def _known_result(after: Values) -> readiness.ProbeResult:
    """Return what is known of the target's last probe."""
    return readiness.known_result(after, is_role=after["kind"] == "role")


def _is_ready(after: Values) -> bool:
    """Return whether the target may be enabled by what is known of its last probe."""
    if after["kind"] != "role" and not after["federation_keys"]:
        return False
    return readiness.is_ready(
        _known_result(after),
        sensitive=after["sensitive"],
        weaker_mode_accepted=after["weaker_mode_accepted"],
    )


def _state(asked: str | None, after: Values, here: Values | None) -> str:
    """Return the state to come: enabled only if a probe says so, or if it is and no more is demanded."""
    asked = asked or (str(here["state"]) if here is not None else PENDING)
    if asked != ENABLED:
        return asked
    if here is not None and here["state"] == ENABLED:
        changes = _changed_attributes(after, here)
        if not readiness.invalidates_probe(changes) and not readiness.demands_more(changes):
            return ENABLED
    return ENABLED if _is_ready(after) else PENDING


def _why(after: Values, here: Values | None) -> str:
    """Say why a target is not enabled."""
    if after["kind"] != "role" and not after["federation_keys"]:
        return "it has no Federation Keys here; paste them into its form"
    if here is not None and _invalidates_probe(after, here):
        return "what a try was about has changed; try it again"
    if any(after[name] for name in PROBE_FLAGS):
        return "its try found something lacking; mend the role and try it again"
    return "no try is known of it here; try it"


def _changes(before: Values, values: Values, *, new: bool) -> dict[str, list[Any]]:
    """Return each changed attribute with [before, after], fit for showing and for the record."""
    said = {
        name: [before.get(name), value] for name, value in values.items() if name not in NOT_PROBED
    }
    if "federation_keys" in said:
        said["federation_keys"] = list(SECRET)
    if new:
        said["state"] = [None, values.get("state", PENDING)]
    elif said.keys() != values.keys():
        said["tried"] = ["as found", "no longer true"]
    return said


def _removed(name: str, held: CurrentState, now: datetime) -> TargetPlan:
    """Return how a target goes: its name stays reserved, its associations go with it."""
    groups = sorted(held.associations.get(name, {}))
    rules = RulesPlan(
        removed=groups, versions={group: held.versions[name, group] for group in groups}
    )
    loses = (
        sorted(_holding(held.associations.get(name, {}), now))
        if held.targets[name]["state"] == ENABLED
        else []
    )
    return TargetPlan(
        name, ChangeKind.REMOVE, rules=rules, loses=loses, version=held.versions["target", name]
    )


# -- associations -----------------------------------------------------------------------------------------------------
def _rules(name: str, wanted: Contents, held: CurrentState, prune: bool) -> RulesPlan:
    """Return what happens to a target's associations."""
    said, here = wanted.associations.get(name, {}), held.associations.get(name, {})
    added = {group: said[group] for group in sorted(said) if group not in here}
    changed = {
        group: said[group] for group in sorted(said) if group in here and here[group] != said[group]
    }
    removed = sorted(set(here) - set(said)) if prune else []
    return RulesPlan(
        added,
        changed,
        removed,
        {group: held.versions[name, group] for group in [*changed, *removed]},
    )


def _holding(ends: Mapping[str, str | None], now: datetime) -> set[str]:
    """Return the groups whose association still entitles at `now`."""
    return {group for group, end in ends.items() if is_active(_parse_end(end), now)}


def _parse_end(end: str | None) -> datetime | None:
    return None if end is None else datetime.fromisoformat(end)


def _gains_and_losses(
    name: str,
    here: Values | None,
    after: Values,
    rules: RulesPlan,
    held: CurrentState,
    now: datetime,
) -> tuple[list[str], list[str]]:
    """Return the groups whose people may become the target by this, and those whose people no longer may."""
    ends = held.associations.get(name, {})
    wanted = (
        {group: end for group, end in ends.items() if group not in rules.removed}
        | rules.added
        | rules.changed
    )
    before = _holding(ends, now) if here is not None and here["state"] == ENABLED else set()
    then = _holding(wanted, now) if after["state"] == ENABLED else set()
    return sorted(then - before), sorted(before - then)
