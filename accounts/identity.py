"""Who is asking: a person and their groups, as a provider vouches for them.

Pure: no Django, no AWS.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from core.groups import split_group


class Group(NamedTuple):
    """A group of a provider, written `okta:prod-admins`.

    The same name at another provider is another group.
    """

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Read `provider:name`; a bare name means `local:`. Raise ValueError, saying why."""
        return cls(*split_group(text))


def parse_groups(texts: Iterable[str]) -> frozenset[Group]:
    """Read groups as `Group.parse` does; raise ValueError on the first that is not one."""
    return frozenset(Group.parse(text) for text in texts)


@dataclass(frozen=True)
class Identity:
    """A person as they ask now: (provider, subject), their groups, when they last authenticated.

    `epoch` is the person's: what was begun in an older one does not count any more.
    """

    provider: str
    subject: str
    name: str = ""
    groups: frozenset[Group] = field(default_factory=frozenset)
    authenticated_at: datetime | None = None
    epoch: int = 0

    @property
    def person(self) -> str:
        """The person's key in the tables, `provider:subject`."""
        return f"{self.provider}:{self.subject}"

    def is_admin(self, admin_groups: Collection[Group]) -> bool:
        return not self.groups.isdisjoint(admin_groups)

    def is_auditor(self, auditor_groups: Collection[Group]) -> bool:
        return not self.groups.isdisjoint(auditor_groups)

    def __str__(self) -> str:
        return self.name or self.subject
