"""Every address that takes a token x every token: an address that is not on the list fails.

`tests/cooper_project/test_urls_by_person.py` is the same for people and their cookies.
"""

import re

import pytest
from django.conf import settings
from django.test import Client

from sso_portal.models import Token
from sso_portal.tokens import token_hash
from tests.support import clock, faults
from tests.support.addresses import addresses, filled
from tests.support.command_line import CommandLineTool
from tests.support.token_states import GOOD, NONE, WITHOUT_GROUPS, tokens_by_state

OK, BAD, NO_TOKEN, DENIED, NOWHERE, WRONG_WAY = 200, 400, 401, 403, 404, 405

DEV_READ = {"account_id": "222222222222", "role_name": "dev-read"}
DEV = {"account_id": "222222222222"}

# address: (method, query; no token, one that is not good, without groups, a good one)
PORTAL_ADDRESSES = {
    "/sso/assignment/accounts": ("GET", {}, BAD, NO_TOKEN, OK, OK),
    "/sso/assignment/roles": ("GET", DEV, BAD, NO_TOKEN, OK, OK),
    "/sso/federation/credentials": ("GET", DEV_READ, BAD, NO_TOKEN, DENIED, OK),
    "/sso/logout": ("POST", {}, BAD, NO_TOKEN, OK, OK),
}
API_ADDRESSES = {
    "/api/v1/targets": ("GET", {}, NO_TOKEN, NO_TOKEN, OK, OK),
    "/api/v1/targets/<target:name>/credentials": ("POST", {}, NO_TOKEN, NO_TOKEN, NOWHERE, OK),
    "/api/v1/aws-config": ("GET", {}, NO_TOKEN, NO_TOKEN, OK, OK),
    # a service token alone is good for it, and none of a person's
    "/api/v1/people/<path:person>/disable": ("POST", {}, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN),
}
ADDRESSES = API_ADDRESSES | PORTAL_ADDRESSES

OPEN = {"/api/v1/openapi.json"}
"""What is the same for everybody."""

TOOLS = ("/sso/", "/api/")
SIGNING_IN = "/sso-oidc/"


@pytest.fixture
def tokens(client_of):
    return tokens_by_state(client_of)


def ask(browser: Client, address: str, token: str):
    """Send a request as its clients do."""
    method, query, *_ = ADDRESSES[address]
    headers = {}
    if token and address in PORTAL_ADDRESSES:
        headers["x-amz-sso_bearer_token"] = token
    elif token:
        headers["authorization"] = f"Bearer {token}"
    return browser.generic(method, filled(address), query_params=query, headers=headers)


def listed(address: str, state: str) -> int:
    _, _, none, not_good, without_groups, good = ADDRESSES[address]
    return {NONE: none, GOOD: good, WITHOUT_GROUPS: without_groups}.get(state, not_good)


def test_it_lists_every_address():
    tools = {address for address in addresses() if address.startswith(TOOLS)}
    assert tools == set(ADDRESSES) | OPEN


@pytest.mark.parametrize("cookie_of", [None, "alice", "carol"])
def test_it_answers_each_token_as_listed_whatever_cookie_is_beside_it(
    client_of, tokens, store, cookie_of
):
    browser = client_of(cookie_of)
    answers = {}
    # signing out is the last one: it ends the good ones
    for address in ADDRESSES:
        issued = len(store.issued)
        for state in tokens:
            response = ask(browser, address, tokens[state])
            answers[address, state] = response.status_code
            assert response.cookies == {} and "Location" not in response.headers
            assert "no-store" in response.headers["Cache-Control"]
        assert len(store.issued) == issued + ("credentials" in address), address

    assert answers == {
        (address, state): listed(address, state) for address in ADDRESSES for state in tokens
    }


@pytest.mark.parametrize("cookie", ["alice", "one that is over"])
def test_no_cookie_is_read_kept_alive_or_taken_back(client_of, cookie):
    browser = client_of("alice")
    if cookie != "alice":
        browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    clock.shift(120)
    faults.clear()
    for address in addresses():
        if not address.startswith((*TOOLS, SIGNING_IN)) or address.endswith("/authorize"):
            continue
        for method in ("GET", "POST"):
            assert browser.generic(method, filled(address)).cookies == {}, address
    assert faults.count(table="web-sessions") == 0


def test_lists_of_a_person_without_groups_are_empty(client_of, tokens):
    answers = [
        ask(client_of(None), address, tokens[WITHOUT_GROUPS]).json()
        for address in ("/sso/assignment/accounts", "/sso/assignment/roles", "/api/v1/targets")
    ]
    assert answers == [{"accountList": []}, {"roleList": []}, {"targets": []}]


def test_a_token_counts_nowhere_but_in_its_own_header(client_of, tokens):
    """Not in the query, a cookie or the body: those are logged, or sent by browsers."""
    token = tokens[GOOD]
    names = ("access_token", "accessToken", "token", "x-amz-sso_bearer_token")
    browser = client_of(None)
    for name in (*names, settings.SESSION_COOKIE_NAME):
        browser.cookies[name] = token

    for address, (method, query, none, *_) in ADDRESSES.items():
        headers = {"authorization": f"Bearer {token}"}
        if address in API_ADDRESSES:
            headers = {"x-amz-sso_bearer_token": token}
        response = browser.generic(
            method,
            filled(address),
            f"access_token={token}",
            content_type="application/x-www-form-urlencoded",
            query_params=query | dict.fromkeys(names, token),
            headers=headers,
        )
        assert response.status_code == none, address


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_counts_for_nothing_at_pages(client_of, tokens, method):
    """Each page answers as it answers a stranger."""
    headers = {
        "x-amz-sso_bearer_token": tokens[GOOD],
        "authorization": f"Bearer {tokens[GOOD]}",
    }
    pages = [filled(address) for address in addresses() if not address.startswith(TOOLS)]
    assert len(pages) > 50
    for page in pages:
        plain = client_of(None).generic(method, page)
        tokened = client_of(None).generic(method, page, headers=headers)
        assert what_matters(tokened) == what_matters(plain), page


def what_matters(response) -> tuple[object, ...]:
    """Return an answer without what differs each time."""
    text = response.getvalue().decode() if response.streaming else response.text
    for changing in (r'value="\w{64}"', re.escape(response.headers["X-Request-Id"])):
        text = re.sub(changing, "", text)
    return response.status_code, response.headers.get("Location"), text


# -- what mints ------------------------------------------------------------------------------------
def test_no_request_that_a_cookie_authenticates_mints_by_get(client_of, store):
    """Whatever it says: it names targets, durations and a yes, in every way that forms do."""
    query = {**DEV_READ, "target": "dev-read", "name": "dev-read", "duration": "900"}
    query |= {"decision": "allow", "seconds": "900", "reason": "because", "format": "sh"}
    browser = client_of("alice")
    browser.post("/credentials/format/", {"format": "sh"})
    issued = len(store.issued)
    paths = [filled(address) for address in addresses() if not address.startswith("/admin/")]
    for path in paths:
        for method in ("GET", "HEAD"):
            browser.generic(method, path, query_params=query)
    assert len(store.issued) == issued and Token.everything() == []


def test_one_address_alone_mints_by_get_with_a_bearer_token(client_of, tokens, store):
    """As the protocol has it: GetRoleCredentials."""
    headers = {
        "x-amz-sso_bearer_token": tokens[GOOD],
        "authorization": f"Bearer {tokens[GOOD]}",
    }
    minting = set()
    for address in addresses():
        issued = len(store.issued)
        if not address.startswith("/admin/"):
            client_of(None).get(filled(address), DEV_READ, headers=headers)
        if len(store.issued) > issued:
            minting.add(address)
    assert minting == {"/sso/federation/credentials"}


# -- the tokens of `sso-oidc` ----------------------------------------------------------------------
@pytest.mark.parametrize("grant_type", ["refresh_token", "authorization_code"])
def test_no_token_but_the_right_one_gets_another(client_of, tokens, grant_type):
    """Each state as a refresh token and as a code, by the client of the good one."""
    tool = CommandLineTool().sign_in(client_of("alice"))
    stored = Token.everything()
    states = {**tokens, "access of the same": tool.access, "secret of the same": tool.client_secret}
    if grant_type == "authorization_code":
        states["refresh of the same"] = tool.refresh
    answers = set()
    for token in filter(None, states.values()):
        sent = {
            "grantType": grant_type,
            "code": token,
            "refreshToken": token,
            "codeVerifier": tool.verifier,
            "redirectUri": "http://127.0.0.1:35555/oauth/callback",
        }
        response = tool.create_token(**sent)
        answers.add((response.status_code, response.json()["error"]))
    assert answers == {(BAD, "invalid_grant")}
    assert len(Token.everything()) == len(stored)
    assert Token.find(token_hash(tool.refresh)) is not None
