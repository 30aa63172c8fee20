"""People of any provider are looked after from the host, with `cooper -user`."""

import pytest
from django.core.management import CommandError, call_command

from accounts import local_accounts
from accounts.models import LocalAccount, Person
from accounts.providers import SignInRefused
from core.audit import Event
from tests.support.events import all_events
from tests.support.other_providers import arrive, use_okta_and_entra

BOB = "okta:bob@example.com"


@pytest.fixture(autouse=True)
def _providers(store, settings):
    use_okta_and_entra(settings)
    settings.COOPER_ADMIN_GROUPS = ["local:admins", "okta:chiefs"]


def user(*words: str) -> None:
    call_command("cooper_user", *words)


def test_it_disables_and_enables_a_person_of_any_provider(capsys):
    epoch = arrive("bob@example.com").epoch
    user("disable", BOB)
    assert f"Disabled {BOB}" in capsys.readouterr().out
    assert Person.find(BOB).disabled and Person.find(BOB).epoch > epoch
    with pytest.raises(SignInRefused, match="may not sign in"):
        arrive("bob@example.com")

    user("enable", BOB)
    arrive("bob@example.com")
    kinds = [event.event for event in all_events() if event.person == BOB]
    assert {Event.PERSON_DISABLED, Event.PERSON_ENABLED} <= set(kinds)


def test_a_disabled_person_s_web_session_ends_at_the_next_request(client_of):
    alice = client_of("alice")
    assert alice.get("/").status_code == 200
    user("disable", "local:Alice")
    assert alice.get("/").status_code == 302 and LocalAccount.find("alice").disabled


def test_people_of_a_provider_that_was_removed_are_disabled_too(settings):
    arrive("bob@example.com")
    settings.COOPER_PROVIDERS = settings.COOPER_PROVIDERS[:1]
    user("disable", BOB)
    assert Person.find(BOB).disabled


@pytest.mark.parametrize("verb", ["disable", "enable"])
@pytest.mark.parametrize(
    ("person", "message"),
    [
        ("okta:nobody", "okta:nobody has never signed in"),
        ("okta:Bob@Example.com", f"Do you mean {BOB}"),
        ("Okta:bob", "is not a person"),
        ("okta:", "is not a person"),
        ("nobody", "no local account nobody"),
    ],
)
def test_it_says_what_is_wrong_with_a_name_and_changes_nothing(verb, person, message):
    arrive("bob@example.com")
    with pytest.raises(CommandError, match=message):
        user(verb, person)
    assert not Person.find(BOB).disabled


def test_the_last_administrator_stays_whatever_the_provider():
    arrive("olga", groups="okta:chiefs")
    for username in ("carol", "dan"):
        local_accounts.disable(username)
    with pytest.raises(CommandError, match="the last one who can administer"):
        user("disable", "okta:olga")
    assert not Person.find("okta:olga").disabled


@pytest.mark.parametrize("words", [("password",), ("groups", "chiefs"), ("add",)])
def test_passwords_and_groups_are_those_at_the_provider(words):
    verb, *rest = words
    with pytest.raises(CommandError, match="is not a local account"):
        user(verb, BOB, *rest)


def test_it_lists_people_of_all_providers(capsys):
    arrive("olga", groups="okta:chiefs okta:staff")
    arrive("bob@example.com", groups="okta:staff")
    user("disable", BOB)
    user("list")
    lines = capsys.readouterr().out.splitlines()
    assert f"{BOB}: okta:staff [disabled]" in lines
    assert "okta:olga: okta:chiefs, okta:staff [administrator]" in lines
    assert any(line.startswith("alice (") for line in lines)
