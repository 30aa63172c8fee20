"""The rows of lists are those that Django's admin would make."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.admin.templatetags import admin_list
from django.urls import reverse
from django.utils.html import conditional_escape

from brokers import catalogue
from brokers.models import Association, Target
from core import admin
from core.admin import changelist
from core.admin.rows import rows_of

LISTS = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    for model in admin.site._registry
)


@pytest.fixture
def changelists(monkeypatch):
    """Return the change lists whose rows were made."""
    seen = []

    def noting(one):
        seen.append(one)
        return rows_of(one)

    monkeypatch.setattr(changelist, "rows_of", noting)
    return seen


@pytest.fixture
def odd(store):
    """Let there be texts that have to be escaped, blanks and moments."""
    target = Target.find("dev-read")
    target.title = '<b>&amp;</b> "quoted"'
    target.description = "  "
    association = Association.find("dev-read", "local:developers")
    association.until = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    catalogue.edit(lambda writes: writes.save(association), "dev-read")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("query", ["", "?q=a&p=1"])
def test_they_are_what_django_makes(client_of, odd, changelists, name, query):
    client_of("alice").get("/targets/dev-read/")
    if "auditevent" in name:
        query = ""
    carol = client_of("carol")
    answer = carol.get(f"{reverse(name)}{query}")
    if answer.status_code == 302:
        return
    [shown] = changelists
    rows = [without_labels(row) for row in rows_of(shown)]
    expected = ["".join(map(conditional_escape, row)) for row in admin_list.results(shown)]
    assert rows == expected
    for row in rows:
        assert row in without_labels(answer.text)


def without_labels(text: str) -> str:
    """Return the text without what cooper adds to cells for cards: names, and which are empty."""
    return re.sub('data-label="[^"]+" |data-empty ', "", text)


def test_enough_of_them_have_rows(client_of, odd, changelists):
    carol = client_of("carol")
    for name in LISTS:
        carol.get(reverse(name))
    counts = {one.opts.model_name: len(rows_of(one)) for one in changelists}
    with_rows = {name for name, count in counts.items() if count}
    assert {"target", "association", "person", "localaccount", "awsaccount"} <= with_rows
    assert "auditevent" in with_rows
