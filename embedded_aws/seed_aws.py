"""What the embedded AWS begins with, and functions that make AWS accounts, roles and keys.

They write into moto's backends of this process. Ids and ARNs have AWS's form; secrets are random.
What this package knows of cooper, its one user so far, is in this module alone.
"""

import json
from collections.abc import Iterable
from typing import Any

from moto.iam.models import AccessKey, iam_backends
from moto.kms.models import kms_backends

from embedded_aws.credential_store import random_id, random_secret
from embedded_aws.stored_iam import make_access_key
from embedded_aws.stored_kms import SPEC, rename_key

COOPER_ACCOUNT = "111111111111"
COOPER_USER = "cooper"
COOPER_ROLE = "cooper-server"
KMS_KEY = "0bd3695d-96a9-4642-8477-0a95e3b968fd"
KMS_ALIAS = "alias/cooper"

KEY_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""A region of each partition; moto wants one for an IAM user."""

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
    # moto makes backends when they are asked for
    _ = iam_backends[account_id][partition]


def create_role(
    account_id: str,
    path_name: str,
    trust_policy: dict[str, Any],
    max_session_seconds: int = 3600,
    *,
    partition: str = "aws",
) -> str:
    """Make a role, or bring it up to date, and return its ARN.

    `path_name` may have a path (`teams/web/deploy`).
    """
    path, _, name = path_name.strip("/").rpartition("/")
    backend = iam_backends[account_id][partition]

    role = _find_by_name(backend.roles.values(), name)
    if role is None:
        role_path = "/"
        if path:
            role_path = f"/{path}/"
        role = backend.create_role(name, "{}", role_path, None, "", [], "3600")

    role.assume_role_policy_document = json.dumps(trust_policy)
    role.max_session_duration = str(max_session_seconds)
    return str(role.arn)


def _find_by_name(roles: Iterable[Any], name: str) -> Any | None:
    for role in roles:
        if role.name == name:
            return role
    return None


def put_role_policy(
    account_id: str, role_name: str, policy: dict[str, Any], *, partition: str = "aws"
) -> None:
    """Give a role an inline policy, in place of the one it has."""
    role = iam_backends[account_id][partition].get_role(role_name)
    role.put_policy("inline", json.dumps(policy))


def create_user_key(
    account_id: str, user_name: str, policy: dict[str, Any] | None = None, *, partition: str = "aws"
) -> tuple[str, str]:
    """Return the access key id and secret of an IAM user, made unless it is there.

    Without a `policy` the user may federate and use S3.
    """
    backend = iam_backends[account_id][partition]
    user = backend.users.get(user_name)
    if user is None:
        user = backend.create_user(KEY_REGIONS[partition], user_name)
    user.put_policy("inline", json.dumps(policy or FEDERATION_POLICY))

    if not user.access_keys:
        new_key = _random_key(account_id, user_name)
        user.access_keys.append(new_key)
        backend.access_keys[new_key.access_key_id] = new_key

    key = user.access_keys[0]
    return key.access_key_id, key.secret_access_key


def create_root_key(account_id: str, *, partition: str = "aws") -> tuple[str, str]:
    """Return the access key id and secret of an AWS account's root user."""
    key = _random_key(account_id, None)
    iam_backends[account_id][partition].access_keys[key.access_key_id] = key
    return key.access_key_id, key.secret_access_key


def _random_key(account_id: str, user_name: str | None) -> AccessKey:
    """Return a new access key; moto's own random numbers are not made for secrets."""
    return make_access_key(account_id, user_name, random_id("AKIA"), random_secret())


def create_kms_key(account_id: str, region: str, key_id: str, alias: str) -> None:
    """Make a symmetric key with exactly this id and alias, unless it is there."""
    backend = kms_backends[account_id][region]
    if key_id in backend.keys:
        return

    key = backend.create_key(None, "ENCRYPT_DECRYPT", SPEC, "Secrets of cooper", None)
    rename_key(backend, key, key_id)
    backend.create_alias(key_id, alias)


def seed(region: str) -> None:
    """Make cooper's own AWS account: an IAM user with keys, a role for EC2, a KMS key.

    What is there already stays.
    """
    create_account(COOPER_ACCOUNT)
    create_user_key(COOPER_ACCOUNT, COOPER_USER, COOPER_POLICY)
    create_role(COOPER_ACCOUNT, COOPER_ROLE, EC2_TRUST)
    put_role_policy(COOPER_ACCOUNT, COOPER_ROLE, COOPER_POLICY)
    create_kms_key(COOPER_ACCOUNT, region, KMS_KEY, KMS_ALIAS)


def cooper_access_key() -> tuple[str, str]:
    """Return the access key id and secret of the IAM user that cooper runs as."""
    user = iam_backends[COOPER_ACCOUNT]["aws"].users[COOPER_USER]
    key = user.access_keys[0]
    return key.access_key_id, key.secret_access_key


def cooper_settings(region: str, signin_url: str) -> dict[str, str]:
    """Return the settings with which cooper uses this AWS."""
    return {
        "COOPER_REGION": region,
        "COOPER_SIGNIN_URL": signin_url,
        "COOPER_KMS_KEY": KMS_KEY,
        "COOPER_DEV_ENDPOINTS": "1",
    }
