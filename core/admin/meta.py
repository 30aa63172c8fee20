"""`DocumentOptions`: what Django's admin wants to know of a model, answered for a document."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import format_html
from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)

from core.admin.django_internals import remember_content_type
from core.dynamo import Document

FIELD_CLASSES: tuple[tuple[type[Attribute[Any]], type[models.Field[Any, Any]]], ...] = (
    (BooleanAttribute, models.BooleanField),
    (UTCDateTimeAttribute, models.DateTimeField),
    (JSONAttribute, models.JSONField),
    (VersionAttribute, models.IntegerField),
    (NumberAttribute, models.IntegerField),
)
"""The first that an attribute is an instance of says its field; text is the rest."""


class _PrimaryKeyField:
    """The primary key, as the admin names it."""

    name = attname = "pk"
    editable = True
    remote_field = None

    def to_python(self, value: Any) -> Any:
        return value


def danger(word: str) -> str:
    """Return the word for a state that stops people, or asks more of them, as it is shown."""
    return format_html('<strong class="state danger">{}</strong>', word)


def dangers_of(document: Document) -> list[str]:
    """Return the words for all that is danger about a document, as they are shown."""
    shown = []
    for name, (word, _) in document.danger_words.items():
        if getattr(document, name):
            shown.append(danger(word))
    return shown


def _field_for(
    name: str, attribute: Attribute[Any], words: tuple[str, str] | None
) -> models.Field[Any, Any]:
    """Return an unbound Django field that shows, labels and sorts like the attribute.

    With `words`, True is danger: Django's own tick would say that all is well.
    """
    choices = None
    if words:
        choices = ((True, danger(words[0])), (False, words[1]))
    field_class: type[models.Field[Any, Any]] = models.CharField
    for attribute_class, candidate in FIELD_CLASSES:
        if isinstance(attribute, attribute_class):
            field_class = candidate
            break

    is_optional = bool(attribute.null)
    field = field_class(
        verbose_name=name.replace("_", " "),
        blank=is_optional,
        null=is_optional,
        choices=choices,
    )
    field.set_attributes_from_name(name)
    return field


class DocumentOptions:
    """A document's `_meta`: names, key and fields; nothing about tables, relations and managers."""

    # what Django's admin and its templates read of every model
    abstract = swapped = proxy = auto_created = is_composite_pk = False
    fields = all_parents = ordering = many_to_many = private_fields = ()
    unique_together = total_unique_constraints = ()
    auto_field = None
    managed = False
    default_permissions = ("add", "change", "delete", "view")

    def __init__(self, model: type[Document]) -> None:
        self.model = self.concrete_model = model
        self.object_name = model.__name__
        self.model_name = model.__name__.lower()
        self.verbose_name = getattr(model, "verbose_name", self.model_name)
        self.verbose_name_plural = getattr(model, "verbose_name_plural", self.verbose_name + "s")
        self.pk = _PrimaryKeyField()

    @cached_property
    def app_config(self) -> AppConfig:
        """Return the app that the document's module is in; LookupError where it is in none."""
        app_config = apps.get_containing_app_config(self.model.__module__)
        if app_config is None:
            raise LookupError(f"{self.model.__module__} is in no app")
        return app_config

    @property
    def app_label(self) -> str:
        return str(self.app_config.label)

    @property
    def label(self) -> str:
        return f"{self.app_label}.{self.object_name}"

    @property
    def label_lower(self) -> str:
        return f"{self.app_label}.{self.model_name}"

    @property
    def verbose_name_raw(self) -> str:
        return str(self.verbose_name)

    def get_field(self, name: str) -> models.Field[Any, Any]:
        """Return an attribute as an unbound Django field; raise FieldDoesNotExist."""
        # a list asks for each of its columns in each of its rows
        if name not in self._fields:
            raise FieldDoesNotExist(f"{self.object_name} has no attribute {name}")
        return self._fields[name]

    @cached_property
    def _fields(self) -> dict[str, models.Field[Any, Any]]:
        return {
            name: _field_for(name, attribute, self.model.danger_words.get(name))
            for name, attribute in self.model.get_attributes().items()
        }

    def get_fields(
        self, include_parents: bool = True, include_hidden: bool = False
    ) -> list[models.Field[Any, Any]]:
        return list(self._fields.values())

    def get_ordered_fields(self) -> list[models.Field[Any, Any]]:
        return self.get_fields()


def adapt_document(model: type[Document]) -> None:
    """Give a document class what Django's admin asks of a model."""
    if "_meta" in vars(model):
        return

    options = DocumentOptions(model)
    model._meta = options  # type: ignore[attr-defined]
    model.serializable_value = _serializable_value  # type: ignore[attr-defined]
    remember_content_type(options.app_label, options.model_name)


def adapt_row(row_class: type, model: type[Document]) -> None:
    """Let what a cache keeps of a document be listed in the admin as the document would be.

    It needs the document's attributes as far as lists and filters show them, `key` and `pk`.
    """
    adapt_document(model)
    row_class._meta = model._meta  # type: ignore[attr-defined]
    row_class.serializable_value = _serializable_value  # type: ignore[attr-defined]


def _serializable_value(self: Document, name: str) -> Any:
    return getattr(self, name)
