"""An identity provider for tests: builds any message, honest or not; xmlsec1 signs and encrypts."""

import atexit
import base64
import shutil
import subprocess
import tempfile
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

SP = "https://cooper.example.com"
ACS = f"{SP}/saml2/acs/"
AUDIENCE = f"{SP}/saml2/metadata/"

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
OURS = ""
"""The file of cooper's certificate; tests put it here, and "OURS" as `encrypts` means it."""

FOLDER = Path(tempfile.mkdtemp(prefix="cooper-kit-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def at(**shift: float) -> str:
    """Return the time that far from now, as SAML writes it."""
    instant = datetime.now(UTC) + timedelta(**shift)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, as PEM files."""

    key: str
    certificate: str
    certificate_base64: str
    """DER, as metadata and KeyInfo have it."""


def key_pair(name: str, days: int = 3650, *, curve: bool = False, bits: int = 2048) -> KeyPair:
    """Return the key pair of this name, made once; its certificate expires in so many days."""
    return _create_key_pair(name, days, curve, bits)


@lru_cache(maxsize=64)
def _create_key_pair(name: str, days: int, curve: bool, bits: int) -> KeyPair:
    key: Any
    if curve:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, bits)

    x509_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509_name)
        .issuer_name(x509_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )

    key_file = FOLDER / f"{name}-{days}-{curve}.key"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate_file = FOLDER / f"{name}-{days}-{curve}.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    der = certificate.public_bytes(serialization.Encoding.DER)
    return KeyPair(str(key_file), str(certificate_file), base64.b64encode(der).decode())


def xmlsec1(command: str, *arguments: str, document: str) -> str:
    """Run xmlsec1 on a document and return its output, without the XML declaration."""
    ids = ("--id-attr:ID", f"{SAML}:Assertion", "--id-attr:ID", f"{SAMLP}:Response")
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(document)
        file.flush()
        process = subprocess.run(
            ["xmlsec1", command, *ids, *arguments, file.name],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    assert process.returncode == 0, process.stderr

    output = process.stdout.removeprefix('<?xml version="1.0"?>\n')
    return output.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n')


def xml_attributes(**values: str | None) -> str:
    """Write those that have a value."""
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)


@dataclass(frozen=True)
class Attribute:
    """An attribute of an assertion; `raw` values are put in as they are."""

    name: str
    values: tuple[str, ...] = ()
    raw: str = ""
    format: str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

    def __str__(self) -> str:
        values = "".join(
            f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in self.values
        )
        name_format = xml_attributes(NameFormat=self.format or None)
        return (
            f"<saml:Attribute Name={quoteattr(self.name)}{name_format}>"
            f"{values}{self.raw}</saml:Attribute>"
        )


@dataclass(frozen=True)
class Idp:
    """An identity provider, and what its next message says; `but` changes that."""

    name: str = "okta"
    entity_id: str = "https://idp.example.com/okta"
    signer: str = "okta"
    request: str = ""
    response_id: str = "_r1"
    assertion_id: str = "_a1"
    issuer: str | None = None
    response_issuer: str | None = None
    destination: str | None = ACS
    recipient: str | None = ACS
    audiences: tuple[tuple[str, ...], ...] = ((AUDIENCE,),)
    answered: str | None = None
    confirmed: str | None = None
    issued: str = ""
    assertion_issued: str = ""
    not_before: str | None = ""
    until: str | None = ""
    confirmed_until: str | None = ""
    authenticated: str = ""
    session_until: str | None = None
    subject: str | None = "alice@example.com"
    subject_format: str | None = EMAIL
    method: str = BEARER
    status: str = SUCCESS
    version: str = "2.0"
    assertion_version: str = "2.0"
    attributes: tuple[Attribute, ...] = (Attribute("groups", ("developers",)),)
    extra: dict[str, str] = field(default_factory=dict)
    signs: tuple[str, ...] = ("assertion",)
    signature_algorithm: str = f"{MORE}rsa-sha256"
    digest: str = f"{XENC}sha256"
    canonical: str = EXC
    transforms: tuple[str, ...] = (ENVELOPED, EXC)
    key_info: str = ""
    curve: bool = False
    encrypts: str = ""
    cipher: str = "aes256-cbc"
    key_transport: str = "rsa-oaep-mgf1p"
    prolog: str = ""

    def with_changes(self, **changes: Any) -> "Idp":
        return replace(self, **changes)

    def extra_at(self, place: str) -> str:
        """Return what a test puts at a place."""
        return self.extra.get(place, "")

    # -- the parts of a message, not signed yet --

    def signature(self, element_id: str) -> str:
        """Return the template of a signature over an element; xmlsec1 fills it in."""
        transforms = "".join(
            f'<ds:Transform Algorithm="{algorithm}"/>' for algorithm in self.transforms
        )
        return (
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{self.canonical}"/>'
            f'<ds:SignatureMethod Algorithm="{self.signature_algorithm}"/>'
            f'<ds:Reference URI="#{element_id}"><ds:Transforms>{transforms}</ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{self.digest}"/><ds:DigestValue/></ds:Reference>'
            f"{self.extra_at('signed-info')}</ds:SignedInfo><ds:SignatureValue/>"
            f"{self.key_info}{self.extra_at('signature')}</ds:Signature>"
        )

    def assertion(self) -> str:
        """Return the assertion, with the template of its signature."""
        issuer = self.entity_id if self.issuer is None else self.issuer
        signature = self.signature(self.assertion_id) if "assertion" in self.signs else ""
        attributes = xml_attributes(
            ID=self.assertion_id,
            Version=self.assertion_version,
            IssueInstant=self.assertion_issued or self.issued or at(),
        )
        return (
            f'<saml:Assertion xmlns:saml="{SAML}"{attributes}'
            f"{self.extra_at('assertion-attributes')}>"
            f"<saml:Issuer>{issuer}</saml:Issuer>{signature}{self.extra_at('before-subject')}"
            f"{self._subject()}{self._conditions()}{self._statement()}{self._attributes()}"
            f"{self.extra_at('in-assertion')}</saml:Assertion>"
        )

    def _subject(self) -> str:
        name_id = ""
        if self.subject is not None:
            name_format = xml_attributes(Format=self.subject_format or None)
            name_id = f"<saml:NameID{name_format}>{self.subject}</saml:NameID>"

        confirmed = self.request if self.confirmed is None else self.confirmed
        confirmed_until = at(minutes=5) if self.confirmed_until == "" else self.confirmed_until
        data = xml_attributes(
            InResponseTo=confirmed or None,
            Recipient=self.recipient,
            NotOnOrAfter=confirmed_until,
        )
        return (
            f"<saml:Subject>{name_id}{self.extra_at('in-subject')}"
            f'<saml:SubjectConfirmation Method="{self.method}">'
            f"<saml:SubjectConfirmationData{data}{self.extra_at('confirmation-attributes')}/>"
            f"</saml:SubjectConfirmation>{self.extra_at('after-confirmation')}</saml:Subject>"
        )

    def _conditions(self) -> str:
        if "conditions" in self.extra:
            return self.extra["conditions"]

        validity = xml_attributes(
            NotBefore=at(minutes=-1) if self.not_before == "" else self.not_before,
            NotOnOrAfter=at(minutes=5) if self.until == "" else self.until,
        )
        restrictions = ""
        for audiences in self.audiences:
            elements = "".join(f"<saml:Audience>{name}</saml:Audience>" for name in audiences)
            restrictions += f"<saml:AudienceRestriction>{elements}</saml:AudienceRestriction>"
        return (
            f"<saml:Conditions{validity}>{restrictions}"
            f"{self.extra_at('in-conditions')}</saml:Conditions>"
        )

    def _statement(self) -> str:
        if "statement" in self.extra:
            return self.extra["statement"]

        attributes = xml_attributes(
            AuthnInstant=self.authenticated or at(),
            SessionIndex="_s1",
            SessionNotOnOrAfter=self.session_until,
        )
        return (
            f"<saml:AuthnStatement{attributes}><saml:AuthnContext>"
            f"<saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef>"
            "</saml:AuthnContext></saml:AuthnStatement>"
        )

    def _attributes(self) -> str:
        if not self.attributes:
            return ""
        elements = "".join(str(attribute) for attribute in self.attributes)
        return f"<saml:AttributeStatement>{elements}</saml:AttributeStatement>"

    def response(self, assertion: str | None = None) -> str:
        """Return the response around the assertion, with the template of its signature."""
        if assertion is None:
            assertion = self.assertion()
        issuer_name = self.entity_id if self.response_issuer is None else self.response_issuer
        issuer = f"<saml:Issuer>{issuer_name}</saml:Issuer>" if issuer_name else ""
        signature = self.signature(self.response_id) if "response" in self.signs else ""
        answered = self.request if self.answered is None else self.answered
        attributes = xml_attributes(
            ID=self.response_id,
            Version=self.version,
            IssueInstant=self.issued or at(),
            Destination=self.destination,
            InResponseTo=answered or None,
        )
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{attributes}'
            f"{self.extra_at('response-attributes')}>"
            f"{issuer}{signature}{self.extra_at('before-status')}"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/>'
            f"{self.extra_at('in-status')}</samlp:Status>"
            f"{self.extra_at('before-assertion')}{assertion}"
            f"{self.extra_at('after-assertion')}</samlp:Response>"
        )

    # -- signing and encrypting --

    def sign(self, document: str, element_id: str) -> str:
        """Return the document with the signature over one element filled in."""
        keys = key_pair(self.signer, curve=self.curve)
        return xmlsec1(
            "--sign",
            "--privkey-pem",
            f"{keys.key},{keys.certificate}",
            "--node-xpath",
            f"//*[@ID='{element_id}']/*[local-name()='Signature']",
            document=document,
        )

    def encrypt(self, assertion: str, recipient: str) -> str:
        """Return the assertion encrypted for whoever has the certificate (a file)."""
        namespace = "http://www.w3.org/2009/xmlenc11#" if self.cipher.endswith("gcm") else XENC
        template = (
            f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
            f'<xenc:EncryptionMethod Algorithm="{namespace}{self.cipher}"/>'
            f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
            f'<xenc:EncryptionMethod Algorithm="{XENC}{self.key_transport}"/>'
            "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData>"
            "</xenc:EncryptedKey></ds:KeyInfo>"
            "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(assertion)
            file.flush()
            encrypted = xmlsec1(
                "--encrypt",
                "--pubkey-cert-pem",
                OURS if recipient == "OURS" else recipient,
                "--session-key",
                self._session_key_type(),
                "--xml-data",
                file.name,
                document=template,
            )
        return f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{encrypted}</saml:EncryptedAssertion>'

    def _session_key_type(self) -> str:
        """Return xmlsec1's name for a key of the cipher: `aes-256` for `aes256-cbc`."""
        if self.cipher.startswith("tripledes"):
            return "des-192"
        bits = self.cipher.removeprefix("aes").split("-")[0]
        return f"aes-{bits}"

    def build(self) -> str:
        """Return the message, signed and encrypted as `signs` and `encrypts` say."""
        if self.encrypts:
            assertion = self.assertion()
            if "assertion" in self.signs:
                assertion = self.sign(assertion, self.assertion_id)
            document = self.response(self.encrypt(assertion, self.encrypts))
        else:
            document = self.response()
            if "assertion" in self.signs:
                document = self.sign(document, self.assertion_id)

        if "response" in self.signs:
            document = self.sign(document, self.response_id)
        return self.prolog + document.rstrip("\n")

    # -- metadata --

    def metadata(
        self, *, signers: tuple[str, ...] = (), extra: str = "", slo: bool = True, until: str = ""
    ) -> str:
        """Return metadata of this identity provider."""
        keys = "".join(self._key_descriptor(signer) for signer in signers or (self.signer,))
        binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        logout = ""
        if slo:
            logout = (
                f'<md:SingleLogoutService Binding="{binding}" Location="{self.entity_id}/slo"/>'
            )
        return (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m1" '
            f"entityID={quoteattr(self.entity_id)}{xml_attributes(validUntil=until or None)}>"
            f'{extra}<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{keys}{logout}'
            f'<md:SingleSignOnService Binding="{binding}" Location="{self.entity_id}/sso"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>"
        )

    def _key_descriptor(self, signer: str) -> str:
        certificate = key_pair(signer, curve=self.curve).certificate_base64
        return (
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data>'
            f"<ds:X509Certificate>{certificate}</ds:X509Certificate>"
            "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )


OKTA = Idp()
ENTRA = Idp(name="entra", entity_id="https://sts.example.net/tenant/", signer="entra")


def to_base64(message: str | bytes) -> str:
    """Return a message as it is posted."""
    return base64.b64encode(message.encode() if isinstance(message, str) else message).decode()


def read_authn_request(location: str) -> tuple[str, str]:
    """Return the id and the XML of the AuthnRequest that an address carries."""
    carried = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
    xml = zlib.decompress(base64.b64decode(carried), -15).decode()
    return xml.split('ID="')[1].split('"')[0], xml
