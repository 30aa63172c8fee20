"""Warm clients: one for each service, region and kind of credentials, with time limits."""

import platform
import threading
from functools import partial
from typing import Any

import boto3
import botocore
from botocore.config import Config
from django.conf import settings

from core import __version__
from core.aws.credential_errors import credentials_failed
from core.aws.credentials import (
    borrowing_session,
    forget_own_credentials,
    look_again,
    own_session,
    retry_rules,
)
from core.aws.deadlines import seconds_left
from core.aws.drawn_pauses import draw_pauses
from core.aws.dynamodb_answers import read_answer
from core.aws.endpoints import check_endpoint
from core.aws.errors import NO_REGION
from core.aws.kept_addresses import keep_addresses
from core.aws.measured import measure
from core.aws.tries import count_issuing
from core.aws.whole_answers import demand_whole_answers
from core.errors import CooperError
from core.partitions import partition_of, served_partition

SERVICES = {
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "kms": "KMS",
    "s3": "S3",
    "sts": "STS",
}

LIMITS = {
    "dynamodb": (1.0, 1.5, 3),
    "events": (2.0, 5.0, 2),
    "kms": (1.0, 2.0, 2),
    "s3": (2.0, 10.0, 2),
    "sts": (1.5, 3.5, 2),
}
"""Seconds to connect, seconds for the whole answer, tries.

At worst, when every try waits for both: DynamoDB 7.5 s, KMS 6 s, STS 10 s; EventBridge (14 s) and
S3 (24 s) are the shipper's alone, for which nobody waits. An operation's deadline
(`core.aws.deadline`) shortens both.
"""

USER_AGENT = (
    f"cooper/{__version__} Python/{platform.python_version()} "
    f"Boto3/{boto3.__version__} Botocore/{botocore.__version__}"
)
"""By which AWS's logs tell cooper's calls from others. botocore builds its own anew for each call,
which costs as much CPU as a quarter of the call."""

_clients: dict[tuple[str, str, bool], Any] = {}
"""By service, region, and whether they borrow their keys."""

_lock = threading.RLock()


def region() -> str:
    """Return cooper's own region; raise CooperError when none is set."""
    if settings.COOPER_REGION:
        return str(settings.COOPER_REGION)
    raise CooperError(NO_REGION)


def own_partition() -> str:
    """Return the name of the partition that cooper itself runs in; raise CooperError."""
    return partition_of(region())


def region_in(partition: str) -> str:
    """Return cooper's own region in its own partition, the home region of another."""
    if partition == own_partition():
        return region()
    return served_partition(partition).home_region


def client(service: str, region_name: str = "", *, borrowed: bool = False) -> Any:
    """Return the one warm client for `service` in a region (cooper's own unless named).

    A `borrowed` one signs with the keys of `using`, others with cooper's own credentials.
    """
    key = (service, region_name or region(), borrowed)
    warm_client = _clients.get(key)
    if warm_client is not None:
        return warm_client

    with _lock:
        # another thread may have made it meanwhile
        if key not in _clients:
            _clients[key] = _build(*key)
        return _clients[key]


def rehearse(service: str, operation: str, arguments: dict[str, Any]) -> None:
    """Put a call together, as far as signing it, and do not send it.

    botocore reads its model of an operation, and the rules of its address, at the first call. Raise
    CooperError without credentials.
    """
    client(service).generate_presigned_url(operation, Params=arguments)


def forget_clients() -> None:
    """Drop all clients, for the next call to make new ones (other credentials or endpoints)."""
    with _lock:
        _clients.clear()
        forget_own_credentials()


def _build(service: str, region_name: str, borrowed: bool) -> Any:
    try:
        session: Any = borrowing_session() if borrowed else own_session()
        new_client = session.client(service, region_name=region_name, config=_config(service))
    except Exception as error:  # noqa: BLE001 - files and environment fail in many ways
        # they are read anew next time
        forget_own_credentials()
        raise credentials_failed(error, SERVICES[service]) from None

    if service == "dynamodb":
        # those of other services are drawn by botocore itself
        draw_pauses(new_client, retry_rules(), LIMITS[service][2])
    check_endpoint(new_client.meta.endpoint_url, partition_of(region_name))
    demand_whole_answers(new_client)
    if service != "s3":
        # there, each bucket has an address of its own
        keep_addresses(new_client)
    measure(new_client)
    _register_handlers(new_client, service, partition_of(region_name))
    if not borrowed:
        # lent keys are not cooper's to look for
        new_client.meta.events.register("needs-retry", look_again)
    return new_client


def _config(service: str) -> Config:
    connect, read, tries = LIMITS[service]
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        # legacy: the other retry modes answer a cut 200 from DynamoDB as "no such item"
        retries={"mode": "legacy", "total_max_attempts": tries},
        max_pool_connections=settings.COOPER_POOL,
        # PynamoDB builds the requests; checking each against the API model costs CPU
        parameter_validation=service != "dynamodb",
        user_agent=USER_AGENT,
        # of the others, each body is signed anyway
        s3={"payload_signing_enabled": True},
    )


def _register_handlers(new_client: Any, service: str, partition: str) -> None:
    _, read, _ = LIMITS[service]
    events = new_client.meta.events
    events.register("before-send", partial(_keep_deadline, read=read))
    events.register("before-send", partial(_check_address, partition=partition))
    if service == "sts":
        count_issuing(events)
    if service == "dynamodb":
        events.register("before-parse.dynamodb", read_answer)


def _keep_deadline(request: Any, read: float, **_: Any) -> None:
    """Wait `read` seconds for this try's answer, less if the deadline is nearer; none after it."""
    request.context["read_timeout"] = seconds_left(read)


def _check_address(request: Any, partition: str, **_: Any) -> None:
    """Raise CooperError when a call would go to what is not AWS.

    botocore's rules choose each call's address, which may be another than the client's own.
    """
    check_endpoint(request.url, partition)
