"""A ModelAdmin of the one item of its kind: a page of its own instead of a list of one row."""

from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.admin.operations import AdminRequest
from core.admin.options import ModelAdmin
from core.dynamo import Document


class OnePageAdmin(ModelAdmin):
    """Manages one item, which set-up makes: nothing is added to it, and it is never deleted."""

    only_pk: ClassVar[str]
    """The item's `pk`; nothing else of its table is shown, such as secret keys."""

    actions = None
    change_form_template = "admin/one_page.html"

    def page_address(self) -> str:
        """Return the address of the page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[self.only_pk], current_app=self.admin_site.name)

    def changelist_view(self, request: AdminRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the page: the menu's address is that of a list."""
        return HttpResponseRedirect(self.page_address())

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Stay on the page, which says what was done."""
        return HttpResponseRedirect(self.page_address())

    def documents(self, request: HttpRequest) -> list[Any]:
        item = self.get_object(request, self.only_pk)
        return [item] if item else []

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Document | None:
        """Return the item as it is now; None for the name of any other."""
        if unquote(object_id) != self.only_pk:
            return None
        return super().get_object(request, self.only_pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
