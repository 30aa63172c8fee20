"""What is read as a one-time code, and what the code of a moment is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.totp.codes import STEP, code_at, normalize_code

SEED = b"12345678901234567890"
"""The seed of the test vectors in RFC 6238, appendix B."""


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("１２３４５６", "123456"),
        ("123\u00a0456", "123456"),
        ("123\u200b456", "123456"),
        ("000000", "000000"),
        ("12345", ""),
        ("1234567", ""),
        ("abcdef", ""),
        ("+123456", ""),
        ("12345.6", ""),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", "123456"),
        ("\u202a123\u2011456\u202c", "123456"),
        ("123\u2212456\u200f", "123456"),
        ("123456\x00", ""),
        ("", ""),
    ],
)
def test_it_reads_codes_as_people_type_them(typed, read):
    assert normalize_code(typed) == read


@given(st.text(max_size=40))
def test_it_reads_any_text_as_six_digits_or_as_nothing(text):
    code = normalize_code(text)
    assert code == "" or (len(code) == 6 and code.isascii() and code.isdigit())


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_it_reads_what_it_has_read_once_more_as_the_same(code):
    assert normalize_code(code) == code


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_it_computes_the_codes_of_rfc_6238(at, code):
    assert code_at(SEED, at // STEP) == code


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**40))
def test_it_writes_every_code_with_six_digits(seed, step):
    assert normalize_code(code_at(seed, step)) == code_at(seed, step)
