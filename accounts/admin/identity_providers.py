"""The SAML identity providers in the admin: which there are, and what is wrong with each."""

from typing import Any

from django.http import HttpRequest

from accounts.models import SamlIdp
from accounts.providers.saml.idp_registry import find_problems
from core import admin


@admin.register(SamlIdp)
class SamlIdpAdmin(admin.ModelAdmin):
    """Shows the connected identity providers; `cooper -saml` on the host changes them."""

    menu_rank = 50
    list_display = ("name", "label", "entity_id", "groups_from", "refreshed_at", "problems")
    readonly_fields = (
        "name",
        "label",
        "entity_id",
        "sso",
        "slo",
        "groups_from",
        "valid_until",
        "refreshed_at",
        "problems",
    )
    search_fields = ("name", "label", "entity_id")
    ordering = ("name",)
    actions = None

    def documents(self, request: HttpRequest) -> list[Any]:
        return [idp for idp in SamlIdp.everything() if not idp.removed]

    # -- the host alone connects, changes and removes them: the server may not
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # -- what is shown
    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields

    @admin.display(description="Groups from")
    def groups_from(self, idp: SamlIdp) -> str:
        """Return the attributes that hold groups."""
        return ", ".join(idp.group_attributes)

    @admin.display(description="Problems")
    def problems(self, idp: SamlIdp) -> str:
        """Return what is wrong, or will be within 30 days."""
        return "; ".join(find_problems(idp)) or "none"
