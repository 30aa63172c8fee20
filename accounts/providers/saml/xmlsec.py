"""xmlsec1, and the files that it wants."""

import atexit
import os
import shutil
import tempfile
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path

from saml2.sigver import CryptoBackendXmlSec1

from accounts.providers.saml import keys, message_guard
from accounts.providers.saml.constants import METADATA, qname
from accounts.providers.saml.safe_xml import Rejected
from core.errors import CooperError, Unavailable


def xmlsec1() -> str:
    """Return the path of xmlsec1, or "" when it is not installed."""
    return shutil.which("xmlsec1") or ""


def needed_xmlsec1() -> str:
    """Return the path of xmlsec1; raise Unavailable, saying what to install."""
    found = xmlsec1()
    if not found:
        message = (
            "Signing in this way needs xmlsec1, which is not installed here. Local accounts work. "
            "Whoever runs cooper installs it with: apt-get install xmlsec1"
        )
        raise Unavailable(message, "xmlsec1 is missing: apt-get install xmlsec1")
    return found


class Folder:
    """Our keys as the files that xmlsec1 wants: in memory where there is a file system for it, readable by us alone."""

    def __init__(self, stamp: int) -> None:
        """Write the keys as of a stamp; raise Unavailable when there are none."""
        self.stamp, found = stamp, keys.opened()
        if not found:
            raise Unavailable(
                "SAML is not set up here.", "no SAML key: manage.py cooper_saml keygen"
            )
        memory = "/dev/shm"  # noqa: S108 - a memory file system
        self.path = Path(
            tempfile.mkdtemp(prefix="cooper-", dir=memory if os.access(memory, os.W_OK) else None)
        )
        atexit.register(self.close)
        self.pairs = [self._pair(number, key) for number, key in enumerate(found)]

    def _pair(self, number: int, key: keys.Key) -> dict[str, str]:
        """Write one key and its certificate; return their paths."""
        places = {"key_file": self.path / f"{number}.key", "cert_file": self.path / f"{number}.pem"}
        for name, content in (("key_file", key.pem), ("cert_file", key.certificate.encode())):
            with os.fdopen(
                os.open(places[name], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(content)
        return {name: str(place) for name, place in places.items()}

    def close(self) -> None:
        """Take the files away."""
        shutil.rmtree(self.path, ignore_errors=True)
        atexit.unregister(self.close)


_folders: list[Folder] = []


def folder_for(stamp: int) -> Folder:
    """Return our keys as of a stamp."""
    if not _folders or _folders[0].stamp != stamp:
        _folders.insert(0, Folder(stamp))
        # the one before is in use by requests under way
        for old in _folders[2:]:
            old.close()
        del _folders[2:]
    return _folders[0]


def said_by(error: Exception) -> str:
    """Return what an exception of pysaml2 says, without the message that it carries."""
    first = error.args[0] if error.args else ""
    words = str(first.get("message", "")) if isinstance(first, dict) else str(first)
    return f"{type(error).__name__}: {words.split('<')[0][:200]}"


def pem(packed: str) -> str:
    """Return a certificate as PEM."""
    lines = "\n".join(packed[start : start + 64] for start in range(0, len(packed), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


@lru_cache(maxsize=2)
def _xmlsec(path: str) -> CryptoBackendXmlSec1:
    """Return pysaml2's way to call xmlsec1."""
    return CryptoBackendXmlSec1(path)


def signed_by(raw: bytes, certificate: str, name: str, identifier: str) -> bool:
    """Return whether the element with this id is signed by a certificate's key (a file); no other key is looked at."""
    try:
        holds = _xmlsec(needed_xmlsec1()).validate_signature(
            raw, certificate, "pem", name, identifier
        )
    except CooperError:
        raise
    except Exception:  # noqa: BLE001 - pysaml2 raises what it likes at strangers' messages; all mean no
        return False
    return bool(holds)


def verify_metadata(raw: bytes, root: ET.Element, certificate: str) -> None:
    """Raise Rejected unless metadata is signed as a whole by the certificate (PEM)."""
    signatures = list(root.iter(message_guard.SIGNATURE))
    if not signatures or signatures[0] not in list(root):
        raise Rejected("signatures", "there is no signature over the whole")
    reference = signatures[0].find(f"{qname('ds:SignedInfo')}/{qname('ds:Reference')}")
    if reference is None or not root.get("ID") or reference.get("URI") != f"#{root.get('ID')}":
        raise Rejected("signatures", "the signature covers something else")
    wrong = message_guard.RULES["algorithms"](root) or message_guard.RULES["ids"](root)
    if wrong:
        raise Rejected("algorithms", wrong)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        name = f"{METADATA}:{root.tag.rpartition('}')[2]}"
        if not signed_by(raw, file.name, name, root.get("ID", "")):
            raise Rejected("signature", "the signature does not hold")
