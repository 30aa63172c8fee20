"""How the clock of a device is learnt, and that no used code comes to count again by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.totp.codes import STEP, code_at
from accounts.totp.drift import LARGEST_OFFSET, CodeUse, read_code, read_two_codes

SEED = b"12345678901234567890"
"""The seed of the test vectors in RFC 6238, appendix B."""

NOW = 1_800_000_000.0
STEP_NOW = int(NOW // STEP)

OFFSETS = range(-LARGEST_OFFSET, LARGEST_OFFSET + 1)


def code_of(steps: int) -> str:
    return code_at(SEED, STEP_NOW + steps)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("steps", range(-5, 6))
def test_the_window_is_one_step_either_way_around_the_offset(offset: int, steps: int) -> None:
    use = read_code(SEED, code_of(steps), NOW, offset)
    assert (use is not None) == (abs(steps - offset) <= 1)


@pytest.mark.parametrize(
    ("offset", "steps", "then"),
    [
        (0, 0, 0),
        (0, 1, 1),
        (0, -1, -1),
        (1, 2, 2),
        (2, 3, 2),
        (-2, -3, -2),
        (-1, 0, 0),
        (2, 1, 1),
        (2, 2, 2),
    ],
)
def test_a_code_at_the_edge_moves_the_offset_by_one_step(
    offset: int, steps: int, then: int
) -> None:
    assert read_code(SEED, code_of(steps), NOW, offset) == CodeUse(STEP_NOW + steps, then)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4), st.booleans()), max_size=40))
def test_no_code_counts_twice_whatever_the_offset_becomes(
    uses: list[tuple[int, int, bool]],
) -> None:
    last_step = -1
    offset = 0
    now = NOW
    used: list[int] = []
    for pause, drift, are_two in uses:
        now += pause * STEP
        step = int(now // STEP) + drift
        if are_two:
            codes = code_at(SEED, step - 1), code_at(SEED, step)
            use = read_two_codes(SEED, *codes, now)
            steps = [step - 1, step]
        else:
            use = read_code(SEED, code_at(SEED, step), now, offset)
            steps = [step]

        # what the condition of DynamoDB's write compares
        if use and steps[0] > last_step:
            last_step = use.step
            offset = use.offset
            used += steps
            assert abs(use.offset) <= LARGEST_OFFSET
    assert used == sorted(set(used))


@pytest.mark.parametrize("drift", range(-2, 3))
def test_a_clock_that_drifts_slowly_is_followed(drift: int) -> None:
    offset = 0
    way = range(drift + 1) if drift >= 0 else range(0, drift - 1, -1)
    for position in way:
        use = read_code(SEED, code_of(position), NOW, offset)
        assert use
        offset = use.offset
    assert offset == drift


@pytest.mark.parametrize("slow", [True, False])
def test_slow_fingers_lock_no_right_clock_out(slow: bool) -> None:
    """A code typed in the step after its own counts, and so does the one of the next time."""
    offset = 0
    for _ in range(5):
        use = read_code(SEED, code_of(-1 if slow else 0), NOW, offset)
        assert use
        offset = use.offset
        use = read_code(SEED, code_of(0), NOW, offset)
        assert use
        offset = use.offset


@pytest.mark.parametrize("steps", range(-6, 7))
def test_two_codes_in_a_row_count_as_far_as_any_window_reaches(steps: int) -> None:
    use = read_two_codes(SEED, code_of(steps - 1), code_of(steps), NOW)
    if abs(steps) > LARGEST_OFFSET + 1:
        assert use is None
    else:
        limited = max(-LARGEST_OFFSET, min(LARGEST_OFFSET, steps))
        assert use == CodeUse(STEP_NOW + steps, limited)
        # the next code, too
        assert read_code(SEED, code_of(steps), NOW, use.offset)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (0, 2), (1, 0), (-1, 1)], ids=["same", "gap", "back", "around"]
)
def test_two_codes_that_are_not_in_a_row_do_not_count(first: int, second: int) -> None:
    assert read_two_codes(SEED, code_of(first), code_of(second), NOW) is None


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef"])
def test_nothing_else_counts(code: str) -> None:
    assert read_code(SEED, code, NOW, 0) is None
    assert read_two_codes(SEED, code, code, NOW) is None


@pytest.mark.parametrize("second", [0, 0.5, 29, 29.999])
def test_a_code_counts_at_any_moment_of_its_step(second: float) -> None:
    assert read_code(SEED, code_of(0), NOW + second, 0) == CodeUse(STEP_NOW, 0)


def test_a_code_counts_until_the_end_of_the_next_step() -> None:
    assert read_code(SEED, code_of(0), NOW + 2 * STEP - 0.001, 0) == CodeUse(STEP_NOW, -1)
    assert read_code(SEED, code_of(0), NOW + 2 * STEP, 0) is None


def test_no_code_of_another_seed_counts() -> None:
    assert read_code(SEED, code_at(SEED[::-1], STEP_NOW), NOW, 0) is None
