"""pysaml2 and xmlsec1, set up once per process for each identity provider: asks, verifies, describes us.

Nothing here fetches anything, and pysaml2 knows of one identity provider at a time: the one that was asked. It reads
metadata that we write from what is stored, and our key from a private folder in memory.
"""

import copy
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import saml2
from djangosaml2.overrides import Saml2Client
from djangosaml2.utils import get_location
from saml2.config import SPConfig
from saml2.response import AuthnResponse
from saml2.saml import NameID
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from accounts.models import SamlIdp
from accounts.providers.saml import message_guard
from accounts.providers.saml.constants import ASSERTION, DSIG, METADATA, PROTOCOL
from accounts.providers.saml.safe_xml import Rejected
from accounts.providers.saml.validation import Assertion, ExpectedResponse, judged
from accounts.providers.saml.xmlsec import (
    Folder,
    folder_for,
    needed_xmlsec1,
    pem,
    said_by,
    signed_by,
)

SKEW = 60
ENGINES = 64
"""Engines that one process keeps."""


@dataclass(frozen=True)
class ServiceProvider:
    """Where cooper is, as identity providers know it: `https://cooper.example.com`."""

    origin: str

    @property
    def entity_id(self) -> str:
        """Return our entityID."""
        return f"{self.origin}/saml2/metadata/"

    @property
    def acs(self) -> str:
        """Return where assertions are sent to."""
        return f"{self.origin}/saml2/acs/"

    @property
    def slo(self) -> str:
        """Return where a sign-out comes back to."""
        return f"{self.origin}/saml2/ls/"


def idp_metadata(idp: SamlIdp) -> str:
    """Return metadata of our own making for a stored identity provider: what pysaml2 needs, and no more."""
    key = "<md:KeyDescriptor use='signing'><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"  # noqa: E501 - one template
    place = "<md:{} Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' Location={}/>"
    return (
        f"<md:EntityDescriptor xmlns:md='{METADATA}' xmlns:ds='{DSIG}' entityID={quoteattr(str(idp.entity_id))}>"
        f"<md:IDPSSODescriptor protocolSupportEnumeration='{PROTOCOL}'>"
        + "".join(key.format(escape(packed)) for packed in idp.certificates)
        + (place.format("SingleLogoutService", quoteattr(str(idp.slo))) if idp.slo else "")
        + place.format("SingleSignOnService", quoteattr(str(idp.sso)))
        + "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def sp_config(place: ServiceProvider, folder: Folder, idp: SamlIdp | None) -> SPConfig:
    """Return pysaml2's configuration of us, for one identity provider."""
    config = SPConfig()
    config.load(
        {
            "entityid": place.entity_id,
            "xmlsec_binary": needed_xmlsec1(),
            "allow_unknown_attributes": True,
            "accepted_time_diff": SKEW,
            "delete_tmpfiles": True,
            "debug": False,
            "only_use_keys_in_metadata": True,
            **folder.pairs[0],
            "encryption_keypairs": folder.pairs,
            "additional_cert_files": [each["cert_file"] for each in folder.pairs[1:]],
            "metadata": {"inline": [idp_metadata(idp)]} if idp is not None else {},
            "service": {"sp": _service(place, idp)},
        }
    )
    return config


def _service(place: ServiceProvider, idp: SamlIdp | None) -> dict[str, Any]:
    """Return the part of the configuration that says how we sign and what has to be signed."""
    return {
        "name": "cooper",
        "endpoints": {
            "assertion_consumer_service": [(place.acs, saml2.BINDING_HTTP_POST)],
            "single_logout_service": [(place.slo, saml2.BINDING_HTTP_REDIRECT)],
        },
        # within the service: at the top level they are ignored and SHA-1 is used
        "signing_algorithm": SIG_RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
        "authn_requests_signed": True,
        "logout_requests_signed": True,
        "want_assertions_signed": True,
        "want_response_signed": bool(idp is not None and idp.signs_response),
        "want_assertions_or_response_signed": False,
        "allow_unsolicited": False,
    }


class Certificates:
    """What pysaml2 asks of metadata when it verifies: the one identity provider's certificates, as files."""

    def __init__(self, entity_id: str, files: list[Path]) -> None:
        """Hold the certificates of an identity provider."""
        self.entity_id, self.files = entity_id, files

    def certs(self, entity_id: str, *wanted: str) -> list[tuple[str, SimpleNamespace]]:
        """Return named certificates; raise KeyError for anybody else."""
        if entity_id != self.entity_id:
            raise KeyError(entity_id)
        return [("", SimpleNamespace(name=str(file))) for file in self.files]


class Verified(AuthnResponse):  # type: ignore[misc]
    """pysaml2's response; what it decrypts passes the guard, and its signatures hold, before any of it is read."""

    def __init__(self, engine: "Engine", judge: Callable[[ET.Element], Assertion]) -> None:
        """Set out to read the answer to one request."""
        self.engine, self.judge, self.said = engine, judge, list[Assertion]()
        config = engine.config
        super().__init__(
            copy.copy(engine.client.sec),
            config.attribute_converters,
            config.entityid,
            return_addrs=[engine.place.acs],
            timeslack=SKEW,
            allow_unknown_attributes=True,
            want_assertions_signed=True,
            want_response_signed=engine.signs_response,
        )
        self.sec.metadata = Certificates(str(engine.idp.entity_id), engine.certificates)
        self.sec.decrypt_keys = self._decrypted

    def read(self, raw: bytes, request_id: str) -> None:
        """Let pysaml2 verify a message in its own way; raise Rejected when it says no."""
        self.outstanding_queries = {request_id: "/"}
        try:
            self.loads(raw, False, origxml=raw)
            self.verify()
        except Rejected:
            raise
        except (
            Exception
        ) as error:  # pysaml2 raises what it likes at strangers' messages; all mean no
            raise Rejected("pysaml2", said_by(error)) from error
        if self.assertion is None or len(self.assertions) != 1:
            raise Rejected("pysaml2", "it found no assertion that it takes")

    def _decrypted(self, text: str, keys: object = None) -> str:
        """Return the message decrypted; raise Rejected when what comes out does not pass."""
        opened: str = self.engine.client.sec.decrypt_keys(text)
        raw = opened.encode()
        root = message_guard.guarded(raw)
        if message_guard.is_encrypted(root):
            raise Rejected("encryption", "encrypted within encrypted")
        self.engine.hold(raw, root, decrypted=True)
        self.said.append(self.judge(root))
        return opened


class Engine:
    """pysaml2 for one identity provider."""

    def __init__(self, place: ServiceProvider, folder: Folder, idp: SamlIdp) -> None:
        """Load keys and metadata once: 45 ms a key that need not be spent at each request."""
        self.place, self.idp, self.folder = place, idp, folder
        self.signs_response = bool(idp.signs_response)
        self.config = sp_config(place, folder, idp)
        self.client = Saml2Client(self.config)
        self.certificates = [
            folder.path / f"{idp.name}-{number}.pem" for number, _ in enumerate(idp.certificates)
        ]
        for file, packed in zip(self.certificates, idp.certificates, strict=True):
            file.write_text(pem(packed))

    def ask(self, *, fresh: bool) -> tuple[str, str]:
        """Return the id of a new signed AuthnRequest, and the address that carries it."""
        more = {"force_authn": "true"} if fresh else {}
        request_id, info = self.client.prepare_for_authenticate(
            entityid=str(self.idp.entity_id),
            relay_state="",
            binding=saml2.BINDING_HTTP_REDIRECT,
            sign=True,
            sigalg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **more,
        )
        return str(request_id), str(get_location(info))

    def verified(
        self, raw: bytes, root: ET.Element, expected: ExpectedResponse, now: datetime
    ) -> Assertion:
        """Return what a message says: signed, decrypted where it was encrypted, and meant for us; raise Rejected.

        We judge before pysaml2 does, so that a message that is not meant for us costs no validation of its schema.
        """
        if self.signs_response and root.find(message_guard.SIGNATURE) is None:
            raise Rejected(
                "signatures", "the response is not signed, and this identity provider signs it"
            )
        self.hold(raw, root)
        reader = Verified(self, lambda found: judged(found, expected, now))
        if not message_guard.is_encrypted(root):
            reader.said.append(reader.judge(root))
        reader.read(raw, expected.request_id)
        if len(reader.said) != 1:
            raise Rejected("pysaml2", "nothing was decrypted")
        return reader.said[0]

    def hold(self, raw: bytes, root: ET.Element, *, decrypted: bool = False) -> None:
        """Raise Rejected unless every signature is the identity provider's; cheap, so it comes before the schema.

        Once decrypted, a response's own signature cannot hold any more; it did before.
        """
        parents = [message_guard.the_assertion(root)] + ([] if decrypted else [root])
        for parent in parents:
            if parent is not None and parent.find(message_guard.SIGNATURE) is not None:
                self._hold(raw, parent)

    def _hold(self, raw: bytes, parent: ET.Element) -> None:
        """Raise Rejected unless the signature in this element is by one of the identity provider's certificates."""
        name = (
            f"{PROTOCOL}:Response"
            if parent.tag == message_guard.RESPONSE
            else f"{ASSERTION}:Assertion"
        )
        if not any(
            signed_by(raw, str(file), name, parent.get("ID", "")) for file in self.certificates
        ):
            raise Rejected(
                "signature", f"the signature of the {name.rpartition(':')[2]} does not hold"
            )

    def sign_out(self, name_id: dict[str, str], session_index: str) -> str:
        """Return the address that carries a signed LogoutRequest, or "" when the IdP takes none."""
        if not self.idp.slo:
            return ""
        known = {
            "Format": "format",
            "NameQualifier": "name_qualifier",
            "SPNameQualifier": "sp_name_qualifier",
        }
        named = NameID(
            text=name_id.get("subject", ""),
            **{known[n]: v for n, v in name_id.items() if n in known},
        )
        _, request = self.client.create_logout_request(
            str(self.idp.slo),
            str(self.idp.entity_id),
            name_id=named,
            session_indexes=[session_index] if session_index else None,
            sign=False,
        )
        info = self.client.apply_binding(
            saml2.BINDING_HTTP_REDIRECT,
            str(request),
            str(self.idp.slo),
            sign=True,
            sigalg=SIG_RSA_SHA256,
        )
        return str(get_location(info))


_engines: dict[tuple[str, str], tuple[int, Engine]] = {}
_lock = threading.Lock()


def engine_for(place: ServiceProvider, idp: SamlIdp, stamp: int) -> Engine:
    """Return the engine for an identity provider, made once for each stamp; raise Unavailable."""
    with _lock:
        folder = folder_for(stamp)
        for old in [key for key, (made, _) in _engines.items() if made != stamp]:
            del _engines[old]
        key = (place.origin, str(idp.name))
        found = _engines.get(key)
        if found is None or found[0] != stamp:
            while len(_engines) >= ENGINES:
                _engines.pop(next(iter(_engines)))
            found = _engines[key] = (stamp, Engine(place, folder, idp))
        return found[1]
