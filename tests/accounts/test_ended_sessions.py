"""The sign-in page says why a web session ended, to whoever has its cookie and to nobody else."""

import html
import re
import time

import pytest
from django.conf import settings
from django.test import Client

from accounts import local_accounts, people
from accounts.end_reasons import EndReason
from accounts.models import OnceRecord, Person, WebSession
from accounts.sessions import hash_session_key
from core.dynamo import after
from demo.seed import PASSWORD
from tests.support import clock, faults
from tests.support.codes import next_code
from tests.support.faults import Fault
from tests.support.forms import confirmed, mark_in, submit
from tests.support.toy_provider import ToyProvider

COOKIE = settings.SESSION_COOKIE_NAME
ALICE = "/admin/accounts/person/local_3Aalice/"
BY_ADMIN = "Your web session was ended by an administrator of cooper."
BY_PERSON = "You ended this web session from another one."
BY_DEVICE = "Your web session ended when you changed your device for one-time codes."
IDLE = "Your web session ended: it was not used for 30 minutes."
LONGEST = "Your web session ended: it had reached its longest time."
ALL = (BY_ADMIN, BY_PERSON, BY_DEVICE, IDLE, LONGEST)


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def key_of(browser) -> str:
    return str(browser.cookies[COOKIE].value)


def said(browser) -> list[str]:
    """Return what the sign-in page says of an end, after the page that led there."""
    answer = browser.get("/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/login/")
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
    return [words for words in ALL if words in text]


def confirm(carol, address: str) -> None:
    seen = mark_in(carol.get(address).text)
    code = next_code("carol")
    answer = carol.post(address, {"confirmed": "yes", "seen": seen, "code": code})
    assert answer.status_code == 302


# -- each way to end
def test_an_administrator_ended_this_one(alice, carol):
    confirm(carol, f"{ALICE}end/?session={hash_session_key(key_of(alice))}")
    assert said(alice) == [BY_ADMIN]


def test_an_administrator_ended_all(alice, carol):
    confirm(carol, f"{ALICE}end/")
    assert said(alice) == [BY_ADMIN]


def test_an_administrator_ended_those_of_the_chosen(alice, carol):
    chosen = {"action": "end_web_sessions", "_selected_action": ["local:alice"]}
    confirmed(carol, "/admin/accounts/person/", **chosen, confirmed="yes")
    assert said(alice) == [BY_ADMIN]


def test_an_administrator_disabled_the_person(alice, carol):
    assert submit(carol, f"{ALICE}change/", "person_form", disabled="on").status_code == 302
    assert said(alice) == [BY_ADMIN]


@pytest.mark.parametrize(
    "end",
    [
        lambda: local_accounts.disable("alice"),
        lambda: local_accounts.set_password("alice", "long-and-rare-4711"),
        lambda: people.disable("local", "alice"),
    ],
)
def test_it_was_ended_from_the_host(alice, end):
    end()
    assert said(alice) == [BY_ADMIN]


def test_the_person_ended_this_one_elsewhere(alice, client_of):
    client_of("alice").post("/me/end-session/", {"session": hash_session_key(key_of(alice))})
    assert said(alice) == [BY_PERSON]


def test_the_person_ended_all_others_elsewhere(alice, client_of):
    other = client_of("alice")
    other.post("/me/end-others/")
    assert said(alice) == [BY_PERSON]
    assert other.get("/").status_code == 200


def test_a_new_device_ended_it(alice):
    person = Person.find("local:alice")
    person.start_new_epoch(EndReason.DEVICE)
    person.save()
    assert said(alice) == [BY_DEVICE]


def test_it_was_not_used(alice):
    clock.shift(settings.COOPER_SESSION_IDLE + 1)
    assert said(alice) == [IDLE]


def test_it_had_its_longest_time(alice):
    key_hash = hash_session_key(key_of(alice))
    end = int(time.time()) - 1
    WebSession.update_item(key_hash, actions=[WebSession.ends_at.set(end)])
    assert said(alice) == [LONGEST]


def test_an_epoch_that_an_earlier_cooper_began_has_no_reason(alice):
    Person.update_item("local:alice", actions=[Person.epoch.set(9)])
    assert said(alice) == []


# -- once, and until somebody signs in
def test_it_is_said_once_and_the_cookie_is_taken_along(alice, carol):
    confirm(carol, f"{ALICE}end/")
    assert COOKIE not in alice.get("/").cookies
    answer = alice.get("/login/")
    assert BY_ADMIN in answer.text and answer.cookies[COOKIE]["max-age"] == 0
    assert BY_ADMIN not in alice.get("/login/").text


def test_whoever_signs_in_again_is_told_no_more(alice, client_of):
    client_of("alice").post("/me/end-others/")
    fields = {"username": "alice", "password": PASSWORD}
    assert alice.post("/login/", fields).status_code == 302
    assert alice.get("/").status_code == 200
    alice.post("/logout/")
    assert said(alice) == []


def test_signing_out_is_no_end_that_is_told(alice):
    cookie = key_of(alice)
    alice.post("/logout/")
    alice.cookies[COOKIE] = cookie
    assert said(alice) == []


# -- nobody else
def test_nobody_without_the_cookie_is_told(alice, carol, client_of):
    key_hash = hash_session_key(key_of(alice))
    confirm(carol, f"{ALICE}end/?session={key_hash}")
    for value in ("", key_hash, f"ended-session:{key_hash}", "x" * 32, "\x00", "é" * 4000):
        stranger = client_of(None)
        stranger.cookies[COOKIE] = value
        assert said(stranger) == []
    assert said(client_of(None)) == []
    assert said(alice) == [BY_ADMIN]


@pytest.mark.parametrize("query", ["ended=administrator", "why=idle", "reason=person"])
def test_no_address_makes_the_page_say_it(client_of, query):
    page = client_of(None).get(f"/login/?{query}").text
    assert not [words for words in ALL if words in page]


def test_an_anonymous_session_that_ended_is_not_told_of(client_of, alice):
    browser = client_of(None)
    session = browser.session
    session["something"] = 1
    session.save()
    clock.shift(settings.COOPER_SESSION_IDLE + 1)
    assert said(browser) == []


def test_the_mark_names_no_person_and_no_cookie(alice, carol):
    cookie = key_of(alice)
    confirm(carol, f"{ALICE}end/?session={hash_session_key(cookie)}")
    [mark] = [item for item in OnceRecord.scan() if item.what.startswith("ended-session:")]
    assert mark.text == "administrator"
    assert cookie not in mark.what and "alice" not in mark.what


# -- what has ended stays ended
def test_a_mark_lets_nobody_in_and_takes_nobody_out(alice):
    key_hash = hash_session_key(key_of(alice))
    OnceRecord(f"ended-session:{key_hash}", text="administrator", expires=after(600)).save()
    # a session that is there is as active as it was
    assert alice.get("/").status_code == 200 and key_of(alice)

    # one that a read did not bring signs nobody in, and the mark says no more than it does
    with faults.on(Fault("dynamodb", "BatchGetItem", table="web-sessions", mode="absent")):
        assert alice.get("/").status_code == 302


@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_a_mark_that_nobody_knows_says_nothing(alice, text):
    key_hash = hash_session_key(key_of(alice))
    WebSession.delete_item(key_hash)
    OnceRecord(f"ended-session:{key_hash}", text=text, expires=after(600)).save()
    assert said(alice) == []


def test_an_ended_session_is_written_by_nobody_again(alice, client_of):
    key_hash = hash_session_key(key_of(alice))
    client_of("alice").post("/me/end-others/")
    for path in ("/", "/login/", "/me/"):
        alice.get(path)
    assert WebSession.find(key_hash) is None
    assert [row.person for row in WebSession.scan()] == ["local:alice"]


# -- where the company's provider is the only way in
@pytest.fixture
def toy(client_of, settings) -> Client:
    settings.COOPER_PROVIDERS = [f"{ToyProvider.__module__}.{ToyProvider.__name__}"]
    browser = client_of(None)
    browser.get("/login/toy/", follow=True)
    assert browser.get("/").status_code == 200
    return browser


def test_one_ended_on_purpose_does_not_begin_anew_by_itself(toy):
    person = Person.find("toy:alice")
    person.start_new_epoch(EndReason.ADMINISTRATOR)
    person.save()
    assert said(toy) == [BY_ADMIN]
    assert toy.get("/login/").status_code == 302


def test_one_that_ended_by_its_time_goes_on_with_the_provider(toy):
    clock.shift(settings.COOPER_SESSION_IDLE + 1)
    assert toy.get("/login/").headers["Location"].startswith("/login/toy/")
