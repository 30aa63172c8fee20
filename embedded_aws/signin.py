"""A stand-in for AWS's sign-in endpoint: getSigninToken, and a page that shows who you became in place of the console.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html. The URL of
`login` is good for 15 minutes; SessionDuration is refused for federated users and for chained roles.
"""

import hmac
import json
import re
import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from embedded_aws import signin_page
from embedded_aws.credential_store import Issued, Kind
from embedded_aws.protocol import Answer, AwsError, Call, plain
from embedded_aws.state import AwsState

PATH = "/federation"
TOKEN_SECONDS = 900


def answer(call: Call, world: AwsState) -> Answer:
    """Answer a call to the sign-in endpoint, by GET or POST."""
    deed = {"getSigninToken": _signin_token, "login": _login}.get(call.form.get("Action", ""))
    if deed is None or call.method not in {"GET", "POST"}:
        return plain(HTTPStatus.BAD_REQUEST, "Invalid action.")
    try:
        return deed(call.form, world)
    except AwsError as error:
        return plain(error.status, error.message)


def _signin_token(form: dict[str, str], world: AwsState) -> Answer:
    """Return a new SigninToken for session credentials."""
    issued = _session(form.get("Session", ""), world)
    _check_duration(form.get("SessionDuration"), issued)
    token = secrets.token_urlsafe(600)
    now = world.ledger.now()
    world.signin_tokens = {key: kept for key, kept in world.signin_tokens.items() if kept[1] > now}
    world.signin_tokens[token] = (issued.access_key_id, now + TOKEN_SECONDS)
    body = json.dumps({"SigninToken": token}).encode()
    return Answer(HTTPStatus.OK, body, "application/json", {"Cache-Control": "no-store"})


def _session(text: str, world: AwsState) -> Issued:
    """Return the credentials of the Session parameter; raise AwsError unless they are good for the console."""
    try:
        found = json.loads(text)
        key, secret, token = (
            str(found[name]) for name in ("sessionId", "sessionKey", "sessionToken")
        )
    except (ValueError, KeyError, TypeError):
        raise AwsError("", "Invalid session.") from None
    issued = world.ledger.find(key)
    if issued is None or world.ledger.has_ended(issued):
        raise AwsError("", "The session is unknown or has ended.")
    right = hmac.compare_digest(secret.encode(), issued.secret_access_key.encode())
    if not right or not hmac.compare_digest(token.encode(), issued.session_token.encode()):
        raise AwsError("", "The session's credentials are wrong.")
    if issued.kind not in {Kind.ROLE, Kind.FEDERATED_USER}:
        raise AwsError("", f"Credentials from {issued.kind} cannot be used for the console.")
    return issued


def _check_duration(seconds: str | None, issued: Issued) -> None:
    """Raise AwsError for a SessionDuration that AWS does not take, or not with these credentials."""
    if seconds is None:
        return
    if issued.kind is Kind.FEDERATED_USER or issued.chained:
        raise AwsError("", "SessionDuration cannot be used with these credentials.")
    if not re.fullmatch(r"\d{1,9}", seconds) or not 900 <= int(seconds) <= 43_200:
        raise AwsError("", "SessionDuration has to be 900 to 43200 seconds.")


def _login(form: dict[str, str], world: AwsState) -> Answer:
    """Return the page that stands in for the console."""
    access_key_id, until = world.signin_tokens.get(form.get("SigninToken", ""), ("", 0.0))
    issued = world.ledger.find(access_key_id)
    if issued is None or world.ledger.now() >= until or world.ledger.has_ended(issued):
        return _page(HTTPStatus.BAD_REQUEST, signin_page.refused())
    if not form.get("Destination"):
        return _page(HTTPStatus.BAD_REQUEST, signin_page.refused("No destination was given."))
    return _page(HTTPStatus.OK, signin_page.console(_facts(form, issued)))


def _facts(form: dict[str, str], issued: Issued) -> dict[str, Any]:
    """Return what the page says."""
    ends = datetime.fromtimestamp(issued.expires_at, UTC).strftime("%d %B %Y, %H:%M:%S UTC")
    return {
        "You are": issued.arn,
        "AWS account": issued.account_id,
        "Destination": form["Destination"],
        "Issuer": form.get("Issuer") or "not told",
        "Until": ends,
        "Became by": str(issued.kind),
        "Source identity": issued.source_identity,
        "Session tags": ", ".join(f"{key}={value}" for key, value in issued.tags.items()),
    }


def _page(status: int, page: str) -> Answer:
    """Return a page that nobody keeps."""
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    headers["Content-Security-Policy"] = signin_page.CSP
    return Answer(status, page.encode(), "text/html; charset=utf-8", headers)
