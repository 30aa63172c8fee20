"""A group that nobody is known to be in is named in the preview, and stops nothing."""

import pytest

from brokers.admin import known_people
from brokers.admin.group_notes import notes_on_groups
from brokers.impact import KnownPerson, PeopleByGroup
from brokers.models import Association
from tests.support.forms import fields_of, looked_at, preview_box

PEOPLE = PeopleByGroup([KnownPerson("local:alice", ["local:developers", "okta:finance"])])


@pytest.mark.parametrize(
    ("group", "notes"),
    [
        ("local:developers", []),
        (
            "local:developpers",
            ["local:developpers: nobody known is in it so far. Did you mean local:developers?"],
        ),
        ("local:astronomers", ["local:astronomers: nobody known is in it so far."]),
        # another provider's group is another one
        ("local:finance", ["local:finance: nobody known is in it so far."]),
    ],
)
def test_it_names_what_nobody_is_in_and_what_may_be_meant(group, notes):
    assert notes_on_groups([group], PEOPLE) == notes


@pytest.fixture
def carol(client_of):
    client_of("alice")
    known_people.forget()
    return client_of("carol")


NOTE = "local:developpers: nobody known is in it so far. Did you mean local:developers?"


@pytest.mark.parametrize(
    ("address", "form_id", "typed"),
    [
        (
            "/admin/brokers/target/staging-db/change/",
            "target_form",
            {"associations-1-group": "developpers"},
        ),
        (
            "/admin/brokers/association/add/",
            "association_form",
            {"target": "staging-db", "group": "developpers"},
        ),
    ],
)
def test_the_preview_of_a_form_says_it_and_the_form_can_be_saved(carol, address, form_id, typed):
    fields = fields_of(carol.get(address).text, form_id) | typed | {"_preview": "Preview"}
    assert NOTE in preview_box(carol.post(address, fields).text)
    assert looked_at(carol, address, fields).status_code == 302
    assert Association.find("staging-db", "local:developpers")


def test_a_group_that_was_there_before_is_not_named(carol):
    address = "/admin/brokers/association/add/"
    fields = {"target": "staging-db", "group": "developpers", "until": ""}
    assert looked_at(carol, address, fields).status_code == 302

    page = "/admin/brokers/target/staging-db/change/"
    fields = fields_of(carol.get(page).text, "target_form")
    shown = carol.post(page, fields | {"title": "Other", "_preview": "Preview"})
    assert "nobody known is in it" not in preview_box(shown.text)
