"""KMS keys beside the installation's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def another_key(kms: Any, **kind: str) -> Iterator[str]:
    """Make a key with a client of KMS; yield its ARN, and take it away at the end."""
    key = kms.create_key(**kind)["KeyMetadata"]
    yield str(key["Arn"])
    # moto wants the id
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)


@contextmanager
def disabled(kms: Any, key: str) -> Iterator[None]:
    """Let a key (an id or ARN) be disabled within the block."""
    key_id = key.rpartition("/")[2]
    kms.disable_key(KeyId=key_id)
    try:
        yield
    finally:
        kms.enable_key(KeyId=key_id)
