"""Verifies XML signatures by the program xmlsec1, through pysaml2."""

import errno
import shutil
import tempfile
import xml.etree.ElementTree as ET
from functools import lru_cache

from saml2.sigver import CryptoBackendXmlSec1

from accounts.providers.saml import message_guard
from accounts.providers.saml.constants import NS_MD, SIGNATURE, qname
from accounts.providers.saml.message_grammar import local_name
from accounts.providers.saml.safe_xml import Rejected
from core.errors import Unavailable

NO_ROOM_ERRORS = {errno.EDQUOT, errno.ENOENT, errno.ENOSPC, errno.EROFS}
"""Errors of a file system that takes no file; no message brings them about."""

NO_ROOM = (
    "cooper cannot verify sign-ins now: this server has no room for temporary files. Local "
    "accounts work. Whoever runs cooper makes room in /tmp, or names another folder in TMPDIR."
)


def find_xmlsec1() -> str:
    """Return the path of xmlsec1, or "" if it is not installed."""
    return shutil.which("xmlsec1") or ""


def require_xmlsec1() -> str:
    """Return the path of xmlsec1. Raise Unavailable, which says what to install."""
    path = find_xmlsec1()
    if not path:
        raise Unavailable(
            "Signing in this way needs xmlsec1, which is not installed here. Local accounts work. "
            "Whoever runs cooper installs it with: apt-get install xmlsec1",
            "xmlsec1 is missing: apt-get install xmlsec1",
        )
    return path


@lru_cache(maxsize=2)
def _backend(path: str) -> CryptoBackendXmlSec1:
    return CryptoBackendXmlSec1(path)


def is_signed_by(xml: bytes, certificate_file: str, element_type: str, element_id: str) -> bool:
    """Return whether the element with this ID is signed by this certificate's key.

    `element_type` is `namespace:local`, for xmlsec1's --id-attr. Keys in the message are ignored.
    Raise Unavailable where xmlsec1 cannot be given the message.
    """
    path = require_xmlsec1()
    try:
        is_valid = _backend(path).validate_signature(
            xml, certificate_file, "pem", element_type, element_id
        )
    except OSError as error:
        if error.errno in NO_ROOM_ERRORS:
            raise Unavailable(NO_ROOM, str(error)) from error
        return False
    except Exception:  # noqa: BLE001 - pysaml2 raises any class for a hostile message; all mean no
        return False
    return bool(is_valid)


def verify_metadata_signature(raw: bytes, root: ET.Element, certificate: str) -> None:
    """Raise Rejected unless metadata is signed as a whole by the certificate (PEM).

    SAML Metadata 3, with the signature profile of SAML Core 5.4 and the algorithms of messages.
    """
    signature = next(root.iter(SIGNATURE), None)
    if signature is None or signature not in list(root):
        raise Rejected("signatures", "there is no signature over the whole")

    root_id = root.get("ID", "")
    reference = signature.find(f"{qname('ds:SignedInfo')}/{qname('ds:Reference')}")
    if reference is None or not root_id or reference.get("URI") != f"#{root_id}":
        raise Rejected("signatures", "the signature covers something else")

    for rule in ("algorithms", "ids"):
        problem = message_guard.RULES[rule](root)
        if problem:
            raise Rejected("algorithms", problem)

    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        element_type = f"{NS_MD}:{local_name(root.tag)}"
        if not is_signed_by(raw, file.name, element_type, root_id):
            raise Rejected("signature", "the signature does not hold")


def to_pem(der_base64: str) -> str:
    """Return a certificate in PEM, for its DER in base64 (as metadata has it)."""
    starts = range(0, len(der_base64), 64)
    lines = "\n".join(der_base64[start : start + 64] for start in starts)
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def describe_error(error: Exception) -> str:
    """Return what an exception of pysaml2 says, without the message that it may quote."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        text = str(first.get("message", ""))
    else:
        text = str(first)
    return f"{type(error).__name__}: {text.split('<')[0][:200]}"
