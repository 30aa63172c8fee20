"""The shipper's signing: seldom, of the newest end, and never in the way of a delivery."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import env, kms_signing, metrics
from core.dynamo import transaction
from core.errors import CooperError
from shipping.events import text_of
from shipping.ledger import Ledger, LostLease
from shipping.models import Head, StoredSignature, number_name
from shipping.signatures import SignedEnd, digest_of, statement

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)
"""Least time between two signatures: KMS takes money for each, and one stands for all before it."""

NO_KEY = (
    "COOPER_SHIP_SIGNING_KEY names no KMS key, and nothing is sent unsigned. "
    "Make one: aws kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256"
)


@dataclass(frozen=True)
class SigningKey:
    """The KMS key that signs."""

    name: str
    """Id, ARN or alias."""
    public_pem: bytes


def signing_key() -> SigningKey:
    """Return the key that the environment names; raise CooperError where it cannot sign."""
    name = env.text("COOPER_SHIP_SIGNING_KEY")
    if not name:
        raise CooperError(NO_KEY)
    return SigningKey(name, kms_signing.public_key(name))


def sign_end(ledger: Ledger, key: SigningKey, now: datetime) -> None:
    """Sign the chain's end, unless that was done, or something was a moment ago.

    Where KMS fails, the next signature stands for this one too. Raise CooperError where the table
    does.
    """
    if not _is_due(ledger.head, now):
        return
    try:
        end = _signed_end(ledger.head, key, now)
    except CooperError as error:
        metrics.SHIP_FAILURES.labels("signing").inc()
        logger.error("shipping: nothing was signed: %s", error.line)
        return
    _keep(ledger.head, end)


def _signed_end(head: Head, key: SigningKey, now: datetime) -> SignedEnd:
    number = int(head.number)
    digest = digest_of(statement(number, head.digest))
    signature = kms_signing.sign(digest, key.name)
    return SignedEnd(number, head.digest, text_of(now), key.name, signature)


def _keep(head: Head, end: SignedEnd) -> None:
    number = end.number
    head.signed = end.to_text()
    stored = StoredSignature(StoredSignature.KIND, number_name(number), content=head.signed)
    with transaction() as writes:
        writes.save(head, Head.fence == head.fence, LostLease())
        writes.replace(stored)


def _is_due(head: Head, now: datetime) -> bool:
    if not head.signed:
        return bool(head.number)

    newest = SignedEnd.from_text(head.signed)
    if newest.number == head.number:
        return False
    return text_of(now - PAUSE) >= newest.signed_at
