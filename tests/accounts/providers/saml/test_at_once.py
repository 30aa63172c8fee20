"""Many people sign in at the same moment, by one identity provider that none of them waits for."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from tests.support.events import all_events
from tests.support.many_people import windows
from tests.support.saml_stage import message_form, post_form, start_sign_in

AT_ONCE = 16
"""Sign-ins under way together."""


def sign_in(number: int) -> int:
    """Send a new person to the identity provider and back; return the status at the end."""
    browser = Client(raise_request_exception=False)
    idp = start_sign_in(browser).with_changes(
        subject=f"person-{number}@example.com", assertion_id=f"_many{number}"
    )
    return int(post_form(browser, message_form(idp)).status_code)


@pytest.mark.parametrize("people", [12, pytest.param(500, marks=pytest.mark.soak)])
def test_many_people_sign_in_at_once(connected, people):
    with windows(connected, 0.02), ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = Counter(threads.map(sign_in, range(people)))

    events = Counter(event.event for event in all_events())
    assert statuses == {302: people}
    assert events["person:sign-in:done"] == people and not events["person:sign-in:refused"]
    assert not connected.conflicts
