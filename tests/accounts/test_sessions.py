"""Which web sessions are active, and how recent a sign-in has to be."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from accounts import reauthentication, sessions
from accounts.identity import Identity
from accounts.models import WebSession

START = 1_800_000_000
IDLE, IN_ALL = 30 * 60, 12 * 3600
"""Seconds, as the settings have them."""


def web_session(used: int = 0, ends: int | None = None) -> WebSession:
    """Return a web session of START that was used and that ends so many seconds later."""
    ends_at = None if ends is None else START + ends
    return WebSession("hash", created_at=START, touched_at=START + used, ends_at=ends_at)


@pytest.mark.parametrize(
    ("stored", "last_second"),
    [
        (web_session(), IDLE),
        (web_session(used=1000), 1000 + IDLE),
        (web_session(used=IN_ALL - 10), IN_ALL),
        (web_session(ends=100), 100),
        (web_session(used=90, ends=100), 100),
        (web_session(ends=IN_ALL * 2), IDLE),
        (web_session(used=IN_ALL - 10, ends=IN_ALL * 2), IN_ALL),
        (web_session(ends=-1), -1),
    ],
)
def test_a_session_is_active_until_the_first_of_its_ends(stored, last_second):
    assert sessions.is_active(stored, START + last_second - 1)
    assert not sessions.is_active(stored, START + last_second)
    assert not sessions.is_active(stored, START + last_second + 1)


def request_of(authenticated_ago: timedelta | None) -> SimpleNamespace:
    """Return a request of somebody who authenticated so long ago."""
    session = {}
    if authenticated_ago is not None:
        moment = datetime.now(UTC) - authenticated_ago
        session[sessions.AUTHENTICATED_AT] = moment.isoformat()
    return SimpleNamespace(session=session)


@pytest.mark.parametrize(
    ("ago", "recent"),
    [
        (timedelta(0), True),
        (timedelta(seconds=290), True),
        (timedelta(seconds=301), False),
        (timedelta(days=1), False),
        (None, False),
    ],
)
def test_a_sign_in_is_recent_for_five_minutes(ago, recent):
    assert reauthentication.signed_in_recently(request_of(ago)) is recent


@pytest.mark.parametrize("provider", ["local", "gone"])
def test_nobody_is_sent_to_sign_in_again_where_that_proves_nothing(provider, store):
    eve = Identity(provider, "eve")
    assert reauthentication.sign_in_again_url(request_of(None), eve, "/device/") == ""


@pytest.mark.parametrize(
    ("ago", "url"),
    [
        (timedelta(0), ""),
        (timedelta(days=1), "/login/again/?next=/device/"),
        (None, "/login/again/?next=/device/"),
    ],
)
def test_whoever_has_no_password_is_sent_to_sign_in_again(monkeypatch, ago, url):
    provider = SimpleNamespace(
        asks_password=False, reauthentication_url=lambda page: f"/login/again/?next={page}"
    )
    monkeypatch.setattr(reauthentication, "provider_for", lambda provider_id: provider)
    olga = Identity("okta", "olga")
    assert reauthentication.sign_in_again_url(request_of(ago), olga, "/device/") == url
