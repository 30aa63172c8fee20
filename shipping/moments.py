"""Times of events, some of which are none: whoever writes into the table may write anything."""

from datetime import UTC, datetime

YEARS = range(1970, 9000)
"""Years in which a time can be added to and taken from."""


def moment_of(text: object) -> datetime | None:
    """Return a time (ISO 8601) in UTC, None for what is none; one without a zone is of UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None
