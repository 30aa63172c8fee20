"""A text is the same whatever ends its lines: typed, imported, or stored by an older version."""

import json

import pytest
from django import forms
from django.forms.forms import BaseForm

from brokers import catalogue
from brokers.import_export.drafts import draft
from brokers.models import Target
from core import admin
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from tests.support.forms import fields_of, submit
from tests.support.import_files import exported, refused

CHANGE = "/admin/brokers/target/dev-read/change/"
FORM = "target_form"
SAVED = 302

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    },
    indent=2,
)
DESCRIPTION = "Reads what is there.\nWrites nothing."
WITH_CRLF = {
    name: text.replace("\n", "\r\n")
    for name, text in [("session_policy", POLICY), ("description", DESCRIPTION)]
}


def long_policy(characters: int) -> str:
    """Return a policy of so many characters in more than a hundred lines."""
    short = POLICY.replace("{", "{" + 120 * "\n", 1)
    return short.replace("\n", "\n" + " " * (characters - len(short)), 1)


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def stored() -> Target:
    target = Target.find("dev-read")
    assert target is not None
    return target


def set_texts(carol) -> None:
    """Give the target texts of several lines by its form, as a browser sends them."""
    answer = submit(carol, CHANGE, FORM, **WITH_CRLF)
    assert answer.status_code == SAVED


def store_as_older_versions_did(store) -> None:
    """Put CRLF into the table itself."""
    (item,) = [
        item
        for item in store.tables["cooper-targets"].all_items()
        if item.attrs["name"].value == "dev-read"
    ]
    for name, text in WITH_CRLF.items():
        item.attrs[name].value = text
    catalogue.forget()


def probes() -> list[AuditEvent]:
    return [event for event in events_of("dev-read") if event.event == Event.TARGET_TRIED]


def last_change() -> dict[str, object]:
    changes = [event for event in events_of("dev-read") if event.event == Event.TARGET_CHANGED]
    newest = max(changes, key=lambda event: event.at)
    return dict(newest.facts["changes"])


def test_a_form_stores_lines_that_end_in_lf(carol):
    set_texts(carol)
    assert (stored().session_policy, stored().description) == (POLICY, DESCRIPTION)


def test_saving_the_title_alone_changes_nothing_else_and_tests_nothing(carol):
    set_texts(carol)
    tested = len(probes())
    assert submit(carol, CHANGE, FORM, title="Another title").status_code == SAVED
    assert len(probes()) == tested
    assert last_change().keys() == {"title"}
    assert stored().session_policy == POLICY


def test_what_an_older_version_stored_is_the_same_text(carol, store):
    set_texts(carol)
    store_as_older_versions_did(store)
    tested = len(probes())
    assert stored().session_policy == POLICY

    assert submit(carol, CHANGE, FORM, title="Another title").status_code == SAVED
    assert len(probes()) == tested
    assert last_change().keys() == {"title"}


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_importing_what_was_exported_changes_nothing(carol, store, older, ending):
    set_texts(carol)
    if older:
        store_as_older_versions_did(store)
    assert submit(carol, CHANGE, FORM, title="Another title").status_code == SAVED

    text = exported()
    assert "Writes nothing." in text
    data = text.replace("\n", ending).encode()
    plan = draft(data).plan
    assert (plan.accounts, plan.targets) == ([], [])


def test_a_file_of_an_older_version_says_the_same(carol, store):
    set_texts(carol)
    escaped = json.dumps(WITH_CRLF["session_policy"])
    lines = exported().splitlines()
    start = lines.index("    session_policy: |-")
    end = next(n for n in range(start + 1, len(lines)) if not lines[n].startswith("      "))
    lines[start:end] = [f"    session_policy: {escaped}"]
    plan = draft("\n".join(lines).encode()).plan
    assert (plan.accounts, plan.targets) == ([], [])


def test_a_policy_is_counted_as_the_browser_counts_it(carol):
    text = long_policy(2048)
    assert len(text) == 2048 and text.count("\n") > 100
    sent = text.replace("\n", "\r\n")
    assert submit(carol, CHANGE, FORM, session_policy=sent).status_code == SAVED
    assert stored().session_policy == text

    # and can be saved again
    assert submit(carol, CHANGE, FORM, title="Another title").status_code == SAVED
    page = carol.get(CHANGE)
    assert fields_of(page.text, FORM)["session_policy"] == sent


def forms_of(base: type[BaseForm]) -> set[type[BaseForm]]:
    """Return the forms that are loaded."""
    derived = set(base.__subclasses__())
    return derived.union(*(forms_of(form) for form in derived))


def test_every_field_of_several_lines_has_one_kind_of_line_ending():
    checked = 0
    for form in forms_of(BaseForm):
        if form.__module__.startswith(("django.", "tests.")):
            continue
        for name, field in form.base_fields.items():
            if isinstance(field.widget, forms.Textarea):
                assert isinstance(field, admin.TextField | admin.LinesField), (form, name)
                checked += 1
    assert checked > 5


@pytest.mark.parametrize("typed", ["a\r\nb", "a\rb", "a\nb"])
def test_a_text_field_counts_and_keeps_one_character_for_a_new_line(typed):
    field = admin.TextField(max_length=3)
    assert field.clean(typed) == "a\nb"
    assert not field.has_changed("a\nb", typed)


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\u2028b", "a\u202eb", "a\x1bb", "a\x85b"])
@pytest.mark.parametrize(
    ("address", "form_id", "name"),
    [
        (CHANGE, FORM, "title"),
        (CHANGE, FORM, "account_name"),
        ("/admin/brokers/awsaccount/222222222222/change/", "awsaccount_form", "name"),
        ("/admin/accounts/localaccount/bob/change/", "localaccount_form", "name"),
    ],
)
def test_a_field_of_one_line_takes_one_line(carol, address, form_id, name, text):
    answer = submit(carol, address, form_id, **{name: text})
    assert answer.status_code == 400 and "has to be one line" in answer.text


def test_an_import_takes_one_line_there_as_well(store):
    text = exported().replace("title: Development, read only", 'title: "a\\nb"')
    assert "one line" in " ".join(refused(text))
