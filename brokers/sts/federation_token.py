"""Federated users: STS GetFederationToken with the target's own Federation Keys.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html -
long-lived keys of an IAM user alone, 900 s to 36 h, no permissions without a session policy.
"""

from typing import Any

from brokers.choices import SHORTEST_SESSION
from brokers.credentials import Credentials
from brokers.federation_keys import decrypt_keys
from brokers.models import Target
from brokers.sts.request import SessionRequest, parse_credentials, policy_arguments, tags
from core import aws
from core.aws import CallerIdentity, Keys

LONGEST = 129_600
"""Seconds that AWS gives at most."""


def become(target: Target, request: SessionRequest) -> Credentials:
    """Return credentials of the federated user; raise CooperError (with AWS's code)."""
    arguments: dict[str, Any] = {
        "Name": request.session_name,
        "DurationSeconds": max(SHORTEST_SESSION, min(request.seconds, LONGEST)),
    }
    if target.tag_session:
        arguments["Tags"] = tags(request)
    arguments |= policy_arguments(target)
    return federate(decrypt_keys(target), str(target.partition), arguments)


def federate(keys: Keys, partition: str, arguments: dict[str, Any]) -> Credentials:
    """Call GetFederationToken with these keys and arguments (probes use it too)."""
    with aws.using(keys):
        client = aws.client("sts", aws.region_in(partition), borrowed=True)
        answer = aws.call(client.get_federation_token, **arguments)
    return parse_credentials(answer, "FederatedUser", arguments["Name"])


def caller(keys: Keys, partition: str) -> CallerIdentity:
    """Return who these keys are, as STS in a region of the partition says."""
    return aws.caller_identity(keys, aws.region_in(partition))
