"""Who calls: the holder of an access key, once the key and the signature have proved good."""

import json
from dataclasses import dataclass
from typing import Any

from moto.iam.models import AccessKey, iam_backends

from embedded_aws import signatures
from embedded_aws.credential_store import CredentialStore, Issued, Kind
from embedded_aws.protocol import Authorization, AwsError, Call

PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}


@dataclass(frozen=True)
class Principal:
    """Who calls; `principal_arn` is what policies call it, `arn` what it calls itself, `name` its IAM name."""

    kind: Kind
    arn: str
    principal_arn: str
    account_id: str
    user_id: str
    name: str
    issued: Issued | None = None

    @property
    def partition(self) -> str:
        """Return the partition of the caller's AWS account."""
        return self.arn.split(":")[1]

    @property
    def is_temporary(self) -> bool:
        """Return whether the credentials end."""
        return self.issued is not None


def partition_of(region: str) -> str:
    """Return the partition of a region."""
    return next(
        (partition for beginning, partition in PARTITIONS.items() if region.startswith(beginning)),
        "aws",
    )


def authenticate(call: Call, ledger: CredentialStore) -> Principal:
    """Return who calls; raise AwsError for unknown, inactive or ended keys and for a wrong signature."""
    said = call.authorization
    if said is None:
        raise signatures.refused(call.service, "missing")
    issued = ledger.find(said.access_key_id)
    caller, secret = _from_issued(call, issued) if issued else _from_key(call, said)
    if caller.partition != partition_of(said.region):
        raise signatures.refused(call.service, "unknown")
    signatures.verify(call, said, secret)
    if issued and ledger.has_ended(issued):
        raise signatures.refused(call.service, "expired")
    return caller


def holder(issued: Issued) -> Principal:
    """Return the caller behind issued credentials."""
    name = issued.principal_arn.rpartition("/")[2]
    return Principal(
        issued.kind,
        issued.arn,
        issued.principal_arn,
        issued.account_id,
        issued.user_id,
        name,
        issued,
    )


def _from_issued(call: Call, issued: Issued) -> tuple[Principal, str]:
    """Return the holder of temporary credentials and the secret; their session token has to be the one issued."""
    if call.headers.get("x-amz-security-token") != issued.session_token:
        raise signatures.refused(call.service, "unknown")
    return holder(issued), issued.secret_access_key


def _from_key(call: Call, said: Authorization) -> tuple[Principal, str]:
    """Return the IAM user behind a long-term key and the secret."""
    found = _find_key(said.access_key_id)
    if found is None or "x-amz-security-token" in call.headers:
        raise signatures.refused(call.service, "unknown")
    account_id, partition, key = found
    if key.status != "Active":
        raise signatures.refused(call.service, "unknown")
    return _owner(account_id, partition, key, call.service), key.secret_access_key


def _find_key(access_key_id: str) -> tuple[str, str, AccessKey] | None:
    """Return (AWS account, partition, key) of a long-term access key."""
    for account_id, regions in list(iam_backends.items()):
        for partition, backend in list(regions.items()):
            if access_key_id in backend.access_keys:
                return account_id, partition, backend.access_keys[access_key_id]
    return None


def _owner(account_id: str, partition: str, key: AccessKey, service: str) -> Principal:
    """Return the root user or IAM user that a key belongs to; raise AwsError when the user is gone."""
    if key.user_name is None:
        arn = f"arn:{partition}:iam::{account_id}:root"
        return Principal(Kind.ROOT, arn, arn, account_id, account_id, "root")
    user = iam_backends[account_id][partition].users.get(key.user_name)
    if user is None:
        raise signatures.refused(service, "unknown")
    return Principal(Kind.USER, user.arn, user.arn, account_id, user.id, user.name)


def policies_of(caller: Principal) -> list[dict[str, Any]]:
    """Return the documents of the caller's own policies (inline and attached); the root user's allow everything."""
    if caller.kind is Kind.ROOT:
        return [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
    backend = iam_backends[caller.account_id][caller.partition]
    is_role = ":role/" in caller.principal_arn
    found: Any = role_by_arn(caller.principal_arn) if is_role else backend.users.get(caller.name)
    if found is None:
        return []
    attached = [document_of(each) for each in found.managed_policies.values()]
    return [json.loads(text) for text in [*found.policies.values(), *attached]]


def document_of(policy: Any) -> str:
    """Return the default version of a managed policy."""
    return next((str(each.document) for each in policy.versions if each.is_default), "{}")


def role_by_arn(arn: str) -> Any | None:
    """Return moto's role, or None; an AWS account that is not there has none."""
    partition, account_id = arn.split(":")[1], arn.split(":")[4]
    if account_id not in list(iam_backends):
        return None
    roles = list(iam_backends[account_id][partition].roles.values())
    return next((role for role in roles if role.arn == arn), None)


def refuse_unknown_service(service: str) -> AwsError:
    """Return the refusal of a service that the embedded AWS has not."""
    return AwsError(
        "InvalidAction", f"The embedded AWS has no service {service or '(unsigned request)'}."
    )
