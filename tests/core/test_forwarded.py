"""The client's address and scheme, as proxies write them: in every form, and forged."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.forwarded import is_https, nearest_untrusted, parse_address

PROXIES = ["10.0.0.0/8", "2001:db8:aaaa::/48", "nonsense"]
PEER = "10.0.0.1"
PERSON = "203.0.113.7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PERSON, PERSON),
        (f" {PERSON} ", PERSON),
        (f"{PERSON}:49152", PERSON),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:49152", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        (f"::ffff:{PERSON}", PERSON),
        (f"for={PERSON}", PERSON),
        (f'For="{PERSON}:49152";proto=https', PERSON),
        ('proto=https; for="[2001:db8::7]:49152"', "2001:db8::7"),
        ("unknown", None),
        ("for=unknown", None),
        ("for=_hidden", None),
        ("cooper.example.com", None),
        ("203.0.113.256", None),
        ("203.0.113.7 evil", None),
        ("[", None),
        ("", None),
        ("\x00", None),
        ("٢٠٣.٠.١١٣.٧", None),
    ],
)
def test_it_reads_an_address_in_every_form(text: str, expected: str | None) -> None:
    address = parse_address(text)
    assert (str(address) if address else None) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        (PEER, "", PEER),
        (PEER, PERSON, PERSON),
        (PEER, f"{PERSON}:49152", PERSON),
        # a strict peer is not asked
        ("198.51.100.1", PERSON, "198.51.100.1"),
        # the nearest that is not ours counts, whatever the client wrote before it
        (PEER, f"1.1.1.1, {PERSON}", PERSON),
        (PEER, f"1.1.1.1, {PERSON}, 10.0.0.2", PERSON),
        (PEER, f"1.1.1.1, {PERSON}, [2001:db8:aaaa::2]:80, 10.0.0.2:81", PERSON),
        (f"::ffff:{PEER}", PERSON, PERSON),
        # empty parts are none
        (PEER, f"{PERSON},", PERSON),
        (PEER, f"{PERSON}, ,", PERSON),
        (PEER, f",{PERSON}", PERSON),
        (PEER, ",", PEER),
        # what is no address ends the way; what is left of it may be forged
        (PEER, "unknown", PEER),
        (PEER, f"{PERSON}, unknown", PEER),
        (PEER, f"{PERSON}, unknown, 10.0.0.2", "10.0.0.2"),
        (PEER, f"{PERSON}, evil\x1b[2J", PEER),
        # everybody is ours: the farthest
        (PEER, "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", PERSON, ""),
        ("unix:", PERSON, ""),
    ],
)
def test_it_finds_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded_for: str, expected: str
) -> None:
    assert nearest_untrusted(peer, forwarded_for, PROXIES) == expected


@given(st.text(max_size=80))
def test_whatever_is_sent_it_is_an_address(text: str) -> None:
    address = nearest_untrusted(PEER, text, PROXIES)
    assert str(parse_address(address)) == address


@given(st.text(max_size=80))
def test_nothing_that_a_client_writes_before_it_changes_its_address(text: str) -> None:
    assert nearest_untrusted(PEER, f"{text}, {PERSON}", PROXIES) == PERSON


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("https", True),
        ("HTTPS", True),
        (" Https ", True),
        ("https,http", True),
        ("https, http", True),
        (",https", True),
        ('"https"', True),
        ("http,https", False),
        ("http", False),
        ("httpsx", False),
        ("", False),
        (",", False),
    ],
)
def test_it_reads_what_the_browser_spoke(header: str, expected: bool) -> None:
    assert is_https(header) is expected


@pytest.mark.parametrize("header", ["https", "HTTPS", "https,http", "https, http", "https,"])
def test_it_never_redirects_an_https_browser_to_https(
    client_of: Callable[..., Client], settings: Any, header: str
) -> None:
    settings.COOPER_PUBLIC_URL = "https://testserver"
    settings.SECURE_SSL_REDIRECT = True
    settings.COOPER_TRUSTED_PROXIES = ["127.0.0.1"]
    answer = client_of(None).get("/login/", headers={"x-forwarded-proto": header})
    assert answer.status_code == 200
