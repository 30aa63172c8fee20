"""What CloudTrail says of the sessions that STS issued: a record each, with no secret in it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from embedded_aws.credential_store import CredentialStore, PrincipalType, TemporaryCredentials

PATH = "/cloudtrail.json"

RECORDED = (PrincipalType.ROLE, PrincipalType.FEDERATED_USER)


def records(store: CredentialStore, region: str) -> dict[str, Any]:
    """Return a file of CloudTrail's with all sessions, oldest first."""
    issued = [credentials for credentials in store if credentials.kind in RECORDED]
    return {"Records": [_record(credentials, region) for credentials in issued]}


def _record(credentials: TemporaryCredentials, region: str) -> dict[str, Any]:
    operation = str(credentials.kind)
    return {
        "eventVersion": "1.08",
        "eventTime": _iso(credentials.issued_at),
        "eventSource": "sts.amazonaws.com",
        "eventName": operation,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, credentials.access_key_id)),
        "recipientAccountId": credentials.account_id,
        "userIdentity": {"arn": credentials.caller_arn},
        **_asked_and_answered(credentials),
    }


def _asked_and_answered(credentials: TemporaryCredentials) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "credentials": {
            "accessKeyId": credentials.access_key_id,
            "expiration": _iso(credentials.expires_at),
        }
    }
    user = {"arn": credentials.arn}
    if credentials.kind is PrincipalType.FEDERATED_USER:
        parameters = {"name": credentials.session_name}
        answer["federatedUser"] = user | {"federatedUserId": credentials.user_id}
    else:
        parameters = {
            "roleArn": credentials.principal_arn,
            "roleSessionName": credentials.session_name,
        }
        answer["assumedRoleUser"] = user | {"assumedRoleId": credentials.user_id}
        if credentials.source_identity:
            parameters["sourceIdentity"] = credentials.source_identity
    return {"requestParameters": parameters, "responseElements": answer}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
