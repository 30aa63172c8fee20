"""The state of the embedded AWS beside moto's: issued credentials, sign-in tokens, and how strict to be."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from embedded_aws.credential_store import CredentialStore, Issued
from embedded_aws.principals import document_of


@dataclass
class AwsState:
    """One AWS; moto keeps its part in module globals, so there is one in a process.

    `lock` is held round everything that touches moto: its writes are not atomic over threads.
    """

    instance_profile_chains: bool = False
    ledger: CredentialStore = field(default_factory=CredentialStore)
    lock: threading.RLock = field(default_factory=threading.RLock)
    signin_tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)

    def credentials(self, issued: Issued) -> dict[str, str]:
        """Return issued credentials in STS's words."""
        self.changed.set()
        expiration = datetime.fromtimestamp(issued.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": expiration,
        }

    def managed_policies(self) -> dict[str, dict[str, Any]]:
        """Return the managed policies of all AWS accounts by ARN."""
        backends = [
            each for regions in list(iam_backends.values()) for each in list(regions.values())
        ]
        return {
            arn: json.loads(document_of(p))
            for each in backends
            for arn, p in each.managed_policies.items()
        }
