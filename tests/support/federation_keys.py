"""Federation Keys as `cooper -encrypt` prints them."""

import base64

from django.conf import settings

from brokers.federation_keys import TRANSPORT_CONTEXT
from core import kms


def encrypted(access_key_id: str, secret: str, context: dict[str, str] | None = None) -> str:
    """Return a key pair as an administrator pastes it; `context`: another encryption context."""
    payload = f"{access_key_id}|{secret}".encode()
    used = TRANSPORT_CONTEXT if context is None else context
    return base64.b64encode(
        kms.encrypt(payload, kms.key_arn(settings.COOPER_KMS_KEY), used).blob
    ).decode()
