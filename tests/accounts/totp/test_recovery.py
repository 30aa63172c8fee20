"""Recovery codes: how they look, and what is stored of them."""

import hashlib
import hmac
import re

import pytest

from accounts.totp.recovery import COUNT, hash_code, new_codes

SEED = b"12345678901234567890"
CODE = "ABCD-EFGH-IJKL-MN23"


def test_it_makes_ten_codes_of_eighty_bits():
    codes = new_codes()
    assert len(set(codes)) == COUNT == 10
    for code in codes:
        assert re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code)


def test_it_makes_other_codes_each_time():
    assert not set(new_codes()) & set(new_codes())


def test_it_stores_an_hmac_under_the_seed():
    expected = hmac.new(SEED, b"recovery:ABCDEFGHIJKLMN23", hashlib.sha256).hexdigest()
    assert hash_code(SEED, CODE) == expected


@pytest.mark.parametrize(
    "typed",
    ["abcd-efgh-ijkl-mn23", "ABCDEFGHIJKLMN23", " ABCD EFGH IJKL MN23 ", "abcd\tefghijkl--mn23\n"],
)
def test_it_knows_a_code_in_any_case_and_grouping(typed):
    assert hash_code(SEED, typed) == hash_code(SEED, CODE)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ABCD-EFGH-IJKL-MN24",
        "ABCD-EFGH-IJKL-MN2",
        "ABCD-EFGH-IJKL-MN233",
        "BACD-EFGH-IJKL-MN23",
    ],
)
def test_it_takes_nothing_for_a_code_that_is_not(typed):
    assert hash_code(SEED, typed) != hash_code(SEED, CODE)


def test_it_stores_something_else_for_each_seed():
    assert hash_code(SEED, CODE) != hash_code(SEED[::-1], CODE)


def test_it_stores_nothing_of_the_code_itself():
    assert "abcd" not in hash_code(SEED, CODE).lower()
