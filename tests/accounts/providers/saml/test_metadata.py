"""What metadata says of an identity provider: limits, which keys count, when something is wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.providers.saml.constants import BINDING_REDIRECT, NAMEID_TRANSIENT
from accounts.providers.saml.metadata import (
    CERTIFICATES_LIMIT,
    ENTITY_ID_LIMIT,
    EXPIRES_SOON,
    METADATA_EXPIRES_SOON,
    SIZE_LIMIT,
    URL_LIMIT,
    find_problems,
    load_certificate,
    parse_root,
    read,
    require_https,
)
from accounts.providers.saml.safe_xml import Rejected
from core.errors import Invalid
from tests.support.saml_kit import DS, OKTA, at, key_pair

SECOND = timedelta(seconds=1)


def with_descriptor(text: str) -> bytes:
    """Return Okta's metadata with more in its IDPSSODescriptor, after its keys."""
    return OKTA.metadata().replace("<md:SingleLogout", f"{text}<md:SingleLogout", 1).encode()


def key(signer: str, use: str = "") -> str:
    return (
        f'<md:KeyDescriptor {use}><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>'
        f"{key_pair(signer).certificate_base64}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def test_a_key_counts_for_signatures_unless_it_is_for_encryption_alone():
    metadata = read(
        with_descriptor(
            key("both") + key("signs", 'use="signing"') + key("encrypts", 'use="encryption"')
        )
    )
    assert metadata.certificates == tuple(
        key_pair(name).certificate_base64 for name in ("okta", "both", "signs")
    )


def test_a_certificate_counts_once_however_it_is_wrapped():
    packed = key_pair("okta").certificate_base64
    wrapped = key("okta").replace(packed, f"\n  {packed[:64]}\r\n\t{packed[64:]}\n")
    assert read(with_descriptor(wrapped)).certificates == (packed,)


def test_a_certificate_that_cannot_be_read_is_passed_over():
    broken = key("okta").replace(key_pair("okta").certificate_base64, "AAAA")
    assert read(with_descriptor(broken)).certificates == (key_pair("okta").certificate_base64,)
    for der_base64 in (
        "",
        "AAAA",
        "*",
        key_pair("okta").certificate_base64[:-8],
        f"{key_pair('okta').certificate_base64}\n",
    ):
        assert load_certificate(der_base64) is None


def test_it_keeps_so_many_certificates():
    many = "".join(key(f"many-{number}") for number in range(CERTIFICATES_LIMIT))
    certificates = read(with_descriptor(many)).certificates
    assert (
        len(certificates) == CERTIFICATES_LIMIT
        and certificates[0] == key_pair("okta").certificate_base64
    )


def test_the_earliest_end_of_what_is_around_it_counts():
    soon, later = at(days=1), at(days=2)
    inner = OKTA.metadata(until=later)
    within = f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" {{}}>{inner}'
    group = within + "</md:EntitiesDescriptor>"
    assert f"{read(group.format('').encode()).valid_until:%Y-%m-%dT%H:%M:%S}" == later[:19]
    ended_first = read(group.format(f'validUntil="{soon}"').encode())
    assert f"{ended_first.valid_until:%Y-%m-%dT%H:%M:%S}" == soon[:19]
    by_role = inner.replace("<md:IDPSSODescriptor", f'<md:IDPSSODescriptor validUntil="{soon}"')
    assert f"{read(by_role.encode()).valid_until:%Y-%m-%dT%H:%M:%S}" == soon[:19]
    assert read(OKTA.metadata().encode()).valid_until is None


@pytest.mark.parametrize(
    "until", ["tomorrow", "2050-01-01", "2050-13-01T00:00:00Z", "2050-01-01T00:00:00Z\n2"]
)
def test_an_end_that_is_no_time_is_refused(until):
    with pytest.raises(Invalid, match="validUntil is not a time"):
        read(OKTA.metadata(until=until.replace("\n", "&#10;")).encode())


@pytest.mark.parametrize(
    "until",
    [
        "2050-01-01T02:00:00+02:00", "2049-12-31T19:00:00.000-05:00", "2050-01-01T00:00:00",
        " 2050-01-01T00:00:00.0000000Z ",
    ],
)  # fmt: skip
def test_an_end_may_be_of_any_zone(until):
    metadata = read(OKTA.metadata(until=until).encode())
    assert metadata.valid_until == datetime(2050, 1, 1, tzinfo=UTC) and metadata.problems == ()


@pytest.mark.parametrize(
    "until",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "1900-01-01T00:00:00Z",
    ],
)
def test_the_beginning_of_a_calendar_is_no_end_and_is_reported(until):
    metadata = read(OKTA.metadata(until=until).encode())
    assert metadata.valid_until is None
    assert "no end at all" in metadata.problems[0]


def test_an_end_beyond_all_calendars_is_far_away():
    until = "9999-12-31T23:59:59-12:00"
    assert read(OKTA.metadata(until=until).encode()).valid_until.year == 9000


def test_it_takes_the_first_address_for_redirects():
    post = BINDING_REDIRECT.replace("Redirect", "POST")
    services = (
        f'<md:SingleSignOnService Binding="{post}" Location="http://insecure.example/"/>'
        f'<md:SingleSignOnService Binding="{BINDING_REDIRECT}" Location="https://first.example/"/>'
    )
    assert read(with_descriptor(services)).sso == "https://first.example/"


def test_an_address_that_cannot_be_used_is_passed_over_and_reported():
    for unusable in (
        "http://insecure.example/", "https://idp.example/#here", "https://idp.example/a b", "",
    ):  # fmt: skip
        sign_out = OKTA.metadata().replace(f"{OKTA.entity_id}/slo", unusable)
        metadata = read(sign_out.encode())
        assert metadata.slo == "" and "SingleLogoutService is not used" in metadata.problems[0]

        first = f'<md:SingleSignOnService Binding="{BINDING_REDIRECT}" Location="{unusable}"/>'
        metadata = read(with_descriptor(first))
        assert metadata.sso == f"{OKTA.entity_id}/sso"
        assert "SingleSignOnService is not used" in metadata.problems[0]

        alone = OKTA.metadata().replace(f"{OKTA.entity_id}/sso", unusable)
        with pytest.raises(Invalid, match="no SingleSignOnService.*is not an https URL"):
            read(alone.encode())


def test_a_sign_out_may_be_missing():
    assert read(OKTA.metadata(slo=False).encode()).slo == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example.com/sso", "https://idp.example.com:8443/sso?a=b",
        "http://127.0.0.1:1/", "http://localhost/", "http://[::1]:8000/",
        "https://" + "a" * (URL_LIMIT - 8),
    ],
)  # fmt: skip
def test_https_is_an_address_and_so_is_this_machine(url):
    require_https(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "idp.example.com", "//idp.example.com/", "https://", "https:///sso",
        "ftp://idp.example.com/", "http://idp.example.com/", "http://127.0.0.1.example.com/",
        "http://localhost@evil.example/", "http://10.0.0.1/", "file:///etc/passwd",
        "https://idp.example.com/a b", "https://[::1/", "https://idp.example.com/\n",
        "https://\u0456dp.example.com/", "javascript:alert(1)//https://x",
        "https://" + "a" * (URL_LIMIT - 7), "https://idp.example.com/#", "https://idp.example.com#a",
    ],
)  # fmt: skip
def test_nothing_else_is_an_address(url):
    with pytest.raises(Rejected):
        require_https(url)


def test_an_entity_id_is_as_long_as_saml_allows():
    longest = "https://" + "a" * (ENTITY_ID_LIMIT - 8)
    short_metadata = OKTA.metadata().replace(f'entityID="{OKTA.entity_id}"', 'entityID="{}"')
    assert read(short_metadata.replace("{}", longest).encode()).entity_id == longest
    with pytest.raises(Invalid, match="no usable entityID: it has 1,025 characters of 1,024"):
        read(short_metadata.replace("{}", f"{longest}a").encode())


def test_blanks_around_an_entity_id_are_no_part_of_it_and_others_are_refused():
    def named(entity_id: str) -> bytes:
        return OKTA.metadata().replace(f'"{OKTA.entity_id}"', f'"{entity_id}"').encode()

    for around in ("{} ", " {}", "\n{}\t", "&#32;{}&#10;"):
        padded = named(around.format(OKTA.entity_id))
        assert read(padded).entity_id == OKTA.entity_id
        assert read(padded, f" {OKTA.entity_id}").entity_id == OKTA.entity_id
    for unusable in (" ", "https://a b", "https://a&#10;b", "https://a\u00a0", "\u202ehttps://a"):
        with pytest.raises(Invalid, match="no usable entityID"):
            read(named(unusable))


def test_it_says_that_only_transient_names_are_on_offer():
    transient = f"<md:NameIDFormat>{NAMEID_TRANSIENT}</md:NameIDFormat>"
    lasting = "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    lasting += "</md:NameIDFormat>"
    assert "transient" in read(with_descriptor(transient)).problems[0]
    assert read(with_descriptor(transient + lasting)).problems == ()
    assert read(with_descriptor("")).problems == ()


def test_published_metadata_may_have_comments_and_a_byte_order_mark():
    text = "\ufeff<?xml version='1.0'?><!-- published -->" + OKTA.metadata()
    assert read(text.encode()).entity_id == OKTA.entity_id


@pytest.mark.parametrize("before", ["\n", "\r\n \n", "\ufeff\n", "\n\ufeff"])
def test_published_metadata_may_begin_with_blanks(before):
    text = f"{before}<?xml version='1.0' encoding='UTF-8'?>\n{OKTA.metadata()}\n\n"
    assert read(text.encode()).entity_id == OKTA.entity_id


def test_published_metadata_may_have_cdata():
    packed = key_pair("okta").certificate_base64
    text = OKTA.metadata().replace(packed, f"<![CDATA[{packed[:90]}]]>{packed[90:]}")
    assert read(text.encode()).certificates == (packed,)
    for hidden in ("<!DOCTYPE a>", "<![CDATA[", "<!-- <![CDATA[ -->]]><!DOCTYPE a>", "<?php ?>"):
        with pytest.raises(Invalid) as refused:
            read((hidden + OKTA.metadata()).encode())
        # what it may have is not blamed
        assert "comment or" not in str(refused.value)


def test_metadata_is_as_large_as_the_limit_and_no_larger():
    text = OKTA.metadata().encode()
    assert parse_root(text.ljust(SIZE_LIMIT)) is not None
    with pytest.raises(Rejected, match="larger than 5 MB"):
        parse_root(text.ljust(SIZE_LIMIT + 1))


def test_a_certificate_is_reported_before_it_ends():
    packed = key_pair("okta").certificate_base64
    ends_at = load_certificate(packed).not_valid_after_utc
    assert find_problems([packed], None, ends_at - EXPIRES_SOON - SECOND) == []
    assert "in 30 days" in find_problems([packed], None, ends_at - EXPIRES_SOON)[0]
    assert "in 0 days" in find_problems([packed], None, ends_at - SECOND)[0]
    assert " expired on " in find_problems([packed], None, ends_at)[0]


def test_metadata_is_reported_before_it_ends():
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert find_problems([], now + METADATA_EXPIRES_SOON + SECOND, now) == []
    assert "refresh it" in find_problems([], now + METADATA_EXPIRES_SOON, now)[0]
    assert "refresh it" in find_problems([], now + SECOND, now)[0]


def test_all_problems_are_reported_together():
    now = datetime.now(UTC)
    packed = [
        key_pair("okta").certificate_base64,
        key_pair("short", bits=1024).certificate_base64,
        "AAAA",
    ]
    problems = find_problems(packed, now, now)
    assert [problem.split(" ")[-1] for problem in problems] == ["short", "read", "refreshed"]


def test_a_key_on_an_elliptic_curve_is_as_good():
    now = datetime.now(UTC)
    assert find_problems([key_pair("curve", curve=True).certificate_base64], None, now) == []
