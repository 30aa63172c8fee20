"""What a message whose signatures hold says, and whether it says it to us, now, and in answer to what we asked. Pure.

Rules: SAML profiles 4.1.4.2 and 4.1.4.3 (web browser SSO, response processing), SAML core 2.5.1 (conditions).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from accounts.providers.saml.constants import BEARER, SUCCESS, TRANSIENT, XSI, qname
from accounts.providers.saml.message_guard import the_assertion
from accounts.providers.saml.safe_xml import XML_BLANKS, Rejected, text_in

SKEW = timedelta(seconds=60)
"""How far the clocks of cooper and an identity provider may be apart."""

YOUNG = timedelta(minutes=10)
"""How old a message may be."""

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Moments beyond these count as these: some send the first or last day of their calendar for "always"."""

SUBJECT_LIMIT = 254
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|\+00:00)", re.ASCII)


@dataclass(frozen=True)
class ExpectedResponse:
    """What a message has to fit: the IdP that was asked, our names, and the request that it answers."""

    entity_id: str
    audience: str
    acs: str
    request_id: str
    asked_at: datetime
    fresh: bool = False


@dataclass(frozen=True)
class Assertion:
    """What an assertion said of a person."""

    subject: str
    name_id: dict[str, str]
    assertion_id: str
    session_index: str
    authenticated_at: datetime
    ends_at: datetime | None
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """The parts of a message that the rules look at."""

    response: ET.Element
    assertion: ET.Element
    expected: ExpectedResponse
    now: datetime

    def part(self, *names: str) -> ET.Element:
        """Return what lies in the assertion under these names; raise Rejected when it is missing."""
        found = self.assertion.find("/".join(qname(f"saml:{name}") for name in names))
        if found is None:
            raise Rejected("parts", f"no {names[-1]}")
        return found


def judged(root: ET.Element, expected: ExpectedResponse, now: datetime) -> Assertion:
    """Return what a message says whose signatures hold; raise Rejected, naming the rule that it breaks."""
    assertion = the_assertion(root)
    if assertion is None:
        raise Rejected("parts", "no assertion")
    message = Message(root, assertion, expected, now)
    for rule, holds in RULES.items():
        said = holds(message)
        if said:
            raise Rejected(rule, said)
    return _said(message)


def instant(text: str | None) -> datetime:
    """Return the moment that a UTC dateTime of SAML names (SAML core 1.3.3); raise Rejected."""
    refusal = Rejected("times", f"no moment: {(text or '')[:40]!r}")
    if not INSTANT.fullmatch(text or ""):
        raise refusal
    try:
        return min(max(datetime.fromisoformat(text or ""), EARLIEST), LATEST).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal from error


def _version(message: Message) -> str:
    """Say that it is not SAML 2.0."""
    versions = (message.response.get("Version"), message.assertion.get("Version"))
    return "" if versions == ("2.0", "2.0") else f"versions {versions}"


def _status(message: Message) -> str:
    """Say that the IdP reports no success."""
    code = message.response.find(f"{qname('samlp:Status')}/{qname('samlp:StatusCode')}")
    said = code.get("Value", "") if code is not None else ""
    return "" if said == SUCCESS else f"status {said[:100]!r}"


def _issuer(message: Message) -> str:
    """Say that somebody else than the IdP that was asked answers."""
    issuers = [
        message.assertion.find(qname("saml:Issuer")),
        message.response.find(qname("saml:Issuer")),
    ]
    names = [text_in(each) for each in issuers if each is not None]
    return (
        ""
        if names and set(names) == {message.expected.entity_id}
        else f"issuers {[name[:100] for name in names]}"
    )


def _request(message: Message) -> str:
    """Say that it answers another request than this browser's, or none."""
    data = message.part("Subject", "SubjectConfirmation", "SubjectConfirmationData")
    answered = (message.response.get("InResponseTo"), data.get("InResponseTo"))
    return "" if answered == (message.expected.request_id,) * 2 else f"in response to {answered}"


def _destination(message: Message) -> str:
    """Say that it was sent to somewhere else; required of a signed response (SAML bindings 3.5.5.2)."""
    destination = message.response.get("Destination")
    signed = message.response.find(qname("ds:Signature")) is not None
    if destination is None and not signed:
        return ""
    return (
        "" if destination == message.expected.acs else f"destination {(destination or '')[:100]!r}"
    )


def _confirmation(message: Message) -> str:
    """Say that whoever bears the assertion is not confirmed, or not for us, or not now."""
    if message.part("Subject", "SubjectConfirmation").get("Method") != BEARER:
        return "not a bearer assertion"
    data = message.part("Subject", "SubjectConfirmation", "SubjectConfirmationData")
    if data.get("Recipient") != message.expected.acs:
        return f"recipient {data.get('Recipient', '')[:100]!r}"
    if data.get("NotBefore") is not None:
        return "NotBefore in a bearer confirmation"
    return (
        ""
        if message.now < instant(data.get("NotOnOrAfter")) + SKEW
        else "the confirmation has ended"
    )


def _conditions(message: Message) -> str:
    """Say that the assertion is not valid yet, or no longer."""
    conditions = message.part("Conditions")
    begin = conditions.get("NotBefore")
    if begin is not None and message.now < instant(begin) - SKEW:
        return "not valid yet"
    return "" if message.now < instant(conditions.get("NotOnOrAfter")) + SKEW else "no longer valid"


def _audience(message: Message) -> str:
    """Say that any of the audience restrictions leaves us out."""
    restrictions = message.part("Conditions").findall(qname("saml:AudienceRestriction"))
    named = [{text_in(each) for each in restriction} for restriction in restrictions]
    ours = named and all(message.expected.audience in names for names in named)
    return (
        ""
        if ours
        else f"audiences {[sorted(name[:100] for name in names)[:3] for names in named][:3]}"
    )


def _age(message: Message) -> str:
    """Say that it was issued too long ago, or in the future."""
    for element in (message.response, message.assertion):
        issued = instant(element.get("IssueInstant"))
        if not message.now - YOUNG - SKEW <= issued <= message.now + SKEW:
            return f"issued at {issued.isoformat()}"
    return ""


def _authentication(message: Message) -> str:
    """Say that the authentication is in the future, has ended, or is older than a fresh one was asked for."""
    statement = message.part("AuthnStatement")
    at = instant(statement.get("AuthnInstant"))
    if at > message.now + SKEW:
        return "authenticated in the future"
    if message.expected.fresh and at < message.expected.asked_at - SKEW:
        return "a fresh authentication was asked for, and this is an old one"
    ends = statement.get("SessionNotOnOrAfter")
    return (
        "the IdP's session has ended" if ends is not None and instant(ends) <= message.now else ""
    )


def _name_id(message: Message) -> str:
    """Say that nobody is named, or by a name that does not last."""
    name_id = message.part("Subject", "NameID")
    subject = text_in(name_id)
    if name_id.get("Format") == TRANSIENT:
        return "the NameID is transient: configure a lasting one at the identity provider"
    fits = (
        0 < len(subject) <= SUBJECT_LIMIT and subject.isprintable() and subject == subject.strip()
    )
    return (
        "" if fits and name_id.get(f"{{{XSI}}}nil") is None else f"no fit NameID: {subject[:60]!r}"
    )


RULES: dict[str, Callable[[Message], str]] = {
    "version": _version,
    "status": _status,
    "issuer": _issuer,
    "request": _request,
    "destination": _destination,
    "confirmation": _confirmation,
    "conditions": _conditions,
    "audience": _audience,
    "age": _age,
    "authentication": _authentication,
    "name-id": _name_id,
}
"""Each says what is wrong, or ""; a test switches each off and looks which messages come through."""


def _said(message: Message) -> Assertion:
    """Return what the assertion says."""
    name_id, statement = message.part("Subject", "NameID"), message.part("AuthnStatement")
    ends = statement.get("SessionNotOnOrAfter")
    return Assertion(
        subject=text_in(name_id),
        name_id={name: value for name, value in name_id.attrib.items() if "}" not in name},
        assertion_id=message.assertion.get("ID", ""),
        session_index=statement.get("SessionIndex", ""),
        authenticated_at=min(instant(statement.get("AuthnInstant")), message.now),
        ends_at=instant(ends) if ends is not None else None,
        attributes=_attributes(message.assertion),
    )


def _attributes(assertion: ET.Element) -> dict[str, tuple[str, ...]]:
    """Return the attributes' values by exact Name; elements of one Name add up, values with children are skipped."""
    found: dict[str, list[str]] = {}
    for attribute in assertion.iterfind(
        f"{qname('saml:AttributeStatement')}/{qname('saml:Attribute')}"
    ):
        values = [(each.text or "").strip(XML_BLANKS) for each in attribute if not len(each)]
        found.setdefault(attribute.get("Name", ""), []).extend(values)
    return {name: tuple(values) for name, values in found.items()}
