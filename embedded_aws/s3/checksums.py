"""The checksums that come with an object; a wrong one is refused.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable
from http import HTTPStatus

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError


def _crc32(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big")


def _sha1(body: bytes) -> bytes:
    return hashlib.sha1(body, usedforsecurity=False).digest()


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).digest()


ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": _crc32,
    "sha1": _sha1,
    "sha256": _sha256,
}
"""CRC32C and CRC64NVME are not in Python's library: what comes with them is refused."""

HEADER = "x-amz-checksum-"


def checked_checksums(call: Call) -> dict[str, str]:
    """Return the checksums that came with a body, by algorithm; raise AwsError for a wrong one."""
    _check_md5(call)

    checksums = {}
    for header, stated in call.headers.items():
        name = header.removeprefix(HEADER)
        if name == header or name in {"mode", "type"}:
            continue
        if name not in ALGORITHMS:
            raise AwsError("NotImplemented", f"{header} is not known here.", 501)
        if _decoded(stated) != ALGORITHMS[name](call.body):
            raise AwsError(
                "BadDigest",
                f"The {name.upper()} you specified did not match the calculated checksum.",
            )
        checksums[name] = stated

    if call.headers.get("x-amz-sdk-checksum-algorithm") and not checksums:
        raise AwsError(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found.",
        )

    return checksums


def require_some(call: Call, checksums: dict[str, str]) -> None:
    """Raise AwsError for a version that is to be locked and came without a checksum."""
    if checksums or "content-md5" in call.headers:
        return

    raise AwsError(
        "InvalidRequest",
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with "
        "Object Lock parameters",
    )


def etag_of(body: bytes) -> str:
    """Return the ETag of an object that was put in one piece."""
    return f'"{_md5(body).hex()}"'


def _check_md5(call: Call) -> None:
    stated = call.headers.get("content-md5")
    if stated is None:
        return

    if len(_decoded(stated)) != hashlib.md5(usedforsecurity=False).digest_size:
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.")

    if _decoded(stated) != _md5(call.body):
        raise AwsError(
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
            HTTPStatus.BAD_REQUEST,
        )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
