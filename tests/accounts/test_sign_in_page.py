"""The sign-in page: the company's identity provider first, local accounts behind it."""

import re

import pytest

from core.installation import STOP_SWITCH_ITEM, Installation
from demo.seed import PASSWORD
from tests.support.saml_stage import connected, shared_key  # noqa: F401 - fixtures


def main_of(answer) -> str:
    return answer.text.split("<main")[1].split("</main>")[0]


def is_folded(answer) -> bool:
    page = main_of(answer)
    assert 'name="password"' in page
    return "<details" in page and not re.search(r"<details[^>]* open", page)


@pytest.mark.usefixtures("connected")
def test_the_company_s_provider_is_first_and_large(client_of):
    page = main_of(client_of(None).get("/login/?next=/targets/dev-read/"))
    button = page.index("Sign in with")
    assert button < page.index("<details") < page.index('name="password"')
    large = re.search(r'class="button primary wide" href="/login/[^"]+next=/targets/', page)
    assert large
    # both providers lead, by their names, and no other button does
    assert page.count("primary") == page.count("Sign in with") - 1 == 2


@pytest.mark.usefixtures("connected")
def test_local_accounts_are_folded_until_they_are_asked_for_or_refused(client_of):
    browser = client_of(None)
    assert is_folded(browser.get("/login/"))
    assert not is_folded(browser.get("/login/?local"))

    wrong = {"username": "alice", "password": "wrong"}
    answer = browser.post("/login/", wrong)
    assert answer.status_code == 403 and not is_folded(answer)
    right = {"username": "alice", "password": PASSWORD}
    assert browser.post("/login/", right).status_code == 302


def test_local_accounts_that_are_the_only_way_are_not_folded(client_of):
    page = main_of(client_of(None).get("/login/"))
    assert "<details" not in page and 'name="password"' in page and "primary" in page


@pytest.mark.parametrize("username", ["alice", None])
def test_signed_out_says_so(client_of, username):
    answer = client_of(username).post("/logout/", follow=True)
    assert "You are signed out" in main_of(answer)
    assert "You are signed out" not in main_of(client_of(None).get("/login/"))


def test_the_enrolment_code_says_where_it_comes_from_and_whom_to_ask(client_of, settings):
    settings.COOPER_ENROLMENT = "code"
    set_contact("")
    page = main_of(client_of("alice").get("/device/"))
    assert "An administrator of cooper makes it for you" in page
    assert "Ask an administrator of your company's cooper" in page


def test_the_enrolment_code_page_names_the_default_contact(client_of, settings):
    settings.COOPER_ENROLMENT = "code"
    set_contact("the platform team, #cloud")
    page = main_of(client_of("alice").get("/device/"))
    assert "Ask the platform team, #cloud" in page


def set_contact(text: str) -> None:
    item = Installation.find(STOP_SWITCH_ITEM)
    assert item
    item.default_contact = text
    item.save()
