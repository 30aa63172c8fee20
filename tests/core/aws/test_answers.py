"""Whatever answers in AWS's place: what cannot be read is one error, which quotes nothing."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from brokers.federation_keys import decrypt_keys
from brokers.models import AwsAccount, Target
from brokers.sts import assume_role, federation_token
from core import aws, kms
from core.errors import CooperError, Unavailable
from tests.support import faults
from tests.support.faults import Fault

SECRETS = re.compile(r'(?:SecretAccessKey>|SessionToken>|Plaintext": ?")([^<"]+)')
CONTEXT = {"cooper:purpose": "test"}
HTML = b"<!DOCTYPE html><html><body><h1>Sign in to this network</h1></body></html>"
NOT_AN_ANSWER = (b"", b"null", b"[]", b"1", b'"text"', b"{", b"<", b"\xff\xfe", b"[" * 50_000, HTML)
VALUES = ("", "x", "\ufffd", "-1", "2026-02-30T00:00:00Z")


def assume() -> Any:
    target = Target.find("dev-read")
    return assume_role.assume(
        {
            "RoleArn": target.role_arn,
            "RoleSessionName": "somebody",
            "DurationSeconds": 900,
            "ExternalId": AwsAccount.find(target.aws_account).external_id,
        }
    )


def federate() -> Any:
    target = Target.find("dev-uploads")
    arguments = {"Name": "somebody", "DurationSeconds": 900, "Policy": target.session_policy}
    return federation_token.federate(decrypt_keys(target), "aws", arguments)


def encrypt() -> Any:
    return kms.encrypt(b"secret", settings.COOPER_KMS_KEY, CONTEXT)


def decrypt() -> Any:
    return kms.decrypt(kms.encrypt(b"secret", settings.COOPER_KMS_KEY, CONTEXT), CONTEXT)


CALLS: dict[str, tuple[str, Callable[[], Any]]] = {
    "AssumeRole": ("sts", assume),
    "GetFederationToken": ("sts", federate),
    "GetCallerIdentity": ("sts", lambda: aws.caller_identity().partition),
    "Encrypt": ("kms", encrypt),
    "Decrypt": ("kms", decrypt),
    "DescribeKey": ("kms", lambda: kms.usable_key_arn(settings.COOPER_KMS_KEY)),
}


def changed_json(document: Any) -> Iterator[Any]:
    """Yield the document without each of its parts, and with other values for each."""
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        others = {key: other for key, other in document.items() if key != name}
        yield others
        for other_value in (*VALUES, None, 1, 1e300, [], {}):
            yield others | {name: other_value}
        for inner in changed_json(value):
            yield others | {name: inner}


def changed_xml(text: str) -> Iterator[str]:
    """Yield the document without each of its elements, and with other texts for each."""
    for element in re.finditer(r"<(\w+)[^>]*>([^<]*)</\1>", text):
        yield text[: element.start()] + text[element.end() :]
        for value in VALUES:
            yield text[: element.start(2)] + value + text[element.end(2) :]
    for name in ("Credentials", "AssumedRoleUser", "FederatedUser", "ResponseMetadata"):
        yield re.sub(rf"<{name}>.*</{name}>", "", text, flags=re.DOTALL)


def changed(body: bytes) -> list[bytes]:
    """Return answers that somebody could get in place of this one."""
    if body.startswith(b"<"):
        others = [text.encode() for text in changed_xml(body.decode())]
    else:
        others = [json.dumps(document).encode() for document in changed_json(json.loads(body))]
    return [*NOT_AN_ANSWER, *others]


def refusal_of(ask: Callable[[], Any]) -> str:
    """Return the detail of the error for an answer, "" where it can be read."""
    try:
        ask()
    except CooperError as error:
        return error.detail
    return ""


@pytest.mark.parametrize("operation", CALLS)
def test_it_takes_no_answer_for_another_and_quotes_none(store, operation):
    service, ask = CALLS[operation]
    bodies: list[bytes] = []
    keep = Fault(
        service, operation, mode="changed", change=lambda body: bodies.append(body) or body
    )
    with faults.on(keep):
        ask()

    secrets = SECRETS.findall(bodies[0].decode())
    for body in changed(bodies[0]):
        fault = Fault(service, operation, mode="changed", change=lambda _, body=body: body)
        with faults.on(fault):
            refusal = refusal_of(ask)
        assert not [secret for secret in secrets if secret in refusal]


def test_it_shows_no_secret_of_an_answer():
    answer = aws.Answer({"Credentials": {"SecretAccessKey": "hidden"}}, "AWS STS")
    assert "hidden" not in repr(answer)
    with pytest.raises(Unavailable) as unreadable:
        answer.text("Credentials", "SecretAccessKey", "more")
    assert "hidden" not in unreadable.value.detail
