"""The service `sso-oidc`: registering a client, and tokens.

Source: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html
"""

import time
from typing import Any

from django.http import HttpResponse
from django.shortcuts import resolve_url

from core.requests import CooperRequest
from sso_portal import device_codes, registrations, signing_in
from sso_portal.address_limits import FAILURES, REGISTRATIONS
from sso_portal.protocol_errors import OidcError, OidcRefusal
from sso_portal.registrations import Client
from sso_portal.signing_in import Tokens
from sso_portal.wire import answer, oidc_operation, read_json, text, texts

WAITING = frozenset({OidcError.AUTHORIZATION_PENDING, OidcError.SLOW_DOWN})
"""Answers to a tool whose person has not decided yet: no failures."""


@oidc_operation
def register_client(request: CooperRequest) -> HttpResponse:
    """RegisterClient: anybody may, and nothing is stored."""
    members = read_json(request)
    if members.get("clientType") != "public":
        raise OidcRefusal(OidcError.INVALID_CLIENT_METADATA, "clientType has to be public.")

    # each counts, also when it says the same as the last one
    REGISTRATIONS.demand(request.client_address, request.id)
    REGISTRATIONS.count(request.client_address, request.id)

    now = int(time.time())
    client = registrations.register(
        text(members, "clientName"),
        texts(members, "grantTypes"),
        texts(members, "redirectUris"),
        now,
    )
    return answer(
        {
            "clientId": client.client_id,
            "clientSecret": registrations.secret_of(client),
            "clientIdIssuedAt": now,
            "clientSecretExpiresAt": client.expires_at,
            "authorizationEndpoint": request.build_absolute_uri(resolve_url("sso-authorize")),
            "tokenEndpoint": request.build_absolute_uri(resolve_url("sso-token")),
        }
    )


@oidc_operation
def start_device_authorization(request: CooperRequest) -> HttpResponse:
    """StartDeviceAuthorization: a code that a person types at cooper.

    Both addresses are the same: one that has the code in it would let anybody send a link to a page
    that is one click from a yes.
    """
    members = read_json(request)
    client = registrations.authenticated_client(
        text(members, "clientId"), text(members, "clientSecret"), int(time.time())
    )
    started = device_codes.start(client, request.client_address)
    page = request.build_absolute_uri(resolve_url("device-code"))
    return answer(
        {
            "deviceCode": started.device_code,
            "userCode": device_codes.shown(started.user_code),
            "verificationUri": page,
            "verificationUriComplete": page,
            "expiresIn": device_codes.SECONDS,
            "interval": device_codes.INTERVAL,
        }
    )


@oidc_operation
def create_token(request: CooperRequest) -> HttpResponse:
    """CreateToken: a code, a device code or a refresh token for an access token."""
    if "aws_iam" in request.GET:
        raise OidcRefusal(
            OidcError.UNSUPPORTED_GRANT_TYPE, "CreateTokenWithIAM is not supported here."
        )

    members = read_json(request)
    FAILURES.demand(request.client_address, request.body)
    try:
        return _tokens(_created(request, members))
    except OidcRefusal as refusal:
        if refusal.error not in WAITING:
            FAILURES.count(request.client_address, request.body)
        raise


def _created(request: CooperRequest, members: dict[str, Any]) -> Tokens:
    grant_type = text(members, "grantType")
    client = registrations.authenticated_client(
        text(members, "clientId"), text(members, "clientSecret"), int(time.time())
    )
    if grant_type == registrations.AUTHORIZATION_CODE:
        return _exchange(request, client, members)
    if grant_type == registrations.DEVICE_CODE:
        return device_codes.poll(client, text(members, "deviceCode"))
    if grant_type == registrations.REFRESH_TOKEN:
        return signing_in.refresh(client, text(members, "refreshToken"), request.client_address)
    raise OidcRefusal(OidcError.UNSUPPORTED_GRANT_TYPE, "This grant type is not supported.")


def _exchange(request: CooperRequest, client: Client, members: dict[str, Any]) -> Tokens:
    return signing_in.exchange_code(
        client,
        text(members, "code"),
        text(members, "codeVerifier"),
        text(members, "redirectUri"),
        request.client_address,
    )


def _tokens(tokens: Tokens) -> HttpResponse:
    content: dict[str, object] = {
        "accessToken": tokens.access,
        "tokenType": "Bearer",
        "expiresIn": tokens.expires_in,
    }
    if tokens.refresh:
        content["refreshToken"] = tokens.refresh
    return answer(content)
