"""What an identity provider's metadata says of it, and what is wrong with it. Strangers' XML: read with limits."""

import base64
import binascii
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts.providers.saml.constants import PROTOCOL, REDIRECT, TRANSIENT, qname
from accounts.providers.saml.safe_xml import Rejected, parse, refuse_declarations, text_in, text_of
from accounts.providers.saml.validation import instant
from core.errors import Invalid

LIMIT = 5_000_000
"""Bytes of metadata at most."""

SOON = timedelta(days=30)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Described:
    """What metadata says of one identity provider."""

    entity_id: str
    sso: str
    slo: str
    certificates: tuple[str, ...]
    valid_until: datetime | None
    problems: tuple[str, ...] = field(default_factory=tuple)


def read(raw: bytes, entity_id: str = "") -> Described:
    """Return the identity provider that metadata describes (the one of `entity_id` among several); raise Invalid."""
    try:
        return _read(raw, entity_id)
    except Rejected as error:
        raise Invalid(
            f"This metadata cannot be used: {error.args[0]}.", str(error), field="metadata"
        ) from error


def _read(raw: bytes, entity_id: str) -> Described:
    """Return what metadata describes; raise Rejected."""
    root = root_of(raw)
    entity = _entity(root, entity_id)
    descriptor = _descriptor(entity)
    certificates = _certificates(descriptor)
    if not certificates:
        raise Rejected("metadata", "it has no signing certificate that can be read")
    sso = _location(descriptor, "md:SingleSignOnService")
    if not sso:
        raise Rejected("metadata", "it has no SingleSignOnService with the HTTP-Redirect binding")
    limits = [each.get("validUntil") for each in (root, entity, descriptor)]
    ends = [instant(limit) for limit in limits if limit]
    valid_until = min(ends) if ends else None
    if valid_until is not None and valid_until <= datetime.now(UTC):
        raise Rejected("metadata", f"it ended on {valid_until:%Y-%m-%d}")
    formats = [text_in(each) for each in descriptor.iterfind(qname("md:NameIDFormat"))]
    problems = ["it offers transient NameIDs alone; cooper needs lasting ones"] * (
        formats == [TRANSIENT]
    )
    name = entity.get("entityID", "")
    slo = _location(descriptor, "md:SingleLogoutService")
    return Described(name, sso, slo, tuple(certificates), valid_until, tuple(problems))


def root_of(raw: bytes) -> ET.Element:
    """Return the root of metadata; raise Rejected for what is none: empty, too large, HTML, broken."""
    if not raw.strip():
        raise Rejected("metadata", "it is empty")
    if len(raw) > LIMIT:
        raise Rejected("metadata", f"it is larger than {LIMIT // 1_000_000} MB")
    if re.match(rb"\s*<(!doctype\s+)?html", raw, re.IGNORECASE):
        raise Rejected(
            "metadata", "it is a web page, not metadata (is the address right, and public?)"
        )
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    refuse_declarations(text_of(raw), comments=True)
    root = parse(raw, elements=100_000)
    if root.tag not in (qname("md:EntityDescriptor"), qname("md:EntitiesDescriptor")):
        raise Rejected(
            "metadata",
            f"it begins with {root.tag.rpartition('}')[2][:40]!r}, not with EntityDescriptor",
        )
    return root


def _entity(root: ET.Element, entity_id: str) -> ET.Element:
    """Return the one entity that is meant; raise Rejected."""
    wanted = qname("md:EntityDescriptor")
    found = [
        each for each in root.iter(wanted) if each.find(qname("md:IDPSSODescriptor")) is not None
    ]
    if entity_id:
        found = [each for each in found if each.get("entityID") == entity_id]
    if len(found) > 1:
        raise Rejected(
            "metadata", f"it describes {len(found)} identity providers: say which with --entity-id"
        )
    if not found:
        raise Rejected(
            "metadata", f"it describes no identity provider{f' {entity_id}' if entity_id else ''}"
        )
    if not 0 < len(found[0].get("entityID", "")) <= 1024:
        raise Rejected("metadata", "it has no fit entityID")
    return found[0]


def _descriptor(entity: ET.Element) -> ET.Element:
    """Return the entity's description as an identity provider for SAML 2.0; raise Rejected."""
    for each in entity.iterfind(qname("md:IDPSSODescriptor")):
        if PROTOCOL in each.get("protocolSupportEnumeration", "").split():
            return each
    raise Rejected("metadata", "its identity provider does not speak SAML 2.0")


def _location(descriptor: ET.Element, service: str) -> str:
    """Return where a service is reached by redirect, or ""; raise Rejected for an address that is not https."""
    for each in descriptor.iterfind(qname(service)):
        if each.get("Binding") == REDIRECT:
            place = each.get("Location", "")
            refuse_plain(place)
            return place
    return ""


def refuse_plain(url: str) -> None:
    """Raise Rejected for an address that is neither https nor of this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise Rejected("metadata", f"{url[:100]!r} is no address") from error
    good = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not (
        good
        and host
        and url.isascii()
        and url.isprintable()
        and " " not in url
        and len(url) <= 2_000
    ):
        raise Rejected("metadata", f"{url[:100]!r} is no https address")


def _certificates(descriptor: ET.Element) -> list[str]:
    """Return the signing certificates (base64 DER) that can be read, without doubles."""
    found: list[str] = []
    for key in descriptor.iterfind(qname("md:KeyDescriptor")):
        if key.get("use", "signing") == "signing":
            for each in key.iter(qname("ds:X509Certificate")):
                packed = re.sub(r"\s", "", each.text or "")
                if packed not in found and certificate(packed) is not None:
                    found.append(packed)
    return found[:10]


def certificate(packed: str) -> x509.Certificate | None:
    """Return the X.509 certificate behind base64, or None."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(packed, validate=True))
    except (ValueError, binascii.Error):
        return None


def problems_of(certificates: list[str], valid_until: datetime | None, now: datetime) -> list[str]:
    """Return what is wrong, or will be soon, with an identity provider's certificates and metadata."""
    found = [
        said for packed in certificates for said in _certificate_problems(certificate(packed), now)
    ]
    if valid_until is not None and valid_until <= now:
        found.append(
            f"the metadata ended on {valid_until:%Y-%m-%d}: nobody can sign in until it is refreshed"
        )
    elif valid_until is not None and valid_until <= now + timedelta(days=2):
        found.append(f"the metadata ends on {valid_until:%Y-%m-%d %H:%M} UTC: refresh it")
    return found


def _certificate_problems(found: x509.Certificate | None, now: datetime) -> list[str]:
    """Return what is wrong with a signing certificate."""
    if found is None:
        return ["a certificate cannot be read"]
    name, ends, key = (
        f"certificate {found.serial_number:x}",
        found.not_valid_after_utc,
        found.public_key(),
    )
    problems = []
    if ends <= now:
        problems.append(
            f"{name} ended on {ends:%Y-%m-%d}: give the identity provider a new one, then refresh"
        )
    elif ends <= now + SOON:
        problems.append(f"{name} ends on {ends:%Y-%m-%d}: in {(ends - now).days} days")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        problems.append(f"{name} has an RSA key of {key.key_size} bits: too short")
    elif not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        problems.append(f"{name} has a key that cooper does not take: RSA or EC is needed")
    return problems
