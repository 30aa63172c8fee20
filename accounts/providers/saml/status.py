"""What an identity provider says when it signs nobody in: its status, in words for the person.

Pure. Sources: SAML Core 3.2.2.1 to 3.2.2.3 (status, codes, message).
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from accounts.providers.saml.constants import STATUS_SUCCESS, qname
from accounts.providers.saml.safe_xml import Rejected, element_text

CODE_PREFIX = "urn:oasis:names:tc:SAML:2.0:status:"
CODE_LIMIT = 60
MESSAGE_LIMIT = 300
"""Characters of the provider's own message in the log and the audit log."""

CANCELLED = "The sign-in at {label} was cancelled. Try again."
FAILED = "{label} did not sign you in: the sign-in there failed or was cancelled. Try again."
NOT_ASSIGNED = (
    "{label} does not let you into cooper. Ask whoever manages {label} to assign you to the "
    "application, and give them the number below."
)
UNAVAILABLE = "{label} could not sign you in just now. Try again in a few minutes."
MISCONFIGURED = (
    "{label} and cooper do not agree on how to sign in. Give an administrator the number below."
)
UNEXPLAINED = (
    "{label} did not sign you in. Try again. If it fails again, give an administrator the number "
    "below."
)

_BY_CODE = {
    "AuthnFailed": FAILED,
    "RequestDenied": NOT_ASSIGNED,
    "UnknownPrincipal": NOT_ASSIGNED,
    "NoAvailableIDP": UNAVAILABLE,
    "NoSupportedIDP": UNAVAILABLE,
    "PartialLogout": UNAVAILABLE,
    "InvalidAttrNameOrValue": MISCONFIGURED,
    "InvalidNameIDPolicy": MISCONFIGURED,
    "NoAuthnContext": MISCONFIGURED,
    "NoPassive": MISCONFIGURED,
    "ProxyCountExceeded": MISCONFIGURED,
    "RequestUnsupported": MISCONFIGURED,
    "RequestVersionDeprecated": MISCONFIGURED,
    "RequestVersionTooHigh": MISCONFIGURED,
    "RequestVersionTooLow": MISCONFIGURED,
    "ResourceNotRecognized": MISCONFIGURED,
    "UnknownAttrProfile": MISCONFIGURED,
    "UnsupportedBinding": MISCONFIGURED,
    "VersionMismatch": MISCONFIGURED,
}
"""The sentence for each code, without its prefix. Requester and Responder tell nothing."""

_BY_MESSAGE = (
    (re.compile(r"\bcancel|\babort|declined by the user", re.IGNORECASE), CANCELLED),
    # https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
    (re.compile(r"AADSTS50105\b|not assigned|not authori[sz]ed", re.IGNORECASE), NOT_ASSIGNED),
)
"""What providers write where their code does not tell it: the first that matches counts."""


@dataclass(frozen=True)
class Status:
    """A response's status: its codes, the first level first, and the provider's own message."""

    codes: tuple[str, ...]
    message: str = ""

    @property
    def is_success(self) -> bool:
        return self.codes[:1] == (STATUS_SUCCESS,)

    def __str__(self) -> str:
        text = " / ".join(code.removeprefix(CODE_PREFIX)[:CODE_LIMIT] for code in self.codes)
        if self.message:
            text = f"{text}: {self.message}"
        return text


class SignInFailed(Rejected):
    """The identity provider answered that it signed nobody in. Nothing of it is verified."""

    def __init__(self, status: Status, request_id: str) -> None:
        super().__init__("status", str(status))
        self.status = status
        self.request_id = request_id


def read_status(response: ET.Element) -> Status:
    """Return the status of a response; codes that are not there are left out."""
    element = response.find(qname("samlp:Status"))
    if element is None:
        return Status(())

    codes = [code.get("Value", "") for code in element.iter(qname("samlp:StatusCode"))]
    words = element_text(element.find(qname("samlp:StatusMessage"))).split()
    message = "".join(
        letter if letter.isprintable() else "?" for letter in " ".join(words)[:MESSAGE_LIMIT]
    )
    return Status(tuple(codes[:2]), message)


def explain(status: Status, label: str) -> str:
    """Return what the person should know and do, where the provider is called `label`."""
    for pattern, sentence in _BY_MESSAGE:
        if pattern.search(status.message):
            return sentence.format(label=label)

    for code in reversed(status.codes):
        sentence = _BY_CODE.get(code.removeprefix(CODE_PREFIX), "")
        if sentence:
            return sentence.format(label=label)
    return UNEXPLAINED.format(label=label)
