"""A plan tells itself from others, and how much is in it."""

from dataclasses import replace

import pytest

from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, RulesPlan, TargetPlan
from tests.support.import_plans import (
    EMPTY,
    in_file,
    plan,
    role,
    state_of,
    stored,
)


# -- through the planner ---------------------------------------------------------------------------
def test_it_has_the_same_digest_for_the_same_plan_and_another_for_any_other():
    contents, current = in_file(a=role(title="New")), state_of(a=stored(role()))
    first = plan(contents, current).digest()
    assert plan(contents, current).digest() == first
    assert plan(in_file(a=role(title="Newer")), current).digest() != first
    moved = replace(current, versions={**current.versions, ("target", "a"): 8})
    assert plan(contents, moved).digest() != first


def test_it_orders_by_name():
    found = plan(in_file(c=role(), a=role(), b=role()), EMPTY)
    assert [each.name for each in found.targets] == ["a", "b", "c"]


# -- by itself -------------------------------------------------------------------------------------
RULES = RulesPlan({"local:x": None}, {"local:y": None}, ["local:z"], {"local:y": 1, "local:z": 2})
ADDED = TargetPlan("b", ChangeKind.ADD, rules=RULES, gains=["local:x"])
CHANGED = TargetPlan("a", ChangeKind.CHANGE, gains=["local:x", "local:a"], loses=["local:z"])
REMOVED = TargetPlan("c", ChangeKind.REMOVE, loses=["local:z"])
FULL = Plan(targets=[ADDED, CHANGED, REMOVED])


def test_rules_know_whether_and_how_many_change():
    assert not RulesPlan()
    assert len(RulesPlan()) == 0
    assert RULES
    assert len(RULES) == 3


@pytest.mark.parametrize(
    "rules",
    [RulesPlan(added={"g": None}), RulesPlan(changed={"g": None}), RulesPlan(removed=["g"])],
)
def test_any_change_of_a_rule_counts(rules):
    assert rules
    assert len(rules) == 1


def test_a_plan_is_true_when_anything_would_be_done():
    assert not Plan()
    assert FULL
    assert Plan(accounts=[AccountPlan("1", ChangeKind.ADD, {}, {})])


def test_gains_and_losses_are_by_group_in_order():
    assert list(FULL.gains().items()) == [("local:a", ["a"]), ("local:x", ["b", "a"])]
    assert FULL.loses() == {"local:z": ["a", "c"]}


def test_entitled_are_groups_that_gain_or_get_an_association():
    assert FULL.entitled() == {"local:a", "local:x", "local:y"}


def test_counts_say_how_many_of_what():
    assert FULL.counts() == {
        "targets add": 1,
        "targets change": 1,
        "targets remove": 1,
        "associations added": 1,
        "associations changed": 1,
        "associations removed": 1,
    }
    assert set(Plan().counts().values()) == {0}


@pytest.mark.parametrize(
    "other",
    [
        Plan(),
        Plan(targets=[ADDED, CHANGED]),
        Plan(targets=[ADDED, CHANGED, replace(REMOVED, version=1)]),
        Plan(targets=[ADDED, CHANGED, replace(REMOVED, loses=[])]),
        Plan(targets=[replace(ADDED, notes=["x"]), CHANGED, REMOVED]),
        replace(FULL, accounts=[AccountPlan("1", ChangeKind.ADD, {}, {})]),
    ],
)
def test_a_digest_tells_a_plan_from_another(other):
    assert other.digest() != FULL.digest()
    assert replace(FULL).digest() == FULL.digest()
