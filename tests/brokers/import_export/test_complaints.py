"""Complaints about a file: each with its place, in the order of the file, and never too many."""

import pytest

from brokers.import_export.complaints import (
    MOST_COMPLAINTS,
    Complaint,
    Complaints,
    printable,
    shortened,
)


def complaints_at(*places: tuple[int, int]) -> Complaints:
    """Return complaints at some lines and columns."""
    complaints = Complaints()
    for line, column in places:
        complaints.add(Complaint(line, column, ""), f"wrong {line}.{column}")
    return complaints


def test_there_is_nothing_wrong_at_first():
    assert not Complaints()
    assert Complaints().lines() == []
    assert Complaints().count() == 0


def test_a_complaint_says_its_place():
    complaints = complaints_at((3, 7))
    assert complaints
    assert complaints.lines() == ["line 3, column 7: wrong 3.7"]


def test_complaints_are_shown_in_the_order_of_the_file():
    complaints = complaints_at((3, 1), (1, 9), (1, 2))
    assert [(each.line, each.column) for each in complaints.in_order()] == [(1, 2), (1, 9), (3, 1)]


def test_those_beyond_the_most_are_counted():
    complaints = complaints_at(*[(number, 1) for number in range(MOST_COMPLAINTS)])
    assert complaints.is_full()
    assert len(complaints.lines()) == complaints.count() == MOST_COMPLAINTS

    complaints.add(Complaint(99, 1, ""), "wrong")
    complaints.add(Complaint(99, 2, ""), "wrong")
    assert complaints.count() == MOST_COMPLAINTS + 2
    assert complaints.lines()[MOST_COMPLAINTS:] == ["and 2 more"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("two\n lines\tand  blanks", "two lines and blanks"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("zero\u200bwidth \u202ebackwards", "zero\ufffdwidth \ufffdbackwards"),
        ("ümlaut ☃", "ümlaut ☃"),
    ],
)
def test_a_printable_text_controls_no_terminal(text, shown):
    assert printable(text) == shown


def test_a_complaint_controls_no_terminal():
    assert "\x1b" not in str(Complaint(1, 1, "\x1b[31m"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 77 + "..."),
        ("x" * 9_999, "x" * 77 + "..."),
        (12, "12"),
    ],
)
def test_a_long_text_is_shortened(text, shown):
    assert shortened(text) == shown
