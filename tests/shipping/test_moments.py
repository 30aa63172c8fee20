"""Times that somebody wrote into the table, of which not every one is a time."""

from datetime import UTC, datetime, timedelta

import pytest

from shipping.moments import YEARS, moment_of


@pytest.mark.parametrize(
    "text",
    ["2026-03-04T05:06:07+00:00", "2026-03-04T07:06:07+02:00", "2026-03-04T05:06:07"],
)
def test_it_reads_a_time_of_any_zone_in_utc(text: str) -> None:
    assert moment_of(text) == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        7,
        "yesterday",
        "2026-13-01",
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_time_or_far_from_any_is_none(text: object) -> None:
    assert moment_of(text) is None


@pytest.mark.parametrize("year", [min(YEARS), max(YEARS)])
def test_days_can_be_added_to_every_time_and_taken_from_it(year: int) -> None:
    moment = moment_of(f"{year}-01-01")
    assert moment is not None
    assert moment - timedelta(days=3650) < moment < moment + timedelta(days=3650)
