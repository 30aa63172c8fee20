"""The guard before the libraries: refuses what no honest identity provider sends.

A message passes `decode_message` and `parse_response` before pysaml2 or xmlsec1 sees a byte of it.
Each entry of RULES is one property that attacks on SAML need to break: XML signature wrapping
needs a second assertion, a doubled ID or a reference to something else ("On Breaking SAML",
Somorovsky and others, 2012); forgery needs a weak algorithm.
"""

import binascii
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

from accounts.providers.saml.constants import (
    ASSERTION,
    C14N_EXCLUSIVE,
    CIPHERS,
    DIGEST_METHODS,
    ENCRYPTED_ASSERTION,
    KEY_CIPHERS,
    NS_MD,
    NS_SAML,
    OAEP_DIGESTS,
    RESPONSE,
    SIGNATURE,
    SIGNATURE_METHODS,
    TRANSFORMS,
    qname,
)
from accounts.providers.saml.message_grammar import find_violation, local_name
from accounts.providers.saml.safe_xml import (
    Rejected,
    decode_utf8,
    iter_with_parents,
    parse,
    refuse_declarations,
)
from accounts.providers.saml.status import SignInFailed, read_status

MESSAGE_LIMIT = 1_500_000
"""Bytes of a message at most: 5,000 groups fit."""

NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
"""An ID (SAML Core 1.3.4), in ASCII: nothing that an XPath or a URI reference reads otherwise."""


def decode_message(encoded: str) -> bytes:
    """Return the XML behind a posted SAMLResponse: strict base64 (SAML Bindings 3.5.4).

    Nothing is inflated: DEFLATE belongs to the HTTP-Redirect binding. Raise Rejected.
    """
    compact = re.sub(r"[ \t\r\n]", "", encoded)
    if len(compact) > MESSAGE_LIMIT * 4 // 3 + 4:
        raise Rejected("size", f"more than {MESSAGE_LIMIT} bytes")

    padding = len(compact) - len(compact.rstrip("="))
    if len(compact) % 4 or padding > 2:
        raise Rejected("base64", "not base64: its length or padding is wrong")

    try:
        return binascii.a2b_base64(compact, strict_mode=True)
    except (ValueError, binascii.Error) as error:
        raise Rejected("base64", f"not base64: {str(error)[:80]}") from error


def parse_response(xml: bytes) -> ET.Element:
    """Return the root of a message that keeps all RULES.

    Raise Rejected with the rule that it breaks, SignInFailed where the identity provider says that
    it signed nobody in. No signature is verified yet.
    """
    if not xml or len(xml) > MESSAGE_LIMIT:
        raise Rejected("size", "empty, or too large")

    refuse_declarations(decode_utf8(xml))
    root = parse(xml)
    _raise_failure(root)

    for rule, find_problem in RULES.items():
        problem = find_problem(root)
        if problem:
            raise Rejected(rule, problem)
    return root


def _raise_failure(root: ET.Element) -> None:
    """Raise SignInFailed for a response without an assertion whose status is not success."""
    is_response = root.tag == RESPONSE
    has_assertion = any(element.tag in (ASSERTION, ENCRYPTED_ASSERTION) for element in root.iter())
    if not is_response or has_assertion:
        return

    status = read_status(root)
    if status.codes and not status.is_success:
        raise SignInFailed(status, root.get("InResponseTo", ""))


def is_encrypted(response: ET.Element) -> bool:
    """Return whether the assertion is encrypted, and not decrypted yet."""
    return response.find(f"{ENCRYPTED_ASSERTION}/{qname('xenc:EncryptedData')}") is not None


def find_assertion(response: ET.Element) -> ET.Element | None:
    """Return the one assertion, plain or decrypted; None while it is encrypted."""
    assertion = response.find(ASSERTION)
    if assertion is None:
        assertion = response.find(f"{ENCRYPTED_ASSERTION}/{ASSERTION}")
    return assertion


def _check_single_assertion(response: ET.Element) -> str:
    """Require exactly one assertion, plain or encrypted, directly under the response.

    SAML Core 3.3.3 allows any number. With one, there is no doubt which one was signed and which
    one is read.
    """
    encrypted = response.findall(ENCRYPTED_ASSERTION)
    count = len(encrypted) + len(response.findall(ASSERTION))
    if count != 1:
        return f"{count} assertions"

    # EncryptedData; or, once pysaml2 has decrypted it, the assertion in its place
    if encrypted:
        contents = [
            local_name(child.tag)
            for child in encrypted[0]
            if child.tag != qname("xenc:EncryptedKey")
        ]
        if len(contents) != 1:
            return f"{contents} within the encrypted assertion"

    # the response, and the assertion; a decrypted one has its EncryptedAssertion around it still
    expected_layers = 2
    if encrypted and not is_encrypted(response):
        expected_layers = 3
    layers = 0
    for element in response.iter():
        if element.tag in (RESPONSE, ASSERTION, ENCRYPTED_ASSERTION):
            layers += 1
    if layers != expected_layers:
        return "an assertion or a response within another"
    return ""


def _check_ids(root: ET.Element) -> str:
    """Require IDs in the attribute that their standard defines, well-formed and unique.

    SAML Core 1.3.4. xmlsec1 finds what a signature covers by its ID. An ID in `id` or `xml:id`, or
    the same one twice, might lead it to another element than the one that is read.
    """
    ids: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if local_name(name).lower() != "id":
                continue
            if name != _id_attribute_of(element):
                return f"an ID in the attribute {local_name(name)!r}"
            if value in ids or not NCNAME.fullmatch(value):
                return "an ID that is there twice, or malformed"
            ids.add(value)

    assertion = find_assertion(root)
    if not root.get("ID") or (assertion is not None and not assertion.get("ID")):
        return "no ID"
    return ""


def _id_attribute_of(element: ET.Element) -> str:
    """Return `ID` for elements of SAML, `Id` for those of XML Signature and XML Encryption."""
    if element.tag.startswith((f"{{{NS_SAML}", f"{{{NS_MD}", RESPONSE)):
        return "ID"
    return "Id"


def _check_signature_placement(root: ET.Element) -> str:
    """Require of signatures that they stand in response or assertion and cover just that.

    SAML Core 5.4.2. The assertion has one of its own, as SAML Profiles 4.1.4.5 demands of the
    HTTP-POST binding.
    """
    for parent, element in iter_with_parents(root):
        if element.tag != SIGNATURE:
            continue
        if parent is None or parent.tag not in (RESPONSE, ASSERTION):
            return "a signature in an unexpected place"
        # an empty URI would mean the whole document
        reference = element.find(f"{qname('ds:SignedInfo')}/{qname('ds:Reference')}")
        if reference is None or reference.get("URI") != f"#{parent.get('ID')}":
            return "a signature that covers something else than what it is in"

    assertion = find_assertion(root)
    if assertion is not None and assertion.find(SIGNATURE) is None:
        return "the assertion is not signed"
    return ""


def _check_signature_algorithms(root: ET.Element) -> str:
    """Require accepted algorithms, and the two transforms of SAML's profile, of signatures.

    SAML Core 5.4.1, 5.4.3 and 5.4.4.
    """
    for signature in root.iter(SIGNATURE):
        signed_info = signature.find(qname("ds:SignedInfo"))
        if signed_info is None:
            return "no SignedInfo"

        algorithms = _read_algorithms(signed_info)
        transforms = [
            transform.get("Algorithm") for transform in signed_info.iter(qname("ds:Transform"))
        ]
        are_accepted = (
            algorithms.get("CanonicalizationMethod") == C14N_EXCLUSIVE
            and algorithms.get("SignatureMethod") in SIGNATURE_METHODS
            and algorithms.get("DigestMethod") in DIGEST_METHODS
            and transforms == TRANSFORMS
        )

        # HMACOutputLength could cut a signature to one bit (CVE-2009-0217)
        has_parameters = any(
            len(method) > 0 for method in signed_info.iter(qname("ds:SignatureMethod"))
        )
        if not are_accepted or has_parameters:
            return f"an algorithm that is not accepted: {sorted(algorithms.values())} {transforms}"
    return ""


def _read_algorithms(signed_info: ET.Element) -> dict[str, str]:
    """Return the algorithm of each element within SignedInfo, by the element's local name."""
    algorithms = {}
    for element in signed_info.iter():
        algorithm = element.get("Algorithm")
        if algorithm:
            algorithms[local_name(element.tag)] = algorithm
    return algorithms


def _check_encryption(root: ET.Element) -> str:
    """Require accepted algorithms of all that is encrypted, and no reference to elsewhere."""
    for element in root.iter():
        problem = ""
        if element.tag == qname("xenc:EncryptedData"):
            problem = _find_weak_cipher(element, CIPHERS)
        elif element.tag == qname("xenc:EncryptedKey"):
            problem = _find_weak_cipher(element, KEY_CIPHERS)
        elif element.tag == qname("xenc:EncryptionMethod"):
            problem = _find_weak_oaep_digest(element)
        elif element.tag in (qname("ds:RetrievalMethod"), qname("xenc:DataReference")):
            problem = _find_reference_to_elsewhere(element)
        if problem:
            return problem
    return ""


def _find_weak_cipher(encrypted: ET.Element, accepted: frozenset[str]) -> str:
    method = encrypted.find(qname("xenc:EncryptionMethod"))
    algorithm = ""
    if method is not None:
        algorithm = method.get("Algorithm", "")

    if algorithm not in accepted:
        return f"encrypted by {algorithm!r}"
    return ""


def _find_weak_oaep_digest(method: ET.Element) -> str:
    digests = {digest.get("Algorithm") for digest in method.iter(qname("ds:DigestMethod"))}
    if not digests <= OAEP_DIGESTS:
        return f"encrypted with the digest {digests}"
    return ""


def _find_reference_to_elsewhere(reference: ET.Element) -> str:
    uri = reference.get("URI", "")
    if not re.fullmatch(rf"#{NCNAME.pattern}", uri):
        return "a reference to something outside the message"
    return ""


RULES: dict[str, Callable[[ET.Element], str]] = {
    "assertions": _check_single_assertion,
    "shape": find_violation,
    "ids": _check_ids,
    "signatures": _check_signature_placement,
    "algorithms": _check_signature_algorithms,
    "encryption": _check_encryption,
}
"""Each says what is wrong, or returns "". A test turns each one off to see what it holds back."""
