"""Who administers and who audits: by groups that the settings name."""

from django.conf import settings

from accounts.identity import Group, groups_from


def admin_groups() -> frozenset[Group]:
    """Return the groups whose members administer (COOPER_ADMIN_GROUPS)."""
    return groups_from(settings.COOPER_ADMIN_GROUPS)


def auditor_groups() -> frozenset[Group]:
    """Return the groups whose members read the record (COOPER_AUDITOR_GROUPS)."""
    return groups_from(settings.COOPER_AUDITOR_GROUPS)
