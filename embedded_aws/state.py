"""The state of the embedded AWS beside moto's: credentials, buckets, buses, how strict to be."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from embedded_aws.conflicts import ItemsUnderWay
from embedded_aws.credential_store import CredentialStore, TemporaryCredentials
from embedded_aws.principals import default_version
from embedded_aws.s3_buckets import Buckets


@dataclass
class AwsState:
    """One AWS; moto keeps its part in module globals, so there is one in a process.

    `lock` is held round everything that touches moto: its writes are not atomic over threads.
    `signin_tokens`: token -> access key id and end (seconds since 1970). `changed` is set when
    there is something new to store. Each call to DynamoDB waits `dynamodb_latency_seconds` before
    it takes the lock.

    `buckets` are S3's by name. `event_buses` are EventBridge's by ARN, with the entries that were
    put on each, and `event_faults` the error codes of the next entries ("": none).
    """

    instance_profile_chains: bool = False
    dynamodb_latency_seconds: float = 0
    items_under_way: ItemsUnderWay = field(default_factory=ItemsUnderWay)
    credential_store: CredentialStore = field(default_factory=CredentialStore)
    lock: threading.RLock = field(default_factory=threading.RLock)
    signin_tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=dict)
    event_buses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    event_faults: list[str] = field(default_factory=list)
    changed: threading.Event = field(default_factory=threading.Event)

    def issue(self, seconds: int, **facts: Any) -> TemporaryCredentials:
        """Issue temporary credentials, to be stored with the rest."""
        credentials = self.credential_store.issue(seconds, **facts)
        self.changed.set()
        return credentials


def sts_credentials(credentials: TemporaryCredentials) -> dict[str, str]:
    """Return temporary credentials as STS writes them."""
    expires_at = datetime.fromtimestamp(credentials.expires_at, UTC)
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def managed_policies() -> dict[str, dict[str, Any]]:
    """Return the managed policies of all AWS accounts by ARN."""
    documents = {}
    for partitions in list(iam_backends.values()):
        for backend in list(partitions.values()):
            for arn, policy in backend.managed_policies.items():
                documents[arn] = json.loads(default_version(policy))
    return documents
