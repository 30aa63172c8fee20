"""Counters of tries: what counts together, and for how long."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import throttle
from accounts.models import Attempt
from core.errors import Unavailable
from tests.support import clock

pytestmark = pytest.mark.usefixtures("_whole_minute")


@pytest.fixture
def _whole_minute(store):
    """Stop the clock at the beginning of a minute; tests move it on."""
    with clock.travelling(int(time.time()) // 60 * 60.0, stand_still=True):
        yield


# -- counting
def test_it_counts_up():
    assert [throttle.count("x", 60) for _ in range(3)] == [1, 2, 3]


def test_it_counts_each_thing_and_each_window_for_itself():
    throttle.count("x", 60)
    assert throttle.count("y", 60) == 1
    assert throttle.count("x", 900) == 1
    assert throttle.count("x", 60) == 2


@pytest.mark.parametrize(("seconds", "tries"), [(0, 2), (59.9, 2), (60, 1), (61, 1), (3600, 1)])
def test_it_begins_anew_with_the_next_window(seconds, tries):
    throttle.count("x", 60)
    clock.shift(seconds)
    assert throttle.count("x", 60) == tries


@pytest.mark.parametrize(("second", "left"), [(0, 60), (1, 59), (59.9, 1), (60, 60)])
def test_it_says_how_long_a_window_lasts_still(second, left):
    clock.shift(second)
    assert throttle.seconds_left(60) == left


def test_it_takes_a_try_back():
    throttle.count("x", 60)
    throttle.count("x", 60)
    assert throttle.count("x", 60, by=-1) == 1


def test_it_forgets_the_tries_of_one_thing():
    throttle.count("x", 60)
    throttle.count("y", 60)
    throttle.reset("x", 60)
    assert throttle.count("x", 60) == 1
    assert throttle.count("y", 60) == 2


def test_it_forgets_what_was_never_tried():
    throttle.reset("x", 60)
    assert Attempt.everything() == []


def test_it_gives_each_of_many_at_once_a_number_of_its_own():
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: throttle.count("x", 60), range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_it_takes_an_answer_without_a_counter_for_an_outage(monkeypatch):
    monkeypatch.setattr(Attempt, "update_item", lambda *args, **kwargs: {})
    with pytest.raises(Unavailable, match="how often"):
        throttle.count("x", 60)


# -- remembering
def test_it_remembers_for_a_while():
    assert not throttle.is_remembered("x")
    throttle.remember("x", 60)
    assert throttle.is_remembered("x") and not throttle.is_remembered("y")


def test_it_does_not_wait_for_dynamodb_to_forget():
    throttle.remember("x", 60)
    clock.shift(61)
    assert len(Attempt.everything()) == 1 and not throttle.is_remembered("x")


def test_it_takes_no_counter_for_a_memory():
    throttle.count("x", 60)
    assert not throttle.is_remembered("x")


# -- sources
@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("localhost", "unknown"),
        ("192.0.2.1:80", "unknown"),
    ],
)
def test_it_counts_an_ipv6_network_as_one_source(address, source):
    assert throttle.source_of(address) == source
