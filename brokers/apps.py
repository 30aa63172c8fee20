"""Tells Django of this app."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.apps import AppConfig

from accounts import entitlement_hooks
from accounts.identity import Group, Identity
from core.error_pages import ask_for_contact


class BrokersConfig(AppConfig):
    """The app's name for Django."""

    name = "brokers"
    verbose_name = "AWS access"

    def ready(self) -> None:
        """Let `accounts` ask what groups lead to, without importing this app."""
        from accounts.checks import register_stored  # noqa: PLC0415 - models load after this module
        from accounts.first_read import also_read  # noqa: PLC0415 - see above
        from brokers import (  # noqa: PLC0415 - see above
            audit_scopes,
            catalogue,
            checks,
            entitlements,
        )
        from brokers.contacts import default_contact  # noqa: PLC0415 - see above
        from brokers.request_keys import request_keys  # noqa: PLC0415 - see above
        from core.admin.audit_scopes import ScopeSource, register  # noqa: PLC0415 - see above

        def groups_in_use(groups: Iterable[Group]) -> frozenset[Group]:
            by_group = catalogue.current().by_group
            return frozenset(group for group in groups if str(group) in by_group)

        def target_names(identity: Identity) -> list[str]:
            associations = catalogue.current().associations_for(identity.groups)
            by_target = entitlements.entitlements_of(identity, associations, datetime.now(UTC))
            return sorted(by_target)

        source = entitlement_hooks.EntitlementSource(groups_in_use, target_names)
        entitlement_hooks.register(source)
        register_stored(checks.check_associations)
        also_read(request_keys)
        ask_for_contact(default_contact)
        register(ScopeSource(audit_scopes.scopes_called, audit_scopes.deleted_targets))
