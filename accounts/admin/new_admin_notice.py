"""New administrators, in one line on every page until each administrator acknowledged them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts import administrators, notices
from accounts.first_read import also_read, first_read_of
from accounts.models import OnceRecord
from core import admin
from core.dynamo import DocumentKey
from core.errors import CooperError


def acknowledged_key(request: HttpRequest, person: str) -> Iterator[DocumentKey]:
    """Yield the key of what the administrator has acknowledged, for pages of the admin."""
    if person and request.path_info.startswith(reverse("admin:index")):
        yield OnceRecord, notices.acknowledged_key(person)


def new_admin_notice(request: HttpRequest) -> dict[str, Any] | None:
    """Return what this administrator has not acknowledged yet, {} where nobody can tell."""
    user: Any = request.user
    if not getattr(user, "is_admin", False):
        return None

    find = partial(first_read_of(request).find, OnceRecord)
    try:
        events = administrators.unacknowledged_new_admins(user.stored_person, find)
    except CooperError:
        # the audit log may be away; what an administrator looks for then is on these pages
        return {}
    if not events:
        return None
    first, *others = administrators.notice_lines(events)
    return {"first": first, "more": len(others)}


admin.site.notice = new_admin_notice
also_read(acknowledged_key)
