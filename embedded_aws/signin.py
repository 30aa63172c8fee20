"""A stand-in for AWS's sign-in endpoint: getSigninToken, and a page in place of the console.

Rules:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
The URL of `login` is good for 15 minutes; SessionDuration is refused for federated users and for
chained roles.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from embedded_aws.calls import Call
from embedded_aws.credential_store import PrincipalType, TemporaryCredentials
from embedded_aws.errors import AwsError
from embedded_aws.pages import Page, page_response
from embedded_aws.responses import Response, text_response
from embedded_aws.signin_page import console_page, refusal_page
from embedded_aws.state import AwsState

PATH = "/federation"

TOKEN_SECONDS = 900
MIN_SESSION_SECONDS = 900
MAX_SESSION_SECONDS = 43_200

CONSOLE_TYPES = {PrincipalType.ROLE, PrincipalType.FEDERATED_USER}
"""Whose credentials are good for the console."""

Form = dict[str, str]


def handle(call: Call, state: AwsState) -> Response:
    """Answer a call to the sign-in endpoint, by GET or POST."""
    action = _ACTIONS.get(call.form.get("Action", ""))
    if action is None or call.method not in {"GET", "POST"}:
        return text_response(HTTPStatus.BAD_REQUEST, "Invalid action.")

    try:
        return action(call.form, state)
    except AwsError as error:
        return text_response(error.status, error.message)


def _get_signin_token(form: Form, state: AwsState) -> Response:
    """Return a new SigninToken for the credentials of a session."""
    credentials = _read_session(form.get("Session", ""), state)
    _check_duration(form.get("SessionDuration"), credentials)

    # tokens that nobody used would pile up
    now = state.credential_store.now()
    state.signin_tokens = {
        token: (access_key_id, expires_at)
        for token, (access_key_id, expires_at) in state.signin_tokens.items()
        if expires_at > now
    }
    token = secrets.token_urlsafe(600)
    state.signin_tokens[token] = (credentials.access_key_id, now + TOKEN_SECONDS)

    body = json.dumps({"SigninToken": token}).encode()
    return Response(HTTPStatus.OK, body, "application/json", {"Cache-Control": "no-store"})


def _read_session(text: str, state: AwsState) -> TemporaryCredentials:
    """Return the credentials of the Session parameter.

    Raise AwsError unless they are good for the console.
    """
    try:
        session = json.loads(text)
        access_key_id = str(session["sessionId"])
        secret = str(session["sessionKey"])
        token = str(session["sessionToken"])
    except (ValueError, KeyError, TypeError):
        raise AwsError("", "Invalid session.") from None

    credentials = state.credential_store.find(access_key_id)
    if credentials is None or state.credential_store.has_expired(credentials):
        raise AwsError("", "The session is unknown or has expired.")

    is_secret = _is_same(secret, credentials.secret_access_key)
    if not is_secret or not _is_same(token, credentials.session_token):
        raise AwsError("", "The session's credentials are wrong.")

    if credentials.kind not in CONSOLE_TYPES:
        raise AwsError("", f"Credentials from {credentials.kind} cannot be used for the console.")
    return credentials


def _is_same(value: str, secret: str) -> bool:
    return hmac.compare_digest(value.encode(), secret.encode())


def _check_duration(duration: str | None, credentials: TemporaryCredentials) -> None:
    """Raise AwsError for a SessionDuration that AWS does not take with these credentials."""
    if duration is None:
        return

    if credentials.kind is PrincipalType.FEDERATED_USER or credentials.chained:
        raise AwsError("", "SessionDuration cannot be used with these credentials.")

    is_number = re.fullmatch(r"[0-9]{1,9}", duration)
    if not is_number or not MIN_SESSION_SECONDS <= int(duration) <= MAX_SESSION_SECONDS:
        raise AwsError(
            "",
            f"SessionDuration must be {MIN_SESSION_SECONDS} to {MAX_SESSION_SECONDS} seconds.",
        )


def _login(form: Form, state: AwsState) -> Response:
    """Return the page that stands in for the console."""
    credentials = _find_signed_in(form.get("SigninToken", ""), state)
    if credentials is None:
        page = refusal_page(
            "The sign-in URL is unknown or older than 15 minutes, or its session has expired."
        )
        return _respond(HTTPStatus.BAD_REQUEST, page)

    if not form.get("Destination"):
        return _respond(HTTPStatus.BAD_REQUEST, refusal_page("The destination is missing."))

    return _respond(HTTPStatus.OK, console_page(_describe_session(form, credentials)))


def _find_signed_in(token: str, state: AwsState) -> TemporaryCredentials | None:
    """Return the credentials behind a SigninToken, or None when either has expired."""
    access_key_id, expires_at = state.signin_tokens.get(token, ("", 0.0))
    if state.credential_store.now() >= expires_at:
        return None

    credentials = state.credential_store.find(access_key_id)
    if credentials is None or state.credential_store.has_expired(credentials):
        return None
    return credentials


def _describe_session(form: Form, credentials: TemporaryCredentials) -> dict[str, str]:
    expires_at = datetime.fromtimestamp(credentials.expires_at, UTC)
    tags = [f"{key}={value}" for key, value in credentials.tags.items()]
    return {
        "ARN": credentials.arn,
        "AWS account": credentials.account_id,
        "Destination": form["Destination"],
        "Issuer": form.get("Issuer") or "not given",
        "Expires": expires_at.strftime("%d %B %Y, %H:%M:%S UTC"),
        "Credentials from": str(credentials.kind),
        "Source identity": credentials.source_identity,
        "Session tags": ", ".join(tags),
    }


def _respond(status: int, page: Page) -> Response:
    # the page's URL holds the SigninToken
    return page_response(status, page, Referrer_Policy="no-referrer")


_ACTIONS: dict[str, Callable[[Form, AwsState], Response]] = {
    "getSigninToken": _get_signin_token,
    "login": _login,
}
