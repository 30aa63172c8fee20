"""Moments in AWS's answers, read in the form that AWS writes."""

from datetime import datetime
from typing import Any

from botocore.utils import parse_timestamp


def parse_moment(value: Any) -> datetime:
    """Return the moment that an answer names; raise ValueError for what names none.

    botocore tries many forms of time, which costs ten times as much as reading the one that STS
    uses (ISO 8601 with an offset). Anything else is botocore's to read.
    """
    if not isinstance(value, str):
        return parse_timestamp(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return parse_timestamp(value)

    if moment.tzinfo is None:
        return parse_timestamp(value)
    return moment
