"""Moments in AWS's answers: whatever form they have, botocore's own parser says the same."""

import pytest
from botocore.utils import parse_timestamp

from core import aws
from core.aws.moments import parse_moment


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:30:00Z",
        "2026-03-02T09:30:00.123Z",
        "2026-03-02T09:30:00+02:00",
        "2026-03-02T09:30:00",
        "Mon, 02 Mar 2026 09:30:00 GMT",
        "1772443800",
        1772443800,
        1772443800.5,
    ],
)
def test_it_reads_what_botocore_reads(value):
    moment = parse_moment(value)
    assert (moment, moment.utcoffset()) == (
        parse_timestamp(value),
        parse_timestamp(value).utcoffset(),
    )


@pytest.mark.parametrize("value", ["", "soon", "2026-13-02T09:30:00Z", "2026-03-02T25:00:00Z"])
def test_it_refuses_what_names_no_moment(value):
    with pytest.raises(ValueError, match="Invalid timestamp"):
        parse_moment(value)


def test_the_clients_read_with_it(store, monkeypatch):
    values = []
    monkeypatch.setattr("core.aws.credentials.parse_moment", values.append)
    aws.forget_clients()
    try:
        aws.call(aws.client("sts").get_session_token, DurationSeconds=900)
    finally:
        aws.forget_clients()
    assert values
