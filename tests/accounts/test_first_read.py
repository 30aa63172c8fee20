"""The first read of a request: a guess spares a round trip, and lends nobody to anybody."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts import people
from accounts.first_read import Guesses, guesses
from accounts.models import Attempt, WebSession
from accounts.sessions import hash_session_key
from brokers.grants import attempts_key
from core.audit import AuditEvent, Event
from core.dynamo import after
from tests.support import faults
from tests.support.faults import Fault

COOKIE = settings.SESSION_COOKIE_NAME
ALICE = "local:alice"
CAROL = "local:carol"
BECOME = "/targets/dev-read/credentials/"
JSON = {"HTTP_ACCEPT": "application/json"}

ClientOf = Callable[..., Client]


def key_hash_of(browser: Client) -> str:
    return hash_session_key(browser.cookies[COOKIE].value)


def asks(browser: Client, page: str = "/") -> str:
    """Return the key of the person as whom a browser asks for a page, "" for nobody."""
    identity = browser.get(page).wsgi_request.identity
    return identity.person if identity else ""


def tables_read() -> list[set[str]]:
    """Return the tables of each batched read since the journal was cleared."""
    return [
        {table.removeprefix("cooper-") for table in call.tables}
        for call in faults.journal()
        if call.operation == "BatchGetItem"
    ]


@pytest.fixture
def alice(client_of: ClientOf) -> Client:
    browser = client_of("alice")
    faults.clear()
    return browser


# -- guesses ---------------------------------------------------------------------------------------
def test_without_a_guess_the_person_is_a_second_read(alice: Client) -> None:
    assert asks(alice) == ALICE
    assert tables_read() == [{"web-sessions", "changes", "installation"}, {"people", "once"}]


def test_with_the_right_guess_there_is_one_read(alice: Client) -> None:
    asks(alice)
    faults.clear()
    assert asks(alice) == ALICE
    [tables] = tables_read()
    assert tables == {"web-sessions", "changes", "installation", "people", "once"}


def test_the_first_page_after_signing_in_is_guessed_right(client_of: ClientOf) -> None:
    browser = client_of(None)
    browser.post("/login/", {"username": "alice", "password": "cooper-demo"})
    faults.clear()
    assert asks(browser) == ALICE
    assert len(tables_read()) == 1


def test_a_wrong_guess_costs_a_read_and_lends_nobody(alice: Client, client_of: ClientOf) -> None:
    client_of("carol")
    guesses.keep(key_hash_of(alice), CAROL)
    faults.clear()

    response = alice.get("/admin/")
    assert response.status_code == 403
    assert response.wsgi_request.identity.person == ALICE
    assert not response.wsgi_request.user.is_admin
    assert len(tables_read()) == 2

    # it is put right
    assert guesses.person(key_hash_of(alice)) == ALICE
    faults.clear()
    asks(alice)
    assert len(tables_read()) == 1


@pytest.mark.parametrize("guessed", ["local:nobody", "okta:alice", "local:Alice", "", "x" * 3000])
def test_a_guess_of_nobody_hides_nobody(alice: Client, guessed: str) -> None:
    guesses.keep(key_hash_of(alice), guessed)
    assert asks(alice) == ALICE


def test_a_guess_lets_nobody_in_without_a_web_session(client_of: ClientOf) -> None:
    client_of("carol")
    stranger = client_of(None)
    stranger.cookies[COOKIE] = "a" * 32
    guesses.keep(key_hash_of(stranger), CAROL)
    assert asks(stranger) == ""
    assert stranger.get("/admin/").status_code == 302


def test_a_guess_lets_nobody_in_by_a_web_session_that_has_ended(client_of: ClientOf) -> None:
    carol = client_of("carol")
    assert asks(carol) == CAROL
    WebSession.delete_item(key_hash_of(carol))
    assert guesses.person(key_hash_of(carol)) == CAROL
    assert asks(carol) == ""


def test_a_guess_lets_nobody_in_who_was_disabled(client_of: ClientOf) -> None:
    carol = client_of("carol")
    assert asks(carol) == CAROL
    people.disable("local", "carol")
    assert asks(carol) == ""


def test_who_becomes_a_target_is_never_the_guessed(alice: Client, client_of: ClientOf) -> None:
    client_of("carol")
    guesses.keep(key_hash_of(alice), CAROL)
    assert alice.post(BECOME, {"duration": "900"}, **JSON).status_code == 200

    granted = [event for event in AuditEvent.everything() if event.event == Event.GRANT_DONE]
    assert [event.person for event in granted] == [ALICE]
    counters = [str(attempt.what) for attempt in Attempt.everything()]
    assert [what for what in counters if CAROL in what] == []


def test_a_full_counter_of_the_guessed_stops_nobody_else(
    alice: Client, client_of: ClientOf
) -> None:
    full = Attempt(attempts_key(CAROL), tries=settings.COOPER_GRANTS_PER_MINUTE)
    full.expires = after(120)
    full.save()
    client_of("carol")
    guesses.keep(key_hash_of(alice), CAROL)
    assert alice.post(BECOME, {"duration": "900"}, **JSON).status_code == 200


# -- one process, several people -------------------------------------------------------------------
def test_people_in_turn_are_each_themselves(client_of: ClientOf) -> None:
    browsers = {name: client_of(name) for name in ("alice", "carol", "erin")}
    for _ in range(3):
        for name, browser in browsers.items():
            assert asks(browser) == f"local:{name}"


def test_people_at_once_are_each_themselves(client_of: ClientOf) -> None:
    names = ["alice", "carol", "erin", "dan"]
    browsers = {name: client_of(name) for name in names}
    guesses.keep(key_hash_of(browsers["alice"]), CAROL)
    seen: list[tuple[str, str]] = []

    def ask_often(name: str) -> None:
        seen.extend((name, asks(browsers[name])) for _ in range(5))

    threads = [threading.Thread(target=ask_often, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 20
    assert [pair for pair in seen if pair[1] != f"local:{pair[0]}"] == []


def test_another_person_in_the_same_browser_is_that_person(client_of: ClientOf) -> None:
    browser = client_of(None)
    for name in ("alice", "carol", "alice"):
        browser.post("/login/", {"username": name, "password": "cooper-demo"})
        assert asks(browser) == f"local:{name}"
        browser.post("/logout/")
        assert asks(browser) == ""


# -- what is remembered ----------------------------------------------------------------------------
def test_it_remembers_no_cookie(alice: Client) -> None:
    asks(alice)
    kept = repr(vars(guesses))
    assert key_hash_of(alice) in kept
    assert alice.cookies[COOKIE].value not in kept


def test_it_remembers_so_many_and_forgets_the_oldest() -> None:
    few = Guesses(most=3)
    for name in "abcb":
        few.keep(f"hash {name}", name)
    few.keep("hash d", "d")
    few.keep("hash e", "e")
    assert len(few) == 3
    assert [few.person(f"hash {name}") for name in "abcde"] == ["", "b", "", "d", "e"]


# -- faults ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["cut", "unprocessed", "bare", "error", "deny"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_read_that_fails_is_an_outage_and_no_sign_out(
    alice: Client, mode: str, number: int
) -> None:
    cookie = alice.cookies[COOKIE].value
    with faults.on(Fault("dynamodb", "BatchGetItem", mode=mode, after=number)) as [fault]:
        response = alice.get("/")
    assert fault.hit
    assert response.status_code >= 500
    assert COOKIE not in response.cookies
    alice.cookies[COOKIE] = cookie
    assert asks(alice) == ALICE


def test_what_is_not_processed_at_once_is_waited_for(alice: Client) -> None:
    with faults.on(Fault("dynamodb", "BatchGetItem", mode="unprocessed", times=1)) as [fault]:
        assert asks(alice) == ALICE
    assert fault.hit == 1


@pytest.mark.parametrize("table", ["web-sessions", "people"])
def test_whoever_is_absent_is_nobody(alice: Client, table: str) -> None:
    asks(alice)
    absent = Fault("dynamodb", "BatchGetItem", table=table, mode="absent")
    with faults.on(absent) as [fault]:
        assert asks(alice) == ""
    assert fault.hit


@pytest.mark.parametrize(
    ("table", "shown"),
    [("installation", "All grants are stopped"), ("changes", "could not be read")],
)
def test_what_is_absent_opens_nothing(alice: Client, table: str, shown: str) -> None:
    asks(alice)
    absent = Fault("dynamodb", "BatchGetItem", table=table, mode="absent")
    with faults.on(absent) as [fault]:
        assert shown in alice.get("/").text
    assert fault.hit


def test_a_spoilt_read_hands_nothing_out(alice: Client) -> None:
    asks(alice)
    spoilt = Fault("dynamodb", "BatchGetItem", mode="absent")
    with faults.on(spoilt) as [fault]:
        response: Any = alice.post(BECOME, {"duration": "900"}, **JSON)
    assert fault.hit
    assert response.status_code == 401
    assert b"SecretAccessKey" not in response.content
