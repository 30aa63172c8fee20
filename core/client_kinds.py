"""What kind of program asks, by its user agent (RFC 9110, 10.1.5). Pure; nothing is decided by it.

A user agent is a stranger's text: of it, the name of a kind from the list here is kept, and a
version in digits and points, nothing else.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class ClientKind(StrEnum):
    """Kinds of programs, as events say them."""

    AWS_CLI = "AWS CLI"
    BOTO3 = "boto3"
    GO = "AWS SDK for Go"
    JAVASCRIPT = "AWS SDK for JavaScript"
    OTHER_SDK = "another AWS SDK"
    TERRAFORM = "Terraform"
    API = "API"
    OTHER = "another program"


KINDS: Mapping[str, ClientKind] = {
    # in this order: most of them name the SDK below, too
    "terraform": ClientKind.TERRAFORM,
    "aws-cli": ClientKind.AWS_CLI,
    "boto3": ClientKind.BOTO3,
    "botocore": ClientKind.BOTO3,
    "aws-sdk-go-v2": ClientKind.GO,
    "aws-sdk-go": ClientKind.GO,
    "aws-sdk-js": ClientKind.JAVASCRIPT,
}
"""By the name of a product, in small letters."""

LONGEST = 1_024
"""Characters of a user agent that are looked at."""

PRODUCT = re.compile(
    r"([A-Za-z0-9-]{1,32})/(\d{1,5}(?:\.\d{1,5}){0,3})(?:[-+][\w.+-]{1,32})?", re.ASCII
)
"""A product and its version; what follows the numbers of a version is left out."""

OTHER_SDK = re.compile(r"aws-sdk-[a-z0-9-]+", re.ASCII)


class ClientProgram(NamedTuple):
    """A kind of program, and its version, "" where it says none."""

    kind: ClientKind
    version: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """Return what events say of it."""
        if not self.version:
            return {"client_kind": str(self.kind)}
        return {"client_kind": str(self.kind), "client_version": self.version}


def client_in(user_agent: str) -> ClientProgram:
    """Return the program that a user agent names."""
    versions: dict[str, str] = {}
    for word in user_agent[:LONGEST].split(" "):
        product = PRODUCT.fullmatch(word)
        if product:
            versions.setdefault(product[1].lower(), product[2])

    for name, kind in KINDS.items():
        if name in versions:
            return ClientProgram(kind, versions[name])
    if any(OTHER_SDK.fullmatch(name) for name in versions):
        return ClientProgram(ClientKind.OTHER_SDK)
    return ClientProgram(ClientKind.OTHER)
