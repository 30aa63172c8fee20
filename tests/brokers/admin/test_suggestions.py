"""Fields for a group or a target suggest what exists, at no cost, and never too much."""

import html
import re

import pytest

from accounts.models import Person
from brokers.admin import known_people, suggestion_tags, suggestions
from brokers.catalogue_state import Catalogue
from brokers.impact import KnownPerson, PeopleByGroup
from tests.support import faults

PAGES_WITH_GROUPS = (
    "/admin/brokers/target/dev-read/change/",
    "/admin/brokers/target/add/?kind=role",
    "/admin/brokers/association/add/",
)
PAGES_WITH_TARGETS = (
    ("/admin/brokers/association/add/", "target"),
    # where one searches by AWS account and label too
    ("/admin/cooper/auditevent/", "name"),
)


def suggested(page: str, thing: str) -> list[str]:
    """Return what the page's one list of suggestions has."""
    [datalist] = re.findall(rf'<datalist id="known-{thing}s">(.*?)</datalist>', page, re.DOTALL)
    return [html.unescape(value) for value in re.findall(r'<option value="([^"]*)">', datalist)]


def listed(page: str) -> list[str]:
    """Return what stands in the list under a field of several lines."""
    [shown] = re.findall(r'<details class="suggestions".*?</details>', page, re.DOTALL)
    return [html.unescape(name) for name in re.findall("<li><code>(.*?)</code>", shown)]


@pytest.fixture
def carol(client_of):
    known_people.forget()
    return client_of("carol")


@pytest.mark.parametrize("address", PAGES_WITH_GROUPS)
def test_a_group_field_suggests_the_groups_of_associations(carol, address):
    page = carol.get(address).text
    groups = suggested(page, "group")
    assert "local:developers" in groups and groups == sorted(groups)
    fields = re.findall(r"<input[^>]*name=\"(?:associations-\w+-)?group\"[^>]*>", page)
    assert fields and all('list="known-groups"' in field for field in fields)


@pytest.mark.parametrize(("address", "thing"), PAGES_WITH_TARGETS)
def test_a_field_for_a_target_suggests_the_targets(carol, address, thing):
    page = carol.get(address).text
    assert {"dev-read", "prod-break-glass"} <= set(suggested(page, thing))
    [field] = re.findall(r"<input[^>]*name=\"(?:target|q)\"[^>]*>", page)
    assert f'list="known-{thing}s"' in field


def test_an_action_that_asks_for_a_group_suggests_them(carol):
    chosen = {"action": "associate", "_selected_action": "dev-read"}
    page = carol.post("/admin/brokers/target/", chosen).text
    assert "local:developers" in suggested(page, "group")


def test_fields_of_several_lines_have_the_groups_listed_beside(carol):
    assert "local:developers" in listed(carol.get("/admin/brokers/target/explain/").text)
    # a local account is in local groups alone, which go without the prefix there
    assert "developers" in listed(carol.get("/admin/accounts/localaccount/add/").text)


def test_groups_of_people_are_suggested_once_they_are_at_hand_and_never_read_for_it(
    carol, client_of
):
    client_of("bob")
    Person.update_item("local:bob", actions=[Person.groups.set(["okta:seen-at-a-sign-in"])])
    address = "/admin/brokers/association/add/"
    carol.get(address)

    scans = faults.count("dynamodb", "Scan")
    assert "okta:seen-at-a-sign-in" not in suggested(carol.get(address).text, "group")
    assert faults.count("dynamodb", "Scan") == scans

    known_people.known_people()
    assert "okta:seen-at-a-sign-in" in suggested(carol.get(address).text, "group")


def test_no_call_is_made_for_them(carol):
    carol.get("/admin/brokers/association/add/")
    before = faults.count()
    assert suggestion_tags.suggestions("group")["names"]
    assert suggestion_tags.suggestions("target")["names"]
    assert suggestions.names_of_local_groups()
    assert faults.count() == before


def test_at_most_200_are_suggested_those_of_most_targets_first():
    by_group = {f"okta:{number:03}": frozenset({"one"}) for number in range(300)}
    by_group["okta:zz"] = frozenset({"one", "two"})
    people = PeopleByGroup([KnownPerson("okta:x", ["okta:of-people-alone"])])

    groups = suggestions.known_groups(Catalogue(1, by_group=by_group), people)
    assert len(groups) == suggestions.MOST == 200
    assert "okta:zz" in groups and "okta:of-people-alone" not in groups
    assert groups == sorted(groups)


GROUPS = "/admin/brokers/target/groups/"


def test_groups_are_found_by_a_part_of_their_name_and_nothing_is_read_for_it(carol):
    carol.get(GROUPS)
    before = faults.count("dynamodb", "Scan")
    answer = carol.get(GROUPS, {"q": "DEVEL"})
    assert answer.json() == {"groups": ["example:developers", "local:developers"]}
    assert carol.get(GROUPS, {"q": "no such group"}).json() == {"groups": []}
    assert faults.count("dynamodb", "Scan") == before


def test_at_most_200_of_those_that_fit_are_found():
    by_group = {f"okta:{number:03}": frozenset({"one"}) for number in range(300)}
    catalogue = Catalogue(1, by_group=by_group)
    assert suggestions.known_groups(catalogue, PeopleByGroup(()), part="29")[-1] == "okta:299"
    assert len(suggestions.known_groups(catalogue, PeopleByGroup(()), part="OKTA")) == 200


@pytest.mark.parametrize("address", PAGES_WITH_GROUPS)
def test_a_page_asks_for_more_only_where_it_does_not_have_all(carol, monkeypatch, address):
    assert "group_fields.js" not in carol.get(address).text
    monkeypatch.setattr(suggestions, "MOST", 2)
    page = carol.get(address).text
    assert f'data-address="{GROUPS}"' in page and "group_fields.js" in page


def test_a_name_is_text_and_nothing_else(carol, monkeypatch):
    hostile = 'okta:"><script>alert(1)</script>'
    monkeypatch.setattr(suggestions, "known_groups", lambda *_, **__: [hostile])
    for address in (*PAGES_WITH_GROUPS, "/admin/brokers/target/explain/"):
        assert "<script>alert" not in carol.get(address).text
    assert suggested(carol.get(PAGES_WITH_GROUPS[0]).text, "group") == [hostile]
