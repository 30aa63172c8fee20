"""Many people sign in at the same moment, by one identity provider that none of them waits for."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from tests.support.events import all_events
from tests.support.many_people import windows
from tests.support.saml_stage import message_form, post_form, start_sign_in

AT_ONCE = 16
"""Sign-ins under way together."""

Response = tuple[Client, list[tuple[str, str]]]
"""A browser, and the identity provider's response that it is about to post."""


def fetch_response(number: int) -> Response:
    """Send a new person to the identity provider, which signs them in."""
    browser = Client(raise_request_exception=False)
    idp = start_sign_in(browser).with_changes(
        subject=f"person-{number}@example.com", assertion_id=f"_many{number}"
    )
    return browser, message_form(idp)


def post(response: Response) -> int:
    """Return the status."""
    browser, form = response
    return int(post_form(browser, form).status_code)


@pytest.mark.parametrize("people", [12, pytest.param(500, marks=pytest.mark.soak)])
def test_many_people_sign_in_at_once(connected: Any, capsys: Any, people: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        responses = list(threads.map(fetch_response, range(people)))

        began = time.monotonic()
        with windows(connected, 0.02):
            statuses = Counter(threads.map(post, responses))
        seconds = time.monotonic() - began

    with capsys.disabled():
        print(f"\n{people} sign-ins by SAML took {seconds:.0f} s")  # noqa: T201 - figures
    events = Counter(event.event for event in all_events())
    assert statuses == {302: people}
    assert events["person:sign-in:done"] == people and not events["person:sign-in:refused"]
    assert not connected.conflicts
