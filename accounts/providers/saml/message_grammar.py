"""The grammar of a SAML response: which element may hold which others, and how often.

It is much smaller than SAML's schema. What is not listed may be nowhere, so a message has no place
that could hide a second assertion (extensions, advice, ds:Object, status details).

Sources: SAML Core 3.2.2 and 3.3.3 (response), 2.3.3 to 2.7.3 (assertion), 2.3.4 (encrypted
assertion); XML Signature 4; XML Encryption 3.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from accounts.providers.saml.constants import ATTRIBUTE_VALUE, RESPONSE, qname
from accounts.providers.saml.safe_xml import MAX_ELEMENTS

Occurrences = tuple[int, int]
"""The least and the greatest number of times that an element may occur."""

_ONCE: Occurrences = (1, 1)
_OPTIONAL: Occurrences = (0, 1)
_ANY_NUMBER: Occurrences = (0, MAX_ELEMENTS)

_PREFIXED_GRAMMAR: Mapping[str, Mapping[str, Occurrences]] = {
    # -- the response --
    "samlp:Response": {
        "saml:Issuer": _OPTIONAL,
        "ds:Signature": _OPTIONAL,
        "samlp:Status": _ONCE,
        "saml:Assertion": _OPTIONAL,
        "saml:EncryptedAssertion": _OPTIONAL,
    },
    "samlp:Status": {"samlp:StatusCode": _ONCE, "samlp:StatusMessage": _OPTIONAL},
    "samlp:StatusCode": {"samlp:StatusCode": _OPTIONAL},
    # -- the assertion --
    "saml:Assertion": {
        "saml:Issuer": _ONCE,
        "ds:Signature": _OPTIONAL,
        "saml:Subject": _ONCE,
        "saml:Conditions": _ONCE,
        "saml:AuthnStatement": _ONCE,
        "saml:AttributeStatement": _OPTIONAL,
    },
    "saml:Subject": {"saml:NameID": _ONCE, "saml:SubjectConfirmation": _ONCE},
    "saml:SubjectConfirmation": {"saml:SubjectConfirmationData": _ONCE},
    "saml:Conditions": {
        "saml:AudienceRestriction": (1, 9),
        "saml:OneTimeUse": _OPTIONAL,
        "saml:ProxyRestriction": _OPTIONAL,
    },
    "saml:AudienceRestriction": {"saml:Audience": (1, 20)},
    "saml:ProxyRestriction": {"saml:Audience": (0, 20)},
    "saml:AuthnStatement": {"saml:SubjectLocality": _OPTIONAL, "saml:AuthnContext": _ONCE},
    "saml:AuthnContext": {
        "saml:AuthnContextClassRef": _OPTIONAL,
        "saml:AuthnContextDeclRef": _OPTIONAL,
        "saml:AuthenticatingAuthority": (0, 20),
    },
    "saml:AttributeStatement": {"saml:Attribute": _ANY_NUMBER},
    "saml:Attribute": {"saml:AttributeValue": _ANY_NUMBER},
    # -- signatures --
    "ds:Signature": {
        "ds:SignedInfo": _ONCE,
        "ds:SignatureValue": _ONCE,
        "ds:KeyInfo": _OPTIONAL,
    },
    "ds:SignedInfo": {
        "ds:CanonicalizationMethod": _ONCE,
        "ds:SignatureMethod": _ONCE,
        "ds:Reference": _ONCE,
    },
    "ds:CanonicalizationMethod": {"ec:InclusiveNamespaces": _OPTIONAL},
    "ds:Reference": {
        "ds:Transforms": _ONCE,
        "ds:DigestMethod": _ONCE,
        "ds:DigestValue": _ONCE,
    },
    "ds:Transforms": {"ds:Transform": (2, 2)},
    "ds:Transform": {"ec:InclusiveNamespaces": _OPTIONAL},
    # keys in a message are never used: an identity provider's keys come from its metadata
    "ds:KeyInfo": {
        "ds:X509Data": (0, 5),
        "ds:KeyName": (0, 5),
        "ds:KeyValue": (0, 5),
        "xenc:EncryptedKey": _OPTIONAL,
        "ds:RetrievalMethod": _OPTIONAL,
    },
    "ds:X509Data": {
        "ds:X509Certificate": (0, 5),
        "ds:X509SubjectName": (0, 5),
        "ds:X509IssuerSerial": (0, 5),
        "ds:X509SKI": (0, 5),
    },
    "ds:X509IssuerSerial": {"ds:X509IssuerName": _ONCE, "ds:X509SerialNumber": _ONCE},
    "ds:KeyValue": {"ds:RSAKeyValue": _OPTIONAL, "ds11:ECKeyValue": _OPTIONAL},
    "ds:RSAKeyValue": {"ds:Modulus": _ONCE, "ds:Exponent": _ONCE},
    "ds11:ECKeyValue": {"ds11:NamedCurve": _ONCE, "ds11:PublicKey": _ONCE},
    # -- encryption --
    # the plain assertion stands where EncryptedData was once pysaml2 has decrypted it
    "saml:EncryptedAssertion": {
        "xenc:EncryptedData": _OPTIONAL,
        "xenc:EncryptedKey": _OPTIONAL,
        "saml:Assertion": _OPTIONAL,
    },
    "xenc:EncryptedData": {
        "xenc:EncryptionMethod": _ONCE,
        "ds:KeyInfo": _ONCE,
        "xenc:CipherData": _ONCE,
    },
    "xenc:EncryptedKey": {
        "xenc:EncryptionMethod": _ONCE,
        "ds:KeyInfo": _OPTIONAL,
        "xenc:CipherData": _ONCE,
        "xenc:ReferenceList": _OPTIONAL,
    },
    "xenc:EncryptionMethod": {
        "ds:DigestMethod": _OPTIONAL,
        "xenc11:MGF": _OPTIONAL,
        "xenc:KeySize": _OPTIONAL,
    },
    "xenc:CipherData": {"xenc:CipherValue": _ONCE},
    "xenc:ReferenceList": {"xenc:DataReference": _ONCE},
}


def _with_qnames(
    grammar: Mapping[str, Mapping[str, Occurrences]],
) -> dict[str, dict[str, Occurrences]]:
    qualified = {}
    for parent, children in grammar.items():
        qualified[qname(parent)] = {qname(child): times for child, times in children.items()}
    return qualified


GRAMMAR = _with_qnames(_PREFIXED_GRAMMAR)
"""Children and their number by element. An element without an entry may have no children."""

_SECURITY_NAMESPACES = (
    "{urn:oasis:names:tc:SAML",
    "{http://www.w3.org/2000/09",
    "{http://www.w3.org/2001/04",
    "{http://www.w3.org/2009",
)
"""How the names of all elements of SAML, XML Signature and XML Encryption begin, in any version."""


def local_name(tag: str) -> str:
    """Return an element's or attribute's name without its namespace, cut for the log."""
    return tag.rpartition("}")[2][:60]


def find_violation(root: ET.Element) -> str:
    """Say what stands where the grammar has no place for it, stands too often, or is missing.

    Return "" for a message that keeps to the grammar.
    """
    if root.tag != RESPONSE:
        return f"the root is {local_name(root.tag)!r}"

    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag == ATTRIBUTE_VALUE:
            violation = _find_violation_in_value(element)
        else:
            violation = _find_violation_in_children(element)
            pending.extend(element)
        if violation:
            return violation
    return ""


def _find_violation_in_value(value: ET.Element) -> str:
    """Say which element in an attribute's value might be taken for a part of the message.

    A value may hold any XML (SAML Core 2.7.3.1.1). cooper reads none of it, but another reader of
    the message (pysaml2, xmlsec1) could find a signature or an assertion there.
    """
    for element in value.iter():
        is_allowed = element is value or element.tag == qname("saml:NameID")
        if element.tag.startswith(_SECURITY_NAMESPACES) and not is_allowed:
            return f"{local_name(element.tag)!r} within a value"
    return ""


def _find_violation_in_children(parent: ET.Element) -> str:
    allowed = GRAMMAR.get(parent.tag, {})
    counts = dict.fromkeys(allowed, 0)
    for child in parent:
        if child.tag not in allowed:
            return f"{local_name(child.tag)!r} within {local_name(parent.tag)!r}"
        counts[child.tag] += 1

    for tag, (least, most) in allowed.items():
        if not least <= counts[tag] <= most:
            return f"{counts[tag]} times {local_name(tag)!r} within {local_name(parent.tag)!r}"
    return ""
