"""A person's own web sessions: found without a scan, ended one by one or all others at once."""

import re
from collections.abc import Callable
from threading import Thread

import pytest
from django.conf import settings
from django.test import Client

from accounts import browser_names
from accounts.models import Person, WebSession
from accounts.sessions import SessionStore, absolute_end, hash_session_key
from core import aws
from demo.seed import PASSWORD
from tests.support import clock, faults
from tests.support.events import all_events
from tests.support.faults import Fault

ALICE = "local:alice"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
CHROME = EDGE.partition(" Edg")[0].replace(
    "Windows NT 10.0; Win64; x64", "Macintosh; Mac OS X 14_7"
)

ROW = re.compile(r'name="session" value="([0-9a-f]{64})"')


def signed_in(client_of: Callable[..., Client], user_agent: str, username: str = "alice") -> Client:
    browser = client_of(None, HTTP_USER_AGENT=user_agent)
    browser.post("/login/", {"username": username, "password": PASSWORD})
    return browser


def key_hash_of(browser: Client) -> str:
    return hash_session_key(browser.cookies[settings.SESSION_COOKIE_NAME].value)


def listed(browser: Client) -> list[str]:
    return ROW.findall(browser.get("/me/").text)


def is_signed_in(browser: Client) -> bool:
    return browser.get("/me/").status_code == 200


def ended_events() -> list[tuple[str, str, str]]:
    return [
        (event.event, event.person, event.facts["object"])
        for event in all_events()
        if "end-session" in event.event
    ]


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (CHROME, "Chrome on macOS"),
        ("curl/8.14.1", "curl"),
        ("", "Another browser"),
        ("\x00<script>" * 9, "Another browser"),
    ],
)
def test_a_browser_is_named_in_words(user_agent, words):
    assert browser_names.browser_in_words(user_agent) == words


def test_it_lists_them_with_browser_and_address_and_no_scan(client_of):
    first = signed_in(client_of, FIREFOX)
    second = signed_in(client_of, SAFARI)
    signed_in(client_of, EDGE, "carol")
    second.get("/me/")
    faults.clear()

    page = second.get("/me/").text
    assert "Scan" not in {call.operation for call in faults.journal()}
    assert ROW.findall(page) == [key_hash_of(second), key_hash_of(first)]
    assert page.index("Safari on iPhone") < page.index("this one") < page.index("Firefox on Linux")
    assert "127.0.0.1" in page and "Edge" not in page


def test_what_has_ended_is_not_listed(client_of):
    alice = signed_in(client_of, FIREFOX)
    idle = signed_in(client_of, FIREFOX)
    clock.shift(settings.COOPER_SESSION_IDLE / 2)
    alice.get("/")
    clock.shift(settings.COOPER_SESSION_IDLE / 2 + 1)
    assert listed(alice) == [key_hash_of(alice)]
    assert not is_signed_in(idle)


def test_the_one_that_asks_is_listed_though_the_index_lacks_it(client_of):
    alice = signed_in(client_of, FIREFOX)

    def lacks_all(body: bytes) -> bytes:
        return b'{"Items": [], "Count": 0, "ScannedCount": 0}'

    fault = Fault("dynamodb", "Query", "cooper-web-sessions", mode="signed", change=lacks_all)
    with faults.on(fault):
        assert listed(alice) == [key_hash_of(alice)]


def test_one_is_ended_with_an_event_as_an_administrator_s(client_of):
    alice = signed_in(client_of, FIREFOX)
    lost = signed_in(client_of, SAFARI)
    answer = alice.post("/me/end-session/", {"session": key_hash_of(lost)}, follow=True)
    assert "That web session is ended." in answer.text
    assert not is_signed_in(lost) and is_signed_in(alice)
    assert ended_events() == [("person:end-session:done", ALICE, ALICE)]

    answer = alice.post("/me/end-session/", {"session": key_hash_of(lost)}, follow=True)
    assert "had ended already" in answer.text
    assert len(ended_events()) == 1


def test_another_person_s_is_answered_as_one_that_has_ended(client_of):
    alice = signed_in(client_of, FIREFOX)
    carol = signed_in(client_of, FIREFOX, "carol")
    for key_hash in (key_hash_of(carol), "0" * 64, "", "x" * 5000, "\x00"):
        answer = alice.post("/me/end-session/", {"session": key_hash}, follow=True)
        assert "had ended already" in answer.text
    assert is_signed_in(carol) and ended_events() == []


def test_ending_this_very_one_signs_out(client_of):
    alice = signed_in(client_of, FIREFOX)
    answer = alice.post("/me/end-session/", {"session": key_hash_of(alice)})
    assert answer.headers["Location"] == "/login/?signed-out=1"
    assert not is_signed_in(alice)
    assert [event.event for event in all_events()][-1] == "person:sign-out:done"


def test_all_others_are_ended_and_this_one_goes_on_until_its_end(client_of):
    alice = signed_in(client_of, FIREFOX)
    others = [signed_in(client_of, SAFARI) for _ in range(2)]
    carol = signed_in(client_of, FIREFOX, "carol")
    end = absolute_end(WebSession.find(key_hash_of(alice)))
    before = key_hash_of(alice)
    clock.shift(60)

    answer = alice.post("/me/end-others/", follow=True)
    assert "All your other web sessions are ended." in answer.text
    assert [is_signed_in(other) for other in others] == [False, False]
    assert is_signed_in(alice) and is_signed_in(carol)
    assert ended_events() == [("person:end-sessions:done", ALICE, ALICE)]

    # whoever has the old cookie is out too, and nobody has signed in anew
    assert key_hash_of(alice) != before
    assert absolute_end(WebSession.find(key_hash_of(alice))) <= end
    assert listed(alice) == [key_hash_of(alice)]


def test_two_who_end_all_others_at_once_leave_one_epoch_each(client_of):
    browsers = [signed_in(client_of, FIREFOX) for _ in range(2)]
    epoch = Person.find(ALICE).epoch
    statuses = []
    threads = [
        Thread(target=lambda own=own: statuses.append(own.post("/me/end-others/").status_code))
        for own in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [302, 302]
    assert sum(is_signed_in(browser) for browser in browsers) <= 1
    assert Person.find(ALICE).epoch - epoch == len(ended_events())


@pytest.fixture
def without_index(store):
    """Leave the tables as they are until set-up was run again."""
    aws.client("dynamodb").update_table(
        TableName="cooper-web-sessions",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-person"}}],
    )


def test_before_set_up_was_run_again_the_page_works(client_of, without_index):
    alice = signed_in(client_of, FIREFOX)
    other = signed_in(client_of, SAFARI)
    page = alice.get("/me/").text
    assert ROW.findall(page) == [key_hash_of(alice)]
    assert "cannot be listed until" in page
    alice.post("/me/end-others/")
    assert not is_signed_in(other) and is_signed_in(alice)


def test_before_set_up_was_run_again_administrators_see_all(client_of, without_index):
    alice = signed_in(client_of, FIREFOX)
    page = client_of("carol").get("/admin/accounts/person/local_3Aalice/change/").text
    assert key_hash_of(alice) in page


def test_a_session_of_an_earlier_cooper_is_listed_without_its_browser(client_of):
    alice = signed_in(client_of, FIREFOX)
    session = SessionStore(alice.cookies[settings.SESSION_COOKIE_NAME].value)
    del session["signed_in_from"]
    session.save()
    page = alice.get("/me/").text
    assert "Not known" in page and "Firefox" not in page
