"""Every page says when the web session ends, before it does."""

import re
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings

from tests.support import clock

PAGES = ("/", "/targets/dev-read/", "/device/", "/nowhere/", "/admin/", "/admin/brokers/target/")
IDLE = settings.COOPER_SESSION_IDLE
SLACK = 3
"""Seconds that a request may take."""


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def announced_end(text: str) -> float:
    """Return when a page says that the web session ends (seconds since the epoch)."""
    [end] = re.findall(r'data-session-end="([^"]+)"', text)
    shown = f"{datetime.fromisoformat(end).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    assert "Your web session ends at <time" in text and f">{shown}</time>" in text
    return datetime.fromisoformat(end).timestamp()


@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_when_the_web_session_ends(carol, client_of, address):
    browser = client_of("alice") if address.startswith("/targets/") else carol
    end = announced_end(browser.get(address).text)
    assert abs(end - time.time() - IDLE) < SLACK


def test_it_says_what_happens_then_and_how_to_stay(carol):
    text = carol.get("/").text
    assert "unless you use cooper before" in text
    assert "A form that you send later is kept for 15 minutes." in text
    assert '<p role="status" class="session-warning"></p>' in text


def test_using_it_puts_the_end_off(carol):
    first = announced_end(carol.get("/").text)
    clock.shift(1200)
    second = announced_end(carol.get("/").text)
    assert 1195 < second - first < 1205


def test_it_really_ends_then_and_not_before(carol):
    end = announced_end(carol.get("/").text)
    clock.shift(end - time.time() + 1)
    assert carol.get("/").status_code == 302


def test_an_end_that_no_use_puts_off_is_said_as_such(carol):
    for _ in range(settings.SESSION_COOKIE_AGE // 1500):
        carol.get("/")
        clock.shift(1500)
    text = carol.get("/").text
    created_at = announced_end(text) - settings.SESSION_COOKIE_AGE
    assert created_at < time.time() and "unless you use cooper before" not in text


@pytest.mark.parametrize("address", ["/login/", "/nowhere/"])
def test_nobody_who_is_not_signed_in_is_told_of_an_end(client_of, address):
    assert "data-session-end" not in client_of(None).get(address).text
