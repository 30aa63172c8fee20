"""Every refusal says whom to ask and names its request; what is not yours says nothing more."""

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from brokers import catalogue
from brokers.models import State, Target
from core.dynamo import transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import faults
from tests.support.faults import Fault

OWNER = "team-search@example.com"
DEFAULT = "cloud desk, room 7"
TOOL = {"accept": "application/json"}

ClientOf = Callable[..., Client]


@pytest.fixture(autouse=True)
def contacts(store: object) -> None:
    """Give the targets an owner, and the installation a contact."""
    for name in ("dev-read", "prod-admin"):
        change_target(name, owner=OWNER)
    change_switch(default_contact=DEFAULT)


def change_target(name: str, **values: object) -> None:
    target = Target.find(name)
    for attribute, value in values.items():
        setattr(target, attribute, value)
    catalogue.edit(lambda writes: writes.save(target), name)


def change_switch(**values: object) -> None:
    switch = Installation.find(STOP_SWITCH_ITEM)
    for attribute, value in values.items():
        setattr(switch, attribute, value)
    with transaction() as writes:
        writes.save(switch)


def contact_on(response: HttpResponse) -> str:
    """Return whom an error page says to ask."""
    match = re.search(r"<dt>Whom to ask</dt>\s*<dd>(.*?)</dd>", response.text, re.DOTALL)
    return match[1].strip() if match else ""


def check_names_request(response: HttpResponse) -> None:
    assert response.headers["X-Request-Id"] in response.text


# -- not yours
@pytest.mark.parametrize("way", ["", "console/", "credentials/"])
def test_unknown_and_not_yours_and_disabled_are_alike(client_of: ClientOf, way: str) -> None:
    change_target("dev-uploads", state=str(State.DISABLED), owner=OWNER)
    answers = []
    for username, name in (("bob", "dev-read"), ("bob", "nowhere"), ("alice", "dev-uploads")):
        client = client_of(username)
        path = f"/targets/{name}/{way}"
        answer = client.post(path, {}) if way else client.get(path)
        assert answer.status_code == 404
        assert contact_on(answer) == DEFAULT and OWNER not in answer.text
        check_names_request(answer)
        answers.append(re.search(r"<h1>.*?</dl>", answer.text, re.DOTALL)[0])  # type: ignore[index]

    plain = {re.sub(r"[0-9]{8}-[0-9]{6}-\w{6}", "", answer) for answer in answers}
    assert len(plain) == 1


def test_without_a_contact_an_administrator_is_to_be_asked(client_of: ClientOf) -> None:
    change_switch(default_contact=None)
    assert contact_on(client_of("bob").get("/targets/nowhere/")) == "An administrator of cooper"


# -- yours
def stopped(alice: Client, **named: object) -> HttpResponse:
    change_switch(stopped=True)
    return alice.post("/targets/dev-read/console/", {}, **named)


def refused_by_aws(alice: Client, **named: object) -> HttpResponse:
    with faults.on(Fault(service="sts", mode="deny")):
        return alice.post("/targets/dev-read/console/", {}, **named)


def too_many(alice: Client, **named: object) -> HttpResponse:
    for _ in range(60):
        answer = alice.post("/targets/dev-read/console/", {}, **named)
        if answer.status_code == 429:
            break
    return answer


def no_answer(alice: Client, **named: object) -> HttpResponse:
    with faults.on(Fault(service="dynamodb", operation="TransactWriteItems", mode="error")):
        return alice.post("/targets/dev-read/console/", {}, **named)


@pytest.mark.parametrize("refuse", [stopped, refused_by_aws, too_many, no_answer])
def test_what_is_yours_names_its_owner(
    client_of: ClientOf, refuse: Callable[..., HttpResponse]
) -> None:
    answer = refuse(client_of("alice"))
    assert answer.status_code in (403, 429, 503)
    assert contact_on(answer) == OWNER
    check_names_request(answer)


@pytest.mark.parametrize("refuse", [stopped, refused_by_aws])
def test_where_nobody_is_named_it_says_so_and_names_the_default_contact(
    client_of: ClientOf, refuse: Callable[..., HttpResponse]
) -> None:
    change_target("dev-read", owner=None)
    answer = refuse(client_of("alice"))
    assert "<dt>Owner</dt><dd>Nobody named</dd>" in answer.text
    assert contact_on(answer) == DEFAULT


@pytest.mark.parametrize("refuse", [stopped, refused_by_aws, too_many, no_answer])
def test_a_tool_gets_the_same(client_of: ClientOf, refuse: Callable[..., HttpResponse]) -> None:
    answer = refuse(client_of("alice"), headers=TOOL)
    content = answer.json()
    assert content["contact"] == OWNER and content["error"]
    assert content["request_id"] == answer.headers["X-Request-Id"]


def test_a_form_with_errors_names_its_request_and_whom_to_ask(client_of: ClientOf) -> None:
    alice = client_of("alice")
    fields = {"duration": "60"}
    page = alice.post("/targets/dev-read/console/", fields)
    assert page.status_code == 400 and OWNER in page.text
    check_names_request(page)

    content = alice.post("/targets/dev-read/console/", fields, headers=TOOL).json()
    assert content["contact"] == OWNER and content["request_id"] and content["fields"]


# -- other pages
def test_a_page_that_there_is_not_names_the_default_contact(client_of: ClientOf) -> None:
    answer = client_of("alice").get("/no-such-page/")
    assert contact_on(answer) == DEFAULT
    check_names_request(answer)


def test_a_stranger_learns_no_contact_and_costs_no_read(client_of: ClientOf) -> None:
    client = client_of(None)
    client.get("/no-such-page/")
    faults.clear()
    assert DEFAULT not in client.get("/no-such-page/").text
    assert not [call for call in faults.journal() if call.operation == "GetItem"]


# -- nothing to become
def test_who_has_nothing_sees_their_groups_and_whom_to_ask(client_of: ClientOf) -> None:
    page = client_of("bob").get("/").text
    assert "You have no targets yet" in page and DEFAULT in page
    assert "You may, through" in page
    assert re.search(r"from <code>local</code>", page)
