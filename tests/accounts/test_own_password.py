"""Somebody with a local account changes their own password."""

from collections.abc import Callable

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import LocalAccount, Person
from core import audit
from demo.seed import PASSWORD
from tests.support.events import all_events

NEW = "four plain words here"
PAGE = "/me/password/"


def change(browser: Client, **typed: str) -> object:
    fields = {"password": PASSWORD, "new_password": NEW, "again": NEW}
    return browser.post(PAGE, fields | typed)


def signs_in(client_of: Callable[..., Client], password: str) -> bool:
    answer = client_of(None).post("/login/", {"username": "alice", "password": password})
    return bool(answer.status_code == 302)


def events_of(kind: str) -> list[audit.AuditEvent]:
    return [event for event in all_events() if event.event.startswith("password:change")]


def test_she_changes_it_by_the_one_of_now(client_of):
    alice = client_of("alice")
    answer = alice.post(
        PAGE, {"password": PASSWORD, "new_password": NEW, "again": NEW}, follow=True
    )
    assert "Your password is changed." in answer.text
    assert signs_in(client_of, NEW)
    assert not signs_in(client_of, PASSWORD)

    [event] = events_of("password:change")
    assert (event.event, event.person) == ("password:change:done", "local:alice")
    assert NEW not in event.details


def test_it_ends_her_other_web_sessions_and_keeps_this_one(client_of):
    other = client_of(None)
    other.post("/login/", {"username": "alice", "password": PASSWORD})
    alice = client_of("alice")
    change(alice)
    assert alice.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert "when you changed your password" in other.get("/login/").text


def test_without_the_one_of_now_nothing_changes(client_of):
    alice = client_of("alice")
    before = LocalAccount.find("alice").password
    answer = change(alice, password="a wrong one")
    assert answer.status_code == 400
    assert "a wrong one" not in answer.text
    assert NEW not in answer.text
    assert LocalAccount.find("alice").password == before
    assert Person.find("local:alice").epoch == 1
    [event] = events_of("password:change")
    assert event.event == "password:change:refused"


def test_guesses_at_the_one_of_now_are_slowed_down_as_signing_in_is(client_of):
    alice = client_of("alice")
    for _ in range(5):
        change(alice, password="a wrong one")
    answer = change(alice)
    assert answer.status_code == 400
    assert "Too many tries" in answer.text
    assert not signs_in(client_of, NEW)


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [
        (NEW, NEW + " ", "not what you typed above"),
        ("short", "short", "too short"),
        ("password123456", "password123456", "first that somebody would try"),
        ("x" * 1025, "x" * 1025, "at most 1024"),
        ("", "", "This field is required"),
    ],
)
def test_what_is_wrong_is_said_on_its_field(client_of, new, again, words):
    answer = client_of("alice").post(
        PAGE, {"password": PASSWORD, "new_password": new, "again": again}
    )
    assert answer.status_code == 400
    assert words in answer.text
    assert signs_in(client_of, PASSWORD)


def test_a_long_one_of_any_characters_counts_exactly_as_typed(client_of):
    new = "  Ein ﬁnger \t ÄÖ🦫 " + "w" * 100 + " "
    assert change(client_of("alice"), new_password=new, again=new).status_code == 302
    assert signs_in(client_of, new)
    assert not signs_in(client_of, new.strip())


def test_fields_are_masked_and_password_managers_know_them(client_of):
    page = client_of("alice").get(PAGE).text
    assert page.count('type="password"') == 3
    assert page.count('autocomplete="new-password"') == 2
    assert 'autocomplete="current-password"' in page


def test_my_access_leads_there(client_of):
    assert f'href="{PAGE}"' in client_of("alice").get("/me/").text


@pytest.mark.parametrize(
    "password",
    ["cooper-cooper-1", "AWS_Console_2026!", "alice-alice-42", "portal example", "Welcome.Admin.9"],
)
def test_words_that_anybody_would_try_are_no_password(password, settings):
    settings.COOPER_PUBLIC_URL = "https://portal.example.com"
    account = LocalAccount("alice", name="Alice")
    with pytest.raises(ValidationError, match="first that somebody would try"):
        validate_password(password, account)


@pytest.mark.parametrize("password", ["cooper-demo", "4711 0815 1234 9", "aws and four rivers"])
def test_others_with_these_words_in_them_are(password, settings):
    settings.COOPER_PUBLIC_URL = "https://portal.example.com"
    validate_password(password, LocalAccount("alice", name="Alice"))


def test_no_password_takes_long_to_be_read():
    account = LocalAccount("aaa", name="aaaa aaaaa aaaaaa")
    validate_password("a" * 1000 + "4711 rivers", account)
