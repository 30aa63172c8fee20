"""How moments are shown on pages: in UTC, with the zone in sight."""

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def moment(value: datetime | None, precision: str = "minutes") -> str:
    """Return a moment as a `time` element, to the minute or ("seconds") the second; "" for none.

    A script (`page.js`) puts the person's local time beside whatever is written like this.
    """
    if not value:
        return ""

    in_utc = value.astimezone(UTC).replace(tzinfo=None)
    machine_readable = in_utc.isoformat("T", timespec=precision)
    readable = in_utc.isoformat(" ", timespec=precision)
    return format_html('<time datetime="{}Z">{} UTC</time>', machine_readable, readable)
