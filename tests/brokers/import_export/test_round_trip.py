"""Targets and associations go out as a file and come in again, against the embedded AWS."""

import time

import pytest

from brokers.import_export import jobs
from brokers.models import Target
from tests.support.import_files import emptied, exported, imported, many

SECONDS = 0.03
"""Seconds for one target with its five associations at most (measured: 0.005)."""


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
    begin = time.monotonic()
    imported(many(targets, associations))
    took = time.monotonic() - begin
    first = exported()
    items = {str(each.name): each.attribute_values for each in Target.everything()}
    emptied(store)
    imported(first)
    assert exported() == first and first.count("\n    kind: role") == targets
    assert {str(each.name): each.attribute_values for each in Target.everything()} == items
    assert first == many(targets, associations) and took < targets * SECONDS, f"{took:.1f} s"
