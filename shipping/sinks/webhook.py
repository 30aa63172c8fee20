"""A webhook: each batch is POSTed to an address, signed with a key that both sides have.

While that key is changed it is signed with both, the new one and the old one.

How a receiver checks a signature is in docs/siem.md.
"""

import hashlib
import hmac
import time
from http import HTTPStatus

from shipping.batches import Batch
from shipping.sinks import network
from shipping.sinks.base import Undelivered
from shipping.sinks.https import NEVER_TAKEN, post_until_answered
from shipping.sinks.network import Permission, Place

SIGNATURE_VERSION = "v1"

SHORTEST_KEY = 32
"""Characters of a key."""


def signature(key: bytes, timestamp: str, number: int, body: bytes) -> str:
    """Return the HMAC-SHA256 over the time, the batch's number and the body, as `v1=` and hex."""
    signed = b":".join([timestamp.encode(), str(number).encode(), body])
    digest = hmac.new(key, signed, hashlib.sha256).hexdigest()
    return f"{SIGNATURE_VERSION}={digest}"


class WebhookSink:
    """POSTs batches as JSON Lines; an answer of 2xx says that the receiver has one for good."""

    name = "webhook"

    def __init__(
        self, place: Place, key: str, permission: Permission, *, old_key: str = ""
    ) -> None:
        """Sign with `key`, and with `old_key` too for as long as receivers change it."""
        self._place = place
        self._keys = {"COOPER_SHIP_WEBHOOK_KEY": key.encode()}
        if old_key:
            self._keys["COOPER_SHIP_WEBHOOK_OLD_KEY"] = old_key.encode()
        self._permission = permission

    def __repr__(self) -> str:
        """Say where it is, and never the key."""
        return f"WebhookSink({self._place.host})"

    def deliver(self, batch: Batch) -> None:
        """Return once the receiver has answered 2xx; raise Undelivered."""

        def signed() -> tuple[dict[str, str], bytes]:
            timestamp = str(int(time.time()))
            signatures = [
                signature(key, timestamp, batch.number, batch.body) for key in self._keys.values()
            ]
            headers = {
                "Content-Type": "application/jsonl",
                "User-Agent": "cooper-ship",
                "Cooper-Batch": str(batch.number),
                "Cooper-Timestamp": timestamp,
                "Cooper-Signature": ",".join(signatures),
            }
            return headers, batch.body

        reply = post_until_answered(self.name, self._place, self._permission, signed)
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return

        if reply.status < HTTPStatus.BAD_REQUEST:
            raise Undelivered(
                f"{self.name} answered {reply.status}: redirects are not followed. "
                "Set COOPER_SHIP_WEBHOOK_URL to where it leads.",
                again=True,
            )

        if reply.status not in NEVER_TAKEN:
            raise Undelivered(
                f"{self.name} answered {reply.status}. Look at COOPER_SHIP_WEBHOOK_URL, at "
                "COOPER_SHIP_WEBHOOK_KEY and at the receiver; every batch waits meanwhile.",
                again=True,
            )

        raise Undelivered(
            f"{self.name} refused batch {batch.number} with {reply.status}.", again=False
        )

    def problems(self) -> list[str]:
        """Return what is wrong with the address and the key; nothing is sent."""
        problems = []
        for name, key in self._keys.items():
            if len(key) < SHORTEST_KEY:
                problems.append(
                    f"{name} has fewer than {SHORTEST_KEY} characters. "
                    "Make one: openssl rand -hex 32"
                )

        problems += network.problems("COOPER_SHIP_WEBHOOK_URL", self._place, self._permission)
        return problems
