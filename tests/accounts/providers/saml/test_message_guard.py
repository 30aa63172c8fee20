"""The guard before the libraries, rule by rule: grammar, IDs, algorithms, base64."""

import base64
import xml.etree.ElementTree as ET

import pytest

from accounts.providers.saml import message_guard
from accounts.providers.saml.constants import ATTRIBUTE_VALUE, RESPONSE, SIGNATURE, qname
from accounts.providers.saml.message_grammar import GRAMMAR, find_violation, local_name
from accounts.providers.saml.message_guard import (
    MESSAGE_LIMIT,
    RULES,
    decode_message,
    find_assertion,
    is_encrypted,
    parse_response,
)
from accounts.providers.saml.safe_xml import Rejected, parse
from tests.support.saml_kit import OKTA, SAML, XENC


def smallest(tag: str) -> ET.Element:
    """Return an element with the children that it has to have, and theirs."""
    element = ET.Element(tag)
    for child_tag, (least, _) in GRAMMAR.get(tag, {}).items():
        for _ in range(least):
            element.append(smallest(child_tag))
    return element


def path_to(tag: str) -> list[str]:
    """Return the tags from the response down to the first place of an element."""
    paths = [[RESPONSE]]
    for path in paths:
        if path[-1] == tag:
            return path
        paths.extend([*path, child] for child in GRAMMAR.get(path[-1], {}) if child not in path)
    raise AssertionError(f"the grammar has no place for {tag}")


def message_around(element: ET.Element) -> ET.Element:
    """Return a response that keeps to the grammar outside of this element."""
    for parent_tag in reversed(path_to(element.tag)[:-1]):
        parent = smallest(parent_tag)
        for sibling in list(parent):
            if sibling.tag == element.tag:
                parent.remove(sibling)
        parent.append(element)
        # those of which there must be two
        least = GRAMMAR[parent_tag][element.tag][0]
        for _ in range(least - 1):
            parent.append(smallest(element.tag))
        element = parent
    return element


CHILDREN = [
    pytest.param(parent, child, id=f"{local_name(parent)}-{local_name(child)}")
    for parent, children in GRAMMAR.items()
    for child in children
]
PARENTS = [pytest.param(parent, id=local_name(parent)) for parent in GRAMMAR]


@pytest.mark.parametrize("parent", PARENTS)
def test_the_grammar_accepts_each_element_at_its_smallest(parent):
    assert find_violation(message_around(smallest(parent))) == ""


@pytest.mark.parametrize(("parent", "child"), CHILDREN)
def test_the_grammar_counts_each_child(parent, child):
    least, most = GRAMMAR[parent][child]

    def with_children(count):
        element = smallest(parent)
        for existing in element.findall(child):
            element.remove(existing)
        element.extend(smallest(child) for _ in range(count))
        return find_violation(message_around(element))

    assert with_children(least) == with_children(most) == ""
    assert with_children(most + 1) == f"{most + 1} times {local_name(child)!r} within " + repr(
        local_name(parent)
    )
    if least:
        assert with_children(least - 1).startswith(f"{least - 1} times")


@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("stranger", ["{urn:x}Assertion", qname("saml:Advice"), "Assertion"])
def test_the_grammar_has_no_place_for_strangers(parent, stranger):
    element = smallest(parent)
    element.append(ET.Element(stranger))
    assert find_violation(message_around(element)) == (
        f"{local_name(stranger)!r} within {local_name(parent)!r}"
    )


def test_an_element_without_an_entry_has_no_children():
    leaves = {child for children in GRAMMAR.values() for child in children} - set(GRAMMAR)
    assert qname("saml:NameID") in leaves and qname("ds:SignatureMethod") in leaves
    for leaf in leaves - {ATTRIBUTE_VALUE}:
        element = ET.Element(leaf)
        ET.SubElement(element, qname("saml:NameID"))
        assert "within" in find_violation(message_around(element)), leaf


@pytest.mark.parametrize(
    ("tag", "is_accepted"),
    [
        ("{urn:vendor}Group", True),
        ("Group", True),
        (qname("saml:NameID"), True),
        (qname("saml:Issuer"), False),
        ("{urn:oasis:names:tc:SAML:1.0:assertion}Assertion", False),
        ("{urn:oasis:names:tc:SAML:2.0:protocol:ext}Anything", False),
        (qname("ds:Signature"), False),
        ("{http://www.w3.org/2001/04/xmldsig-more#}Anything", False),
        (qname("xenc11:MGF"), False),
    ],
)
def test_a_value_holds_any_xml_but_that_of_saml_and_signatures(tag, is_accepted):
    value = ET.Element(ATTRIBUTE_VALUE)
    # deep within, too
    ET.SubElement(ET.SubElement(value, "{urn:vendor}Wrapper"), tag)
    assert (find_violation(message_around(value)) == "") is is_accepted


def ids_problem(**ids: str) -> str:
    response = parse(OKTA.response().encode())
    for attribute, value in ids.items():
        response[0].set(attribute, value)
    return RULES["ids"](response)


@pytest.mark.parametrize("value", ["_a1", "1a", "", "a b", "a:b", "\u00e4", "a" * 257, "a'"])
def test_an_id_is_a_short_ascii_name_that_is_there_once(value):
    assert ids_problem(ID=value) == "an ID that is there twice, or malformed"


def test_it_accepts_an_id_on_any_element_of_saml():
    assert ids_problem(ID="_other") == ids_problem(ID="a" * 256) == ids_problem() == ""


@pytest.mark.parametrize("attribute", ["Id", "id", "iD", "{urn:x}ID", "{urn:x}id"])
def test_an_id_is_in_no_other_attribute(attribute):
    response = parse(OKTA.response().encode())
    response[0].set(attribute, "_other")
    assert RULES["ids"](response) == f"an ID in the attribute {local_name(attribute)!r}"


def test_an_assertion_without_an_id_is_refused():
    response = parse(OKTA.response().encode())
    del find_assertion(response).attrib["ID"]
    assert RULES["ids"](response) == "no ID"


def test_a_second_algorithm_in_a_signature_does_not_hide_the_first():
    response = parse(OKTA.with_changes(signs=("assertion", "response")).response().encode())
    assert RULES["algorithms"](response) == ""
    # the assertion's is as good as before; the response's, which comes first, is not
    method = response.find(SIGNATURE).find(f".//{qname('ds:SignatureMethod')}")
    method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    assert "rsa-sha1" in RULES["algorithms"](response)


def encrypted(digest: str = "", uri: str = "#_k1") -> ET.Element:
    method = f'<ds:DigestMethod Algorithm="{digest}"/>' if digest else ""
    return parse(
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p">{method}</xenc:EncryptionMethod>'
        f'<xenc:ReferenceList><xenc:DataReference URI="{uri}"/></xenc:ReferenceList>'
        "</xenc:EncryptedKey>".encode()
    )


def test_oaep_may_use_sha_1_and_sha_2_but_not_md5():
    assert RULES["encryption"](encrypted("http://www.w3.org/2000/09/xmldsig#sha1")) == ""
    assert RULES["encryption"](encrypted(f"{XENC}sha256")) == ""
    md5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
    assert md5 in RULES["encryption"](encrypted(md5))


@pytest.mark.parametrize("uri", ["", "#", "_k1", "#_k1/..", "#xpointer(/)", "https://x/#_k1"])
def test_what_is_encrypted_refers_to_an_id_of_the_message(uri):
    assert RULES["encryption"](encrypted()) == ""
    assert RULES["encryption"](encrypted(uri=uri)) == "a reference to something outside the message"


def test_it_reads_base64_with_line_breaks_as_some_send_it():
    encoded = base64.encodebytes(b"<a>" + b"x" * 200).decode()
    assert "\n" in encoded.strip() and decode_message(encoded) == b"<a>" + b"x" * 200


@pytest.mark.parametrize("encoded", ["YQ=", "YQ", "Y===", "YQ==YQ==", "Y\u00a0Q=", "YQ\0="])
def test_it_refuses_base64_that_two_readers_might_read_differently(encoded):
    with pytest.raises(Rejected) as caught:
        decode_message(encoded)
    assert caught.value.rule == "base64"


def test_it_accepts_a_message_of_the_limit_and_none_that_is_larger(monkeypatch):
    monkeypatch.setattr(message_guard, "MESSAGE_LIMIT", 9)
    assert decode_message(base64.b64encode(b"x" * 9).decode()) == b"x" * 9
    with pytest.raises(Rejected) as caught:
        decode_message(base64.b64encode(b"x" * 15).decode())
    assert caught.value.rule == "size"
    for raw in (b"", b"x" * 10):
        with pytest.raises(Rejected) as caught:
            parse_response(raw)
        assert caught.value.rule == "size"
    assert MESSAGE_LIMIT == 1_500_000


def test_it_finds_the_assertion_plain_or_decrypted_but_nowhere_else():
    plain = parse(OKTA.response().encode())
    assert find_assertion(plain).get("ID") == "_a1" and not is_encrypted(plain)
    wrapper = f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{{}}</saml:EncryptedAssertion>'
    decrypted = parse(OKTA.response(wrapper.format(OKTA.assertion())).encode())
    assert find_assertion(decrypted).get("ID") == "_a1" and not is_encrypted(decrypted)
    data = f'<xenc:EncryptedData xmlns:xenc="{XENC}"/>'
    encrypted_response = parse(OKTA.response(wrapper.format(data)).encode())
    assert find_assertion(encrypted_response) is None and is_encrypted(encrypted_response)
    elsewhere = OKTA.response(f'<x xmlns="urn:x">{OKTA.assertion()}</x>')
    assert find_assertion(parse(elsewhere.encode())) is None
