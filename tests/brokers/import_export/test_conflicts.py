"""What a file asks for that cannot be done here."""

import pytest

from brokers.import_export.conflicts import find_conflicts
from brokers.import_export.snapshot import Contents, CurrentState
from tests.support.import_plans import (
    ACCOUNT,
    EXTERNAL_ID,
    KEYS,
    UNTIL,
    in_file,
    plan,
    problems_of,
    role,
    state_of,
    stored,
    user,
)


# -- through the planner ---------------------------------------------------------------------------
def test_it_refuses_a_name_that_was_deleted_once():
    found = problems_of(plan(in_file(a=role()), state_of(deleted=("a",))))
    assert "never used again" in found["targets", "a"]


def test_it_refuses_another_kind():
    assert (
        "never changes"
        in problems_of(plan(in_file(a=user()), state_of(a=stored(role()))))["targets", "a", "kind"]
    )


def test_it_refuses_another_external_id():
    found = problems_of(plan(in_file(accounts={ACCOUNT: {"external_id": "other"}}), state_of()))
    assert "never changes" in found["accounts", ACCOUNT, "external_id"]


@pytest.mark.parametrize("prune", [False, True])
def test_it_refuses_an_association_to_an_unknown_target(prune):
    found = problems_of(
        plan(in_file(rules={"b": {"local:x": None}}), state_of(a=stored(role())), prune=prune)
    )
    assert found == {("associations", "b"): "There is no target b."}


def test_it_refuses_an_association_to_a_deleted_target():
    assert problems_of(plan(in_file(rules={"a": {"local:x": None}}), state_of(deleted=("a",))))


def test_it_refuses_an_association_to_a_target_that_the_same_file_removes():
    contents, current = in_file(rules={"a": {"local:x": None}}), state_of(a=stored(role()))
    assert not plan(contents, current).problems and problems_of(plan(contents, current, prune=True))


def test_it_names_all_problems_at_once_and_plans_nothing():
    contents = in_file(
        a=role(),
        b=user(),
        rules={"c": {"local:x": None}},
        accounts={ACCOUNT: {"external_id": "other"}},
    )
    assert len(problems_of(plan(contents, state_of(b=stored(role()), deleted=("a",))))) == 4


# -- each by itself --------------------------------------------------------------------------------
def conflicts(
    contents: Contents, current: CurrentState, *, prune: bool = False
) -> dict[tuple[str, ...], str]:
    """Return the messages by their paths."""
    problems = find_conflicts(contents, current, prune=prune)
    return {problem.path: problem.message for problem in problems}


def test_a_file_that_fits_has_none():
    contents = in_file(a=role(), b=role(), rules={"a": {"local:x": None}})
    assert conflicts(contents, state_of(a=stored(role()))) == {}


@pytest.mark.parametrize(
    ("external_id", "conflicting"), [(None, False), (EXTERNAL_ID, False), ("other", True)]
)
def test_an_external_id_never_changes(external_id, conflicting):
    contents = in_file(accounts={ACCOUNT: {"external_id": external_id}})
    assert bool(conflicts(contents, state_of())) == conflicting


def test_a_new_aws_account_may_bring_its_external_id():
    contents = in_file(accounts={"999999999999": {"external_id": "other"}})
    assert conflicts(contents, state_of()) == {}


def test_a_deleted_name_is_refused_whatever_else_is_wrong_with_the_target():
    found = conflicts(in_file(a=user()), state_of(deleted=("a",)))
    assert list(found) == [("targets", "a")]


@pytest.mark.parametrize(("here", "there"), [(role(), user()), (user(), role())])
def test_a_kind_never_changes(here, there):
    found = conflicts(in_file(a=there), state_of(a=stored(here)))
    assert found == {
        ("targets", "a", "kind"): f"a has the kind {here['kind']} here. "
        "The kind of a target never changes."
    }


@pytest.mark.parametrize(
    ("attribute", "value"), [("aws_account", "999999999999"), ("partition", "aws-cn")]
)
def test_kept_federation_keys_bind_a_target_to_its_place(attribute, value):
    current = state_of(a=stored(user(**KEYS)))
    assert list(conflicts(in_file(a=user(**{attribute: value})), current)) == [
        ("targets", "a", attribute)
    ]


@pytest.mark.parametrize(
    "target",
    [
        user(),
        user(aws_account=None),
        user(aws_account="999999999999", **KEYS),
        user(partition="aws-cn", **KEYS),
    ],
    ids=["same place", "no place said", "new keys elsewhere", "new keys of another partition"],
)
def test_a_federated_user_may_stay_in_its_place_or_move_with_new_keys(target):
    assert conflicts(in_file(a=target), state_of(a=stored(user(**KEYS)))) == {}


def test_a_federated_user_without_keys_may_move():
    moved = user(aws_account="999999999999")
    assert conflicts(in_file(a=moved), state_of(a=stored(user()))) == {}


@pytest.mark.parametrize(
    ("sections", "prune", "conflicting"),
    [
        ({"associations"}, False, False),
        ({"associations"}, True, False),
        ({"targets", "associations"}, False, False),
        ({"targets", "associations"}, True, True),
    ],
)
def test_an_association_needs_a_target_that_stays(sections, prune, conflicting):
    contents = in_file(rules={"a": {"local:x": UNTIL}}, sections=sections)
    current = state_of(a=stored(role()))
    assert bool(conflicts(contents, current, prune=prune)) == conflicting
