"""An administrator manages local accounts and people, over HTTP."""

import re
import time

import pytest
from django.contrib.auth.hashers import check_password

from accounts.admin.local_accounts import LocalAccountAdmin
from accounts.admin.people_list import FRESH
from accounts.models import LocalAccount, Person, TotpDevice
from core.audit import AuditEvent, Event
from tests.support import clock, faults
from tests.support.codes import give_device, next_code
from tests.support.faults import Fault
from tests.support.forms import confirmed, errors_in, fields_of, submit

ADD = "/admin/accounts/localaccount/add/"
PEOPLE = "/admin/accounts/person/"
FORM = "localaccount_form"
GOOD = "long-and-rare-4711"
OK, SAVED, AGAIN, STALE = 200, 302, 400, 409


def account(name: str) -> str:
    return f"/admin/accounts/localaccount/{name}/change/"


def person(name: str) -> str:
    return f"/admin/accounts/person/local_3A{name}/change/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def test_it_adds_a_local_account_that_can_sign_in(carol, client_of):
    typed = {"username": "Frank", "name": "Frank", "groups": "developers", "password": GOOD}
    assert submit(carol, ADD, FORM, **typed).status_code == SAVED
    assert LocalAccount.find("frank").groups == ["developers"]
    answer = client_of(None).post("/login/", {"username": "frank", "password": GOOD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"username": "frank", "password": "short"}, "too short"),
        ({"username": "frank", "password": ""}, "too short"),
        ({"username": "alexandrina", "password": "alexandrina1"}, "too similar"),
        ({"username": "a b", "password": GOOD}, "cannot be a user name"),
        ({"username": "alice", "password": GOOD}, "This local account exists already"),
        ({"username": "frank", "password": GOOD, "groups": "okta:x"}, "local groups only"),
    ],
)
def test_it_refuses_what_is_no_local_account(carol, typed, said):
    answer = submit(carol, ADD, FORM, **typed)
    assert answer.status_code == AGAIN and said in errors_in(answer.text)
    assert not typed["password"] or f'value="{typed["password"]}"' not in answer.text


def test_a_person_is_not_disabled_beside_an_account_that_could_not_be_found(carol, client_of):
    client_of("alice")
    typed = fields_of(carol.get(person("alice")).text, "person_form") | {"disabled": "on"}
    unfound = Fault("dynamodb", "GetItem", "local-accounts", mode="absent")
    with faults.on(unfound):
        answer = carol.post(person("alice"), typed | {"code": next_code("carol")})
    assert answer.status_code == STALE
    assert not Person.find("local:alice").disabled
    assert submit(carol, person("alice"), "person_form", disabled="on").status_code == SAVED
    assert LocalAccount.find("alice").disabled


def test_it_asks_for_a_new_password_again_whenever_its_form_is_shown_again(carol):
    before = LocalAccount.find("alice").password
    answer = submit(carol, account("alice"), FORM, password=GOOD, code="000000")
    assert answer.status_code == AGAIN and "Type it again: it is never shown." in errors_in(
        answer.text
    )
    assert GOOD not in answer.text and LocalAccount.find("alice").password == before
    answer = submit(carol, account("alice"), FORM, groups="okta:x")
    assert answer.status_code == AGAIN and "Type it again" not in answer.text


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother"])
def test_it_never_says_that_something_was_changed_when_nothing_was(carol, button):
    answer = submit(carol, account("alice"), FORM, **{button: "yes"})
    assert answer.status_code == SAVED
    page = carol.get(answer["Location"]).text
    assert "Nothing was changed." in page and "successfully" not in page
    answer = submit(carol, account("alice"), FORM, name="Alice A.", **{button: "yes"})
    page = carol.get(answer["Location"]).text
    assert "changed successfully" in page and "Nothing was changed." not in page


def test_it_says_which_of_the_chosen_were_deleted_meanwhile(carol, monkeypatch):
    before = LocalAccountAdmin.authorize_operation

    def late(self, request, *given):
        before(self, request, *given)
        LocalAccount.find("bob").delete()

    monkeypatch.setattr(LocalAccountAdmin, "authorize_operation", late)
    chosen = {"action": "delete_chosen", "_selected_action": ["alice", "bob"]}
    done = confirmed(carol, "/admin/accounts/localaccount/", **chosen, confirmed="yes")
    assert "Bob: It was deleted meanwhile." in done.text and "1 deleted." in done.text
    assert LocalAccount.find("alice") is None


def test_it_never_shows_or_records_a_password(carol):
    typed = {"username": "frank", "password": GOOD}
    submit(carol, ADD, FORM, **typed)
    stored = LocalAccount.find("frank").password
    page = carol.get(account("frank")).text
    assert GOOD not in page and stored not in page and check_password(GOOD, stored)
    added = [
        each
        for each in AuditEvent.by_person.query("local:carol")
        if each.event == Event.PERSON_ADDED
    ]
    told = [each.details for each in added if "object" in each.facts]
    assert (
        len(told) == 1 and GOOD not in told[0] and stored not in told[0] and "(changed)" in told[0]
    )


def test_it_ends_web_sessions_with_a_new_password(carol, client_of):
    alice = client_of("alice")
    assert alice.get("/").status_code == 200
    assert submit(carol, account("alice"), FORM, password=GOOD).status_code == SAVED
    assert alice.get("/").status_code == 302


def test_it_leaves_the_password_when_none_is_typed(carol):
    before = LocalAccount.find("alice").password
    submit(carol, account("alice"), FORM, name="Alice A.")
    assert (
        LocalAccount.find("alice").password == before
        and LocalAccount.find("alice").name == "Alice A."
    )


def test_it_gives_a_living_session_its_new_groups_at_the_next_request(carol, client_of):
    bob = client_of("bob")
    assert bob.get("/targets/dev-read/").status_code == 404
    submit(carol, account("bob"), FORM, groups="visitors\ndevelopers")
    assert bob.get("/targets/dev-read/").status_code == 200


@pytest.mark.parametrize(
    ("address", "form"), [(account("alice"), FORM), (person("alice"), "person_form")]
)
def test_it_disables_a_person_at_the_next_request_and_enables_them_again(
    carol, client_of, address, form
):
    alice = client_of("alice")
    submit(carol, address, form, disabled="on")
    assert alice.get("/").status_code == 302
    assert LocalAccount.find("alice").disabled and Person.find("local:alice").disabled
    submit(carol, address, form, disabled=None)
    assert client_of("alice").get("/").status_code == 200


@pytest.mark.parametrize(
    ("address", "form"), [(account("carol"), FORM), (person("carol"), "person_form")]
)
def test_it_lets_nobody_disable_themself(carol, address, form):
    answer = submit(carol, address, form, disabled="on")
    assert answer.status_code == AGAIN and "cannot disable" in errors_in(answer.text)


def test_it_deletes_a_local_account_and_lets_the_person_in_no_more(carol, client_of):
    alice = client_of("alice")
    assert confirmed(carol, "/admin/accounts/localaccount/alice/delete/").status_code == OK
    assert LocalAccount.find("alice") is None and Person.find("local:alice").disabled
    assert alice.get("/").status_code == 302


def test_it_lets_nobody_delete_their_own_account(carol):
    answer = confirmed(carol, "/admin/accounts/localaccount/carol/delete/")
    assert "cannot delete your own" in answer.text and LocalAccount.find("carol")


def test_it_refuses_an_edit_of_an_old_version(carol, client_of):
    page = carol.get(account("bob"))
    give_device("dan")
    submit(client_of("dan"), account("bob"), FORM, groups="visitors\nfinance")
    answer = carol.post(account("bob"), fields_of(page.text, FORM) | {"groups": "admins"})
    assert (
        answer.status_code == STALE and LocalAccount.find("bob").groups == ["visitors", "finance"]
    ) or (sorted(LocalAccount.find("bob").groups) == ["finance", "visitors"])
    assert answer.status_code == STALE and LocalAccount.find("bob").groups == [
        "finance",
        "visitors",
    ]


def test_it_ends_the_web_sessions_of_chosen_people_once_that_is_confirmed(carol, client_of):
    alice, bob = client_of("alice"), client_of("bob")
    chosen = {"action": "end_web_sessions", "_selected_action": ["local:alice"]}
    asked = carol.post("/admin/accounts/person/", chosen)
    assert (
        "web sessions end at the next request" in asked.text and alice.get("/").status_code == 200
    )
    confirmed(carol, "/admin/accounts/person/", **chosen, confirmed="yes")
    assert alice.get("/").status_code == 302 and bob.get("/").status_code == 200


# -- a list of many --------------------------------------------------------------------------------
@pytest.fixture
def many(store):
    """Let 120 people have signed in, of whom one has a device, as a list begins to be kept."""
    clock.shift(FRESH - time.time() % FRESH)
    for number in range(120):
        key = f"many-{number:03}"
        Person(f"local:{key}", provider="local", subject=key, groups=["local:many"]).save()
    TotpDevice("local:many-003", seed=b"x", key_arn="x", confirmed=True).save()


def row_of(text: str, name: str) -> str:
    [row] = [row for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL) if name in row]
    return row


def test_the_list_looks_up_the_devices_of_its_page_alone(client_of, many, monkeypatch):
    def fail(*arguments: object) -> None:
        raise AssertionError("everybody's devices are read")

    monkeypatch.setattr(TotpDevice, "everything", fail)
    text = client_of("carol").get(PEOPLE).text
    assert 'field-device">yes<' in row_of(text, "local:many-003")
    assert text.count('field-device">none<') == 48


def test_a_list_of_people_reads_everybody_once_in_a_while(client_of, many, monkeypatch):
    carol = client_of("carol")
    calls = []
    read = Person.everything
    monkeypatch.setattr(Person, "everything", lambda: calls.append(1) or read())

    for query in ("", "?p=2", "?q=many", "?groups=local:many", "?q=none"):
        assert carol.get(f"{PEOPLE}{query}").status_code == 200
    assert len(calls) == 1
    # an action goes by what is stored now
    chosen = {"action": "end_web_sessions", "_selected_action": ["local:many-001"]}
    assert carol.post(PEOPLE, chosen).status_code == 200
    assert len(calls) == 2


def test_its_rows_are_as_they_are_stored_now(client_of, many):
    carol = client_of("carol")
    assert 'field-disabled">no<' in row_of(carol.get(PEOPLE).text, "local:many-007")
    other_server = Person.find("local:many-007")
    other_server.disabled = True
    other_server.save()
    assert "Disabled" in row_of(carol.get(PEOPLE).text, "local:many-007")


def test_whoever_changes_a_person_sees_it_in_the_filters_at_once(client_of, many):
    carol = client_of("carol")
    assert "yes (" not in carol.get(PEOPLE).text
    assert submit(carol, person("many-007"), "person_form", disabled="on").status_code == SAVED
    assert "yes (1)" in carol.get(PEOPLE).text


def test_somebody_new_is_found_a_little_later(client_of, many):
    carol = client_of("carol")
    assert "local:newcomer" not in carol.get(f"{PEOPLE}?q=newcomer").text
    Person("local:newcomer", provider="local", subject="newcomer").save()
    clock.shift(FRESH + 1)
    assert "local:newcomer" in carol.get(f"{PEOPLE}?q=newcomer").text
