"""A command line that is used from another address than the one it signed in from."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts.command_lines import CommandLine
from core import env
from sso_portal import addresses
from sso_portal.addresses import is_same_network
from tests.support import faults
from tests.support.command_line import CommandLineTool, error_of
from tests.support.events import all_events
from tests.support.faults import Fault

DEV = "222222222222"
ELSEWHERE = "203.0.113.7"
MOVED = "command-line:use-elsewhere:done"
STOPPED = "command-line:use-elsewhere:refused"


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(alice):
    """Return a command line that has signed in from 127.0.0.1."""
    return CommandLineTool().sign_in(alice)


def move(tool: CommandLineTool, address: str = ELSEWHERE) -> CommandLineTool:
    tool.extra = {"REMOTE_ADDR": address}
    return tool


def use(tool: CommandLineTool):
    return tool.credentials(DEV, "dev-read")


def events_called(*names: str) -> list:
    return [event for event in all_events() if event.event in names]


def operations_of(tool: CommandLineTool) -> list[str]:
    faults.clear()
    assert use(tool).status_code == 200
    return [call.operation for call in faults.journal()]


# -- told once -------------------------------------------------------------------------------------
def test_it_is_an_event_once_for_each_address(tool):
    for address in (ELSEWHERE, ELSEWHERE, "2001:db8::7", ELSEWHERE, "127.0.0.1"):
        assert use(move(tool, address)).status_code == 200
    events = events_called(MOVED)
    assert [event.facts["address"] for event in events] == [ELSEWHERE, "2001:db8::7"]
    for event in events:
        assert (event.person, event.target) == ("local:alice", "local:alice")
        assert event.facts["signed_in_from"] == "127.0.0.1"
        assert event.source == event.facts["address"]


def test_its_person_is_told_at_their_next_visit_and_in_the_list(alice, tool):
    use(move(tool))
    home = alice.get("/").content.decode()
    assert "used from another address than the one it signed in from: 203.0.113.7." in home
    page = alice.get("/command-line/").content.decode()
    assert 'data-label="Addresses">127.0.0.1 <small>later also 203.0.113.7</small><' in page


def test_from_where_it_signed_in_it_costs_nothing_and_from_elsewhere_only_once(tool):
    use(tool)
    at_home = operations_of(tool)
    operations_of(move(tool))
    assert operations_of(tool) == at_home


@pytest.mark.parametrize("way", ["list", "refresh", "api"])
def test_every_use_counts(tool, way):
    move(tool)
    if way == "list":
        assert tool.get("assignment/accounts").status_code == 200
    if way == "refresh":
        assert tool.refresh_access().status_code == 200
    if way == "api":
        headers = {"HTTP_AUTHORIZATION": f"Bearer {tool.access}"}
        assert Client().get("/api/v1/targets", **headers, **tool.extra).status_code == 200
    assert len(events_called(MOVED)) == 1


def test_eight_at_once_are_told_of_once(tool):
    move(tool)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tool.get("assignment/accounts"), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(events_called(MOVED)) == 1


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems"])
def test_what_cannot_be_told_is_not_done(tool, operation):
    move(tool)
    with faults.on(Fault(operation=operation, mode="deny")):
        assert tool.get("assignment/accounts").status_code >= 500
    assert tool.get("assignment/accounts").status_code == 200
    assert len(events_called(MOVED)) == 1


def test_an_address_that_the_server_does_not_know_is_another_one(tool):
    use(move(tool, ""))
    use(tool)
    assert [event.facts["address"] for event in events_called(MOVED)] == ["not known"]


def test_it_may_be_used_from_so_many_addresses_and_no_more(tool, monkeypatch):
    monkeypatch.setattr(addresses, "MOST", 2)
    for number in (1, 2, 1):
        assert use(move(tool, f"203.0.113.{number}")).status_code == 200
    refused = use(move(tool, "203.0.113.3"))
    assert error_of(refused) == "ForbiddenException"
    assert "too many addresses" in refused.json()["message"]
    assert use(move(tool, "203.0.113.1")).status_code == 200
    assert len(CommandLine.everything()[0].other_addresses) == 2


# -- refused, where the installation wants it so ---------------------------------------------------
@pytest.fixture
def same_network(settings):
    settings.COOPER_CLI_SAME_NETWORK = (24, 56)


def test_it_is_refused_from_another_network_with_a_sentence(same_network, tool):
    for _ in range(2):
        refused = use(move(tool))
        assert (refused.status_code, error_of(refused)) == (403, "ForbiddenException")
        assert "signed in from another network" in refused.json()["message"]
    [event] = events_called(MOVED, STOPPED)
    assert (event.event, event.facts["address"]) == (STOPPED, ELSEWHERE)


def test_it_is_not_refreshed_there_and_still_used_at_home(same_network, tool):
    refused = move(tool).refresh_access()
    assert error_of(refused) == "InvalidGrantException"
    assert "another network" in refused.json()["error_description"]
    assert use(move(tool, "127.0.0.1")).status_code == 200


def test_the_api_refuses_it_too(same_network, tool):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {tool.access}", "REMOTE_ADDR": ELSEWHERE}
    answer = Client().get("/api/v1/targets", **headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")


def test_within_the_network_it_is_used_and_told_of(same_network, tool):
    assert use(move(tool, "127.0.0.9")).status_code == 200
    assert len(events_called(MOVED)) == 1


def test_signing_out_is_let_from_everywhere(same_network, tool):
    headers = {"HTTP_X_AMZ_SSO_BEARER_TOKEN": tool.access, "REMOTE_ADDR": ELSEWHERE}
    assert Client().post("/sso/logout", **headers).status_code == 200
    assert CommandLine.everything() == []
    assert events_called(MOVED, STOPPED) == []


@pytest.mark.parametrize(
    ("address", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:0:10::1", "2001:db8:0:1f:1::2", True),
        ("2001:db8:0:10::1", "2001:db8:0:110::1", False),
        ("192.0.2.1", "::ffff:192.0.2.9", True),
        ("192.0.2.1", "2001:db8::1", False),
        ("192.0.2.1", addresses.NOT_KNOWN, False),
        ("", "", False),
    ],
)
def test_networks_go_by_their_prefixes(address, other, is_same):
    assert is_same_network(address, other, (24, 56)) is is_same


def test_the_whole_prefix_is_the_same_address():
    assert is_same_network("192.0.2.1", "192.0.2.1", (32, 128))
    assert not is_same_network("192.0.2.1", "192.0.2.2", (32, 128))


@pytest.mark.parametrize(
    ("value", "prefixes"), [("", ()), ("/24 /56", (24, 56)), (" /32  /128 ", (32, 128))]
)
def test_the_setting_takes_two_prefixes(monkeypatch, value, prefixes):
    monkeypatch.setenv("COOPER_CLI_SAME_NETWORK", value)
    assert env.prefix_lengths("COOPER_CLI_SAME_NETWORK") == prefixes


@pytest.mark.parametrize(
    "value", ["1", "yes", "/24", "24 56", "/0 /56", "/24 /0", "/33 /1", "/1 /129"]
)
def test_the_setting_takes_nothing_else(monkeypatch, value):
    monkeypatch.setenv("COOPER_CLI_SAME_NETWORK", value)
    with pytest.raises(ImproperlyConfigured, match="two lengths of prefixes"):
        env.prefix_lengths("COOPER_CLI_SAME_NETWORK")
