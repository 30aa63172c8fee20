"""Roles in cooper itself, administrator and auditor, and the groups that give them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from accounts.administrators import admin_groups, auditor_groups
from accounts.identity import Group


class Role(StrEnum):
    """What a group of the settings makes of its members; the value is the word on pages."""

    ADMINISTRATOR = "Administrator"
    AUDITOR = "Auditor"


MEANINGS = {
    Role.ADMINISTRATOR: "administers cooper",
    Role.AUDITOR: "reads the audit log",
}
"""What somebody with the role does, after their name or their group's."""


@dataclass(frozen=True)
class RoleThrough:
    """A role, and those of somebody's groups that give it, by name."""

    role: Role
    groups: tuple[Group, ...]

    @property
    def meaning(self) -> str:
        return MEANINGS[self.role]


def groups_of_role(role: Role) -> frozenset[Group]:
    """Return the groups whose members have the role, as the settings say."""
    if role == Role.ADMINISTRATOR:
        return admin_groups()
    return auditor_groups()


def local_groups_with_role() -> Iterator[tuple[str, str]]:
    """Yield the names of local groups that give a role, each with what its members do."""
    for role in Role:
        for group in sorted(groups_of_role(role)):
            if group.provider == "local":
                yield group.name, MEANINGS[role]


def roles_through(groups: Iterable[Group]) -> list[RoleThrough]:
    """Return the roles that these groups give, each with the groups that do."""
    own_groups = frozenset(groups)
    roles = []
    for role in Role:
        giving = own_groups & groups_of_role(role)
        if giving:
            roles.append(RoleThrough(role, tuple(sorted(giving))))
    return roles
