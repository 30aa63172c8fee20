"""Grants at the same moment do not wait for each other: none checks an item that all share.

DynamoDB takes its time here, so that calls that can meet do.
"""

from collections import Counter
from functools import partial

import pytest

from brokers.grants import limits
from core.errors import Refused
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.many_people import (
    post_at_once,
    signed_in_browsers,
    signed_in_people,
    windows,
)
from tests.support.patience import patient
from tests.support.races import all_at_once
from tests.support.saml_stage import signed_in_person

__all__ = ["patient"]  # a fixture
pytestmark = pytest.mark.usefixtures("patient")

PATH = "/targets/dev-read/credentials/"
FORM = {"duration": "900"}


def test_thirty_two_people_become_a_target_at_once(store):
    browsers = signed_in_people(32, ["developers"])
    with windows(store):
        responses = post_at_once(browsers, PATH, FORM)

    assert Counter(response.status_code for response in responses) == {200: 32}
    assert not store.conflicts


def test_the_wall_is_back_when_each_intent_checks_what_all_share(store, monkeypatch):
    real = limits.count_attempt

    def count_attempt(writes, *arguments):
        real(writes, *arguments)
        is_there = Installation.stopped.exists()
        writes.check(Installation, STOP_SWITCH_ITEM, condition=is_there, refusal=Refused("gone"))

    monkeypatch.setattr(limits, "count_attempt", count_attempt)
    browsers = signed_in_people(16, ["developers"])
    with windows(store):
        post_at_once(browsers, PATH, FORM)
    assert store.conflicts["TransactWriteItems", Installation.Meta.table_name] > len(browsers)


def test_a_person_becomes_targets_at_once_while_she_signs_in_elsewhere(store):
    browsers = signed_in_browsers("alice", 16)

    def sign_in_elsewhere() -> list[object]:
        return signed_in_browsers("alice", 4)

    with windows(store):
        grants = [partial(browser.post, PATH, FORM) for browser in browsers]
        *responses, elsewhere = all_at_once([*grants, sign_in_elsewhere])

    assert Counter(response.status_code for response in responses) == {200: 16}
    assert all(signed_in_person(browser) == "local:alice" for browser in elsewhere)
