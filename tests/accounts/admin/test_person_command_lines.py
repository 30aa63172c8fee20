"""The command lines on a person's page of the admin: shown, and ended by a code."""

import pytest

from accounts.command_lines import CommandLine
from tests.support.codes import next_code
from tests.support.command_line import CommandLineTool, get_portal
from tests.support.events import all_events
from tests.support.forms import mark_in

ALICE = "/admin/accounts/person/local_3Aalice/"
PAGE, END = f"{ALICE}change/", f"{ALICE}end-command-lines/"
DEV = "222222222222"
ENDED = "command-line:end:done"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


@pytest.fixture
def tool(client_of):
    return CommandLineTool().sign_in(client_of("alice"))


def is_over(tool: CommandLineTool) -> bool:
    return get_portal("assignment/accounts", tool.access).status_code == 401


def end(browser, address: str, code: str):
    seen = mark_in(browser.get(address).text)
    return browser.post(address, {"confirmed": "yes", "seen": seen, "code": code})


def address_of(tool: CommandLineTool) -> str:
    """Return where its command line is ended: the newest is on top."""
    [line] = [line for line in CommandLine.everything() if line.client == tool.client]
    return f"{END}?command_line={line.session_id}"


def named(client_of, name: str, person: str = "alice") -> CommandLineTool:
    tool = CommandLineTool()
    tool.client = name
    tool.register(clientName=name)
    tool.exchange(tool.allowed_by(client_of(person)))
    return tool


def test_it_shows_what_there_is(carol, tool):
    tool.extra = {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Boto3/1.44.5"}
    tool.credentials(DEV, "dev-read")
    page = carol.get(PAGE).text
    for shown in (
        "botocore-client-cooper</th>",
        'data-label="Addresses">127.0.0.1 <small>later also 203.0.113.7<',
        'data-label="Targets">dev-read<',
        'data-label="By">boto3<',
    ):
        assert shown in page


def test_it_says_where_there_is_none(carol, client_of):
    client_of("alice")
    assert "<p>None is signed in.</p>" in carol.get(PAGE).text
    assert "none is signed in." in carol.get(END).text


def test_it_ends_one_with_a_code_at_the_next_request(carol, client_of):
    first, second = named(client_of, "first"), named(client_of, "second")
    address = address_of(first)
    assert "first at 127.0.0.1" in carol.get(address).text
    assert end(carol, address, "").status_code == 400 and not is_over(first)
    assert end(carol, address, next_code("carol")).headers["Location"] == PAGE
    assert is_over(first) and not is_over(second)
    event = all_events()[-1]
    assert (event.event, event.person, event.target) == (ENDED, "local:carol", "local:alice")
    assert event.why == "ended by an administrator" and event.facts["step_up"] == "code"


def test_it_ends_all_of_one_person(carol, client_of):
    of_alice = [named(client_of, "first"), named(client_of, "second")]
    of_carol = named(client_of, "third", "carol")
    end(carol, END, next_code("carol"))
    assert all(is_over(tool) for tool in of_alice) and not is_over(of_carol)
    assert [event.event for event in all_events()].count(ENDED) == 2


def test_another_persons_or_none_at_all_ends_nothing(carol, client_of, tool):
    other = named(client_of, "of-carol", "carol")
    for address in (address_of(other), f"{END}?command_line={'0' * 32}"):
        end(carol, address, next_code("carol"))
    assert not is_over(other) and not is_over(tool)
    assert ENDED not in [event.event for event in all_events()]


@pytest.mark.parametrize("username", ["alice", "bob", "erin", None])
def test_nobody_else_may(client_of, tool, username):
    browser = client_of(username)
    browser.post(END, {"confirmed": "yes", "code": "123456"})
    assert not is_over(tool)


def test_ending_all_web_sessions_ends_them_too(carol, tool):
    end(carol, f"{ALICE}end/", next_code("carol"))
    assert is_over(tool)
