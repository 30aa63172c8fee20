"""Why web sessions end before somebody signs out, and how the sign-in page says it. Pure."""

from enum import StrEnum


class EndReason(StrEnum):
    """What ended a web session; the value is what is stored."""

    ADMINISTRATOR = "administrator"
    PERSON = "person"
    DEVICE = "device"
    PASSWORD = "password"  # noqa: S105 - a reason's name
    IDLE = "idle"
    LONGEST = "longest"
    RESTORE = "restore"

    @property
    def is_by_time(self) -> bool:
        """Whether nobody ended it: it went by the clock."""
        return self in (EndReason.IDLE, EndReason.LONGEST)


def parse_reason(stored: object) -> EndReason | None:
    """Return the reason that was stored; None for none, and for one that is not known here."""
    try:
        return EndReason(str(stored))
    except ValueError:
        return None
