"""The private names of Django that the admin rests on are there, and there are no others."""

import inspect
import re
from pathlib import Path

import pytest
from django.contrib.admin.views.main import ChangeList

from core.admin.django_internals import PRIVATE_NAMES

ADMIN = Path(__file__).parents[3] / "core" / "admin"


@pytest.mark.parametrize("private", PRIVATE_NAMES, ids=lambda private: private.name)
def test_django_still_has_it(private):
    assert hasattr(private.owner, private.name), private.reason


def test_a_list_that_shows_all_still_copies_its_queryset():
    assert "self.queryset._clone()" in inspect.getsource(ChangeList.get_results)


def test_nothing_else_overrides_or_calls_private_names_of_django():
    calls = re.compile(r"super\(\)\.(_[a-z]\w*)")
    found = {
        (path.name, name) for path in ADMIN.glob("*.py") for name in calls.findall(path.read_text())
    }
    assert found == set()
