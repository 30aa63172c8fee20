"""What a person reads, and the log keeps, when an identity provider signs nobody in."""

import pytest

from accounts.providers.saml.status import CODE_PREFIX, Status, explain
from tests.support.events import all_events
from tests.support.saml_kit import OKTA, xml_attributes
from tests.support.saml_stage import post_response, signed_in_person, start_sign_in

CANCELLED = "was cancelled"
NOT_ASSIGNED = "assign you"
MISCONFIGURED = "do not agree"

STATUSES = {
    # Keycloak: the person cancelled, or may not use the application
    "cancelled": (("Responder", "AuthnFailed"), "", "failed or was cancelled"),
    "denied": (("Responder", "RequestDenied"), "", NOT_ASSIGNED),
    "cancelled, in the message": (("Responder", "RequestDenied"), "User cancelled.", CANCELLED),
    "not assigned, in the message": (
        ("Responder",),
        "AADSTS50105: Your administrator has configured the application to block users",
        NOT_ASSIGNED,
    ),
    "no such NameID": (("Requester", "InvalidNameIDPolicy"), "", MISCONFIGURED),
    "no such context": (("Responder", "NoAuthnContext"), "", MISCONFIGURED),
    "another version": (("VersionMismatch",), "", MISCONFIGURED),
    "no reason": (("Responder",), "", "did not sign you in"),
    "a code of the provider's own": (("Responder", "urn:example:odd"), "", "did not sign you in"),
}


def failed_response(request_id: str, codes: tuple[str, ...], message: str, detail: str = "") -> str:
    """Return a response that says that nobody is signed in, as providers send it: unsigned."""
    first, *second = [code if ":" in code else CODE_PREFIX + code for code in codes]
    inner = "".join(f'<samlp:StatusCode Value="{code}"/>' for code in second)
    text = f"<samlp:StatusMessage>{message}</samlp:StatusMessage>" if message else ""
    whole = OKTA.with_changes(request=request_id, signs=()).response(assertion="")
    status = f'<samlp:StatusCode Value="{first}">{inner}</samlp:StatusCode>{text}{detail}'
    begin = whole.index("<samlp:StatusCode")
    end = whole.index("</samlp:Status>")
    return whole[:begin] + status + whole[end:]


@pytest.mark.parametrize("name", STATUSES)
def test_it_says_why_and_keeps_the_providers_words_with_the_number(connected, client_of, name):
    codes, message, sentence = STATUSES[name]
    browser = client_of(None)
    idp = start_sign_in(browser)
    response = post_response(browser, failed_response(idp.request, codes, message))

    assert response.status_code == 403 and sentence in response.text
    assert message == "" or message not in response.text
    [event] = [each for each in all_events() if each.event == "person:sign-in:refused"]
    assert event.request_id in response.text
    assert all(code in event.why for code in codes) and message in event.why


def test_it_takes_no_such_words_for_another_browsers_request(connected, client_of):
    idp = start_sign_in(client_of(None))
    response = post_response(
        client_of(None), failed_response(idp.request, ("Responder", "RequestDenied"), "x")
    )
    assert response.status_code == 403 and "not started in this browser" in response.text


def test_it_reads_past_details_and_keeps_the_message_on_one_line(connected, client_of, caplog):
    detail = f"<samlp:StatusDetail><x{xml_attributes(y='z')}>1</x></samlp:StatusDetail>"
    browser = client_of(None)
    idp = start_sign_in(browser)
    message = "line one\n  line\u202e two " + "x" * 2_000
    response = post_response(
        browser, failed_response(idp.request, ("Responder", "AuthnFailed"), message, detail)
    )
    assert response.status_code == 403 and "did not sign you in" in response.text
    [line] = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert "line one line? two xxx" in line and len(line) < 600


def test_success_without_an_assertion_signs_nobody_in(connected, client_of):
    browser = client_of(None)
    idp = start_sign_in(browser)
    response = post_response(browser, failed_response(idp.request, ("Success",), ""))
    assert response.status_code == 403 and "could not be verified" in response.text
    assert signed_in_person(browser) == ""


def test_every_code_of_the_standard_has_words_that_name_the_provider():
    for code in ("Requester", "AuthnFailed", "RequestDenied", "NoPassive", "UnknownPrincipal"):
        assert "Okta" in explain(Status((CODE_PREFIX + code,)), "Okta")
