"""A plan is told in words: who gains and loses, and what changes, each in a line."""

import pytest

from brokers.impact import KnownPerson, PeopleByGroup
from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, RulesPlan, TargetPlan
from brokers.import_export.summary import MOST_NAMES, count_changes, describe

ALICE = KnownPerson("local:alice", frozenset({"local:x"}))
PEOPLE = PeopleByGroup([ALICE])


def told(**parts: list) -> dict[str, list[str]]:
    """Return the lines of each planned change by its head."""
    return {change.head: change.lines for change in describe(Plan(**parts), PEOPLE)}


def target_lines(how: ChangeKind = ChangeKind.CHANGE, **fields: object) -> list[str]:
    [change] = describe(Plan(targets=[TargetPlan("a", how, **fields)]), PEOPLE)
    return change.lines


def test_nothing_is_told_of_an_empty_plan():
    assert told() == {}


def test_who_gains_and_loses_comes_first():
    target = TargetPlan("a", ChangeKind.CHANGE, gains=["local:x"], loses=["local:y"])
    lines = told(targets=[target])
    assert list(lines) == [
        "People in these groups gain",
        "People in these groups lose",
        "Change target a",
    ]
    assert lines["People in these groups gain"] == ["local:x (1 person: local:alice): a"]
    assert lines["People in these groups lose"] == ["local:y (nobody known so far): a"]


@pytest.mark.parametrize(("more", "end"), [(0, "t11"), (1, "t11 and 1 more")])
def test_many_targets_of_a_group_are_counted(more, end):
    names = [f"t{number:02}" for number in range(MOST_NAMES + more)]
    targets = [TargetPlan(name, ChangeKind.ADD, gains=["local:x"]) for name in names]
    [line] = told(targets=targets)["People in these groups gain"]
    assert line.endswith(f", {end}")


@pytest.mark.parametrize(
    ("how", "verb"),
    [(ChangeKind.ADD, "Add"), (ChangeKind.CHANGE, "Change"), (ChangeKind.REMOVE, "Remove")],
)
def test_each_target_has_a_head(how, verb):
    assert list(told(targets=[TargetPlan("a", how)])) == [f"{verb} target a"]


def test_a_removal_says_that_the_name_stays_taken():
    assert target_lines(ChangeKind.REMOVE) == ["its name can never be used again"]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, "A", "title: A"),
        ([], ["a", "b"], "title: a, b"),
        ("A", None, "title: A -> nothing"),
        ("A", "", "title: A -> nothing"),
        (["a"], [], "title: a -> nothing"),
        (False, True, "title: no -> yes"),
        (3600, 900, "title: 3600 -> 900"),
        ("True", "False", "title: True -> False"),
        ("A", "\x1b[31mred\nB", "title: A -> \ufffd[31mred B"),
    ],
)
def test_a_change_is_told_in_one_line(before, after, line):
    assert target_lines(changes={"title": [before, after]}) == [line]


def test_changes_are_in_order_of_their_names():
    changes = {"title": [None, "A"], "colour": ["red", "blue"]}
    assert target_lines(changes=changes) == ["colour: red -> blue", "title: A"]


def test_associations_are_told_with_their_ends():
    rules = RulesPlan({"local:x": None, "local:y": "2030"}, {"local:z": "2031"}, ["local:w"])
    assert target_lines(rules=rules) == [
        "local:x may become it, for good",
        "local:y may become it, until 2030",
        "local:z may become it with another end, until 2031",
        "local:w may no longer become it",
    ]


def test_notes_come_last():
    lines = target_lines(notes=["pending, not enabled"], changes={"title": [None, "A"]})
    assert lines == ["title: A", "note: pending, not enabled"]


@pytest.mark.parametrize(
    ("how", "values", "new_id"),
    [
        (ChangeKind.ADD, {}, True),
        (ChangeKind.ADD, {"external_id": "e"}, False),
        (ChangeKind.CHANGE, {"name": "Dev"}, False),
    ],
)
def test_an_aws_account_says_when_it_gets_a_new_external_id(how, values, new_id):
    account = AccountPlan("222222222222", how, values, {"name": [None, "Dev"]})
    [lines] = told(accounts=[account]).values()
    assert lines[0] == "name: Dev"
    assert any("external_id: a new one" in line for line in lines) == new_id


def test_a_plan_is_counted_in_one_line():
    targets = [TargetPlan(f"t{number}", ChangeKind.ADD) for number in range(1234)]
    targets.append(TargetPlan("a", ChangeKind.CHANGE, rules=RulesPlan({"local:x": None})))
    accounts = [AccountPlan("222222222222", ChangeKind.ADD, {}, {})]
    assert count_changes(Plan(accounts, targets)) == (
        "Targets: 1,234 to add, 1 to change, 0 to remove; "
        "associations: 1 to add, 0 to change, 0 to remove; "
        "AWS accounts: 1 to add or change."
    )
