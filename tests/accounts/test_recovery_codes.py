"""A recovery code has a field of its own, which a phone's keyboard can fill."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import TotpDevice
from core.audit import Event
from tests.support.enrolment import PASSWORD, enrol
from tests.support.events import all_events

FIELD = re.compile(r'<input[^>]*name="recovery_code"[^>]*>')
CODE_FIELD = re.compile(r'<input[^>]*name="code"[^>]*>')


@pytest.fixture
def dan(client_of: Callable[..., Client]) -> Client:
    return client_of("dan")


def test_a_phone_shows_letters_for_it_and_digits_for_a_code(dan: Client) -> None:
    enrol(dan)
    page = dan.get("/device/").text
    [field] = FIELD.findall(page)
    assert 'inputmode="text"' in field
    assert 'autocapitalize="characters"' in field
    assert "one-time-code" not in field, "a phone would offer the code of a message"
    assert 'for="recover_recovery_code"' in page
    for code_field in CODE_FIELD.findall(page):
        assert 'inputmode="numeric"' in code_field

    form = page.split('action="/device/recover/"')[1].split("</form>")[0]
    assert not CODE_FIELD.search(form)


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}\u00a0"]
)
def test_it_is_taken_as_people_type_it(dan: Client, spell: Callable[[str], str]) -> None:
    codes = enrol(dan)
    fields = {"password": PASSWORD, "recovery_code": spell(codes[0])}
    assert dan.post("/device/recover/", fields).status_code == 302
    assert Event.RECOVERY_USED in {event.event for event in all_events()}


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "123456", "x" * 80])
def test_a_wrong_one_is_refused_on_its_field_in_its_own_words(dan: Client, code: str) -> None:
    enrol(dan)
    fields = {"password": PASSWORD, "recovery_code": code}
    response = dan.post("/device/recover/", fields)
    assert response.status_code == 403
    errors = response.context["recovery_form"].errors["recovery_code"]
    assert "recovery code" in str(errors)
    assert "next one on your device" not in str(errors)
    assert len(TotpDevice.find("local:dan").recovery) == 10


def test_where_a_code_is_asked_for_the_page_says_where_a_recovery_code_goes(dan: Client) -> None:
    enrol(dan)
    for address in ("/admin/brokers/target/dev-read/change/", "/device/"):
        page = dan.get(address).text
        assert '<a href="/device/#lost">Use a recovery code</a>' in page
        assert '<a href="/device/#clock">' in page
    page = dan.get("/device/").text
    assert page.count('id="lost"') == page.count('id="clock"') == 1


def test_a_phone_shows_letters_for_an_enrolment_code(
    client_of: Callable[..., Client], settings: object
) -> None:
    settings.COOPER_ENROLMENT = "code"  # type: ignore[attr-defined]
    page = client_of("dan").get("/device/").text
    [field] = re.findall(r'<input[^>]*name="enrolment_code"[^>]*>', page)
    assert 'autocapitalize="characters"' in field
