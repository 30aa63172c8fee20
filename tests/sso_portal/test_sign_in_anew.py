"""Allowing a command line that would end within the hour takes a sign-in anew."""

import pytest

from accounts.models import LocalAccount
from core.dynamo import transaction
from sso_portal.models import Token
from tests.support import clock
from tests.support.command_line import CommandLineTool
from tests.support.other_providers import Dull, LikeSaml, use_in_place_of_local

ANEW = "Sign in anew first"
HOUR = 3_600


@pytest.fixture(autouse=True)
def _long_sessions(settings):
    settings.COOPER_SESSION_IDLE = 12 * HOUR


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(alice):
    tool = CommandLineTool()
    tool.register()
    # all but an hour and a minute is over
    clock.shift(7 * HOUR - 60)
    return tool


def asked(alice, tool) -> str:
    """Return the page that asks the person."""
    answer = alice.get(tool.authorize_address())
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_is_asked_for_within_the_last_hour_and_not_before(alice, tool):
    assert ANEW not in asked(alice, tool)
    clock.shift(61)
    page = asked(alice, tool)
    assert ANEW in page and "would end in 59 minutes" in page
    assert "Allow" not in page


def test_nothing_is_allowed_without_it(alice, tool):
    clock.shift(61)
    for fields in ({"decision": "allow"}, {"decision": "allow", "password": ""}, {"password": ""}):
        answer = alice.post(tool.authorize_address(), fields)
        assert ANEW in answer.content.decode() and "Location" not in answer.headers
    wrong = alice.post(tool.authorize_address(), {"password": "wrong"})
    assert wrong.status_code == 400 and "errorlist" in wrong.content.decode()
    assert Token.everything() == []


def test_the_password_is_enough_and_the_command_line_then_lives_from_there(alice, tool):
    clock.shift(61)
    answer = alice.post(tool.authorize_address(), {"password": "cooper-demo"})
    assert answer["Location"] == tool.authorize_address()
    assert ANEW not in asked(alice, tool)
    assert tool.exchange(tool.allowed_by(alice)).status_code == 200
    clock.shift(7 * HOUR)
    assert tool.refresh_access().status_code == 200


def test_the_web_session_becomes_no_longer_by_it(alice, tool):
    clock.shift(61)
    alice.post(tool.authorize_address(), {"password": "cooper-demo"})
    clock.shift(5 * HOUR)
    assert alice.get("/")["Location"].startswith("/login/")


def test_a_password_counts_no_more_once_its_account_is_disabled(alice, tool):
    clock.shift(61)
    account = LocalAccount.find("alice")
    account.disabled = True
    with transaction() as writes:
        writes.save(account)
    answer = alice.post(tool.authorize_address(), {"password": "cooper-demo"})
    assert answer.status_code == 400


def test_no_is_still_no(alice, tool):
    clock.shift(61)
    policy = alice.get(tool.authorize_address())["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:35555" in policy
    assert tool.allowed_by(alice, "deny") == "access_denied"


def test_others_are_led_to_their_provider_and_back(alice, tool, settings):
    use_in_place_of_local(settings, LikeSaml)
    clock.shift(61)
    page = asked(alice, tool)
    assert "/login/elsewhere/?fresh=1&amp;next=/authorize?" in page and "Password" not in page
    answer = alice.post(tool.authorize_address(), {"password": "cooper-demo"})
    assert ANEW in answer.content.decode() and "Location" not in answer.headers


def test_where_nothing_can_ask_again_it_says_what_to_do(alice, tool, settings):
    use_in_place_of_local(settings, Dull)
    clock.shift(61)
    assert "Sign out, and sign in again" in asked(alice, tool)


def test_whoever_has_just_signed_in_is_asked_for_nothing_however_short_it_is(
    alice, tool, client_of, settings
):
    settings.COOPER_COMMAND_LINE_SECONDS = HOUR
    browser = client_of("alice")
    assert ANEW not in asked(browser, tool)
    clock.shift(301)
    assert ANEW in asked(browser, tool)
