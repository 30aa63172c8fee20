"""An identity provider of our own for tests: builds, signs and encrypts any message, honest or not, by xmlsec1."""

import base64
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
ACS, AUDIENCE = f"{SP}/saml2/acs/", f"{SP}/saml2/metadata/"
SAMLP, SAML = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
DS, XENC = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#"
MORE, EXC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/10/xml-exc-c14n#"
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


def at(**shift: float) -> str:
    """Return the moment so far from now, as SAML writes it."""
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True)
class Pair:
    """A key and its certificate, as files."""

    key: str
    certificate: str
    packed: str


def pair(name: str, days: int = 3650, *, curve: bool = False, bits: int = 2048) -> Pair:
    """Return the key pair of this name; its certificate ends in so many days."""
    return _pair(name, days, curve, bits)


@lru_cache(maxsize=64)
def _pair(name: str, days: int, curve: bool, bits: int) -> Pair:
    """Return the key pair of this name, made once."""
    key: Any = (
        ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, bits)
    )
    called, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
    )
    made = made.serial_number(x509.random_serial_number()).not_valid_before(
        now - timedelta(days=400)
    )
    certificate = made.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    files = FOLDER / f"{name}-{days}-{curve}.key", FOLDER / f"{name}-{days}-{curve}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files[0].write_bytes(private)
    files[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    packed = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return Pair(str(files[0]), str(files[1]), packed)


def xmlsec1(*words: str, given: str) -> str:
    """Run xmlsec1 on a document and return what it makes of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(given)
        file.flush()
        ids = ("--id-attr:ID", f"{SAML}:Assertion", "--id-attr:ID", f"{SAMLP}:Response")
        command = ["xmlsec1", words[0], *ids, *words[1:], file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout.removeprefix('<?xml version="1.0"?>\n').removeprefix(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
    )


@dataclass(frozen=True)
class Attribute:
    """An attribute of an assertion; `raw` values are put in as they are."""

    name: str
    values: tuple[str, ...] = ()
    raw: str = ""
    format: str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

    def __str__(self) -> str:
        """Write it."""
        values = "".join(
            f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in self.values
        )
        named = f' NameFormat="{self.format}"' if self.format else ""
        return f"<saml:Attribute Name={quoteattr(self.name)}{named}>{values}{self.raw}</saml:Attribute>"


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

    def but(self, **changes: Any) -> "Idp":
        """Return one that says something else."""
        return replace(self, **changes)

    def x(self, place: str) -> str:
        """Return what a test puts at a place."""
        return self.extra.get(place, "")

    def signature(self, identifier: str) -> str:
        """Return the template of a signature over an element."""
        transforms = "".join(f'<ds:Transform Algorithm="{each}"/>' for each in self.transforms)
        return (
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{self.canonical}"/>'
            f'<ds:SignatureMethod Algorithm="{self.signature_algorithm}"/><ds:Reference URI="#{identifier}">'
            f'<ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{self.digest}"/><ds:DigestValue/>'
            f"</ds:Reference>{self.x('signed-info')}</ds:SignedInfo><ds:SignatureValue/>"
            f"{self.key_info}{self.x('signature')}</ds:Signature>"
        )

    def assertion(self) -> str:
        """Return the assertion, with the template of its signature."""
        issuer = self.entity_id if self.issuer is None else self.issuer
        signature = self.signature(self.assertion_id) if "assertion" in self.signs else ""
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" ID="{self.assertion_id}" Version="{self.assertion_version}" '
            f'IssueInstant="{self.assertion_issued or self.issued or at()}"{self.x("assertion-attributes")}>'
            f"<saml:Issuer>{issuer}</saml:Issuer>{signature}{self.x('before-subject')}"
            f"{self._subject()}{self._conditions()}{self._statement()}{self._attributes()}"
            f"{self.x('in-assertion')}</saml:Assertion>"
        )

    def _subject(self) -> str:
        """Return the subject."""
        name_format = f' Format="{self.subject_format}"' if self.subject_format else ""
        named = (
            ""
            if self.subject is None
            else f"<saml:NameID{name_format}>{self.subject}</saml:NameID>"
        )
        confirmed = self.request if self.confirmed is None else self.confirmed
        said = {
            "InResponseTo": confirmed or None,
            "Recipient": self.recipient,
            "NotOnOrAfter": at(minutes=5) if self.confirmed_until == "" else self.confirmed_until,
        }
        words = "".join(f' {name}="{value}"' for name, value in said.items() if value is not None)
        data = f"<saml:SubjectConfirmationData{words}{self.x('confirmation-attributes')}/>"
        return (
            f'<saml:Subject>{named}{self.x("in-subject")}<saml:SubjectConfirmation Method="{self.method}">'
            f"{data}</saml:SubjectConfirmation>{self.x('after-confirmation')}</saml:Subject>"
        )

    def _conditions(self) -> str:
        """Return the conditions."""
        if "conditions" in self.extra:
            return self.extra["conditions"]
        begin = at(minutes=-1) if self.not_before == "" else self.not_before
        until = at(minutes=5) if self.until == "" else self.until
        words = f' NotBefore="{begin}"' * (begin is not None) + f' NotOnOrAfter="{until}"' * (
            until is not None
        )
        named = [
            "".join(f"<saml:Audience>{each}</saml:Audience>" for each in names)
            for names in self.audiences
        ]
        restrictions = "".join(
            f"<saml:AudienceRestriction>{each}</saml:AudienceRestriction>" for each in named
        )
        return f"<saml:Conditions{words}>{restrictions}{self.x('in-conditions')}</saml:Conditions>"

    def _statement(self) -> str:
        """Return the authentication."""
        if "statement" in self.extra:
            return self.extra["statement"]
        until = f' SessionNotOnOrAfter="{self.session_until}"' if self.session_until else ""
        return (
            f'<saml:AuthnStatement AuthnInstant="{self.authenticated or at()}" SessionIndex="_s1"{until}>'
            f"<saml:AuthnContext><saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        )

    def _attributes(self) -> str:
        """Return the attributes."""
        written = "".join(str(each) for each in self.attributes)
        return (
            f"<saml:AttributeStatement>{written}</saml:AttributeStatement>"
            if self.attributes
            else ""
        )

    def response(self, assertion: str | None = None) -> str:
        """Return the response around the assertion, with the template of its signature."""
        answered = self.request if self.answered is None else self.answered
        issuer = self.entity_id if self.response_issuer is None else self.response_issuer
        named = f"<saml:Issuer>{issuer}</saml:Issuer>" if issuer else ""
        words = {"Destination": self.destination, "InResponseTo": answered or None}
        said = "".join(f' {name}="{value}"' for name, value in words.items() if value is not None)
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{self.response_id}" '
            f'Version="{self.version}" IssueInstant="{self.issued or at()}"{said}>{named}'
            f"{self.signature(self.response_id) if 'response' in self.signs else ''}{self.x('before-status')}"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/>{self.x("in-status")}</samlp:Status>'
            f"{self.x('before-assertion')}{self.assertion() if assertion is None else assertion}"
            f"{self.x('after-assertion')}</samlp:Response>"
        )

    def sign(self, document: str, identifier: str) -> str:
        """Return the document with the signature over one element made."""
        keys = pair(self.signer, curve=self.curve)
        words = ("--sign", "--privkey-pem", f"{keys.key},{keys.certificate}")
        return xmlsec1(
            *words,
            "--node-xpath",
            f"//*[@ID='{identifier}']/*[local-name()='Signature']",
            given=document,
        )

    def sealed(self, assertion: str, recipient: str) -> str:
        """Return an encrypted assertion for whoever has the certificate (a file)."""
        size = self.cipher.split("-")[0].removeprefix("aes").removeprefix("tripledes") or "192"
        where = "http://www.w3.org/2009/xmlenc11#" if self.cipher.endswith("gcm") else XENC
        kind = f"des-{size}" if self.cipher.startswith("tripledes") else f"aes-{size}"
        template = (
            f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
            f'<xenc:EncryptionMethod Algorithm="{where}{self.cipher}"/><ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
            f'<xenc:EncryptionMethod Algorithm="{XENC}{self.key_transport}"/>'
            "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
            "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(assertion)
            file.flush()
            words = (
                "--encrypt",
                "--pubkey-cert-pem",
                OURS if recipient == "OURS" else recipient,
                "--session-key",
                kind,
                "--xml-data",
                file.name,
            )
            data = xmlsec1(*words, given=template)
        return f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{data}</saml:EncryptedAssertion>'

    def made(self) -> str:
        """Return the message, signed and encrypted as it says."""
        if self.encrypts:
            inner = self.assertion()
            inner = self.sign(inner, self.assertion_id) if "assertion" in self.signs else inner
            document = self.response(self.sealed(inner, self.encrypts))
        else:
            document = self.response()
            document = (
                self.sign(document, self.assertion_id) if "assertion" in self.signs else document
            )
        document = self.sign(document, self.response_id) if "response" in self.signs else document
        return self.prolog + document.rstrip("\n")

    def metadata(
        self, *, signers: tuple[str, ...] = (), extra: str = "", slo: bool = True, until: str = ""
    ) -> str:
        """Return metadata of this identity provider."""
        names = signers or (self.signer,)
        keys = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>'
            f"{pair(each, curve=self.curve).packed}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for each in names
        )
        binding, place = (
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            f"{self.entity_id}/sso",
        )
        bye = (
            f'<md:SingleLogoutService Binding="{binding}" Location="{self.entity_id}/slo"/>'
            if slo
            else ""
        )
        ends = f' validUntil="{until}"' if until else ""
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m1" '
            f"entityID={quoteattr(self.entity_id)}{ends}>{extra}"
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{keys}{bye}'
            f'<md:SingleSignOnService Binding="{binding}" Location="{place}"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>"
        )


OKTA = Idp()
ENTRA = Idp(name="entra", entity_id="https://sts.example.net/tenant/", signer="entra")


def packed(message: str | bytes) -> str:
    """Return a message as it is posted."""
    return base64.b64encode(message.encode() if isinstance(message, str) else message).decode()


def request_of(location: str) -> tuple[str, str]:
    """Return the id and the XML of the AuthnRequest that an address carries."""
    carried = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
    xml = zlib.decompress(base64.b64decode(carried), -15).decode()
    return xml.split('ID="')[1].split('"')[0], xml
