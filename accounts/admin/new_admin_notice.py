"""New administrators, told on every page of the management plane until each administrator says that they saw it."""

from typing import Any

from django.http import HttpRequest

from accounts import administrators
from core import admin


def newcomers(request: HttpRequest) -> dict[str, Any] | None:
    """Return what this administrator was not told yet, and the place up to which that goes."""
    if not getattr(request.user, "is_admin", False):
        return None
    found = administrators.unseen(request.user.record)  # type: ignore[union-attr]
    return {"lines": administrators.told(found), "until": found[-1].at} if found else None


admin.site.notice = newcomers
