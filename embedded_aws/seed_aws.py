"""What the embedded AWS begins with, and makers of AWS accounts, roles and keys for whoever seeds more.

They write into moto's backends of this process. Names, ids and ARNs are AWS's; secrets are random.
"""

import json
from typing import Any

from moto.iam.models import AccessKey, iam_backends
from moto.kms.models import kms_backends

from embedded_aws.credential_store import random_id, random_secret
from embedded_aws.stored_iam import key_of

COOPER_ACCOUNT = "111111111111"
COOPER_USER = "cooper"
COOPER_ROLE = "cooper-server"
KMS_KEY = "0bd3695d-96a9-4642-8477-0a95e3b968fd"
KMS_ALIAS = "alias/cooper"

COOPER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:*", "kms:*"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            "Resource": "arn:*:iam::*:role/*",
        },
    ],
}
FEDERATION_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sts:GetFederationToken", "sts:TagSession"],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    ],
}
EC2_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    ],
}


def create_account(account_id: str, partition: str = "aws") -> None:
    """Make an AWS account, unless it is there."""
    _ = iam_backends[account_id][partition]


def create_role(
    account_id: str,
    path_name: str,
    trust_policy: dict[str, Any],
    max_session_seconds: int = 3600,
    *,
    partition: str = "aws",
) -> str:
    """Make a role, or bring it up to date; `path_name` may have a path (`teams/web/deploy`). Return its ARN."""
    path, _, name = path_name.strip("/").rpartition("/")
    backend = iam_backends[account_id][partition]
    found = next((each for each in backend.roles.values() if each.name == name), None)
    role = found or backend.create_role(
        name, "{}", f"/{path}/" if path else "/", None, "", [], "3600"
    )
    role.assume_role_policy_document = json.dumps(trust_policy)
    role.max_session_duration = str(max_session_seconds)
    return str(role.arn)


def put_role_policy(
    account_id: str, role_name: str, policy: dict[str, Any], *, partition: str = "aws"
) -> None:
    """Give a role an inline policy, in place of the one it has."""
    iam_backends[account_id][partition].get_role(role_name).put_policy("inline", json.dumps(policy))


def create_user_key(
    account_id: str, user_name: str, policy: dict[str, Any] | None = None, *, partition: str = "aws"
) -> tuple[str, str]:
    """Return (access key id, secret) of an IAM user, made unless there; its policy lets it federate."""
    backend = iam_backends[account_id][partition]
    region = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
    user = backend.users.get(user_name) or backend.create_user(region, user_name)
    user.put_policy("inline", json.dumps(policy or FEDERATION_POLICY))
    if not user.access_keys:
        key = _random_key(account_id, user_name)
        user.access_keys.append(key)
        backend.access_keys[key.access_key_id] = key
    return user.access_keys[0].access_key_id, user.access_keys[0].secret_access_key


def create_root_key(account_id: str, *, partition: str = "aws") -> tuple[str, str]:
    """Return (access key id, secret) of an AWS account's root user: a key that cooper has to refuse."""
    key = _random_key(account_id, None)
    iam_backends[account_id][partition].access_keys[key.access_key_id] = key
    return key.access_key_id, key.secret_access_key


def _random_key(account_id: str, user_name: str | None) -> AccessKey:
    """Return a new access key; moto's own random numbers are not made for secrets."""
    return key_of(account_id, user_name, random_id("AKIA"), random_secret())


def create_kms_key(account_id: str, region: str, key_id: str, alias: str) -> None:
    """Make a symmetric key with exactly this id and alias, unless it is there."""
    keys = kms_backends[account_id][region]
    if key_id in keys.keys:
        return
    key = keys.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Secrets of cooper", None)
    del keys.keys[key.id]
    key.id, key.arn = key_id, key.arn.replace(key.id, key_id)
    keys.keys[key_id] = key
    keys.create_alias(key_id, alias)


def seed(region: str) -> None:
    """Make cooper's own AWS account: an IAM user with keys, a role for EC2, a KMS key; only once."""
    create_account(COOPER_ACCOUNT)
    create_user_key(COOPER_ACCOUNT, COOPER_USER, COOPER_POLICY)
    create_role(COOPER_ACCOUNT, COOPER_ROLE, EC2_TRUST)
    put_role_policy(COOPER_ACCOUNT, COOPER_ROLE, COOPER_POLICY)
    create_kms_key(COOPER_ACCOUNT, region, KMS_KEY, KMS_ALIAS)


def coopers_keys() -> tuple[str, str]:
    """Return (access key id, secret) of the IAM user that cooper runs as."""
    key = iam_backends[COOPER_ACCOUNT]["aws"].users[COOPER_USER].access_keys[0]
    return key.access_key_id, key.secret_access_key
