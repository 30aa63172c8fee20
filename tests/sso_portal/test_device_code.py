"""Signing in by a code that a person types: who may, what they are shown, and what it gives."""

import json
import re

import pytest
from django.test import Client

from accounts.command_lines import CommandLine
from accounts.models import Person
from brokers import catalogue
from brokers.models import Target
from core.dynamo import transaction
from sso_portal import device_codes
from sso_portal.models import Token
from tests.support import clock
from tests.support.command_line import DEVICE_CODE, CommandLineTool, error_of, get_portal
from tests.support.events import all_events
from tests.support.other_providers import LikeSaml, use_in_place_of_local
from tests.support.races import all_at_once

DEV = "222222222222"
PROD = "444444444444"
PAGE = "/code/"
DECIDE = "/code/decide/"
ELSEWHERE = "203.0.113.9"


@pytest.fixture(autouse=True)
def _on(settings):
    settings.COOPER_DEVICE_CODE = ["local:developers"]


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(store):
    return waiting_tool()


def waiting_tool() -> CommandLineTool:
    """Return a tool that has asked for a code and waits."""
    tool = CommandLineTool()
    tool.register(grantTypes=[DEVICE_CODE], redirectUris=[])
    assert tool.start_device().status_code == 200
    return tool


def decide(browser: Client, tool: CommandLineTool, decision: str = "allow") -> int:
    """Answer as a person does; return the answer's status."""
    fields = {"user_code": tool.user_code, "decision": decision}
    return browser.post(DECIDE, fields).status_code


def kinds() -> list[str]:
    return [str(event.event) for event in all_events()]


# -- the honest way --------------------------------------------------------------------------------
def test_it_signs_in_for_an_hour_without_a_refresh_token(alice, tool):
    assert error_of(tool.poll()) == "AuthorizationPendingException"
    assert error_of(tool.poll()) == "AuthorizationPendingException"
    assert decide(alice, tool) == 302

    answer = tool.poll()
    assert answer.status_code == 200 and "refreshToken" not in answer.json()
    assert 3_590 < answer.json()["expiresIn"] <= 3_600
    assert tool.credentials(DEV, "dev-read").status_code == 200

    clock.shift(3_601)
    assert error_of(tool.credentials(DEV, "dev-read")) == "UnauthorizedException"


def test_no_address_that_is_printed_has_the_code(tool):
    answer = tool.start_device().json()
    assert answer["verificationUri"] == answer["verificationUriComplete"]
    assert answer["verificationUri"] == "http://testserver/code/"
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", answer["userCode"])
    assert (answer["expiresIn"], answer["interval"]) == (600, 2)


def test_the_person_sees_who_asks_from_where_and_when_before_they_decide(alice, store):
    tool = CommandLineTool()
    tool.register()
    tool.start_device(REMOTE_ADDR=ELSEWHERE)
    shown = alice.post(PAGE, {"user_code": tool.user_code.lower().replace("-", " ")})
    page = shown.content.decode()
    assert shown.status_code == 200
    for fact in (tool.user_code, "botocore-client-cooper", ELSEWHERE, "127.0.0.1", "UTC"):
        assert fact in page
    assert "comes from another address than this browser" in page
    assert CommandLine.everything() == []
    assert error_of(tool.poll()) == "AuthorizationPendingException"


def test_the_same_address_is_no_warning(alice, tool):
    page = alice.post(PAGE, {"user_code": tool.user_code}).content.decode()
    assert "comes from the same address as this browser" in page
    assert "another address than this browser" not in page


def test_what_a_client_calls_itself_is_text_and_nothing_else(alice, store):
    tool = CommandLineTool()
    tool.register(clientName="<b>AWS</b>" + "x" * 500)
    tool.start_device()
    page = alice.post(PAGE, {"user_code": tool.user_code}).content.decode()
    assert "&lt;b&gt;AWS&lt;/b&gt;" in page and "<b>AWS" not in page


def test_it_is_on_the_audit_log_with_both_addresses(alice, store):
    tool = CommandLineTool()
    tool.register()
    tool.start_device(REMOTE_ADDR=ELSEWHERE)
    decide(alice, tool)
    tool.poll()
    allowed, begun = all_events()[-2:]
    assert str(allowed.event) == "command-line:allow:done" and allowed.person == "local:alice"
    assert (allowed.source, allowed.facts["asked_from"]) == ("127.0.0.1", ELSEWHERE)
    assert allowed.facts["way"] == begun.facts["way"] == "device code"
    assert str(begun.event) == "command-line:begin:done"
    assert begun.facts["browser_address"] == "127.0.0.1"


def test_a_session_is_of_the_address_that_its_person_saw(alice, store):
    tool = CommandLineTool()
    tool.register()
    tool.start_device(REMOTE_ADDR=ELSEWHERE)
    decide(alice, tool)
    assert tool.poll().status_code == 200
    assert CommandLine.everything()[0].address == ELSEWHERE
    # it goes on from another one: the person is told
    tool.credentials(DEV, "dev-read")
    assert "was used from another address" in alice.get("/").content.decode()


def test_every_web_session_of_the_person_is_told_of_the_approval(alice, client_of, tool):
    other = client_of("alice")
    decide(alice, tool)
    for browser in (alice, other):
        page = browser.get("/").content.decode()
        assert "host without a browser was allowed to sign in as you" in page
    # and once more when it begins is no second announcement
    tool.poll()
    assert other.get("/").content.decode().count("was allowed to sign in as you") == 1
    assert "was allowed to sign in" not in client_of("bob").get("/").content.decode()


def test_the_page_of_command_lines_leads_there_whoever_may(client_of, alice):
    assert f'href="{PAGE}"' in alice.get("/command-line/").content.decode()
    assert f'href="{PAGE}"' not in client_of("bob").get("/command-line/").content.decode()


# -- who may ---------------------------------------------------------------------------------------
def test_it_is_off_unless_groups_are_named(alice, tool, settings):
    settings.COOPER_DEVICE_CODE = []
    refused = tool.start_device()
    assert error_of(refused) == "UnauthorizedClientException"
    assert "COOPER_DEVICE_CODE" in refused.json()["error_description"]
    assert "without --use-device-code" in refused.json()["error_description"]
    assert error_of(tool.poll()) == "UnauthorizedClientException"
    page = alice.get(PAGE)
    assert page.status_code == 403 and "lets nobody sign in by a device code" in str(page.content)
    assert decide(alice, tool) == 403


def test_nobody_else_allows_or_sees_anything(client_of, tool):
    bob = client_of("bob")
    assert bob.get(PAGE).status_code == 403
    assert bob.post(PAGE, {"user_code": tool.user_code}).status_code == 403
    assert decide(bob, tool) == 403
    assert error_of(tool.poll()) == "AuthorizationPendingException"
    assert kinds()[-1] != "command-line:allow:done"


def test_whoever_left_the_groups_or_was_disabled_meanwhile_gets_no_session(alice, tool, settings):
    decide(alice, tool)
    settings.COOPER_DEVICE_CODE = ["local:others"]
    assert error_of(tool.poll()) == "AccessDeniedException"
    settings.COOPER_DEVICE_CODE = ["local:developers"]
    person = Person.find("local:alice")
    person.disabled = True
    with transaction() as writes:
        writes.save(person)
    assert error_of(tool.poll()) == "InvalidGrantException"
    assert CommandLine.everything() == []


def test_it_takes_signing_in_first_and_the_csrf_token(tool, client_of):
    assert Client().get(PAGE)["Location"] == "/login/?next=%2Fcode%2F"
    assert Client().post(PAGE, {"user_code": tool.user_code})["Location"].startswith("/login/")
    assert Client().post(DECIDE, {"user_code": tool.user_code})["Location"].startswith("/login/")
    checking = client_of("alice", enforce_csrf_checks=True)
    assert decide(checking, tool) == 403
    assert error_of(tool.poll()) == "AuthorizationPendingException"


def test_a_get_decides_nothing(alice, tool):
    for address in (PAGE, DECIDE):
        alice.get(address, {"user_code": tool.user_code, "decision": "allow"})
    assert tool.user_code not in alice.get(PAGE, {"user_code": tool.user_code}).content.decode()
    assert error_of(tool.poll()) == "AuthorizationPendingException"


def test_it_takes_a_sign_in_or_the_password_of_the_last_five_minutes(alice, tool):
    clock.shift(301)
    assert "Password" in alice.get(PAGE).content.decode()
    missing = alice.post(PAGE, {"user_code": tool.user_code})
    wrong = alice.post(PAGE, {"user_code": tool.user_code, "password": "wrong"})
    for refused in (missing, wrong):
        assert refused.status_code in (400, 403) and "calls itself" not in refused.content.decode()
    assert decide(alice, tool) == 302
    assert error_of(tool.poll()) == "AuthorizationPendingException"

    proved = alice.post(PAGE, {"user_code": tool.user_code, "password": "cooper-demo"})
    assert "It calls itself" in proved.content.decode()
    assert decide(alice, tool) == 302
    assert tool.poll().status_code == 200


def test_others_are_led_to_their_provider_and_back(alice, tool, settings):
    use_in_place_of_local(settings, LikeSaml)
    clock.shift(301)
    page = alice.get(PAGE).content.decode()
    assert "/login/elsewhere/?fresh=1&amp;next=/code/" in page
    assert "Password" not in page and 'name="user_code"' not in page
    refused = alice.post(PAGE, {"user_code": tool.user_code, "password": "cooper-demo"})
    assert refused.status_code == 400 and "calls itself" not in refused.content.decode()


def test_denying_takes_no_fresh_sign_in(alice, tool):
    clock.shift(301)
    decide(alice, tool, "deny")
    assert error_of(tool.poll()) == "AccessDeniedException"


# -- codes -----------------------------------------------------------------------------------------
def test_there_is_one_decision_and_deny_is_one(alice, tool):
    decide(alice, tool, "deny")
    assert kinds()[-1] == "command-line:allow:refused"
    assert error_of(tool.poll()) == "AccessDeniedException"
    again = alice.post(DECIDE, {"user_code": tool.user_code, "decision": "allow"})
    assert again.status_code == 400
    assert error_of(tool.poll()) == "AccessDeniedException"


def test_a_decision_that_is_neither_decides_nothing(alice, tool):
    assert decide(alice, tool, "perhaps") == 400
    assert error_of(tool.poll()) == "AuthorizationPendingException"


def test_a_code_lasts_ten_minutes(alice, client_of, tool):
    clock.shift(601)
    late = client_of("alice")
    assert late.post(PAGE, {"user_code": tool.user_code}).status_code == 400
    assert decide(late, tool) == 400
    assert error_of(tool.poll()) == "ExpiredTokenException"


def test_what_was_allowed_is_given_once(alice, tool):
    decide(alice, tool)
    assert tool.poll().status_code == 200
    assert error_of(tool.poll()) == "InvalidGrantException"
    # a client that asks twice at once does not put itself out
    assert tool.credentials(DEV, "dev-read").status_code == 200


def test_a_device_code_is_for_its_client_alone(alice, tool):
    other = waiting_tool()
    decide(alice, tool)
    other.device_code = tool.device_code
    assert error_of(other.poll()) == "InvalidGrantException"
    assert error_of(tool.poll(deviceCode="nonsense")) == "InvalidGrantException"
    assert error_of(tool.poll(deviceCode=tool.user_code)) == "InvalidGrantException"
    assert tool.poll().status_code == 200


def test_codes_are_stored_as_hashes_alone(store, alice, tool):
    decide(alice, tool)
    tool.poll()
    stored = json.dumps(store.tables, default=str)
    letters = tool.user_code.replace("-", "")
    assert str(Token.Meta.table_name) in stored
    for secret in (tool.device_code, tool.user_code, letters, tool.access):
        assert secret not in stored


def test_one_code_allowed_and_polled_by_several_at_once_is_one_session(client_of, tool):
    browsers = [client_of("alice") for _ in range(3)]
    statuses = all_at_once([lambda browser=browser: decide(browser, tool) for browser in browsers])
    assert sorted(statuses) == [302, 400, 400]
    assert kinds().count("command-line:allow:done") == 1

    answers = all_at_once([CommandLineTool(**vars(tool)).poll for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert len(CommandLine.everything()) == 1
    assert kinds().count("command-line:begin:done") == 1


def test_allowed_and_denied_at_once_is_one_of_the_two(client_of, tool):
    yes, no = client_of("alice"), client_of("alice")
    statuses = all_at_once([lambda: decide(yes, tool), lambda: decide(no, tool, "deny")])
    assert sorted(statuses) == [302, 400]
    decided = [kind for kind in kinds() if kind.startswith("command-line:allow")]
    answer = tool.poll()
    assert len(decided) == 1
    assert (answer.status_code == 200) is (decided == ["command-line:allow:done"])


# -- limits ----------------------------------------------------------------------------------------
def test_guesses_are_limited_for_each_person(alice, client_of, tool, settings):
    guess = {"user_code": "BBBB-BBBB"}
    statuses = [alice.post(PAGE, guess).status_code for _ in range(device_codes.GUESSES + 1)]
    assert statuses == [400] * device_codes.GUESSES + [429]
    # the right one is none the better for it, at either address
    assert alice.post(PAGE, {"user_code": tool.user_code}).status_code == 429
    assert decide(alice, tool) == 429
    assert kinds()[-1] == "command-line:begin:refused"

    clock.shift(601)
    settings.COOPER_DEVICE_CODE = ["local:developers", "local:admins"]
    assert client_of("carol").post(PAGE, guess).status_code == 400


def test_guesses_are_limited_for_each_address(alice, tool, monkeypatch):
    monkeypatch.setattr(device_codes, "GUESSES_OF_ADDRESS", 3)
    guess = {"user_code": "BBBB-BBBB"}
    statuses = [alice.post(PAGE, guess).status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert alice.post(PAGE, guess, REMOTE_ADDR=ELSEWHERE).status_code == 400


def test_polling_too_often_is_told_as_clients_know_it(tool):
    answers = [error_of(tool.poll()) for _ in range(device_codes.POLLS_PER_MINUTE + 1)]
    assert set(answers[:-1]) == {"AuthorizationPendingException"}
    assert answers[-1] == "SlowDownException"


def test_starting_is_limited_for_each_address(tool, monkeypatch):
    monkeypatch.setattr(device_codes, "STARTS_PER_MINUTE", 2)
    assert tool.start_device().status_code == 200
    refused = tool.start_device()
    assert error_of(refused) == "SlowDownException" and int(refused["Retry-After"]) <= 60
    assert tool.start_device(REMOTE_ADDR=ELSEWHERE).status_code == 200


# -- what is sent wrongly --------------------------------------------------------------------------
def test_a_wrong_pair_is_an_invalid_client(tool):
    tool.client_secret = "wrong"
    assert error_of(tool.start_device()) == "InvalidClientException"
    assert error_of(tool.poll()) == "InvalidClientException"


@pytest.mark.parametrize(
    "typed", ["", "   ", "BBBB", "AEIO-AEIO", "B" * 500, "BBBB-BBBB-B", "\x00"]
)
def test_what_is_no_code_is_said_on_its_field(alice, store, typed):
    answer = alice.post(PAGE, {"user_code": typed})
    assert answer.status_code == 400 and "errorlist" in answer.content.decode()


# -- what it never reaches -------------------------------------------------------------------------
def test_its_session_never_reaches_what_takes_a_code_or_a_reason(alice, client_of, tool):
    target = Target.find("prod-admin")
    target.command_lines = "permit"
    catalogue.edit(lambda writes: writes.save(target), "prod-admin")
    decide(alice, tool)
    tool.poll()

    assert not CommandLine.everything()[0].is_from_browser
    assert "prod-admin" not in roles_in_production(tool)
    refused = tool.credentials(PROD, "prod-admin")
    assert error_of(refused) == "ForbiddenException"
    assert "is closed to command lines" in refused.json()["message"]
    assert "/permit/" not in refused.json()["message"]
    # one by the browser of its own computer gets the link
    other = CommandLineTool().sign_in(client_of("alice"))
    assert "prod-admin" in roles_in_production(other)
    assert "/permit/" in other.credentials(PROD, "prod-admin").json()["message"]


def roles_in_production(tool: CommandLineTool) -> list[str]:
    """Return the names of roles that a tool is shown there."""
    roles = get_portal("assignment/roles", tool.access, account_id=PROD).json()["roleList"]
    return [role["roleName"] for role in roles]
