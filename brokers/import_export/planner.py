"""What importing a file would do, decided from the file and the current state. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from brokers.choices import Kind, State
from brokers.entitlements import describe_past_end, is_active
from brokers.import_export.conflicts import find_conflicts
from brokers.import_export.link_names import LinkNames, notes_on_links
from brokers.import_export.plan import (
    AccountPlan,
    ChangeKind,
    Changes,
    Plan,
    RulesPlan,
    TargetPlan,
)
from brokers.import_export.snapshot import DEFAULTS, Contents, CurrentState, Ends, Values, parse_end
from brokers.import_export.target_after import notes_on, target_after
from brokers.readiness import NOT_PROBED
from core.groups import split_stored_group

SECRET = ["(secret)", "(changed)"]
"""How changed Federation Keys are shown, and put on the audit log."""

PROBE_DROPPED = ["valid", "no longer valid"]
"""How it is shown that the result of a target's last probe is dropped."""

NEW_TARGET: dict[str, Any] = {**DEFAULTS, **NOT_PROBED, "state": str(State.PENDING)}
"""What the values of a new target are compared with."""


def plan(contents: Contents, current: CurrentState, now: datetime, *, prune: bool = False) -> Plan:
    """Return what makes the current state what the file says.

    `prune` also removes what the file lacks, of the sections that it has. `now` decides which
    associations have ended.
    """
    problems = find_conflicts(contents, current, prune=prune)
    if problems:
        return Plan(problems=problems)

    planner = _Planner(contents, current, now, prune=prune)
    contact = planner.plan_contact()
    return Plan(planner.plan_accounts(), planner.plan_targets(), contact=contact)


class _Planner:
    """Plans for one file and one current state."""

    def __init__(
        self, contents: Contents, current: CurrentState, now: datetime, *, prune: bool
    ) -> None:
        self._contents = contents
        self._current = current
        self._now = now
        self._link_names = LinkNames(contents, current, prune=prune)
        self._removes_targets = prune and "targets" in contents.sections
        self._removes_rules = prune and "associations" in contents.sections

    def plan_contact(self) -> list[str]:
        """Return the default contact as [before, after], or nothing where it stays."""
        before = self._current.default_contact or ""
        after = self._contents.default_contact
        if after in (None, before):
            return []
        return [before, after]

    # -- AWS accounts ------------------------------------------------------------------------------
    def plan_accounts(self) -> list[AccountPlan]:
        """Plan the AWS accounts that the file lists, and those of its targets."""
        account_ids = set(self._contents.accounts)
        for target in self._contents.targets.values():
            if target["aws_account"]:
                account_ids.add(str(target["aws_account"]))

        plans = []
        for account_id in sorted(account_ids):
            in_file = self._contents.accounts.get(account_id, {})
            if account_id not in self._current.accounts:
                plans.append(_add_account(account_id, in_file))
                continue

            account_plan = self._change_account(account_id, in_file)
            if account_plan is not None:
                plans.append(account_plan)
        return plans

    def _change_account(self, account_id: str, in_file: Values) -> AccountPlan | None:
        before = self._current.accounts[account_id]
        values = {}
        if "name" in in_file and in_file["name"] != before["name"]:
            values["name"] = in_file["name"]
        # an import may stop an AWS account, but never lifts a stop: that takes an administrator
        if in_file.get("stopped") and not before["stopped"]:
            values["stopped"] = True
        if not values:
            return None

        changes = {name: [before[name], value] for name, value in values.items()}
        version = self._current.versions["account", account_id]
        return AccountPlan(account_id, ChangeKind.CHANGE, values, changes, version)

    # -- targets -----------------------------------------------------------------------------------
    def plan_targets(self) -> list[TargetPlan]:
        """Plan the targets that go, then those that come or change, each by name."""
        removed: set[str] = set()
        if self._removes_targets:
            removed = set(self._current.targets) - set(self._contents.targets)

        # a target may be in the file by its associations alone
        names = {*self._contents.targets, *self._contents.associations}
        if self._removes_rules:
            names.update(self._current.associations)

        plans = [self._remove_target(name) for name in sorted(removed)]
        for name in sorted(names - removed):
            target_plan = self._plan_target(name)
            if target_plan is not None:
                plans.append(target_plan)
        return plans

    def _remove_target(self, name: str) -> TargetPlan:
        """Plan a target's removal: its name stays taken, its associations go with it."""
        ends = self._current.associations.get(name, {})
        rules = RulesPlan(removed=sorted(ends), versions=self._rule_versions(name, ends))

        before = self._current.targets[name]
        loses = self._entitled_groups(before, ends)
        return TargetPlan(
            name,
            ChangeKind.REMOVE,
            rules=rules,
            loses=sorted(loses),
            notes=notes_on_links(before, None),
            version=self._current.versions["target", name],
        )

    def _plan_target(self, name: str) -> TargetPlan | None:
        """Plan a target that the file describes, or whose associations change."""
        in_file = self._contents.targets.get(name)
        before = self._current.targets.get(name)
        rules = self._plan_rules(name)

        if in_file is not None:
            believe_probe = self._believes_probe(in_file)
            after = target_after(in_file, before, believe_probe=believe_probe)
            notes = notes_on(in_file, before, after)
        elif before is not None:
            after = dict(before)
            notes = []
        else:
            return None

        notes += notes_on_links(before, after)
        notes += self._link_names.notes_on_doubles(name, before)
        notes += self._provider_notes(rules)
        notes += self._past_ends(rules)
        if before is None:
            return self._add_target(name, after, rules, notes)
        return self._change_target(name, before, after, rules, notes)

    def _add_target(
        self, name: str, after: dict[str, Any], rules: RulesPlan, notes: list[str]
    ) -> TargetPlan:
        changes = _shown_changes(NEW_TARGET, _differing(NEW_TARGET, after))
        changes["state"] = [None, after["state"]]

        gains, loses = self._gains_and_losses(name, None, after, rules)
        named_after = self._link_names.holders_before(name)
        return TargetPlan(
            name,
            ChangeKind.ADD,
            after,
            changes,
            rules,
            gains,
            loses,
            notes,
            named_after=named_after,
        )

    def _change_target(
        self, name: str, before: Values, after: Values, rules: RulesPlan, notes: list[str]
    ) -> TargetPlan | None:
        values = _differing(before, after)
        if not values and not rules:
            return None

        changes = _shown_changes(before, values)
        if any(attribute in NOT_PROBED for attribute in values):
            changes["tried"] = list(PROBE_DROPPED)

        gains, loses = self._gains_and_losses(name, before, after, rules)
        return TargetPlan(
            name,
            ChangeKind.CHANGE,
            values,
            changes,
            rules,
            gains,
            loses,
            notes,
            self._current.versions["target", name],
            self._link_names.holders_before(name),
        )

    def _believes_probe(self, in_file: Values) -> bool:
        """Return whether the file's probe used the ExternalId that the target will have here.

        Otherwise it says nothing of this installation: the role may trust another ExternalId.
        """
        if in_file["kind"] != Kind.ROLE:
            return True

        account_id = str(in_file["aws_account"])
        external_id = self._contents.accounts.get(account_id, {}).get("external_id")
        if external_id is None:
            return False

        account = self._current.accounts.get(account_id)
        return account is None or bool(account["external_id"] == external_id)

    # -- associations ------------------------------------------------------------------------------
    def _plan_rules(self, name: str) -> RulesPlan:
        before = self._current.associations.get(name, {})
        in_file = self._contents.associations.get(name, {})

        added = {}
        changed = {}
        for group, end in sorted(in_file.items()):
            if group not in before:
                added[group] = end
            elif end != before[group]:
                changed[group] = end

        removed: list[str] = []
        if self._removes_rules:
            removed = sorted(set(before) - set(in_file))

        versions = self._rule_versions(name, [*changed, *removed])
        return RulesPlan(added, changed, removed, versions)

    def _provider_notes(self, rules: RulesPlan) -> list[str]:
        """Return a note for each new group whose provider is not connected."""
        notes = []
        for group in rules.added:
            provider_id, _ = split_stored_group(group)
            if provider_id not in self._current.providers:
                notes.append(f"{group}: there is no provider {provider_id}, so nobody is in it")
        return notes

    def _past_ends(self, rules: RulesPlan) -> list[str]:
        """Return a warning about each association that has ended before it is written."""
        warnings = []
        for group, end in {**rules.added, **rules.changed}.items():
            until = parse_end(end)
            if until and not is_active(until, self._now):
                warnings.append(describe_past_end(group, until))
        return warnings

    def _rule_versions(self, name: str, groups: Iterable[str]) -> dict[str, int]:
        return {group: self._current.versions[name, group] for group in groups}

    def _gains_and_losses(
        self, name: str, before: Values | None, after: Values, rules: RulesPlan
    ) -> tuple[list[str], list[str]]:
        """Return the groups that may become the target by this, and those that no longer may."""
        ends_before = self._current.associations.get(name, {})
        ends_after = {**ends_before, **rules.added, **rules.changed}
        for group in rules.removed:
            del ends_after[group]

        groups_before = self._entitled_groups(before, ends_before)
        groups_after = self._entitled_groups(after, ends_after)
        gains = sorted(groups_after - groups_before)
        loses = sorted(groups_before - groups_after)
        return gains, loses

    def _entitled_groups(self, target: Values | None, ends: Ends) -> set[str]:
        """Return the groups whose people may become the target: none unless it is enabled."""
        if target is None or target["state"] != State.ENABLED:
            return set()

        groups = set()
        for group, end in ends.items():
            if is_active(parse_end(end), self._now):
                groups.add(group)
        return groups


def _add_account(account_id: str, in_file: Values) -> AccountPlan:
    values = {name: value for name, value in in_file.items() if value}
    changes = {name: [None, value] for name, value in values.items()}
    return AccountPlan(account_id, ChangeKind.ADD, values, changes)


def _differing(before: Values, after: Values) -> dict[str, Any]:
    return {name: value for name, value in after.items() if value != before.get(name)}


def _shown_changes(before: Values, values: Values) -> Changes:
    """Return changed settings as they are shown and put on the audit log."""
    changes = {}
    for name, value in values.items():
        if name not in NOT_PROBED:
            changes[name] = [before.get(name), value]

    if "federation_keys" in changes:
        changes["federation_keys"] = list(SECRET)
    return changes
