"""A command line as the AWS CLI is one: what it sends, and what it does with the answers."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""The grant type of a host without a browser."""

REDIRECT = "http://127.0.0.1:35555/oauth/callback"


def post_oidc(operation: str, members: object, **extra: Any) -> HttpResponse:
    """Send an operation of `sso-oidc`; what is no text is sent as JSON."""
    body = members if isinstance(members, str | bytes) else json.dumps(members)
    return Client(raise_request_exception=False).post(
        f"/sso-oidc/{operation}", body, content_type="application/json", **extra
    )


def get_portal(
    operation: str, token: str = "", *, extra: dict[str, str] | None = None, **query: object
) -> HttpResponse:
    """Send an operation of `sso` as the CLI does; `extra` are more entries of WSGI's environ."""
    headers = {"HTTP_X_AMZ_SSO_BEARER_TOKEN": token} if token else {}
    client = Client(raise_request_exception=False)
    return client.get(f"/sso/{operation}", query, **headers, **(extra or {}))


def error_of(response: HttpResponse) -> str:
    """Return the name of an error, once both places say the same."""
    name = response.headers["x-amzn-ErrorType"]
    assert response.json()["__type"] == name
    assert response.headers["Content-Type"] == "application/json"
    return name


@dataclass
class CommandLineTool:
    """One installation of the CLI: its registration, its verifier, its tokens."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    access: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    """Entries of WSGI's environ for each request, such as another REMOTE_ADDR."""

    refresh: str = ""
    device_code: str = field(default="", repr=False)
    user_code: str = ""

    def post(self, operation: str, members: dict[str, object]) -> HttpResponse:
        """Send an operation of `sso-oidc` to cooper in this process."""
        return post_oidc(operation, members, **self.extra)

    def register(self, **changes: object) -> HttpResponse:
        members = {
            "clientName": "botocore-client-cooper",
            "clientType": "public",
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "scopes": ["sso:account:access"],
            "issuerUrl": "https://cooper.example/start",
        }
        response = self.post("client/register", members | changes)
        if response.status_code == 200:
            self.client_id = response.json()["clientId"]
            self.client_secret = response.json()["clientSecret"]
        return response

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def authorize_address(self, **changes: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "state": "a-state",
            "code_challenge_method": "S256",
            "scopes": "sso:account:access",
            "code_challenge": self.challenge,
        }
        return f"/authorize?{urlencode(query | changes)}"

    def allowed_by(self, browser: Client, decision: str = "allow") -> str:
        """Return the code that a person's yes gives, or the error of their no."""
        response = browser.post(self.authorize_address(), {"decision": decision})
        assert response.status_code == 302
        answer = parse_qs(urlsplit(response["Location"]).query)
        assert answer["state"] == ["a-state"]
        return answer.get("code", answer.get("error"))[0]

    def create_token(self, **members: object) -> HttpResponse:
        pair = {"clientId": self.client_id, "clientSecret": self.client_secret}
        response = self.post("token", pair | members)
        if response.status_code == 200:
            self.access = response.json()["accessToken"]
            self.refresh = response.json().get("refreshToken", "")
        return response

    def exchange(self, code: str, **changes: object) -> HttpResponse:
        members = {
            "grantType": "authorization_code",
            "code": code,
            "codeVerifier": self.verifier,
            "redirectUri": REDIRECT,
        }
        return self.create_token(**members | changes)

    def start_device(self, **extra: Any) -> HttpResponse:
        """Ask for a code that a person types in their browser."""
        members = {
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "startUrl": "https://cooper.example/start",
        }
        response = post_oidc("device_authorization", members, **extra)
        if response.status_code == 200:
            self.device_code = response.json()["deviceCode"]
            self.user_code = response.json()["userCode"]
        return response

    def poll(self, **changes: object) -> HttpResponse:
        """Ask for the tokens that a person may have allowed meanwhile."""
        return self.create_token(
            **{"grantType": DEVICE_CODE, "deviceCode": self.device_code} | changes
        )

    def refresh_access(self) -> HttpResponse:
        return self.create_token(grantType="refresh_token", refreshToken=self.refresh)

    def sign_in(self, browser: Client) -> "CommandLineTool":
        """Do all of `aws sso login`, with a browser in which its person is signed in."""
        self.register()
        assert self.exchange(self.allowed_by(browser)).status_code == 200
        return self

    def credentials(self, account_id: str, role_name: str) -> HttpResponse:
        query = {"account_id": account_id, "role_name": role_name}
        return self.get("federation/credentials", **query)

    def get(self, operation: str, **query: object) -> HttpResponse:
        """Send an operation of `sso` with its token, from where it is."""
        return get_portal(operation, self.access, extra=self.extra, **query)
