"""What may be sent in a body, and what everything else gets."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from sso_portal import registrations
from tests.support.command_line import CommandLineTool, error_of, post_oidc

GOOD = {"clientName": "x", "clientType": "public"}
DEEP = '{"a": ' + "[" * 3_000 + "]" * 3_000 + "}"


def describe(response: Any) -> str:
    """Return what an error of `sso-oidc` says, once it has the shape."""
    assert response.status_code == 400
    assert error_of(response) in ("InvalidRequestException", "InvalidClientMetadataException")
    description = str(response.json()["error_description"])
    assert "codec" not in description and "position" not in description
    return description


@pytest.mark.parametrize(
    "body",
    [
        '{"clientType": NaN}',
        '{"clientType": Infinity}',
        '{"clientType": "public", "clientName": "x", "clientName": "y"}',
        '{"a": {"b": 1, "b": 2}, "clientType": "public", "clientName": "x"}',
        '{"clientType": "public", "clientName": ' + "9" * 5_000 + "}",
        '{"clientType": "public", "clientName": 1e999}',
        DEEP,
        DEEP.replace("[", '{"a":').replace("]", "}"),
        b'{"clientType": "public", "clientName": "\xff"}',
        b'{"clientType": "public", "clientName": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode("utf-16"),
        json.dumps(GOOD).encode("utf-32"),
        json.dumps(GOOD) + "x",
        "\x00",
        "{",
        "",
        "x" * 1_000_000,
        json.dumps(GOOD | {"a": "x" * 1_000_000}),
    ],
    ids=range(19),
)
@pytest.mark.parametrize("operation", ["client/register", "token"])
def test_what_is_no_json_object_is_told(store: object, operation: str, body: str | bytes) -> None:
    assert describe(post_oidc(operation, body))


@pytest.mark.parametrize(
    "name",
    ["\ud800", "a\0b", "a\nb", "a\x1b[2J", "\x7f", "\x85", "", 7, None, [], {}],
)
def test_a_name_is_one_line_of_text(store: object, name: object) -> None:
    assert "clientName" in describe(post_oidc("client/register", GOOD | {"clientName": name}))


@pytest.mark.parametrize("name", ["my session", "Zoë", "客户端", "x" * 4_096, "<b>&amp;"])
def test_other_names_are_taken(client_of: Any, name: str) -> None:
    tool = CommandLineTool()
    assert tool.register(clientName=name).status_code == 200
    page = client_of("alice").get(tool.authorize_address())
    assert page.status_code == 200 and "<b>" not in page.content.decode().partition("<main")[2]


@pytest.mark.parametrize(
    "member", ["grantType", "clientId", "clientSecret", "refreshToken", "code", "codeVerifier"]
)
@pytest.mark.parametrize("value", ["\ud800", "a\x00", 7, None, [], {}, True, "x" * 5_000])
def test_members_of_another_type_are_named(store: object, member: str, value: object) -> None:
    tool = CommandLineTool()
    tool.register()
    members = {
        "grantType": "refresh_token",
        "clientId": tool.client_id,
        "clientSecret": tool.client_secret,
        "refreshToken": "x",
        "redirectUri": "x",
    }
    if member.startswith("code"):
        members |= {"grantType": "authorization_code", "code": "x", "codeVerifier": "x"}
    assert member in describe(post_oidc("token", members | {member: value}))


@pytest.mark.parametrize(
    "uris", [["\ud800"], ["http://127.0.0.1/\x00"], [7], {"a": "b"}, "x", [["x"]], [None]]
)
def test_redirect_addresses_of_another_type(store: object, uris: object) -> None:
    response = CommandLineTool().register(redirectUris=uris)
    assert response.status_code == 400
    assert error_of(response) in ("InvalidRequestException", "InvalidRedirectUriException")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain;charset=UTF-8",
    ],
)
def test_what_a_form_of_another_site_can_send_is_refused(store: object, content_type: str) -> None:
    response = Client().generic(
        "POST", "/sso-oidc/client/register", json.dumps(GOOD), content_type=content_type
    )
    assert "application/json" in describe(response)


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "application/json; charset=utf-8", "application/x-amz-json-1.1"],
)
def test_what_tools_send_is_taken(store: object, content_type: str) -> None:
    response = Client().generic(
        "POST", "/sso-oidc/client/register", json.dumps(GOOD), content_type=content_type
    )
    assert response.status_code == 200


# -- redirect addresses ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("registered", "used"),
    [
        ("http://127.0.0.1/oauth/callback", "http://127.0.0.1:35555/oauth/callback"),
        ("http://[::1]/oauth/callback", "http://[::1]:35555/oauth/callback"),
        ("http://[::1]:1234/oauth/callback", "http://[::1]:35555/oauth/callback"),
        ("http://localhost/oauth/callback", "http://localhost:35555/oauth/callback"),
        ("http://localhost:8080/", "http://localhost/"),
    ],
)
def test_every_loopback_address_leads_back(client_of: Any, registered: str, used: str) -> None:
    alice = client_of("alice")
    tool = CommandLineTool()
    assert tool.register(redirectUris=[registered]).status_code == 200

    address = tool.authorize_address(redirect_uri=used)
    page = alice.get(address)
    is_ipv6 = "[" in used
    origin = used.rpartition("/oauth/callback")[0] or used.rstrip("/")
    policy = page.headers["Content-Security-Policy"]
    # the policy's grammar has no IPv6 address: a page leads on there, and no redirect
    assert policy.rpartition("form-action ")[2].split() == [
        "'self'",
        *([] if is_ipv6 else [origin]),
    ]

    response = alice.post(address, {"decision": "allow"})
    if is_ipv6:
        [onward] = re.findall(r'href="(http://\[[^"]+)"', response.content.decode())
        assert f'content="0;url={onward}"' in response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
        onward = html.unescape(onward)
    else:
        onward = response["Location"]
    target, _, query = onward.partition("?")
    assert target == used and query.startswith("code=")
    assert tool.exchange(query[5:].partition("&")[0], redirectUri=used).status_code == 200


@pytest.mark.parametrize(
    "used",
    [
        "http://[::1]@evil.example/oauth/callback",
        "http://[::1].evil.example/oauth/callback",
        "http://[::1%25eth0]/oauth/callback",
        "http://[0:0:0:0:0:0:0:1]/oauth/callback",
        "http://[::ffff:127.0.0.1]/oauth/callback",
        "http://[::1]:1;form-action/oauth/callback",
        "http://[::1]:35555/oauth/callback;x",
        "http://[::1/oauth/callback",
        "http://::1/oauth/callback",
        "http://[::1]:/oauth/callback",
        "http://[::1]:-1/oauth/callback",
        "http://[::1]:0x50/oauth/callback",
        "https://[::1]/oauth/callback",
    ],
)
def test_no_other_address_of_the_loopback_interface_is_taken(client_of: Any, used: str) -> None:
    tool = CommandLineTool()
    tool.register(redirectUris=["http://[::1]/oauth/callback"])
    page = client_of("alice").get(tool.authorize_address(redirect_uri=used))
    assert page.status_code == 400 and "Location" not in page.headers
    assert "evil" not in page.headers["Content-Security-Policy"]


# -- refusals that are pages -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "client_id", ["", "nonsense", "00000000.e30.sig", "\x00", "é", "x" * 9_000]
)
def test_a_client_that_is_unknown_is_told_what_to_do(store: object, client_id: str) -> None:
    response = Client().get(CommandLineTool().authorize_address(client_id=client_id))
    page = response.content.decode()
    assert response.status_code == 400 and "~/.aws/sso/cache" in page and "aws sso login" in page


def test_a_redirect_that_is_not_registered_is_told_what_to_do(client_of: Any) -> None:
    tool = CommandLineTool()
    tool.register()
    address = tool.authorize_address(redirect_uri="http://127.0.0.1/other")
    page = client_of("alice").get(address).content.decode()
    assert "did not register" in page and "~/.aws/sso/cache" in page
    assert registrations.UNKNOWN not in page


def test_a_method_that_is_not_served_is_a_page(store: object) -> None:
    response = Client().put("/authorize")
    assert response.status_code == 405
