import pytest

from accounts.command_lines import CommandLine
from tests.support.command_line import CommandLineTool, error_of, get_portal
from tests.support.events import all_events

DEV = "222222222222"


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(alice):
    return CommandLineTool().sign_in(alice)


def is_over(tool: CommandLineTool) -> bool:
    response = get_portal("assignment/accounts", tool.access)
    return response.status_code == 401 and error_of(tool.refresh_access()) == (
        "InvalidGrantException"
    )


def test_its_person_sees_what_it_is_and_what_it_became(alice, tool):
    assert tool.credentials(DEV, "dev-read").status_code == 200
    page = alice.get("/command-line/").content.decode()
    assert "botocore-client-cooper" in page
    assert 'data-label="Targets">dev-read<' in page


def test_its_person_ends_it(alice, tool):
    session_id = CommandLine.everything()[0].session_id
    page = alice.post("/command-line/end/", {"command_line": session_id}, follow=True)
    assert "That command line is signed out." in page.content.decode()
    assert is_over(tool)
    event = all_events()[-1]
    assert (event.event, event.person) == ("command-line:end:done", "local:alice")


def test_nobody_else_ends_it(alice, client_of, tool):
    session_id = CommandLine.everything()[0].session_id
    for browser in (client_of("bob"), client_of(None)):
        browser.post("/command-line/end/", {"command_line": session_id})
    assert not is_over(tool)


def test_its_person_ends_all_of_them(alice, tool):
    other = CommandLineTool().sign_in(alice)
    alice.post("/command-line/end-all/")
    assert is_over(tool) and is_over(other)
    assert "None is signed in." in alice.get("/command-line/").content.decode()


def test_signing_out_of_the_web_ends_what_was_allowed_there(alice, client_of, tool):
    elsewhere = CommandLineTool().sign_in(client_of("alice"))
    alice.post("/logout/")
    assert is_over(tool) and not is_over(elsewhere)


def test_signing_out_leaves_them_where_the_installation_wants_it_so(alice, tool, settings):
    settings.COOPER_SIGN_OUT_ENDS_COMMAND_LINES = False
    alice.post("/logout/")
    assert not is_over(tool)


def test_ending_all_other_web_sessions_ends_command_lines_too(alice, tool):
    alice.post("/me/end-others/")
    assert is_over(tool)


@pytest.mark.parametrize("value", ["", "nonsense", "0" * 2_100, "\x00"])
def test_nonsense_ends_nothing(alice, tool, value):
    assert alice.post("/command-line/end/", {"command_line": value}).status_code == 302
    assert not is_over(tool)
