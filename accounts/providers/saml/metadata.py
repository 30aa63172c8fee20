"""What an identity provider's metadata says, and what is wrong with it.

Metadata may come from anywhere: it is read with the limits of `safe_xml`.
"""

import base64
import binascii
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts.providers.saml.constants import (
    BINDING_REDIRECT,
    NAMEID_TRANSIENT,
    NS_SAMLP,
    qname,
)
from accounts.providers.saml.message_grammar import local_name
from accounts.providers.saml.safe_xml import (
    XML_BLANKS,
    Rejected,
    decode_utf8,
    element_text,
    parse,
    refuse_declarations,
)
from accounts.providers.saml.validation import EARLIEST, LATEST
from core.errors import Invalid

SIZE_LIMIT = 5_000_000
"""Bytes of metadata at most."""

MAX_ELEMENTS = 100_000
"""More than in a message: a federation's metadata describes hundreds of entities."""

ENTITY_ID_LIMIT = 1_024
"""Characters of an entityID at most (SAML Metadata 2.2.1)."""

CERTIFICATES_LIMIT = 10
"""Each costs a run of xmlsec1 for a message that none of them signed."""

URL_LIMIT = 2_000
RSA_BITS = 2_048
"""Shorter RSA keys are reported as a problem."""

VALID_UNTIL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
"""XML Schema's dateTime, with or without a zone."""

EXPIRES_SOON = timedelta(days=30)
METADATA_EXPIRES_SOON = timedelta(days=2)
"""Published metadata is often good for a week or two only, and renewed all the time."""

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class IdpMetadata:
    """What metadata says of one identity provider."""

    entity_id: str
    sso: str
    """Where AuthnRequests go, by HTTP-Redirect."""

    slo: str
    """Where LogoutRequests go, by HTTP-Redirect; "" if there is no single logout."""

    certificates: tuple[str, ...]
    """DER in base64."""

    valid_until: datetime | None
    problems: tuple[str, ...] = ()


def read(raw: bytes, entity_id: str = "") -> IdpMetadata:
    """Return the identity provider that metadata describes: with `entity_id`, that one of several.

    Raise Invalid.
    """
    try:
        return _read(raw, entity_id)
    except Rejected as error:
        raise Invalid(
            f"This metadata cannot be used: {error.args[0]}.", str(error), field="metadata"
        ) from error


def _read(raw: bytes, entity_id: str) -> IdpMetadata:
    root = parse_root(raw)
    entity = _find_entity(root, entity_id.strip(XML_BLANKS))
    descriptor = _find_idp_descriptor(entity)
    problems: list[str] = []

    certificates = _read_certificates(descriptor)
    if not certificates:
        raise Rejected("metadata", "it has no signing certificate that can be read")

    sso = _find_location(descriptor, "md:SingleSignOnService", problems)
    if not sso:
        reasons = "".join(f"; {problem}" for problem in problems)
        raise Rejected(
            "metadata",
            f"it has no SingleSignOnService with the HTTP-Redirect binding{reasons}",
        )
    slo = _find_location(descriptor, "md:SingleLogoutService", problems)

    valid_until = _read_valid_until([root, entity, descriptor], problems)
    if valid_until is not None and valid_until <= datetime.now(UTC):
        raise Rejected("metadata", f"it expired on {valid_until:%Y-%m-%d}")

    # without any format listed, the identity provider decides (SAML Metadata 2.4.2)
    formats = [element_text(format_) for format_ in descriptor.iterfind(qname("md:NameIDFormat"))]
    if formats == [NAMEID_TRANSIENT]:
        problems.append("it offers only transient NameIDs; cooper needs lasting ones")

    return IdpMetadata(
        entity_id=_entity_id_of(entity),
        sso=sso,
        slo=slo,
        certificates=tuple(certificates),
        valid_until=valid_until,
        problems=tuple(problems),
    )


def trim(raw: bytes) -> bytes:
    """Return metadata without a byte order mark, and without blanks around it.

    An XML declaration has to be the very beginning (XML 1.0, 2.8). Files that were pasted together
    often begin with an empty line.
    """
    byte_order_mark = b"\xef\xbb\xbf"
    return raw.strip().removeprefix(byte_order_mark).lstrip()


def parse_root(raw: bytes) -> ET.Element:
    """Return the root of metadata. Raise Rejected for what is none: empty, huge, a web page."""
    if len(raw) > SIZE_LIMIT:
        raise Rejected("metadata", f"it is larger than {SIZE_LIMIT // 1_000_000} MB")
    raw = trim(raw)
    if not raw:
        raise Rejected("metadata", "it is empty")
    # the usual mistake: the address of a page that shows metadata, or of a sign-in page
    if re.match(rb"\s*<(!doctype\s+)?html", raw, re.IGNORECASE):
        raise Rejected("metadata", "it is a web page, not metadata (is the URL right, and public?)")

    refuse_declarations(decode_utf8(raw), published=True)
    root = parse(raw, max_elements=MAX_ELEMENTS)
    if root.tag not in (qname("md:EntityDescriptor"), qname("md:EntitiesDescriptor")):
        raise Rejected(
            "metadata", f"it begins with {local_name(root.tag)!r}, not with EntityDescriptor"
        )
    return root


def _find_entity(root: ET.Element, entity_id: str) -> ET.Element:
    """Return the one identity provider that is meant (SAML Metadata 2.3.2). Raise Rejected."""
    entities = []
    for entity in root.iter(qname("md:EntityDescriptor")):
        is_idp = entity.find(qname("md:IDPSSODescriptor")) is not None
        is_meant = not entity_id or _entity_id_of(entity) == entity_id
        if is_idp and is_meant:
            entities.append(entity)

    if len(entities) > 1:
        raise Rejected(
            "metadata",
            f"it describes {len(entities)} identity providers: say which with --entity-id",
        )
    if not entities:
        suffix = f" {entity_id}" if entity_id else ""
        raise Rejected("metadata", f"it describes no identity provider{suffix}")
    own_id = _entity_id_of(entities[0])
    if len(own_id) > ENTITY_ID_LIMIT:
        length = f"{len(own_id):,} characters of {ENTITY_ID_LIMIT:,} at most"
        raise Rejected("metadata", f"it has no usable entityID: it has {length}")
    if not own_id or not own_id.isprintable() or " " in own_id:
        raise Rejected("metadata", f"it has no usable entityID: {own_id[:100]!r}")
    return entities[0]


def _entity_id_of(entity: ET.Element) -> str:
    """Return the entityID without blanks around it, as messages' issuers are compared with it."""
    return entity.get("entityID", "").strip(XML_BLANKS)


def _find_idp_descriptor(entity: ET.Element) -> ET.Element:
    """Return the entity's role as an identity provider for SAML 2.0 (SAML Metadata 2.4.3)."""
    for descriptor in entity.iterfind(qname("md:IDPSSODescriptor")):
        if NS_SAMLP in descriptor.get("protocolSupportEnumeration", "").split():
            return descriptor
    raise Rejected("metadata", "its identity provider does not speak SAML 2.0")


def _find_location(descriptor: ET.Element, service: str, problems: list[str]) -> str:
    """Return where a service is reached by HTTP-Redirect, or "": the first address that is usable.

    The others are added to the problems.
    """
    for endpoint in descriptor.iterfind(qname(service)):
        if endpoint.get("Binding") != BINDING_REDIRECT:
            continue
        location = endpoint.get("Location", "").strip(XML_BLANKS)
        try:
            require_https(location)
        except Rejected as error:
            problems.append(f"a {local_name(qname(service))} is not used: {error.args[0]}")
        else:
            return location
    return ""


def _read_valid_until(elements: list[ET.Element], problems: list[str]) -> datetime | None:
    """Return the earliest validUntil of nested elements (SAML Metadata 2.3.1, 2.3.2, 2.4.1).

    One that stands for "never set" is added to the problems.
    """
    limits = []
    for element in elements:
        text = element.get("validUntil", "").strip(XML_BLANKS)
        if not text:
            continue
        valid_until = _parse_valid_until(text)
        if valid_until > EARLIEST:
            limits.append(valid_until)
        else:
            problems.append(f"its validUntil of {text[:40]} is taken as no end at all")
    return min(limits, default=None)


def _parse_valid_until(text: str) -> datetime:
    """Return the time, no earlier than EARLIEST. Raise Rejected.

    Published metadata has times of any zone, though SAML demands UTC (SAML Core 1.3.3). Some
    products write the beginning of their calendar, year 1, for no end.
    """
    rejected = Rejected("metadata", f"its validUntil is not a time: {text[:40]!r}")
    if not VALID_UNTIL.fullmatch(text):
        raise rejected
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise rejected from error

    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return min(max(instant, EARLIEST), LATEST).astimezone(UTC)


def require_https(url: str) -> None:
    """Raise Rejected unless the URL is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise Rejected("metadata", f"{url[:100]!r} is not a URL") from error

    is_protected = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK_HOSTS)
    # the request would be added to a fragment, which browsers keep to themselves
    is_plain_text = url.isascii() and url.isprintable() and not {" ", "#"} & set(url)
    if not (is_protected and host and is_plain_text and len(url) <= URL_LIMIT):
        raise Rejected("metadata", f"{url[:100]!r} is not an https URL without a fragment")


def _read_certificates(descriptor: ET.Element) -> list[str]:
    """Return the signing certificates (DER in base64) that can be read, each once."""
    certificates: list[str] = []
    for key in descriptor.iterfind(qname("md:KeyDescriptor")):
        # a key without a use is for both (SAML Metadata 2.4.1.1)
        if key.get("use", "signing") != "signing":
            continue
        for element in key.iter(qname("ds:X509Certificate")):
            certificate = re.sub(r"\s", "", element.text or "")
            if certificate not in certificates and load_certificate(certificate) is not None:
                certificates.append(certificate)
    return certificates[:CERTIFICATES_LIMIT]


def load_certificate(der_base64: str) -> x509.Certificate | None:
    """Return the certificate, or None if it cannot be read."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(der_base64, validate=True))
    except (ValueError, binascii.Error):
        return None


def find_problems(
    certificates: list[str], valid_until: datetime | None, now: datetime
) -> list[str]:
    """Return what is wrong, or will be soon, with certificates and the end of metadata."""
    problems = []
    for der_base64 in certificates:
        certificate = load_certificate(der_base64)
        if certificate is None:
            problems.append("a certificate cannot be read")
        else:
            problems += _find_certificate_problems(certificate, now)

    if valid_until is not None:
        if valid_until <= now:
            problems.append(
                f"the metadata expired on {valid_until:%Y-%m-%d}:"
                " nobody can sign in until it is refreshed"
            )
        elif valid_until <= now + METADATA_EXPIRES_SOON:
            problems.append(f"the metadata expires on {valid_until:%Y-%m-%d %H:%M} UTC: refresh it")
    return problems


def _find_certificate_problems(certificate: x509.Certificate, now: datetime) -> list[str]:
    problems = []
    name = f"certificate {certificate.serial_number:x}"

    ends_at = certificate.not_valid_after_utc
    if ends_at <= now:
        problems.append(
            f"{name} expired on {ends_at:%Y-%m-%d}:"
            " give the identity provider a new one, then refresh"
        )
    elif ends_at <= now + EXPIRES_SOON:
        days = (ends_at - now).days
        problems.append(f"{name} expires on {ends_at:%Y-%m-%d}: in {days} days")

    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            problems.append(f"{name} has an RSA key of {key.key_size} bits: too short")
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        problems.append(f"{name} has a key of an unsupported type: RSA or EC is needed")
    return problems
