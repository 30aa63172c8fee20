"""The console: AWS's sign-in endpoint turns credentials into a sign-in URL, a bearer secret for 15 minutes.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html -
getSigninToken takes POST, so that no secret is in a URL; SessionDuration is never sent: the console session ends with
its credentials.
"""

import json
import time
from functools import lru_cache
from urllib.parse import urlencode, urlsplit

import urllib3
from django.conf import settings

from brokers.credentials import Credentials
from brokers.errors import AwsRefused
from core import __version__, aws
from core.errors import CooperError, Unavailable
from core.partitions import PARTITIONS, served_partition

SECONDS, TO_CONNECT = 5.0, 2.0
"""Seconds for getSigninToken, all in all, and of them to connect; fewer where the grant's deadline is nearer."""

FOR_THE_RECORD = 1.0
"""Seconds of the deadline that are left for recording the outcome."""

USER_AGENT = f"cooper/{__version__} (AWS access portal)"
"""Fixed, so that a SOC can tell cooper's GetSigninToken calls from others (docs/operate.md)."""

ANSWER_LIMIT = 65_536


@lru_cache(maxsize=1)
def _pool() -> urllib3.PoolManager:
    """Return the connection pool; certificates are verified against the system's authorities."""
    return urllib3.PoolManager(
        retries=False, cert_reqs="CERT_REQUIRED", headers={"User-Agent": USER_AGENT}
    )


def endpoint(partition: str) -> str:
    """Return a partition's federation endpoint; COOPER_SIGNIN_URL replaces that of cooper's own, or all when local."""
    host = served_partition(partition).signin_host
    chosen = settings.COOPER_SIGNIN_URL
    own = partition == aws.own_partition()
    if not chosen or not (own or _is_local(chosen)):
        return f"https://{host}/federation"
    _check(chosen, host)
    return str(chosen)


def _is_local(url: str) -> bool:
    """Return whether the address is on this machine."""
    return urlsplit(url).hostname in settings.COOPER_LOOPBACK_HOSTS


def _check(url: str, host: str) -> None:
    """Raise CooperError for a sign-in address that is neither AWS's, nor a listed VPC endpoint, nor for trying out."""
    parts = urlsplit(url)
    if _is_local(url):
        if settings.COOPER_DEV_ENDPOINTS:
            return
        raise CooperError(
            f"COOPER_SIGNIN_URL is {url}: on this machine; that needs COOPER_DEV_ENDPOINTS=1."
        )
    found = parts.hostname or ""
    allowed = found == host or found.endswith("." + host) or found in settings.COOPER_VPC_ENDPOINTS
    if parts.scheme != "https" or not allowed:
        message = f"COOPER_SIGNIN_URL is {url}; it has to be https on {host}, or on one of COOPER_VPC_ENDPOINTS."
        raise CooperError(message)


def form_action_hosts(partitions: set[str]) -> list[str]:
    """Return the sources that CSP's form-action has to name: Chromium applies it to the redirect after the POST too."""
    parts = [urlsplit(endpoint(each)) for each in sorted(partitions) if each in PARTITIONS]
    return sorted({f"{each.scheme}://{each.netloc}" for each in parts})


def console_url(credentials: Credentials, partition: str, destination: str, issuer: str) -> str:
    """Return the sign-in URL for the credentials; raise Unavailable or AwsRefused. Never log or keep it."""
    where = endpoint(partition)
    token = _signin_token(where, credentials)
    asked = {"Action": "login", "Issuer": issuer, "Destination": destination, "SigninToken": token}
    return f"{where}?{urlencode(asked)}"


def _signin_token(where: str, credentials: Credentials) -> str:
    """Return a SigninToken for the credentials, by POST."""
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
    }
    fields = {"Action": "getSigninToken", "Session": json.dumps(session)}
    try:
        status, body = _posted(where, urlencode(fields))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        message = "AWS's sign-in did not answer. Nothing was handed out; try again, or get credentials instead."
        raise Unavailable(message, f"getSigninToken: {type(error).__name__}") from error
    return _token_in(status, body)


def _posted(where: str, fields: str) -> tuple[int, bytes]:
    """Post the fields; return status and body, whole within SECONDS and the deadline, or raise."""
    seconds = aws.seconds_left(SECONDS, spare=FOR_THE_RECORD)
    end = time.monotonic() + seconds
    answer = _pool().request(
        "POST", where, body=fields, redirect=False, preload_content=False,
        timeout=urllib3.Timeout(total=seconds, connect=min(TO_CONNECT, seconds)),
        headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT},
    )  # fmt: skip
    try:
        return answer.status, _body(answer, end)
    finally:
        # back in the pool already where the answer was read whole
        answer.close()


def _body(answer: urllib3.BaseHTTPResponse, end: float) -> bytes:
    """Read the body as it comes, until `end` (urllib3's own limit is for each read, so drips would go on for ever)."""
    found = b""
    while len(found) < ANSWER_LIMIT:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock = getattr(answer.connection, "sock", None)
        if sock is not None:
            sock.settimeout(left)
        more = answer.read1(ANSWER_LIMIT - len(found))
        if not more:
            break
        found += more
    return found


def _token_in(status: int, body: bytes) -> str:
    """Return the token in getSigninToken's answer; raise AwsRefused."""
    try:
        token = json.loads(body)["SigninToken"] if status == 200 else ""
    except (ValueError, KeyError, TypeError):
        token = ""
    if not isinstance(token, str) or not token:
        message = "AWS's sign-in refused these credentials. Nothing was handed out; try again, or get credentials instead."
        raise AwsRefused(message, f"getSigninToken answered {status}")
    return token
