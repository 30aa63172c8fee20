"""What groups entitle to, as the apps above say it.

`accounts` must not import `brokers` (imports go down), so `brokers` registers what it knows here.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.conf import settings

from accounts.identity import Group, Identity, parse_groups


class EntitlementSource(NamedTuple):
    """Two questions that an app which entitles people to something answers."""

    groups_in_use: Callable[[Iterable[Group]], frozenset[Group]]
    """Which of these groups any rule names."""

    target_names: Callable[[Identity], list[str]]
    """What this identity may become now."""


_sources: list[EntitlementSource] = []


def register(source: EntitlementSource) -> None:
    """Let an app be asked; called once for each, when Django is ready."""
    _sources.append(source)


def relevant_groups(groups: Iterable[Group]) -> frozenset[Group]:
    """Return those of the groups that a setting names, or that entitle to anything."""
    groups = frozenset(groups)
    relevant = groups & _groups_of_settings()
    for source in _sources:
        relevant |= source.groups_in_use(groups)
    return relevant


def _groups_of_settings() -> frozenset[Group]:
    texts = [
        *settings.COOPER_ADMIN_GROUPS,
        *settings.COOPER_AUDITOR_GROUPS,
        *settings.COOPER_DEVICE_CODE,
    ]
    return parse_groups(texts)


def target_names_of(identity: Identity) -> list[str]:
    """Return the names of the targets that the identity may become now."""
    names: list[str] = []
    for source in _sources:
        names.extend(source.target_names(identity))
    return names
