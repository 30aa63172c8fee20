"""Who is asking, as a provider vouched for it. Pure: no Django, no AWS."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

PROVIDER_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")
GROUP_LIMIT = 512
"""Characters of a group's name at most."""


class Group(NamedTuple):
    """A group is (provider, name), written `okta:prod-admins`; the same name at another provider is another group."""

    provider: str
    name: str

    def __str__(self) -> str:
        """Write it as on all pages."""
        return f"{self.provider}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Read `provider:name`; a bare name means `local:`. Raise ValueError, saying why, when it is neither."""
        start, colon, rest = text.strip().partition(":")
        provider, name = (start, rest) if colon else ("local", start)
        if not PROVIDER_ID.fullmatch(provider):
            raise ValueError(
                f"{provider!r} is not a provider: small letters, digits and '-', as in okta:prod-admins"
            )
        if not name or name != name.strip() or len(name) > GROUP_LIMIT or not name.isprintable():
            raise ValueError(
                f"a group's name has 1 to {GROUP_LIMIT} printable characters, as in okta:prod-admins"
            )
        return cls(provider, name)


def parse_groups(texts: Iterable[str]) -> frozenset[Group]:
    """Return the groups that texts name; raise ValueError on the first that names none."""
    return frozenset(Group.parse(text) for text in texts)


@dataclass(frozen=True)
class Identity:
    """A person as they ask now: (provider, subject), their groups, and when they proved who they are."""

    provider: str
    subject: str
    name: str = ""
    groups: frozenset[Group] = field(default_factory=frozenset)
    authenticated_at: datetime | None = None
    epoch: int = 0

    @property
    def person(self) -> str:
        """Return the person's key, `provider:subject`."""
        return f"{self.provider}:{self.subject}"

    def is_admin(self, admin_groups: Collection[Group]) -> bool:
        """Return whether any of the groups makes an administrator."""
        return not self.groups.isdisjoint(admin_groups)

    def is_auditor(self, auditor_groups: Collection[Group]) -> bool:
        """Return whether any of the groups makes an auditor."""
        return not self.groups.isdisjoint(auditor_groups)

    def __str__(self) -> str:
        """Name the person for people."""
        return self.name or self.subject
