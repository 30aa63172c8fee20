"""What is stored of people and makes no sense: system checks that read DynamoDB.

`manage.py check --database default` runs them, and so does set-up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from accounts import local_accounts, person_names
from accounts.identity import Group
from accounts.models import LocalAccount
from accounts.providers import provider_ids
from core.checks import GROUP_SETTINGS

STORED = "cooper-stored"
"""The tag of the checks that look into DynamoDB."""

Check = Callable[[], Iterator[CheckMessage]]


def register_all() -> None:
    """Register the checks; called once, when Django is ready."""
    for check in (check_names, check_group_settings, check_local_groups):
        register_stored(check)


def register_stored(check: Check) -> None:
    """Let Django run a check of what is stored, where it is told to look into the database."""

    def run(
        app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
    ) -> list[CheckMessage]:
        if not databases:
            return []
        return list(check())

    run.__name__ = check.__name__
    register(STORED)(run)


def check_names() -> Iterator[CheckMessage]:
    """Warn of people whose names differ in case or Unicode form alone."""
    for look_alikes in person_names.look_alikes():
        yield CheckWarning(
            f"These names differ in case or form alone: {', '.join(look_alikes)}.",
            hint="If they are one person, disable all but one: cooper -user disable PERSON",
            id="cooper.W003",
        )


def check_group_settings() -> Iterator[CheckMessage]:
    """Warn of groups in the settings whose provider is not connected."""
    ids = provider_ids()
    for name in GROUP_SETTINGS:
        for text in getattr(settings, name):
            provider_id = Group.from_stored(text).provider
            if provider_id not in ids:
                yield CheckWarning(
                    f"{name} names {text}, and there is no provider {provider_id}: "
                    "nobody is in that group.",
                    hint="Correct it, or connect the provider: cooper -saml add",
                    id="cooper.W004",
                )


def check_local_groups() -> Iterator[CheckMessage]:
    """Warn of local groups that look like another provider's: an older cooper took them."""
    for account in LocalAccount.everything():
        for group in local_accounts.shown_groups(account):
            if ":" in group:
                yield CheckWarning(
                    f"The local account {account.username} is in {group}: a local group, "
                    "though it looks like another provider's.",
                    hint=f"Give it other groups: cooper -user groups {account.username} GROUPS",
                    id="cooper.W005",
                )
