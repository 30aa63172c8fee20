"""Patterns of reasons: what they match, what they refuse, and that nothing makes them slow."""

import random
import re

import pytest

from brokers.reason_patterns import ALLOWED, LONGEST_REASON, PatternError, parse

MATCHES = [
    (r"OPS-\d{1,6}", "OPS-1"),
    (r"OPS-\d{1,6}", "OPS-123456"),
    (r"[A-Z]{2,5}-\d{1,6}", "INC-42"),
    (r"[A-Za-z0-9_]{8}", "aB3_aB3_"),
    (r"v\d\.\d", "v1.2"),
    (r"a\+b", "a+b"),
    (r"CHG\d{7}x?", "CHG1234567"),
    (r"x{0,3}y", "y"),
    ("ticket [0-9]{1,4}", "ticket 7"),
    (r"[a-c-]{3}", "a-c"),
    (r"a{64}", "a" * 64),
    (r"[A-Z\d.]{3}", "A.1"),
]

DIFFERENT = [
    (r"OPS-\d{1,6}", ""),
    (r"OPS-\d{1,6}", "OPS-"),
    (r"OPS-\d{1,6}", "OPS-1234567"),
    (r"OPS-\d{1,6}", "xOPS-1"),
    (r"OPS-\d{1,6}", "OPS-1\n"),
    (r"OPS-\d{1,6}", "ops-1"),
    (r"OPS-\d{1,6}", "OPS-\u0661"),
    (r"[A-Z]{3}", "ABÇ"),
    (r"a{1,64}", "a" * 65),
]

REFUSED = [
    ("", "at least one character"),
    ("a?", "at least one character"),
    (r"\d{0,4}", "at least one character"),
    (".*", r"character 1: a dot is written \\\."),
    ("a*", "character 2: there are no endless repeats"),
    (r"\d+", "character 3: there are no endless repeats"),
    ("^a$", "character 1: a reason is matched as a whole"),
    ("a|b", "character 2: there are no alternatives"),
    ("(a)", "character 1: there are no groups"),
    ("#1", "character 1: AWS takes only"),
    ("é", "character 1: AWS takes only"),
    ("a,b", "character 2: AWS takes only"),
    ("a\nb", "character 2: AWS takes only"),
    ("[A-Z", "character 1: this class has no end"),
    ("x[]", "character 2: this class is empty"),
    ("[^a]", "character 2: a class names what may come"),
    ("[Z-A]", "character 4: a range goes up"),
    ("[A-z]", "character 4: a range goes up"),
    ("[a-\\d]", "character 4: a range goes up"),
    ("a]", "character 2: no class begins"),
    ("{3}", "character 1: there is nothing before this"),
    ("a{1,2}{3}", "character 7: there is nothing before this"),
    ("a{", "character 2: this repeat has no end"),
    ("a{,3}", "character 2: a repeat is written"),
    ("a{3,}", "character 2: a repeat is written"),
    ("a{-1}", "character 2: a repeat is written"),
    ("a{\u0663}", "character 2: a repeat is written"),
    ("a{3,1}", "character 2: a repeat goes from 0"),
    ("a{0}", "character 2: a repeat goes from 0"),
    ("a{99}", "character 2: a repeat goes from 0"),
    ("a{1,64}b", "character 8: up to here a reason may have more than 64"),
    ("a\\", "a backslash stands before"),
    (r"\w", "character 2: a backslash stands before"),
    ("a" * 201, "at most 200 characters"),
]


@pytest.mark.parametrize(("pattern", "reason"), MATCHES)
def test_a_reason_that_is_demanded_matches(pattern, reason):
    assert parse(pattern).matches(reason)


@pytest.mark.parametrize(("pattern", "reason"), DIFFERENT)
def test_another_reason_does_not_match(pattern, reason):
    assert not parse(pattern).matches(reason)


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_a_pattern_that_cannot_be_read_says_where_and_why(pattern, message):
    with pytest.raises(PatternError, match=message):
        parse(pattern)


def random_pattern(source: random.Random) -> str:
    atoms = ["a", "b", "[ab]", r"\d", "1", "[a-c1]"]
    repeats = ["", "", "?", "{2}", "{0,3}", "{1,2}"]
    return "".join(source.choice(atoms) + source.choice(repeats) for _ in range(6)) + "a"


@pytest.mark.parametrize("seed", range(150))
def test_it_says_what_a_regular_expression_says(seed):
    source = random.Random(seed)  # noqa: S311 - any numbers will do
    text = random_pattern(source)
    pattern = parse(text)
    expression = re.compile(text)
    for _ in range(20):
        reason = "".join(source.choices("ab1c", k=source.randint(0, 10)))
        assert pattern.matches(reason) == bool(expression.fullmatch(reason)), (text, reason)


def test_the_work_is_bounded_for_the_worst_pattern():
    """Of optional characters, each doubles the work of a regular expression."""
    looked_at = 0

    class Counting(str):
        __slots__ = ()

        def __eq__(self, other):
            nonlocal looked_at
            looked_at += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    pattern = parse("a?" * 63 + "a")
    units = pattern.units
    counted = [
        type(unit)(frozenset(map(Counting, unit.characters)), unit.is_optional) for unit in units
    ]
    assert not type(pattern)(pattern.text, tuple(counted)).matches("a" * 63 + "b")
    assert 0 < looked_at <= LONGEST_REASON**2


def test_what_matches_is_what_a_session_tag_may_have():
    for character in map(chr, range(0x250)):
        if character not in ALLOWED:
            assert not parse("[A-Za-z0-9_ :/=@.+-]").matches(character)
