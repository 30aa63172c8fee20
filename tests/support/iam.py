"""Judges calls by an IAM policy of docs/iam, as AWS would: for tests that run under a policy."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from core.dynamo import documents
from embedded_aws import policies, seed_aws
from embedded_aws.conditions import matches
from tests.support.faults import Call

REGION = "us-east-1"
OWN_KEY = seed_aws.KMS_KEY
PLACES = {
    "REGION": REGION,
    "COOPER_ROLE": seed_aws.COOPER_ROLE,
    "ACCOUNT": seed_aws.COOPER_ACCOUNT,
    "KEY_ID": OWN_KEY,
    "FORMER_KEY": OWN_KEY,
    "SIGNING_KEY": OWN_KEY,
    "BUCKET": "cooper-events",
    "BUS": "audit",
}
"""What is filled in, as docs/install.md does."""

IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""IAM's actions of the parts of transactions (DynamoDB guide, transaction-apis-iam)."""

S3_ACTIONS = {
    "GetBucket": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "GetBucketVersioning": "s3:GetBucketVersioning",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
}
"""IAM's actions of S3's operations, where their names differ too (S3 guide, "Required permissions
for Amazon S3 API operations")."""

FREE = {"sts:GetCallerIdentity"}
"""What AWS allows everybody."""

TABLE_SETTINGS = {
    "DescribeTable",
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
    "ListTagsOfResource",
    "TagResource",
    "UpdateContinuousBackups",
    "UpdateTimeToLive",
}
"""Calls about a table that read and write none of its data, so that its KMS key is not used."""

TO_ENCRYPT_A_TABLE = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
"""What DynamoDB asks KMS on behalf of whoever sets a table's key (DynamoDB guide,
encryption.usagenotes: authorizing use of the customer managed key)."""


@dataclass(frozen=True)
class Asked:
    """What IAM has to decide: an action on a resource, with the call's condition keys."""

    action: str
    resource: str = ""
    context: tuple[tuple[str, str], ...] = ()


# -- what calls ask --
def asked(call: Call, tables_key: str = OWN_KEY) -> set[Asked]:
    """Return what a call asks of IAM (sign-in is none of IAM's); `tables_key` encrypts tables."""
    questions: set[Asked] = set()
    if call.service == "dynamodb":
        questions.update(_of_dynamodb(call, tables_key))
    elif call.service == "kms":
        questions.update(_of_kms(call))
    elif call.service == "sts":
        questions.update(_of_sts(call))
    elif call.service == "s3":
        questions.add(Asked(S3_ACTIONS[call.operation], f"arn:aws:s3:::{call.resource}"))
    elif call.service == "events":
        questions.update(_of_events(call))
    return {question for question in questions if question.action not in FREE}


def _of_dynamodb(call: Call, tables_key: str) -> Iterator[Asked]:
    """Yield the parts of a transaction, or the call itself, and what the tables' key is asked."""
    body = call.document
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        for part in body["TransactItems"]:
            for name, inner in part.items():
                yield _on_table(IN_TRANSACTION[name], inner)
    elif call.operation in ("BatchGetItem", "BatchWriteItem"):
        for table in body["RequestItems"]:
            yield _on_table(call.operation, {"TableName": table})
    else:
        yield _on_table(call.operation, body)

    if call.operation == "CreateTable" and body.get("Tags"):
        yield _on_table("TagResource", body)
    yield from _of_the_tables_key(call, tables_key)


def _of_the_tables_key(call: Call, tables_key: str) -> Iterator[Asked]:
    """Yield what DynamoDB asks KMS on behalf of whoever calls."""
    if "SSESpecification" in call.document:
        new_key = _key_arn(call.document["SSESpecification"]["KMSMasterKeyId"])
        for action in TO_ENCRYPT_A_TABLE:
            yield _through_dynamodb(action, new_key)
    elif call.operation not in TABLE_SETTINGS:
        yield _through_dynamodb("Decrypt", _key_arn(tables_key))


def _through_dynamodb(action: str, key: str) -> Asked:
    service = f"dynamodb.{REGION}.amazonaws.com"
    return Asked(f"kms:{action}", key, (("kms:ViaService", service),))


def _on_table(operation: str, body: dict[str, Any]) -> Asked:
    """Return what one operation asks."""
    name = body.get("TableName") or body["ResourceArn"].rpartition("/")[2]
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    resource = f"arn:aws:dynamodb:{REGION}:{seed_aws.COOPER_ACCOUNT}:table/{name}{index}"
    model = next(document for document in documents() if document.Meta.table_name == name)
    key = (body.get("Key") or body.get("Item") or {}).get(model.key_names()[0])
    context = (("dynamodb:LeadingKeys", next(iter(key.values()))),) if key else ()
    return Asked(f"dynamodb:{operation}", resource, context)


def _of_kms(call: Call) -> Iterator[Asked]:
    """Yield what a call to KMS asks; ReEncrypt is authorized twice (KMS API reference)."""
    body = call.document
    if call.operation == "ReEncrypt":
        for way, side in (("From", "Source"), ("To", "Destination")):
            context = _encryption_context(body[f"{side}EncryptionContext"])
            yield Asked(f"kms:ReEncrypt{way}", _key_arn(body[f"{side}KeyId"]), context)
        return

    context = _encryption_context(body.get("EncryptionContext", {}))
    yield Asked(f"kms:{call.operation}", _key_arn(body["KeyId"]), context)


def _key_arn(key: str) -> str:
    """Return a key's ARN; the one alias that tests use stands for the installation's key."""
    key_id = OWN_KEY if "alias/" in key else key.rpartition("/")[2]
    return f"arn:aws:kms:{REGION}:{seed_aws.COOPER_ACCOUNT}:key/{key_id}"


def _encryption_context(entries: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"kms:EncryptionContext:{name}", value) for name, value in entries.items())


def _of_sts(call: Call) -> Iterator[Asked]:
    """Yield what a call to STS asks: tags and a source identity are actions of their own."""
    body = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    resource = body.get("RoleArn", "*")
    yield Asked(f"sts:{call.operation}", resource)
    if any(name.startswith("Tags.") for name in body):
        yield Asked("sts:TagSession", resource)
    if "SourceIdentity" in body:
        yield Asked("sts:SetSourceIdentity", resource)


def _of_events(call: Call) -> Iterator[Asked]:
    """Yield what a call to EventBridge asks: each entry names its bus."""
    body = call.document
    names = [entry["EventBusName"] for entry in body.get("Entries", [])] or [body["Name"]]
    for name in names:
        bus = f"arn:aws:events:{REGION}:{seed_aws.COOPER_ACCOUNT}:event-bus/{name}"
        yield Asked(f"events:{call.operation}", bus)


# -- what a policy says --
@dataclass(frozen=True)
class Permission:
    """One action on one resource that a statement is about."""

    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.sid}: {self.action} on {self.resource.rpartition(':')[2]}"


@dataclass(frozen=True)
class Policy:
    """A policy with everything filled in; each statement is about one action on one resource."""

    statements: tuple[dict[str, Any], ...] = field(hash=False)

    @classmethod
    def read(cls, file: Path, **places: str) -> "Policy":
        """Return a policy of docs/iam; `places` are filled in instead of the usual ones."""
        text = file.read_text()
        for name, value in (PLACES | places).items():
            text = text.replace(name, value)

        single: list[dict[str, Any]] = []
        for statement in json.loads(text)["Statement"]:
            for action in _listed(statement["Action"]):
                resources = _listed(statement["Resource"])
                single += [statement | {"Action": action, "Resource": one} for one in resources]
        return cls(tuple(single))

    def permissions(self, effect: str = "Allow") -> list[Permission]:
        """Return what it allows (or denies)."""
        return [
            Permission(statement["Sid"], statement["Action"], statement["Resource"])
            for statement in self.statements
            if statement["Effect"] == effect
        ]

    def denials(self) -> Iterator[tuple[Permission, Asked]]:
        """Yield each thing that it denies, with a question that this is about."""
        for statement in self.statements:
            if statement["Effect"] == "Deny":
                denial = Permission(statement["Sid"], statement["Action"], statement["Resource"])
                resource = denial.resource if denial.resource != "*" else _key_arn(OWN_KEY)
                for context in _contexts_of(statement):
                    yield denial, Asked(denial.action, resource, context)

    def without(self, permission: Permission) -> "Policy":
        """Return the policy with one permission (or denial) less."""
        kept = [
            statement
            for statement in self.statements
            if Permission(statement["Sid"], statement["Action"], statement["Resource"])
            != permission
        ]
        return replace(self, statements=tuple(kept))

    def allows(self, question: Asked) -> bool:
        """Return AWS's decision."""
        # what a condition asks about, and the call does not have, is known to be absent
        context: dict[str, list[str] | None] = dict.fromkeys(self._condition_keys())
        context |= {name.lower(): [value] for name, value in question.context}
        request = policies.AccessRequest(question.action, question.resource, context)
        document = {"Statement": list(self.statements)}
        return policies.evaluate([document], request) is policies.Decision.ALLOW

    def _condition_keys(self) -> set[str]:
        return {
            key.lower()
            for statement in self.statements
            for keys in statement.get("Condition", {}).values()
            for key in keys
        }

    def refused(self, questions: Iterable[Asked]) -> list[Asked]:
        """Return what it does not allow."""
        return sorted((each for each in questions if not self.allows(each)), key=str)

    def needs(self, permission: Permission, questions: Iterable[Asked]) -> bool:
        """Return whether something that is asked would be refused without the permission."""
        about = (each for each in questions if matches(permission.action, each.action))
        return bool(self.without(permission).refused(about))


def _contexts_of(statement: dict[str, Any]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield a context for each value of a statement's condition; an empty one if it has none."""
    if "Condition" not in statement:
        yield ()
    for keys in statement.get("Condition", {}).values():
        for key, values in keys.items():
            for value in _listed(values):
                yield ((key, value),)


def _listed(value: Any) -> list[str]:
    """Return what JSON policies write as one text or a list."""
    return [value] if isinstance(value, str) else list(value)
