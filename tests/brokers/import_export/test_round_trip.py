"""Targets and associations go out as a file and come in again, against the embedded AWS."""

import pytest

from brokers.import_export import jobs
from brokers.models import Target
from tests.support import faults
from tests.support.import_files import emptied, exported, imported, many

CALLS_PER_TARGET = 1
"""Calls to AWS at most for a target with its five associations (0.58 measured).

Items are written in steps of 90, so a call for each item would be six.
"""


def test_it_makes_an_empty_store_equal_to_the_one_exported(store):
    before = exported(with_keys=True)
    emptied(store)
    assert "dev-read" not in exported()
    done = imported(before)
    assert done.state == jobs.DONE and done.applied == done.total
    assert exported(with_keys=True) == before


@pytest.mark.parametrize(
    ("targets", "associations"), [(100, 500), pytest.param(2000, 10_000, marks=pytest.mark.soak)]
)
def test_it_imports_many_and_exports_them_identically(store, targets, associations):
    emptied(store)
    calls_before = len(faults.journal())
    imported(many(targets, associations))
    calls = len(faults.journal()) - calls_before
    first = exported()
    items = {str(each.name): each.attribute_values for each in Target.everything()}
    emptied(store)
    imported(first)
    assert exported() == first and first.count("\n    kind: role") == targets
    assert {str(each.name): each.attribute_values for each in Target.everything()} == items
    assert first == many(targets, associations)
    assert calls <= targets * CALLS_PER_TARGET
