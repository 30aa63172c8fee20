"""What each bulk change does to one target, before anything is written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from brokers.admin import TargetAdmin, bulk_changes
from brokers.admin.actions import BULK_ACTIONS
from brokers.admin.bulk_changes import BulkChange, TargetChange
from brokers.admin.operation_kinds import TargetOperationKind
from brokers.models import Association, State, Target

UNTIL = datetime(2030, 1, 2, tzinfo=UTC)


def changed(bulk_change: BulkChange, *rules: Association, **attributes: Any) -> TargetChange:
    """Return what a bulk change does to a target of these attributes and associations."""
    target = Target("a", kind="role", **attributes)
    target_change = TargetChange(target, {rule.group: rule for rule in rules})
    bulk_change(target_change)
    return target_change


@pytest.mark.parametrize(
    ("state", "enable", "changes"),
    [
        (State.PENDING, True, {"enabled": [False, True]}),
        (State.DISABLED, True, {"enabled": [False, True]}),
        (State.ENABLED, True, {}),
        (State.PENDING, False, {}),
        (State.DISABLED, False, {}),
        (State.ENABLED, False, {"enabled": [True, False]}),
    ],
)
def test_enabling_changes_what_is_not_so_already(state, enable, changes):
    target_change = changed(bulk_changes.set_enabled(enable), state=str(state))
    assert target_change.changes.before_and_after == changes
    assert bool(target_change.changes) == bool(changes)
    # the state itself is decided by the probe
    assert target_change.target.state == state


@pytest.mark.parametrize(("before", "changes"), [(3600, {}), (900, {"max_seconds": [900, 3600]})])
def test_setting_changes_what_differs(before, changes):
    target_change = changed(bulk_changes.set_attribute("max_seconds", 3600), max_seconds=before)
    assert target_change.changes.before_and_after == changes
    assert target_change.target.max_seconds == 3600


@pytest.mark.parametrize(
    ("current", "until", "saved"),
    [
        (None, None, True),
        (None, UNTIL, True),
        (Association("a", "local:x"), None, False),
        (Association("a", "local:x", until=UNTIL), UNTIL, False),
        (Association("a", "local:x", version=7), UNTIL, True),
        (Association("a", "local:x", until=UNTIL, version=7), None, True),
    ],
)
def test_associating_saves_what_differs_over_the_version_that_is_there(current, until, saved):
    rules = [] if current is None else [current]
    changes = changed(bulk_changes.associate("local:x", until), *rules).changes
    assert bool(changes) == bool(changes.rows_to_save) == saved
    for rule in changes.rows_to_save:
        assert (rule.target, rule.group, rule.until) == ("a", "local:x", until)
        assert rule.version == (None if current is None else 7)


def test_associating_leaves_other_groups_alone():
    changes = changed(bulk_changes.associate("local:x", None), Association("a", "local:y")).changes
    assert [rule.group for rule in changes.rows_to_save] == ["local:x"]
    assert changes.rows_to_delete == []


@pytest.mark.parametrize(("group", "removed"), [("local:x", ["local:x"]), ("local:z", [])])
def test_dissociating_removes_that_group_where_it_is(group, removed):
    rules = [Association("a", "local:x"), Association("a", "local:y")]
    changes = changed(bulk_changes.dissociate(group), *rules).changes
    assert [rule.group for rule in changes.rows_to_delete] == removed
    assert bool(changes) == bool(removed)


# -- codes -----------------------------------------------------------------------------------------
def test_every_action_has_the_kind_that_it_is_named_like():
    others = {TargetOperationKind.IMPORT, TargetOperationKind.TEST}
    names = {action.__name__ for action in BULK_ACTIONS}
    assert names == {str(kind) for kind in TargetOperationKind if kind not in others}


def test_every_kind_takes_a_code():
    assert set(TargetOperationKind) <= set(TargetAdmin.step_up)
