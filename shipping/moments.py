"""Times of events, some of which are none: whoever writes into the table may write anything."""

from datetime import UTC, datetime


def moment_of(text: object) -> datetime | None:
    """Return a time (ISO 8601) in UTC, None for what is none; one without a zone is of UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
