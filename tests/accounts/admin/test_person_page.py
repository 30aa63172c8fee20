"""A person's page says what their groups make of them, and where groups are changed."""

import html
import re

import pytest

from accounts.models import LocalAccount, Person
from tests.support.forms import submit
from tests.support.other_providers import arrive, use_okta_and_entra

LIST = "/admin/accounts/person/"


def page_of(browser, key: str) -> str:
    return browser.get(f"{LIST}{key.replace(':', '_3A')}/change/").text


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def carol(client_of):
    return client_of("carol")


# -- groups
def test_a_local_account_s_groups_are_changed_on_its_form(carol, client_of):
    client_of("bob")
    page = page_of(carol, "local:bob")
    assert (
        '<a href="/admin/accounts/localaccount/bob/change/">Change them in Local accounts</a>'
        in (page)
    )


def test_a_provider_s_groups_are_changed_there(carol, settings):
    use_okta_and_entra(settings)
    arrive("olga", groups="okta:x")
    page = page_of(carol, "okta:olga")
    assert "They come from Okta, and are changed there." in words_of(page)
    assert "Local accounts</a>" not in page.split("<main")[1].split("</nav>")[-1]


def test_a_removed_provider_is_named_by_its_id(carol):
    arrive_at_okta = Person("okta:olga", provider="okta", subject="olga", groups=["okta:x"])
    arrive_at_okta.save()
    assert "They come from okta, and are changed there." in words_of(page_of(carol, "okta:olga"))


def test_a_deleted_local_account_has_no_form_to_lead_to(carol, client_of):
    client_of("bob")
    LocalAccount.delete_item("bob")
    page = page_of(carol, "local:bob")
    assert "localaccount/bob" not in page and "The local account was deleted." in words_of(page)


# -- roles
@pytest.mark.parametrize(
    ("username", "words"),
    [
        ("carol", "Administrator through local:admins"),
        ("erin", "Auditor through local:auditors"),
    ],
)
def test_an_administrator_and_an_auditor_are_marked_with_the_group(
    carol, client_of, username, words
):
    client_of(username)
    assert words in words_of(page_of(carol, f"local:{username}"))


def test_nobody_else_is_marked(carol, client_of):
    client_of("bob")
    words = words_of(page_of(carol, "local:bob"))
    assert "Administrator through" not in words and "Auditor through" not in words


def test_the_list_marks_them_too(carol, client_of):
    client_of("erin")
    client_of("bob")
    page = carol.get(LIST).text
    roles = re.findall(r'class="field-roles">([^<]*)<', page)
    assert sorted(roles) == ["-", "Administrator", "Auditor"]


# -- the search
def test_the_search_s_placeholder_fits_and_its_hint_is_text(carol):
    page = carol.get(LIST).text
    [placeholder] = re.findall(r'id="searchbar" placeholder="([^"]*)"', page)
    assert placeholder == "Person, name or group"
    assert "Somebody new is found within 15 seconds of their first sign-in." in words_of(page)


# -- the form of a local account
FORM = "/admin/accounts/localaccount/bob/change/"
ADD = "/admin/accounts/localaccount/add/"


def test_the_user_name_stands_once_on_the_form(carol):
    page = carol.get(FORM).text
    assert len(re.findall(r"<label[^>]*>\s*Username", page)) == 1
    assert page.count('<div class="readonly">bob</div>') == 1
    assert len(re.findall(r"<label[^>]*>\s*Username", carol.get(ADD).text)) == 1
    answer = submit(carol, FORM, "localaccount_form", name="Robert")
    assert answer.status_code == 302 and LocalAccount.find("bob").name == "Robert"


@pytest.mark.parametrize("address", [FORM, ADD])
def test_the_groups_field_says_which_groups_give_a_role(carol, settings, address):
    words = words_of(carol.get(address).text)
    assert "admins administers cooper" in words and "auditors reads the audit log" in words

    # names of another provider are not for a local account, and these say so
    Person.update_item("local:carol", actions=[Person.groups.set(["local:root"])])
    settings.COOPER_ADMIN_GROUPS = ["okta:admins", "local:root"]
    settings.COOPER_AUDITOR_GROUPS = ["okta:auditors"]
    words = words_of(carol.get(address).text)
    assert "root administers cooper" in words
    assert "admins administers" not in words and "reads the audit log" not in words


def test_a_group_with_a_role_is_suggested_though_nobody_has_it(carol, settings):
    settings.COOPER_ADMIN_GROUPS = ["local:admins", "local:root"]
    assert "<code>root</code>" in carol.get(ADD).text
