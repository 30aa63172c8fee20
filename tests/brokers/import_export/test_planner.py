"""What importing a file would do: a pure decision, from the file and the current state."""

import json
from dataclasses import replace

import pytest

from brokers.import_export.plan import AccountPlan, ChangeKind
from brokers.import_export.snapshot import DEFAULTS, Contents, CurrentState
from brokers.readiness import NOT_PROBED
from tests.support.import_plans import (
    ACCOUNT,
    EMPTY,
    EXTERNAL_ID,
    KEYS,
    UNTIL,
    in_file,
    only_target,
    plan,
    probed_role,
    problems_of,
    role,
    state_of,
    stored,
    user,
)


# -- nothing, adding, changing ---------------------------------------------------------------------
def test_it_plans_nothing_for_an_empty_file():
    found = plan(Contents(), state_of(a=stored(role())))
    assert not found and found.problems == []


def test_it_plans_nothing_when_all_is_as_the_file_says():
    current = state_of(a=stored(role(title="A")), rules={"a": {"local:x": None}})
    contents = in_file(a=probed_role(title="A"), rules={"a": {"local:x": None}})
    assert not plan(contents, current) and not plan(contents, current, prune=True)


def test_it_adds_a_target_with_all_that_the_file_says():
    found = only_target(plan(in_file(a=probed_role(title="A", labels=["env=dev"])), EMPTY))
    assert (found.how, found.version) == (ChangeKind.ADD, None)
    assert (
        found.values["title"] == "A"
        and found.values["labels"] == ["env=dev"]
        and found.values["kind"] == "role"
    )
    assert set(found.values) == {*DEFAULTS, *NOT_PROBED, "state"}


def test_it_says_each_field_of_a_new_target_that_is_not_as_usual():
    found = only_target(plan(in_file(a=probed_role(title="A")), EMPTY))
    assert found.changes["title"] == [None, "A"] and found.changes["state"] == [None, "enabled"]
    assert "description" not in found.changes and "probe" not in found.changes


def test_it_changes_only_the_fields_that_differ():
    found = only_target(
        plan(in_file(a=probed_role(title="New")), state_of(a=stored(role(title="Old"))))
    )
    assert (found.how, found.version) == (ChangeKind.CHANGE, 7)
    assert found.values == {"title": "New"} and found.changes == {"title": ["Old", "New"]}


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("title", "A", None), ("description", None, "B"), ("labels", ["a"], ["b", "c"]), ("colour", "red", "blue"),
        ("region", None, "eu-west-1"), ("destination", "/s3", None), ("sensitive", True, False),
        ("max_seconds", 7200, 3600),
    ],
)  # fmt: skip
def test_it_sees_a_change_of_each_field_that_no_probe_depends_on(field, before, after):
    current = state_of(a=stored(role(**{field: before})))
    found = only_target(plan(in_file(a=probed_role(**{field: after})), current))
    assert (
        found.values == {field: after}
        and found.changes == {field: [before, after]}
        and found.notes == []
    )


def test_it_takes_a_key_that_the_file_lacks_for_its_default():
    assert only_target(plan(in_file(a=role()), state_of(a=stored(role(title="A"))))).values == {
        "title": None
    }


def test_it_leaves_targets_alone_that_the_file_lacks():
    assert not plan(in_file(a=probed_role()), state_of(a=stored(role()), b=stored(role())))


# -- Federation Keys -------------------------------------------------------------------------------
def test_it_keeps_federation_keys_that_the_file_lacks():
    current = state_of(u=stored(user(**KEYS)))
    assert only_target(plan(in_file(u=user(title="New")), current)).values == {"title": "New"}


def test_it_never_shows_federation_keys():
    found = only_target(plan(in_file(u=user(**KEYS)), EMPTY))
    assert (
        found.changes["federation_keys"] == ["(secret)", "(changed)"]
        and found.changes["access_key_id"][1] == "AKIA"
    )
    assert "QUJD" not in json.dumps(found.changes)


def test_it_drops_a_federated_user_with_other_keys_to_pending():
    current = state_of(u=stored(user(**KEYS)))
    found = only_target(plan(in_file(u=user(**(KEYS | {"federation_keys": "WFla"}))), current))
    assert found.values["state"] == "pending" and found.values["federation_keys"] == "WFla"


@pytest.mark.parametrize(
    ("field", "other"), [("aws_account", "999999999999"), ("partition", "aws-cn")]
)
def test_it_refuses_another_place_for_federation_keys_that_are_kept(field, other):
    found = problems_of(plan(in_file(u=user(**{field: other})), state_of(u=stored(user(**KEYS)))))
    assert list(found) == [("targets", "u", field)]


# -- AWS accounts ----------------------------------------------------------------------------------
def accounts_of(contents: Contents, current: CurrentState) -> list[AccountPlan]:
    found = plan(contents, current)
    assert found.problems == []
    return found.accounts


def test_it_adds_an_aws_account_with_its_external_id():
    [found] = accounts_of(in_file(), EMPTY)
    assert (
        found.values == {"name": "Dev", "external_id": EXTERNAL_ID} and found.how == ChangeKind.ADD
    )


def test_it_adds_the_aws_account_of_a_new_target_that_the_file_does_not_list():
    [found] = accounts_of(in_file(accounts={}, a=role()), EMPTY)
    assert (found.account_id, found.how, found.values) == (ACCOUNT, ChangeKind.ADD, {})


def test_it_renames_an_aws_account_and_keeps_what_is_not_said():
    [found] = accounts_of(in_file(accounts={ACCOUNT: {"name": "Play"}}), state_of())
    assert (found.how, found.values, found.changes, found.version) == (
        ChangeKind.CHANGE,
        {"name": "Play"},
        {"name": ["Dev", "Play"]},
        7,
    )
    assert accounts_of(in_file(accounts={ACCOUNT: {}}), state_of()) == []


@pytest.mark.parametrize(
    ("said", "here", "values"),
    [
        (True, False, {"stopped": True}),
        (False, True, None),
        (True, True, None),
        (False, False, None),
    ],
)
def test_it_sets_a_stop_and_never_lifts_one(said, here, values):
    current = state_of(
        accounts={ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID, "stopped": here}}
    )
    found = accounts_of(in_file(accounts={ACCOUNT: {"stopped": said}}), current)
    assert [each.values for each in found] == ([values] if values else [])


def test_it_never_removes_an_aws_account():
    assert not plan(in_file(accounts={}), state_of(), prune=True)


# -- associations ----------------------------------------------------------------------------------
def test_it_adds_associations_to_a_target_that_the_file_does_not_describe():
    found = only_target(
        plan(in_file(rules={"a": {"local:x": None, "okta:y": UNTIL}}), state_of(a=stored(role())))
    )
    assert found.how == ChangeKind.CHANGE and found.values == {} and found.version == 7
    assert found.rules.added == {"local:x": None, "okta:y": UNTIL} and found.gains == [
        "local:x",
        "okta:y",
    ]


@pytest.mark.parametrize(
    ("before", "after"), [(None, UNTIL), (UNTIL, None), (UNTIL, "2031-01-01T00:00:00Z")]
)
def test_it_changes_an_end(before, after):
    current = state_of(a=stored(role()), rules={"a": {"local:x": before}})
    found = only_target(plan(in_file(rules={"a": {"local:x": after}}), current))
    assert found.rules.changed == {"local:x": after} and found.rules.versions == {"local:x": 7}
    assert (found.gains, found.loses) == ([], [])


def test_it_keeps_associations_that_the_file_lacks_unless_asked_to_prune():
    current = state_of(a=stored(role()), rules={"a": {"local:x": None, "local:y": None}})
    contents = in_file(a=probed_role(), rules={"a": {"local:x": None}})
    assert not plan(contents, current)
    found = only_target(plan(contents, current, prune=True))
    assert (
        found.rules.removed == ["local:y"]
        and found.loses == ["local:y"]
        and found.rules.versions == {"local:y": 7}
    )


def test_it_removes_all_associations_of_a_target_that_the_file_has_none_for():
    current = state_of(a=stored(role()), rules={"a": {"local:x": None}})
    assert only_target(plan(in_file(a=probed_role()), current, prune=True)).rules.removed == [
        "local:x"
    ]


# -- pruning ---------------------------------------------------------------------------------------
def test_it_removes_targets_that_the_file_lacks_with_their_associations():
    current = state_of(a=stored(role()), b=stored(role()), rules={"b": {"local:x": None}})
    found = only_target(plan(in_file(a=probed_role()), current, prune=True))
    assert (found.name, found.how, found.version) == ("b", ChangeKind.REMOVE, 7)
    assert found.rules.removed == ["local:x"] and found.loses == ["local:x"]


def test_it_says_nobody_loses_a_target_that_nobody_could_become():
    current = state_of(b=stored(role(), state="disabled"), rules={"b": {"local:x": None}})
    assert only_target(plan(in_file(), current, prune=True)).loses == []


@pytest.mark.parametrize(
    ("sections", "removed"),
    [
        ({"targets", "associations"}, ["b"]), ({"targets"}, ["b"]), ({"associations"}, []), ({"accounts"}, []),
        (set(), []),
    ],
)  # fmt: skip
def test_it_prunes_only_sections_that_the_file_has(sections, removed):
    current = state_of(b=stored(role()), rules={"b": {"local:x": None}})
    found = plan(in_file(sections=sections), current, prune=True)
    assert [each.name for each in found.targets if each.how == ChangeKind.REMOVE] == removed
    assert any(each.rules.removed for each in found.targets) == bool(
        {"targets", "associations"} & sections
    )


# -- who gains and loses ---------------------------------------------------------------------------
def test_it_says_by_group_who_gains_and_who_loses():
    current = state_of(
        a=stored(role()), b=stored(role()), rules={"a": {"local:x": None}, "b": {"local:y": None}}
    )
    contents = in_file(
        a=probed_role(),
        b=role(state="disabled"),
        rules={"a": {"local:z": None}, "b": {"local:y": None}},
    )
    found = plan(contents, current, prune=True)
    assert found.gains() == {"local:z": ["a"]} and found.loses() == {
        "local:x": ["a"],
        "local:y": ["b"],
    }


def test_it_says_nobody_gains_a_target_that_is_pending():
    found = only_target(plan(in_file(a=role(), rules={"a": {"local:x": None}}), EMPTY))
    assert found.gains == [] and found.rules.added == {"local:x": None}


def test_it_says_that_the_groups_of_a_target_gain_it_when_it_is_enabled():
    current = state_of(a=stored(role(), state="disabled"), rules={"a": {"local:x": None}})
    assert only_target(plan(in_file(a=role(state="enabled")), current)).gains == ["local:x"]


ENDED, EARLIER, AT_NOW = "2026-05-04T11:59:59Z", "2026-01-01T00:00:00Z", "2026-05-04T12:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "gains", "loses"),
    [
        (ENDED, None, True, False),
        (ENDED, UNTIL, True, False),
        (AT_NOW, UNTIL, True, False),
        (None, ENDED, False, True),
        (UNTIL, AT_NOW, False, True),
        (EARLIER, ENDED, False, False),
        (UNTIL, None, False, False),
    ],
)
def test_it_counts_an_association_that_is_revived_as_a_gain_and_one_that_is_ended_as_a_loss(
    before, after, gains, loses
):
    current = state_of(a=stored(role()), rules={"a": {"local:x": before}})
    found = only_target(plan(in_file(rules={"a": {"local:x": after}}), current))
    assert (found.gains, found.loses) == (["local:x"] * gains, ["local:x"] * loses)
    assert found.rules.changed == {"local:x": after}


def test_it_says_nobody_gains_or_loses_by_associations_that_have_ended():
    current = state_of(
        a=stored(role()), b=stored(role()), rules={"a": {"local:x": ENDED}, "b": {"local:y": ENDED}}
    )
    found = plan(in_file(a=probed_role(), rules={"a": {"local:z": ENDED}}), current, prune=True)
    assert found.targets and (found.gains(), found.loses()) == ({}, {})


def test_it_says_nobody_gains_a_target_by_its_being_enabled_when_its_associations_have_ended():
    current = state_of(
        a=stored(role(), state="disabled"), rules={"a": {"local:x": ENDED, "local:y": UNTIL}}
    )
    assert only_target(plan(in_file(a=role(state="enabled")), current)).gains == ["local:y"]


def test_it_names_every_group_that_is_entitled_to_something():
    current = state_of(
        a=stored(role(), state="disabled"),
        b=stored(role()),
        rules={"a": {"local:x": None}, "b": {"l:y": UNTIL}},
    )
    contents = in_file(a=role(state="enabled"), rules={"b": {"l:y": None, "l:z": None}})
    assert plan(contents, current).entitled() == {"local:x", "l:y", "l:z"}


def test_it_counts():
    current = state_of(a=stored(role()), b=stored(role()), rules={"a": {"local:x": None}})
    contents = in_file(
        a=probed_role(title="A"), c=role(), rules={"a": {"local:x": UNTIL, "local:y": None}}
    )
    counts = plan(contents, current, prune=True).counts()
    assert (counts["targets add"], counts["targets change"], counts["targets remove"]) == (1, 1, 1)
    assert (
        counts["associations added"],
        counts["associations changed"],
        counts["associations removed"],
    ) == (1, 1, 0)


# -- providers ---------------------------------------------------------------------------------
def test_it_notes_new_groups_of_a_provider_that_is_not_connected():
    rules = {"a": {"local:x": None, "otka:y": None, "okta:z": None}}
    before = state_of(a=stored(role()), rules={"a": {"gone:w": None}})
    state = replace(before, providers=frozenset({"local", "okta"}))
    [found] = plan(in_file(rules=rules), state).targets
    assert found.notes == ["otka:y: there is no provider otka, so nobody is in it"]
