"""What groups are good for, as the doors tell it: people do not know doors, so the doors register here."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.conf import settings

from accounts.identity import Group, Identity, groups_from


class EntitlementSource(NamedTuple):
    """What the doors answer: which of some groups any rule names, and what an identity may become."""

    named: Callable[[Iterable[Group]], frozenset[Group]]
    entitled: Callable[[Identity], list[str]]


_doors: list[EntitlementSource] = []


def register(doors: EntitlementSource) -> None:
    """Let the doors be asked; called once, when Django is ready."""
    _doors[:] = [doors]


def that_matter(groups: Iterable[Group]) -> frozenset[Group]:
    """Return those of the groups that administer or audit, or that a door names."""
    held = frozenset(groups)
    power = groups_from([*settings.COOPER_ADMIN_GROUPS, *settings.COOPER_AUDITOR_GROUPS])
    return (held & power).union(*(each.named(held) for each in _doors))


def targets_of(identity: Identity) -> list[str]:
    """Return the names of what the identity may become now."""
    return [name for each in _doors for name in each.entitled(identity)]
