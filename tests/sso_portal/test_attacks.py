"""What a stranger, or a person with bad intentions, tries on the way of a command line."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client

from accounts import local_accounts
from accounts.command_lines import CommandLine
from accounts.sessions import hash_session_key
from sso_portal import registration_keys, registrations
from sso_portal.models import Token
from tests.support import clock
from tests.support.command_line import (
    REDIRECT,
    CommandLineTool,
    error_of,
    get_portal,
    post_oidc,
)
from tests.support.races import all_at_once
from tests.support.token_states import like_alice

DEV_READ = ("222222222222", "dev-read")


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(store):
    registered = CommandLineTool()
    registered.register()
    return registered


# -- codes -----------------------------------------------------------------------------------------
def test_ten_at_once_with_one_code_begin_one_command_line_at_most(alice, tool):
    code = tool.allowed_by(alice)

    def exchange() -> int:
        twin = CommandLineTool(tool.client_id, tool.client_secret, tool.verifier)
        return twin.exchange(code).status_code

    answers = all_at_once([exchange] * 10)
    assert answers.count(200) <= 1 and set(answers) <= {200, 400}
    assert len(CommandLine.everything()) <= 1
    # a late one ends what the first one began: nobody knows which of them was the owner
    assert error_of(tool.exchange(code)) == "InvalidGrantException"
    assert CommandLine.everything() == []


@pytest.mark.parametrize("verifier", ["plain", "", "a" * 42, "a" * 129, "é" * 43])
def test_a_challenge_is_met_by_its_verifier_alone(alice, tool, verifier):
    """Not by itself either, as a plain one would be."""
    code = tool.allowed_by(alice)
    verifier = tool.challenge if verifier == "plain" else verifier
    assert tool.exchange(code, codeVerifier=verifier).status_code == 400
    assert tool.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "code_challenge_method=plain",
        "code_challenge_method=",
        "code_challenge=",
        "code_challenge=" + "a" * 42,
        "response_type=token",
        "response_type=code%20token",
    ],
)
def test_the_last_of_two_parameters_is_no_way_around_s256(alice, tool, query):
    response = alice.post(f"{tool.authorize_address()}&{query}", {"decision": "allow"})
    assert response["Location"] == f"{REDIRECT}?error=invalid_request&state=a-state"
    assert Token.everything() == []


def test_what_a_form_says_changes_nothing_of_the_question(alice, tool):
    """The person has seen the address's question; the form answers it, and no other."""
    form = {
        "decision": "allow",
        "redirect_uri": "http://127.0.0.1:1/evil",
        "code_challenge": "a" * 43,
        "client_id": "another",
        "state": "another",
    }
    response = alice.post(tool.authorize_address(), form)
    answer = parse_qs(urlsplit(response["Location"]).query)
    assert response["Location"].startswith(f"{REDIRECT}?") and answer["state"] == ["a-state"]
    assert tool.exchange(answer["code"][0]).status_code == 200


# -- between the yes and the code ------------------------------------------------------------------
def sign_out(browser):
    browser.post("/logout/")


def end_from_another_session(browser):
    other = Client()
    other.post("/login/", {"username": "ada", "password": "cooper-demo"})
    session = hash_session_key(browser.cookies["cooper"].value)
    assert other.post("/me/end-session/", {"session": session}).status_code == 302


CHANGES = {
    "signed out": sign_out,
    "ended from another web session": end_from_another_session,
    "all other web sessions ended": lambda browser: browser.post("/me/end-others/"),
    "disabled": lambda browser: local_accounts.disable("ada"),
    "another password": lambda browser: local_accounts.set_password("ada", "quite-another-one-9"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_yes_is_worth_nothing_once_its_person_is_signed_out(client_of, tool, change):
    browser = client_of(like_alice("ada"))
    code = tool.allowed_by(browser)
    CHANGES[change](browser)
    assert error_of(tool.exchange(code)) == "InvalidGrantException"
    assert CommandLine.everything() == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_command_line_is_over_once_its_person_is_signed_out(client_of, tool, change):
    browser = client_of(like_alice("ada"))
    tool.exchange(tool.allowed_by(browser))
    CHANGES[change](browser)
    assert error_of(tool.credentials(*DEV_READ)) == "UnauthorizedException"
    assert error_of(tool.refresh_access()) == "InvalidGrantException"


def test_signing_out_is_apart_where_the_installation_wants_it_so(alice, tool, settings):
    settings.COOPER_SIGN_OUT_ENDS_COMMAND_LINES = False
    code = tool.allowed_by(alice)
    sign_out(alice)
    assert tool.exchange(code).status_code == 200


# -- redirect addresses ----------------------------------------------------------------------------
EVIL_REDIRECTS = [
    "https://evil.example/oauth/callback",
    "http://127.0.0.1.evil.example/oauth/callback",
    "http://127.0.0.1:35555@evil.example/oauth/callback",
    "http://127.0.0.1:35555:@evil.example/oauth/callback",
    "http://evil.example[::1]:35555/oauth/callback",
    "http://[::1]evil.example:35555/oauth/callback",
    "http://[::1].evil.example/oauth/callback",
    "http://[::1%25evil]/oauth/callback",
    "http://[::ffff:127.0.0.1]/oauth/callback",
    "http://127.1/oauth/callback",
    "http://2130706433/oauth/callback",
    "http://0x7f.0.0.1/oauth/callback",
    "http://127.0.0.1%2fevil.example/oauth/callback",
    "http://127.0.0.1%00.evil.example/oauth/callback",
    "http://１２７.0.0.1/oauth/callback",
    "http://127。0。0。1/oauth/callback",
    "http://localhost.evil.example/oauth/callback",
    "http://LOCALHOST/oauth/callback",
    "http:\\\\127.0.0.1/oauth/callback",
    "http:/127.0.0.1/oauth/callback",
    "http:127.0.0.1/oauth/callback",
    "//127.0.0.1/oauth/callback",
    "http://127.0.0.1:99999/oauth/callback",
    "http://127.0.0.1:-1/oauth/callback",
    "http://127.0.0.1:٣٥/oauth/callback",
    "http://127.0.0.1:35555 /oauth/callback",
    "http://127.0.0.1:35555/oauth/callback#fragment",
    "http://127.0.0.1:35555/oauth/callback?a=b",
    "http://127.0.0.1:35555/oauth/callback\r\nSet-Cookie: a=b",
    "http://127.0.0.1:35555/oauth/callback\t",
    "\thttp://127.0.0.1:35555/oauth/callback",
    "javascript:alert(1)//127.0.0.1/oauth/callback",
    'http://127.0.0.1:35555/oauth/"><script>',
    "http://127.0.0.1:35555/;script-src *",
]


def test_nothing_leads_off_this_machine(alice, tool):
    for redirect_uri in EVIL_REDIRECTS:
        address = tool.authorize_address(redirect_uri=redirect_uri)
        response = alice.post(address, {"decision": "allow"})
        assert response.status_code == 400 and "Location" not in response.headers, redirect_uri
        refused = CommandLineTool().register(redirectUris=[redirect_uri])
        assert error_of(refused) == "InvalidRedirectUriException", redirect_uri


def test_no_address_but_the_registered_one_is_led_to(alice, tool):
    for redirect_uri in (
        "http://127.0.0.1:35555/oauth/callback/",
        "http://127.0.0.1:35555/oauth/callback/../evil",
        "http://127.0.0.1:35555/oauth//callback",
        "http://127.0.0.1:35555/oauth%2fcallback",
        "http://127.0.0.1:35555/OAUTH/CALLBACK",
        "http://localhost:35555/oauth/callback",
        "http://[::1]:35555/oauth/callback",
    ):
        response = alice.get(tool.authorize_address(redirect_uri=redirect_uri))
        assert response.status_code == 400 and "Location" not in response.headers, redirect_uri


STATES = [
    "a\r\nSet-Cookie: evil=1",
    "a&code=evil",
    "a#code=evil",
    "https://evil.example/",
    "\x00\x85\u2028",
    "x" * 5_000,
    "é\ud83d",
]


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_state_is_given_back_and_does_nothing(alice, tool, decision):
    for state in STATES:
        check_state(alice, tool, state, decision)


def check_state(alice, tool, state, decision):
    address = tool.authorize_address(state=state.encode("utf-8", "replace").decode())
    location = alice.post(address, {"decision": decision})["Location"]
    parts = urlsplit(location)
    assert location.isascii() and location.isprintable()
    assert (parts.netloc, parts.path, parts.fragment) == ("127.0.0.1:35555", "/oauth/callback", "")
    answer = parse_qs(parts.query)
    assert set(answer) <= {"code", "error", "error_description", "state"}
    assert [len(values) for values in answer.values()] == [1] * len(answer)
    assert answer.get("code") != ["evil"]


# -- the page --------------------------------------------------------------------------------------
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% now 'Y' %}",
    "AWS CLI\u202eneddih",
    "\U0001f469\u200d\U0001f4bb",
    "cooper\u200b\u2066\u2069",
    "x" * 4_000,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_a_client_calls_itself_is_shown_as_plain_text(alice, name):
    tool = CommandLineTool()
    assert tool.register(clientName=name).status_code == 200
    page = alice.get(tool.authorize_address())
    assert page.status_code == 200
    shown = page.text.split("It calls itself</dt><dd><code>")[1].split("</code>")[0]
    assert "<" not in shown and shown.isprintable() and len(shown) <= 1_000

    assert tool.exchange(tool.allowed_by(alice)).status_code == 200
    assert alice.get("/command-line/").status_code == 200


def test_the_page_cannot_be_framed_kept_or_left_with_a_referrer(alice, tool):
    for response in (
        alice.get(tool.authorize_address()),
        alice.get(tool.authorize_address(client_id="nonsense")),
        alice.post(tool.authorize_address(), {"decision": "allow"}),
    ):
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] in ("same-origin", "no-referrer")


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_another_site_cannot_say_yes(client_of, tool, headers):
    browser = client_of("alice", enforce_csrf_checks=True)
    token = browser.get(tool.authorize_address()).text.split('csrfmiddlewaretoken" value="')[1]
    form = {"decision": "allow"}
    if headers:
        form["csrfmiddlewaretoken"] = token.split('"')[0]
    assert browser.post(tool.authorize_address(), form, headers=headers).status_code == 403
    assert Token.everything() == []


def test_nothing_but_a_post_says_yes(alice, tool):
    address = f"{tool.authorize_address()}&decision=allow"
    for method in ("get", "head", "options", "put", "patch", "delete", "trace"):
        assert "code=" not in getattr(alice, method)(address).headers.get("Location", "")
    assert Token.everything() == []


def test_whatever_is_no_yes_is_a_no(alice, tool):
    for decision in ("", "yes", "ALLOW", "allow ", "deny"):
        location = alice.post(tool.authorize_address(), {"decision": decision})["Location"]
        assert "error=access_denied" in location and Token.everything() == []


# -- clients ---------------------------------------------------------------------------------------
def test_two_clients_that_say_the_same_in_the_same_second_are_two(store):
    """Else a stranger had the secret of whoever registers at that moment."""
    with clock.travelling(stand_still=True):
        pairs = {CommandLineTool().register().json()["clientSecret"] for _ in range(5)}
    assert len(pairs) == 5


def test_a_token_is_for_its_client_alone(alice, tool):
    tool.exchange(tool.allowed_by(alice))
    other = CommandLineTool(access=tool.access, refresh=tool.refresh)
    other.register()
    assert error_of(other.refresh_access()) == "InvalidGrantException"
    assert tool.refresh_access().status_code == 200


def test_a_client_s_secret_is_for_its_id_alone(tool):
    other = CommandLineTool()
    other.register()
    tool.client_secret = other.client_secret
    assert error_of(tool.refresh_access()) == "InvalidClientException"


def forged(tool: CommandLineTool) -> dict[str, str]:
    """Return ids that somebody may make out of a good one."""
    key_id, content, signature = tool.client_id.split(".")
    evil = {"name": "evil", "redirects": ["https://evil.example/"], "expires": 9_999_999_999}
    other_letter = "A" if tool.client_id[-1] != "A" else "B"
    made = signing.Signer(key="guessed", sep=".", salt="sso_portal.client-id").sign_object(evil)
    return {
        "other content": f"{key_id}.{made.rpartition('.')[0]}.{signature}",
        "own key": f"{key_id}.{made}",
        "other key id": f"{'0' * 8}.{content}.{signature}",
        "no signature": f"{key_id}.{content}.",
        "no parts": f"{key_id}",
        "the secret as signature": f"{key_id}.{content}.{tool.client_secret}",
        "a letter of the signature": f"{tool.client_id[:-1]}{other_letter}",
        "a blank": f"{tool.client_id} ",
        "unprintable": f"{key_id}.{content}.\u0000\ud800",
    }


def test_a_registration_cannot_be_forged(alice, tool):
    for client_id in forged(tool).values():
        check_forged(alice, tool, client_id)


def check_forged(alice, tool, client_id):
    tool.client_id = client_id
    refused = post_oidc(
        "token",
        {
            "grantType": "refresh_token",
            "refreshToken": "x",
            "clientId": tool.client_id,
            "clientSecret": tool.client_secret,
        },
    )
    assert error_of(refused) in ("InvalidClientException", "InvalidRequestException")
    page = alice.get(
        tool.authorize_address(client_id=tool.client_id.encode("utf-8", "replace").decode())
    )
    assert page.status_code == 400 and "Location" not in page.headers


def test_a_registration_is_over_after_its_time(alice, tool):
    clock.shift(registration_keys.LIFETIME.total_seconds() + 1)
    with pytest.raises(registrations.OidcRefusal):
        registrations.client_with(tool.client_id, int(time.time()))


# -- clocks ----------------------------------------------------------------------------------------
def test_nothing_is_good_in_the_second_of_its_end(alice, tool):
    code = tool.allowed_by(alice)
    clock.shift(60)
    assert error_of(tool.exchange(code)) == "InvalidGrantException"

    tool.exchange(tool.allowed_by(alice))
    clock.shift(3_600)
    assert error_of(tool.credentials(*DEV_READ)) == "UnauthorizedException"


def test_no_access_token_is_given_that_is_over_at_once(alice, tool):
    """In the last second of a command line."""
    tool.exchange(tool.allowed_by(alice))
    [command_line] = CommandLine.everything()
    clock.shift(float(command_line.ends_at) - time.time() - 0.5)
    assert error_of(tool.refresh_access()) == "InvalidGrantException"


# -- people ----------------------------------------------------------------------------------------
def test_nobody_ends_another_person_s_command_line(client_of, alice, tool):
    tool.exchange(tool.allowed_by(alice))
    [command_line] = CommandLine.everything()
    form = {"command_line": str(command_line.session_id)}
    client_of("bob").post("/command-line/end/", form)
    client_of("bob").post("/command-line/end-all/")
    assert get_portal("assignment/accounts", tool.access).status_code == 200


def test_whoever_may_become_nothing_learns_nothing(client_of, tool):
    tool.exchange(tool.allowed_by(client_of("bob")))
    answers = [tool.credentials(*DEV_READ), tool.credentials("999999999999", "no-such-role")]
    assert {error_of(answer) for answer in answers} == {"ForbiddenException"}
    assert answers[0].json() == answers[1].json()
    assert "Development" not in json.dumps(get_portal("assignment/accounts", tool.access).json())
