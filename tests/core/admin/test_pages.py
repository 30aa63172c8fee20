"""Every page of the admin is drawn, for every document."""

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse

OK = 200
DOCUMENTS = {
    "brokers_target": "dev-read",
    "brokers_association": "dev-read|local:developers",
    "brokers_awsaccount": "222222222222",
    "accounts_localaccount": "alice",
    "accounts_person": "local:alice",
    "cooper_installation": "grants",
    "cooper_settings": "contact",
}
ONE_PAGE = {"cooper_installation", "cooper_settings"}
WITHOUT_ADD = {"brokers_awsaccount", "accounts_person", "cooper_auditevent"} | ONE_PAGE


def quoted(pk: str) -> str:
    return quote(pk)


@pytest.fixture
def carol(client_of):
    client_of("alice")
    return client_of("carol")


@pytest.mark.parametrize("document", sorted(set(DOCUMENTS) - ONE_PAGE | {"cooper_auditevent"}))
def test_it_draws_the_list(carol, document):
    answer = carol.get(reverse(f"admin:{document}_changelist"))
    assert answer.status_code == OK and "result_list" in answer.text


@pytest.mark.parametrize("document", sorted(set(DOCUMENTS) - WITHOUT_ADD))
def test_it_draws_the_empty_form(carol, document):
    answer = carol.get(reverse(f"admin:{document}_add"))
    assert answer.status_code == OK and "csrfmiddlewaretoken" in answer.text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_it_draws_the_form_of_a_document(carol, document):
    answer = carol.get(reverse(f"admin:{document}_change", args=[quoted(DOCUMENTS[document])]))
    assert answer.status_code == OK and 'name="version"' in answer.text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_it_draws_the_history(carol, document):
    answer = carol.get(reverse(f"admin:{document}_history", args=[quoted(DOCUMENTS[document])]))
    assert answer.status_code == OK


@pytest.mark.parametrize(
    "document", ["brokers_target", "brokers_association", "accounts_localaccount"]
)
def test_it_asks_before_deleting(carol, document):
    answer = carol.get(reverse(f"admin:{document}_delete", args=[quoted(DOCUMENTS[document])]))
    assert answer.status_code == OK and "This is what happens" in answer.text


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/brokers/", "/admin/accounts/", "/admin/cooper/", "/admin/jsi18n/"],
)
def test_it_draws_the_pages_above_them(carol, address):
    assert carol.get(address).status_code == OK
