"""Messages as honest identity providers send them; and what comes through without each guard."""

from itertools import cycle
from typing import Any

import pytest

from accounts.models import OnceRecord, Person
from accounts.providers.saml import (
    idp_registry,
    message_guard,
    pysaml2_client,
    safe_xml,
    validation,
)
from tests.support.saml_hostile import HOSTILE
from tests.support.saml_kit import (
    AUDIENCE,
    DS,
    EMAIL,
    ENTRA,
    MORE,
    OKTA,
    PERSISTENT,
    XENC,
    Attribute,
    Idp,
    at,
    key_pair,
)
from tests.support.saml_stage import (
    connect,
    message_form,
    post_form,
    post_response,
    signed_in_person,
    start_sign_in,
    use_own_certificate,
)

URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
UNSPECIFIED_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
MS = "http://schemas.microsoft.com"
SOAP = "http://schemas.xmlsoap.org"
CERTIFICATE = (
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate>"
    "</ds:X509Data></ds:KeyInfo>"
)

OKTA_GROUPS = (
    Attribute("displayName", ("Alice Archer",), format=UNSPECIFIED),
    Attribute("groups", ("Everyone", "developers")),
)
ENTRA_CLAIMS = (
    Attribute(
        f"{MS}/identity/claims/tenantid", ("11111111-2222-3333-4444-555555555555",), format=""
    ),
    Attribute(f"{MS}/identity/claims/displayname", ("Alice Archer",), format=""),
    Attribute(
        f"{MS}/ws/2008/06/identity/claims/groups",
        ("aaaaaaaa-1111-2222-3333-444444444444",),
        format="",
    ),
    Attribute(f"{SOAP}/ws/2005/05/identity/claims/name", ("alice@example.com",), format=""),
)
ADFS_CLAIMS = (
    Attribute(f"{SOAP}/claims/Group", ("EXAMPLE\\developers", "EXAMPLE\\Domain Users"), format=""),
    Attribute(f"{SOAP}/ws/2005/05/identity/claims/upn", ("alice@example.com",), format=""),
)
KEY_INFO = CERTIFICATE.format(key_pair("okta").certificate_base64)
KEYCLOAK_KEY = KEY_INFO.replace(
    "<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>FJ86GcF3jTbNLOco4NvZ</ds:KeyName>"
)
CONSENT = ' Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"'
TARGETED = "<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema"
INSTANCE = f"{XML_SCHEMA}-instance"


def typed(xsi_type: str, text: str = "", more: str = "") -> Attribute:
    """Return groups as one value of a type of XML Schema, whose prefix the value declares."""
    prefix = xsi_type.partition(":")[0]
    value = (
        f'<saml:AttributeValue xmlns:xsi="{INSTANCE}" xmlns:{prefix}="{XML_SCHEMA}"'
        f' xsi:type="{xsi_type}"{more}>{text}</saml:AttributeValue>'
    )
    return Attribute("groups", raw=value)


def far_typed(xsi_type: str) -> dict[str, Any]:
    """Return an empty value whose type's prefix the response declares, as Java libraries do."""
    prefix = xsi_type.partition(":")[0]
    namespaces = f' xmlns:{prefix}="{XML_SCHEMA}" xmlns:xsi="{INSTANCE}"'
    value = f'<saml:AttributeValue xsi:type="{xsi_type}"/>'
    return {
        "attributes": (Attribute("groups", raw=value),),
        "extra": {"assertion-attributes": namespaces},
    }


NIL = Attribute("groups", raw=f'<saml:AttributeValue xmlns:xsi="{INSTANCE}" xsi:nil="true"/>')
NO_GROUPS: dict[str, dict[str, Any]] = {
    "an attribute without values": {"attributes": (Attribute("groups"),)},
    "an empty value": {"attributes": (Attribute("groups", ("",)),)},
    "blanks": {"attributes": (Attribute("groups", (" \n ",)),)},
    "nil": {"attributes": (NIL,)},
    "nil and typed": {"attributes": (typed("xs:string", more=' xsi:nil="true"'),)},
    "typed": {"attributes": (typed("xs:string"),)},
    "typed, another prefix": {"attributes": (typed("xsd:string"),)},
    "typed, any prefix": {"attributes": (typed("schema:string"),)},
    "typed, any type": {"attributes": (typed("xs:anyType"),)},
    "typed, no type of pysaml2's": {"attributes": (typed("xs:token"),)},
    "typed at a distance": far_typed("xs:string"),
    "typed at a distance, another prefix": far_typed("xsd:string"),
    "typed at a distance, any prefix": far_typed("ns1:string"),
    "typed, and a text beside": {
        "attributes": (typed("xs:string"), Attribute("mail", ("alice@example.com",)))
    },
}
"""No groups at all, as identity providers say it."""

KEYCLOAK_ROLES = tuple(Attribute("groups", (f"/team-{n}",)) for n in range(40))
BOTH = ("assertion", "response")


def precise(**shift: float) -> Any:
    """Return what makes a time with seven digits of a second, when the message is built."""
    return lambda: at(**shift).replace("Z", "1234Z")


def soon(**shift: float) -> Any:
    """Return what makes a time when the message is built."""
    return lambda: at(**shift)


VALID: dict[str, dict[str, Any]] = {
    "as Okta by default: both signed": {
        "signs": BOTH,
        "attributes": OKTA_GROUPS,
        "key_info": KEY_INFO,
    },
    "as Okta: the assertion signed": {"attributes": OKTA_GROUPS, "key_info": KEY_INFO},
    "as Okta: an unspecified NameID": {"subject_format": UNSPECIFIED_NAME},
    "as Okta: encrypted, AES-256-CBC": {
        "encrypts": "OURS",
        "signs": BOTH,
        "attributes": OKTA_GROUPS,
    },
    "as Okta: encrypted, AES-128-CBC": {"encrypts": "OURS", "cipher": "aes128-cbc"},
    "as Okta: encrypted, AES-256-GCM": {"encrypts": "OURS", "cipher": "aes256-gcm"},
    "as Entra by default: the assertion signed": {
        "attributes": ENTRA_CLAIMS,
        "subject_format": EMAIL,
    },
    "as Entra: a persistent NameID": {"subject_format": PERSISTENT, "subject": "kY7g0Kc2p+rZ/Q=="},
    "as Entra: both signed": {"attributes": ENTRA_CLAIMS, "signs": BOTH},
    "as Entra: times of seven digits": {"issued": precise(), "until": precise(minutes=5)},
    "as Entra: encrypted": {
        "attributes": ENTRA_CLAIMS,
        "encrypts": "OURS",
        "signs": ("assertion",),
    },
    "as OneLogin: memberOf as one value": {
        "attributes": (Attribute("memberOf", ("CN=a,OU=b;CN=c,OU=d",)),)
    },
    "as OneLogin: no groups": {"attributes": (Attribute("User.email", ("alice@example.com",)),)},
    "as OneLogin: a session's end": {"session_until": soon(hours=10)},
    "as ADFS: DOMAIN\\group": {"attributes": ADFS_CLAIMS, "subject_format": None},
    "as ADFS: consent": {"attributes": ADFS_CLAIMS, "extra": {"response-attributes": CONSENT}},
    "as ADFS: encrypted and all signed": {
        "attributes": ADFS_CLAIMS,
        "encrypts": "OURS",
        "signs": BOTH,
    },
    "as ADFS: SHA-512": {"signature_algorithm": f"{MORE}rsa-sha512", "digest": f"{XENC}sha512"},
    "as Keycloak: a key's name": {"key_info": KEYCLOAK_KEY, "signs": BOTH},
    "as Keycloak: each role an attribute": {"attributes": KEYCLOAK_ROLES},
    "as Keycloak: OneTimeUse": {"extra": {"in-conditions": "<saml:OneTimeUse/>"}},
    "as Keycloak: encrypted, its key signed too": {"encrypts": "OURS", "key_info": KEYCLOAK_KEY},
    "no attributes": {"attributes": ()},
    "no destination, as nothing signs it": {"destination": None},
    "no issuer of the response": {"response_issuer": ""},
    "SHA-384": {"signature_algorithm": f"{MORE}rsa-sha384", "digest": f"{MORE}sha384"},
    "an XML declaration": {"prolog": '<?xml version="1.0" encoding="UTF-8"?>\n'},
    "an audience among others": {"audiences": (("https://other.example/", AUDIENCE),)},
    "two restrictions, both ours": {
        "audiences": ((AUDIENCE,), (AUDIENCE, "https://other.example/"))
    },
    "a clock 50 s ahead": {"issued": soon(seconds=50), "not_before": soon(seconds=50)},
    "a clock 50 s behind": {"until": soon(seconds=-45), "confirmed_until": soon(seconds=-45)},
    "for ever": {"until": "9999-12-31T23:59:59.999Z", "confirmed_until": "9999-12-31T23:59:59Z"},
    "since ever": {"not_before": "0001-01-01T00:00:00Z"},
    "a session for ever": {"session_until": "9999-12-31T23:59:59.9999999Z"},
    "no NotBefore": {"not_before": None},
    "blanks around names": {
        "subject": "\n  alice@example.com\n",
        "audiences": ((f"\n {AUDIENCE} ",),),
    },
    "a name with an ampersand": {"subject": "a&amp;b@example.com"},
    "a name with letters of elsewhere": {"subject": "ålice@exämple.com"},
    "a NameID in an attribute": {"attributes": (Attribute("eduPersonTargetedID", raw=TARGETED),)},
    "a number": {"attributes": (typed("xs:integer", "42"), Attribute("groups", ("a",)))},
    "no number, though it says so": {"attributes": (typed("xs:integer", "many"),)},
    "a type of another prefix": {"attributes": (typed("schema:string", "developers"),)},
    "an EC key": {"signer": "okta-ec", "curve": True, "signature_algorithm": f"{MORE}ecdsa-sha256"},
}


def about_to_send(idp: Idp, name: str, assertion_id: str) -> Idp:
    """Return an identity provider about to send a valid shape."""
    changes = {key: value() if callable(value) else value for key, value in VALID[name].items()}
    return idp.with_changes(**{"assertion_id": assertion_id, **changes})


def signing_key(certificate: str) -> str:
    """Return a signing key as metadata has it."""
    key_info = CERTIFICATE.format(certificate)
    key_info = key_info.replace("<ds:KeyInfo>", f"<ds:KeyInfo xmlns:ds='{DS}'>")
    return f'<md:KeyDescriptor use="signing">{key_info}</md:KeyDescriptor>'


@pytest.fixture
def stage(connected, tmp_path, monkeypatch):
    """Let Okta have an RSA and an EC key, and "OURS" stand for cooper's certificate."""
    use_own_certificate(tmp_path, monkeypatch)
    ec_key = signing_key(key_pair("okta-ec", curve=True).certificate_base64)
    end_of_key = "</md:KeyDescriptor>"
    metadata = OKTA.metadata().replace(end_of_key, f"{end_of_key}{ec_key}", 1)
    file = tmp_path / "both.xml"
    file.write_text(metadata)
    idp_registry.refresh("okta", str(file))


def test_somebody_who_lost_all_groups_signs_in_without_any(stage, client_of):
    ways = cycle(({}, {"signs": BOTH}, {"encrypts": "OURS"}, {"encrypts": "OURS", "signs": BOTH}))
    refused = {}
    for number, name in enumerate(NO_GROUPS):
        browser = client_of(None)
        changes = {"assertion_id": f"_n{number}", **NO_GROUPS[name], **next(ways)}
        response = post_response(browser, start_sign_in(browser).with_changes(**changes))
        person = signed_in_person(browser)
        if response.status_code != 302 or not person or Person.find(person).groups:
            refused[name] = response.status_code
    assert refused == {}


def test_it_accepts_every_valid_shape(stage, client_of):
    refused = {}
    for number, name in enumerate(VALID):
        browser = client_of(None)
        idp = about_to_send(start_sign_in(browser), name, f"_v{number}")
        response = post_response(browser, idp)
        if response.status_code != 302 or not signed_in_person(browser).startswith("okta:"):
            refused[name] = response.status_code
    assert refused == {}
    assert len(VALID) >= 20


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("as Okta by default: both signed", {"okta:Everyone", "okta:developers"}),
        ("as Keycloak: each role an attribute", {f"okta:/team-{n}" for n in range(40)}),
    ],
)
def test_it_reads_groups_as_the_vendors_send_them(stage, client_of, name, groups):
    browser = client_of(None)
    post_response(browser, about_to_send(start_sign_in(browser), name, "_v1"))
    assert set(Person.find(signed_in_person(browser)).groups) == groups


def test_it_wants_a_signed_response_where_the_provider_signs_it(connected, client_of, tmp_path):
    idp_registry.remove("entra")
    connect(ENTRA, tmp_path, signs_response=True)
    browser = client_of(None)
    assert post_response(browser, start_sign_in(browser, ENTRA)).status_code == 403
    both_signed = start_sign_in(browser, ENTRA).with_changes(signs=BOTH)
    assert post_response(browser, both_signed).status_code == 302


def nothing(*arguments: Any, **named: Any) -> Any:
    """Stand for a guard that is turned off."""
    return ""


SWITCHES: dict[str, tuple[Any, str, Any]] = {
    "declarations": (message_guard, "refuse_declarations", nothing),
    "limits": (safe_xml, "_exceeds_limits", nothing),
    "size": (message_guard, "MESSAGE_LIMIT", 10**9),
    "signature": (pysaml2_client.SamlClient, "_verify_signature", nothing),
}
"""Guards that are no entry of a RULES: what to patch, by what."""

THROUGH = {
    "declarations": {
        "CDATA in the NameID",
        "Latin-1, declared",
        "XML 1.1",
        "a DOCTYPE",
        "a comment in a group",
        "a comment in the NameID",
        "a stylesheet",
        "an external DTD",
    },
    "limits": {"9,000 attributes"},
    "size": {"1.6 MB"},
    "signature": set(),
    "assertions": set(),
    "shape": {"a signature within a value", "a status detail", "extensions", "two NameIDs"},
    "ids": {"an id twice", "an odd id"},
    "signatures": set(),
    "algorithms": {
        "SHA-1 as digest",
        "SHA-1 as signature",
        "SHA-1 as signature and digest",
        "comments kept by c14n",
        "encrypted: SHA-1",
    },
    "encryption": {
        "a key to be fetched from elsewhere",
        "encrypted: by triple DES",
        "encrypted: its key by RSA 1.5",
    },
    "version": {"another version of the assertion", "version 2.1"},
    "status": set(),
    "issuer": {"another issuer of the response"},
    "request": {"encrypted: for another request"},
    "destination": {"an empty destination", "no destination in a signed response"},
    "confirmation": {
        "a confirmation not yet valid",
        "a recipient with more behind it",
        "another recipient",
        "encrypted: for another recipient",
        "our entityID as recipient",
        "sender-vouches",
    },
    "conditions": set(),
    "audience": {"two restrictions, one foreign"},
    "age": {"an assertion issued yesterday", "issued an hour ago", "issued in an hour"},
    "authentication": {"authenticated at the end of all days", "authenticated in the future"},
    "name-id": {
        "a NameID of 300 characters",
        "a NameID of a no-break space",
        "a NameID that turns the text round",
        "a NameID with a line break",
        "a NameID with a no-break space behind",
        "a blank NameID",
        "a transient NameID",
        "an empty NameID",
    },
}
"""What signs somebody in while a guard is turned off; docs/saml.md has it, too.

Where that is nothing, others stand behind the guard: another rule, xmlsec1 or pysaml2.
"""


def messages_through(client_of: Any, rule: str) -> set[str]:
    """Return which of the messages that a rule should refuse sign somebody in."""
    through = set()
    for name in HOSTILE:
        refused_by, build = HOSTILE[name]
        if refused_by != rule:
            continue
        for record in OnceRecord.everything():
            record.delete()

        browser = client_of(None)
        response = post_form(browser, message_form(build(start_sign_in(browser))))
        assert response.status_code < 500, (rule, name)
        if signed_in_person(browser):
            through.add(name)
    return through


@pytest.mark.soak
def test_what_comes_through_without_each_guard(stage, client_of, monkeypatch):
    through = {}
    for rule in [*SWITCHES, *message_guard.RULES, *validation.RULES]:
        with monkeypatch.context() as patch:
            if rule in SWITCHES:
                patch.setattr(*SWITCHES[rule])
            elif rule in message_guard.RULES:
                patch.delitem(message_guard.RULES, rule)
            else:
                patch.delitem(validation.RULES, rule)
            through[rule] = messages_through(client_of, rule)
    assert through == THROUGH
