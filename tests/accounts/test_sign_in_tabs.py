"""Signing in with several tabs, or with Back: whoever is signed in goes on to where they wanted."""

import pytest
from django.test import Client

from demo.seed import PASSWORD
from tests.support.events import all_events
from tests.support.forms import errors_in, fields_of

RIGHT = {"username": "alice", "password": PASSWORD}
SIGNED_IN = "person:sign-in:done"


@pytest.fixture
def browser(store):
    return Client(enforce_csrf_checks=True)


def opened_tab(browser: Client, query: str = "") -> dict[str, str]:
    """Open the sign-in page; return its form as it would be sent."""
    return fields_of(browser.get(f"/login/{query}").text, "") | RIGHT


def sign_ins() -> list[str]:
    return [str(e.person) for e in all_events() if e.event == SIGNED_IN]


def test_back_and_submit_leads_on(browser):
    form = opened_tab(browser, "?next=/targets/dev-read/")
    for _ in range(2):
        answer = browser.post("/login/", form)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/targets/dev-read/")
    assert sign_ins() == ["local:alice"]


def test_a_second_tab_leads_on_to_its_own_page(browser):
    first, second = opened_tab(browser), opened_tab(browser, "?next=/targets/dev-read/")
    assert browser.post("/login/", first).headers["Location"] == "/"
    answer = browser.post("/login/", second)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/targets/dev-read/")


def test_a_second_tab_never_makes_somebody_else_of_a_person_and_says_who_they_are(browser):
    first, second = opened_tab(browser), opened_tab(browser)
    browser.post("/login/", first)
    page = browser.post("/login/", second | {"username": "bob"}, follow=True)
    assert page.context["request"].identity.person == "local:alice"
    assert "You are signed in already, as Alice" in page.text and "sign out first" in page.text


@pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_leads_to_no_other_site(browser, link):
    form = opened_tab(browser)
    browser.post("/login/", form)
    assert browser.post("/login/", form | {"next": link}).headers["Location"] == "/"


def test_a_form_from_before_a_sign_out_is_shown_again_with_the_name_that_was_typed(browser):
    form = opened_tab(browser, "?next=/targets/dev-read/")
    browser.post("/login/", form)
    signed_in = browser.get("/").text
    browser.post("/logout/", fields_of(signed_in, ""))

    again = browser.post("/login/", form)
    assert again.status_code == 403 and "too old" in errors_in(again.text)
    assert PASSWORD not in again.text and sign_ins() == ["local:alice"]

    fresh = fields_of(again.text, "")
    assert fresh["username"] == "alice" and fresh["next"] == "/targets/dev-read/"
    answer = browser.post("/login/", fresh | {"password": PASSWORD})
    assert answer.headers["Location"] == "/targets/dev-read/"
