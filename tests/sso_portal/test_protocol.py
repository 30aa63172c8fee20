import json
import time

import boto3
import pytest
from django.test import Client

from accounts.command_lines import CommandLine
from accounts.end_reasons import EndReason
from accounts.models import Person
from brokers import catalogue
from brokers.models import Association
from core.dynamo import transaction
from sso_portal import registration_keys
from sso_portal.models import Token
from tests.support import clock
from tests.support.command_line import (
    REDIRECT,
    CommandLineTool,
    error_of,
    get_portal,
    post_oidc,
)
from tests.support.events import all_events

DEV = "222222222222"
CREDENTIALS = "federation/credentials"


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(alice):
    return CommandLineTool().sign_in(alice)


def kinds() -> list[str]:
    return [str(event.event) for event in all_events()]


# -- the honest way --------------------------------------------------------------------------------
def test_it_signs_in_lists_and_gives_credentials_that_work(store, tool):
    accounts = get_portal("assignment/accounts", tool.access).json()["accountList"]
    assert {"accountId": DEV, "accountName": "Development"} in accounts
    roles = get_portal("assignment/roles", tool.access, account_id=DEV).json()["roleList"]
    assert {"roleName": "dev-read", "accountId": DEV} in roles

    response = tool.credentials(DEV, "dev-read")
    credentials = response.json()["roleCredentials"]
    sts = boto3.client(
        "sts",
        endpoint_url=store.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials["sessionToken"],
    )
    assert ":assumed-role/dev-read/alice." in sts.get_caller_identity()["Arn"]
    assert 3_500 < credentials["expiration"] / 1000 - time.time() <= 3_600
    assert "no-store" in response["Cache-Control"]


def test_the_audit_log_names_the_command_line_and_the_way(tool):
    tool.credentials(DEV, "dev-read")
    begun, intended, done = all_events()[-3:]
    assert [str(event.event) for event in (begun, intended, done)] == [
        "command-line:begin:done",
        "grant:begin:intended",
        "grant:finish:done",
    ]
    assert intended.facts["way"] == "command line" and intended.person == "local:alice"
    assert intended.facts["command_line"] == begun.facts["command_line"]


def test_signing_out_ends_it(tool):
    response = Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access)
    assert (response.status_code, response.content) == (200, b"")
    assert error_of(get_portal("assignment/accounts", tool.access)) == "UnauthorizedException"
    assert error_of(tool.refresh_access()) == "InvalidGrantException"
    assert kinds()[-1] == "command-line:end:done"


def test_refreshing_gives_another_access_token_and_keeps_the_refresh_token(tool):
    before = (tool.access, tool.refresh)
    assert tool.refresh_access().status_code == 200
    assert tool.access != before[0] and tool.refresh == before[1]
    # the one of before is as good: programs that run at the same moment may hold it
    assert get_portal("assignment/accounts", before[0]).status_code == 200


def test_it_ends_eight_hours_after_its_person_authenticated_however_it_is_used(tool):
    clock.shift(3_601)
    assert error_of(tool.credentials(DEV, "dev-read")) == "UnauthorizedException"
    assert tool.refresh_access().status_code == 200
    clock.shift(8 * 3_600 - 3_601 - 1_000)
    assert 900 < tool.refresh_access().json()["expiresIn"] <= 1_000
    clock.shift(1_001)
    assert error_of(tool.credentials(DEV, "dev-read")) == "UnauthorizedException"
    assert error_of(tool.refresh_access()) == "InvalidGrantException"


def test_a_registration_outlives_two_new_keys(store, tool):
    for _ in range(2):
        registration_keys.rotate()
        registration_keys.forget()
    assert tool.refresh_access().status_code == 200


def test_a_key_is_dropped_once_its_registrations_are_over(store, tool):
    registration_keys.rotate()
    clock.shift(91 * 86_400)
    registration_keys.rotate()
    registration_keys.forget()
    assert error_of(tool.refresh_access()) == "InvalidClientException"


# -- who may not -----------------------------------------------------------------------------------
def test_a_no_in_the_browser_says_so_and_is_on_the_audit_log(alice):
    tool = CommandLineTool()
    tool.register()
    assert tool.allowed_by(alice, "deny") == "access_denied"
    assert kinds()[-1] == "command-line:allow:refused"


def test_a_get_allows_nothing(alice):
    tool = CommandLineTool()
    tool.register()
    page = alice.get(tool.authorize_address())
    assert page.status_code == 200 and "botocore-client-cooper" in page.content.decode()
    assert "form-action 'self' http://127.0.0.1:35555" in page["Content-Security-Policy"]
    assert Token.everything() == []


def test_it_takes_signing_in_first(store):
    tool = CommandLineTool()
    tool.register()
    response = Client().get(tool.authorize_address())
    assert response["Location"].startswith("/login/?next=%2Fauthorize")
    response = Client().post(tool.authorize_address(), {"decision": "allow"})
    assert response["Location"].startswith("/login/")


def test_it_takes_the_csrf_token(store, client_of):
    tool = CommandLineTool()
    tool.register()
    browser = client_of("alice", enforce_csrf_checks=True)
    assert browser.post(tool.authorize_address(), {"decision": "allow"}).status_code == 403


def test_a_disabled_person_has_no_command_line(tool):
    person = Person.find("local:alice")
    person.disabled = True
    with transaction() as writes:
        writes.save(person)
    assert error_of(tool.credentials(DEV, "dev-read")) == "UnauthorizedException"
    assert error_of(tool.refresh_access()) == "InvalidGrantException"


def test_ending_all_sessions_of_a_person_ends_their_command_lines(tool):
    person = Person.find("local:alice")
    person.start_new_epoch(EndReason.ADMINISTRATOR)
    with transaction() as writes:
        writes.save(person)
    assert error_of(tool.credentials(DEV, "dev-read")) == "UnauthorizedException"
    assert error_of(tool.refresh_access()) == "InvalidGrantException"


def test_a_removed_association_and_an_unknown_target_are_refused_alike(tool):
    association = Association.find("dev-read", "local:developers")
    catalogue.edit(lambda writes: writes.delete(association), "dev-read")
    removed = tool.credentials(DEV, "dev-read")
    unknown = tool.credentials(DEV, "nothing-there")
    assert error_of(removed) == error_of(unknown) == "ForbiddenException"
    assert removed.json() == unknown.json()


def test_sensitive_targets_are_closed(tool):
    roles = get_portal("assignment/roles", tool.access, account_id="444444444444").json()
    assert "prod-admin" not in [role["roleName"] for role in roles["roleList"]]
    assert error_of(tool.credentials("444444444444", "prod-admin")) == "ForbiddenException"


def test_a_cookie_counts_for_nothing_here(store, alice):
    query = {"account_id": DEV, "role_name": "dev-read"}
    response = alice.get(f"/sso/{CREDENTIALS}", query)
    assert error_of(response) == "InvalidRequestException"
    assert "no x-amz-sso_bearer_token" in response.json()["message"].lower()


def test_a_token_counts_for_nothing_on_pages(tool):
    response = Client().get("/", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access)
    assert response["Location"].startswith("/login/")


# -- codes -----------------------------------------------------------------------------------------
def test_the_second_use_of_a_code_ends_what_the_first_one_began(alice):
    tool = CommandLineTool()
    tool.register()
    code = tool.allowed_by(alice)
    assert tool.exchange(code).status_code == 200
    assert error_of(tool.exchange(code)) == "InvalidGrantException"
    assert error_of(get_portal("assignment/accounts", tool.access)) == "UnauthorizedException"
    assert CommandLine.everything() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"codeVerifier": "a" * 43},
        {"codeVerifier": "short"},
        {"redirectUri": REDIRECT.replace("35555", "35556")},
        {"code": "cooper_code_" + "a" * 43},
        {"code": "nonsense"},
    ],
)
def test_a_code_is_for_its_verifier_and_redirect_alone(alice, changes):
    tool = CommandLineTool()
    tool.register()
    code = tool.allowed_by(alice)
    assert error_of(tool.exchange(**{"code": code} | changes)) == "InvalidGrantException"


def test_a_code_is_for_its_client_alone(alice):
    tool, other = CommandLineTool(), CommandLineTool()
    tool.register()
    other.register(clientName="other")
    code = tool.allowed_by(alice)
    other.verifier = tool.verifier
    assert error_of(other.exchange(code)) == "InvalidGrantException"


def test_a_code_lasts_a_minute(alice):
    tool = CommandLineTool()
    tool.register()
    code = tool.allowed_by(alice)
    clock.shift(61)
    assert error_of(tool.exchange(code)) == "InvalidGrantException"


def test_no_token_code_or_secret_is_stored_in_the_clear(store, tool):
    tool.credentials(DEV, "dev-read")
    stored = json.dumps(store.tables, default=str)
    assert str(Token.Meta.table_name) in stored
    for secret in (tool.access, tool.refresh, tool.client_secret, tool.verifier):
        assert secret not in stored


# -- registering -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"clientType": "confidential"}, "InvalidClientMetadataException"),
        ({"grantTypes": ["password"]}, "UnsupportedGrantTypeException"),
        ({"redirectUris": ["https://evil.example/"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1.evil.example/"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1@evil.example/"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1:99999/"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1/a?b"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1/\n"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1/"] * 6}, "InvalidRedirectUriException"),
        ({"redirectUris": "http://127.0.0.1/"}, "InvalidRequestException"),
        ({"clientName": 7}, "InvalidRequestException"),
    ],
)
def test_it_registers_loopback_clients_alone(store, changes, error):
    assert error_of(CommandLineTool().register(**changes)) == error


def test_registering_stores_nothing(store):
    before = json.dumps(store.tables, default=str)
    assert CommandLineTool().register().status_code == 200
    assert json.dumps(store.tables, default=str) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nonsense"},
        {"client_id": "00000000.e30.sig"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1:35555/other"},
        {"redirect_uri": "http://localhost:35555/oauth/callback"},
    ],
)
def test_a_wrong_client_or_redirect_is_a_page_and_never_a_redirect(alice, changes):
    tool = CommandLineTool()
    tool.register()
    response = alice.get(tool.authorize_address(**changes))
    assert response.status_code == 400 and "Location" not in response.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"code_challenge": "a" * 44},
    ],
)
def test_a_request_without_s256_goes_back_to_its_client(alice, changes):
    tool = CommandLineTool()
    tool.register()
    response = alice.get(tool.authorize_address(**changes))
    assert response["Location"] == f"{REDIRECT}?error=invalid_request&state=a-state"


# -- what is sent wrongly --------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ["client/register", "token"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        "\x00",
        "[" * 5_000,
        '{"a": "' + "x" * 1_000_000 + '"}',
    ],
    ids=range(9),
)
def test_garbage_gets_an_error_of_the_protocol(store, operation, body):
    response = post_oidc(operation, body)
    assert response.status_code == 400
    assert error_of(response) in ("InvalidRequestException", "InvalidClientMetadataException")


@pytest.mark.parametrize("address", ["/sso-oidc/token", "/sso-oidc/client/register"])
def test_other_methods_get_an_error_of_the_protocol(store, address):
    assert error_of(Client().get(address)) == "InvalidRequestException"


def test_a_wrong_secret_is_an_invalid_client(tool):
    tool.client_secret = "wrong"
    assert error_of(tool.refresh_access()) == "InvalidClientException"


@pytest.mark.parametrize("token", ["x", "cooper_access_" + "a" * 43, "ä", "cooper_refresh_x"])
def test_a_foreign_token_is_unauthorized(store, token):
    assert error_of(get_portal("assignment/accounts", token)) == "UnauthorizedException"


def test_lists_come_in_pages(tool):
    names, token = [], None
    while True:
        query = {"max_result": 1} | ({"next_token": token} if token else {})
        content = get_portal("assignment/accounts", tool.access, **query).json()
        names += [account["accountId"] for account in content["accountList"]]
        token = content.get("nextToken")
        if not token:
            break
    everything = get_portal("assignment/accounts", tool.access).json()["accountList"]
    assert names == [account["accountId"] for account in everything] and len(names) > 1


def test_head_of_the_start_url_is_what_the_cli_wants_and_get_is_a_page(store):
    head = Client().head("/start")
    assert (head.status_code, head["Location"]) == (
        302,
        "https://identitycenter.amazonaws.com/ssoins-0000000000000000",
    )
    assert Client().get("/start").status_code == 200
