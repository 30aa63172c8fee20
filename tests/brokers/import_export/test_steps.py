"""A plan is cut into steps that a transaction takes, and nothing is lost."""

import json
from typing import Any

import pytest

from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, RulesPlan, TargetPlan
from brokers.import_export.steps import MORE, MOST_BYTES, MOST_ITEMS, steps_of
from tests.support.import_plans import (
    EMPTY,
    UNTIL,
    in_file,
    plan,
    probed_role,
    role,
    state_of,
    stored,
)


# -- through the planner ---------------------------------------------------------------------------
def items(step: Any) -> int:
    """Return how many items a step writes at most, beside its progress."""
    rules = [each["rules"] for each in step["targets"]]
    many = sum(len(each["added"]) + len(each["changed"]) + len(each["removed"]) for each in rules)
    return 3 * len(step["accounts"]) + 3 * len(step["targets"]) + many


def test_it_makes_no_step_of_nothing():
    assert steps_of(Plan()) == []


@pytest.mark.parametrize("groups", [0, 1, 86, 87, 88, 400])
@pytest.mark.parametrize("targets", [1, 2, 40])
def test_it_makes_steps_that_a_transaction_takes_and_forgets_nothing(groups, targets):
    rules = {f"t{n}": {f"local:g{m}": None for m in range(groups)} for n in range(targets)}
    made = steps_of(plan(in_file(rules=rules, **{f"t{n}": role() for n in range(targets)}), EMPTY))
    assert max(map(items, made)) <= MOST_ITEMS and made[0]["accounts"]
    parts = [each for step in made for each in step["targets"]]
    assert [each["name"] for each in parts if each["how"] == "add"] == sorted(rules)
    found: dict[str, set[str]] = {name: set() for name in rules}
    for each in parts:
        assert not found[each["name"]] & set(each["rules"]["added"])
        found[each["name"]] |= set(each["rules"]["added"])
    assert found == {name: set(each) for name, each in rules.items()}


def test_it_sets_a_target_once_however_many_associations_it_has():
    made = steps_of(
        plan(
            in_file(a=role(title="A"), rules={"a": {f"local:g{m}": None for m in range(200)}}),
            EMPTY,
        )
    )
    parts = [each for step in made for each in step["targets"]]
    assert [each["how"] for each in parts] == ["add", MORE, MORE] and [
        bool(each["values"]) for each in parts
    ] == [
        True,
        False,
        False,
    ]


def test_it_keeps_steps_small_enough_for_an_item():
    big = {f"t{n}": role(session_policy="x" * 2048, description="y" * 1000) for n in range(100)}
    made = steps_of(plan(in_file(**big), EMPTY))
    assert all(len(json.dumps(step)) < MOST_BYTES + 10_000 for step in made) and len(made) > 3


def test_it_removes_before_it_adds():
    current = state_of(z=stored(role()), rules={"z": {"local:x": None}})
    made = steps_of(plan(in_file(a=role()), current, prune=True))
    assert [each["name"] for step in made for each in step["targets"]] == ["z", "a"]
    assert made[0]["targets"][0]["rules"]["versions"] == {"local:x": 7}


def test_it_makes_steps_fit_for_json():
    made = steps_of(plan(in_file(a=probed_role(), rules={"a": {"local:x": UNTIL}}), EMPTY))
    assert json.loads(json.dumps(made)) == made


# -- by itself -------------------------------------------------------------------------------------
def target(name: str = "a", how: ChangeKind = ChangeKind.CHANGE, **fields: Any) -> TargetPlan:
    return TargetPlan(name, how, version=7, **fields)


def account(number: int) -> AccountPlan:
    return AccountPlan(f"{number:012}", ChangeKind.ADD, {}, {})


def test_a_step_has_the_fields_that_are_written_and_no_others():
    [step] = steps_of(Plan([account(1)], [target(gains=["local:x"], notes=["n"])]))
    assert step["accounts"] == [
        {
            "account_id": "000000000001",
            "how": "add",
            "values": {},
            "changes": {},
            "version": None,
        }
    ]
    assert step["targets"] == [
        {
            "name": "a",
            "how": "change",
            "values": {},
            "changes": {},
            "rules": {"added": {}, "changed": {}, "removed": [], "versions": {}},
            "notes": ["n"],
            "version": 7,
            "named_after": [],
        }
    ]


@pytest.mark.parametrize(("accounts", "steps"), [(1, 1), (30, 1), (31, 2), (60, 2), (61, 3)])
def test_an_aws_account_takes_three_items_of_a_step(accounts, steps):
    plan_of_accounts = Plan([account(number) for number in range(accounts)])
    assert len(steps_of(plan_of_accounts)) == steps


def test_aws_accounts_come_before_targets():
    first, second = steps_of(Plan([account(number) for number in range(30)], [target()]))
    assert first["targets"] == []
    assert second["accounts"] == []


def test_a_target_that_does_not_fit_begins_the_next_step():
    many = RulesPlan(added={f"g{number}": None for number in range(80)})
    first, second = steps_of(Plan(targets=[target("a", rules=many), target("b", rules=many)]))
    assert [entry["name"] for entry in first["targets"]] == ["a"]
    assert [entry["name"] for entry in second["targets"]] == ["b"]


def test_a_portion_has_the_versions_of_its_own_associations_alone():
    removed = [f"r{number}" for number in range(80)]
    changed = {f"c{number}": UNTIL for number in range(80)}
    versions = dict.fromkeys([*removed, *changed], 7)
    rules = RulesPlan({"a": None}, changed, removed, versions)

    steps = steps_of(Plan(targets=[target(rules=rules)]))
    portions = [entry["rules"] for step in steps for entry in step["targets"]]
    assert len(portions) == 2
    for portion in portions:
        assert set(portion["versions"]) == {*portion["changed"], *portion["removed"]}
    assert portions[0]["removed"] == removed
    assert {**portions[0]["changed"], **portions[1]["changed"]} == changed
    assert portions[1]["added"] == {"a": None}


def test_a_later_part_brings_nothing_but_associations():
    rules = RulesPlan(added={f"g{number}": None for number in range(100)})
    whole = target(values={"title": "A"}, changes={"title": [None, "A"]}, notes=["n"], rules=rules)

    first, later = (step["targets"][0] for step in steps_of(Plan(targets=[whole])))
    assert (first["how"], first["version"], first["notes"]) == ("change", 7, ["n"])
    assert later["how"] == MORE
    assert (later["values"], later["changes"], later["notes"]) == ({}, {}, [])
    assert later["version"] is None


def test_targets_go_by_name_and_those_that_are_removed_go_first():
    targets = [
        target("c"),
        target("d", ChangeKind.REMOVE),
        target("a", ChangeKind.ADD),
        target("b", ChangeKind.REMOVE),
    ]
    [step] = steps_of(Plan(targets=targets))
    assert [entry["name"] for entry in step["targets"]] == ["b", "d", "a", "c"]
