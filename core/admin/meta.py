"""`DocumentOptions`: what Django's admin wants to know of a model, told of a document."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)

from core.dynamo import Document


class _Key:
    """The primary key, as the admin names it."""

    name = attname = "pk"
    editable = True
    remote_field = None

    def to_python(self, value: Any) -> Any:
        """Return the key as it is written."""
        return value


def _field_of(name: str, attribute: Attribute[Any]) -> models.Field[Any, Any]:
    """Return an unbound Django field that shows, labels and sorts like the attribute."""
    label = name.replace("_", " ")
    kinds: list[tuple[type[Attribute[Any]], Any]] = [
        (BooleanAttribute, models.BooleanField),
        (UTCDateTimeAttribute, models.DateTimeField),
        (JSONAttribute, models.JSONField),
        (VersionAttribute, models.IntegerField),
        (NumberAttribute, models.IntegerField),
    ]
    kind = next((field for known, field in kinds if isinstance(attribute, known)), models.CharField)
    found = kind(verbose_name=label, blank=bool(attribute.null), null=bool(attribute.null))
    found.set_attributes_from_name(name)
    return found


class DocumentOptions:
    """A document's `_meta`: names, key and fields; everything about tables, relations and managers says no."""

    abstract = swapped = proxy = auto_created = is_composite_pk = False
    fields = all_parents = ordering = many_to_many = private_fields = ()
    unique_together = total_unique_constraints = ()
    auto_field = None
    managed = False
    default_permissions = ("add", "change", "delete", "view")

    def __init__(self, model: type[Document]) -> None:
        """Read names from the class: `verbose_name` and `verbose_name_plural`."""
        self.model = self.concrete_model = model
        self.object_name = model.__name__
        self.model_name = model.__name__.lower()
        self.verbose_name = getattr(model, "verbose_name", model.__name__.lower())
        self.verbose_name_plural = getattr(model, "verbose_name_plural", self.verbose_name + "s")
        self.pk = _Key()

    @cached_property
    def app_config(self) -> AppConfig:
        """Return the app that the document lives in."""
        found = apps.get_containing_app_config(self.model.__module__)
        if found is None:
            raise LookupError(f"{self.model.__module__} is in no app")
        return found

    @property
    def app_label(self) -> str:
        """Return the app's label."""
        return str(self.app_config.label)

    @property
    def label(self) -> str:
        """Return `app.Model`."""
        return f"{self.app_label}.{self.object_name}"

    @property
    def label_lower(self) -> str:
        """Return `app.model`."""
        return f"{self.app_label}.{self.model_name}"

    @property
    def verbose_name_raw(self) -> str:
        """Return the name, untranslated."""
        return str(self.verbose_name)

    def get_field(self, name: str) -> models.Field[Any, Any]:
        """Return an attribute as an unbound Django field; raise FieldDoesNotExist."""
        attribute = self.model.get_attributes().get(name)
        if attribute is None:
            raise FieldDoesNotExist(f"{self.object_name} has no attribute {name}")
        return _field_of(name, attribute)

    def get_fields(
        self, include_parents: bool = True, include_hidden: bool = False
    ) -> list[models.Field[Any, Any]]:
        """Return all attributes as unbound Django fields."""
        return [self.get_field(name) for name in self.model.get_attributes()]

    def get_ordered_fields(self) -> list[models.Field[Any, Any]]:
        """Return all attributes as unbound Django fields."""
        return self.get_fields()


def adapt_document(model: type[Document]) -> None:
    """Give a document what Django's admin asks of a model: `_meta`, and a content type that needs no table."""
    if "_meta" in vars(model):
        return
    model._meta = DocumentOptions(model)  # type: ignore[attr-defined]
    model.serializable_value = _serializable_value  # type: ignore[attr-defined]
    # the change form names a content type; the cache answers, so that no table is asked
    manager: Any = ContentType.objects
    held = manager._cache.setdefault("default", {})
    number = len(held) // 2 + 1
    known = ContentType(id=number, app_label=model._meta.app_label, model=model._meta.model_name)  # type: ignore[attr-defined]
    held[(known.app_label, known.model)] = held[number] = known


def _serializable_value(self: Document, name: str) -> Any:
    """Return an attribute, or the key, for the admin."""
    return getattr(self, name)
