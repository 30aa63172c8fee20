"""Forms of the admin that were sent after their web session had ended, and are shown once more.

They are shown as they were typed, and nothing else is done with them: the request is read as the
POST that it was, but without any button and any secret. A form is refused before it is saved
(`FormBroughtBack`); an action ends at the page that asks.
"""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from core.admin.operations import AdminRequest

ACTION_FIELDS = frozenset({"action", "select_across", "told", ACTION_CHECKBOX_NAME})
"""What an action's pages send beside the fields of its form: which action, on which documents."""

ROW_FIELDS = frozenset({"DELETE", "TOTAL_FORMS", "INITIAL_FORMS"})
"""What the rows under a document send beside their fields."""


def is_kept_field(name: str, form_classes: Iterable[type[forms.Form]]) -> bool:
    """Return whether any of the forms declares the field, and does not call it secret."""
    if name in ACTION_FIELDS or name == "version":
        return True
    for form_class in form_classes:
        secret_fields = getattr(form_class, "secret_fields", ())
        if name in form_class.base_fields and name not in secret_fields:
            return True
    return False


def is_row_field(name: str, inlines: Iterable[Any]) -> bool:
    """Return whether the field is of a row under a document, or counts such rows."""
    for inline in inlines:
        prefix = f"{inline.model.__name__.lower()}s-"
        row_field = re.fullmatch(rf"{prefix}(?:[0-9]+-)?([A-Za-z_]+)", name)
        if row_field and row_field[1] in ROW_FIELDS.union(inline.form.base_fields):
            return True
    return False


def typed_before(request: AdminRequest) -> dict[str, Any]:
    """Return what was sent too late to this page, by field; forget it once it is sent again."""
    page = request.get_full_path()
    if request.method == "POST":
        request.kept_forms.forget(page)
        return {}

    typed = request.kept_forms.form_of(page)
    request.is_brought_back = bool(typed)
    return dict(typed.items())


def read_as_typed(request: AdminRequest) -> bool:
    """Turn a GET of a page whose form was sent too late into what was typed then."""
    # Django reads files and fields together, and would read none of either once it is a POST
    has_files = bool(request.FILES)
    if has_files or not typed_before(request):
        return False

    request.POST = request.kept_forms.form_of(request.get_full_path())  # type: ignore[assignment]
    request.method = "POST"
    return True
