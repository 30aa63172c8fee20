"""Somebody without a device is led to set one up, and finds what they typed when they come back."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.support.codes import next_code
from tests.support.enrolment import enrol
from tests.support.forms import fields_of

PAGE = "/targets/prod-admin/"
TYPED = {
    "duration": "900",
    "reason": "Ticket 4711: \u201cdisk full\u201d & more",
    "destination": "/s3/home",
}


@pytest.fixture
def alice(client_of: Callable[..., Client]) -> Client:
    return client_of("alice")


def test_the_page_says_it_before_anything_is_typed_in_vain(alice: Client) -> None:
    page = alice.get(PAGE).text
    assert "you have no device for it yet" in page
    assert 'name="code"' not in page
    assert "Set up a device first" in page
    enrol(alice)
    page = alice.get(PAGE).text
    assert "you have no device for it yet" not in page
    assert 'name="code"' in page


@pytest.mark.parametrize("way", ["console", "credentials"])
def test_what_was_typed_is_there_after_the_device_is_set_up(alice: Client, way: str) -> None:
    led = alice.post(f"{PAGE}{way}/", TYPED)
    assert led["Location"] == "/device/?next=%2Ftargets%2Fprod-admin%2F"

    page = alice.get(led["Location"]).text
    assert f'name="next" value="{PAGE}"' in page
    enrol(alice)

    fields = fields_of(alice.get(PAGE).text, "")
    assert {name: fields[name] for name in TYPED} == TYPED
    response = alice.post(
        f"{PAGE}credentials/",
        fields | {"code": next_code("alice")},
        headers={"accept": "application/json"},
    )
    assert response.status_code == 200
    assert TYPED["reason"] not in alice.get(PAGE).text, "it was used"


def test_it_is_kept_for_its_own_target(alice: Client) -> None:
    alice.post(f"{PAGE}console/", TYPED)
    assert "disk full" not in alice.get("/targets/dev-read/").text


def test_a_tool_is_told_so(alice: Client) -> None:
    response = alice.post(f"{PAGE}console/", TYPED, headers={"accept": "application/json"})
    assert response.status_code == 403
    assert re.search("one-time code", str(response.json()))
