"""The admin of people: local accounts, who has signed in, identity providers, audit log."""

from accounts.admin.audit_log import AuditLogAdmin
from accounts.admin.identity_providers import SamlIdpAdmin
from accounts.admin.local_accounts import LocalAccountAdmin
from accounts.admin.new_admin_notice import new_admin_notice
from accounts.admin.overview import new_admins_card, providers_card
from accounts.admin.people import PersonAdmin

__all__ = [
    "AuditLogAdmin",
    "LocalAccountAdmin",
    "PersonAdmin",
    "SamlIdpAdmin",
    "new_admin_notice",
    "new_admins_card",
    "providers_card",
]
