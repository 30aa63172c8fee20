"""The guard before the parser: what no honest IdP sends is refused before pysaml2 or xmlsec1 sees a byte of it.

A small grammar of what SAML messages hold (SAML core, 2.7 and 3.3.3; XML Signature; XML Encryption); nothing else may
be anywhere, so there is no place to hide a second assertion in. Sources: SAML core 5.4 (signature profile), and
"On Breaking SAML" (Somorovsky and others, 2012) for what wrapping needs.
"""

import binascii
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

from accounts.providers.saml.constants import (
    ASSERTION,
    CIPHERS,
    DIGESTS,
    ENVELOPED,
    EXC_C14N,
    KEY_CIPHERS,
    METADATA,
    OAEP_DIGESTS,
    SIGNATURES,
    qname,
)
from accounts.providers.saml.safe_xml import Rejected, parse, refuse_declarations, text_of, walk

MESSAGE_LIMIT = 1_500_000
"""Bytes of a message at most: 5,000 groups fit."""

MANY = 12_000
NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")

# what may be in what, and how often: (least, most)
_ONE, _MAY = (1, 1), (0, 1)
_GRAMMAR: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "samlp:Response": {
        "saml:Issuer": _MAY, "ds:Signature": _MAY, "samlp:Status": _ONE,
        "saml:Assertion": _MAY, "saml:EncryptedAssertion": _MAY,
    },
    "samlp:Status": {"samlp:StatusCode": _ONE, "samlp:StatusMessage": _MAY},
    "samlp:StatusCode": {"samlp:StatusCode": _MAY},
    "saml:Assertion": {
        "saml:Issuer": _ONE, "ds:Signature": _MAY, "saml:Subject": _ONE, "saml:Conditions": _ONE,
        "saml:AuthnStatement": _ONE, "saml:AttributeStatement": _MAY,
    },
    "saml:Subject": {"saml:NameID": _ONE, "saml:SubjectConfirmation": _ONE},
    "saml:SubjectConfirmation": {"saml:SubjectConfirmationData": _ONE},
    "saml:Conditions": {"saml:AudienceRestriction": (1, 9), "saml:OneTimeUse": _MAY, "saml:ProxyRestriction": _MAY},
    "saml:AudienceRestriction": {"saml:Audience": (1, 20)},
    "saml:ProxyRestriction": {"saml:Audience": (0, 20)},
    "saml:AuthnStatement": {"saml:SubjectLocality": _MAY, "saml:AuthnContext": _ONE},
    "saml:AuthnContext": {
        "saml:AuthnContextClassRef": _MAY, "saml:AuthnContextDeclRef": _MAY, "saml:AuthenticatingAuthority": (0, 20),
    },
    "saml:AttributeStatement": {"saml:Attribute": (0, MANY)},
    "saml:Attribute": {"saml:AttributeValue": (0, MANY)},
    "ds:Signature": {"ds:SignedInfo": _ONE, "ds:SignatureValue": _ONE, "ds:KeyInfo": _MAY},
    "ds:SignedInfo": {"ds:CanonicalizationMethod": _ONE, "ds:SignatureMethod": _ONE, "ds:Reference": _ONE},
    "ds:CanonicalizationMethod": {"ec:InclusiveNamespaces": _MAY},
    "ds:Reference": {"ds:Transforms": _ONE, "ds:DigestMethod": _ONE, "ds:DigestValue": _ONE},
    "ds:Transforms": {"ds:Transform": (2, 2)},
    "ds:Transform": {"ec:InclusiveNamespaces": _MAY},
    "ds:KeyInfo": {
        "ds:X509Data": (0, 5), "ds:KeyName": (0, 5), "ds:KeyValue": (0, 5),
        "xenc:EncryptedKey": _MAY, "ds:RetrievalMethod": _MAY,
    },
    "ds:X509Data": {
        "ds:X509Certificate": (0, 5), "ds:X509SubjectName": (0, 5), "ds:X509IssuerSerial": (0, 5), "ds:X509SKI": (0, 5),
    },
    "ds:X509IssuerSerial": {"ds:X509IssuerName": _ONE, "ds:X509SerialNumber": _ONE},
    "ds:KeyValue": {"ds:RSAKeyValue": _MAY, "ds11:ECKeyValue": _MAY},
    "ds:RSAKeyValue": {"ds:Modulus": _ONE, "ds:Exponent": _ONE},
    "ds11:ECKeyValue": {"ds11:NamedCurve": _ONE, "ds11:PublicKey": _ONE},
    "saml:EncryptedAssertion": {"xenc:EncryptedData": _MAY, "xenc:EncryptedKey": _MAY, "saml:Assertion": _MAY},
    "xenc:EncryptedData": {"xenc:EncryptionMethod": _ONE, "ds:KeyInfo": _ONE, "xenc:CipherData": _ONE},
    "xenc:EncryptedKey": {
        "xenc:EncryptionMethod": _ONE, "ds:KeyInfo": _MAY, "xenc:CipherData": _ONE, "xenc:ReferenceList": _MAY,
    },
    "xenc:EncryptionMethod": {"ds:DigestMethod": _MAY, "xenc11:MGF": _MAY, "xenc:KeySize": _MAY},
    "xenc:CipherData": {"xenc:CipherValue": _ONE},
    "xenc:ReferenceList": {"xenc:DataReference": _ONE},
}  # fmt: skip
GRAMMAR = {
    qname(parent): {qname(child): times for child, times in children.items()}
    for parent, children in _GRAMMAR.items()
}
RESPONSE, THE_ASSERTION, SEALED = (
    qname("samlp:Response"),
    qname("saml:Assertion"),
    qname("saml:EncryptedAssertion"),
)
SIGNATURE, VALUE = qname("ds:Signature"), qname("saml:AttributeValue")
KNOWN = tuple(f"{{{name}" for name in ("urn:oasis:names:tc:SAML", "http://www.w3.org/2000/09", "http://www.w3.org/2001/04",
                                       "http://www.w3.org/2009"))  # fmt: skip


def decoded(posted: str) -> bytes:
    """Return the bytes behind a posted SAMLResponse: strict base64, nothing inflated; raise Rejected."""
    packed = re.sub(r"[ \t\r\n]", "", posted)
    if len(packed) > MESSAGE_LIMIT * 4 // 3 + 4:
        raise Rejected("size", f"more than {MESSAGE_LIMIT} bytes")
    if len(packed) % 4 or len(packed) - len(packed.rstrip("=")) > 2:
        raise Rejected("base64", "not base64: its end is odd")
    try:
        return binascii.a2b_base64(packed, strict_mode=True)
    except (ValueError, binascii.Error) as error:
        raise Rejected("base64", f"not base64: {str(error)[:80]}") from error


def guarded(raw: bytes) -> ET.Element:
    """Return the root of a message that passes; raise Rejected, naming the rule that it breaks."""
    if not raw or len(raw) > MESSAGE_LIMIT:
        raise Rejected("size", "empty, or too large")
    refuse_declarations(text_of(raw))
    root = parse(raw)
    for rule, holds in RULES.items():
        said = holds(root)
        if said:
            raise Rejected(rule, said)
    return root


def is_encrypted(root: ET.Element) -> bool:
    """Return whether the assertion is encrypted still."""
    return root.find(f"{SEALED}/{qname('xenc:EncryptedData')}") is not None


def the_assertion(root: ET.Element) -> ET.Element | None:
    """Return the one assertion, plain or decrypted."""
    plain = root.find(THE_ASSERTION)
    return plain if plain is not None else root.find(f"{SEALED}/{THE_ASSERTION}")


def _short(tag: str) -> str:
    """Return an element's name without its namespace, for the log."""
    return tag.rpartition("}")[2][:60]


def _shape(root: ET.Element) -> str:
    """Say what is in a place where nothing of that name belongs, too often, or missing."""
    if root.tag != RESPONSE:
        return f"the root is {_short(root.tag)!r}"
    pending = [root]
    while pending:
        parent = pending.pop()
        if parent.tag == VALUE:
            # what lies in a value is never read; nothing that means anything may lie there
            foreign = [
                each for each in parent.iter() if each is not parent and _means_something(each.tag)
            ]
            if foreign:
                return f"{_short(foreign[0].tag)!r} within a value"
            continue
        wrong = _wrong_children(parent)
        if wrong:
            return wrong
        pending.extend(parent)
    return ""


def _means_something(tag: str) -> bool:
    """Return whether an element within a value is one of SAML's or XML Security's own, other than a plain NameID."""
    return tag.startswith(KNOWN) and tag != qname("saml:NameID")


def _wrong_children(parent: ET.Element) -> str:
    """Say which child of an element is one too many, missing or unknown."""
    allowed, counts = GRAMMAR.get(parent.tag, {}), dict.fromkeys(GRAMMAR.get(parent.tag, {}), 0)
    for child in parent:
        if child.tag not in allowed:
            return f"{_short(child.tag)!r} within {_short(parent.tag)!r}"
        counts[child.tag] += 1
    for tag, (least, most) in allowed.items():
        if not least <= counts[tag] <= most:
            return f"{counts[tag]} times {_short(tag)!r} within {_short(parent.tag)!r}"
    return ""


def _single_assertion(root: ET.Element) -> str:
    """Say that there is not exactly one assertion, plain or encrypted, under the response."""
    sealed, plain = root.findall(SEALED), root.findall(THE_ASSERTION)
    status = root.find(f"{qname('samlp:Status')}/{qname('samlp:StatusCode')}")
    if len(sealed) + len(plain) != 1:
        return f"{len(sealed) + len(plain)} assertions; status {(status.get('Value', '') if status is not None else '')!r}"
    within = [
        _short(child.tag)
        for each in sealed
        for child in each
        if child.tag != qname("xenc:EncryptedKey")
    ]
    if sealed and len(within) != 1:
        return f"{within} within the encrypted assertion"
    layers = 3 if sealed and not is_encrypted(root) else 2
    if sum(each.tag in (THE_ASSERTION, SEALED, RESPONSE) for each in root.iter()) != layers:
        return "an assertion or a response within another"
    return ""


def _ids(root: ET.Element) -> str:
    """Say that an id is missing, odd, in an odd attribute, or there twice."""
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2].lower() != "id":
                continue
            is_saml = element.tag.startswith((f"{{{ASSERTION}", f"{{{METADATA}", RESPONSE))
            if name != ("ID" if is_saml else "Id"):
                return f"an id in the attribute {_short(name)!r}"
            if value in seen or not NCNAME.fullmatch(value):
                return "an id there twice, or odd"
            seen.add(value)
    assertion = the_assertion(root)
    return "" if root.get("ID") and (assertion is None or assertion.get("ID")) else "no id"


def _signatures(root: ET.Element) -> str:
    """Say that a signature stands in an odd place or covers something else than its parent; or that there is none."""
    for parent, element in walk(root):
        if element.tag != SIGNATURE:
            continue
        if parent is None or parent.tag not in (RESPONSE, THE_ASSERTION):
            return "a signature in an odd place"
        reference = element.find(f"{qname('ds:SignedInfo')}/{qname('ds:Reference')}")
        if reference is None or reference.get("URI") != f"#{parent.get('ID')}":
            return "a signature that covers something else than what it is in"
    assertion = the_assertion(root)
    return (
        ""
        if assertion is None or assertion.find(SIGNATURE) is not None
        else "the assertion is not signed"
    )


def _algorithms(root: ET.Element) -> str:
    """Say that a signature is made by an algorithm that is not on the list."""
    for signature in root.iter(SIGNATURE):
        info = signature.find(qname("ds:SignedInfo"))
        if info is None:
            return "no SignedInfo"
        found = {
            _short(each.tag): each.get("Algorithm", "")
            for each in info.iter()
            if each.get("Algorithm")
        }
        transforms = [each.get("Algorithm") for each in info.iter(qname("ds:Transform"))]
        fits = (
            found.get("CanonicalizationMethod") == EXC_C14N
            and found.get("SignatureMethod") in SIGNATURES
            and found.get("DigestMethod") in DIGESTS
            and transforms == [ENVELOPED, EXC_C14N]
        )
        if not fits or any(list(each) for each in info.iter(qname("ds:SignatureMethod"))):
            return f"an algorithm that is not taken: {sorted(found.values())} {transforms}"
    return ""


def _encryption(root: ET.Element) -> str:
    """Say that something is encrypted by an algorithm that is not on the list, or where nothing is to be fetched."""
    for element in root.iter():
        allowed = {
            qname("xenc:EncryptedData"): CIPHERS,
            qname("xenc:EncryptedKey"): KEY_CIPHERS,
        }.get(element.tag)
        method = element.find(qname("xenc:EncryptionMethod"))
        if allowed and (method is None or method.get("Algorithm") not in allowed):
            return f"encrypted by {(method.get('Algorithm', '') if method is not None else '')!r}"
        if element.tag == qname("xenc:EncryptionMethod"):
            digests = {each.get("Algorithm") for each in element.iter(qname("ds:DigestMethod"))}
            if not digests <= OAEP_DIGESTS:
                return f"encrypted with the digest {digests}"
        points = element.tag in (qname("ds:RetrievalMethod"), qname("xenc:DataReference"))
        if points and not re.fullmatch(rf"#{NCNAME.pattern}", element.get("URI", "")):
            return "a reference to somewhere else"
    return ""


RULES: dict[str, Callable[[ET.Element], str]] = {
    "assertions": _single_assertion,
    "shape": _shape,
    "ids": _ids,
    "signatures": _signatures,
    "algorithms": _algorithms,
    "encryption": _encryption,
}
"""Each says what is wrong, or ""; a test switches each off and looks which messages come through."""
