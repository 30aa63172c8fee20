"""The rows of a list as HTML: Django's own, but worked out by column, once for all rows of a page.

Django looks each column up in each row anew, which costs more than all else of a large page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.utils import display_for_field, display_for_value, label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

CHECKBOX = "action_checkbox"
"""Django's name of the column in which documents are chosen."""

EMPTY = "-"
"""What a column shows where there is nothing to show."""

Show = Callable[[Any], Any]
"""Returns what a column shows of a document."""


def rows_of(changelist: Any) -> list[SafeString]:
    """Return the cells of each row, as `django.contrib.admin.templatetags.admin_list` makes them.

    Columns that can be edited within the list, and lists in a popup, are not known here.
    """
    cells = []
    heads_row = True
    for name in changelist.list_display:
        is_link = name in (changelist.list_display_links or ())
        cells.append(_cell(changelist, name, is_link=is_link, heads_row=is_link and heads_row))
        heads_row = heads_row and not is_link

    rows = []
    for document in changelist.result_list:
        row = "".join(cell(document) for cell in cells)
        rows.append(mark_safe(row))  # noqa: S308 - each cell has escaped what is in it
    return rows


def _cell(
    changelist: Any, name: str, *, is_link: bool, heads_row: bool
) -> Callable[[Any], SafeString]:
    """Return what makes a column's cell for a document."""
    show = _show(changelist, name)
    tag = "th" if heads_row else "td"
    # on a narrow screen, where a row is a card, each cell says of what it is
    label = format_html('data-label="{}" ', _label(changelist, name)) if name != CHECKBOX else ""
    start = f'<{tag} {label}class="{_classes(changelist, name)}">'
    # what says nothing there takes no line
    start_of_empty = start.replace(" class=", " data-empty class=", 1)
    end = f"</{tag}>"

    def cell(document: Any) -> SafeString:
        shown = show(document)
        if is_link:
            url = changelist.url_for_result(document)
            shown = format_html('<a href="{}">{}</a>', url, shown)
        escaped = conditional_escape(shown)
        begin = start_of_empty if escaped in ("", EMPTY) else start
        return mark_safe(begin + escaped + end)  # noqa: S308 - the tag is made of names of the code

    return cell


def _label(changelist: Any, name: str) -> str:
    label: Any = label_for_field(name, changelist.model, changelist.model_admin)
    return str(capfirst(label))


def _classes(changelist: Any, name: str) -> str:
    if name == CHECKBOX:
        return "action-checkbox"
    is_moment = isinstance(_field(changelist, name), (models.DateField, models.TimeField))
    return f"field-{name} nowrap" if is_moment else f"field-{name}"


def _field(changelist: Any, name: str) -> models.Field[Any, Any] | None:
    try:
        field: models.Field[Any, Any] = changelist.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        return None
    return field


def _show(changelist: Any, name: str) -> Show:
    """Return what shows a column: an attribute, or what a method of the ModelAdmin says."""
    empty = changelist.model_admin.get_empty_value_display()
    field = _field(changelist, name)
    if field:
        return lambda document: display_for_field(_stripped(getattr(document, name)), field, empty)
    if name == "__str__":
        return str

    method = getattr(changelist.model_admin, name)
    own_empty = getattr(method, "empty_value_display", empty)
    is_boolean = getattr(method, "boolean", False)
    return lambda document: display_for_value(_stripped(method(document)), own_empty, is_boolean)


def _stripped(value: Any) -> Any:
    """Return "" for a text of blanks alone, and all else as it is."""
    return "" if isinstance(value, str) and not value.strip() else value
