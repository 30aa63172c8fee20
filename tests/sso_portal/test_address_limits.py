"""How often one address may ask, and what an office behind one address notices of it: nothing."""

import json
import threading
import time
from typing import Any

import pytest
from django.test import Client

from sso_portal import address_limits
from sso_portal.address_limits import FAILURES, REGISTRATIONS, UNKNOWN_TOKENS, AddressLimit
from tests.support import clock, faults
from tests.support.command_line import CommandLineTool, error_of, get_portal, post_oidc

GOOD = {"clientName": "x", "clientType": "public"}
HERE = {"REMOTE_ADDR": "203.0.113.7"}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.8"}


@pytest.fixture(autouse=True)
def _at_the_start_of_a_minute(store: object) -> None:
    clock.shift(61 - time.time() % 60)


@pytest.fixture
def tool(client_of: Any) -> CommandLineTool:
    return CommandLineTool().sign_in(client_of("alice"))


def lower(limit: AddressLimit, monkeypatch: Any, most: int) -> None:
    monkeypatch.setattr(limit, "most", most)


def accounts(token: str, **extra: str) -> Any:
    client = Client(raise_request_exception=False)
    return client.get("/sso/assignment/accounts", HTTP_X_AMZ_SSO_BEARER_TOKEN=token, **extra)


def targets(token: str, **extra: str) -> Any:
    client = Client(raise_request_exception=False)
    return client.get("/api/v1/targets", HTTP_AUTHORIZATION=f"Bearer {token}", **extra)


def demand_retry_after(response: Any) -> None:
    assert 0 < int(response.headers["Retry-After"]) <= 60


# -- registering -----------------------------------------------------------------------------------
def test_registrations_of_an_address_have_a_limit(store: object, monkeypatch: Any) -> None:
    lower(REGISTRATIONS, monkeypatch, 3)
    answers = [post_oidc("client/register", GOOD, **HERE).status_code for _ in range(3)]
    assert answers == [200] * 3

    refused = post_oidc("client/register", GOOD, **HERE)
    assert (refused.status_code, error_of(refused)) == (400, "SlowDownException")
    assert "your network address" in refused.json()["error_description"]
    demand_retry_after(refused)

    assert post_oidc("client/register", GOOD, **ELSEWHERE).status_code == 200
    clock.shift(60)
    assert post_oidc("client/register", GOOD, **HERE).status_code == 200


def test_an_office_registers_at_once(store: object) -> None:
    answers = {post_oidc("client/register", GOOD, **HERE).status_code for _ in range(100)}
    assert answers == {200}


def test_garbage_counts_for_nothing(store: object, monkeypatch: Any) -> None:
    lower(REGISTRATIONS, monkeypatch, 1)
    for _ in range(3):
        assert error_of(post_oidc("client/register", "{", **HERE)) == "InvalidRequestException"
    assert post_oidc("client/register", GOOD, **HERE).status_code == 200


# -- tokens that are none --------------------------------------------------------------------------
@pytest.mark.parametrize("ask", [accounts, targets])
def test_unknown_tokens_of_an_address_have_a_limit(
    tool: CommandLineTool, monkeypatch: Any, ask: Any
) -> None:
    lower(UNKNOWN_TOKENS, monkeypatch, 3)
    unknown = [f"cooper_access_{number:043}" for number in range(4)]
    assert [ask(token, **HERE).status_code for token in unknown] == [401, 401, 401, 429]

    refused = ask(unknown[3], **HERE)
    demand_retry_after(refused)
    assert "your network address" in refused.json()["message"]
    if ask is accounts:
        assert error_of(refused) == "TooManyRequestsException"
    else:
        assert refused.json()["error"] == "too_many_requests"

    # what is refused so costs nothing
    faults.clear()
    ask("cooper_access_" + "x" * 43, **HERE)
    assert faults.journal() == []

    assert ask(tool.access, **ELSEWHERE).status_code == 200
    clock.shift(60)
    assert ask(tool.access, **HERE).status_code == 200


def test_a_broken_loop_with_one_old_token_harms_no_colleague(
    tool: CommandLineTool, monkeypatch: Any
) -> None:
    lower(UNKNOWN_TOKENS, monkeypatch, 2)
    old = "cooper_access_" + "o" * 43
    assert {accounts(old, **HERE).status_code for _ in range(10)} == {401}
    assert accounts(tool.access, **HERE).status_code == 200


def test_tokens_that_are_good_count_for_nothing(tool: CommandLineTool, monkeypatch: Any) -> None:
    lower(UNKNOWN_TOKENS, monkeypatch, 1)
    assert {accounts(tool.access, **HERE).status_code for _ in range(5)} == {200}
    assert accounts("", **HERE).status_code == 400
    assert accounts("other", **HERE).status_code == 401
    assert accounts(tool.access, **HERE).status_code == 429


def test_signing_out_with_the_tokens_of_others_is_counted_too(
    store: object, monkeypatch: Any
) -> None:
    lower(UNKNOWN_TOKENS, monkeypatch, 1)
    names = []
    for token in ("one", "two"):
        response = Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=token, **HERE)
        names.append(error_of(response))
    assert names == ["UnauthorizedException", "TooManyRequestsException"]


# -- failures of CreateToken -----------------------------------------------------------------------
def test_failures_of_an_address_have_a_limit(tool: CommandLineTool, monkeypatch: Any) -> None:
    lower(FAILURES, monkeypatch, 3)
    pair = {"clientId": tool.client_id, "clientSecret": tool.client_secret}

    def refresh(token: str, **extra: str) -> Any:
        members = pair | {"grantType": "refresh_token", "refreshToken": token}
        return post_oidc("token", members, **extra)

    # the same one again and again is a program that has not noticed yet
    names = [error_of(refresh(token, **HERE)) for token in ("a", "a", "a", "a", "b", "c", "d")]
    assert names == ["InvalidGrantException"] * 6 + ["SlowDownException"]
    demand_retry_after(refresh("d", **HERE))

    faults.clear()
    refresh("e", **HERE)
    assert faults.journal() == []

    assert refresh(tool.refresh, **ELSEWHERE).status_code == 200
    clock.shift(60)
    assert refresh(tool.refresh, **HERE).status_code == 200


def test_wrong_clients_are_failures_and_refreshing_is_none(
    tool: CommandLineTool, monkeypatch: Any
) -> None:
    lower(FAILURES, monkeypatch, 1)
    assert {tool.refresh_access().status_code for _ in range(5)} == {200}
    assert error_of(post_oidc("token", {"grantType": "x"})) == "InvalidRequestException"

    wrong = {"grantType": "refresh_token", "clientId": "x", "clientSecret": "x"}
    assert error_of(post_oidc("token", wrong)) == "InvalidClientException"
    assert error_of(tool.refresh_access()) == "SlowDownException"


# -- the counter -----------------------------------------------------------------------------------
def refused(limit: AddressLimit, address: str, item: str) -> bool:
    try:
        limit.demand(address, item)
    except address_limits.TooMany:
        return True
    return False


def test_a_network_of_ipv6_is_one_source() -> None:
    limit = AddressLimit("tries", 2)
    for number in (1, 2):
        limit.count(f"2001:db8::{number}", str(number))
    assert refused(limit, "2001:db8::3", "3") and not refused(limit, "2001:db8:0:1::3", "3")


def test_many_addresses_take_no_more_memory_than_a_few(monkeypatch: Any) -> None:
    monkeypatch.setattr(address_limits, "MOST_ITEMS", 5)
    limit = AddressLimit("tries", 3)
    for number in range(50):
        limit.count(f"203.0.113.{number}", "x")
    assert limit.items == 5
    # nothing is allowed because it could not be counted
    assert refused(limit, "203.0.113.200", "y") and not refused(limit, "203.0.113.1", "x")

    clock.shift(60)
    assert not refused(limit, "203.0.113.200", "y") and limit.items == 0


def test_many_threads_count_together() -> None:
    limit = AddressLimit("tries", 1_000)
    start = threading.Barrier(8)

    def count(number: int) -> None:
        start.wait()
        for item in range(125):
            limit.count("203.0.113.7", f"{number}-{item}")

    threads = [threading.Thread(target=count, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit.items == 1_000 and refused(limit, "203.0.113.7", "another")


def test_nothing_of_it_is_stored(store: Any, monkeypatch: Any) -> None:
    lower(FAILURES, monkeypatch, 1)
    lower(UNKNOWN_TOKENS, monkeypatch, 1)
    before = json.dumps(store.tables, default=str)
    for number in range(3):
        post_oidc("client/register", GOOD, **HERE)
        post_oidc("token", {"grantType": "x", "clientId": f"{number}", "clientSecret": "x"})
        get_portal("assignment/accounts", f"cooper_access_{number}")
    assert json.dumps(store.tables, default=str) == before


def test_the_limits_are_as_documented() -> None:
    assert (REGISTRATIONS.most, FAILURES.most, UNKNOWN_TOKENS.most) == (600, 300, 1_000)
