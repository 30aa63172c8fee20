"""The keys that sign registrations: moved to another KMS key, rotated, and dropped in the end."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from cooper_project import rewrap
from core.installation import Installation
from sso_portal import registration_keys
from tests.support import clock
from tests.support.aws_cli import SUITES_NOW, aws_cli
from tests.support.command_line import CommandLineTool, error_of
from tests.support.events import all_events
from tests.support.served import serving
from tests.support.sso_home import PROFILE, HttpTool, home_of

__all__ = ["aws_cli"]  # a fixture

DAY = 86_400


def run(*words: str) -> str:
    """Run the command; return what it says."""
    output = io.StringIO()
    call_command("cooper_registrations", *words, stdout=output)
    return output.getvalue()


def stored_ids() -> list[str]:
    """Return the ids of the stored keys, the newest one first."""
    item = Installation.find(registration_keys.ITEM)
    return [entry["id"] for entry in json.loads(item.value)]


def signer_of(tool: CommandLineTool) -> str:
    """Return the id of the key that signed a registration."""
    return tool.client_id.partition(".")[0]


def registered() -> CommandLineTool:
    """Return a tool that has registered now."""
    tool = CommandLineTool()
    assert tool.register().status_code == 200
    return tool


@pytest.fixture
def tool(client_of):
    return CommandLineTool().sign_in(client_of("alice"))


# -- moved to another KMS key ----------------------------------------------------------------------
def test_all_of_them_are_in_the_list_of_what_is_moved(store):
    registration_keys.rotate()
    places = [stored.place for stored in rewrap.everything()]
    assert [place for place in places if "registration" in place] == [
        "registration key 1",
        "registration key 2",
    ]


# -- rotated by a command --------------------------------------------------------------------------
def test_the_command_rotates_and_says_what_comes_next(store, tool):
    said = run("rotate")
    assert "A new registration key signs from now on" in said
    assert "90 days" in said and "within a minute" in said
    assert str(all_events()[-1].event) == "registration-key:rotate:done"
    assert all_events()[-1].facts["os_user"]
    assert signer_of(tool) == stored_ids()[1]
    assert tool.refresh_access().status_code == 200


def test_the_command_lists_them_with_what_each_does(store):
    run("rotate")
    newest, older = run("list").splitlines()
    assert newest.startswith(stored_ids()[0]) and newest.endswith("signs")
    assert older.startswith(stored_ids()[1]) and "verifies until" in older


def test_the_command_says_that_there_is_none(store):
    Installation.find(registration_keys.ITEM).delete()
    with pytest.raises(CommandError, match="cooper -setup"):
        run("rotate")


def test_a_server_signs_with_the_new_key_within_a_minute_and_without_a_restart(store):
    registered()
    registration_keys.rotate()
    registration_keys._loaded.read_at -= registration_keys.LOOK_EVERY
    assert signer_of(registered()) == stored_ids()[0]


def test_a_server_goes_on_with_its_keys_while_the_tables_do_not_answer(store, monkeypatch):
    before = signer_of(registered())
    registration_keys._loaded.read_at -= registration_keys.LOOK_EVERY
    Installation.find(registration_keys.ITEM).delete()
    assert signer_of(registered()) == before


# -- under a real CLI ------------------------------------------------------------------------------
@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_a_signed_in_aws_cli_refreshes_after_two_rotations(store, tool, aws_cli):
    run("rotate")
    run("rotate")
    # a server that has never met the key of the registration as the newest one
    with serving(store.environment() | {"COOPER_EMBEDDED": "1"}) as url:
        home = home_of(tool, aws_cli.home, url, store.endpoint_url)
        home.let_token_end()
        used = aws_cli.run("sts", "get-caller-identity", "--profile", PROFILE)
        assert ":assumed-role/dev-read/alice." in used.stdout, used.stderr
        assert home.token()["accessToken"] != tool.access

        newcomer = HttpTool(server=url)
        newcomer.register()
        assert [signer_of(each) for each in (newcomer, tool)] == [stored_ids()[0], stored_ids()[2]]


# -- dropped in the end ----------------------------------------------------------------------------
def test_a_key_verifies_until_the_last_of_its_registrations_is_over(store):
    registered_early = registered()
    registration_keys.rotate()
    # a server that has not heard of the new one yet signs with the one before
    clock.shift(50)
    registered_late = registered()
    assert signer_of(registered_early) == signer_of(registered_late) == stored_ids()[1]

    clock.shift(90 * DAY - 10)
    registration_keys.rotate()
    registration_keys.forget()
    assert error_of(registered_early.refresh_access()) == "InvalidClientException"
    # it is known still: the token is what is wrong
    assert error_of(registered_late.create_token(**REFRESH)) == "InvalidGrantException"

    clock.shift(DAY)
    registration_keys.rotate()
    assert len(stored_ids()) == 3
    registration_keys.forget()
    assert error_of(registered_late.create_token(**REFRESH)) == "InvalidClientException"


def test_ninety_days_count_from_the_successor_and_not_from_the_newest_key(store):
    first = stored_ids()[0]
    registration_keys.rotate()
    clock.shift(89 * DAY)
    registration_keys.rotate()
    assert stored_ids()[-1] == first and len(stored_ids()) == 3

    clock.shift(3 * DAY)
    registration_keys.rotate()
    assert first not in stored_ids() and len(stored_ids()) == 3


REFRESH = {"grantType": "refresh_token", "refreshToken": "cooper_refresh_none"}
