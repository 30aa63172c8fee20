"""What pages say of a person's groups: roles in cooper itself, and when a change counts."""

import pytest

from accounts.models import Person
from tests.support.toy_provider import ToyProvider

TOY = f"{ToyProvider.__module__}.{ToyProvider.__name__}"


def main_of(answer) -> str:
    return answer.text.split("<main")[1].split("</main>")[0]


@pytest.fixture
def toy_alice(client_of, settings):
    """Return a browser of somebody whose groups an identity provider names."""
    settings.COOPER_PROVIDERS = [*settings.COOPER_PROVIDERS, TOY]
    browser = client_of(None)
    browser.get("/login/toy/", follow=True)
    return browser


@pytest.mark.parametrize(
    ("username", "group", "words"),
    [
        ("carol", "local:admins", "administers cooper"),
        ("erin", "local:auditors", "reads the audit log"),
    ],
)
def test_a_group_with_a_role_says_which_and_not_that_it_gives_nothing(
    client_of, username, group, words
):
    page = main_of(client_of(username).get("/me/"))
    assert f"<code>{group}</code> {words}" in page
    assert "gives nothing" not in page


def test_a_group_that_has_a_role_and_targets_says_both(client_of, settings):
    settings.COOPER_ADMIN_GROUPS = ["developers"]
    page = main_of(client_of("alice").get("/me/"))
    assert "<code>local:developers</code> administers cooper" in page
    assert page.count("<code>local:developers</code>") == 2


def test_the_role_of_an_equal_name_elsewhere_is_not_said(toy_alice, settings):
    settings.COOPER_ADMIN_GROUPS = ["developers"]
    page = main_of(toy_alice.get("/me/"))
    assert "<code>toy:developers</code> gives nothing" in page and "administers" not in page


@pytest.mark.parametrize("address", ["/", "/me/"])
def test_groups_of_a_local_account_count_at_once_and_the_page_says_so(client_of, address):
    page = main_of(client_of("bob").get(address))
    assert "counts at once" in page and "sign out and in" not in page.lower()


@pytest.mark.parametrize("address", ["/", "/me/"])
def test_groups_of_a_provider_count_from_the_next_sign_in_and_the_page_says_so(toy_alice, address):
    page = main_of(toy_alice.get(address))
    assert "Toy names your groups when you sign in" in page and "sign out and in" in page.lower()
    assert "counts at once" not in page


@pytest.mark.parametrize(
    ("username", "words", "link"),
    [
        ("carol", "You administer cooper", '<a href="/admin/">Administration</a>'),
        ("erin", "You read the audit log", '<a href="/admin/cooper/auditevent/">Audit log</a>'),
    ],
)
def test_home_without_targets_leads_to_what_one_administers(client_of, username, words, link):
    page = main_of(client_of(username).get("/"))
    assert "You have no targets of your own." in page
    assert words in page and link in page


def test_somebody_made_an_administrator_sees_it_on_home_at_once(client_of):
    bob = client_of("bob")
    assert "administer cooper" not in main_of(bob.get("/"))
    Person.update_item("local:bob", actions=[Person.groups.set(["local:admins"])])
    assert "You administer cooper" in main_of(bob.get("/"))


def test_somebody_in_no_group_is_told_so_by_their_kind_of_provider(client_of, toy_alice):
    for key in ("local:bob", "toy:alice"):
        browser = toy_alice if key.startswith("toy") else client_of("bob")
        Person.update_item(key, actions=[Person.groups.set([])])
        words = "Toy named no group" if key.startswith("toy") else "your local account is in no"
        assert words in main_of(browser.get("/"))
