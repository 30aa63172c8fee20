"""Django's admin for documents in DynamoDB: `from cooper_project import admin`, then as with Django's own.

@admin.register(Target)
class TargetAdmin(admin.ModelAdmin): ...
"""

from django.contrib.admin import ShowFacets, action, display

from cooper_project.admin.deeds import Deed, Outcome
from cooper_project.admin.filters import ValuesFilter
from cooper_project.admin.forms import DocumentForm, LinesField, MomentField
from cooper_project.admin.inlines import TabularInline
from cooper_project.admin.options import ModelAdmin
from cooper_project.admin.row_forms import RowsFormSet
from cooper_project.admin.rows import Rows
from cooper_project.admin.sites import AdminSite, register, site

__all__ = [
    "AdminSite",
    "Deed",
    "DocumentForm",
    "LinesField",
    "ModelAdmin",
    "MomentField",
    "Outcome",
    "Rows",
    "RowsFormSet",
    "ShowFacets",
    "TabularInline",
    "ValuesFilter",
    "action",
    "display",
    "register",
    "site",
]
