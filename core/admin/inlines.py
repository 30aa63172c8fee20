"""Rows of documents inline in the form of their parent."""

from typing import Any, ClassVar

from django.contrib.admin.options import InlineModelAdmin
from django.forms.formsets import formset_factory
from django.http import HttpRequest

from core.admin.inline_forms import InlineForm, InlineFormSet
from core.admin.meta import adapt_document
from core.admin.queryset import DocumentQuerySet
from core.dynamo import Document

DjangoInline: Any = InlineModelAdmin
"""Django's own class; its types know models alone."""


class TabularInline(DjangoInline):  # type: ignore[misc]
    """Rows of documents whose hash key is the parent's key, in the parent's form."""

    model: type[Document]
    template = "admin/edit_inline/tabular.html"
    form = InlineForm
    formset = InlineFormSet
    extra = 1
    key_field: ClassVar[str]
    """The field with the rows' range key."""

    def __init__(self, parent_model: Any, admin_site: Any) -> None:
        adapt_document(self.model)
        super().__init__(parent_model, admin_site)

    def rows_under(self, request: HttpRequest, obj: Document) -> list[Document]:
        """Return the rows of a stored document, as they are now."""
        return list(self.model.under(obj.key[0]))

    def get_queryset(self, request: HttpRequest) -> DocumentQuerySet:
        """Nothing: the rows depend on the parent, and come from `rows_under`."""
        return DocumentQuerySet(self.model, [])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or list(self.form.base_fields)

    def get_formset(self, request: Any, obj: Any = None, **named: Any) -> Any:
        """Make a formset class of the rows."""
        form_metaclass: Any = type(self.form)
        members = {"document_class": self.model}
        form = form_metaclass(f"{self.model.__name__}RowForm", (self.form,), members)

        formset: Any = formset_factory(
            form, formset=self.formset, extra=self.extra, can_delete=True, max_num=1000
        )
        formset.document_class = self.model
        formset.key_field = self.key_field
        return formset
