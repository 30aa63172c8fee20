"""Federated users: STS GetFederationToken with the target's own Federation Keys.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html - long-lived keys of an IAM user
alone, 900 s to 36 h, no permissions without a session policy.
"""

from typing import Any

from brokers.credentials import Credentials
from brokers.federation_keys import keys_of
from brokers.models import Target
from brokers.sts.names import federated_name
from brokers.sts.request import Request, credentials, policies, tags
from core import aws
from core.aws import CallerIdentity, Keys
from core.partitions import PARTITIONS

SHORTEST, LONGEST = 900, 129_600


def region_of(partition: str) -> str:
    """Return the region whose STS is asked: cooper's own in its own partition, else the partition's home region."""
    if partition == aws.own_partition():
        return aws.region()
    return PARTITIONS[partition].home_region


def become(target: Target, request: Request) -> Credentials:
    """Return credentials of the federated user; raise CooperError (with AWS's code)."""
    asked: dict[str, Any] = {
        "Name": federated_name(request.identity),
        "DurationSeconds": max(SHORTEST, min(request.seconds, LONGEST)),
    }
    if target.tag_session:
        asked["Tags"] = tags(request)
    return federate(keys_of(target), str(target.partition), asked | policies(target))


def federate(keys: Keys, partition: str, asked: dict[str, Any]) -> Credentials:
    """Call GetFederationToken with these keys and arguments (trying keys out uses it too)."""
    with aws.using(keys):
        answer = aws.call(
            aws.client("sts", region_of(partition), borrowed=True).get_federation_token, **asked
        )
    return credentials(answer, "FederatedUser", asked["Name"])


def caller(keys: Keys, partition: str) -> CallerIdentity:
    """Return who these keys are, as STS in a region of the partition says."""
    return aws.caller_identity(keys, region_of(partition))
