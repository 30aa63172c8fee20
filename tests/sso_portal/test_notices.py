"""What a person learns of a new command line at their next visit."""

from accounts.command_lines import CommandLine
from tests.support import faults
from tests.support.command_line import CommandLineTool, error_of
from tests.support.faults import Fault


def test_a_new_command_line_is_announced_in_each_of_its_persons_web_sessions(client_of):
    here, elsewhere = client_of("alice"), client_of("alice")
    CommandLineTool().sign_in(here)
    for browser in (here, elsewhere, client_of("alice")):
        shown = browser.get("/").content.decode()
        assert "A new command line signed in as you: botocore-client-cooper" in shown
    assert "botocore-client-cooper" not in client_of("bob").get("/").content.decode()


def test_none_begins_that_cannot_be_announced(client_of):
    tool = CommandLineTool()
    tool.register()
    code = tool.allowed_by(client_of("alice"))
    with faults.on(Fault(operation="UpdateItem", table="once", mode="deny")):
        assert error_of(tool.exchange(code)) == "InternalServerException"
    assert CommandLine.everything() == []
