"""What importing a file would do: a pure decision, from the file and what is held."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from brokers.import_export import planner
from brokers.import_export.plan import AccountPlan, ChangeKind, Plan, TargetPlan
from brokers.import_export.snapshot import (
    DEFAULTS,
    Contents,
    CurrentState,
)
from brokers.import_export.steps import MORE, MOST_BYTES, MOST_ITEMS, steps_of
from brokers.readiness import NOT_PROBED, attributes_from, result_from

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCOUNT, EXTERNAL_ID = "222222222222", "cooper-0123"
ARN = f"arn:aws:iam::{ACCOUNT}:role/dev-read"
ALL_WELL = {
    "works": True,
    "external_id_enforced": True,
    "tag_session": True,
    "source_identity": True,
}
ALL_WELL |= {"longest_seconds": 3600, "findings": []}
LACKING = ALL_WELL | {"tag_session": False, "findings": ["no tags"]}
KEYS = {"federation_keys": "QUJD", "federation_keys_kms_arn": "arn:kms", "access_key_id": "AKIA"}


def plan(wanted: Contents, held: CurrentState, now: datetime = NOW, **options: bool) -> Plan:
    """Return what importing would do on one day of 2026."""
    return planner.plan(wanted, held, now, **options)


def role(**said: Any) -> dict[str, Any]:
    """Return a role as a file has it."""
    return {
        **DEFAULTS,
        "kind": "role",
        "role_arn": ARN,
        "aws_account": ACCOUNT,
        "state": None,
        **said,
    }


def user(**said: Any) -> dict[str, Any]:
    """Return a federated user as a file has it."""
    policy = {"session_policy": "{}", "aws_account": ACCOUNT}
    return {**DEFAULTS, "kind": "federated_user", **policy, "state": None, **said}


def facts(tried: dict[str, Any], kind: str = "role") -> dict[str, Any]:
    return attributes_from(tried, is_role=kind == "role")


def tried_role(tried: dict[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    """Return a role that the file tells a try of, enabled."""
    return role(state="enabled", **said) | {"facts": facts(tried or ALL_WELL)}


def kept(
    target: dict[str, Any], tried: dict[str, Any] | None = None, state: str = "enabled"
) -> dict[str, Any]:
    """Return a target as it is held, with what a try found (nothing lacking)."""
    found = {name: value for name, value in target.items() if name != "facts"}
    return {**found, **facts(tried or ALL_WELL, target["kind"]), "state": state}


def holding(
    *, deleted: tuple[str, ...] = (), accounts: Any = None, rules: Any = None, **targets: Any
) -> CurrentState:
    """Return what is held, everything of version 7."""
    rules = rules or {}
    accounts = (
        {ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID, "stopped": False}}
        if accounts is None
        else accounts
    )
    versions: dict[tuple[str, ...], int] = {("account", number): 7 for number in accounts}
    versions |= {("target", name): 7 for name in targets}
    versions |= {(name, group): 7 for name, groups in rules.items() for group in groups}
    return CurrentState(accounts, targets, rules, versions=versions, deleted=frozenset(deleted))


NEW = holding(accounts={})
TOLD = {ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID}}


def saying(
    accounts: Any = None, rules: Any = None, sections: Any = None, **targets: Any
) -> Contents:
    """Return what a file says."""
    made = Contents(TOLD if accounts is None else accounts, targets, rules or {})
    return replace(made, sections=frozenset(sections)) if sections is not None else made


def only(found: Plan) -> TargetPlan:
    """Return the plan's one target."""
    assert found.problems == []
    [target] = found.targets
    return target


def problems(found: Plan) -> dict[tuple[str, ...], str]:
    assert not found
    return {each.path: each.message for each in found.problems}


# -- nothing, adding, changing ----------------------------------------------------------------------------------------
def test_it_plans_nothing_for_an_empty_file():
    found = plan(Contents(), holding(a=kept(role())))
    assert not found and found.problems == []


def test_it_plans_nothing_when_all_is_as_the_file_says():
    held = holding(a=kept(role(title="A")), rules={"a": {"local:x": None}})
    wanted = saying(a=tried_role(title="A"), rules={"a": {"local:x": None}})
    assert not plan(wanted, held) and not plan(wanted, held, prune=True)


def test_it_adds_a_target_with_all_that_the_file_says():
    found = only(plan(saying(a=tried_role(title="A", labels=["env=dev"])), NEW))
    assert (found.how, found.version) == (ChangeKind.ADD, None)
    assert (
        found.values["title"] == "A"
        and found.values["labels"] == ["env=dev"]
        and found.values["kind"] == "role"
    )
    assert set(found.values) == {*DEFAULTS, *NOT_PROBED, "state"}


def test_it_says_each_field_of_a_new_target_that_is_not_as_usual():
    found = only(plan(saying(a=tried_role(title="A")), NEW))
    assert found.changes["title"] == [None, "A"] and found.changes["state"] == [None, "enabled"]
    assert "description" not in found.changes and "probe" not in found.changes


def test_it_changes_only_the_fields_that_differ():
    found = only(plan(saying(a=tried_role(title="New")), holding(a=kept(role(title="Old")))))
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
def test_it_sees_a_change_of_each_field_that_is_no_door(field, before, after):
    held = holding(a=kept(role(**{field: before})))
    found = only(plan(saying(a=tried_role(**{field: after})), held))
    assert (
        found.values == {field: after}
        and found.changes == {field: [before, after]}
        and found.notes == []
    )


def test_it_takes_a_key_that_the_file_lacks_for_its_default():
    assert only(plan(saying(a=role()), holding(a=kept(role(title="A"))))).values == {"title": None}


def test_it_leaves_targets_alone_that_the_file_lacks():
    assert not plan(saying(a=tried_role()), holding(a=kept(role()), b=kept(role())))


# -- whether it is enabled --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "state"),
    [
        (role(), "pending"),
        (role(state="pending"), "pending"),
        (role(state="disabled"), "disabled"),
        (role(state="enabled"), "pending"),
        (tried_role(), "enabled"),
        (tried_role() | {"state": None}, "pending"),
        (tried_role() | {"state": "disabled"}, "disabled"),
        (tried_role(LACKING), "pending"),
        (tried_role(ALL_WELL | {"external_id_enforced": False}), "pending"),
        (tried_role(ALL_WELL | {"source_identity": False}), "pending"),
        (tried_role(ALL_WELL | {"works": False}), "pending"),
        (
            tried_role(
                {"external_id_enforced": True, "tag_session": True, "source_identity": True}
            ),
            "enabled",
        ),
        (tried_role({"works": True}), "pending"),
        (tried_role(LACKING, weaker_mode_accepted=True), "enabled"),
        (tried_role(LACKING, weaker_mode_accepted=True, sensitive=True), "pending"),
        (tried_role({"works": False}, weaker_mode_accepted=True), "pending"),
        (role(state="enabled", weaker_mode_accepted=True), "pending"),
        (tried_role(sensitive=True), "enabled"),
        (user(state="enabled"), "pending"),
        (user(state="enabled", **KEYS), "pending"),
        (user(state="enabled") | {"facts": facts(ALL_WELL, "federated_user")}, "pending"),
        (user(state="enabled", **KEYS) | {"facts": facts(ALL_WELL, "federated_user")}, "enabled"),
        (user(state="enabled", **KEYS) | {"facts": facts(LACKING, "federated_user")}, "pending"),
        (
            user(state="enabled", **KEYS)
            | {"facts": facts({"tag_session": True}, "federated_user")},
            "enabled",
        ),
    ],
)
def test_it_enables_a_new_target_only_by_a_try_that_the_file_tells_of(said, state):
    found = only(plan(saying(a=said), NEW))
    assert found.values["state"] == state
    if said["state"] == "enabled":
        [note] = found.notes
        assert (
            ("not tested here" in note)
            if state == "enabled"
            else note.startswith("pending, not enabled")
        )


@pytest.mark.parametrize(
    ("told", "here", "state"),
    [
        ({ACCOUNT: {"external_id": EXTERNAL_ID}}, {}, "enabled"),
        ({ACCOUNT: {"name": "Dev"}}, {}, "pending"),
        ({}, {}, "pending"),
        ({ACCOUNT: {"external_id": EXTERNAL_ID}}, None, "enabled"),
        ({}, None, "pending"),
    ],
)
def test_it_believes_a_try_only_with_the_external_id_that_it_was_made_with(told, here, state):
    found = only(plan(saying(accounts=told, a=tried_role()), holding(accounts=here)))
    assert found.values["state"] == state and found.values["external_id_enforced"] == (
        state == "enabled"
    )


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("role_arn", f"{ARN}-2"), ("session_policy", "{}"), ("policy_arns", ["arn:aws:iam::aws:policy/X"]),
        ("max_seconds", 7200),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("state", "then"), [("enabled", "pending"), ("disabled", "disabled"), ("pending", "pending")]
)
def test_it_drops_a_target_to_pending_whose_door_changes(changed, value, state, then):
    held = holding(a=kept(role(), state=state))
    found = only(plan(saying(a=role(state=None, **{changed: value})), held))
    assert found.values.get("state", state) == then
    assert found.values["probe"] is None and found.values["tag_session"] is False
    assert found.changes["tried"] == ["valid", "no longer valid"]


def test_it_does_not_believe_the_file_about_a_changed_door():
    said = tried_role(role_arn=f"{ARN}-2")
    found = only(plan(saying(a=said), holding(a=kept(role()))))
    assert (
        found.values["state"] == "pending"
        and "has changed" in found.notes[0]
        and found.values["probe"] is None
    )


def test_it_keeps_a_target_enabled_whose_longest_session_is_cut():
    found = only(plan(saying(a=tried_role(max_seconds=900)), holding(a=kept(role()))))
    assert found.values == {"max_seconds": 900}


def test_it_keeps_what_was_tried_here_whatever_the_file_tells():
    held = holding(a=kept(role(), LACKING, state="pending"))
    assert not plan(saying(a=tried_role()), held)


def test_it_does_not_enable_a_pending_target_by_the_files_word():
    held = holding(a=kept(role(title="Old"), LACKING, state="pending"))
    found = only(plan(saying(a=tried_role(title="New")), held))
    assert found.values == {"title": "New"} and "pending, not enabled" in found.notes[0]


def test_it_enables_a_disabled_target_by_what_was_tried_here():
    held = holding(a=kept(role(), state="disabled"))
    assert only(plan(saying(a=role(state="enabled")), held)).values == {"state": "enabled"}


def test_it_does_not_enable_a_disabled_target_that_lacks_something():
    held = holding(a=kept(role(), LACKING, state="disabled"))
    assert only(plan(saying(a=role(state="enabled")), held)).values == {"state": "pending"}


@pytest.mark.parametrize("state", ["pending", "disabled"])
def test_it_takes_a_target_out_of_service_when_the_file_says_so(state):
    found = only(
        plan(saying(a=role(state=state)), holding(a=kept(role()), rules={"a": {"local:x": None}}))
    )
    assert found.values == {"state": state} and found.loses == ["local:x"] and found.gains == []


def test_it_keeps_the_state_when_the_file_says_nothing_of_it():
    for state in ("enabled", "disabled", "pending"):
        assert not plan(saying(a=role(state=None)), holding(a=kept(role(), state=state)))


def test_it_drops_a_target_that_becomes_sensitive_in_a_weaker_mode():
    held = holding(a=kept(role(weaker_mode_accepted=True), LACKING))
    found = only(plan(saying(a=tried_role(LACKING, sensitive=True)), held))
    assert found.values == {"sensitive": True, "weaker_mode_accepted": False, "state": "pending"}


def test_it_drops_a_target_whose_weaker_mode_is_no_longer_accepted():
    held = holding(a=kept(role(weaker_mode_accepted=True), LACKING))
    assert only(plan(saying(a=tried_role(LACKING)), held)).values["state"] == "pending"


def test_it_keeps_a_target_in_the_weaker_mode_that_was_accepted():
    held = holding(a=kept(role(weaker_mode_accepted=True), LACKING))
    assert not plan(saying(a=tried_role(LACKING, weaker_mode_accepted=True)), held)


def test_it_accepts_a_weaker_mode_that_the_file_says():
    held = holding(a=kept(role(), LACKING, state="pending"))
    found = only(plan(saying(a=tried_role(LACKING, weaker_mode_accepted=True)), held))
    assert found.values == {"weaker_mode_accepted": True, "state": "enabled"}
    assert found.changes == {"weaker_mode_accepted": [False, True], "state": ["pending", "enabled"]}


def test_it_does_not_note_a_weaker_mode_where_nothing_is_lacking():
    assert (
        only(plan(saying(a=tried_role(weaker_mode_accepted=True)), NEW)).values[
            "weaker_mode_accepted"
        ]
        is False
    )


def test_it_leaves_an_enabled_target_enabled_that_nobody_ever_tried():
    bare = {
        name: value for name, value in kept(role(title="Old")).items() if name not in NOT_PROBED
    } | NOT_PROBED
    assert only(plan(saying(a=role(title="New", state="enabled")), holding(a=bare))).values == {
        "title": "New"
    }


# -- Federation Keys --------------------------------------------------------------------------------------------------
def test_it_keeps_federation_keys_that_the_file_lacks():
    held = holding(u=kept(user(**KEYS)))
    assert only(plan(saying(u=user(title="New")), held)).values == {"title": "New"}


def test_it_never_shows_federation_keys():
    found = only(plan(saying(u=user(**KEYS)), NEW))
    assert (
        found.changes["federation_keys"] == ["(secret)", "(changed)"]
        and found.changes["access_key_id"][1] == "AKIA"
    )
    assert "QUJD" not in json.dumps(found.changes)


def test_it_drops_a_federated_user_with_other_keys_to_pending():
    held = holding(u=kept(user(**KEYS)))
    found = only(plan(saying(u=user(**(KEYS | {"federation_keys": "WFla"}))), held))
    assert found.values["state"] == "pending" and found.values["federation_keys"] == "WFla"


@pytest.mark.parametrize(
    ("field", "other"), [("aws_account", "999999999999"), ("partition", "aws-cn")]
)
def test_it_refuses_another_place_for_federation_keys_that_are_kept(field, other):
    found = problems(plan(saying(u=user(**{field: other})), holding(u=kept(user(**KEYS)))))
    assert list(found) == [("targets", "u", field)]


# -- what cannot be ---------------------------------------------------------------------------------------------------
def test_it_refuses_a_name_that_was_deleted_once():
    found = problems(plan(saying(a=role()), holding(deleted=("a",))))
    assert "never used again" in found["targets", "a"]


def test_it_refuses_another_kind():
    assert (
        "never changes"
        in problems(plan(saying(a=user()), holding(a=kept(role()))))["targets", "a", "kind"]
    )


def test_it_refuses_another_external_id():
    found = problems(plan(saying(accounts={ACCOUNT: {"external_id": "other"}}), holding()))
    assert "never changes" in found["accounts", ACCOUNT, "external_id"]


@pytest.mark.parametrize("prune", [False, True])
def test_it_refuses_an_association_to_an_unknown_target(prune):
    found = problems(
        plan(saying(rules={"b": {"local:x": None}}), holding(a=kept(role())), prune=prune)
    )
    assert found == {("associations", "b"): "There is no target b."}


def test_it_refuses_an_association_to_a_deleted_target():
    assert problems(plan(saying(rules={"a": {"local:x": None}}), holding(deleted=("a",))))


def test_it_refuses_an_association_to_a_target_that_the_same_file_removes():
    wanted, held = saying(rules={"a": {"local:x": None}}), holding(a=kept(role()))
    assert not plan(wanted, held).problems and problems(plan(wanted, held, prune=True))


def test_it_names_all_problems_at_once_and_plans_nothing():
    wanted = saying(
        a=role(),
        b=user(),
        rules={"c": {"local:x": None}},
        accounts={ACCOUNT: {"external_id": "other"}},
    )
    assert len(problems(plan(wanted, holding(b=kept(role()), deleted=("a",))))) == 4


# -- AWS accounts -----------------------------------------------------------------------------------------------------
def accounts_of(wanted: Contents, held: CurrentState) -> list[AccountPlan]:
    found = plan(wanted, held)
    assert found.problems == []
    return found.accounts


def test_it_adds_an_aws_account_with_its_external_id():
    [found] = accounts_of(saying(), NEW)
    assert (
        found.values == {"name": "Dev", "external_id": EXTERNAL_ID} and found.how == ChangeKind.ADD
    )


def test_it_adds_the_aws_account_of_a_new_target_that_the_file_does_not_list():
    [found] = accounts_of(saying(accounts={}, a=role()), NEW)
    assert (found.account_id, found.how, found.values) == (ACCOUNT, ChangeKind.ADD, {})


def test_it_renames_an_aws_account_and_keeps_what_is_not_said():
    [found] = accounts_of(saying(accounts={ACCOUNT: {"name": "Play"}}), holding())
    assert (found.how, found.values, found.changes, found.version) == (
        ChangeKind.CHANGE,
        {"name": "Play"},
        {"name": ["Dev", "Play"]},
        7,
    )
    assert accounts_of(saying(accounts={ACCOUNT: {}}), holding()) == []


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
    held = holding(accounts={ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID, "stopped": here}})
    found = accounts_of(saying(accounts={ACCOUNT: {"stopped": said}}), held)
    assert [each.values for each in found] == ([values] if values else [])


def test_it_never_removes_an_aws_account():
    assert not plan(saying(accounts={}), holding(), prune=True)


# -- associations -----------------------------------------------------------------------------------------------------
UNTIL = "2030-01-02T03:04:00Z"


def test_it_adds_associations_to_a_target_that_the_file_does_not_describe():
    found = only(
        plan(saying(rules={"a": {"local:x": None, "okta:y": UNTIL}}), holding(a=kept(role())))
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
    held = holding(a=kept(role()), rules={"a": {"local:x": before}})
    found = only(plan(saying(rules={"a": {"local:x": after}}), held))
    assert found.rules.changed == {"local:x": after} and found.rules.versions == {"local:x": 7}
    assert (found.gains, found.loses) == ([], [])


def test_it_keeps_associations_that_the_file_lacks_unless_asked_to_prune():
    held = holding(a=kept(role()), rules={"a": {"local:x": None, "local:y": None}})
    wanted = saying(a=tried_role(), rules={"a": {"local:x": None}})
    assert not plan(wanted, held)
    found = only(plan(wanted, held, prune=True))
    assert (
        found.rules.removed == ["local:y"]
        and found.loses == ["local:y"]
        and found.rules.versions == {"local:y": 7}
    )


def test_it_removes_all_associations_of_a_target_that_the_file_has_none_for():
    held = holding(a=kept(role()), rules={"a": {"local:x": None}})
    assert only(plan(saying(a=tried_role()), held, prune=True)).rules.removed == ["local:x"]


# -- pruning ----------------------------------------------------------------------------------------------------------
def test_it_removes_targets_that_the_file_lacks_with_their_associations():
    held = holding(a=kept(role()), b=kept(role()), rules={"b": {"local:x": None}})
    found = only(plan(saying(a=tried_role()), held, prune=True))
    assert (found.name, found.how, found.version) == ("b", ChangeKind.REMOVE, 7)
    assert found.rules.removed == ["local:x"] and found.loses == ["local:x"]


def test_it_says_nobody_loses_a_target_that_nobody_could_become():
    held = holding(b=kept(role(), state="disabled"), rules={"b": {"local:x": None}})
    assert only(plan(saying(), held, prune=True)).loses == []


@pytest.mark.parametrize(
    ("sections", "removed"),
    [
        ({"targets", "associations"}, ["b"]), ({"targets"}, ["b"]), ({"associations"}, []), ({"accounts"}, []),
        (set(), []),
    ],
)  # fmt: skip
def test_it_prunes_only_sections_that_the_file_has(sections, removed):
    held = holding(b=kept(role()), rules={"b": {"local:x": None}})
    found = plan(saying(sections=sections), held, prune=True)
    assert [each.name for each in found.targets if each.how == ChangeKind.REMOVE] == removed
    assert any(each.rules.removed for each in found.targets) == bool(
        {"targets", "associations"} & sections
    )


# -- who gains and loses ----------------------------------------------------------------------------------------------
def test_it_says_by_group_who_gains_and_who_loses():
    held = holding(
        a=kept(role()), b=kept(role()), rules={"a": {"local:x": None}, "b": {"local:y": None}}
    )
    wanted = saying(
        a=tried_role(),
        b=role(state="disabled"),
        rules={"a": {"local:z": None}, "b": {"local:y": None}},
    )
    found = plan(wanted, held, prune=True)
    assert found.gains() == {"local:z": ["a"]} and found.loses() == {
        "local:x": ["a"],
        "local:y": ["b"],
    }


def test_it_says_nobody_gains_a_target_that_is_pending():
    found = only(plan(saying(a=role(), rules={"a": {"local:x": None}}), NEW))
    assert found.gains == [] and found.rules.added == {"local:x": None}


def test_it_says_that_the_groups_of_a_target_gain_it_when_it_is_enabled():
    held = holding(a=kept(role(), state="disabled"), rules={"a": {"local:x": None}})
    assert only(plan(saying(a=role(state="enabled")), held)).gains == ["local:x"]


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
    held = holding(a=kept(role()), rules={"a": {"local:x": before}})
    found = only(plan(saying(rules={"a": {"local:x": after}}), held))
    assert (found.gains, found.loses) == (["local:x"] * gains, ["local:x"] * loses)
    assert found.rules.changed == {"local:x": after}


def test_it_says_nobody_gains_or_loses_by_associations_that_have_ended():
    held = holding(
        a=kept(role()), b=kept(role()), rules={"a": {"local:x": ENDED}, "b": {"local:y": ENDED}}
    )
    found = plan(saying(a=tried_role(), rules={"a": {"local:z": ENDED}}), held, prune=True)
    assert found.targets and (found.gains(), found.loses()) == ({}, {})


def test_it_says_nobody_gains_a_target_by_its_being_enabled_when_its_associations_have_ended():
    held = holding(
        a=kept(role(), state="disabled"), rules={"a": {"local:x": ENDED, "local:y": UNTIL}}
    )
    assert only(plan(saying(a=role(state="enabled")), held)).gains == ["local:y"]


def test_it_names_every_group_that_is_entitled_to_something():
    held = holding(
        a=kept(role(), state="disabled"),
        b=kept(role()),
        rules={"a": {"local:x": None}, "b": {"l:y": UNTIL}},
    )
    wanted = saying(a=role(state="enabled"), rules={"b": {"l:y": None, "l:z": None}})
    assert plan(wanted, held).entitled() == {"local:x", "l:y", "l:z"}


def test_it_counts():
    held = holding(a=kept(role()), b=kept(role()), rules={"a": {"local:x": None}})
    wanted = saying(
        a=tried_role(title="A"), c=role(), rules={"a": {"local:x": UNTIL, "local:y": None}}
    )
    counts = plan(wanted, held, prune=True).counts()
    assert (counts["targets add"], counts["targets change"], counts["targets remove"]) == (1, 1, 1)
    assert (
        counts["associations added"],
        counts["associations changed"],
        counts["associations removed"],
    ) == (1, 1, 0)


# -- one plan and another ---------------------------------------------------------------------------------------------
def test_it_has_the_same_digest_for_the_same_plan_and_another_for_any_other():
    wanted, held = saying(a=role(title="New")), holding(a=kept(role()))
    first = plan(wanted, held).digest()
    assert plan(wanted, held).digest() == first
    assert plan(saying(a=role(title="Newer")), held).digest() != first
    moved = replace(held, versions={**held.versions, ("target", "a"): 8})
    assert plan(wanted, moved).digest() != first


def test_it_orders_by_name():
    found = plan(saying(c=role(), a=role(), b=role()), NEW)
    assert [each.name for each in found.targets] == ["a", "b", "c"]


# -- what a try found -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["role", "federated_user"])
@pytest.mark.parametrize(
    "tried", [ALL_WELL, LACKING, {"works": False, "findings": ["x"]}, {"tag_session": True}, {}]
)
def test_it_tells_of_a_try_as_it_was_told(tried, kind):
    found = facts(tried, kind)
    assert facts(result_from(found), kind) == found


def test_it_knows_no_source_identity_of_federated_users():
    assert (
        facts(ALL_WELL, "federated_user")["source_identity"] is False
        and facts(ALL_WELL)["source_identity"] is True
    )


# -- steps ------------------------------------------------------------------------------------------------------------
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
    made = steps_of(plan(saying(rules=rules, **{f"t{n}": role() for n in range(targets)}), NEW))
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
        plan(saying(a=role(title="A"), rules={"a": {f"local:g{m}": None for m in range(200)}}), NEW)
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
    made = steps_of(plan(saying(**big), NEW))
    assert all(len(json.dumps(step)) < MOST_BYTES + 10_000 for step in made) and len(made) > 3


def test_it_removes_before_it_adds():
    held = holding(z=kept(role()), rules={"z": {"local:x": None}})
    made = steps_of(plan(saying(a=role()), held, prune=True))
    assert [each["name"] for step in made for each in step["targets"]] == ["z", "a"]
    assert made[0]["targets"][0]["rules"]["versions"] == {"local:x": 7}


def test_it_makes_steps_fit_for_json():
    made = steps_of(plan(saying(a=tried_role(), rules={"a": {"local:x": UNTIL}}), NEW))
    assert json.loads(json.dumps(made)) == made
