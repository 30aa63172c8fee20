"""Which bucket and key a request is for, by its host or its path."""

import re
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError

VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9.-]+)\.localhost(?::[0-9]+)?", re.IGNORECASE)
"""A bucket's own host name on loopback."""

LONGEST_KEY = 1_024
"""Bytes."""

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET_NAME = re.compile(r"(?!xn--|sthree-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")


class Address(NamedTuple):
    """A bucket and, unless it is about the bucket itself, a key."""

    bucket: str
    key: str


def read_address(call: Call) -> Address:
    """Return what a request is for; raise AwsError for names that no bucket or key has."""
    path = unquote(call.raw_path).removeprefix("/")
    virtual_host = VIRTUAL_HOST.fullmatch(call.headers.get("host", ""))
    if virtual_host:
        address = Address(virtual_host["bucket"].lower(), path)
    else:
        bucket, _, key = path.partition("/")
        address = Address(bucket, key)

    if not _BUCKET_NAME.fullmatch(address.bucket) or _IP_ADDRESS.fullmatch(address.bucket):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")

    if len(address.key.encode()) > LONGEST_KEY:
        raise AwsError("KeyTooLongError", "Your key is too long", HTTPStatus.BAD_REQUEST)

    return address
