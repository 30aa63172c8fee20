"""What cooper keeps of people for minutes, encrypted under the installation's secret key.

For what lasts, `core.kms` encrypts; this costs no call to AWS, so anybody may cause it.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
"""96 bits, as NIST SP 800-38D (8.2) recommends for GCM."""

PURPOSE = b"cooper.sealing"
"""Tells the key of this apart from whatever else the secret key is used for (RFC 5869, 3.2)."""


def seal(text: str, *, context: str) -> str:
    """Return `text` encrypted, in base64; it opens with the same `context` alone."""
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = _cipher(settings.SECRET_KEY).encrypt(nonce, text.encode(), context.encode())
    return base64.b64encode(nonce + ciphertext).decode()


def unseal(sealed: str, *, context: str) -> str:
    """Return what `seal` was given.

    Raise ValueError for another context, for what was changed, and after the secret key is gone.
    """
    raw = base64.b64decode(sealed, validate=True)
    nonce = raw[:NONCE_BYTES]
    ciphertext = raw[NONCE_BYTES:]

    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(secret_key).decrypt(nonce, ciphertext, context.encode()).decode()
        except InvalidTag:
            continue
    raise ValueError("sealed under another key, or for another context")


def _cipher(secret_key: str) -> AESGCM:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return AESGCM(derivation.derive(secret_key.encode()))
