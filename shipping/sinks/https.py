"""One POST to a sink: https, to an address that was looked at, without redirects, capped.

Only what `network.resolve` allows is connected to, at that very address; the certificate has to be
the host's. The answer has to come whole in time, and no more of it than a little is read.
"""

import random
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from core import aws
from core.errors import Unavailable
from core.retry import Backoff
from shipping.sinks.base import Undelivered
from shipping.sinks.network import Permission, Place, RefusedAddress, resolve

CONNECT_SECONDS = 5.0

ANSWER_SECONDS = 10.0
"""For the whole answer."""

LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read."""

TRIES = 3

BACKOFF = Backoff(first=0.5, longest=4.0)

LONGEST_PAUSE = 5.0
"""Seconds that an answer may ask to wait; for longer ones the shipper comes back later."""

_SECONDS = re.compile(r"[0-9]{1,6}")

BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Refusals that are about this moment, beside all from 500 on."""

NEVER_TAKEN = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Refusals of what was sent. All others are about address, key or receiver: they can be mended."""


@dataclass(frozen=True)
class Reply:
    """What a sink answered; `body` is its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_busy(self) -> bool:
        """Whether a later try may be answered otherwise."""
        return self.status in BUSY or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def pause(self) -> float:
        """Seconds that it asks to wait (Retry-After); 0 when it does not say, or names a date."""
        text = self.headers.get("Retry-After", "")
        if not _SECONDS.fullmatch(text):
            return 0.0
        return float(text)


class NoReply(Exception):
    """No answer came; the text says why, in a few words and without anything that was sent."""


def post(
    place: Place, permission: Permission, headers: Mapping[str, str], body: bytes, path: str = ""
) -> Reply:
    """Send a POST once and return the answer; raise NoReply."""
    try:
        addresses = resolve(place, permission)
    except RefusedAddress as error:
        raise NoReply(str(error)) from None
    except OSError as error:
        raise NoReply(f"the name {place.host} is not known here ({error.strerror})") from None

    sent_headers = {"Host": place.netloc, **headers}
    with aws.pool_manager(retries=False, num_pools=1) as pools:
        for address in addresses:
            pool = pools.connection_from_host(
                str(address), place.port, place.scheme, pool_kwargs=_tls_options(place)
            )
            try:
                return _ask(pool, path or place.path, sent_headers, body)
            except (NewConnectionError, ConnectTimeoutError):
                # a host of IPv4 and IPv6 may be reached by one of them alone
                continue
            except SSLError as error:
                raise NoReply(f"its certificate is not accepted ({_reason(error)})") from None
            except (HTTPError, OSError, ValueError, Unavailable) as error:
                raise NoReply(f"no answer ({type(error).__name__})") from None

    raise NoReply("nothing answers at its address")


def post_until_answered(
    name: str, place: Place, permission: Permission, request: Any, path: str = ""
) -> Reply:
    """Return the answer to a POST, tried again a few times while the sink is busy or silent.

    `request()` returns the headers and the body of each try. Raise Undelivered.
    """
    reason = ""
    asked_pause = 0.0
    for attempt in range(TRIES):
        if attempt and not _pause(attempt - 1, asked_pause):
            break
        headers, body = request()

        try:
            reply = post(place, permission, headers, body, path)
        except NoReply as error:
            reason = str(error)
            continue
        if not reply.is_busy:
            return reply

        reason = f"it answered {reply.status}"
        asked_pause = reply.pause

    undelivered = Undelivered(f"{name} takes nothing now: {reason}.", again=True)
    undelivered.retry_after = int(asked_pause)
    raise undelivered


def _ask(
    pool: urllib3.HTTPConnectionPool, path: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    response = pool.urlopen(
        "POST",
        path,
        body=body,
        headers=headers,
        redirect=False,
        retries=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
        preload_content=False,
        # a small answer may unpack into a large one
        decode_content=False,
    )
    try:
        beginning = response.read(LONGEST_ANSWER, decode_content=False)
        return Reply(response.status, response.headers, beginning)
    finally:
        response.close()


def _tls_options(place: Place) -> dict[str, Any]:
    if place.scheme != "https":
        return {}

    context = ssl.create_default_context()
    # the address is connected to; name and certificate are the host's
    return {
        "ssl_context": context,
        "server_hostname": place.host,
        "assert_hostname": place.host,
    }


def _pause(attempt: int, asked_pause: float) -> bool:
    """Pause after a failed attempt; return False where there is no time for it."""
    if not asked_pause:
        BACKOFF.sleep(attempt)
        return True

    if asked_pause > LONGEST_PAUSE:
        return False
    # a little longer, and not together with all others that were asked
    seconds = asked_pause * random.uniform(1, 1.5)  # noqa: S311 - not a secret
    try:
        if aws.seconds_left(seconds) < seconds:
            return False
    except Unavailable:
        return False
    time.sleep(seconds)
    return True


def _reason(error: Exception) -> str:
    """Return what is wrong with a certificate; urllib3 keeps Python's own error within its own."""
    cause = next(iter(error.args), error)
    return str(getattr(cause, "verify_message", "") or type(cause).__name__)
