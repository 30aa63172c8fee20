"""The object that travels through the admin's hooks."""

import pytest

from core.admin import AdminOperation, FormChanges
from core.errors import StepUpRequired


def test_it_shows_no_secret_in_a_traceback():
    changes = FormChanges(
        cleaned_data={"password": "s3cret"}, before_and_after={"name": ["a", "b"]}
    )
    operation = AdminOperation("change", given={"code": "123456"}, changes=changes)
    shown = repr(operation)
    assert "s3cret" not in shown and "123456" not in shown and "name" in shown


def test_it_writes_a_new_document_always_and_a_stored_one_when_it_changed():
    assert AdminOperation("add").writes_anything
    assert not AdminOperation("change").writes_anything
    changes = FormChanges(before_and_after={"name": ["a", "b"]})
    assert AdminOperation("change", changes=changes).writes_anything


def test_it_is_not_authorized_until_somebody_says_so():
    operation = AdminOperation("change")
    with pytest.raises(StepUpRequired):
        operation.demand_authorized()
    operation.authorized = True
    operation.demand_authorized()


def test_it_has_one_document_or_says_that_it_has_not():
    with pytest.raises(ValueError, match="not enough values"):
        _ = AdminOperation("delete").document
