"""A provider more: one file and one setting."""

import pytest

from accounts.models import Person
from accounts.providers import providers
from brokers import catalogue
from brokers.models import Association
from core.errors import CooperError
from tests.support.events import all_events

BOTH = ["accounts.providers.local.LocalProvider", "tests.support.toy_provider.ToyProvider"]


@pytest.fixture
def browser(client_of, settings):
    settings.COOPER_PROVIDERS = BOTH
    return client_of(None)


def test_it_offers_a_button_for_the_new_provider(browser):
    assert "Sign in with Toy" in browser.get("/login/").text


def test_it_signs_in_a_person_of_the_new_provider_who_is_nobody_else(browser):
    browser.get("/login/toy/", follow=True)
    assert [str(p.person) for p in Person.everything()] == ["toy:alice"]
    assert "You have no targets yet" in browser.get("/").text


def test_it_entitles_groups_of_the_new_provider(browser):
    catalogue.edit(
        lambda writes: writes.create(Association("dev-read", "toy:developers")), "dev-read"
    )
    browser.get("/login/toy/", follow=True)
    assert "Development, read only" in browser.get("/").text


def test_it_records_what_the_new_provider_refuses(browser):
    answer = browser.get("/login/toy/?word=now")
    assert answer.status_code == 403 and "did not hear" in answer.text
    assert [e.why for e in all_events() if e.event == "person:sign-in:refused"] == ["wrong word"]


@pytest.mark.parametrize("path", ["/login/local/", "/login/nope/"])
def test_it_answers_404_where_no_provider_is(browser, path):
    assert browser.get(path).status_code == 404


def test_it_refuses_two_providers_with_one_id(settings):
    settings.COOPER_PROVIDERS = [BOTH[1], BOTH[1]]
    with pytest.raises(CooperError, match="equal ids"):
        providers()
