"""The form in which a file and the current state are compared."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from brokers.import_export.snapshot import (
    DEFAULTS,
    KEY_ATTRIBUTES,
    SECTIONS,
    Contents,
    CurrentState,
    format_end,
    parse_end,
)
from brokers.models import Target
from brokers.readiness import NOT_PROBED


def test_every_setting_is_an_attribute_of_targets():
    assert {*DEFAULTS, *NOT_PROBED, "state"} <= set(Target.get_attributes())
    assert set(KEY_ATTRIBUTES) <= set(DEFAULTS)


def test_no_attribute_of_targets_is_forgotten():
    """What a target has and an export lacks would be lost by a move, so this list stays short."""
    elsewhere = {"name", "version", "sort"}
    assert set(Target.get_attributes()) - {*DEFAULTS, *NOT_PROBED, "state"} <= elsewhere


def test_contents_are_empty_and_have_all_sections_at_first():
    assert Contents().sections == frozenset(SECTIONS)
    assert not Contents().accounts
    assert not Contents().targets
    assert not Contents().associations
    assert CurrentState().deleted == frozenset()


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (None, None),
        (datetime(2030, 1, 2, 3, 4, tzinfo=UTC), "2030-01-02T03:04:00Z"),
        (datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), "2030-01-02T03:04:05.678000Z"),
        (datetime(2030, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2030-01-02T01:00:00Z"),
    ],
)
def test_an_end_is_written_in_utc_and_read_again(until, text):
    assert format_end(until) == text
    assert parse_end(text) == until
