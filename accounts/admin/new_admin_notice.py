"""New administrators, told on every page of the management plane until each administrator says that they saw it."""

from typing import Any

from django.http import HttpRequest

from accounts import administrators
from core import admin


def new_admin_notice(request: HttpRequest) -> dict[str, Any] | None:
    """Return what this administrator was not told yet, and the place up to which that goes."""
    if not getattr(request.user, "is_admin", False):
        return None
    found = administrators.unacknowledged_new_admins(request.user.stored_person)  # type: ignore[union-attr]
    return {"lines": administrators.notice_lines(found), "until": found[-1].at} if found else None


admin.site.notice = new_admin_notice
