"""The browser keeps its cookie until it is told that its web session has ended."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import WebSession
from accounts.sessions import hash_session_key
from tests.support import faults
from tests.support.faults import Fault

COOKIE = settings.SESSION_COOKIE_NAME

PAGES = ("/", "/login/", "/device/", "/targets/dev-read/", "/admin/", "/readyz", "/nowhere/")

WITHOUT_ITEM = ("absent", "empty", "cut", "cut-unchecked", "garbled", "torn", "error", "throttle")
"""How a read can fail to bring the item."""


SESSION_ABSENT = Fault("dynamodb", "BatchGetItem", table="web-sessions", mode="absent")


@pytest.fixture
def alice(client_of: Callable[..., Client]) -> Client:
    """Return Alice's browser; it keeps its cookie whatever the server says."""
    return client_of("alice")


def session_key_of(browser: Client) -> str:
    return str(browser.cookies[COOKIE].value)


def stored(session_key: str) -> WebSession | None:
    return WebSession.find(hash_session_key(session_key))


def assert_signed_in(client_of: Callable[..., Client], session_key: str) -> None:
    browser = client_of(None)
    browser.cookies[COOKIE] = session_key
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("mode", WITHOUT_ITEM)
@pytest.mark.parametrize("table", ["web-sessions", "people"])
def test_a_read_that_brings_nothing_leaves_the_cookie(
    client_of: Callable[..., Client], alice: Client, table: str, mode: str
) -> None:
    session_key = session_key_of(alice)
    # the others are tried again, which takes its time
    pages = PAGES if mode == "absent" else PAGES[:2]
    with faults.on(Fault("dynamodb", table=table, mode=mode)) as [active]:
        for page in pages:
            alice.cookies[COOKIE] = session_key
            response = alice.get(page)
            assert COOKIE not in response.cookies, page
            assert b"Development, read only" not in response.content
    assert active.hit
    assert_signed_in(client_of, session_key)


def test_a_post_without_the_item_changes_nothing_and_leaves_the_cookie(
    client_of: Callable[..., Client], alice: Client
) -> None:
    session_key = session_key_of(alice)
    with faults.on(SESSION_ABSENT) as [absent]:
        response = alice.post("/targets/dev-read/console/", {"duration": 900})
    assert absent.hit
    assert response.status_code == 302
    assert COOKIE not in response.cookies
    assert_signed_in(client_of, session_key)


def end_by_time(session_key: str) -> None:
    WebSession.update_item(
        hash_session_key(session_key),
        actions=[WebSession.touched_at.set(int(time.time()) - settings.COOPER_SESSION_IDLE - 1)],
    )


def test_the_page_that_says_of_an_end_by_time_takes_the_cookie_along(alice: Client) -> None:
    end_by_time(session_key_of(alice))
    assert COOKIE not in alice.get("/").cookies
    assert alice.get("/login/").cookies[COOKIE]["max-age"] == 0


def test_an_anonymous_session_that_has_ended_takes_the_cookie_along(
    client_of: Callable[..., Client],
) -> None:
    browser = client_of(None)
    session = browser.session
    session["something"] = 1
    session.save()
    end_by_time(session_key_of(browser))
    assert browser.get("/").cookies[COOKIE]["max-age"] == 0


def test_a_session_that_is_ended_while_it_is_used_signs_nobody_in(alice: Client) -> None:
    session_key = session_key_of(alice)
    WebSession.update_item(
        hash_session_key(session_key),
        actions=[WebSession.touched_at.set(int(time.time()) - 120)],
    )
    # what DynamoDB answers when the item was deleted after it was read
    gone = Fault(
        "dynamodb", "UpdateItem", "web-sessions", code="ConditionalCheckFailedException", status=400
    )
    with faults.on(gone) as [active]:
        response = alice.get("/")
    assert active.hit and response.status_code == 302
    assert COOKIE not in response.cookies


def test_signing_out_ends_a_session_that_the_read_did_not_bring(alice: Client) -> None:
    session_key = session_key_of(alice)
    with faults.on(SESSION_ABSENT) as [absent]:
        response = alice.post("/logout/")
    assert absent.hit
    assert response.cookies[COOKIE]["max-age"] == 0
    assert stored(session_key) is None


def test_signing_in_ends_a_session_that_the_read_did_not_bring(alice: Client) -> None:
    session_key = session_key_of(alice)
    alice.get("/login/")
    with faults.on(SESSION_ABSENT) as [absent]:
        fields: dict[str, Any] = {"username": "alice", "password": "cooper-demo"}
        response = alice.post("/login/", fields)
    assert absent.hit
    assert response.status_code == 302
    assert response.cookies[COOKIE].value not in ("", session_key)
    assert stored(session_key) is None
