"""A test begins with time to spare: no half minute ends soon after."""

import time

import pytest

from tests.support import clock


@pytest.mark.parametrize(("second", "on"), [(0, 0), (19.5, 0), (20, 10), (29.99, 0.01), (50, 10)])
def test_now_is_not_about_to_end(second, on):
    minute = 1_800_000_000
    with clock.travelling(minute + second, stand_still=True):
        assert clock.undisturbed_now() == pytest.approx(minute + second + on)


def test_a_test_begins_so(store):
    assert time.time() % clock.HALF_MINUTE < clock.HALF_MINUTE - clock.UNDISTURBED + 1
