"""Moments are shown in UTC, with the zone in sight, wherever Django shows one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.template import Context, Template
from django.utils import formats

from core.templatetags.moments import moment

IN_UTC = datetime(2031, 2, 3, 23, 5, 6, tzinfo=UTC)
ELSEWHERE = IN_UTC.astimezone(timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize("value", [IN_UTC, ELSEWHERE])
def test_a_moment_is_a_time_element_in_utc(value):
    assert moment(value) == '<time datetime="2031-02-03T23:05Z">2031-02-03 23:05 UTC</time>'
    assert ">2031-02-03 23:05:06 UTC<" in moment(value, "seconds")


def test_no_moment_is_no_text():
    assert moment(None) == ""


@pytest.mark.parametrize("value", [IN_UTC, ELSEWHERE])
@pytest.mark.parametrize("text", ["{{ value }}", "{{ value|date:'DATETIME_FORMAT' }}"])
def test_django_itself_writes_the_zone(value, text):
    """As in the admin's columns and in templates that forget the filter."""
    assert Template(text).render(Context({"value": value})) == "2031-02-03 23:05 UTC"


def test_a_column_of_the_admin_has_the_zone():
    assert formats.localize(IN_UTC) == "2031-02-03 23:05 UTC"
