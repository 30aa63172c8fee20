"""What a response has to say, to the microsecond. Nothing is signed: signatures come before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.providers.saml.safe_xml import Rejected, parse
from accounts.providers.saml.validation import (
    CLOCK_SKEW,
    EARLIEST,
    LATEST,
    MAX_AGE,
    RULES,
    SUBJECT_LIMIT,
    Assertion,
    ExpectedResponse,
    parse_instant,
    validate,
)
from tests.support.saml_kit import ACS, AUDIENCE, EMAIL, OKTA, Attribute

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
EXPECTED = ExpectedResponse(OKTA.entity_id, AUDIENCE, ACS, "_q1", NOW - MINUTE)


def written(moment: datetime) -> str:
    """Return a time as SAML writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


HONEST = OKTA.with_changes(
    request="_q1",
    issued=written(NOW),
    not_before=written(NOW - MINUTE),
    until=written(NOW + MINUTE),
    confirmed_until=written(NOW + MINUTE),
    authenticated=written(NOW),
    signs=(),
)


def validated(expected: ExpectedResponse = EXPECTED, **changes: Any) -> Assertion:
    response = parse(HONEST.with_changes(**changes).response().encode())
    return validate(response, expected, NOW)


def rule_broken(expected: ExpectedResponse = EXPECTED, **changes: Any) -> str:
    """Return the rule that a response breaks, or ""."""
    try:
        validated(expected, **changes)
    except Rejected as error:
        return error.rule
    return ""


@pytest.mark.parametrize(
    ("field", "last_accepted", "first_refused", "rule"),
    [
        ("until", NOW - CLOCK_SKEW + INSTANT, NOW - CLOCK_SKEW, "conditions"),
        ("not_before", NOW + CLOCK_SKEW, NOW + CLOCK_SKEW + INSTANT, "conditions"),
        ("confirmed_until", NOW - CLOCK_SKEW + INSTANT, NOW - CLOCK_SKEW, "confirmation"),
        ("issued", NOW + CLOCK_SKEW, NOW + CLOCK_SKEW + INSTANT, "age"),
        ("issued", NOW - MAX_AGE - CLOCK_SKEW, NOW - MAX_AGE - CLOCK_SKEW - INSTANT, "age"),
        (
            "assertion_issued",
            NOW - MAX_AGE - CLOCK_SKEW,
            NOW - MAX_AGE - CLOCK_SKEW - INSTANT,
            "age",
        ),
        ("authenticated", NOW + CLOCK_SKEW, NOW + CLOCK_SKEW + INSTANT, "authentication"),
        # a web session that would end at once is none: no skew here
        ("session_until", NOW + INSTANT, NOW, "authentication"),
    ],
)
def test_each_time_has_its_exact_limit(field, last_accepted, first_refused, rule):
    assert rule_broken(**{field: written(last_accepted)}) == ""
    assert rule_broken(**{field: written(first_refused)}) == rule


def test_a_fresh_authentication_is_one_after_the_request():
    requested_at = NOW - timedelta(minutes=5)
    fresh = replace(EXPECTED, requested_at=requested_at, force_authn=True)
    oldest = requested_at - CLOCK_SKEW
    assert rule_broken(fresh, authenticated=written(oldest)) == ""
    assert rule_broken(fresh, authenticated=written(oldest - INSTANT)) == "authentication"
    any_time = replace(fresh, force_authn=False)
    assert rule_broken(any_time, authenticated=written(oldest - timedelta(days=30))) == ""


def test_nobody_was_authenticated_in_our_future():
    ahead = validated(authenticated=written(NOW + CLOCK_SKEW))
    behind = validated(authenticated=written(NOW - MINUTE))
    assert (ahead.authenticated_at, behind.authenticated_at) == (NOW, NOW - MINUTE)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T12:00:00Z", NOW),
        ("2026-11-25T12:00:00+00:00", NOW),
        ("2026-11-25T12:00:00.5Z", NOW + timedelta(milliseconds=500)),
        # Entra ID sends seven digits; those beyond a microsecond are cut
        ("2026-11-25T12:00:00.0000019Z", NOW + INSTANT),
        ("2026-11-25T12:00:00.000000000001Z", NOW),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T23:59:59.9999999Z", LATEST),
    ],
)
def test_it_reads_times_in_utc(text, moment):
    assert parse_instant(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        None, "", "2026-11-25", "2026-11-25T12:00:00", "2026-11-25T12:00:00z",
        "2026-11-25 12:00:00Z", "2026-11-25T12:00Z", "2026-11-25T12:00:00-00:00",
        "2026-11-25T12:00:00+01:00", "2026-11-25T12:00:00.Z", "2026-11-25T12:00:00,5Z",
        "2026-11-25T12:00:00.0000000000001Z", "2026-W48-3T12:00:00Z", "-2026-11-25T12:00:00Z",
        "2026-11-25T24:00:01Z", "\u0662\u0660\u0662\u0666-11-25T12:00:00Z",
        " 2026-11-25T12:00:00Z", "2026-11-25T12:00:00Z\n",
    ],
)  # fmt: skip
def test_it_reads_no_other_form_of_a_time(text):
    with pytest.raises(Rejected) as caught:
        parse_instant(text)
    assert caught.value.rule == "times"


def test_each_audience_restriction_has_to_name_us():
    ours = (AUDIENCE,)
    ours_and_another = ("https://other.example/", AUDIENCE)
    another = ("https://other.example/",)
    assert rule_broken(audiences=(ours, ours_and_another)) == ""
    for audiences in ((another,), (another, ours), (ours, another), ((f"{AUDIENCE}x",),), ()):
        assert rule_broken(audiences=audiences) == "audience", audiences


def test_it_names_an_audience_in_the_log_cut():
    with pytest.raises(Rejected) as caught:
        validated(audiences=tuple((f"{number}" + "x" * 500,) for number in range(9)))
    assert len(str(caught.value)) < 350 and "0xxx" in str(caught.value)


@pytest.mark.parametrize(
    ("destination", "signs", "rule"),
    [
        (ACS, (), ""),
        (None, (), ""),
        (ACS, ("response",), ""),
        (None, ("response",), "destination"),
        ("", (), "destination"),
        (ACS.rstrip("/"), (), "destination"),
    ],
)
def test_a_signed_response_has_to_say_where_it_goes(destination, signs, rule):
    assert rule_broken(destination=destination, signs=signs) == rule


def test_both_issuers_are_the_provider_that_was_asked():
    assert rule_broken(response_issuer="") == ""
    assert rule_broken(issuer=f"\n {OKTA.entity_id}\t") == ""
    for changes in (
        {"issuer": "x"},
        {"response_issuer": "x"},
        {"issuer": "", "response_issuer": ""},
    ):
        assert rule_broken(**changes) == "issuer", changes


def test_a_name_is_as_long_as_the_limit_and_no_longer():
    assert validated(subject="a" * SUBJECT_LIMIT).subject == "a" * SUBJECT_LIMIT
    assert rule_broken(subject="a" * (SUBJECT_LIMIT + 1)) == "name-id"


@pytest.mark.parametrize(
    "subject", ["\u2003alice", "alice\u200b", "al\u00adice", "al\u2028ice", "\ue000", "\u3000"]
)
def test_a_name_has_no_characters_that_nobody_sees(subject):
    assert rule_broken(subject=subject) == "name-id"


def test_it_keeps_of_a_name_what_a_sign_out_repeats():
    qualifiers = f'{EMAIL}" NameQualifier="idp" SPNameQualifier="sp'
    assert validated(subject_format=qualifiers).name_id == {
        "Format": EMAIL,
        "NameQualifier": "idp",
        "SPNameQualifier": "sp",
    }


def test_a_name_that_is_nil_names_nobody():
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    assert rule_broken(subject_format=f'{EMAIL}" xmlns:xsi="{xsi}" xsi:nil="true') == "name-id"
    typed = validated(subject_format=f'{EMAIL}" xmlns:xsi="{xsi}" xsi:type="x')
    assert typed.name_id == {"Format": EMAIL}


def test_it_reads_attributes_by_exact_name():
    attributes = (
        Attribute("groups", (" a\n", "", "a")),
        Attribute("Groups", ("b",)),
        Attribute("groups", ("c",), raw="<saml:AttributeValue><x>d</x></saml:AttributeValue>"),
        Attribute("empty"),
    )
    assert validated(attributes=attributes).attributes == {
        "groups": ("a", "", "a", "c"),
        "Groups": ("b",),
        "empty": (),
    }


def test_what_is_missing_is_refused_by_each_rule_alone():
    """No rule relies on the grammar, or on another rule, to have looked before."""
    for path in ("Subject", "Conditions", "AuthnStatement"):
        response = parse(HONEST.response().encode())
        assertion = response.find("{*}Assertion")
        assertion.remove(assertion.find(f"{{*}}{path}"))
        with pytest.raises(Rejected) as caught:
            validate(response, EXPECTED, NOW)
        assert caught.value.rule == "parts"


def test_the_rules_stand_in_the_order_in_which_they_are_tried():
    everything_wrong = {
        "version": "1.1", "status": "x", "issuer": "x", "confirmed": "x", "destination": "x",
        "recipient": "x", "until": "x", "audiences": (("x",),), "issued": "x", "authenticated": "x",
        "subject": "",
    }  # fmt: skip
    assert rule_broken(**everything_wrong) == next(iter(RULES)) == "version"
