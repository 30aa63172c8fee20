"""What looks the same is read as the same, however it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.typed_text import base32_of, contains_words, digits_of, number_of, plain, search_words

ROLE = "arn:aws:iam::444444444444:role/team/Deploy"
MARKS = "\u200e\u200f\u202a\u202c\u2066\u2069\u061c\u200b\u2060\ufeff\u00ad"
BLANKS = " \t\u00a0\u2007\u2009\u202f\u3000"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d"
ZEROS = "0\u0660\u06f0\u0966\u09e6\u0e50\uff10\U0001d7ce"
"""The zeros of eight scripts; the other nine digits follow each."""


@given(st.text("0123456789", min_size=1, max_size=12), st.data())
def test_digits_are_digits_in_any_script_with_marks_blanks_and_dashes(digits, data):
    typed = ""
    for digit in digits:
        zero = data.draw(st.sampled_from(ZEROS))
        typed += chr(ord(zero) + int(digit)) + data.draw(st.text(MARKS + BLANKS + DASHES))
    assert digits_of(typed) == digits


@pytest.mark.parametrize("text", ["12a", "+12", "1.2", "12\x00", "1,2", "\u4e00\u4e8c", "-", ""])
def test_nothing_else_is_a_code(text):
    assert digits_of(text) == ""


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("\u200f\u0663\u0666\u0660\u0660", 3600),
        ("3\u202f600", 3600),
        ("\u2212900", -900),
        ("-900", -900),
    ],
)
def test_a_number_keeps_its_sign(typed, number):
    assert int(number_of(typed)) == number


def test_a_code_in_letters_is_read_in_any_width_and_case():
    assert base32_of("\u202a\uff41bcd\u20132345 wxyz\u202c") == "ABCD2345WXYZ"


@pytest.mark.parametrize(
    "query",
    [
        "4444-4444-4444",
        "4444\u20114444\u20134444",
        "\u202a444444444444\u202c",
        "\u0664" * 12,
        ROLE,
        f"\u200b{ROLE}\u00a0",
        "ROLE/team deploy",
    ],
)
def test_a_search_finds_an_account_and_a_role_as_they_are_pasted(query):
    assert contains_words(ROLE, search_words(query))


@pytest.mark.parametrize("query", ["4444-4444-4445", "44-44", "role/teams"])
def test_a_search_finds_nothing_else(query):
    assert not contains_words(ROLE, search_words(query))


def test_a_search_finds_letters_in_either_form():
    assert contains_words("Jose\u0301", search_words("JOSÉ"))
    assert contains_words("José", search_words("jose\u0301"))


@given(st.text(max_size=30))
def test_plain_text_is_plain(text):
    assert plain(plain(text)) == plain(text)
