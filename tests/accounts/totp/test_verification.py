"""How long wrong codes make people wait, and what they are told."""

import pytest

from accounts.totp.verification import (
    FAILURES_BEFORE_WAIT,
    LONGEST_WAIT,
    TOO_MANY,
    WRONG_CODE,
    WrongCode,
    wait_after,
)

UNTIL_THEN = "until then even a correct code is refused."


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (1, 0), (2, 0), (3, 30), (4, 60), (5, 120), (6, 240), (7, 480), (8, 900), (9, 900)],
)
def test_it_doubles_the_wait_with_each_wrong_code(failures, seconds):
    assert wait_after(failures) == seconds


def test_it_waits_longer_and_longer_but_never_for_ever():
    waits = [wait_after(failures) for failures in range(2000)]
    assert waits == sorted(waits)
    assert waits[FAILURES_BEFORE_WAIT - 1] == 0 < waits[FAILURES_BEFORE_WAIT]
    assert waits[-1] == LONGEST_WAIT == 15 * 60


@pytest.mark.parametrize(
    ("failures", "wait", "backing_off", "message"),
    [
        (0, 0, False, WRONG_CODE),
        (1, 0, False, f"{WRONG_CODE} Wrong codes in a row: 1."),
        (
            3,
            30,
            False,
            f"{WRONG_CODE} Wrong codes in a row: 3. Try again in 30 seconds; {UNTIL_THEN}",
        ),
        (
            4,
            12,
            True,
            f"Too many wrong codes. Wrong codes in a row: 4. Try again in 12 seconds; {UNTIL_THEN}",
        ),
    ],
)
def test_it_says_how_often_and_how_long(failures, wait, backing_off, message):
    error = WrongCode(
        "for the log", failures, wait, message=TOO_MANY if backing_off else WRONG_CODE
    )
    assert error.message == message and error.detail == "for the log"
    assert error.wait == wait and error.field == "code"


def test_it_says_the_same_of_every_wrong_code():
    details = ["no device", "wrong code", "used code", "wrong recovery code"]
    assert len({WrongCode(detail).message for detail in details}) == 1
