"""Judges calls by an IAM policy of docs/iam, as far as those go: allow, deny, conditions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from core.dynamo import documents
from embedded_aws import seed_aws
from tests.support.faults import Call

PLACES = {
    "REGION": "us-east-1",
    "COOPER_ROLE": seed_aws.COOPER_ROLE,
    "ACCOUNT": seed_aws.COOPER_ACCOUNT,
    "KEY_ID": seed_aws.KMS_KEY,
}
"""What is filled in, as docs/operate.md does."""

IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""IAM's actions of the parts of TransactWriteItems (DynamoDB guide, transaction-apis-iam)."""

FREE = {"sts:GetCallerIdentity"}
"""What AWS allows everybody."""


@dataclass(frozen=True)
class Asked:
    """What IAM has to decide: an action on a resource, with the call's condition keys."""

    action: str
    resource: str = ""
    context: dict[str, str] = field(default_factory=dict, hash=False)


def asked(calls: list[Call]) -> set[Asked]:
    """Return what the calls ask of IAM, each once (sign-in is none of IAM's)."""
    readers = {"dynamodb": _of_dynamodb, "kms": _of_kms, "sts": _of_sts}
    found = {
        each for call in calls if call.service in readers for each in readers[call.service](call)
    }
    return {each for each in found if each.action not in FREE}


def _of_dynamodb(call: Call) -> Iterator[Asked]:
    """Yield the parts of a transaction, or the call itself."""
    body = json.loads(call.body)
    if call.operation == "TransactWriteItems":
        for part in body["TransactItems"]:
            for name, inner in part.items():
                yield _on_table(IN_TRANSACTION[name], inner)
    elif call.operation in ("BatchGetItem", "BatchWriteItem"):
        for table in body["RequestItems"]:
            yield _on_table(call.operation, {"TableName": table})
    else:
        yield _on_table(call.operation, body)


def _on_table(operation: str, body: dict[str, Any]) -> Asked:
    """Return what one operation asks."""
    name = body.get("TableName") or body["ResourceArn"].rpartition("/")[2]
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    resource = f"arn:aws:dynamodb:us-east-1:{seed_aws.COOPER_ACCOUNT}:table/{name}{index}"
    model = next(each for each in documents() if each.Meta.table_name == name)
    key = (body.get("Key") or body.get("Item") or {}).get(model.key_names()[0])
    context = {"dynamodb:LeadingKeys": next(iter(key.values()))} if key else {}
    return Asked(f"dynamodb:{operation}", resource, context)


def _of_kms(call: Call) -> Iterator[Asked]:
    """Yield what a call to KMS asks; an alias stands for its key."""
    body = json.loads(call.body)
    key = f"arn:aws:kms:us-east-1:{seed_aws.COOPER_ACCOUNT}:key/{seed_aws.KMS_KEY}"
    context = {
        f"kms:EncryptionContext:{name}": value
        for name, value in body.get("EncryptionContext", {}).items()
    }
    yield Asked(f"kms:{call.operation}", key, context)


def _of_sts(call: Call) -> Iterator[Asked]:
    """Yield what a call to STS asks: tags and a source identity are actions of their own."""
    body = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    resource = body.get("RoleArn", "*")
    yield Asked(f"sts:{call.operation}", resource)
    if any(name.startswith("Tags.") for name in body):
        yield Asked("sts:TagSession", resource)
    if "SourceIdentity" in body:
        yield Asked("sts:SetSourceIdentity", resource)


def statements(file: Path) -> list[dict[str, Any]]:
    """Return a policy's statements with everything filled in."""
    text = file.read_text()
    for name, value in PLACES.items():
        text = text.replace(name, value)
    return list(json.loads(text)["Statement"])


def refused(file: Path, calls: list[Call]) -> list[Asked]:
    """Return what the policy does not allow of what the calls ask."""
    return sorted((each for each in asked(calls) if not allows(statements(file), each)), key=str)


def allows(policy: list[dict[str, Any]], wanted: Asked) -> bool:
    """Return IAM's decision: something allows it, and nothing denies it."""
    effects = {each["Effect"] for each in policy if _meets(each, wanted)}
    return effects == {"Allow"}


def _meets(statement: dict[str, Any], wanted: Asked) -> bool:
    """Return whether a statement is about this."""
    return (
        any(fnmatchcase(wanted.action, each) for each in _listed(statement["Action"]))
        and any(fnmatchcase(wanted.resource, each) for each in _listed(statement["Resource"]))
        and all(
            _holds(operator, keys, wanted)
            for operator, keys in statement.get("Condition", {}).items()
        )
    )


def _holds(operator: str, keys: dict[str, Any], wanted: Asked) -> bool:
    """Return whether a condition holds; one key has one value in all our calls."""
    assert operator in ("StringEquals", "ForAnyValue:StringEquals", "ForAllValues:StringEquals"), (
        operator
    )
    absent = operator.startswith("ForAllValues")
    return all(
        wanted.context[key] in _listed(values) if key in wanted.context else absent
        for key, values in keys.items()
    )


def _listed(value: Any) -> list[str]:
    """Return what JSON policies write as one text or a list."""
    return [value] if isinstance(value, str) else list(value)
