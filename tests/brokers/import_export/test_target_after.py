"""What a target will be after an import, and whether it will be enabled."""

from typing import Any

import pytest

from brokers.import_export.snapshot import DEFAULTS
from brokers.import_export.target_after import notes_on, target_after
from brokers.readiness import NOT_PROBED, result_from
from tests.support.import_plans import (
    ACCOUNT,
    ALL_WELL,
    ARN,
    EMPTY,
    EXTERNAL_ID,
    KEYS,
    LACKING,
    facts,
    in_file,
    only_target,
    plan,
    probed_role,
    role,
    state_of,
    stored,
    user,
)


# -- through the planner: whether it is enabled ----------------------------------------------------
@pytest.mark.parametrize(
    ("said", "state"),
    [
        (role(), "pending"),
        (role(state="pending"), "pending"),
        (role(state="disabled"), "disabled"),
        (role(state="enabled"), "pending"),
        (probed_role(), "enabled"),
        (probed_role() | {"state": None}, "pending"),
        (probed_role() | {"state": "disabled"}, "disabled"),
        (probed_role(LACKING), "pending"),
        (probed_role(ALL_WELL | {"external_id_enforced": False}), "pending"),
        (probed_role(ALL_WELL | {"source_identity": False}), "pending"),
        (probed_role(ALL_WELL | {"works": False}), "pending"),
        (
            probed_role(
                {"external_id_enforced": True, "tag_session": True, "source_identity": True}
            ),
            "enabled",
        ),
        (probed_role({"works": True}), "pending"),
        (probed_role(LACKING, weaker_mode_accepted=True), "enabled"),
        (probed_role(LACKING, weaker_mode_accepted=True, sensitive=True), "pending"),
        (probed_role({"works": False}, weaker_mode_accepted=True), "pending"),
        (role(state="enabled", weaker_mode_accepted=True), "pending"),
        (probed_role(sensitive=True), "enabled"),
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
def test_it_enables_a_new_target_only_by_a_probe_that_the_file_tells_of(said, state):
    found = only_target(plan(in_file(a=said), EMPTY))
    assert found.values["state"] == state
    if said["state"] == "enabled":
        [note] = found.notes
        assert (
            ("not tested here" in note)
            if state == "enabled"
            else note.startswith("pending, not enabled")
        )


@pytest.mark.parametrize(
    ("accounts", "here", "state"),
    [
        ({ACCOUNT: {"external_id": EXTERNAL_ID}}, {}, "enabled"),
        ({ACCOUNT: {"name": "Dev"}}, {}, "pending"),
        ({}, {}, "pending"),
        ({ACCOUNT: {"external_id": EXTERNAL_ID}}, None, "enabled"),
        ({}, None, "pending"),
    ],
)
def test_it_believes_a_probe_only_with_the_external_id_that_it_was_made_with(accounts, here, state):
    found = only_target(plan(in_file(accounts=accounts, a=probed_role()), state_of(accounts=here)))
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
def test_it_drops_a_target_to_pending_whose_probe_no_longer_counts(changed, value, state, then):
    current = state_of(a=stored(role(), state=state))
    found = only_target(plan(in_file(a=role(state=None, **{changed: value})), current))
    assert found.values.get("state", state) == then
    assert found.values["probe"] is None and found.values["tag_session"] is False
    assert found.changes["tried"] == ["valid", "no longer valid"]


def test_it_does_not_believe_the_file_about_a_changed_role():
    said = probed_role(role_arn=f"{ARN}-2")
    found = only_target(plan(in_file(a=said), state_of(a=stored(role()))))
    assert (
        found.values["state"] == "pending"
        and "has changed" in found.notes[0]
        and found.values["probe"] is None
    )


def test_it_keeps_a_target_enabled_whose_longest_session_is_cut():
    found = only_target(plan(in_file(a=probed_role(max_seconds=900)), state_of(a=stored(role()))))
    assert found.values == {"max_seconds": 900}


def test_it_keeps_what_was_probed_here_whatever_the_file_tells():
    current = state_of(a=stored(role(), LACKING, state="pending"))
    assert not plan(in_file(a=probed_role()), current)


def test_it_does_not_enable_a_pending_target_by_the_files_word():
    current = state_of(a=stored(role(title="Old"), LACKING, state="pending"))
    found = only_target(plan(in_file(a=probed_role(title="New")), current))
    assert found.values == {"title": "New"} and "pending, not enabled" in found.notes[0]


def test_it_enables_a_disabled_target_by_what_was_probed_here():
    current = state_of(a=stored(role(), state="disabled"))
    assert only_target(plan(in_file(a=role(state="enabled")), current)).values == {
        "state": "enabled"
    }


def test_it_does_not_enable_a_disabled_target_that_lacks_something():
    current = state_of(a=stored(role(), LACKING, state="disabled"))
    assert only_target(plan(in_file(a=role(state="enabled")), current)).values == {
        "state": "pending"
    }


@pytest.mark.parametrize("state", ["pending", "disabled"])
def test_it_takes_a_target_out_of_service_when_the_file_says_so(state):
    found = only_target(
        plan(
            in_file(a=role(state=state)), state_of(a=stored(role()), rules={"a": {"local:x": None}})
        )
    )
    assert found.values == {"state": state} and found.loses == ["local:x"] and found.gains == []


def test_it_keeps_the_state_when_the_file_says_nothing_of_it():
    for state in ("enabled", "disabled", "pending"):
        assert not plan(in_file(a=role(state=None)), state_of(a=stored(role(), state=state)))


def test_it_drops_a_target_that_becomes_sensitive_in_a_weaker_mode():
    current = state_of(a=stored(role(weaker_mode_accepted=True), LACKING))
    found = only_target(plan(in_file(a=probed_role(LACKING, sensitive=True)), current))
    assert found.values == {"sensitive": True, "weaker_mode_accepted": False, "state": "pending"}


def test_it_drops_a_target_whose_weaker_mode_is_no_longer_accepted():
    current = state_of(a=stored(role(weaker_mode_accepted=True), LACKING))
    assert only_target(plan(in_file(a=probed_role(LACKING)), current)).values["state"] == "pending"


def test_it_keeps_a_target_in_the_weaker_mode_that_was_accepted():
    current = state_of(a=stored(role(weaker_mode_accepted=True), LACKING))
    assert not plan(in_file(a=probed_role(LACKING, weaker_mode_accepted=True)), current)


def test_it_accepts_a_weaker_mode_that_the_file_says():
    current = state_of(a=stored(role(), LACKING, state="pending"))
    found = only_target(plan(in_file(a=probed_role(LACKING, weaker_mode_accepted=True)), current))
    assert found.values == {"weaker_mode_accepted": True, "state": "enabled"}
    assert found.changes == {"weaker_mode_accepted": [False, True], "state": ["pending", "enabled"]}


def test_it_does_not_note_a_weaker_mode_where_nothing_is_lacking():
    assert (
        only_target(plan(in_file(a=probed_role(weaker_mode_accepted=True)), EMPTY)).values[
            "weaker_mode_accepted"
        ]
        is False
    )


def test_it_leaves_an_enabled_target_enabled_that_nobody_ever_probed():
    bare = {
        name: value for name, value in stored(role(title="Old")).items() if name not in NOT_PROBED
    } | NOT_PROBED
    assert only_target(
        plan(in_file(a=role(title="New", state="enabled")), state_of(a=bare))
    ).values == {"title": "New"}


# -- what a probe found ----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["role", "federated_user"])
@pytest.mark.parametrize(
    "result", [ALL_WELL, LACKING, {"works": False, "findings": ["x"]}, {"tag_session": True}, {}]
)
def test_it_keeps_all_that_a_file_tells_of_a_probe(result, kind):
    found = facts(result, kind)
    assert facts(result_from(found), kind) == found


def test_it_knows_no_source_identity_of_federated_users():
    assert (
        facts(ALL_WELL, "federated_user")["source_identity"] is False
        and facts(ALL_WELL)["source_identity"] is True
    )


# -- each by itself --------------------------------------------------------------------------------
def after(
    target: dict[str, Any], before: dict[str, Any] | None = None, *, believe_probe: bool = True
) -> dict[str, Any]:
    return target_after(target, before, believe_probe=believe_probe)


def test_a_target_has_all_settings_of_the_file_and_nothing_else():
    target = probed_role(title="A", labels=["env=dev"])
    assert set(after(target)) == {*DEFAULTS, *NOT_PROBED, "state"}
    assert {name: after(target)[name] for name in DEFAULTS} == {
        name: target[name] for name in DEFAULTS
    }


def test_what_was_read_from_the_file_is_not_changed():
    target = probed_role(weaker_mode_accepted=True)
    copied = dict(target)
    after(target, stored(role()))
    assert target == copied


def test_a_probe_that_is_not_believed_leaves_a_new_target_unprobed():
    outcome = after(probed_role(), believe_probe=False)
    assert {name: outcome[name] for name in NOT_PROBED} == NOT_PROBED
    assert outcome["state"] == "pending"


def test_keys_that_are_here_stay_with_their_place():
    before = stored(user(aws_account="999999999999", **KEYS))
    outcome = after(user(aws_account=None), before)
    assert {name: outcome[name] for name in KEYS} == KEYS
    assert outcome["aws_account"] == "999999999999"


def test_keys_in_the_file_replace_those_that_are_here():
    new_keys = {**KEYS, "access_key_id": "AKIB", "federation_keys": "WFla"}
    outcome = after(user(**new_keys), stored(user(**KEYS)))
    assert outcome["access_key_id"] == "AKIB"
    assert outcome["federation_keys"] == "WFla"


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"title": "New"}, True),
        ({"sensitive": True}, True),
        ({"max_seconds": 900}, True),
        ({"max_seconds": 7200}, False),
        ({"role_arn": f"{ARN}-2"}, False),
        ({"policy_arns": ["arn:aws:iam::aws:policy/X"]}, False),
    ],
)
def test_what_is_known_of_a_probe_is_kept_while_it_is_true(changes, kept):
    outcome = after(role(**changes), stored(role()))
    assert (outcome["probe"] is not None) == kept
    assert outcome["tag_session"] == kept


@pytest.mark.parametrize(
    ("in_the_file", "before", "state"),
    [
        (None, None, "pending"),
        (None, "pending", "pending"),
        (None, "enabled", "enabled"),
        (None, "disabled", "disabled"),
        ("enabled", "disabled", "enabled"),
        ("enabled", "pending", "enabled"),
        ("disabled", "enabled", "disabled"),
        ("pending", "enabled", "pending"),
    ],
)
def test_a_probed_target_gets_the_state_that_is_asked_for(in_the_file, before, state):
    current = None if before is None else stored(role(), state=before)
    assert after(role(state=in_the_file), current)["state"] == state


def notes(
    target: dict[str, Any], before: dict[str, Any] | None = None, *, believe_probe: bool = True
) -> list[str]:
    outcome = after(target, before, believe_probe=believe_probe)
    return notes_on(target, before, outcome)


@pytest.mark.parametrize(
    ("target", "before"),
    [
        (role(), None),
        (role(state="disabled"), None),
        (role(state="enabled"), stored(role())),
        (role(), stored(role(), LACKING, state="pending")),
        (role(state="disabled", role_arn=f"{ARN}-2"), stored(role())),
    ],
    ids=["pending", "disabled", "enabled already", "state not said", "disabled and changed"],
)
def test_there_is_no_note_where_the_state_is_as_expected(target, before):
    assert notes(target, before) == []


@pytest.mark.parametrize(
    ("target", "before", "note"),
    [
        (probed_role(), None, "enabled because of the test result in the file"),
        (role(state="enabled"), None, "pending, not enabled: it has not been tested here"),
        (probed_role(LACKING), None, "pending, not enabled: its last test found something missing"),
        (role(role_arn=f"{ARN}-2"), stored(role()), "pending, not enabled: something that its last"),
        (user(state="enabled"), None, "pending, not enabled: it has no Federation Keys here"),
    ],
)  # fmt: skip
def test_a_note_says_why_the_state_is_another(target, before, note):
    [text] = notes(target, before)
    assert text.startswith(note)
