"""What a response with valid signatures says, and whether that is for us, now, and asked for.

Pure. The rules are those of the web browser SSO profile (SAML Profiles 4.1.4.2, 4.1.4.3) and of an
assertion's conditions (SAML Core 2.5.1).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from accounts.providers.saml.constants import (
    CONFIRMATION_BEARER,
    NAMEID_TRANSIENT,
    NS_XSI,
    SIGNATURE,
    qname,
)
from accounts.providers.saml.message_guard import find_assertion
from accounts.providers.saml.safe_xml import Rejected, element_text
from accounts.providers.saml.status import read_status

CLOCK_SKEW = timedelta(seconds=60)
"""How far the clocks of cooper and of an identity provider may be apart."""

MAX_AGE = timedelta(minutes=10)
"""How old a message may be."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Times beyond these count as these: some send the end of their calendar for "always".

Arithmetic with them (skew, time zones) cannot overflow.
"""

SUBJECT_LIMIT = 254
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|\+00:00)",
    re.ASCII,
)


@dataclass(frozen=True)
class ExpectedResponse:
    """What a response has to fit: the IdP that was asked, our names, and our request."""

    entity_id: str
    """Of the identity provider."""

    audience: str
    """Our entityID."""

    acs: str
    """The URL of our assertion consumer service."""

    request_id: str
    requested_at: datetime
    force_authn: bool = False
    """Whether the request asked for a fresh authentication."""


@dataclass(frozen=True)
class Assertion:
    """What a valid assertion says of a person."""

    subject: str
    name_id: dict[str, str]
    """The NameID's attributes (Format, NameQualifier, ...): a LogoutRequest repeats them."""

    assertion_id: str
    session_index: str
    authenticated_at: datetime
    session_ends_at: datetime | None
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by attribute name."""


@dataclass(frozen=True)
class ReceivedResponse:
    """What the rules look at."""

    response: ET.Element
    assertion: ET.Element
    expected: ExpectedResponse
    now: datetime

    def element(self, *path: str) -> ET.Element:
        """Return the element at a path of SAML names within the assertion. Raise Rejected."""
        element = self.assertion.find("/".join(qname(f"saml:{name}") for name in path))
        if element is None:
            raise Rejected("parts", f"no {path[-1]}")
        return element

    @property
    def confirmation_data(self) -> ET.Element:
        return self.element("Subject", "SubjectConfirmation", "SubjectConfirmationData")


def validate(root: ET.Element, expected: ExpectedResponse, now: datetime) -> Assertion:
    """Return the assertion of a response that keeps all RULES.

    The caller has verified the signatures. Raise Rejected with the rule that the response breaks.
    """
    assertion = find_assertion(root)
    if assertion is None:
        raise Rejected("parts", "no assertion")

    received = ReceivedResponse(root, assertion, expected, now)
    for rule, find_problem in RULES.items():
        problem = find_problem(received)
        if problem:
            raise Rejected(rule, problem)
    return _read_assertion(received)


def parse_instant(text: str | None) -> datetime:
    """Return the time that a dateTime in UTC names (SAML Core 1.3.3). Raise Rejected."""
    text = text or ""
    # datetime.fromisoformat accepts more than SAML does: dates alone, other time zones
    rejected = Rejected("times", f"not a time in UTC: {text[:40]!r}")
    if not INSTANT.fullmatch(text):
        raise rejected

    try:
        instant = datetime.fromisoformat(text)
        return min(max(instant, EARLIEST), LATEST).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise rejected from error


def _check_version(received: ReceivedResponse) -> str:
    """Require SAML 2.0 of response and assertion (SAML Core 3.2.2 and 2.3.3)."""
    versions = (received.response.get("Version"), received.assertion.get("Version"))
    if versions != ("2.0", "2.0"):
        return f"versions {versions}"
    return ""


def _check_status(received: ReceivedResponse) -> str:
    """Require that the identity provider reports success (SAML Core 3.2.2.2)."""
    status = read_status(received.response)
    if not status.is_success:
        return f"status {status}"
    return ""


def _check_issuer(received: ReceivedResponse) -> str:
    """Require the identity provider that was asked as issuer (SAML Profiles 4.1.4.2).

    The response may leave its own issuer out; the assertion may not.
    """
    issuers = []
    for element in (received.assertion, received.response):
        issuer = element.find(qname("saml:Issuer"))
        if issuer is not None:
            issuers.append(element_text(issuer))

    if set(issuers) != {received.expected.entity_id}:
        return f"issuers {[issuer[:100] for issuer in issuers]}"
    return ""


def _check_request(received: ReceivedResponse) -> str:
    """Require an answer to this browser's request, in both places (SAML Profiles 4.1.4.3)."""
    request_ids = (
        received.response.get("InResponseTo"),
        received.confirmation_data.get("InResponseTo"),
    )
    request_id = received.expected.request_id
    if request_ids != (request_id, request_id):
        return f"in response to {request_ids}"
    return ""


def _check_destination(received: ReceivedResponse) -> str:
    """Require that it was sent to us; a signed response has to say so (SAML Bindings 3.5.5.2)."""
    destination = received.response.get("Destination")
    is_signed = received.response.find(SIGNATURE) is not None
    if destination is None and not is_signed:
        return ""

    if destination != received.expected.acs:
        return f"destination {(destination or '')[:100]!r}"
    return ""


def _check_confirmation(received: ReceivedResponse) -> str:
    """Require a bearer confirmation, for us and now (SAML Profiles 4.1.4.2 and 4.1.4.3)."""
    confirmation = received.element("Subject", "SubjectConfirmation")
    if confirmation.get("Method") != CONFIRMATION_BEARER:
        return "not a bearer assertion"

    data = received.confirmation_data
    if data.get("Recipient") != received.expected.acs:
        return f"recipient {data.get('Recipient', '')[:100]!r}"
    if data.get("NotBefore") is not None:
        return "NotBefore in a bearer confirmation"
    if received.now >= parse_instant(data.get("NotOnOrAfter")) + CLOCK_SKEW:
        return "the confirmation has ended"
    return ""


def _check_conditions(received: ReceivedResponse) -> str:
    """Require that the assertion is valid now (SAML Core 2.5.1.2).

    An end is optional in SAML. cooper demands one.
    """
    conditions = received.element("Conditions")
    not_before = conditions.get("NotBefore")
    if not_before is not None and received.now < parse_instant(not_before) - CLOCK_SKEW:
        return "not valid yet"
    if received.now >= parse_instant(conditions.get("NotOnOrAfter")) + CLOCK_SKEW:
        return "no longer valid"
    return ""


def _check_audience(received: ReceivedResponse) -> str:
    """Require us in each audience restriction, and one at least (SAML Core 2.5.1.4)."""
    restrictions = received.element("Conditions").findall(qname("saml:AudienceRestriction"))
    audiences_by_restriction = [
        {element_text(audience) for audience in restriction} for restriction in restrictions
    ]
    names_us = [received.expected.audience in audiences for audiences in audiences_by_restriction]
    if not names_us or not all(names_us):
        shown = [
            sorted(audience[:100] for audience in audiences)[:3]
            for audiences in audiences_by_restriction
        ]
        return f"audiences {shown[:3]}"
    return ""


def _check_age(received: ReceivedResponse) -> str:
    """Require a recent IssueInstant of response and assertion (SAML Core 3.2.2 and 2.3.3)."""
    oldest = received.now - MAX_AGE - CLOCK_SKEW
    newest = received.now + CLOCK_SKEW
    for element in (received.response, received.assertion):
        issued_at = parse_instant(element.get("IssueInstant"))
        if not oldest <= issued_at <= newest:
            return f"issued at {issued_at.isoformat()}"
    return ""


def _check_authentication(received: ReceivedResponse) -> str:
    """Require an authentication, a fresh one where we asked for that (SAML Core 2.7.2, 3.4.1)."""
    statement = received.element("AuthnStatement")
    authenticated_at = parse_instant(statement.get("AuthnInstant"))
    if authenticated_at > received.now + CLOCK_SKEW:
        return "authenticated in the future"

    expected = received.expected
    if expected.force_authn and authenticated_at < expected.requested_at - CLOCK_SKEW:
        return "a fresh authentication was asked for, and this is an old one"

    session_ends_at = _session_end(statement)
    if session_ends_at is not None and session_ends_at <= received.now:
        return "the IdP's session has ended"
    return ""


def _session_end(authn_statement: ET.Element) -> datetime | None:
    not_on_or_after = authn_statement.get("SessionNotOnOrAfter")
    if not_on_or_after is None:
        return None
    return parse_instant(not_on_or_after)


def _check_name_id(received: ReceivedResponse) -> str:
    """Require a name that lasts: one that is not transient (SAML Core 8.3.8), and visible."""
    name_id = received.element("Subject", "NameID")
    if name_id.get("Format") == NAMEID_TRANSIENT:
        return "the NameID is transient: configure a lasting one at the identity provider"

    subject = element_text(name_id)
    is_usable = (
        0 < len(subject) <= SUBJECT_LIMIT
        and subject.isprintable()
        # blanks that are not XML's, such as U+00A0, would make two people look the same
        and subject == subject.strip()
        and name_id.get(f"{{{NS_XSI}}}nil") is None
    )
    if not is_usable:
        return f"an empty, overlong or unprintable NameID: {subject[:60]!r}"
    return ""


RULES: dict[str, Callable[[ReceivedResponse], str]] = {
    "version": _check_version,
    "status": _check_status,
    "issuer": _check_issuer,
    "request": _check_request,
    "destination": _check_destination,
    "confirmation": _check_confirmation,
    "conditions": _check_conditions,
    "audience": _check_audience,
    "age": _check_age,
    "authentication": _check_authentication,
    "name-id": _check_name_id,
}
"""Each says what is wrong, or returns "". A test turns each one off to see what it holds back."""


def _read_assertion(received: ReceivedResponse) -> Assertion:
    name_id = received.element("Subject", "NameID")
    # attributes with a namespace, such as xsi:type, do not belong to the name
    name_id_attributes = {name: value for name, value in name_id.attrib.items() if "}" not in name}
    statement = received.element("AuthnStatement")
    authenticated_at = parse_instant(statement.get("AuthnInstant"))

    return Assertion(
        subject=element_text(name_id),
        name_id=name_id_attributes,
        assertion_id=received.assertion.get("ID", ""),
        session_index=statement.get("SessionIndex", ""),
        # an IdP's clock may be ahead of ours: nobody was authenticated in our future
        authenticated_at=min(authenticated_at, received.now),
        session_ends_at=_session_end(statement),
        attributes=_read_attributes(received.assertion),
    )


def _read_attributes(assertion: ET.Element) -> dict[str, tuple[str, ...]]:
    """Return values by exact Name (SAML Core 2.7.3.1).

    Attribute elements of the same Name add up. Values with child elements are skipped.
    """
    values_by_name: dict[str, list[str]] = {}
    path = f"{qname('saml:AttributeStatement')}/{qname('saml:Attribute')}"
    for attribute in assertion.iterfind(path):
        values = values_by_name.setdefault(attribute.get("Name", ""), [])
        for value in attribute:
            if len(value) == 0:
                values.append(element_text(value))
    return {name: tuple(values) for name, values in values_by_name.items()}
