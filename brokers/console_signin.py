"""The console: AWS's sign-in endpoint turns credentials into a sign-in URL.

That URL is a bearer secret for 15 minutes. getSigninToken takes POST, so that no secret is in a
URL; SessionDuration is never sent: the console session ends with its credentials.

Source: "Enable custom identity broker access to the AWS console", in
https://docs.aws.amazon.com/IAM/latest/UserGuide/:
id_roles_providers_enable-console-custom-url.html
"""

import json
import random
import time
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlencode

import urllib3

from brokers.credentials import Credentials
from brokers.errors import AwsRefused
from brokers.signin_endpoint import endpoint
from core import __version__, aws, metrics
from core.errors import Unavailable

TIMEOUT = 5.0
"""Seconds for getSigninToken, all in all; fewer where the grant's deadline is nearer."""

CONNECT_TIMEOUT = 2.0
"""Seconds of them to connect."""

AGAIN_WITHIN = 1.0
"""Seconds in which a first try has to fail for a second one: both end within a grant's deadline."""

PAUSES = (0.05, 0.15)
"""Seconds before the second try, drawn between these: not everybody comes again at once."""

USER_AGENT = f"cooper/{__version__} (AWS access portal)"
"""Fixed, so that a SOC can tell cooper's GetSigninToken calls from others (docs/operate.md)."""

BODY_LIMIT = 65_536
"""Bytes that are read of a response."""

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT}


@lru_cache(maxsize=1)
def _pool() -> urllib3.PoolManager:
    """Return the connection pool; certificates are verified against the system's authorities."""
    return aws.pool_manager(
        retries=False, cert_reqs="CERT_REQUIRED", headers={"User-Agent": USER_AGENT}
    )


# -- the sign-in URL -------------------------------------------------------------------------------
def console_url(credentials: Credentials, partition: str, destination: str, issuer: str) -> str:
    """Return the sign-in URL for the credentials.

    Raise Unavailable or AwsRefused. Never log or keep it.
    """
    url = endpoint(partition)
    parameters = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": _request_signin_token(url, credentials),
    }
    return f"{url}?{urlencode(parameters)}"


def _request_signin_token(url: str, credentials: Credentials) -> str:
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
    }
    fields = {"Action": "getSigninToken", "Session": json.dumps(session)}
    try:
        status, body = _answer_of(url, urlencode(fields))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        message = (
            "AWS's sign-in did not answer. Nothing was handed out. "
            "Try again, or get credentials instead."
        )
        raise Unavailable(message, f"getSigninToken: {type(error).__name__}") from error
    return _parse_signin_token(status, body)


def _parse_signin_token(status: int, body: bytes) -> str:
    """Return the token in getSigninToken's response; raise AwsRefused."""
    token = None
    if status == 200:
        try:
            token = json.loads(body)["SigninToken"]
        except (ValueError, KeyError, TypeError):
            token = None

    if not isinstance(token, str) or not token:
        message = (
            "AWS's sign-in refused these credentials. Nothing was handed out. "
            "Try again, or get credentials instead."
        )
        raise AwsRefused(message, f"getSigninToken answered {status}")
    return token


# -- HTTP within a time limit ----------------------------------------------------------------------
def _answer_of(url: str, fields: str) -> tuple[int, bytes]:
    """Return status and body of the answer; of a second try where AWS fails at once.

    A sign-in token that nobody received does no harm, unlike a session that nobody received.
    """
    again_until = time.monotonic() + AGAIN_WITHIN
    try:
        status, body = _post_counted(url, fields)
    except (urllib3.exceptions.HTTPError, OSError):
        if time.monotonic() > again_until:
            raise
    else:
        may_pass = (
            status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
        if not may_pass or time.monotonic() > again_until:
            return status, body

    time.sleep(random.uniform(*PAUSES))  # noqa: S311 - nothing is kept secret
    return _post_counted(url, fields)


def _post_counted(url: str, fields: str) -> tuple[int, bytes]:
    """Post the fields, and count that as a call to AWS."""
    began = time.monotonic()
    failure = "no answer"
    try:
        status, body = _post(url, fields)
        failure = ""
        if status != 200:
            failure = aws.failure_of("", status)
    finally:
        seconds = time.monotonic() - began
        metrics.count_aws_call("signin", "GetSigninToken", seconds, failure=failure)
    return status, body


def _post(url: str, fields: str) -> tuple[int, bytes]:
    """Post the fields; return status and body, whole within TIMEOUT and the deadline, or raise."""
    seconds = aws.seconds_left(TIMEOUT)
    timeout = urllib3.Timeout(total=seconds, connect=min(CONNECT_TIMEOUT, seconds))

    response = _pool().request(
        "POST",
        url,
        body=fields,
        headers=_HEADERS,
        timeout=timeout,
        redirect=False,
        preload_content=False,
    )
    try:
        return response.status, response.read(BODY_LIMIT)
    finally:
        # back in the pool already where the response was read whole
        response.close()
