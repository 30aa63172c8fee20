"""`POST /api/v1/people/<provider:subject>/disable` by a service token."""

import getpass
import io
import json
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import person_names, service_tokens
from accounts.models import LocalAccount, Person
from core.dynamo import transaction
from core.installation import Installation
from sso_portal.address_limits import UNKNOWN_TOKENS
from tests.support import clock
from tests.support.command_line import CommandLineTool
from tests.support.events import all_events

CELL = r'class="field-(?:who|about)[^>]*>(.*?)</t[dh]>'


@pytest.fixture
def token(store: object) -> str:
    return service_tokens.add("okta-hook", 30, "root@host")


def disable(person: str, token: str, method: str = "POST", **more: Any) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    browser = Client(raise_request_exception=False)
    return browser.generic(method, f"/api/v1/people/{person}/disable", headers=headers, **more)


def test_it_disables_as_the_administration_does(client_of: Any, token: str) -> None:
    alice = client_of("alice")
    tool = CommandLineTool().sign_in(alice)
    answer = disable("local:alice", token)
    assert answer.status_code == 200
    content = {"person": "local:alice", "disabled": True, "outcome": "disabled"}
    assert answer.json() == content and "no-store" in answer["Cache-Control"]

    account = LocalAccount.find("alice")
    assert account is not None and account.disabled
    assert alice.get("/").status_code == 302
    with_token = {"authorization": f"Bearer {tool.access}"}
    assert Client().get("/api/v1/targets", headers=with_token).status_code == 401

    [event] = [one for one in all_events() if one.event == "person:disable:done"]
    assert event.person == "local:alice" and event.source == "127.0.0.1"
    assert event.facts["service_token"] == "okta-hook" and token not in str(event.facts)


def test_the_audit_log_says_that_the_token_did_it(client_of: Any, token: str) -> None:
    disable("local:alice", token)
    call_command("cooper_user", "disable", "bob", stdout=io.StringIO())
    page = client_of("carol").get("/admin/cooper/auditevent/").text
    rows = [row for row in page.split("<tr")[1:] if "disabled a person" in row]
    cells = [re.sub(r"<[^>]+>", "", " ".join(re.findall(CELL, row, re.DOTALL))) for row in rows]
    [by_token] = [cell for cell in cells if "service token okta-hook" in cell]
    assert "local:alice" in by_token
    [by_command] = [cell for cell in cells if "local:bob" in cell]
    assert by_command.index(getpass.getuser()) < by_command.index("local:bob")


def test_asked_again_it_changes_nothing(client_of: Any, token: str) -> None:
    client_of("alice")
    disable("local:alice", token)
    count = len(all_events())
    answer = disable("local:alice", token)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "was_disabled")
    assert len(all_events()) == count


def test_the_last_administrator_stays(store: object, token: str) -> None:
    assert disable("local:dan", token).status_code == 200
    answer = disable("local:carol", token)
    assert (answer.status_code, answer.json()["error"]) == (409, "last_administrator")
    assert "last one who can administer" in answer.json()["message"]
    account = LocalAccount.find("carol")
    assert account is not None and not account.disabled


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("local:nobody", 404),
        ("nonesuch:somebody", 404),
        ("okta:OLGA@example.com", 404),
        ("okta:", 400),
        ("%00:x", 400),
    ],
)
def test_who_cannot_be_is_told(connected: object, token: str, person: str, status: int) -> None:
    olga = Person("okta:olga@example.com", provider="okta", subject="olga@example.com")
    olga.save()
    with transaction() as writes:
        person_names.take(writes, "okta", "olga@example.com", olga)
    answer = disable(person, token)
    assert answer.status_code == status and answer.json()["message"]
    found = Person.find("okta:olga@example.com")
    assert found is not None and not found.disabled


def test_somebody_who_never_signed_in_is_kept_out_beforehand(connected: object, token: str) -> None:
    answer = disable("okta:new/one@example.com", token)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "disabled_beforehand")
    person = Person.find("okta:new/one@example.com")
    assert person is not None and person.disabled
    assert disable("okta:new/one@example.com", token).json()["outcome"] == "was_disabled"


def test_no_other_token_is_good_for_it_and_it_for_nothing_else(client_of: Any, token: str) -> None:
    tool = CommandLineTool().sign_in(client_of("carol"))
    for other in (
        "",
        "nonsense",
        tool.access,
        token + "x",
        token[:-1],
        "\udcff".encode("utf-8", "replace").decode(),
    ):
        answer = disable("local:alice", other)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    as_bearer = {"authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/targets", headers=as_bearer).status_code == 401
    assert client_of("carol").post("/api/v1/people/local:alice/disable").status_code == 401
    wrong_way = disable("local:alice", token, "GET")
    assert (wrong_way.status_code, wrong_way["Allow"]) == (405, "POST")
    account = LocalAccount.find("alice")
    assert account is not None and not account.disabled


def test_a_token_that_is_over_or_revoked_is_good_for_nothing(token: str) -> None:
    second = service_tokens.add("okta-hook", 60, "root@host")
    with pytest.raises(Exception, match="There are 2 tokens okta-hook already"):
        service_tokens.add("okta-hook", 60, "root@host")

    clock.shift(31 * 86_400)
    assert service_tokens.holder_of(token) is None
    assert service_tokens.holder_of(second) is not None
    service_tokens.revoke(service_tokens.everything()[1].id)
    assert service_tokens.holder_of(second) is None


def test_one_address_tries_so_many(store: object, monkeypatch: Any) -> None:
    monkeypatch.setattr(UNKNOWN_TOKENS, "most", 2)
    statuses = [disable("local:alice", f"wrong{number}").status_code for number in range(4)]
    assert statuses == [401, 401, 429, 429]


def test_what_is_stored_is_no_token(token: str) -> None:
    item = Installation.find("service-tokens")
    assert item is not None and token not in str(item.value)
    [stored] = json.loads(str(item.value))
    assert set(stored) == {"id", "name", "digest", "made_by", "made_at", "ends_at"}
    [event] = [one for one in all_events() if one.event == "service-token:make:done"]
    assert event.facts["token_id"] == stored["id"]
