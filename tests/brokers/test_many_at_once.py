"""Very many targets at once: what a minute gives, and an AWS that takes its time."""

import time

import pytest

from brokers import catalogue
from brokers.models import Association, Target
from core.audit import Event
from tests.support import clock
from tests.support.events import all_events

PATH = "/credentials/"
NAMES = [f"many-{number:02}" for number in range(61)]
MINUTE = 60
A_TRANSACTION = 20
"""Targets that are made in one transaction."""


@pytest.fixture
def alice(client_of):
    """Let Alice become 61 targets, at the beginning of a minute."""
    like = Target.find("dev-read")
    assert like is not None
    for start in range(0, len(NAMES), A_TRANSACTION):
        make_targets(like, NAMES[start : start + A_TRANSACTION])

    browser = client_of("alice")
    next_minute = (int(time.time()) // MINUTE + 1) * MINUTE
    with clock.travelling(next_minute, stand_still=True):
        yield browser


def make_targets(like, names):
    attributes = {key: value for key, value in like.attribute_values.items() if key != "version"}

    def build(writes):
        for name in names:
            writes.create(Target(**{**attributes, "name": name}))
            writes.create(Association(name, "local:developers"))

    catalogue.edit(build, *names)


def take(browser, targets):
    answer = browser.post(PATH, {"target": targets, "duration": "900"})
    return b"".join(answer.streaming_content).decode()


def granted():
    return [event.target for event in all_events() if event.event == Event.GRANT_DONE]


def test_a_minute_gives_forty_then_twenty_and_refuses_the_next_in_words(alice, settings):
    assert settings.COOPER_PROFILES_PER_MINUTE == 60
    assert ">40 granted<" in take(alice, NAMES[:40])

    page = take(alice, NAMES[40:])
    assert ">20 granted, 1 not<" in page
    assert "<code>many-60</code> Too many requests. Try again in 60 seconds." in page
    assert sorted(granted()) == NAMES[:60]

    clock.shift(MINUTE)
    assert ">1 granted<" in take(alice, NAMES[60:])
