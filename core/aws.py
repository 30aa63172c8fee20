"""The only builder of AWS clients: instance role or keys, time limits, retries, pool, endpoints."""

import json
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
)
from django.conf import settings

from core import __version__
from core.errors import CooperError, NotAllowed, Unavailable

logger = logging.getLogger(__name__)

DOMAINS = {
    "aws": "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
}
HOME_REGIONS = {
    "aws": "us-east-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
}
"""A region of each partition where its STS answers, for partitions that are not cooper's own."""

_BEGINNINGS = {
    "us-gov-": "aws-us-gov",
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-iso": "aws-iso",
    "eu-isoe": "aws-iso",
}

NAMES = {"dynamodb": "DynamoDB", "kms": "KMS", "sts": "STS"}
LIMITS = {"dynamodb": (1.0, 1.5, 3), "kms": (1.0, 2.0, 2), "sts": (1.5, 3.5, 2)}
"""Seconds to connect, seconds to read, tries; so that no call takes much over 5 s, and a grant's STS call 10 s."""

REFUSALS = {
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
}
REFUSALS |= {
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "ExpiredToken",
    "ExpiredTokenException",
}
REFUSALS |= {"IncompleteSignature", "MissingAuthenticationToken", "NotAuthorized", "OptInRequired"}
UNKNOWN = REFUSALS - {"AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired"}
"""Of the refusals, those of the credentials themselves, whatever they may do."""

EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
BUSY = {"RequestLimitExceeded", "ProvisionedThroughputExceededException"}


BAD_CREDENTIALS = (
    "AWS does not accept cooper's own credentials: they have expired, were deleted, or are another partition's. "
    "An administrator of cooper has to renew them."
)


class Keys(NamedTuple):
    """An access key as plain text, alive only while it is being used; its repr shows the id alone."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Mask the secret."""
        return f"Keys({self.access_key_id!r}, ...)"


_keys: ContextVar[Keys | None] = ContextVar("keys", default=None)
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
_clients: dict[tuple[str, str, bool], Any] = {}
_lock = threading.RLock()


class _BorrowedKeys(Credentials):
    """Credentials read from the context, so that one warm client serves every key pair (a new client costs 6x CPU)."""

    def __init__(self) -> None:
        super().__init__("from-context", "from-context")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the keys of this context; raise NoCredentialsError outside `using`."""
        keys = _keys.get()
        if keys is None:
            raise NoCredentialsError
        return ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)


@contextmanager
def using(keys: Keys) -> Iterator[None]:
    """Let clients made with `borrowed=True` sign with `keys` within the block."""
    token = _keys.set(keys)
    try:
        yield
    finally:
        _keys.reset(token)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give up any AWS call within the block once `seconds` are over; the earlier of nested deadlines counts."""
    end = time.monotonic() + seconds
    token = _deadline.set(min(end, _deadline.get() or end))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left(most: float, *, spare: float = 0.0) -> float:
    """Return the seconds that a call may take: `most`, or what the deadline leaves before its last `spare` seconds.

    Raise Unavailable when nothing is left.
    """
    end = _deadline.get()
    left = most if end is None else min(most, end - spare - time.monotonic())
    if left <= 0:
        raise Unavailable(
            "AWS did not answer in time. Nothing was handed out; try again.", "deadline passed"
        )
    return left


def region() -> str:
    """Return cooper's own region; raise CooperError when none is set."""
    if settings.COOPER_REGION:
        return str(settings.COOPER_REGION)
    raise CooperError("No AWS region is set. Set COOPER_REGION, or give -region.")


def partition_of(region_name: str) -> str:
    """Return the AWS partition that a region belongs to, by its name's beginning."""
    return next(
        (found for start, found in _BEGINNINGS.items() if region_name.startswith(start)), "aws"
    )


def client(service: str, region_name: str = "", *, borrowed: bool = False) -> Any:
    """Return the one warm client for `service` in a region (default: cooper's); `borrowed` ones sign with `using`."""
    key = (service, region_name or region(), borrowed)
    found = _clients.get(key)
    if found is None:
        with _lock:
            found = _clients.get(key) or _clients.setdefault(key, _build(*key))
    return found


def forget_clients() -> None:
    """Drop all clients, for the next call to make them anew (other credentials, another endpoint)."""
    with _lock:
        _clients.clear()
        _own_session.clear()


_own_session: list[boto3.Session] = []


def _session(borrowed: bool) -> boto3.Session:
    """Return the session with cooper's own credentials, or one that borrows them from the context."""
    if borrowed:
        session = boto3.Session()
        session._session._credentials = _BorrowedKeys()  # type: ignore[attr-defined]
        return session
    if not _own_session:
        _own_session.append(boto3.Session())
    return _own_session[0]


def _build(service: str, region_name: str, borrowed: bool) -> Any:
    """Make a client with this service's time limits; refuse an endpoint that is not AWS's."""
    connect, read, tries = LIMITS[service]
    # legacy: the other retry modes answer a cut 200 from DynamoDB as "no such item"
    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "legacy", "total_max_attempts": tries},
        max_pool_connections=settings.COOPER_POOL,
        parameter_validation=service != "dynamodb",
        user_agent_extra=f"cooper/{__version__}",
    )
    session: Any = _session(borrowed)
    try:
        made = session.client(service, region_name=region_name, config=config)
    except (BotoCoreError, ValueError) as error:
        raise CooperError(
            f"{NAMES[service]} cannot be used with this configuration: {error}"
        ) from error
    check_endpoint(made.meta.endpoint_url, partition_of(region_name))
    made.meta.events.register("before-send", partial(_keep_deadline, read=read))
    if not borrowed:
        made.meta.events.register("needs-retry", _renew_expired)
    if service == "dynamodb":
        made.meta.events.register("before-parse.dynamodb", _refuse_cut_answer)
    return made


def _keep_deadline(request: Any, read: float, **_: Any) -> None:
    """Wait `read` seconds at most for this try's answer, less if the deadline is nearer; begin none after it."""
    request.context["read_timeout"] = seconds_left(read)


def _renew_expired(response: Any, attempts: int, **_: Any) -> int | None:
    """Fetch cooper's own credentials anew, and try once more at once, when AWS says that they have expired.

    botocore stretches an instance's credentials that are near their end, so they may be dead before it renews them.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    held: Any = _own_session[0].get_credentials() if _own_session else None
    if code not in EXPIRED or attempts > 1 or not isinstance(held, RefreshableCredentials):
        return None
    held._expiry_time = datetime.now(UTC)  # type: ignore[attr-defined]
    return 0


def _refuse_cut_answer(response_dict: dict[str, Any], **_: Any) -> None:
    """Raise ChecksumError for a DynamoDB answer that is not whole: cut ones would read as "no such item"."""
    body, headers = response_dict["body"], response_dict["headers"]
    if response_dict["status_code"] != 200:
        return
    found, expected = zlib.crc32(body) & 0xFFFFFFFF, headers.get("x-amz-crc32")
    if expected is not None and str(found) != str(expected):
        raise ChecksumError(
            checksum_type="crc32", expected_checksum=expected, actual_checksum=str(found)
        )
    try:
        whole = isinstance(json.loads(body), dict)
    except ValueError:
        whole = False
    if not whole:
        raise ChecksumError(
            checksum_type="json",
            expected_checksum="an object",
            actual_checksum=f"{len(body)} bytes",
        )


def endpoint_refusal(url: str, partition: str) -> str:
    """Return why `url` may not be an AWS endpoint of cooper in `partition`, or "" when it may."""
    parts = urlsplit(url)
    host, domain = parts.hostname or "", DOMAINS.get(partition, "")
    if host in settings.COOPER_LOOPBACK_HOSTS:
        return (
            ""
            if settings.COOPER_DEV_ENDPOINTS
            else f"{url} is on this machine; that needs COOPER_DEV_ENDPOINTS=1"
        )
    if parts.scheme != "https":
        return f"{url} is not https"
    if not domain:
        return f"the partition {partition} has no public endpoint that cooper knows"
    if host.endswith((f".{domain}", ".api.aws")) or host in settings.COOPER_VPC_ENDPOINTS:
        return ""
    return f"{host} is not in {domain}; list a VPC endpoint in COOPER_VPC_ENDPOINTS"


def check_endpoint(url: str, partition: str) -> None:
    """Raise CooperError when `url` may not be an AWS endpoint."""
    refusal = endpoint_refusal(url, partition)
    if refusal:
        raise CooperError(f"The AWS endpoint is refused: {refusal}.")


def call(deed: Callable[..., Any], /, **arguments: Any) -> Any:
    """Call a client's method and return its answer; raise CooperError in the person's words when AWS does not do it."""
    try:
        return deed(**arguments)
    except (ClientError, BotoCoreError) as error:
        raise translate(error, _service_of(deed)) from error


def _service_of(deed: Callable[..., Any]) -> str:
    """Return the name of the service whose method it is, as people know it."""
    meta = getattr(getattr(deed, "__self__", None), "meta", None)
    found = meta.service_model.service_name if meta is not None else ""
    return {"kms": "AWS KMS", "sts": "AWS STS", "dynamodb": "DynamoDB"}.get(found, "AWS")


def translate(error: Exception, service: str = "AWS") -> CooperError:
    """Return what an AWS error means to a person: not reachable, not allowed, or what AWS said (in the detail)."""
    if isinstance(error, ClientError):
        return _translate_answer(error, service)
    if isinstance(error, NoCredentialsError):
        message = "cooper has no AWS credentials: give it an instance role or keys."
        return NotAllowed(message, str(error), code="NoCredentials")
    if isinstance(error, NoRegionError):
        return CooperError("No AWS region is set. Set COOPER_REGION, or give -region.")
    message = f"{service} did not answer. Nothing was changed or handed out; try again in a minute."
    return Unavailable(message, repr(error))


def _translate_answer(error: ClientError, service: str) -> CooperError:
    """Return what AWS's error answer means, by its code and status."""
    said = error.response.get("Error", {})
    code, status = (
        said.get("Code", ""),
        error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
    )
    detail = f"{error.operation_name}: {code}: {said.get('Message', '')}"
    if code in UNKNOWN:
        return NotAllowed(BAD_CREDENTIALS, detail, code=code)
    if code in REFUSALS:
        return NotAllowed(
            f"AWS does not allow cooper to do this ({error.operation_name}).", detail, code=code
        )
    if status >= 500 or "Throttl" in code or code in BUSY:
        return Unavailable(
            f"{service} is busy or has a fault. Nothing was handed out; try again in a minute.",
            detail,
            code=code,
        )
    return CooperError(f"AWS refused the request ({code}).", detail, code=code)
