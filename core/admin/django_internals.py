"""Names that Django keeps to itself and that cooper uses, because nothing public does the same.

A test fails when Django loses one of them.
"""

from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet


class PrivateName(NamedTuple):
    """One name, whose it is, and what for."""

    owner: Any
    name: str
    reason: str


PRIVATE_NAMES = (
    PrivateName(
        ContentType.objects,
        "_cache",
        "the change form asks for a content type, and there is no table to ask",
    ),
    PrivateName(
        QuerySet,
        "_clone",
        "ChangeList calls it for the list that shows all; DocumentQuerySet has it too",
    ),
)

DATABASE = "default"
"""The database alias under which content types are remembered."""


def remember_content_type(app_label: str, model: str) -> None:
    """Let Django's ContentType manager answer from its memory, never from a table."""
    manager: Any = ContentType.objects
    remembered: dict[Any, ContentType] = manager._cache.setdefault(DATABASE, {})

    # each is remembered twice: by label and model, and by id
    number = len(remembered) // 2 + 1
    content_type = ContentType(id=number, app_label=app_label, model=model)
    remembered[app_label, model] = content_type
    remembered[number] = content_type
