"""Messages that no honest identity provider sends, each with the rule that refuses it."""

import base64
import gzip
import re
import zlib
from collections.abc import Callable
from typing import Any

from tests.support.saml_kit import (
    ACS,
    AUDIENCE,
    DS,
    EMAIL,
    ENTRA,
    ENVELOPED,
    EXC,
    MORE,
    OKTA,
    SAML,
    SAMLP,
    SP,
    TRANSIENT,
    XENC,
    Attribute,
    Idp,
    at,
    key_pair,
)

MessageBuilder = Callable[[Idp], Any]
"""Returns an Idp, XML, or the fields of a form, for an honest Idp about to answer a request."""

HOSTILE: dict[str, tuple[str, MessageBuilder]] = {}
"""By name: the rule that refuses the message, and its builder."""

EVIL = "mallory@example.com"


def case(name: str, rule: str, build: MessageBuilder) -> None:
    """Add a message."""
    assert name not in HOSTILE, name
    HOSTILE[name] = (rule, build)


def changed(name: str, rule: str, **changes: Any) -> None:
    """Add a message that says something else than the honest one, and is signed."""
    case(name, rule, lambda idp: idp.with_changes(**changes))


def edited(name: str, rule: str, old: str, new: str, **changes: Any) -> None:
    """Add a message that was changed after it was signed."""

    def build(idp: Idp) -> str:
        honest = idp.with_changes(**changes).build()
        assert re.search(old, honest), name
        return re.sub(old, new, honest, count=1)

    case(name, rule, build)


def form(name: str, rule: str, build: Callable[[str], list[tuple[str, str]]]) -> None:
    """Add a form made of the honest message in base64."""
    case(name, rule, lambda idp: build(base64.b64encode(idp.build().encode()).decode()))


def raw(name: str, rule: str, build: Callable[[str], bytes | str]) -> None:
    """Add bytes made of the honest message."""
    case(name, rule, lambda idp: build(idp.build()))


# -- forms and bytes --
form("no message", "form", lambda m: [("other", "x")])
form("an empty message", "size", lambda m: [("SAMLResponse", "")])
form("two messages", "form", lambda m: [("SAMLResponse", m), ("SAMLResponse", m)])
form(
    "two states", "form", lambda m: [("SAMLResponse", m), ("RelayState", "/"), ("RelayState", "/")]
)
form("fifty fields", "form", lambda m: [("SAMLResponse", m), *[(f"a{n}", "x") for n in range(50)]])
form("not base64", "base64", lambda m: [("SAMLResponse", "<samlp:Response/>")])
form("base64 with a star in it", "base64", lambda m: [("SAMLResponse", m[:40] + "*" + m[40:])])
form("base64 of the URL kind", "base64", lambda m: [("SAMLResponse", m[:40] + "-_" + m[42:])])
form("base64 without its end", "base64", lambda m: [("SAMLResponse", m.rstrip("=")[:-1])])
form("base64 with a second end", "base64", lambda m: [("SAMLResponse", m + "====")])
form("base64 in letters of no use", "base64", lambda m: [("SAMLResponse", "Ａ" + m)])
raw("a deflated message", "encoding", lambda x: zlib.compress(x.encode())[2:-4])
raw("a deflated bomb", "encoding", lambda x: zlib.compress(b"<" + b"a" * 50_000_000, 9))
raw("a gzipped message", "encoding", lambda x: gzip.compress(x.encode()))
raw("no XML", "well-formed", lambda x: "hello")
raw("JSON", "well-formed", lambda x: '{"SAMLResponse": 1}')
raw("a page", "declarations", lambda x: "<!doctype html><html><body>Sign in</body></html>")
raw("UTF-16", "encoding", lambda x: x.encode("utf-16"))
raw(
    "Latin-1, declared", "declarations", lambda x: '<?xml version="1.0" encoding="ISO-8859-1"?>' + x
)
raw("UTF-7, declared", "declarations", lambda x: '<?xml version="1.0" encoding="UTF-7"?>' + x)
raw("EBCDIC, declared", "declarations", lambda x: '<?xml version="1.0" encoding="cp037"?>' + x)
raw("XML 1.1", "declarations", lambda x: '<?xml version="1.1"?>' + x)
raw("bytes that are no text", "encoding", lambda x: x.encode().replace(b"alice", b"al\xffce"))
raw("a NUL", "encoding", lambda x: x.replace("alice", "al\0ce"))
raw("a control character", "well-formed", lambda x: x.replace("alice", "al\x01ce"))
raw("two roots", "well-formed", lambda x: x + x)
raw("a cut message", "well-formed", lambda x: x[: len(x) // 2])
raw("an unbound prefix", "well-formed", lambda x: x.replace("<saml:Subject>", "<evil:Subject>"))
raw("an attribute twice", "well-formed", lambda x: x.replace(' ID="_a1"', ' ID="_a1" ID="_a2"'))
raw("a DOCTYPE", "declarations", lambda x: "<!DOCTYPE a>" + x)
raw(
    "a billion laughs",
    "declarations",
    lambda x: '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>' + x,
)
raw(
    "an external entity",
    "declarations",
    lambda x: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + x,
)
raw(
    "an external DTD",
    "declarations",
    lambda x: '<!DOCTYPE a SYSTEM "https://evil.example/a.dtd">' + x,
)
raw(
    "a parameter entity",
    "declarations",
    lambda x: '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///dev/zero">%b;]>' + x,
)
raw("an undefined entity", "well-formed", lambda x: x.replace("alice", "&alice;"))
raw("a stylesheet", "declarations", lambda x: '<?xml-stylesheet href="https://evil.example/"?>' + x)
raw("an instruction in the NameID", "declarations", lambda x: x.replace("alice@", "<?evil?>alice@"))
raw(
    "a comment in the NameID",
    "declarations",
    lambda x: x.replace("alice@example.com", "alice<!---->@example.com"),
)
raw("a comment in a group", "declarations", lambda x: x.replace("developers", "dev<!-- -->elopers"))
raw(
    "CDATA in the NameID",
    "declarations",
    lambda x: x.replace("alice@example.com", "<![CDATA[alice@example.com]]>"),
)
raw(
    "5,000 levels",
    "limits",
    lambda x: x.replace("<saml:Issuer>", "<a>" * 5000 + "<saml:Issuer>", 1),
)
raw(
    "60,000 elements",
    "limits",
    lambda x: x.replace("<saml:Issuer>", "<a/>" * 60_000 + "<saml:Issuer>", 1),
)
raw(
    "9,000 attributes",
    "limits",
    lambda x: x.replace(
        ' ID="_r1"', " ".join(["", *[f'a{n}="x"' for n in range(9000)], 'ID="_r1"'])
    ),
)
raw("1.6 MB", "size", lambda x: x + " " * 1_600_000)
raw("2.2 MB", "size", lambda x: x + " " * 2_200_000)
raw(
    "an assertion alone",
    "assertions",
    lambda x: x[x.index("<saml:Assertion") : x.index("</samlp:Response>")],
)
raw(
    "a LogoutRequest",
    "assertions",
    lambda x: f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" ID="_1" InResponseTo="_2"/>',
)
raw(
    "an AuthnRequest",
    "assertions",
    lambda x: f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" ID="_1" InResponseTo="_2"/>',
)
raw(
    "an envelope",
    "assertions",
    lambda x: (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" InResponseTo="_1">'
        f"{x}</s:Envelope>"
    ),
)
raw(
    "an ArtifactResponse",
    "assertions",
    lambda x: f'<samlp:ArtifactResponse xmlns:samlp="{SAMLP}">{x}</samlp:ArtifactResponse>',
)
raw("SAML 1.1", "assertions", lambda x: x.replace(SAML, "urn:oasis:names:tc:SAML:1.0:assertion"))
raw(
    "another protocol",
    "assertions",
    lambda x: x.replace(SAMLP, "urn:oasis:names:tc:SAML:2.0:protocol:evil"),
)

# -- signatures --
changed("nothing signed", "signatures", signs=())
changed("the response signed alone", "signatures", signs=("response",))
changed("signed by a foreign key", "signature", signer="rogue")
changed("signed by the other provider's key", "signature", signer="entra")
changed(
    "both signed by a foreign key", "signature", signer="rogue", signs=("assertion", "response")
)
changed(
    "signed by an EC key of a stranger",
    "signature",
    signer="rogue",
    curve=True,
    signature_algorithm=f"{MORE}ecdsa-sha256",
)
changed(
    "a foreign key's certificate in KeyInfo",
    "signature",
    signer="rogue",
    key_info="<ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
    + key_pair("rogue").certificate_base64
    + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
)
changed(
    "a foreign key in KeyInfo",
    "signature",
    signer="rogue",
    key_info="<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>",
)
changed(
    "a key to be fetched",
    "shape",
    key_info='<ds:KeyInfo><ds:RetrievalMethod URI="https://evil.example/"/>'
    "<ds:MgmtData/></ds:KeyInfo>",
)
changed(
    "a key to be fetched from elsewhere",
    "encryption",
    key_info='<ds:KeyInfo><ds:RetrievalMethod URI="https://evil.example/"/></ds:KeyInfo>',
)
changed("SHA-1 as signature", "algorithms", signature_algorithm=f"{DS}rsa-sha1")
changed("SHA-1 as digest", "algorithms", digest=f"{DS}sha1")
changed(
    "SHA-1 as signature and digest",
    "algorithms",
    signature_algorithm=f"{DS}rsa-sha1",
    digest=f"{DS}sha1",
)
edited("MD5", "algorithms", f"{MORE}rsa-sha256", f"{MORE}rsa-md5")
edited("HMAC with the public key", "algorithms", f"{MORE}rsa-sha256", f"{MORE}hmac-sha256")
edited("HMAC with SHA-1", "algorithms", f"{MORE}rsa-sha256", f"{DS}hmac-sha1")
edited("DSA", "algorithms", f"{MORE}rsa-sha256", f"{DS}dsa-sha1")
edited("no algorithm", "algorithms", f"{MORE}rsa-sha256", "none")
edited("an empty algorithm", "algorithms", f"{MORE}rsa-sha256", "")
edited(
    "another signature algorithm than was used",
    "signature",
    f"{MORE}rsa-sha256",
    f"{MORE}rsa-sha512",
)
edited(
    "a signature cut to one bit",
    "shape",
    r"(<ds:SignatureMethod [^>]*)/>",
    r"\1><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>",
)
edited("no signature value", "signature", r"<ds:SignatureValue>[^<]*<", "<ds:SignatureValue><")
edited(
    "a changed signature value",
    "signature",
    r"<ds:SignatureValue>.{8}",
    "<ds:SignatureValue>AAAAAAAA",
)
edited("a changed digest", "signature", r"<ds:DigestValue>.{8}", "<ds:DigestValue>AAAAAAAA")
edited("the signature taken away", "signatures", r"(?s)<ds:Signature .*</ds:Signature>", "")
edited("another subject", "signature", "alice@example.com", EVIL)
edited("another group", "signature", ">developers<", ">admins<")
edited(
    "a group more",
    "signature",
    "</saml:Attribute>",
    "<saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>",
)
edited(
    "a later end", "signature", r'(SubjectConfirmationData [^>]*NotOnOrAfter=")\d{4}', r"\g<1>2999"
)
edited("another assertion id", "signatures", ' ID="_a1"', ' ID="_a2"')
edited(
    "a response changed after it was signed",
    "signature",
    f'Destination="{ACS}"',
    f'Destination="{ACS}?"',
    signs=("assertion", "response"),
)
changed("comments kept by c14n", "algorithms", canonical=f"{EXC}WithComments")
changed("another c14n", "algorithms", canonical="http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
changed("a transform less", "shape", transforms=(EXC,))
changed("a transform more", "shape", transforms=(ENVELOPED, EXC, EXC))
edited(
    "transforms in the other order",
    "algorithms",
    r"(<ds:Transform [^>]*/>)(<ds:Transform [^>]*/>)",
    r"\2\1",
)
edited(
    "an XSLT",
    "shape",
    r'<ds:Transform Algorithm="[^"]*exc[^"]*"/>',
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/></ds:Transform>',
)
edited(
    "an XSLT without its sheet",
    "algorithms",
    r'<ds:Transform Algorithm="[^"]*exc[^"]*"/>',
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
)
edited(
    "an XPath",
    "shape",
    r'<ds:Transform Algorithm="[^"]*exc[^"]*"/>',
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
    "<ds:XPath>1</ds:XPath></ds:Transform>",
)
edited(
    "base64 as transform",
    "algorithms",
    r'<ds:Transform Algorithm="[^"]*exc[^"]*"/>',
    f'<ds:Transform Algorithm="{DS}base64"/>',
)
edited(
    "a second reference", "shape", "</ds:SignedInfo>", '<ds:Reference URI="#_r1"/></ds:SignedInfo>'
)
edited("a reference to everything", "signatures", 'URI="#_a1"', 'URI=""')
edited("a reference to the response", "signatures", 'URI="#_a1"', 'URI="#_r1"')
edited("a reference by XPointer", "signatures", 'URI="#_a1"', "URI=\"#xpointer(id('_a1'))\"")
edited("a reference to elsewhere", "signatures", 'URI="#_a1"', 'URI="https://evil.example/a.xml"')
edited("a reference to a file", "signatures", 'URI="#_a1"', 'URI="file:///etc/passwd"')
edited("a reference without address", "signatures", ' URI="#_a1"', "")
edited(
    "an object in the signature",
    "shape",
    "</ds:Signature>",
    "<ds:Object>x</ds:Object></ds:Signature>",
)
edited(
    "a manifest", "shape", "</ds:Signature>", "<ds:Object><ds:Manifest/></ds:Object></ds:Signature>"
)
edited(
    "the signature in the subject",
    "shape",
    r"(?s)(<ds:Signature .*</ds:Signature>)<saml:Subject>",
    r"<saml:Subject>\1",
)
edited(
    "the signature in the status",
    "shape",
    r"(?s)(<samlp:Status>)(.*?)(<ds:Signature .*</ds:Signature>)",
    r"\1\3\2",
)
edited("two signatures", "shape", r"(?s)(<ds:Signature .*</ds:Signature>)", r"\1\1")
edited("an id twice", "ids", ' ID="_r1"', ' ID="_a1"')
edited("an xml:id", "ids", "<saml:Subject>", '<saml:Subject xml:id="_a1">')
edited("an id in small letters", "ids", "<saml:Subject>", '<saml:Subject id="_a1">')
edited("an Id on a subject", "ids", "<saml:Subject>", '<saml:Subject Id="_a9">')
edited("an ID on a signature", "ids", "<ds:SignedInfo>", '<ds:SignedInfo ID="_a9">')
edited("no id", "ids", ' ID="_r1"', "")
edited("an odd id", "ids", ' ID="_r1"', ' ID="#_a1"')

# -- wrapping: the signed assertion is carried along somewhere, and another one is to be read --
CARRIERS: dict[str, str | tuple[str, str]] = {
    "before it": "{genuine}{evil}",
    "after it": "{evil}{genuine}",
    "in extensions": "<samlp:Extensions>{genuine}</samlp:Extensions>{evil}",
    "in a status detail": "<samlp:StatusDetail>{genuine}</samlp:StatusDetail>{evil}",
    "in a second response": (
        '<samlp:Response ID="_r2" Version="2.0">{genuine}</samlp:Response>{evil}'
    ),
    "in the evil one's advice": (
        "</saml:Assertion>",
        "<saml:Advice>{genuine}</saml:Advice></saml:Assertion>",
    ),
    "in the evil one's value": (">developers<", ">{genuine}<"),
    "in the evil one's signature": (
        "</ds:Signature>",
        "<ds:Object>{genuine}</ds:Object></ds:Signature>",
    ),
    "in the evil one's key": (
        "<ds:SignatureValue>",
        "<ds:KeyInfo>{genuine}</ds:KeyInfo><ds:SignatureValue>",
    ),
    "in the evil one's subject": ("</saml:Subject>", "{genuine}</saml:Subject>"),
    "in the evil one's confirmation": (
        "<saml:SubjectConfirmationData",
        "{genuine}<saml:SubjectConfirmationData",
    ),
    "in the evil one's conditions": ("</saml:Conditions>", "{genuine}</saml:Conditions>"),
    "at the evil one's end": ("</saml:Assertion>", "{genuine}</saml:Assertion>"),
}
"""Both assertions; or what in the evil one is replaced by what, to carry the genuine one."""

SIGNATURE = re.compile(r"(?s)<ds:Signature .*?</ds:Signature>")


def wrapped(carrier: str | tuple[str, str], kind: str) -> MessageBuilder:
    """Return what builds a message in which an evil assertion stands before the signed one."""

    def build(idp: Idp) -> str:
        message = idp.build()
        start = message.index("<saml:Assertion")
        end = message.index("</saml:Assertion>") + len("</saml:Assertion>")
        genuine = message[start:end]

        evil = genuine.replace("alice@example.com", EVIL)
        if kind != "the same id":
            evil = evil.replace(' ID="_a1"', ' ID="_evil"')
        if kind == "its own reference":
            evil = evil.replace('URI="#_a1"', 'URI="#_evil"')
        if kind == "no signature":
            evil = SIGNATURE.sub("", evil)
        if kind == "the signature taken over":
            genuine = SIGNATURE.sub("", genuine)

        if isinstance(carrier, str):
            assertions = carrier.format(genuine=genuine, evil=evil)
        else:
            place, wrapping = carrier
            assertions = evil.replace(place, wrapping.format(genuine=genuine), 1)
        return message[:start] + assertions + message[end:]

    return build


for _place, _carrier in CARRIERS.items():
    for _kind in (
        "no signature",
        "the signature copied",
        "its own reference",
        "the same id",
        "the signature taken over",
    ):
        if _place.endswith(("signature", "key")) and _kind == "no signature":
            continue
        case(
            f"wrapping: the genuine one {_place}, the evil one with {_kind}",
            "assertions",
            wrapped(_carrier, _kind),
        )

# -- what it says --
changed("no status of success", "status", status="urn:oasis:names:tc:SAML:2.0:status:Responder")
changed("an empty status", "status", status="")
changed("another version", "version", version="1.1")
changed("another version of the assertion", "version", assertion_version="1.1")
changed("version 2.1", "version", assertion_version="2.1")
changed(
    "another issuer",
    "issuer",
    issuer="https://evil.example/",
    response_issuer="https://evil.example/",
)
changed("another issuer of the assertion", "issuer", issuer=ENTRA.entity_id)
changed("another issuer of the response", "issuer", response_issuer=ENTRA.entity_id)
changed("an issuer in other letters", "issuer", issuer=OKTA.entity_id.upper())
changed("an issuer with a blank within", "issuer", issuer=OKTA.entity_id + " x")
changed("an empty issuer", "issuer", issuer="")
changed("a confirmation without request", "request", confirmed="")
changed("a confirmation of another request", "request", confirmed="_other")
changed("another destination", "destination", destination="https://evil.example/acs/")
changed("another path as destination", "destination", destination=f"{SP}/saml2/ls/")
changed("an empty destination", "destination", destination="")
changed("a destination on http", "destination", destination=ACS.replace("https", "http"))
changed(
    "no destination in a signed response",
    "destination",
    destination=None,
    signs=("assertion", "response"),
)
changed("another recipient", "confirmation", recipient="https://evil.example/acs/")
changed("no recipient", "confirmation", recipient=None)
changed("an empty recipient", "confirmation", recipient="")
changed("our entityID as recipient", "confirmation", recipient=AUDIENCE)
changed("a recipient with more behind it", "confirmation", recipient=f"{ACS}x")
changed("sender-vouches", "confirmation", method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
changed("holder-of-key", "confirmation", method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
changed("a method of no name", "confirmation", method="")
changed("a confirmation that has ended", "confirmation", confirmed_until=at(minutes=-2))
changed("a confirmation without end", "times", confirmed_until=None)
changed(
    "a confirmation not yet valid",
    "confirmation",
    extra={"confirmation-attributes": f' NotBefore="{at(minutes=-1)}"'},
)
changed(
    "two confirmations",
    "shape",
    extra={"after-confirmation": f'<saml:SubjectConfirmation Method="{EMAIL}"/>'},
)
changed("conditions that have ended", "conditions", until=at(minutes=-2))
changed("conditions of tomorrow", "conditions", not_before=at(hours=23), until=at(hours=24))
changed("conditions without end", "times", until=None)
changed("no conditions", "shape", extra={"conditions": ""})
changed("empty conditions", "shape", extra={"conditions": "<saml:Conditions/>"})
changed("a time of no zone", "times", until=at(minutes=5).rstrip("Z"))
changed("a time of another zone", "times", until=at(minutes=5).replace("Z", "+05:00"))
changed("a time that is none", "times", confirmed_until="tomorrow")
changed("a year of five digits", "times", confirmed_until="12026-01-01T00:00:00Z")
changed("an empty time", "times", not_before=" ")
changed("another audience", "audience", audiences=(("https://evil.example/",),))
changed("no audience", "shape", audiences=())
changed("an empty audience", "audience", audiences=(("",),))
changed("an audience in other letters", "audience", audiences=((AUDIENCE.upper(),),))
changed(
    "two restrictions, one foreign", "audience", audiences=((AUDIENCE,), ("https://evil.example/",))
)
changed("an unknown condition", "shape", extra={"in-conditions": "<saml:Condition/>"})
changed("issued an hour ago", "age", issued=at(hours=-1))
changed("issued in an hour", "age", issued=at(hours=1))
changed("an assertion issued yesterday", "age", assertion_issued=at(days=-1))
changed("issued at no time", "times", issued="never")
changed("authenticated in the future", "authentication", authenticated=at(hours=1))
changed("authenticated at no time", "times", authenticated="never")
changed("a session that has ended", "authentication", session_until=at(seconds=-1))
changed("no authentication", "shape", extra={"statement": ""})
changed("no NameID", "shape", subject=None)
changed("an empty NameID", "name-id", subject="")
changed("a blank NameID", "name-id", subject="  \n ")
changed("a NameID of a no-break space", "name-id", subject="\u00a0")
changed("a NameID with a no-break space behind", "name-id", subject="alice@example.com\u00a0")
changed("a NameID with a line break", "name-id", subject="alice\n@example.com")
changed("a NameID that turns the text round", "name-id", subject="alice\u202e@example.com")
changed("a NameID of 300 characters", "name-id", subject="a" * 300)
changed("a transient NameID", "name-id", subject="_x", subject_format=TRANSIENT)
changed("two NameIDs", "shape", extra={"in-subject": f"<saml:NameID>{EVIL}</saml:NameID>"})
changed("an element in the NameID", "shape", subject="alice<saml:b/>@example.com")
changed("an encrypted NameID", "shape", subject=None, extra={"in-subject": "<saml:EncryptedID/>"})
changed("a BaseID", "shape", subject=None, extra={"in-subject": "<saml:BaseID/>"})
changed(
    "an encrypted attribute",
    "shape",
    attributes=(Attribute("groups"),),
    extra={"in-assertion": "<saml:EncryptedAttribute/>"},
)
changed(
    "a second statement of attributes",
    "shape",
    extra={"in-assertion": "<saml:AttributeStatement/>"},
)
changed("a decision", "shape", extra={"in-assertion": "<saml:AuthzDecisionStatement/>"})
changed(
    "a signature within a value",
    "shape",
    attributes=(
        Attribute(
            "groups", raw=f'<saml:AttributeValue><ds:X xmlns:ds="{DS}"/></saml:AttributeValue>'
        ),
    ),
)
changed("extensions", "shape", extra={"before-status": "<samlp:Extensions/>"})
changed("a status detail", "shape", extra={"in-status": "<samlp:StatusDetail/>"})

# -- requests and providers --
changed("an invented request", "request", request="_invented")
changed("a request in other letters", "request", answered="_INVENTED")
case("the other provider answers", "signature", lambda idp: ENTRA.with_changes(request=idp.request))
case(
    "the other provider answers in this one's name",
    "signature",
    lambda idp: idp.with_changes(signer="entra"),
)
changed(
    "the other provider's assertion in this one's response",
    "signature",
    issuer=ENTRA.entity_id,
    signer="entra",
    response_issuer=OKTA.entity_id,
)
changed(
    "an unknown provider, unasked",
    "unsolicited",
    request="",
    response_issuer="https://evil.example/",
    issuer="https://evil.example/",
)
changed("nobody, unasked", "unsolicited", request="", response_issuer="")


# -- encryption --
def encrypted(
    name: str, rule: str, change: Callable[[str], str] | None = None, **changes: Any
) -> None:
    """Add an encrypted message; OURS stands for cooper's certificate (tests put its file there)."""

    def build(idp: Idp) -> str:
        message = idp.with_changes(**{"encrypts": "OURS", **changes}).build()
        return change(message) if change else message

    case(f"encrypted: {name}", rule, build)


def damaged(message: str) -> str:
    """Return the message with its cipher text changed near the beginning."""
    return re.sub(r"(?s)(.*<xenc:CipherValue>.{40}).{8}", r"\1AAAAAAAA", message, count=1)


encrypted("unsigned", "signatures", signs=())
encrypted("unsigned in a signed response", "signatures", signs=("response",))
encrypted("signed by a foreign key", "signature", signer="rogue")
encrypted("for another request", "request", confirmed="_other")
encrypted("for another audience", "audience", audiences=(("https://evil.example/",),))
encrypted("for another recipient", "confirmation", recipient="https://evil.example/")
encrypted("ended", "conditions", until=at(minutes=-2))
encrypted("by another issuer", "issuer", issuer=ENTRA.entity_id)
encrypted("SHA-1", "algorithms", signature_algorithm=f"{DS}rsa-sha1")
encrypted("no NameID", "shape", subject=None)
encrypted("two statements", "shape", extra={"in-assertion": "<saml:AttributeStatement/>"})
encrypted("for somebody else", "pysaml2", encrypts=key_pair("rogue").certificate)
encrypted("damaged", "pysaml2", damaged)
encrypted(
    "its key damaged",
    "pysaml2",
    lambda m: re.sub(r"(<xenc:CipherValue>).{8}", r"\1AAAAAAAA", m, count=1),
)
encrypted(
    "garbage",
    "pysaml2",
    lambda m: re.sub(r"(?s)<xenc:CipherValue>[^<]*<", "<xenc:CipherValue>AAAA<", m),
)
encrypted("by triple DES", "encryption", cipher="tripledes-cbc")
encrypted("its key by RSA 1.5", "encryption", key_transport="rsa-1_5")
encrypted(
    "by another cipher than it says", "pysaml2", lambda m: m.replace("aes256-cbc", "aes128-cbc")
)
encrypted("by no cipher", "encryption", lambda m: m.replace(f"{XENC}aes256-cbc", "none"))
encrypted(
    "to be fetched",
    "shape",
    lambda m: re.sub(
        r"(?s)<xenc:CipherValue>[^<]*</xenc:CipherValue>",
        '<xenc:CipherReference URI="https://evil.example/"/>',
        m,
        count=1,
    ),
)
encrypted(
    "twice",
    "assertions",
    lambda m: re.sub(r"(?s)(<saml:EncryptedAssertion .*</saml:EncryptedAssertion>)", r"\1\1", m),
)
encrypted(
    "nothing within",
    "assertions",
    lambda m: re.sub(
        r"(?s)(<saml:EncryptedAssertion [^>]*>).*</saml:EncryptedAssertion>",
        r"\1</saml:EncryptedAssertion>",
        m,
    ),
)
encrypted(
    "a plain one within",
    "assertions",
    lambda m: re.sub(
        r"(?s)(<saml:EncryptedAssertion [^>]*>)", r"\1" + OKTA.with_changes(signs=()).assertion(), m
    ),
)
encrypted(
    "a plain one beside",
    "assertions",
    lambda m: m.replace(
        "</samlp:Response>", OKTA.with_changes(signs=()).assertion() + "</samlp:Response>"
    ),
)
encrypted(
    "the response's signature broken",
    "signature",
    lambda m: m.replace(f'Destination="{ACS}"', f'Destination="{ACS}?"'),
    signs=("assertion", "response"),
)
changed("issued at the end of all days", "age", issued="9999-12-31T23:59:59Z")
changed("issued at the beginning of all days", "age", issued="0001-01-01T00:00:00Z")
changed(
    "authenticated at the end of all days", "authentication", authenticated="9999-12-31T23:59:59Z"
)
changed("ended at the beginning of all days", "conditions", until="0001-01-01T00:00:00Z")
changed(
    "valid from the end of all days",
    "conditions",
    not_before="9999-12-31T23:59:59Z",
    until="9999-12-31T23:59:59Z",
)
changed(
    "a session until the beginning of all days",
    "authentication",
    session_until="0001-01-01T00:00:00Z",
)
changed("a day that there is not", "times", until="2026-02-30T00:00:00Z")
changed("a year of naught", "times", until="0000-01-01T00:00:00Z")
changed("a second of 61", "times", until="2099-01-01T00:00:61Z")
