"""New administrators, named on every page until each administrator has acknowledged them."""

from typing import Any

from django.http import HttpRequest

from accounts import administrators
from core import admin


def new_admin_notice(request: HttpRequest) -> dict[str, Any] | None:
    """Return what this administrator has not acknowledged yet."""
    user: Any = request.user
    if not getattr(user, "is_admin", False):
        return None

    events = administrators.unacknowledged_new_admins(user.stored_person)
    if not events:
        return None
    return {"lines": administrators.notice_lines(events)}


admin.site.notice = new_admin_notice
