"""A read of a device that finds no item although there is one allows nothing on its pages."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Person, TotpDevice
from core.audit import AuditEvent, Event
from tests.support import faults
from tests.support.codes import give_device, next_code, seed_of
from tests.support.enrolment import PASSWORD, SEED, seed_in, shown_now
from tests.support.faults import Fault

READS = 4
"""Reads of the device in the longest way through the pages."""

PLACES = list(product([False, True], repeat=READS))
"""Which of the reads find nothing: every choice."""


def name_of(absent: tuple[bool, ...]) -> str:
    return "".join("-" if is_absent else "+" for is_absent in absent)


def reads_absent(absent: tuple[bool, ...]) -> Fault:
    """Return the fault by which these reads of a device find nothing, in their order."""
    answers: Iterator[bool] = iter(absent)
    return Fault(
        "dynamodb",
        "GetItem",
        table="totp-devices",
        mode="absent",
        when=lambda body: next(answers, False),
    )


def set_up(browser: Client, begun: HttpResponse) -> HttpResponse | None:
    """Go on as far as the pages lead: prove a new device, if there is a seed to prove."""
    if begun.status_code != 302:
        return None
    page = browser.get(begun["Location"])
    if not SEED.search(page.text):
        return None
    return browser.post("/device/set-up/", {"code": shown_now(seed_in(page.text))})


@pytest.fixture
def dan(client_of: Callable[..., Client]) -> Client:
    give_device("dan")
    return client_of("dan")


@pytest.mark.parametrize("absent", PLACES, ids=name_of)
def test_the_password_alone_replaces_no_device(dan: Client, absent: tuple[bool, ...]) -> None:
    seed = TotpDevice.find("local:dan").seed
    with faults.on(reads_absent(absent), may_miss=True):
        set_up(dan, dan.post("/device/begin/", {"password": PASSWORD}))
    assert TotpDevice.find("local:dan").seed == seed


@pytest.mark.parametrize("absent", PLACES, ids=name_of)
def test_with_a_code_the_device_is_replaced_or_left_as_it_is(
    dan: Client, absent: tuple[bool, ...]
) -> None:
    old = TotpDevice.find("local:dan")
    code = next_code("dan")
    with faults.on(reads_absent(absent), may_miss=True):
        done = set_up(dan, dan.post("/device/begin/", {"password": PASSWORD, "code": code}))

    is_done = done is not None and done.status_code == 200
    assert (TotpDevice.find("local:dan").seed != old.seed) == is_done
    replaced = [event.event for event in AuditEvent.by_person.query("local:dan")]
    assert (Event.DEVICE_REPLACED in replaced) == is_done
    assert Event.DEVICE_ADDED not in replaced


@pytest.mark.parametrize("absent", PLACES, ids=name_of)
def test_a_device_is_removed_or_its_page_says_no(dan: Client, absent: tuple[bool, ...]) -> None:
    code = next_code("dan")
    with faults.on(reads_absent(absent), may_miss=True):
        response = dan.post("/device/remove/", {"code": code})
    assert (TotpDevice.find("local:dan") is None) == (response.status_code == 302)


def test_of_two_first_devices_at_once_one_is_kept(client_of: Callable[..., Client]) -> None:
    browsers = [client_of("dan"), client_of("dan")]
    epoch = Person.find("local:dan").epoch
    pages = []
    for browser in browsers:
        begun = browser.post("/device/begin/", {"password": PASSWORD})
        pages.append(browser.get(begun["Location"]).text)

    first, second = (seed_in(page) for page in pages)
    assert browsers[0].post("/device/set-up/", {"code": shown_now(first)}).status_code == 200
    # the second browser's web session has ended with that; as if both came at the same moment
    person = Person.find("local:dan")
    person.epoch = epoch
    person.save()
    response = browsers[1].post("/device/set-up/", {"code": shown_now(second)})
    assert response.status_code == 403 and "Begin again under My access" in response.text
    assert seed_of(TotpDevice.find("local:dan")) == first
    assert browsers[1].get("/device/set-up/").status_code == 302, "its seed is gone"
