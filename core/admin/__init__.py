"""Django's admin for documents in DynamoDB: `from core import admin`, then as with Django's own.

@admin.register(Target)
class TargetAdmin(admin.ModelAdmin): ...
"""

from django.contrib.admin import ShowFacets, action, display

from core.admin.document_table import Newest
from core.admin.filters import ValuesFilter
from core.admin.forms import DocumentForm, LineField, LinesField, MomentField, TextField
from core.admin.inline_forms import InlineForm, InlineFormSet
from core.admin.inlines import TabularInline
from core.admin.meta import adapt_row, danger
from core.admin.operations import AdminOperation, AdminRequest, FormChanges, OperationKind
from core.admin.options import ModelAdmin
from core.admin.queryset import DocumentQuerySet
from core.admin.sites import AdminSite, register, site

__all__ = [
    "AdminOperation",
    "AdminRequest",
    "AdminSite",
    "DocumentForm",
    "DocumentQuerySet",
    "FormChanges",
    "InlineForm",
    "InlineFormSet",
    "LineField",
    "LinesField",
    "ModelAdmin",
    "MomentField",
    "Newest",
    "OperationKind",
    "ShowFacets",
    "TabularInline",
    "TextField",
    "ValuesFilter",
    "action",
    "adapt_row",
    "danger",
    "display",
    "register",
    "site",
]
