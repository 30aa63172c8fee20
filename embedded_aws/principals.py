"""Who calls: the owner of an access key, once the key and the signature have proved good."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.iam.models import AccessKey, iam_backends

from embedded_aws import signatures
from embedded_aws.calls import Authorization, Call
from embedded_aws.credential_store import CredentialStore, PrincipalType, TemporaryCredentials

PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
"""Partitions other than `aws`, by how the names of their regions begin."""

ALLOW_EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Principal:
    """Who calls.

    `principal_arn` is what policies call it, `arn` what GetCallerIdentity says, `name` its IAM
    name; `credentials` are its temporary ones, None for long-term keys.
    """

    kind: PrincipalType
    arn: str
    principal_arn: str
    account_id: str
    user_id: str
    name: str
    credentials: TemporaryCredentials | None = None

    @property
    def partition(self) -> str:
        """The partition of the principal's AWS account."""
        return self.arn.split(":")[1]

    @property
    def source_identity(self) -> str:
        """The source identity of its session, or ""."""
        if self.credentials is None:
            return ""
        return self.credentials.source_identity

    @property
    def tags(self) -> dict[str, str]:
        """The session tags."""
        if self.credentials is None:
            return {}
        return self.credentials.tags


class _LongTermKey(NamedTuple):
    """An access key and where it is."""

    account_id: str
    partition: str
    key: AccessKey


def partition_of(region: str) -> str:
    """Return the partition of a region."""
    for beginning, partition in PARTITIONS.items():
        if region.startswith(beginning):
            return partition
    return "aws"


def authenticate(call: Call, credential_store: CredentialStore) -> Principal:
    """Return who calls.

    Raise AwsError for unknown, inactive or expired keys and for a wrong signature.
    """
    authorization = call.authorization
    if authorization is None:
        raise signatures.credentials_error(call.service, "missing")

    credentials = credential_store.find(authorization.access_key_id)
    if credentials:
        caller, secret = _temporary_caller(call, credentials)
    else:
        caller, secret = _long_term_caller(call, authorization)

    if caller.partition != partition_of(authorization.region):
        raise signatures.credentials_error(call.service, "unknown")

    signatures.verify(call, authorization, secret)
    # last, so that nobody without the secret learns that credentials have expired
    if credentials and credential_store.has_expired(credentials):
        raise signatures.credentials_error(call.service, "expired")
    return caller


def _temporary_caller(call: Call, credentials: TemporaryCredentials) -> tuple[Principal, str]:
    """Return whose temporary credentials they are, and the secret.

    The session token has to be the one that was issued with them.
    """
    if call.headers.get("x-amz-security-token") != credentials.session_token:
        raise signatures.credentials_error(call.service, "unknown")

    caller = Principal(
        kind=credentials.kind,
        arn=credentials.arn,
        principal_arn=credentials.principal_arn,
        account_id=credentials.account_id,
        user_id=credentials.user_id,
        name=credentials.principal_arn.rpartition("/")[2],
        credentials=credentials,
    )
    return caller, credentials.secret_access_key


def _long_term_caller(call: Call, authorization: Authorization) -> tuple[Principal, str]:
    """Return the IAM user or root user of a long-term key, and the secret."""
    long_term_key = _find_key(authorization.access_key_id)
    if long_term_key is None or "x-amz-security-token" in call.headers:
        raise signatures.credentials_error(call.service, "unknown")
    if long_term_key.key.status != "Active":
        raise signatures.credentials_error(call.service, "unknown")

    owner = _find_owner(long_term_key)
    if owner is None:
        raise signatures.credentials_error(call.service, "unknown")
    return owner, long_term_key.key.secret_access_key


def _find_key(access_key_id: str) -> _LongTermKey | None:
    for account_id, partitions in list(iam_backends.items()):
        for partition, backend in list(partitions.items()):
            key = backend.access_keys.get(access_key_id)
            if key is not None:
                return _LongTermKey(account_id, partition, key)
    return None


def _find_owner(long_term_key: _LongTermKey) -> Principal | None:
    account_id, partition, key = long_term_key
    if key.user_name is None:
        arn = f"arn:{partition}:iam::{account_id}:root"
        return Principal(PrincipalType.ROOT, arn, arn, account_id, account_id, "root")

    user = iam_backends[account_id][partition].users.get(key.user_name)
    if user is None:
        return None
    return Principal(PrincipalType.USER, user.arn, user.arn, account_id, user.id, user.name)


def policies_of(caller: Principal) -> list[dict[str, Any]]:
    """Return the caller's own policies, inline and attached."""
    if caller.kind is PrincipalType.ROOT:
        return [ALLOW_EVERYTHING]

    owner: Any
    if ":role/" in caller.principal_arn:
        owner = find_role(caller.principal_arn)
    else:
        owner = iam_backends[caller.account_id][caller.partition].users.get(caller.name)
    if owner is None:
        return []

    inline = list(owner.policies.values())
    attached = [default_version(policy) for policy in owner.managed_policies.values()]
    return [json.loads(document) for document in inline + attached]


def default_version(policy: Any) -> str:
    """Return the document of a managed policy's default version."""
    for version in policy.versions:
        if version.is_default:
            return str(version.document)
    return "{}"


def find_role(arn: str) -> Any | None:
    """Return moto's role, or None; an AWS account that is not there has none."""
    _, partition, _, _, account_id, _ = arn.split(":", 5)
    # a look-up by key would make the AWS account
    if account_id not in list(iam_backends):
        return None

    for role in list(iam_backends[account_id][partition].roles.values()):
        if role.arn == arn:
            return role
    return None
