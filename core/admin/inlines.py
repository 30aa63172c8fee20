"""Rows of documents inline in the form of their parent."""

from typing import Any, ClassVar

from django.contrib.admin.options import InlineModelAdmin
from django.forms.formsets import formset_factory
from django.http import HttpRequest

from core.admin.inline_forms import RowForm, RowsFormSet
from core.admin.meta import adapt_document
from core.admin.queryset import Rows
from core.dynamo import Document

DjangoInline: Any = InlineModelAdmin
"""Django's own class; its types know models alone."""


class TabularInline(DjangoInline):  # type: ignore[misc]
    """Rows of documents whose hash key is the parent's key, in the parent's form."""

    model: type[Document]
    template = "admin/edit_inline/tabular.html"
    form = RowForm
    formset = RowsFormSet
    extra = 1
    key_field: ClassVar[str]
    """The field with the rows' range key."""

    def __init__(self, parent_model: Any, admin_site: Any) -> None:
        """Dress the rows' class as the site dresses registered ones."""
        adapt_document(self.model)
        super().__init__(parent_model, admin_site)

    def rows_under(self, request: HttpRequest, obj: Document) -> list[Document]:
        """Return the rows of a stored document, as they are now."""
        return list(self.model.under(obj.key[0]))

    def get_queryset(self, request: HttpRequest) -> Rows:
        """Return nothing: `rows_under` knows."""
        return Rows(self.model, [])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields that the row's form declares."""
        return self.fields or list(self.form.base_fields)

    def get_formset(self, request: Any, obj: Any = None, **named: Any) -> Any:
        """Return a formset class of the rows."""
        maker: Any = type(self.form)
        form = maker(f"{self.model.__name__}RowForm", (self.form,), {"document_class": self.model})
        made: Any = formset_factory(
            form, formset=self.formset, extra=self.extra, can_delete=True, max_num=1000
        )
        made.document_class, made.key_field = self.model, self.key_field
        return made
