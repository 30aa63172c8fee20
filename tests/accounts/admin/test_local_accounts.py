"""Local accounts in the admin: what a change gives a person is seen before it is saved."""

import re

import pytest

from accounts.models import LocalAccount
from tests.support.codes import next_code
from tests.support.forms import fields_of, mark_in

BOB = "/admin/accounts/localaccount/bob/change/"
ADD = "/admin/accounts/localaccount/add/"
FORM = "localaccount_form"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def filled_in(carol, address=BOB, **typed):
    fields = fields_of(carol.get(address).text, FORM)
    return fields | {"code": next_code("carol")} | typed


def groups_of(username):
    return list(LocalAccount.find(username).groups)


def effects_in(text):
    box = text.split('id="impact"')[1].split("</div>")[0]
    return [line.strip() for line in re.findall(r"<li>([^<]+)", box)]


def test_nobody_becomes_an_administrator_before_that_was_seen(carol):
    fields = filled_in(carol, groups="admins")
    page = carol.post(BOB, fields)
    assert "Nothing is saved yet" in page.text and groups_of("bob") == ["visitors"]
    assert effects_in(page.text)[0].startswith("local:bob becomes an administrator")

    again = fields | {"impact_shown": mark_in(page.text, "impact_shown")}
    assert carol.post(BOB, again).status_code == 302
    assert groups_of("bob") == ["admins"]


def test_a_new_account_that_administers_is_shown_as_well(carol):
    fields = filled_in(carol, ADD, username="zoe", groups="admins", password="a long enough one 7")
    page = carol.post(ADD, fields)
    assert effects_in(page.text)[0].startswith("local:zoe becomes an administrator")
    assert LocalAccount.find("zoe") is None


def test_it_names_the_targets_that_are_gained_and_lost(carol):
    page = carol.post(BOB, filled_in(carol, groups="developers"))
    [line] = effects_in(page.text)
    assert line.startswith("local:bob may become: ") and "dev-read" in line

    alice = BOB.replace("bob", "alice")
    [line] = effects_in(carol.post(alice, filled_in(carol, alice, disabled="on")).text)
    assert line.startswith("local:alice may no longer become: ") and "dev-read" in line


def test_a_deletion_names_what_is_lost(carol):
    page = carol.get(BOB.replace("bob/change", "alice/delete"))
    assert "local:alice may no longer become: " in page.text


def test_a_change_that_gives_nobody_anything_is_saved_at_once(carol):
    assert carol.post(BOB, filled_in(carol, name="Bob the Second")).status_code == 302
    assert LocalAccount.find("bob").name == "Bob the Second"


@pytest.mark.parametrize(
    ("address", "form_id", "typed"),
    [
        (BOB, FORM, {"groups": "admins"}),
        ("/admin/brokers/target/dev-read/change/", "target_form", {"enabled": None}),
        (
            "/admin/brokers/association/dev-admin%7Clocal_3Adevelopers/change/",
            "association_form",
            {"until": "2030-01-01T00:00"},
        ),
    ],
)
def test_preview_code_and_button_stand_together_and_the_preview_has_the_focus(
    carol, address, form_id, typed
):
    page = carol.get(address)
    assert page.status_code == 200
    fields = fields_of(page.text, form_id) | {"code": next_code("carol")} | typed
    shown = carol.post(address, {name: value for name, value in fields.items() if value}).text

    begin = shown.index('id="impact"')
    code = shown.index('name="code"', begin)
    button = shown.index('name="_save"', code)
    between = shown[begin:button]
    assert between.count("<fieldset") == 1 and between.count("<input") == 2 + between.count(
        'type="submit"'
    )
    assert shown.count("autofocus") == 1 and "autofocus" in shown[begin : begin + 200]
    assert "change_form.js" not in shown, "its script takes the focus to the first field"
    assert begin < shown.index("Nothing is saved yet") < shown.index("<fieldset")
