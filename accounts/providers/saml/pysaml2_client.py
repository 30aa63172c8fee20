"""pysaml2 and xmlsec1 for one identity provider: signs our requests, verifies its responses.

Nothing here fetches anything. pysaml2 knows of one identity provider at a time: the one that was
asked. It reads metadata that we write from what is stored (`service_provider.build_idp_metadata`).
"""

import copy
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import saml2
from djangosaml2.overrides import Saml2Client
from djangosaml2.utils import get_location
from saml2.response import AuthnResponse
from saml2.saml import NameID
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from accounts.models import SamlIdp
from accounts.providers.saml.constants import NS_SAML, NS_SAMLP, RESPONSE, SIGNATURE, qname
from accounts.providers.saml.message_grammar import local_name
from accounts.providers.saml.message_guard import find_assertion, is_encrypted, parse_response
from accounts.providers.saml.safe_xml import Rejected
from accounts.providers.saml.service_provider import (
    KeyFiles,
    ServiceProvider,
    build_sp_config,
    key_files_for,
)
from accounts.providers.saml.validation import (
    CLOCK_SKEW,
    Assertion,
    ExpectedResponse,
    validate,
)
from accounts.providers.saml.xmlsec import describe_error, is_signed_by, to_pem

CLIENTS_LIMIT = 64
"""Clients that one process keeps."""

_NAME_ID_ARGUMENTS = {
    "Format": "format",
    "NameQualifier": "name_qualifier",
    "SPNameQualifier": "sp_name_qualifier",
}
"""A NameID's attributes as pysaml2 calls them."""


class SamlClient:
    """pysaml2 for one identity provider, with its certificates as files."""

    def __init__(self, sp: ServiceProvider, key_files: KeyFiles, idp: SamlIdp) -> None:
        """Load keys and metadata: 45 ms a key, so a client is kept (`client_for`)."""
        self.sp = sp
        self.idp = idp
        self.key_files = key_files
        self.signs_response = bool(idp.signs_response)
        self.config = build_sp_config(sp, key_files, idp)
        self.pysaml2 = Saml2Client(self.config)

        self.certificate_files: list[Path] = []
        for number, certificate in enumerate(idp.certificates):
            file = key_files.folder / f"{idp.name}-{number}.pem"
            file.write_text(to_pem(certificate))
            self.certificate_files.append(file)

    # -- requests --

    def create_authn_request(self, *, force_authn: bool) -> tuple[str, str]:
        """Return the ID of a new signed AuthnRequest, and the URL that carries it."""
        options = {}
        if force_authn:
            options = {"force_authn": "true"}
        request_id, http_info = self.pysaml2.prepare_for_authenticate(
            entityid=str(self.idp.entity_id),
            relay_state="",
            binding=saml2.BINDING_HTTP_REDIRECT,
            sign=True,
            sigalg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **options,
        )
        return str(request_id), str(get_location(http_info))

    def create_logout_url(self, subject: str, name_id: dict[str, str], session_index: str) -> str:
        """Return the URL that carries a signed LogoutRequest (SAML Profiles 4.4).

        Return "" if the identity provider has no single logout.
        """
        if not self.idp.slo:
            return ""

        name_id_arguments = {}
        for attribute, argument in _NAME_ID_ARGUMENTS.items():
            if attribute in name_id:
                name_id_arguments[argument] = name_id[attribute]

        destination = str(self.idp.slo)
        # the HTTP-Redirect binding signs the query, not the XML (SAML Bindings 3.4.4.1)
        _, logout_request = self.pysaml2.create_logout_request(
            destination,
            str(self.idp.entity_id),
            name_id=NameID(text=subject, **name_id_arguments),
            session_indexes=[session_index] if session_index else None,
            sign=False,
        )
        http_info = self.pysaml2.apply_binding(
            saml2.BINDING_HTTP_REDIRECT,
            str(logout_request),
            destination,
            sign=True,
            sigalg=SIG_RSA_SHA256,
        )
        return str(get_location(http_info))

    # -- responses --

    def verify_response(
        self, xml: bytes, response: ET.Element, expected: ExpectedResponse, now: datetime
    ) -> Assertion:
        """Return the assertion of a response that passed `parse_response`. Raise Rejected.

        Signatures come first, then decryption and our own validation, then pysaml2's. Ours comes
        before pysaml2 validates the schema, so a message that is not for us costs little.
        """
        if self.signs_response and response.find(SIGNATURE) is None:
            raise Rejected(
                "signatures", "the response is not signed, and this identity provider signs it"
            )
        self.verify_signatures(xml, response)

        pysaml2_response = _GuardedResponse(self, lambda root: validate(root, expected, now))
        if not is_encrypted(response):
            pysaml2_response.validate_assertion(response)
        pysaml2_response.verify_with_pysaml2(xml, response, expected.request_id)

        # an encrypted one was validated while pysaml2 decrypted it; more than once would mean that
        # pysaml2 reads another one than we did
        if len(pysaml2_response.validated) != 1:
            raise Rejected("pysaml2", "nothing was decrypted")
        return pysaml2_response.validated[0]

    def verify_signatures(self, xml: bytes, response: ET.Element) -> None:
        """Raise Rejected unless every signature is the identity provider's (SAML Core 5)."""
        self._verify_assertion_signature(xml, response)
        if response.find(SIGNATURE) is not None:
            self._verify_signature(xml, response)

    def verify_decrypted_signatures(self, xml: bytes, response: ET.Element) -> None:
        """Raise Rejected unless the decrypted assertion's signature is the identity provider's.

        A response's own signature covers the encrypted text (SAML Core 6.2). It was verified
        before, and cannot be valid any more.
        """
        self._verify_assertion_signature(xml, response)

    def _verify_assertion_signature(self, xml: bytes, response: ET.Element) -> None:
        assertion = find_assertion(response)
        if assertion is not None and assertion.find(SIGNATURE) is not None:
            self._verify_signature(xml, assertion)

    def _verify_signature(self, xml: bytes, signed: ET.Element) -> None:
        """Raise Rejected unless one of the identity provider's certificates signed the element."""
        element_type = f"{NS_SAML}:Assertion"
        if signed.tag == RESPONSE:
            element_type = f"{NS_SAMLP}:Response"

        # several while the identity provider rolls its keys over
        for file in self.certificate_files:
            if is_signed_by(xml, str(file), element_type, signed.get("ID", "")):
                return
        raise Rejected("signature", f"the signature of the {local_name(signed.tag)} does not hold")


class _GuardedResponse(AuthnResponse):  # type: ignore[misc]
    """pysaml2's response, which takes nothing decrypted for granted.

    What pysaml2 decrypts passes the guard, has its signature verified and is validated before
    pysaml2 reads any of it.

    pysaml2 reads messages without their attributes, whose values it converts and writes out anew:
    it refuses honest ones over that, such as an empty value of a declared type. cooper reads the
    attributes itself (`validation`). Signatures are verified over the message as it came.
    """

    def __init__(self, client: SamlClient, validator: Callable[[ET.Element], Assertion]) -> None:
        self.client = client
        self.validator = validator
        self.validated: list[Assertion] = []
        self.signed_xml = b""
        super().__init__(
            copy.copy(client.pysaml2.sec),
            client.config.attribute_converters,
            client.config.entityid,
            return_addrs=[client.sp.acs],
            timeslack=int(CLOCK_SKEW.total_seconds()),
            allow_unknown_attributes=True,
            want_assertions_signed=True,
            want_response_signed=client.signs_response,
        )
        # of a copy: the client's own is shared by all requests
        self.sec.metadata = _IdpCertificates(str(client.idp.entity_id), client.certificate_files)
        self.sec.decrypt_keys = self._decrypt
        self.sec.verify_signature = self._verify_signature

    def validate_assertion(self, response: ET.Element) -> None:
        self.validated.append(self.validator(response))

    def verify_with_pysaml2(self, xml: bytes, response: ET.Element, request_id: str) -> None:
        """Let pysaml2 verify the message in its own way. Raise Rejected if it says no."""
        self.outstanding_queries = {request_id: "/"}
        self.signed_xml = xml
        readable = _without_attributes(response)
        try:
            self.loads(readable, False, origxml=readable)
            self.verify()
        except Rejected:
            raise
        except Exception as error:  # pysaml2 raises any class for a hostile message; all mean no
            raise Rejected("pysaml2", describe_error(error)) from error

        if self.assertion is None or len(self.assertions) != 1:
            raise Rejected("pysaml2", "no assertion that it accepts")

    def _decrypt(self, text: str, keys: object = None) -> str:
        """Return the message decrypted. pysaml2 calls this where it would decrypt by itself."""
        decrypted: str = self.client.pysaml2.sec.decrypt_keys(text)

        xml = decrypted.encode()
        response = parse_response(xml)
        if is_encrypted(response):
            raise Rejected("encryption", "encrypted within encrypted")
        self.client.verify_decrypted_signatures(xml, response)
        self.validate_assertion(response)

        self.signed_xml = xml
        return _without_attributes(response)

    def _verify_signature(self, text: object, *arguments: object, **options: object) -> bool:
        """Verify over the message as it came, where pysaml2 would take the text that it read."""
        return bool(
            self.client.pysaml2.sec.verify_signature(self.signed_xml, *arguments, **options)
        )


def _without_attributes(response: ET.Element) -> str:
    """Return the XML of a response without the attribute statement of its assertion."""
    readable = copy.deepcopy(response)
    assertion = find_assertion(readable)
    if assertion is not None:
        for statement in assertion.findall(qname("saml:AttributeStatement")):
            assertion.remove(statement)
    return ET.tostring(readable, encoding="unicode")


class _IdpCertificates:
    """Stands for metadata when pysaml2 verifies signatures: one identity provider's certificates.

    pysaml2's own MetadataStore would write them to new temporary files for each message.
    """

    def __init__(self, entity_id: str, files: list[Path]) -> None:
        self.entity_id = entity_id
        self.files = files

    def certs(self, entity_id: str, *options: str) -> list[tuple[str, SimpleNamespace]]:
        """Return (name, file) pairs, as pysaml2's MetadataStore does. Raise KeyError."""
        if entity_id != self.entity_id:
            raise KeyError(entity_id)
        return [("", SimpleNamespace(name=str(file))) for file in self.files]


# (stamp, client) by our origin and the provider's id
_clients: dict[tuple[str, str], tuple[int, SamlClient]] = {}
_lock = threading.Lock()


def client_for(sp: ServiceProvider, idp: SamlIdp, stamp: int) -> SamlClient:
    """Return the client for an identity provider, made once for each stamp. Raise Unavailable."""
    key = (sp.origin, str(idp.name))
    with _lock:
        key_files = key_files_for(stamp)
        outdated = [other for other, (client_stamp, _) in _clients.items() if client_stamp != stamp]
        for other in outdated:
            del _clients[other]

        if key not in _clients:
            while len(_clients) >= CLIENTS_LIMIT:
                oldest = next(iter(_clients))
                del _clients[oldest]
            _clients[key] = (stamp, SamlClient(sp, key_files, idp))
        return _clients[key][1]
